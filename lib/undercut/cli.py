"""The command line: thin, no logic. Heavy modules load inside the commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from undercut.errors import InputError


def main() -> None:
    """Run the command line; an expected failure prints its advice and exits with status 2."""
    from undercut.faults import told, visible

    try:
        app()
    except Exception as error:
        text = told(error)
        if text is None:
            raise
        click.echo(f"undercut: {visible(text)}", err=True)
        sys.exit(2)


class OnceCommand(click.Command):
    """A command that refuses an option given twice, of which the first would be lost without a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As every command does, after counting the options."""
        if any("\0" in arg for arg in args):
            raise InputError("An argument holds a null character; no name, number or file has one.")
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        given = [param for param in order if param.param_type_name == "option" and not param.multiple]
        for param in given:
            if given.count(param) > 1:
                raise InputError(f"{max(param.opts, key=len)} is given twice.")
        return super().parse_args(ctx, args)


class Commands(click.Group):
    """Commands in the order in which people meet them."""

    command_class = OnceCommand
    group_class = type

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """As they are written here."""
        return list(self.commands)


@click.group(cls=Commands)
def app() -> None:
    """What open AI models do to AI service prices, and to the companies that sell AI."""


@app.group("panel")
def panel_app() -> None:
    """The price panel: build, update, inspect."""


def _option(*names: str, **more: Any) -> Callable[..., Any]:
    """An option; what it is by default stands in its help."""
    return click.option(*names, show_default=more.get("default") not in (None, ""), **more)


_format = _option("--format", "output_format", help="table, json or csv.", default="table")


def _say(note: str) -> None:
    """A note beside the output, without what would move the cursor or colour the terminal."""
    from undercut.faults import visible

    if note:
        click.echo(visible(note), err=True)


@app.command()
@click.argument("folder", help="New folder of the project.")
def init(folder: str) -> None:
    """Make a project folder: notebooks, reports.toml and data, which undercut build builds."""
    from undercut.start import start_project

    click.echo(start_project(Path(folder)))


@app.command()
@click.argument("model", help="Model id, raw id or moving name, for example gpt-4o.")
@_option("--host", help="Only this seller.")
@_option("--as-of", help="What was known on this day (YYYY-MM-DD).")
@_option("--status", help="Statuses to keep, comma separated, or all.", default="all")
@_option("--workload", help="Mix of tokens behind the price column.", default="chat")
@_format
def prices(
    model: str, host: str | None, as_of: str | None, status: str, workload: str, output_format: str
) -> None:
    """Price history of a model across hosts, with statuses."""
    from undercut.panel.store import said_of
    from undercut.prices.load import MAIN_COLUMNS, price_history
    from undercut.printing import emit

    wanted = status if status == "all" else status.split(",")
    found = price_history(model, host=host, as_of=as_of, status=wanted, workload=workload)
    emit(
        found.to_frame(), output_format, title=f"{model}: US dollars per million tokens", columns=MAIN_COLUMNS
    )
    _say(said_of(as_of))


@app.command()
@_option("--since", help="Shown on this day or later (YYYY-MM-DD).")
@_option("--host", help="Only this seller.")
@_option("--model", help="Only this model.")
@_option("--verdict", help="real, correction, unknown, comma separated; or all.", default="all")
@_option("--as-of", help="What was known on this day (YYYY-MM-DD).")
@_format
def changes(as_of: str | None, output_format: str, **options: Any) -> None:
    """Changes of price, each with its verdict and evidence."""
    from undercut.panel.changes import MAIN_COLUMNS, select_changes
    from undercut.panel.store import said_of
    from undercut.printing import emit

    found = select_changes(as_of=as_of, **options)
    emit(found, output_format, title="Changes of price, US dollars per million tokens", columns=MAIN_COLUMNS)
    _say(said_of(as_of))


@app.command()
@_option("--out", help="File to write; explore.html here by default.")
@_option("--open/--no-open", "show", help="Open it in the browser.", default=True)
def explore(out: str | None, show: bool) -> None:
    """Write the explorer of prices as one page, and open it."""
    from undercut.studies.explorer.page import open_explorer

    click.echo(open_explorer(out, show=show))


@panel_app.command("build")
@_option("--cadence", help="Releases to read: weekly, daily or all.", default="all")
def panel_build(cadence: str) -> None:
    """Rebuild the panel from the package registry; the old one stays until the new one is whole."""
    from undercut.panel.maintain import rebuild
    from undercut.printing import progress

    with progress() as report:
        summary = rebuild(cadence=cadence, progress=report)
    click.echo(summary)


@panel_app.command("update")
@_option("--live", help="Also ask OpenRouter and models.dev now.", is_flag=True)
def panel_update(live: bool) -> None:
    """Read only what was published since the last build."""
    from undercut.panel.maintain import update
    from undercut.printing import progress

    with progress() as report:
        summary = update(live=live, progress=report)
    click.echo(summary)


@panel_app.command("export")
@click.argument("folder", help="Folder of the data package; made if needed.")
@_option("--format", "file_format", help="parquet or csv.", default="parquet")
def panel_export(folder: str, file_format: str) -> None:
    """Write panel, changes, withdrawals and models with a description that other programs read."""
    from undercut.panel.export import export

    click.echo(f"Wrote {export(Path(folder), file_format=file_format)} and the tables beside it.")


@panel_app.command("status")
@_format
def panel_status(output_format: str) -> None:
    """Spans, counts, coverage, statuses, freshness, and agreement between sources."""
    from undercut.panel.maintain import describe
    from undercut.printing import emit_many

    emit_many(describe(), output_format)


@app.command()
@click.argument("quotes", help="CSV or Parquet: period, product, price[, quantity].", required=False)
@_option("--method", help="Name of a method; without a file: all are listed.")
@_option("--chained", help="Chain period to period.", is_flag=True)
@_option("--window", help="Periods in a rolling window.", type=int)
@_option("--splice", help="How windows are joined.")
@_option("--variety", help="feenstra: correct for new and vanishing products.")
@_option("--elasticity", help="Elasticity of substitution, for feenstra.", type=float)
@_option("--weight-period", help="Period of the weights: lowe, young.")
@_option("--bad-rows", help="error or drop.", default="error")
@_option("--duplicates", help="error, unit-value or geometric-mean.", default="error")
@_format
def index(quotes: str | None, method: str | None, output_format: str, **options: Any) -> None:
    """A price index of anyone's quotes; base period 1."""
    from undercut.prices.index.command import index_table, method_table
    from undercut.printing import emit

    if method == "list" or (method is None and quotes is None):
        emit(method_table(), output_format, title="Methods")
        return
    if quotes is None or method is None:
        raise InputError(
            "Say undercut index QUOTES.csv --method NAME; undercut index alone lists the methods."
        )
    table = index_table(quotes, method=method, **options)
    emit(table, output_format)
    for note in table.attrs["notes"]:  # last, where it is seen: tables are long
        _say(note)


@app.command()
@click.argument("returns", help="CSV, Parquet or Excel of returns, long or wide.")
@_option("--events", help="Columns event, firm (blank: all), date, optional group.", required=True)
@_option("--market", help="Column of the market, or factors a,b,c.")
@_option("--model", help="market (the default), constant-mean, market-adjusted, factors, ...")
@_option("--estimation", help="FIRST:LAST, trading days before the event.", default="-250:-31")
@_option("--window", help="FIRST:LAST, trading days around the event.", default="-1:1")
@_option("--min-days", help="Fewest usable estimation days.", type=int)
@_option("--values", help="What the numbers are: auto, decimal, percent, bp or prices.", default="auto")
@_option("--factors", help="File of daily factors (French's or your own), with rf if it has one.")
@_option("--risk-free", help="Daily rate: a column of returns or factors, or a file.")
@_option("--calendar", help="Offsets count the days of the file, or sessions of the firm.", default="file")
@_format
def eventstudy(returns: str, output_format: str, **options: Any) -> None:
    """An event study of anyone's returns, with every test."""
    from undercut.eventstudy.command import eventstudy_command
    from undercut.printing import emit_result

    emit_result(eventstudy_command(returns, **options), output_format, notes="warnings")


@app.command()
@click.argument("ticker", help="Vendor, for example NVDA.")
@_option("--scenario", help="A file of data/scenarios, without .toml.")
@_option("--set", "settings", help="parameter=value, share_price=..., market_value=...", multiple=True)
@_option("--as-of", help="What was published by this day (YYYY-MM-DD).")
@_option("--format", "output_format", help="table or json.", default="table")
def value(
    ticker: str, scenario: str | None, settings: Sequence[str], as_of: str | None, output_format: str
) -> None:
    """What a vendor is worth under named assumptions, what its market value implies, and what matters."""
    from undercut.printing import emit_result
    from undercut.valuation.firm import value_command

    if output_format not in ("table", "json"):
        raise InputError(f"--format must be one of table, json; got {output_format!r}.")
    result = value_command(ticker, scenario_name=scenario, settings=settings, as_of=as_of)
    emit_result(result, output_format, notes="notes")


@app.command("list")
def list_reports() -> None:
    """Reports in reports.toml."""
    from undercut.report.commands import list_catalogue

    click.echo(list_catalogue())


@app.command()
def check() -> None:
    """Find every mistake in reports.toml and the notebooks it names, before anything runs."""
    from undercut.report.commands import check_catalogue

    problems = check_catalogue()
    click.echo(problems or "reports.toml: no mistakes found.")
    if problems:
        sys.exit(1)


@app.command()
@click.argument("names", help="Reports to build; all by default.", nargs=-1)
@_option("-p", "parameter", help="key=value, may be repeated.", multiple=True)
@_option("--grid", help="key=a,b,c: a page for each value, may be repeated.", multiple=True)
@_option(
    "--jobs", help="Notebooks at once; 0: as many as there are cores.", type=click.IntRange(min=0), default=0
)
@_option("--force", help="Also what is up to date.", is_flag=True)
@_option("--fail-fast/--keep-going", help="Stop at the first failure, or build the rest.", default=False)
@_option("--timeout", "timeout_seconds", help="Seconds, instead of each report's own limit.", type=float)
@_option("--due", help="Only what its schedule says is due.", is_flag=True)
@_option("--plain", help="Fresh processes instead of forked ones.", is_flag=True)
@_option("--cluster", help="Dask scheduler that runs the notebooks (tcp://host:8786), or local.", default="")
@_option("--why", help="Say what is out of date and why; build nothing.", is_flag=True)
@_option("--out", help="Folder or store (s3://...); reports/site by default.")
def build(
    names: Sequence[str],
    parameter: Sequence[str],
    grid: Sequence[str],
    why: bool,
    out: str | None,
    **options: Any,
) -> None:
    """Build the reports that are out of date: notebook -> papermill -> page, results.json, notebook."""
    from undercut.report.build import Options
    from undercut.report.commands import build_command, why_command

    chosen = Options(**options)
    if why:
        click.echo(why_command(names, parameter, out, grid=grid, options=chosen))
        return
    sys.exit(build_command(names, parameter, out, grid=grid, options=chosen, pages=_add_pages))


def _add_pages(site: Path) -> None:
    """Pages of the site that come from the analysis and not from a notebook."""
    from undercut.studies.explorer.kept import write_explorer

    write_explorer(site)


@app.command("compare")
@click.argument("name", help="Report, or a folder of the site such as variants/NAME/X.")
@click.argument("first", help="Build: 2026-11-23, previous, or a results.json.", required=False)
@click.argument("second", help="Build: the current one by default.", required=False)
@_option("--out", help="Folder of the site; reports/site by default.")
@_format
def compare_reports(
    name: str, first: str | None, second: str | None, out: str | None, output_format: str
) -> None:
    """Which findings moved between two builds, by how much, and out of their interval or not."""
    from undercut.report.commands import compare_command

    compare_command(name, first, second, out, output_format)


@app.command("export")
@click.argument("name", help="Report, or a folder of the site such as variants/NAME/X.")
@_option("--to", "target", help="File to write; NAME.html by default.")
@_option("--out", help="Folder of the site; reports/site by default.")
def export_report(name: str, target: str | None, out: str | None) -> None:
    """Write a built report as one HTML file that can be mailed, its downloads inside."""
    from undercut.report.commands import export_command

    click.echo(export_command(name, target, out))


@app.command("new")
@click.argument("name", help="Name of the report and its notebook.")
@_option("--title", help="The question that it answers.")
@_option("--csv", help="Your table; an example is written without it.")
def new_report(name: str, title: str | None, csv: str | None) -> None:
    """Make a notebook of five cells on a table of your own, and enter it in reports.toml as a draft."""
    from undercut.report.commands import new_command

    table = None
    if csv:
        from undercut.studies.own import columns_of

        table = (Path(csv), *columns_of(csv))
    click.echo(new_command(name, title, table))


if __name__ == "__main__":
    main()
