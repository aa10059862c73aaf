"""What did shares do around open models: one shock, releases by a rule, regulation and adoption?

Each function computes one question of the reports 04 to 06 and returns a result that knows its figure,
table and sentences; `load_market` and `response_returns` read the returns that they need.
"""

from __future__ import annotations

from undercut.lazy import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "universe": "load_market group_portfolios kind_of unexposed_firms GROUPS",
        "shock": "shock_of company_moves group_moves three_sessions every_test limits",
        "ladder": "rungs shock_ladder headline",
        "aftermath": "rebound longer_windows value_from_loss values_before dollars event_dollars",
        "choices": "specifications release_combinations announcement_combinations",
        "left_out": "releases_left_out announcements_left_out",
        "release_events": "release_events listed_releases market_shocks",
        "release_response": "response_returns responses",
        "release_days": "CAVEATS by_release shock_days without_company",
        "doses": "dose_slopes trend",
        "checks": "release_checks battery held_after",
        "yuan_war": "yuan_war",
        "announced": "announced pair_moves each_announcement named_moves",
        "announcement_checks": "variants mean_paths sizes omissions",
    },
)
