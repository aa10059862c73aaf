"""What does the report on cost and access compute? Bills, sellers and waits."""

from __future__ import annotations

from datetime import date
from typing import Final

import pandas as pd

from undercut.competition.adoption.availability import (
    Wait,
    wait_for_seller,
)
from undercut.competition.adoption.deployment import (
    CHINESE_API,
    US_SELLER,
    DeploymentAssumptions,
    MonthlyBills,
)
from undercut.competition.hosts.serving_cost import Assumption, ServingAssumptions
from undercut.studies.framed import Framed

#: Million tokens a month.
VOLUMES: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
#: Ways to Chinese weights by the token.
BOUGHT: Final = (CHINESE_API, US_SELLER)
#: The volume at which ratios are told, million tokens a month.
AT: Final = 100

_GIVEN: Final = "as set for this report"


class Bill(Framed, row="way", value="bill"):
    """Bills of four ways to one capability; `frame` as `MonthlyBills.bills`."""

    bills: MonthlyBills
    capability: str
    workload: str


class Waits(Framed, row="model_id", value="days"):
    """Days from release to a US seller: of late models (`frame` is one row a model) and of all since 2025."""

    wait: Wait
    earlier: Wait
    released_from: str


def assumptions(
    *, staff_usd_hour: float, self_hosting_hours: float, gpus: float, utilisation: float
) -> dict[str, DeploymentAssumptions | ServingAssumptions]:
    """Ranges around the report's centres, as `monthly_bills` takes them: ``assumptions`` and ``serving``."""

    def around(centre: float, width: float, unit: str) -> Assumption:
        return Assumption(centre / width, centre, width * centre, unit, _GIVEN)

    work = Assumption(utilisation / 2, utilisation, max(0.9, utilisation), "share of time", _GIVEN)
    staffing = DeploymentAssumptions(
        usd_per_staff_hour=around(staff_usd_hour, 2, "USD an hour"),
        self_hosting_hours=around(self_hosting_hours, 4, "hours a month"),
        gpus=around(gpus, 2, "GPUs"),
    )
    return {"assumptions": staffing, "serving": ServingAssumptions(utilisation=work)}


def waits(panel: pd.DataFrame, day: date, *, released_from: str) -> Waits:
    """Waits of models released from a day on, or in the last six months where that is longer."""
    start = min(pd.Timestamp(released_from), pd.Timestamp(day) - pd.DateOffset(months=6))
    released = f"{start:%Y-%m-%d}"
    wait, earlier = (wait_for_seller(panel, released_from=since) for since in (released, "2025-01-01"))
    return Waits(wait.models, wait, earlier, released)
