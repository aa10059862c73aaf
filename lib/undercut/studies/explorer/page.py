"""How does one open the explorer: in the site, from a terminal, in JupyterLab?"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from undercut.prices.cross_section import cross_section
from undercut.prices.load import load_prices
from undercut.report.findings.contract import write_atomically
from undercut.report.page.render import part, script_hash, template
from undercut.report.site.site import EXPLORER
from undercut.result import Axes, Result
from undercut.strict_json import dumps
from undercut.studies.explorer.data import best_scores, explorer_data
from undercut.studies.explorer.first_view import WORKLOAD, first_view

if TYPE_CHECKING:
    import pandas as pd


class Explorer(Result):
    """The explorer's page; JupyterLab shows it, `write` keeps it as one file.

    Attributes
    ----------
    data : dict
        What a reader can choose from.
    first : dict
        The first view.
    prices : DataFrame
        The usable offers behind it.
    """

    data: dict[str, Any]
    first: dict[str, Any]
    prices: pd.DataFrame

    def page(self, *, in_site: bool = False, made_from: str = "") -> str:
        """The page as HTML, data and script inside; it asks no other host.

        ``in_site`` says that the front page lies beside it, ``made_from`` identifies data and code.
        """
        script, data = f"{part('point.js')}\n{part('explore.js')}", self.data | {"first": self.first["state"]}
        page = template("explore.html.j2").render(
            first=self.first,
            measures=data["measures"],
            workloads=self.first["workloads"],
            # A tag inside the data would end the element that holds them.
            data=dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
            style=part("explore.css"),
            script=script,
            script_hash=script_hash(script),
            in_site=in_site,
            made_from=made_from,
        )
        return str(page).strip() + "\n"

    def write(self, path: str | Path) -> Path:
        """Write the page; returns where."""
        write_atomically(Path(path), self.page())
        return Path(path)

    def to_frame(self) -> pd.DataFrame:
        """The offers of the last day, one row a model and seller."""
        return cross_section(self.prices, self.first["day"])

    def table(self) -> pd.DataFrame:
        """The cheapest offers first."""
        columns = ["model_id", "host", "input", "output", "price"]
        return self.to_frame().sort_values("price", ignore_index=True)[columns]

    def summary(self) -> str:
        """What it holds, and its first sentence."""
        told = self.first
        return (
            f"Explorer of {told['models']} models at {told['sellers']} sellers, prices to {told['day']}\n"
            f"{told['sentence']}\nShown in JupyterLab; .write('explore.html') keeps it as one file."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Price against capability on the last day."""
        from undercut.plots import mark, own_axes, price_axis

        axes = own_axes(ax)
        offers = self.to_frame().dropna(subset=["eci"]).sort_values("price").drop_duplicates("model_id")
        for (origin, access), group in offers.groupby(["origin", "access"]):
            axes.plot(group["eci"], group["price"], **mark(origin, access, line=False))
        price_axis(axes, "y")
        axes.set_xlabel("Capability (Epoch)")
        return axes

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.page())}" title="Explore AI prices" '
            'style="width:100%;height:900px;border:0"></iframe>'
        )


def explore(as_of: str | None = None) -> Explorer:
    """Choose models, sellers, work and volume, and see prices over time, against capability, and the bill.

    Parameters
    ----------
    as_of : str, optional
        Only what could be known at the end of this day; by default all that was read.

    Examples
    --------
    >>> explore().summary().startswith("Explorer of")
    True
    """
    prices = load_prices(as_of, workload=WORKLOAD)
    return Explorer(explorer_data(as_of), first_view(prices, best_scores()["epoch"]), prices)


def open_explorer(out: str | None = None, *, show: bool = True) -> str:
    """Write the explorer to ``out`` (default: explore.html here), open it, and say where it is."""
    import webbrowser

    path = explore().write(out or EXPLORER).resolve()
    opened = show and webbrowser.open(path.as_uri())
    return f"{path}: {path.stat().st_size / 1e6:.2f} MB" + ("" if opened else "; open it in any browser")
