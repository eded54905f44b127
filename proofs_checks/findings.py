"""The findings that a reader of the report should not miss; numbers come from the evidence or from a figure."""

from lrtheory.bounds.reporting import Finding, Published, Shown, Side

_DEFAULT = "a level for each payoff and each time, the authors' defaults"
_NECESSARY = "large norms make L^2 necessary"

FINDINGS = (
    Finding(
        "**Intervals that do not hold at all times.** Where payoffs nearly tie, the default intervals of the authors' "
        "code of ResponseGraphUCB report a wrong direction as certain in {rate:.0%} of the runs, where {allowed:.0%} "
        "are allowed. With levels that hold at all times it is at most {right:.0%}, where {fewer:.0%} are allowed.",
        {
            "rate": Side("alpha_rank/RG-T4", "lhs", _DEFAULT),
            "allowed": Side("alpha_rank/RG-T4", "rhs", _DEFAULT),
            "right": Side("alpha_rank/RG-T4", "upper"),
            "fewer": Side("alpha_rank/RG-T4", "rhs"),
        },
    ),
    Finding(
        "**Large norms are not hard, and real heads are not easy.** A remark of the paper on adapters calls its bound "
        "on the norms necessary. On the corners of a cube, beyond it, the exact gradient takes {additions:,.0f} "
        "additions for {pairs:,.0f} pairs of tokens. In a small language model, though, polynomials do not pay: "
        "{every}, and {pays}.",
        {
            "additions": Side("lora_limits/LL-H6-cost", "rhs", _NECESSARY),
            "pairs": Side("lora_limits/LL-H6-cost", "lhs", _NECESSARY),
            "every": Shown("lora_limits/real-heads", "every head needs degree 8 or more for rows within a hundredth"),
            "pays": Shown(
                "lora_limits/real-heads", "its features would pay from ten million tokens on at the earliest"
            ),
        },
    ),
    Finding(
        "**Exponentially many rankings, or a handful.** First places alone (SNTV) do not show the good members of a "
        "group that judges look down on until each of them was on top once, and until then a quota picks among them by "
        "chance. Beside h = 24 others this takes {many:.2g} rankings in the median. {borda}.",
        {
            "many": Published(
                "fair_subset_selection/blind-panel", "rankings until all good items were on top, median, h = 24"
            ),
            "borda": Shown("fair_subset_selection/blind-panel", "Borda needs fewer than 10 rankings for every h"),
        },
    ),
    Finding(
        "**Fast against streams, not against spies.** Two guesses of the optimum that are kept up to date lazily go "
        "far: {hundredth}. But whoever deletes what was just chosen makes a deletion cost {attacked:,.0f} queries, not "
        "{oblivious:,.0f}; {value}.",
        {
            "hundredth": Shown(
                "dynamic_submodular/stream-length",
                "at the longest stream the lazy pair asks for a hundredth of what greedy run again does",
            ),
            "attacked": Published("dynamic_submodular/adaptive-attack", "queries a deletion, attacked, n = 300"),
            "oblivious": Published("dynamic_submodular/adaptive-attack", "queries a deletion, oblivious, n = 300"),
            "value": Shown(
                "dynamic_submodular/adaptive-attack", "the value of the guess never falls below one half of the guess"
            ),
        },
    ),
    Finding(
        "**A bound that is right and says nothing.** Dual mirror descent has regret {ours:.0f} on the linear programs "
        "of the paper's experiment, its code recorded {theirs:.0f}, and {vacuous}. On small instances, where the bound "
        "does say something, the regret comes up to {share:.0%} of it.",
        {
            "ours": Published("dual_mirror_descent/network-revenue-management", "regret, 101 actions"),
            "theirs": Published("dual_mirror_descent/network-revenue-management", "regret, 101 actions", "published"),
            "vacuous": Shown("dual_mirror_descent/network-revenue-management", "the bound of theory is vacuous here"),
            "share": Side("dual_mirror_descent/DMD-T1", "tightness"),
        },
    ),
)
