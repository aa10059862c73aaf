"""What does a task cost? Dollars per task and per solved task, by benchmark, group and time."""

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "data": "GROUPS task_costs with_token_prices",
        "gap": "TaskGap TaskGaps TokensPerTask leave_one_out task_gap task_gaps tokens_per_task",
        "trend": "CostTrend CostTrends cost_records cost_trend cost_trends",
    },
)
