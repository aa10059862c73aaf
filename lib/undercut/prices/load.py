"""What did models cost, where, and when: the panel with one price for each offer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from datetime import date
from typing import Any, Final

import pandas as pd

from undercut.errors import check_known, unknown
from undercut.panel.measures import DEFAULT, MEASURES
from undercut.panel.names import split_raw_id
from undercut.panel.store import load_panel
from undercut.prices.workloads import Workload, find_workload
from undercut.result import Axes, Result

#: What a person wants to see of a price history; programs get every column.
MAIN_COLUMNS: Final = (
    "host", "model_id", "variant", "raw_id", "valid_from", "valid_to", "input", "output", "cache_read",
    "price", "status", "source", "note",
)  # fmt: skip


def load_prices(
    as_of: str | date | pd.Timestamp | None = None,
    *,
    workload: str | Workload = "chat",
    status: str | Sequence[str] | None = "ok",
    measure: str = DEFAULT,
) -> pd.DataFrame:
    """The price panel: who offered what, from when to when, at which price.

    Parameters
    ----------
    as_of : str or date, optional
        Only what could be known at the end of this day (UTC); no later correction leaks in. By default all
        that the project has read.
    workload : str or Workload
        Mix of tokens that turns a tariff into the column ``price``.
    status : str, sequence of str or None
        Keep offers of these statuses; None or ``"all"`` keeps every quote.
    measure : str
        Measure of capability that analyses of these prices use; a key of
        :data:`undercut.panel.measures.MEASURES`.

    Returns
    -------
    DataFrame
        Columns of :data:`undercut.panel.schema.PANEL_COLUMNS` plus ``price`` (US dollars per million tokens
        of the workload). ``valid_to`` is exclusive; NaT = still on offer. Provenance in ``attrs``.

    Raises
    ------
    InputError
        ``as_of``, ``workload``, ``status`` or ``measure`` is not usable.
    StoreError
        The panel on disk is missing or damaged.

    Examples
    --------
    >>> prices = load_prices(as_of="2025-06-30", workload="agent")
    >>> "price" in prices.columns
    True
    """
    chosen = find_workload(workload)
    return with_measure(_priced(load_panel(as_of, status=status), chosen, as_of), measure)


def _priced(panel: pd.DataFrame, workload: Workload, as_of: str | date | None) -> pd.DataFrame:
    """With the price of a workload; what is paid by the image or the second has none."""
    priced = panel.assign(price=workload.price(panel).where(panel["status"] != "other_mode"))
    priced.attrs |= {"workload": workload.name, "as_of": None if as_of is None else str(as_of)}
    return priced


def with_workload(panel: pd.DataFrame, workload: str | Workload) -> pd.DataFrame:
    """The same offers, priced for another workload.

    Examples
    --------
    >>> prices = load_prices("2025-06-30")
    >>> bool((with_workload(prices, "agent")["price"] < prices["price"]).mean() > 0.5)
    True
    """
    chosen = find_workload(workload)
    priced = panel.assign(price=chosen.price(panel))
    priced.attrs["workload"] = chosen.name
    return priced


def with_measure(panel: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The same offers, to be compared by another measure of capability.

    Examples
    --------
    >>> with_measure(load_prices("2025-06-30"), "arena").attrs["measure"]
    'arena'
    """
    check_known("measure of capability", measure, MEASURES)
    measured = panel.copy(deep=False)
    measured.attrs = panel.attrs | {"measure": measure}
    return measured


class PriceHistory(Result):
    """Every offer of a model, or under a moving name, by host and day.

    Reads like the frame of its offers: ``history["input"]``, ``history.columns``, ``len(history)``.

    Attributes
    ----------
    model : str
        The name asked for.
    offers : DataFrame
        Panel rows plus ``price``, by host, source and day; ``model_id`` is the model that stood behind the
        name from ``valid_from`` to ``valid_to`` (exclusive; NaT: still).
    options : dict
        Host, day, status and workload asked for.
    """

    model: str
    offers: pd.DataFrame
    options: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: Any) -> Any:
        return self.offers[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.offers)

    def __len__(self) -> int:
        return len(self.offers)

    @property
    def columns(self) -> pd.Index:
        """Columns of the offers."""
        return self.offers.columns

    def table(self) -> pd.DataFrame:
        """The offers with the columns that a person wants to see."""
        return self.offers[list(MAIN_COLUMNS)]

    def behind(self) -> pd.DataFrame:
        """Which model stood behind the name, from when to when: ``model_id, valid_from, valid_to``."""
        by_model = self.offers.groupby("model_id", as_index=False)
        ends = by_model.agg(
            valid_from=("valid_from", "min"), valid_to=("valid_to", lambda to: to.max(skipna=False))
        )
        return ends.sort_values("valid_from", ignore_index=True)

    def summary(self) -> str:
        """Sellers, models and prices as text."""
        told = ", ".join(f"{name} {value}" for name, value in self.options.items() if value is not None)
        offers, models = self.offers, self.offers["model_id"].nunique()
        head = [
            f"Price history of {self.model}: {len(offers):,} offers at {offers['host'].nunique()} sellers, "
            f"{models} model{'s' * (models != 1)} behind the name",
            f"US dollars per million tokens ({told}).",
        ]
        columns = ["host", "model_id", "valid_from", "valid_to", "input", "output", "price", "status"]
        shown = self.offers[columns]
        return "\n".join([*head, "", shown.to_string(index=False, max_rows=20)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the price at each seller over time, usable offers only, and return the axes."""
        from undercut.plots import INK, MUTED, label_line_ends, own_axes, price_axis

        axes = own_axes(ax)
        usable = self.offers[self.offers["status"].eq("ok")]
        today = self.offers["last_seen"].max().tz_convert(None)
        ends = {}
        for host, own in usable.groupby("host"):
            ordered = own.sort_values("valid_from")
            until = ordered["valid_to"].fillna(today).iloc[-1]
            days = [*ordered["valid_from"], until]
            prices = [*ordered["price"], ordered["price"].iloc[-1]]
            axes.step(days, prices, where="post", color=INK, linewidth=1.2)
            ends[str(host)] = (until, float(prices[-1]))
        price_axis(axes)
        return label_line_ends(axes, ends, dict.fromkeys(ends, MUTED))


def price_history(
    model: str,
    *,
    host: str | None = None,
    as_of: str | date | None = None,
    status: str | Sequence[str] | None = "all",
    workload: str | Workload = "chat",
    prices: pd.DataFrame | None = None,
) -> PriceHistory:
    """All offers of a model, by host and day.

    Parameters
    ----------
    model : str
        A canonical model id, a raw id as a source writes it, or a moving name such as ``gpt-4o``, which
        finds the offers under that name with the model that stood behind it on each day.
    host : str, optional
        Only this seller.
    as_of, status, workload
        As in :func:`undercut.load_prices`.
    prices : DataFrame, optional
        A panel that was loaded before; ``as_of``, ``status`` and ``workload`` then say nothing.

    Returns
    -------
    PriceHistory

    Raises
    ------
    UnknownNameError
        No offer has this name; the closest ones are named.

    Examples
    --------
    >>> history = price_history("gpt-4-0613", host="openai", status="ok")
    >>> float(history["input"].iloc[0])
    30.0
    >>> price_history("gpt-4o", host="openai").behind()["model_id"].tolist()[:2]
    ['gpt-4o-2024-05-13', 'gpt-4o-2024-08-06']
    """
    chosen = find_workload(workload) if prices is None else None
    rows = _named(load_panel(as_of, status=status) if prices is None else prices, model, host)
    if host is not None:
        if host not in set(rows["host"]):
            raise unknown(f"host of {model}", host, rows["host"].dropna().unique())
        rows = rows[rows["host"] == host]
    ordered = rows.sort_values(["host", "variant", "source", "raw_id", "valid_from"], ignore_index=True)
    asked: dict[str, Any] = {"host": host}
    if chosen is not None:
        ordered = with_measure(_priced(ordered, chosen, as_of), DEFAULT)
        asked |= {"as_of": as_of, "status": status, "workload": chosen.name}
    return PriceHistory(model, ordered, asked)


def _named(panel: pd.DataFrame, model: str, host: str | None) -> pd.DataFrame:
    """The offers whose model, raw id or plain name is ``model``; as people write it where none is."""
    wanted = model.strip().lower()
    found = _under(panel, wanted)
    if not (found if host is None else found & panel["host"].eq(host)).any():
        # As people write it: openai/gpt-oss-120b, "GPT OSS 120B".
        found |= _under(panel, split_raw_id("-".join(wanted.split())).slug)
    if not found.any():
        slugs = {split_raw_id(raw_id).slug for raw_id in panel["raw_id"].unique()}
        raise unknown("model", model, slugs.union(panel["model_id"].dropna()))
    return panel[found]


def _under(panel: pd.DataFrame, name: str) -> pd.Series:
    """Whether an offer's model, raw id or plain name is ``name``."""
    # A plain name has no word that its raw id lacks: most ids need not be taken apart.
    likely = panel["raw_id"].drop_duplicates()
    coded = likely[likely.str.contains("%", regex=False)]
    for word in re.findall(r"[a-z0-9]+", name):
        likely = likely[likely.str.lower().str.contains(word, regex=False)]
    likely = pd.concat([likely, coded])
    under = [raw_id for raw_id in likely if name in (raw_id.lower(), split_raw_id(raw_id).slug)]
    return panel["model_id"].eq(name) | panel["raw_id"].isin(under)
