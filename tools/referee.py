"""Recompute the main headlines as a referee would: python -m tools.referee SITE.

Nothing here is shared with the library beyond ``load_prices``: tables are read as they lie in ``data``, and
every rule is written out again, naively. SITE is a built site; its results.json give the printed intervals.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

import undercut

DATA = Path(__file__).parents[1] / "data"
REFERENCE = DATA / "reference"
MADE = (
    ("01_market_prices", "gap_equal_capability", "gap"),
    ("02_price_index", "annual.same_model", "same_model"),
    ("03_price_of_capability", "times_cheaper.gpt_4_fixed_number", "times_cheaper"),
    ("04_deepseek_shock", "nvda.abnormal_return", "nvidia"),
    ("07_open_model_entry", "headline_effect", "dose"),
    ("08_host_competition", "entry.effect", "entry"),
    ("11_price_war", "break_even_elasticity.chips", "break_even"),
    ("12_cost_and_access", "typical_saving", "typical"),
    ("12_cost_and_access", "open_to_closed_price", "cheapest"),
    ("13_security_quality_reliability", "us_hosting_premium", "premium"),
    ("13_security_quality_reliability", "capability_gap_months", "behind"),
    ("14_adoption", "chinese_open_share", "share"),
)


def scores() -> pd.DataFrame:
    """The newest edition of the capability index by model."""
    every = pd.read_csv(REFERENCE / "capability_scores.csv.gz", parse_dates=["released"])
    return every[every["measure"] == "eci_2026_10"].set_index("model")


def panel() -> pd.DataFrame:
    """One row an offer and month (what stood on the 15th), with score, release and the seller's home."""
    prices = undercut.load_prices()
    prices = prices[(prices["price"] > 0) & (prices["mode"].isin(["chat", "responses", "completion"]))]
    models = pd.read_csv(REFERENCE / "models.csv")[["model_id", "capability_model", "release_date"]]
    models = models.assign(eci=models["capability_model"].map(scores()["score"]))
    hosts = pd.read_csv(REFERENCE / "hosts.csv")[["host", "country", "kind"]]
    rows = prices.merge(models[["model_id", "eci", "release_date"]], on="model_id").merge(hosts, on="host")
    parts = []
    for month in pd.period_range("2023-11", "2026-11", freq="M"):
        day = month.start_time + pd.Timedelta(days=14)
        on = (rows["valid_from"] <= day) & ~(rows["valid_to"] <= day)
        seen = rows[on & (rows["kind"] != "router")]
        cheapest = seen.sort_values("price").drop_duplicates(["host", "model_id"])
        parts.append(cheapest.assign(month=month))
    found = pd.concat(parts, ignore_index=True)
    return found.assign(opened=found["access"] != "closed")


def gap(rows: pd.DataFrame) -> float:
    """Log price on score, age and group, median seller outside China, where both groups have scores."""
    last = rows[(rows["month"] == rows["month"].max()) & rows["eci"].notna() & (rows["country"] != "CN")]
    chinese = (last["origin"] == "CN") & last["opened"]
    american = (last["origin"] == "US") & ~last["opened"]
    both = last[chinese | american].assign(group=chinese.astype(float))
    model = both.groupby("model_id").agg(price=("price", "median"), eci=("eci", "first"),
                                         group=("group", "first"), day=("release_date", "first"))  # fmt: skip
    ends = model.groupby("group")["eci"].agg(["min", "max"])
    model = model[model["eci"].between(ends["min"].max(), ends["max"].min())]
    age = (pd.Timestamp("2026-11-15") - pd.to_datetime(model["day"])).dt.days / 30.4
    x = np.column_stack([np.ones(len(model)), model["eci"], age, model["group"]])
    slope = np.linalg.lstsq(x, np.log(model["price"]), rcond=None)[0]
    return float(100 * np.expm1(slope[3]))


def same_model(rows: pd.DataFrame) -> float:
    """Mean monthly log change of the same model at the same seller, all listed changes, a year."""
    wide = np.log(rows.pivot_table(index=["host", "model_id"], columns="month", values="price"))
    index = wide.diff(axis=1).mean().fillna(0).cumsum()
    return float(100 * np.expm1(12 * np.polyfit(range(len(index)), index, 1)[0]))


def times_cheaper(rows: pd.DataFrame) -> float:
    """Mean of the least of five drawn offers at GPT-4's score or above, and its slope."""
    rng, found = np.random.default_rng(0), {}
    able = rows[rows["eci"] >= scores()["score"]["GPT-4 (Mar 2023)"]]
    for month, part in able[able["month"] >= pd.Period("2024-05", "M")].groupby("month"):
        drawn = [np.log(rng.choice(part["price"], 5, replace=False)).min() for _ in range(400)]
        found[month.ordinal] = np.mean(drawn)
    return float(np.exp(-12 * np.polyfit(list(found), list(found.values()), 1)[0]))


def nvidia(_: pd.DataFrame) -> float:
    """Return less what a line on RSP says, 130 sessions that end 31 before."""
    returns = pd.read_csv(DATA / "sample" / "stock_returns_bp.csv").set_index("date") / 100
    place = returns.index.get_loc("2025-01-27")
    past = returns.iloc[place - 160 : place - 30]
    slope, level = np.polyfit(past["RSP"], past["NVDA"], 1)
    return float(returns["NVDA"].iloc[place] - level - slope * returns["RSP"].iloc[place])


def dose(rows: pd.DataFrame) -> float:
    """Own price of closed models on the step of their closeness, over all months."""
    own = rows[~rows["opened"] & (rows["kind"] == "developer") & rows["eci"].notna()]
    prices = np.log(own.pivot_table(index="model_id", columns="month", values="price"))
    score = own.groupby("model_id")["eci"].first().reindex(prices.index).to_numpy()
    best = rows[rows["opened"]].groupby("month")["eci"].max().reindex(prices.columns)
    close = np.clip(1 + (best.to_numpy()[None, :] - score[:, None]) / 8, 0, 1)
    values, over, under = prices.to_numpy(), 0.0, 0.0
    for t in range(2, values.shape[1] - 6):
        window = values[:, t - 2 : t + 7]
        seen = np.isfinite(window).all(axis=1)
        if seen.any():
            step = close[seen, t] - close[seen, t - 1]
            step = step - step.mean()
            over += float(step @ (window[seen, 2:].mean(axis=1) - window[seen, 1]))
            under += float(step @ step)
    return float(100 * np.expm1(over / under))


def entry(rows: pd.DataFrame) -> float:
    """Six-month change of incumbents' prices of open weights on entries in a month, less month means."""
    opened = rows[rows["opened"] & (rows["kind"] != "developer")]
    wide = np.log(opened.pivot_table(index=["model_id", "host"], columns="month", values="price"))
    sellers = wide.notna().groupby(level="model_id").sum()
    came = sellers.diff(axis=1).clip(lower=0)
    y, x, month = [], [], []
    for t in range(1, wide.shape[1] - 6):
        change = (wide.iloc[:, t + 6] - wide.iloc[:, t - 1]).dropna()
        y += change.tolist()
        x += came.iloc[:, t].reindex(change.index.get_level_values("model_id")).tolist()
        month += [t] * len(change)
    frame = pd.DataFrame({"y": y, "x": x, "t": month})
    apart = frame - frame.groupby("t")[["y", "x"]].transform("mean").assign(t=0)
    return float(100 * np.expm1((apart["x"] @ apart["y"]) / (apart["x"] @ apart["x"])))


def cheapest(rows: pd.DataFrame) -> float:
    """Cheapest Chinese weights over the cheapest US closed model at o1's score or above, last month."""
    last = rows[(rows["month"] == rows["month"].max()) & (rows["eci"] >= scores()["score"]["o1"])]
    chinese = last[(last["origin"] == "CN") & last["opened"]]["price"].min()
    return float(100 * (chinese / last[(last["origin"] == "US") & ~last["opened"]]["price"].min() - 1))


def typical(rows: pd.DataFrame) -> float:
    """Saving at the median model of o1's score to five points above, each at its median seller."""
    beyond = rows["eci"] - scores()["score"]["o1"]
    near = rows[(rows["month"] == rows["month"].max()) & (beyond >= 0) & (beyond < 5)]
    near = near[(near["country"] != "CN") | (near["kind"] == "developer")]
    prices = near.groupby(["model_id", "origin", "opened"], as_index=False)["price"].median()
    chinese = prices[(prices["origin"] == "CN") & prices["opened"]]["price"].median()
    american = prices[(prices["origin"] == "US") & ~prices["opened"]]["price"].median()
    return float(100 * (1 - chinese / american))


def premium(rows: pd.DataFrame) -> float:
    """US sellers over the Chinese developer, same weights and month, last six months: the median model."""
    late = rows[(rows["month"] > rows["month"].max() - 6) & (rows["origin"] == "CN") & rows["opened"]]
    own = late[(late["kind"] == "developer") & (late["country"] == "CN")]
    us = late[late["country"] == "US"].groupby(["model_id", "month"], as_index=False)["price"].median()
    both = us.merge(own[["model_id", "month", "price"]], on=["model_id", "month"], suffixes=("", "_own"))
    ratio = (both["price"] / both["price_own"]).groupby(both["model_id"]).median()
    return float(100 * (ratio.median() - 1))


def behind(_: pd.DataFrame) -> float:
    """Months since a US closed model first had the score of the best Chinese open one."""
    index = scores()
    best = index[(index["origin"] == "CN") & (index["access"] != "closed")]["score"].max()
    first = index[(index["origin"] == "US") & (index["access"] == "closed") & (index["score"] >= best)]
    return float((index["released"].max() - first["released"].min()).days / 30.4)


def share(_: pd.DataFrame) -> float:
    """Chinese open weights in the weekly tokens that have an origin, mean of the last thirteen weeks."""
    weeks = pd.read_csv(REFERENCE / "token_usage_weekly.csv.gz").dropna(subset=["origin"])
    mine = weeks["tokens"].where((weeks["origin"] == "CN") & (weeks["open_weights"] == 1), 0)
    total = weeks.assign(mine=mine).groupby("week_start")[["mine", "tokens"]].sum()
    return float((100 * total["mine"] / total["tokens"]).tail(13).mean())


def break_even(_: pd.DataFrame) -> float:
    """The chain in plain numbers at the default assumptions: where a price war leaves chip makers' profit."""
    stated = tomllib.loads((DATA / "valuation" / "parameters.toml").read_text("utf-8"))
    measured = tomllib.loads((DATA / "valuation" / "measured.toml").read_text("utf-8"))
    usual = {k: {**measured.get(k, {}), **v}.get("default") for k, v in stated.items() if isinstance(v, dict)}
    war = usual | tomllib.loads((DATA / "scenarios" / "price-war.toml").read_text("utf-8"))["set"]
    grid = np.linspace(-1.4, 0, 141)
    change = [_chip_profit(war, e) - _chip_profit(usual, e) for e in grid]
    return float(grid[np.argmin(np.abs(change))])


def _chip_profit(p: dict[str, float], elasticity: float) -> float:
    rate = (
        p["risk_free"] + p["asset_beta"] * (1 + (1 - p["tax_rate"]) * p["debt_weight"]) * p["equity_premium"]
    )
    new = old = effort = demand = rent = budget = stock = 1.0
    worth, flow = 0.0, 0.0

    def faded(first: str, last: float, half: str, year: int) -> float:
        return last + (p[first] - last) * 0.5 ** ((year - 1) / p[half])

    for year in range(1, 16):
        lasting, before = (
            p["price_erosion_long_run"],
            p["frontier_share"] * new + (1 - p["frontier_share"]) * old,
        )
        new *= 1 - faded("frontier_erosion", lasting, "erosion_half_life", year)
        old *= 1 - faded("price_erosion", lasting, "erosion_half_life", year)
        listed = p["frontier_share"] * new + (1 - p["frontier_share"]) * old
        gain = faded("efficiency_gain", lasting, "erosion_half_life", year)
        effort *= 1 - (1 - p["efficiency_follows"]) * gain - p["efficiency_follows"] * (1 - listed / before)
        demand *= 1 + faded("demand_growth", p["terminal_growth"], "demand_half_life", year)
        budget *= 1 + faded("spending_growth", p["terminal_growth"], "demand_half_life", year)
        rent *= 1 - faded("rental_decline", 0.0, "erosion_half_life", year)
        floor = min(p["compute_cost_share"] * (1 + p["least_markup"]), 1) * effort
        price = max(listed, floor * rent)
        asked, direct = 1 - p["pass_through"] * (1 - price), p["direct_share"]
        tokens = min(demand * direct * price**elasticity, budget * direct / price)
        tokens += min(demand * (1 - direct) * asked**elasticity, budget * (1 - direct) / asked)
        needed = tokens * effort
        wear = 1 - 1 / p["accelerator_life"]
        stands = min(max(needed, stock * wear), stock * (1 + p["capacity_growth"]))
        shortage = (needed / stands) ** p["rent_response"]
        bought = max(stands - wear * stock, 0)
        flow = bought * rent * (shortage - (1 - p["ai_margin_long_run"]))
        stock = stands
        worth += flow / (1 + rate) ** (year - 0.5)
    later = flow * (1 + p["terminal_growth"]) / (rate - p["terminal_growth"]) / (1 + rate) ** 14.5
    return worth + later


def main(site: Path) -> pd.DataFrame:
    """Every headline twice, and whether the second lies within the first's interval."""
    rows, out = panel(), []
    for report, key, name in MADE:
        path = site / report / "results.json"
        made = json.loads(path.read_text("utf-8"))["findings"] if path.is_file() else []
        told = next((one for one in made if one["key"] == key), None)
        again = globals()[name](rows)
        low, high = (told["ci_low"], told["ci_high"]) if told else (None, None)
        inside = "not built" if low is None else "yes" if low <= again <= high else "no"
        printed = told["value"] if told else None
        out.append((report, key, printed, low, high, again, inside))
    return pd.DataFrame(out, columns=["report", "finding", "printed", "low", "high", "again", "within"])


if __name__ == "__main__":
    print(main(Path(sys.argv[1])).round(2).to_string(index=False))
