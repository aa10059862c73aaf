"""What does it cost to compute a million tokens of an open model on rented GPUs?

A cost model with every assumption in the open: rent, speed of the chips, the share of that speed that serving
reaches, and the share of time that is sold. None of these is observed at the hosts; each has a range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from undercut.competition.hosts.model_sizes import active_parameters
from undercut.errors import InputError, OutsideDataError, check_known, unknown
from undercut.inference.arrays import Floats
from undercut.paths import read_beside
from undercut.prices.workloads import Workload, find_workload

#: Peak dense bfloat16 speed, 10^12 operations a second (NVIDIA's data sheets, without sparsity).
PEAK_TERAFLOPS: Final = {"A100": 312.0, "H100": 989.0, "H200": 989.0, "B200": 2250.0}

#: The one operator that published its figures: DeepSeek (2025), Inference System Overview, one day of V3 and
#: R1 on H800 (the H100's speed, 37 billion active parameters): 73,700 prompt tokens (cache hits among them)
#: or 14,800 output tokens a second and node of eight. Nodes come and go with demand, so the time in use is
#: all sold.
DISCLOSED: Final = {
    "prefill_efficiency": 2 * 37e9 * 73_700 / 8 / 989e12,
    "decode_efficiency": 2 * 37e9 * 14_800 / 8 / 989e12,
    "utilisation": 1.0,
    "overhead": 1.0,
}


@dataclass(frozen=True, slots=True)
class Assumption:
    """A quantity that is assumed, with a range and where the range comes from.

    ``low`` and ``high`` bound a distribution that is triangular in logs around ``centre``.
    """

    low: float
    centre: float
    high: float
    unit: str
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.centre <= self.high:
            raise InputError(
                "An assumption needs 0 < low <= centre <= high; got "
                f"{self.low}, {self.centre} and {self.high}."
            )

    def draw(self, generator: np.random.Generator, draws: int) -> Floats:
        """Random values, shape (draws,)."""
        if self.low == self.high:
            return np.full(draws, self.centre)
        low, mode, high = (float(np.log(end)) for end in (self.low, self.centre, self.high))
        return np.exp(generator.triangular(low, mode, high, size=draws))


#: Assumptions as they stand in the table beside this file.
ASSUMED: Final = {name: Assumption(**about) for name, about in read_beside(__file__).items()}


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Fields that are assumed."""

    def table(self) -> pd.DataFrame:
        """One row an assumption: ``assumption, low, centre, high, unit, source``."""
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return pd.DataFrame(
            [{"assumption": name.replace("_", " "), **asdict(value)} for name, value in named]
        )

    def centre(self) -> dict[str, float]:
        """Every assumption at its centre."""
        return {field.name: getattr(self, field.name).centre for field in fields(self)}


@dataclass(frozen=True, slots=True)
class ServingAssumptions(Assumptions):
    """What is assumed about serving.

    Attributes
    ----------
    prefill_efficiency, decode_efficiency : Assumption
        Operations used per second over the peak in bfloat16, while reading the prompt and while writing.
    utilisation : Assumption
        Share of rented time in which paid work runs at that speed.
    overhead : Assumption
        All cost of serving over the rent of GPUs.
    """

    prefill_efficiency: Assumption = ASSUMED["prefill_efficiency"]
    decode_efficiency: Assumption = ASSUMED["decode_efficiency"]
    utilisation: Assumption = ASSUMED["utilisation"]
    overhead: Assumption = ASSUMED["overhead"]


def throughput(active_billions: npt.ArrayLike, *, efficiency: npt.ArrayLike, gpu: str = "H100") -> Floats:
    """Tokens per second and GPU.

    Parameters
    ----------
    active_billions : array_like
        Parameters that work on a token.
    efficiency : array_like
        Share of the chip's peak that is used.
    gpu : str
        A100, H100, H200 or B200.

    Notes
    -----
    ``efficiency * peak / (2 * active parameters)``: two operations per parameter and token (Kaplan and others
    2020, Scaling Laws for Neural Language Models, section 2.1). Attention over long prompts costs more.

    Examples
    --------
    >>> round(float(throughput(37, efficiency=0.14, gpu="H100")))
    1871
    """
    check_known("GPU", gpu, PEAK_TERAFLOPS)
    operations = np.asarray(efficiency, dtype=float) * PEAK_TERAFLOPS[gpu] * 1e12
    return operations / (2 * np.asarray(active_billions, dtype=float) * 1e9)


def cost_of_tokens(
    *,
    prompt_tokens: npt.ArrayLike,
    output_tokens: npt.ArrayLike,
    prefill_speed: npt.ArrayLike,
    decode_speed: npt.ArrayLike,
    usd_per_gpu_hour: npt.ArrayLike,
    utilisation: npt.ArrayLike = 1.0,
    overhead: npt.ArrayLike = 1.0,
) -> Floats:
    """US dollars for computing a number of tokens.

    Parameters
    ----------
    prompt_tokens, output_tokens : array_like
    prefill_speed, decode_speed : array_like
        Tokens per second and GPU.
    usd_per_gpu_hour, utilisation, overhead : array_like

    Examples
    --------
    One GPU-hour at two dollars writes 3.6 million tokens at 1,000 a second:

    >>> float(cost_of_tokens(prompt_tokens=0, output_tokens=3.6e6, prefill_speed=1, decode_speed=1000,
    ...                      usd_per_gpu_hour=2))
    2.0
    """
    work = [np.asarray(tokens, dtype=float) for tokens in (prompt_tokens, output_tokens)]
    seconds = work[0] / np.asarray(prefill_speed, dtype=float) + work[1] / np.asarray(
        decode_speed, dtype=float
    )
    hours = seconds / 3600 / np.asarray(utilisation, dtype=float)
    return hours * np.asarray(usd_per_gpu_hour, dtype=float) * np.asarray(overhead, dtype=float)


def cost_factor(
    workload: str | Workload,
    assumptions: ServingAssumptions | Mapping[str, float] | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Floats:
    """Cost per million tokens of a model with one billion active parameters on a GPU that rents for one
    dollar an hour and computes 10^12 operations a second.

    Everything that is assumed is in this one factor; what a model and a month add (parameters, rent, chip)
    are facts that multiply it. So doubt about throughput moves all models alike.

    Parameters
    ----------
    workload : str or Workload
        Shares of fresh input and output; cached input is taken to cost nothing.
    assumptions : ServingAssumptions or mapping, optional
        Ranges to draw from, or fixed values by name.
    draws, seed
        Of the draws; fixed values give one.

    Returns
    -------
    ndarray, shape (draws,)
    """
    mix = find_workload(workload)
    chosen = assumptions if assumptions is not None else ServingAssumptions()
    if isinstance(chosen, ServingAssumptions):
        generator = np.random.default_rng(seed)
        drawn = {field.name: getattr(chosen, field.name).draw(generator, draws) for field in fields(chosen)}
    else:
        drawn = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in chosen.items()}
    per_token = 2e9 / 1e12  # seconds of one unit of speed for a token of one unit of size
    return cost_of_tokens(
        prompt_tokens=1e6 * mix.input, output_tokens=1e6 * mix.output,
        prefill_speed=drawn["prefill_efficiency"] / per_token,
        decode_speed=drawn["decode_efficiency"] / per_token, usd_per_gpu_hour=1.0,
        utilisation=drawn["utilisation"], overhead=drawn["overhead"],
    )  # fmt: skip


def rent_per_speed(rental: pd.DataFrame, *, column: str = "usd_per_gpu_hour_median_list") -> pd.DataFrame:
    """The cheapest speed that could be rented each month.

    Parameters
    ----------
    rental : DataFrame
        The reference table ``gpu_rental``.
    column : str
        Which price of an hour: the median of the clouds' lists, or ``usd_per_gpu_hour_restated``.

    Returns
    -------
    DataFrame
        ``period, gpu, usd_per_gpu_hour, usd_per_teraflop_hour``: the GPU with the lowest rent per unit of
        peak speed.
    """
    if column not in rental:
        raise unknown("column", column, rental.columns)
    known = rental[rental[column].notna() & rental["gpu"].isin(list(PEAK_TERAFLOPS))]
    if known.empty:
        raise OutsideDataError(f"The table of GPU rents has no price in {column}.")
    months = pd.to_datetime(known["date"]).dt.strftime("%Y-%m")
    per_speed = known[column] / known["gpu"].map(PEAK_TERAFLOPS)
    table = known.assign(period=months, usd_per_gpu_hour=known[column], usd_per_teraflop_hour=per_speed)
    best = table.sort_values(["period", "usd_per_teraflop_hour", "gpu"]).drop_duplicates("period")
    columns = ["period", "gpu", "usd_per_gpu_hour", "usd_per_teraflop_hour"]
    return best[columns].reset_index(drop=True)


def serving_cost(
    model_months: pd.DataFrame, rental: pd.DataFrame, *, column: str = "usd_per_gpu_hour_median_list"
) -> pd.DataFrame:
    """What a model costs to serve in a month, up to the factor that carries the assumptions.

    Parameters
    ----------
    model_months : DataFrame
        With ``model_id`` and ``period``.
    rental, column
        As in :func:`rent_per_speed`. A month without a rent takes the last one before it.

    Returns
    -------
    DataFrame
        ``model_months`` plus ``active_billions``, ``gpu``, ``rent_month`` and ``unit_cost``: multiply by
        :func:`cost_factor` for US dollars per million tokens. Missing where a model's size is unknown.

    Raises
    ------
    OutsideDataError
        A month before the first rent.
    """
    rents = (
        rent_per_speed(rental, column=column).sort_values("period").rename(columns={"period": "rent_month"})
    )
    months = pd.Series(sorted(model_months["period"].unique()))
    position = np.searchsorted(rents["rent_month"], months, side="right") - 1
    if (position < 0).any():
        raise OutsideDataError(
            f"No GPU rent is known for {months.iloc[0]}; rents start {rents['rent_month'].iloc[0]}."
        )
    by_month = rents.iloc[position].set_index(pd.Index(months, name="period"))
    table = model_months.join(by_month[["gpu", "rent_month", "usd_per_teraflop_hour"]], on="period")
    table["active_billions"] = active_parameters(table["model_id"])
    table["unit_cost"] = table["active_billions"] * table["usd_per_teraflop_hour"]
    return table.drop(columns="usd_per_teraflop_hour")
