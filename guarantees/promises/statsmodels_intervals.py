"""statsmodels: confidence intervals for a proportion."""

from dataclasses import replace
from fractions import Fraction
from functools import cache, partial

import ready
from lrtheory.bounds import Documented, Statement, always, saboteur
from ready import oracles
from ready.oracles import coverage
from statsmodels.stats.proportion import proportion_confint


@cache
def interval(k, n, method="beta", alpha=0.05):
    return tuple(map(float, proportion_confint(k, n, alpha=alpha, method=method)))


BETA = Statement(
    id="statsmodels/interval-beta",
    title="The interval by the beta law covers a proportion",
    says="The interval of `proportion_confint` by the method `beta` at alpha 5 percent contains the true probability "
    "of success with probability at least 95 percent, for every number n of trials and every probability.",
    source=Documented(
        "statsmodels",
        "stats.proportion.proportion_confint",
        "the interval of Clopper and Pearson, whose method is called beta, covers with probability at least 1 - alpha",
    ),
    tex=r"P_p(L \le p \le U) \ge 19/20",
    hypotheses={"none": always},
    instances=replace(ready.binomials(10, name="binomials-to-10"), climb=None),
    solve=oracles.for_every_count(interval),
    claim=coverage(),
    saboteurs=(
        saboteur("the interval of Jeffreys", solve=oracles.for_every_count(partial(interval, method="jeffreys"))),
        saboteur(
            "the interval of Agresti and Coull",
            solve=oracles.for_every_count(partial(interval, method="agresti_coull")),
        ),
        saboteur("at 98 percent", claim=coverage(Fraction(98, 100))),
    ),
    decisions=("outcome",),
    notes="Of the other methods the documentation says itself that they may cover less often.",
)
