"""Does a group's move hang on one company, or on one day? Each left out in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from undercut.eventstudy.model import event_study
from undercut.eventstudy.results import EventStudy
from undercut.studies.framed import Framed, Shown
from undercut.studies.presentation import Number, Part, Sentence, Table
from undercut.studies.stocks.announced import FOCUS, Announced
from undercut.studies.stocks.release_response import Responses, studied
from undercut.studies.stocks.shock import NAME, TARGET, Shock
from undercut.studies.stocks.universe import group_portfolios
from undercut.studies.stocks.words import key_of, named, percent, span


class LeftOut(Framed, row="without", value="car"):
    """Moves of groups, whole and without each unit.

    ``frame``: group, unit (company, event, month), without (empty: nothing), car, ci_low, ci_high; intervals
    are missing where only the mean was computed again.
    """

    prefix: str

    def parts(self) -> Iterator[Part]:
        """A finding for each group and unit, a table, and a sentence on what turns."""
        ranges = self.ranges()
        for row in ranges.to_dict("records"):
            yield Number(
                f"{self.prefix}.{key_of(row['group'])}.without_one_{row['unit']}",
                f"{row['group']}, without any one {row['unit']}: middle of the estimates",
                100 * row["middle"], "%", ci=(100 * row["lowest"], 100 * row["highest"]), level=1.0,
                n=row["n"], role="robustness", method=f"one {row['unit']} left out at a time",
                note=f"lowest and highest; furthest without {row['furthest']}",
            )  # fmt: skip
        yield Sentence(self.sentence())
        shown = ranges.assign(**{name: 100 * ranges[name] for name in ("whole", "lowest", "highest")})
        yield Table(
            shown[["group", "unit", "whole", "lowest", "highest", "furthest", "turns"]],
            f"Without {self.units('each')}", row_label="group",
            subtitle="Percent; turns: the sign changes, or the interval does or does not hold zero any more",
            labels={"unit": "left out", "furthest": "furthest without", "turns": "turned by"},
            formats=dict.fromkeys(("whole", "lowest", "highest"), "signed_percent"),
        )  # fmt: skip

    def ranges(self) -> pd.DataFrame:
        """``group, unit, n, whole, middle, lowest, highest, furthest, turns`` (who turns it, or empty)."""
        found = []
        for (group, unit), rows in self.frame.groupby(["group", "unit"], sort=False):
            whole, rest = rows[rows["without"].eq("")].iloc[0], rows[rows["without"].ne("")]
            turned = [row.without for row in rest.itertuples() if _turns(whole, row)]
            furthest = rest.loc[(rest["car"] - whole["car"]).abs().idxmax(), "without"]
            ends = {"middle": rest["car"].median(), "lowest": rest["car"].min(), "highest": rest["car"].max()}
            found.append({"group": group, "unit": unit, "n": len(rest), "whole": whole["car"], **ends,
                          "furthest": furthest, "turns": ", ".join(turned)})  # fmt: skip
        return pd.DataFrame(found)

    def told(self, group: str, without: str) -> str:
        """The move of a group without one unit, with its interval where there is one."""
        rows = self.frame
        row = rows[rows["group"].eq(group) & rows["without"].eq(without)].iloc[0]
        return span(row) if pd.notna(row["ci_low"]) else percent(row["car"])

    def sentence(self) -> str:
        """Which groups' answers hang on one unit."""
        turned = self.ranges().query("turns != ''")
        if turned.empty:
            return f"No answer turns when {self.units('one', 'or')} is left out."
        parts = []
        for row in turned.itertuples():
            first, more = row.turns.split(", ")[0], row.turns.count(",")
            also = f" (and {more} more turn it)" if more else ""
            parts.append(
                f"{named(row.group)} {self.told(row.group, '')}, without {named(first)} "
                f"{self.told(row.group, first)}{also}"
            )
        return f"Answers that hang on {self.units('one', 'or')}: {'; '.join(parts)}."

    def units(self, each: str, last: str = "") -> str:
        """What was left out, in words: ``one company or one event``."""
        *others, end = (f"{each} {unit}" for unit in self.frame["unit"].unique())
        return f"{', '.join(others)}{f' {last}' if last else ','} {end}" if others else end


def _turns(whole: pd.Series, row: Any) -> bool:
    """Whether a verdict changes: lower, higher, or not to be told from zero."""
    was_clear, is_turned = whole["ci_low"] * whole["ci_high"] > 0, whole["car"] * row.car < 0
    is_clear = was_clear if pd.isna(row.ci_low) else row.ci_low * row.ci_high > 0
    return bool(is_clear != was_clear or (is_clear and is_turned))


def _without_each(members: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Every group whole, and without each of its companies; names are ``group | firm``."""
    several = {group: list(firms) for group, firms in members.items() if len(firms) > 1}
    return {f"{group} | nobody": firms for group, firms in several.items()} | {
        f"{group} | {gone}": [firm for firm in firms if firm != gone]
        for group, firms in several.items() for gone in firms
    }  # fmt: skip


def _named(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Rows of the portfolios of `_without_each`, by group and company."""
    rows = rows[rows[column].str.contains(" | ", regex=False)]
    parts = rows[column].str.split(" | ", regex=False, expand=True)
    return rows.assign(group=parts[0], without=parts[1].replace("nobody", ""), unit="company")[
        ["group", "unit", "without", "car", "ci_low", "ci_high"]
    ]


def _means(study: EventStudy) -> pd.DataFrame:
    """The mean response of each of the portfolios of `_without_each`."""
    last = study.caar().groupby("group", sort=False).tail(1)
    return _named(last.rename(columns={"caar": "car"}), "group")


def shock_left_out(shock: Shock) -> LeftOut:
    """Every group's move on the day, whole and without each company."""
    portfolios = group_portfolios(shock.data.returns, _without_each(shock.members))
    market = shock.data.returns[[shock.benchmark]]
    study = event_study(
        market.join(portfolios), shock.alone(list(portfolios.columns)), window=shock.window, **shock.options
    )
    firms = _named(study.car(), "firm")
    return LeftOut(pd.concat([firms, _without_months(shock)], ignore_index=True), "group")


def _without_months(shock: Shock) -> pd.DataFrame:
    """The company's own move, whole and with each month of what is normal left out."""
    first, last = shock.options["estimation"]
    days, event = shock.returns.index, shock.alone([TARGET])
    at = days.get_loc(shock.day)
    months = days.strftime("%B %Y")
    held = shock.returns[[name for name in (TARGET, shock.benchmark) if name in shock.returns]]
    rows = []
    for month in ["", *dict.fromkeys(months[max(at + first, 0) : at + last + 1])]:
        kept = held.mask(np.tile((months == month)[:, None], len(held.columns)))
        study = event_study(kept, event, window=shock.window, min_days=60, **shock.options)
        rows.append(study.car().assign(without=month))
    found = pd.concat(rows)[["without", "car", "ci_low", "ci_high"]]
    return found.assign(group=NAME, unit="month")


def releases_left_out(found: Responses, returns: pd.DataFrame) -> LeftOut:
    """Every group's mean response, whole, without each company and without each release."""
    given = {name: found.options[name] for name in found.options if name not in ("groups", "draws", "seed")}
    benchmark = given.pop("benchmark")
    held = set(returns["ticker"])
    members = {name: [f for f in firms if f in held] for name, firms in found.options["groups"].items()}
    study, _ = studied(returns, found.tested, _without_each(members), benchmark, given)
    means = found.mean[found.mean["group"].ne("all")].rename(columns={"caar": "car"})
    parts = [_means(study), _events(found.each, means)]
    return LeftOut(pd.concat(parts, ignore_index=True), "caar")


def announcements_left_out(case: Announced, pairs: Shown, each: Shown) -> LeftOut:
    """The mean move of the group named for each kind, without each company and without each announcement."""
    parts = []
    for kind, group in FOCUS.items():
        rows = each.frame[each.frame["kind"] == kind]
        if rows.empty or group not in case.members:
            continue
        whole = pairs.frame.query("kind == @kind and portfolio == @group").assign(group=kind)
        alone = rows.assign(group=kind, event=rows["label"])
        parts.append(_events(alone, whole))
        if len(case.members[group]) > 1:
            parts.append(_companies(case, rows, group).assign(group=kind))
    return LeftOut(pd.concat(parts, ignore_index=True), "class")


def _companies(case: Announced, rows: pd.DataFrame, group: str) -> pd.DataFrame:
    portfolios = group_portfolios(case.data.returns, _without_each({group: case.members[group]}))
    market = case.data.returns[[case.options["market"]]]
    events = rows[["event", "date"]].merge(pd.DataFrame({"firm": portfolios.columns}), how="cross")
    options = {"window": case.window, **case.options}
    study = event_study(market.join(portfolios), events.assign(group=events["firm"]), **options)
    return _means(study)


def _events(each: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """Means without each event, from single responses; without intervals."""
    table = means[["group", "car", "ci_low", "ci_high"]].assign(without="")
    parts = [table[table["group"].isin(each["group"])]]
    for group, rows in each.groupby("group", sort=False):
        if len(rows) > 1:
            gone = (rows["car"].sum() - rows["car"]) / (len(rows) - 1)
            parts.append(pd.DataFrame({"group": group, "without": rows["event"], "car": gone}))
    return pd.concat(parts, ignore_index=True).assign(unit="event")
