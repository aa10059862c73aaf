"""A market of hosts in which the effect of one more host is known, for tests of host competition.

Models are launched over time and hosts enter them at random, more often when a model is young. What a host
would like to charge is

    log price = model + host + noise + effect * (entries of others so far) + drift * age,

and it sets that when it enters. List prices are sticky: a host reprices its whole list with probability
``reprice`` a month. So an entry has moved list prices by ``effect * (1 - (1 - reprice) ** (h + 1))`` on
average after h months. Now and then a host moves its whole list for a reason of its own (``host_shock``).
Part of the hosts are discovered late by the tables: then all their models appear at once, which looks like
entry and is none.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from undercut.competition.hosts.panel import _AGE_EDGES


def true_effect(effect: float, reprice: float, horizon: int = 6) -> float:
    """Average effect of an entry on list prices after ``horizon`` months."""
    return effect * (1 - (1 - reprice) ** (horizon + 1))


def host_market(
    seed: int = 0,
    *,
    effect: float = 0.0,
    reprice: float = 0.3,
    drift: float = 0.0,
    host_shock: float = 0.1,
    own_shock: float = 0.15,
    models: int = 45,
    hosts: int = 24,
    months: int = 30,
    late_hosts: float = 0.25,
    spread: float = 0.4,
) -> pd.DataFrame:
    """A panel as :func:`undercut.competition.hosts.panel.host_panel` returns it.

    Parameters
    ----------
    effect : float
        Change of a host's desired log price for each rival that has entered since the model's launch.
    reprice : float
        Probability that a host reprices its list in a month.
    drift : float
        Change of the desired log price a month of the model's age.
    host_shock : float
        Standard deviation of a host's own list-wide moves, which come with every repricing.
    own_shock : float
        Standard deviation of moves of one offer alone, which come with some of the repricings.
    late_hosts : float
        Share of hosts that the tables discover late.
    spread : float
        Standard deviation of host effects and of noise.
    """
    rng = np.random.default_rng(seed)
    launch = rng.integers(-6, months - 8, size=models)
    popularity = rng.gamma(2.0, 0.5, size=models)
    base = rng.normal(0, 1, size=models)
    shift = rng.normal(0, spread, size=hosts)
    reprices = rng.random((hosts, months + 6)) < reprice
    shock = np.cumsum(reprices * rng.normal(0, host_shock, size=(hosts, months + 6)), axis=1)
    discovered = np.where(rng.random(hosts) < late_hosts, rng.integers(8, months - 6, size=hosts), -99)
    rows = []
    for m in range(models):
        month_of = _entries(rng, launch[m], popularity[m], hosts, months)
        entered = np.sort(list(month_of.values()))
        for h, first in month_of.items():
            noise = rng.normal(0, spread)
            posted, own = np.nan, 0.0
            for t in range(first, months):
                if t == first or reprices[h, t + 6]:
                    own += rng.normal(0, own_shock) * (rng.random() < 0.3)
                    rivals = np.searchsorted(entered, t, side="right") - 1
                    wanted = base[m] + shift[h] + noise + shock[h, t + 6] + own + drift * (t - launch[m])
                    posted = wanted + effect * rivals
                if t >= max(0, discovered[h]):
                    rows.append((f"m{m:02d}", f"h{h:02d}", t, t - launch[m], posted))
    panel = pd.DataFrame(rows, columns=["model_id", "host", "month", "age_months", "log_price"])
    return as_panel(panel)


def as_panel(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that follow from model, host, month, age and log price."""
    period = pd.PeriodIndex.from_ordinals(rows["month"] + 648, freq="M").astype(str)
    panel = rows.assign(
        price=np.exp(rows["log_price"]), period=period, developer="d" + rows["model_id"].str[1:], origin="CN",
        is_own=False, host_country="US",
    )  # fmt: skip
    panel["age_group"] = pd.cut(panel["age_months"], list(_AGE_EDGES), right=False).astype("str")
    panel["sellers"] = panel.groupby(["model_id", "month"])["host"].transform("nunique")
    return panel.sort_values(["model_id", "host", "month"], ignore_index=True)


def _entries(
    rng: np.random.Generator, launch: int, popularity: float, hosts: int, months: int
) -> dict[int, int]:
    """Month in which each host begins to sell a model; those that never do are left out."""
    rate = popularity * 0.06
    waiting = np.where(rng.random(hosts) < 0.15, 0, rng.geometric(min(rate, 0.9), size=hosts) - 1)
    slow = rng.random(hosts) < 0.5
    first = launch + waiting + slow * rng.integers(0, 24, size=hosts)
    return {h: int(t) for h, t in enumerate(first) if t < months}
