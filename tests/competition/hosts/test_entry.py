"""Does the event study find what an entry does, and nothing where it does nothing?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.competition.hosts.host_market import as_panel, host_market, true_effect
from undercut.competition.hosts.entry import effect_in, entry_effect, wild_test
from undercut.competition.hosts.entry_design import EntryDesign, count_entries
from undercut.competition.hosts.placebos import placebo_dates, placebo_effects, placebo_models
from undercut.errors import DataError, InputError


def offers(*given: tuple[str, str, int, int]) -> pd.DataFrame:
    """Offers at a price of one from a first to a last month."""
    found = [
        (model, host, month, month, 0.0)
        for model, host, first, last in given
        for month in range(first, last + 1)
    ]
    return as_panel(pd.DataFrame(found, columns=["model_id", "host", "month", "age_months", "log_price"]))


def test_the_first_sellers_of_a_model_did_not_enter() -> None:
    panel = offers(("a", "x", 0, 9), ("a", "y", 0, 9), ("b", "z", 0, 9), ("a", "z", 5, 9))
    found = count_entries(panel)
    assert found.to_numpy().tolist() == [["a", "z", 5, "dated"]]


def test_a_host_that_the_tables_just_found_has_no_dated_entry() -> None:
    panel = offers(("a", "x", 0, 9), ("a", "new", 5, 9))
    assert count_entries(panel)["kind"].tolist() == ["coverage"]


def test_a_price_list_typed_in_at_once_is_no_entry() -> None:
    old = [(f"m{i}", "x", 0, 9) for i in range(8)]
    bulk = [(f"m{i}", "y", 6, 9) for i in range(1, 8)]
    found = count_entries(offers(*old, ("m0", "y", 0, 9), *bulk))
    assert len(found) == 7 and set(found["kind"]) == {"coverage"}


def test_a_cut_that_follows_an_entry_is_found_at_its_month() -> None:
    panel = offers(
        *[(f"m{i}", h, 0, 19) for i in range(12) for h in ("x", "y", "w")],
        *[(f"n{i}", "z", 0, 19) for i in range(6)], *[(f"m{i}", "z", 6 + i % 5, 19) for i in range(5)],
    )  # fmt: skip
    entered = panel["model_id"].map({f"m{i}": 6 + i % 5 for i in range(5)})
    is_cut = panel["host"].ne("z") & (panel["month"] >= entered + 2)
    panel["log_price"] -= 0.1 * is_cut
    path = entry_effect(panel).path.set_index("horizon")["effect"]
    assert path[1] == pytest.approx(0, abs=1e-8)
    assert path[2] == pytest.approx(-0.1, abs=1e-8) and path[6] == pytest.approx(-0.1, abs=1e-8)
    assert path[-4] == pytest.approx(0, abs=1e-8)


def test_one_design_serves_every_horizon() -> None:
    panel = host_market(3)
    shared = effect_in(EntryDesign.of(panel, "dated", lags=6).up_to(3), count_entries(panel))
    pd.testing.assert_frame_equal(shared.path, entry_effect(panel, lags=3).path)


def test_what_a_host_does_to_its_whole_list_is_not_an_effect() -> None:
    panel = host_market(3, own_shock=0.0, host_shock=0.3)
    assert abs(entry_effect(panel).effect) < 1e-8
    assert abs(entry_effect(panel, comparison="same month").effect) > 1e-4


def test_the_known_effect_is_recovered_on_average() -> None:
    panels = [host_market(seed, effect=-0.08, reprice=0.3, late_hosts=0.0) for seed in range(6)]
    found = [entry_effect(panel).effect for panel in panels]
    truth = true_effect(-0.08, 0.3)
    assert np.mean(found) == pytest.approx(truth, abs=0.008)
    cuts = entry_effect(panels[0], outcome="cut")
    assert cuts.low > 0


def test_sticky_prices_that_drift_down_with_age_are_no_effect() -> None:
    """Only hosts that stood long can have seen an entry some months ago; their prices have drifted longer."""
    found = [entry_effect(host_market(seed, drift=-0.03, late_hosts=0.0)).effect for seed in range(5)]
    assert np.mean(found) == pytest.approx(0, abs=0.003)


def test_fake_entries_keep_their_number_and_have_no_effect() -> None:
    panel = host_market(2, effect=-0.08)
    entries = count_entries(panel)
    dated = placebo_dates(panel, entries, seed=1)
    assert dated.groupby("model_id").size().equals(entries.groupby("model_id").size())
    assert not dated["month"].equals(entries["month"])
    wrong = placebo_models(panel, entries, seed=1)
    sold = set(zip(panel["model_id"], panel["host"], strict=True))
    assert not sold & set(zip(wrong["model_id"], wrong["host"], strict=True))
    fakes = placebo_effects(panel, fake="models", draws=8)
    assert np.abs(fakes).max() < abs(entry_effect(panel).effect)


def test_the_wild_bootstrap_is_about_the_same_number() -> None:
    effect = entry_effect(host_market(4, effect=-0.08))
    wild = wild_test(effect, draws=199)
    assert wild.estimate == pytest.approx(effect.effect, rel=1e-6)
    assert wild.p_value < 0.05


def test_the_smallest_detectable_effect_follows_from_the_error() -> None:
    effect = entry_effect(host_market(5))
    assert effect.detectable().effect == pytest.approx(2.95 * effect.error, rel=0.05)
    freedom = min(effect.models, effect.hosts) - 1
    at_ninety = stats.t.ppf([0.95, 0.8], freedom).sum()
    looser = entry_effect(host_market(5), level=0.9).detectable()
    assert (looser.effect, looser.level) == (pytest.approx(at_ninety * effect.error), 0.9)


def test_unusable_options_are_refused() -> None:
    panel = offers(("a", "x", 0, 9), ("a", "y", 0, 9))
    with pytest.raises(DataError, match="dated entry"):
        entry_effect(panel)
    with pytest.raises(InputError, match="leads"):
        entry_effect(panel, leads=0)
    with pytest.raises(InputError, match="same month"):
        entry_effect(panel, comparison="same year")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="fake must be one of dates, models; got"):
        placebo_effects(panel, fake="hosts")  # type: ignore[arg-type]
