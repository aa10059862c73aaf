"""Assumptions: their ranges, their nonsense, and the quantiles behind Monte Carlo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from undercut.errors import DataError, InputError, SourceError, UnknownNameError
from undercut.valuation.assumptions import (
    DISTRIBUTIONS,
    Assumptions,
    correlation_matrix,
    load_assumptions,
    quantile,
)


def test_every_parameter_says_what_it_means_where_it_comes_from_and_how_wide_it_is(
    assumptions: Assumptions,
) -> None:
    for parameter in assumptions.parameters.values():
        assert parameter.meaning and parameter.unit and parameter.source and parameter.nonsense
        assert parameter.minimum <= parameter.low <= parameter.default <= parameter.high <= parameter.maximum
        assert parameter.evidence in ("measured", "published", "assumption")


@pytest.mark.parametrize("distribution", [d for d in DISTRIBUTIONS if d != "fixed"])
def test_quantiles_agree_with_scipys(distribution: str) -> None:
    u = np.linspace(0.001, 0.999, 97)
    low, mode, high = 0.2, 0.5, 1.1
    reach = stats.norm.ppf(0.95)
    expected = {
        "uniform": stats.uniform(low, high - low),
        "triangular": stats.triang((mode - low) / (high - low), low, high - low),
        "normal": stats.norm(mode, (high - low) / (2 * reach)),
        "lognormal": stats.lognorm(np.log(high / low) / (2 * reach), scale=np.sqrt(low * high)),
    }[distribution]
    found = quantile(u, distribution=distribution, default=mode, low=low, high=high)  # type: ignore[arg-type]
    assert found == pytest.approx(expected.ppf(u), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("share_loss", 1.5, "shares would become negative"),
        ("ai_margin_long_run", 1.2, "costs are negative"),
        ("compute_cost_share", 0.99, "cannot be paid from them"),
        ("elasticity", 0.3, "buy more because it costs more"),
        ("price_erosion", 1.0, "given away"),
        ("tax_rate", 1.0, "nothing to value"),
        ("debt_weight", 1.0, "belongs to its lenders"),
    ],
)
def test_nonsense_is_refused_with_its_economics(
    assumptions: Assumptions, name: str, value: float, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        assumptions.with_values({name: value}, source="test")


def test_all_mistakes_are_told_at_once(assumptions: Assumptions) -> None:
    with pytest.raises(InputError, match=r"elasticity.*tax_rate"):
        assumptions.with_values({"elasticity": 1.0, "tax_rate": 2.0}, source="test")
    with pytest.raises(UnknownNameError, match="Did you mean: price_erosion"):
        assumptions.with_values({"price_erosoin": 0.1}, source="test")
    with pytest.raises(InputError, match="must be a number"):
        assumptions.with_values({"elasticity": float("nan")}, source="test")


def test_a_range_moves_with_its_default_and_is_cut_where_sense_ends(assumptions: Assumptions) -> None:
    before = assumptions["price_erosion"]
    moved = assumptions.with_values({"price_erosion": before.default + 0.1}, source="test")["price_erosion"]
    assert (moved.low, moved.high) == pytest.approx((before.low + 0.1, before.high + 0.1))
    cut = assumptions.with_values({"price_erosion": 0.9}, source="test")["price_erosion"]
    assert cut.high == before.maximum and cut.source == "test"
    assert assumptions["price_erosion"].default == before.default, "the original stays as it was"


def test_contradicting_correlations_are_refused(assumptions: Assumptions) -> None:
    from dataclasses import replace

    from undercut.valuation.assumptions import Correlation

    impossible = replace(
        assumptions,
        correlations=(
            Correlation(("price_erosion", "share_loss"), 0.95, ""),
            Correlation(("share_loss", "demand_growth"), 0.95, ""),
            Correlation(("price_erosion", "demand_growth"), -0.95, ""),
        ),
    )
    with pytest.raises(InputError, match="contradict each other"):
        correlation_matrix(["price_erosion", "share_loss", "demand_growth"], impossible.correlations)


def test_a_file_with_mistakes_names_each_with_its_parameter(tmp_path: Path) -> None:
    good = '[a]\nmeaning="m"\nunit="u"\ndefault={d}\nlow=0.0\nhigh=1.0\ndistribution="uniform"\nminimum=0.0\n'
    good += 'maximum=1.0\nnonsense="n"\nevidence="assumption"\nsource="s"\n'
    path = tmp_path / "parameters.toml"
    path.write_text(good.format(d=2.0) + '[b]\nmeaning = "only this"\n')
    with pytest.raises(DataError) as caught:
        load_assumptions(path)
    assert "a = 2 makes no sense" in str(caught.value) and "[b]: missing" in str(caught.value)
    broken = tmp_path / "broken.toml"
    broken.write_text("[a\n")
    with pytest.raises(SourceError, match="is not TOML"):
        load_assumptions(broken)
    with pytest.raises(SourceError, match="cannot be read"):
        load_assumptions(tmp_path / "absent.toml")
