"""scipy: the exact confidence interval for a proportion."""

from dataclasses import replace
from fractions import Fraction
from functools import cache, partial

from lrtheory.bounds import Documented, Statement, always, coverage, instances, oracles, saboteur
from scipy import stats


@cache
def interval(k, n, method="exact", level=0.95, alternative="two-sided"):
    return tuple(map(float, stats.binomtest(k, n, alternative=alternative).proportion_ci(level, method=method)))


FAMILY = replace(instances.binomials(10, name="binomials-to-10"), climb=None)

EXACT = Statement(
    id="scipy/binomtest-interval",
    title="The exact interval for a proportion covers it",
    says="The 95 percent interval of `binomtest` by the method `exact` contains the true probability of success with "
    "probability at least 95 percent, for every number n of trials and every probability.",
    source=Documented(
        "scipy", "stats.binomtest", "the interval for the proportion is by default the exact one of Clopper and Pearson"
    ),
    tex=r"P_p(L \le p \le U) \ge 19/20",
    hypotheses={"none": always},
    instances=FAMILY,
    solve=oracles.for_every_count(interval),
    claim=coverage(),
    saboteurs=(
        saboteur("the interval of Wilson", solve=oracles.for_every_count(partial(interval, method="wilson"))),
        saboteur("one-sided ends", solve=oracles.for_every_count(partial(interval, level=0.9))),
        saboteur("at 98 percent", claim=coverage(Fraction(98, 100))),
    ),
    decisions=("outcome",),
    notes="The coverage is computed at every end of an interval, where it is least, and not only on a grid.",
)
