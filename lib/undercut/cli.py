"""The command line: thin, no logic. Heavy modules load inside the commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from undercut.errors import InputError

if TYPE_CHECKING:
    from typer._click import Context

app = typer.Typer(
    name="undercut",
    help="What open AI models do to AI service prices, and to the companies that sell AI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
panel_app = typer.Typer(
    help="The price panel: build, update, inspect.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(panel_app, name="panel")

Format = Annotated[str, typer.Option("--format", help="table, json or csv.")]


def main() -> None:
    """Run the command line; an expected failure prints its advice and exits with status 2."""
    from undercut.faults import told, visible

    try:
        app()
    except Exception as error:
        text = told(error)
        if text is None:
            raise
        typer.echo(f"undercut: {visible(text)}", err=True)
        sys.exit(2)


class OnceCommand(TyperCommand):
    """A command that refuses an option given twice, of which the first would be lost without a word."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """As every command does, after counting the options."""
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        given = [param for param in order if param.param_type_name == "option" and not param.multiple]
        for param in given:
            if given.count(param) > 1:
                raise InputError(f"{max(param.opts, key=len)} is given twice.")
        return super().parse_args(ctx, args)


def _say(note: str) -> None:
    """A note beside the output, without what would move the cursor or colour the terminal."""
    from undercut.faults import visible

    if note:
        typer.echo(visible(note), err=True)


@app.command()
def init(folder: Annotated[str, typer.Argument(help="New folder of the project.")]) -> None:
    """Make a project folder: notebooks, reports.toml and data, which undercut build builds."""
    from undercut.start import start_project

    typer.echo(start_project(Path(folder)))


@app.command()
def prices(
    model: Annotated[str, typer.Argument(help="Model id, raw id or moving name, for example gpt-4o.")],
    host: Annotated[str | None, typer.Option(help="Only this seller.")] = None,
    as_of: Annotated[str | None, typer.Option(help="What was known on this day (YYYY-MM-DD).")] = None,
    status: Annotated[str, typer.Option(help="Statuses to keep, comma separated, or all.")] = "all",
    workload: Annotated[str, typer.Option(help="Mix of tokens behind the price column.")] = "chat",
    output_format: Format = "table",
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
def changes(
    since: Annotated[str | None, typer.Option(help="Shown on this day or later (YYYY-MM-DD).")] = None,
    host: Annotated[str | None, typer.Option(help="Only this seller.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    verdict: Annotated[str, typer.Option(help="real, correction, unknown, comma separated; or all.")] = "all",
    as_of: Annotated[str | None, typer.Option(help="What was known on this day (YYYY-MM-DD).")] = None,
    output_format: Format = "table",
) -> None:
    """Changes of price, each with its verdict and evidence."""
    from undercut.panel.changes import MAIN_COLUMNS, select_changes
    from undercut.panel.store import said_of
    from undercut.printing import emit

    found = select_changes(since=since, host=host, model=model, verdict=verdict, as_of=as_of)
    emit(found, output_format, title="Changes of price, US dollars per million tokens", columns=MAIN_COLUMNS)
    _say(said_of(as_of))


@app.command()
def explore(
    out: Annotated[str | None, typer.Option(help="File to write; explore.html here by default.")] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Write the explorer of prices as one page, and open it."""
    from undercut.studies.explorer.page import open_explorer

    typer.echo(open_explorer(out, show=show))


@panel_app.command("build")
def panel_build(
    cadence: Annotated[str, typer.Option(help="Releases to read: weekly, daily or all.")] = "all",
) -> None:
    """Rebuild the panel from the package registry; the old one stays until the new one is whole."""
    from undercut.panel.maintain import rebuild
    from undercut.printing import progress

    with progress() as report:
        summary = rebuild(cadence=cadence, progress=report)
    typer.echo(summary)


@panel_app.command("update")
def panel_update(
    live: Annotated[bool, typer.Option("--live", help="Also ask OpenRouter and models.dev now.")] = False,
) -> None:
    """Read only what was published since the last build."""
    from undercut.panel.maintain import update
    from undercut.printing import progress

    with progress() as report:
        summary = update(live=live, progress=report)
    typer.echo(summary)


@panel_app.command("export")
def panel_export(
    folder: Annotated[str, typer.Argument(help="Folder of the data package; made if needed.")],
    file_format: Annotated[str, typer.Option("--format", help="parquet or csv.")] = "parquet",
) -> None:
    """Write panel, changes, withdrawals and models with a description that other programs read."""
    from undercut.panel.export import export

    typer.echo(f"Wrote {export(Path(folder), file_format=file_format)} and the tables beside it.")


@panel_app.command("status")
def panel_status(output_format: Format = "table") -> None:
    """Spans, counts, coverage, statuses, freshness, and agreement between sources."""
    from undercut.panel.maintain import describe
    from undercut.printing import emit_many

    emit_many(describe(), output_format)


@app.command()
def index(
    quotes: Annotated[
        str | None, typer.Argument(help="CSV or Parquet: period, product, price[, quantity].")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Name of a method; without a file: all are listed.")
    ] = None,
    chained: Annotated[bool, typer.Option("--chained", help="Chain period to period.")] = False,
    window: Annotated[int | None, typer.Option(help="Periods in a rolling window.")] = None,
    splice: Annotated[str | None, typer.Option(help="How windows are joined.")] = None,
    variety: Annotated[
        str | None, typer.Option(help="feenstra: correct for new and vanishing products.")
    ] = None,
    elasticity: Annotated[
        float | None, typer.Option(help="Elasticity of substitution, for feenstra.")
    ] = None,
    weight_period: Annotated[str | None, typer.Option(help="Period of the weights: lowe, young.")] = None,
    bad_rows: Annotated[str, typer.Option(help="error or drop.")] = "error",
    duplicates: Annotated[str, typer.Option(help="error, unit-value or geometric-mean.")] = "error",
    output_format: Format = "table",
) -> None:
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
    table = index_table(
        quotes, method=method, chained=chained, window=window, splice=splice, variety=variety,
        elasticity=elasticity, weight_period=weight_period, bad_rows=bad_rows, duplicates=duplicates,
    )  # fmt: skip
    emit(table, output_format)
    for note in table.attrs["notes"]:  # last, where it is seen: tables are long
        _say(note)


@app.command()
def eventstudy(
    returns: Annotated[str, typer.Argument(help="CSV, Parquet or Excel of returns, long or wide.")],
    events: Annotated[str, typer.Option(help="Columns event, firm (blank: all), date, optional group.")],
    market: Annotated[str | None, typer.Option(help="Column of the market, or factors a,b,c.")] = None,
    model: Annotated[
        str | None, typer.Option(help="market (the default), constant-mean, market-adjusted, factors, ...")
    ] = None,
    estimation: Annotated[str, typer.Option(help="FIRST:LAST, trading days before the event.")] = "-250:-31",
    window: Annotated[str, typer.Option(help="FIRST:LAST, trading days around the event.")] = "-1:1",
    min_days: Annotated[int | None, typer.Option(help="Fewest usable estimation days.")] = None,
    values: Annotated[
        str, typer.Option(help="What the numbers are: auto, decimal, percent, bp or prices.")
    ] = "auto",
    factors: Annotated[
        str | None, typer.Option(help="File of daily factors (French's or your own), with rf if it has one.")
    ] = None,
    risk_free: Annotated[
        str | None, typer.Option(help="Daily rate: a column of returns or factors, or a file.")
    ] = None,
    calendar: Annotated[
        str, typer.Option(help="Offsets count the days of the file, or sessions of the firm.")
    ] = "file",
    output_format: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    """An event study of anyone's returns, with every test."""
    from undercut.eventstudy.command import eventstudy_command
    from undercut.printing import emit_result

    result = eventstudy_command(
        returns, events=events, market=market, model=model, estimation=estimation, window=window,
        min_days=min_days, values=values, factors=factors, risk_free=risk_free, calendar=calendar,
    )  # fmt: skip
    emit_result(result, output_format, notes="warnings")


@app.command()
def value(
    ticker: Annotated[str, typer.Argument(help="Vendor, for example NVDA.")],
    scenario: Annotated[str | None, typer.Option(help="A file of data/scenarios, without .toml.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="parameter=value, share_price=..., market_value=...")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="What was published by this day (YYYY-MM-DD).")] = None,
    output_format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """What a vendor is worth under named assumptions, what its market value implies, and what matters."""
    from undercut.printing import emit_result
    from undercut.valuation.command import value_command

    if output_format not in ("table", "json"):
        raise InputError(f"--format must be one of table, json; got {output_format!r}.")
    result = value_command(ticker, scenario_name=scenario, settings=settings or [], as_of=as_of)
    emit_result(result, output_format, notes="notes")


@app.command("list")
def list_reports() -> None:
    """Reports in reports.toml."""
    from undercut.report.commands import list_catalogue

    typer.echo(list_catalogue())


@app.command()
def check() -> None:
    """Find every mistake in reports.toml and the notebooks it names, before anything runs."""
    from undercut.report.commands import check_catalogue

    problems = check_catalogue()
    typer.echo(problems or "reports.toml: no mistakes found.")
    if problems:
        raise typer.Exit(1)


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Reports to build; all by default.")] = None,
    parameter: Annotated[list[str] | None, typer.Option("-p", help="key=value, may be repeated.")] = None,
    grid: Annotated[
        list[str] | None, typer.Option(help="key=a,b,c: a page for each value, may be repeated.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Notebooks at once; 0: as many as there are cores.", min=0)] = 0,
    force: Annotated[bool, typer.Option("--force", help="Also what is up to date.")] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast/--keep-going", help="Stop at the first failure, or build the rest.")
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds, instead of each report's own limit.")
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Only what its schedule says is due.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Fresh processes instead of forked ones.")] = False,
    cluster: Annotated[
        str, typer.Option(help="Dask scheduler that runs the notebooks (tcp://host:8786), or local.")
    ] = "",
    why: Annotated[
        bool, typer.Option("--why", help="Say what is out of date and why; build nothing.")
    ] = False,
    out: Annotated[
        str | None, typer.Option(help="Folder or store (s3://...); reports/site by default.")
    ] = None,
) -> None:
    """Build the reports that are out of date: notebook -> papermill -> page, results.json, notebook."""
    from undercut.report.build import Options
    from undercut.report.commands import build_command, why_command

    options = Options(jobs, force, fail_fast, plain, due, timeout, cluster)
    if why:
        typer.echo(why_command(names or [], parameter or [], out, grid=grid or [], options=options))
        return
    raise typer.Exit(
        build_command(names or [], parameter or [], out, grid=grid or [], options=options, pages=_add_pages)
    )


def _add_pages(site: Path) -> None:
    """Pages of the site that come from the analysis and not from a notebook."""
    from undercut.studies.explorer.kept import write_explorer

    write_explorer(site)


@app.command("compare")
def compare_reports(
    name: Annotated[str, typer.Argument(help="Report, or a folder of the site such as variants/NAME/X.")],
    first: Annotated[
        str | None, typer.Argument(help="Build: 2026-11-23, previous, or a results.json.")
    ] = None,
    second: Annotated[str | None, typer.Argument(help="Build: the current one by default.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder of the site; reports/site by default.")] = None,
    output_format: Format = "table",
) -> None:
    """Which findings moved between two builds, by how much, and out of their interval or not."""
    from undercut.report.commands import compare_command

    compare_command(name, first, second, out, output_format)


@app.command("export")
def export_report(
    name: Annotated[str, typer.Argument(help="Report, or a folder of the site such as variants/NAME/X.")],
    target: Annotated[str | None, typer.Option("--to", help="File to write; NAME.html by default.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder of the site; reports/site by default.")] = None,
) -> None:
    """Write a built report as one HTML file that can be mailed, its downloads inside."""
    from undercut.report.commands import export_command

    typer.echo(export_command(name, target, out))


@app.command("new")
def new_report(
    name: Annotated[str, typer.Argument(help="Name of the report and its notebook.")],
    title: Annotated[str | None, typer.Option(help="The question that it answers.")] = None,
    csv: Annotated[str | None, typer.Option(help="Your table; an example is written without it.")] = None,
) -> None:
    """Make a notebook of five cells on a table of your own, and enter it in reports.toml as a draft."""
    from undercut.report.commands import new_command

    table = None
    if csv:
        from undercut.studies.own import columns_of

        table = (Path(csv), *columns_of(csv))
    typer.echo(new_command(name, title, table))


for _command in (*app.registered_commands, *panel_app.registered_commands):
    _command.cls = OnceCommand

if __name__ == "__main__":
    main()
