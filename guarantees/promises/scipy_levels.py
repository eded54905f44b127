"""scipy: tests whose p-values are called exact, and what ties do to them.

A test keeps its level if, at every level, it rejects a true hypothesis at most that often. Where both samples come from
one law, all splits of the pooled values into two samples are equally likely; where a law is symmetric about 0, all
signs are; where two columns are independent, all orders are. So all cases are tried and the p-values are counted.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations, product

import numpy as np
import ready
from lrtheory.bounds import Documented, Family, Statement, Tight, Violated, always, repair, saboteur
from ready import oracles
from ready.oracles import attained_level
from scipy import stats

Pool, on_every_split = ready.Pool, oracles.on_every_split


def ranks(values):
    """The place of each value among the different ones, which is all that a test of ranks looks at."""
    place = {value: i for i, value in enumerate(sorted(set(values)))}
    return tuple(place[value] for value in values)


def quick(test):
    """A test of ranks is asked once for each order of ranks."""
    known = cache(lambda found, m: float(test(np.array(found[:m]), np.array(found[m:]))))
    return lambda x, y: known(ranks((*x.tolist(), *y.tolist())), len(x))


def too_small(test):
    """A wrong solver: a p-value without the cases that are exactly as extreme, here one case of them all."""
    return lambda x, y: max(test(x, y) - 1 / math.comb(len(x) + len(y), len(x)), 0)


# --- two samples without ties ----------------------------------------------------------------------------------------

UNTIED = replace(ready.pools(7, bottom=4, least=2, ties=False, name="untied"), climb=None)
HALF = saboteur("at half of the level", claim=attained_level(times=Fraction(1, 2)))
NO_TIES = {"no ties": lambda pool: not pool.tied}


def without_ties(item, function, words, p_value, tight=(0, 1, 2, 3, 4)):
    """A test of two samples that is documented as exact where no values tie; the smallest pool has four values."""
    test = quick(p_value)
    return Statement(
        id=f"scipy/{item}",
        title=f"`{function}` keeps its level where no values tie",
        says=f"Where no two of the pooled values are equal, the p-value p of `{function}` is at most alpha in at most "
        "the share alpha of all splits of the values into two samples, for every alpha.",
        source=Documented("scipy", f"stats.{function}", words),
        tex=r"P(p \le \alpha) \le \alpha",
        hypotheses=NO_TIES,
        instances=replace(UNTIED, tight=(Tight(Pool(tight, 2), 1, 1),)),
        solve=on_every_split(test),
        claim=attained_level(),
        saboteurs=(saboteur("one case less", solve=on_every_split(too_small(test))), HALF),
        decisions=("outcome",),
    )


MANN_WHITNEY = without_ties(
    "mannwhitneyu",
    "mannwhitneyu",
    "without ties and with a sample of at most eight values the default p-value is exact",
    lambda x, y: stats.mannwhitneyu(x, y).pvalue,
)
KOLMOGOROV_SMIRNOV = without_ties(
    "ks-2samp",
    "ks_2samp",
    "the default p-value of small samples is the probability of a statistic as extreme as the one observed",
    lambda x, y: stats.ks_2samp(x, y).pvalue,
)
CRAMER_VON_MISES = without_ties(
    "cramervonmises-2samp",
    "cramervonmises_2samp",
    "the default p-value of samples of at most 20 values is exact, by enumeration of all cases",
    lambda x, y: stats.cramervonmises_2samp(x, y).pvalue,
)
ANSARI = without_ties(
    "ansari",
    "ansari",
    "the p-value is exact where both samples have fewer than 55 values and none of them tie",
    lambda x, y: stats.ansari(x, y).pvalue,
    tight=(0, 1, 2, 3),
)


# --- two samples with ties -------------------------------------------------------------------------------------------

# two values twice: the least pool that can be split into two samples of two values with ties within each
TIED = ready.pools(6, bottom=4, least=2, ties=True, name="tied")
TIED = replace(TIED, always=(Pool((0, 0, 1, 1), 2), *TIED.smallest()), climb=None)
TIES = {"some values tie": lambda pool: pool.tied}

KOLMOGOROV_SMIRNOV_TIES = replace(
    KOLMOGOROV_SMIRNOV,
    id="scipy/ks-2samp-ties",
    title="`ks_2samp` keeps its level with ties too",
    says="Where some of the pooled values are equal, the p-value p of `ks_2samp` is at most alpha in at most the share "
    "alpha of all splits of the values into two samples, for every alpha.",
    hypotheses=TIES,
    instances=TIED,
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    notes="Nothing is said of ties. The claim is what a user would expect of a p-value that is called exact.",
)


def statistic(x, y):
    """The statistic of Cramer and von Mises up to a factor, in integers: four times U with ranks in the middle."""
    total = 0
    for sample in (sorted(x), sorted(y)):
        for place, value in enumerate(sample, start=1):
            rank = sum(2 * int(z < value) + int(z == value) for z in (*x, *y)) + 1  # twice the rank
            total += len(sample) * (rank - 2 * place) ** 2
    return total


def by_splits(x, y):
    """The exact p-value with ties: the share of splits whose statistic is at least as large."""
    pool, m = (*x, *y), len(x)
    cases = [
        statistic([pool[i] for i in chosen], [pool[i] for i in range(len(pool)) if i not in chosen])
        for chosen in combinations(range(len(pool)), m)
    ]
    return sum(case >= statistic(x, y) for case in cases) / len(cases)


CRAMER_VON_MISES_TIES = Statement(
    id="scipy/cramervonmises-2samp-ties",
    title="`cramervonmises_2samp` is conservative where values tie",
    says="Where some of the pooled values are equal, the p-value p of `cramervonmises_2samp` is at most alpha in at "
    "most the share alpha of all splits of the values into two samples, for every alpha.",
    source=Documented(
        "scipy",
        "stats.cramervonmises_2samp",
        "the p-value is probably conservative where the law is not continuous; tied values share a middle rank",
    ),
    tex=r"P(p \le \alpha) \le \alpha",
    hypotheses=TIES,
    instances=TIED,
    solve=on_every_split(quick(lambda x, y: stats.cramervonmises_2samp(x, y).pvalue)),
    claim=attained_level(),
    decisions=("outcome",),
    violated=Violated(
        "Ranks in the middle are compared with the law of ranks without ties, so that two zeros against two ones get "
        "the p-value 0 in one of three splits"
    ),
    repairs=(repair("the law of the splits", solve=on_every_split(quick(by_splits))),),
    notes="The documentation says that this is likely, and not that it always is so. A p-value of 0 is out of question "
    "for any law of finitely many cases. The default method takes this path where both samples have at most 20 values.",
)


# --- signs, orders, permutations -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Magnitudes:
    """The absolute values of differences, to which a symmetric law gives all signs with the same probability."""

    values: tuple[int, ...]


def with_all_signs(test):
    return lambda one, rng: np.array(
        [test(np.array(one.values) * signs) for signs in product((1, -1), repeat=len(one.values))]
    )


def gaps(draws):
    return Magnitudes(tuple(np.cumsum(draws.integers(1, 5, shape=draws.integers(2, 6))).tolist()))


wilcoxon = cache(lambda found: float(stats.wilcoxon(found).pvalue))
# without ties and zeros the test looks at signed ranks alone
signed_ranks = lambda x: wilcoxon(tuple(((np.array(ranks(np.abs(x).tolist())) + 1) * np.sign(x)).tolist()))

WILCOXON = Statement(
    id="scipy/wilcoxon",
    title="`wilcoxon` keeps its level where no differences tie",
    says="Where n differences have distinct absolute values, none of them 0, the p-value p of `wilcoxon` is at most "
    "alpha for at most the share alpha of all 2^n signs, for every alpha.",
    source=Documented(
        "scipy", "stats.wilcoxon", "with at most 50 distinct differences, none of them 0, the default p-value is exact"
    ),
    tex=r"P(p \le \alpha) \le \alpha",
    hypotheses={"no ties, no zeros": lambda one: len(set(one.values)) == len(one.values) and min(one.values) > 0},
    instances=Family(
        "magnitudes",
        always=[Magnitudes(tuple(range(1, n + 1))) for n in range(1, 8)],
        tight=(Tight(Magnitudes((1, 2)), 1, 1),),
        draw=gaps,
    ),
    solve=with_all_signs(signed_ranks),
    claim=attained_level(cases=lambda one: 2 ** len(one.values)),
    saboteurs=(
        saboteur("one-sided", solve=with_all_signs(lambda x: signed_ranks(x) / 2)),
        saboteur(
            "at half of the level", claim=attained_level(times=Fraction(1, 2), cases=lambda one: 2 ** len(one.values))
        ),
    ),
    decisions=("outcome",),
)

tied_wilcoxon = cache(lambda found: float(stats.wilcoxon(found).pvalue))

WILCOXON_TIES = replace(
    WILCOXON,
    id="scipy/wilcoxon-ties",
    title="`wilcoxon` keeps its level with ties and zeros",
    says="Where some of n differences are 0 or have the same absolute value, the p-value p of `wilcoxon` is at most "
    "alpha for at most the share alpha of all 2^n signs, for every alpha.",
    source=Documented(
        "scipy", "stats.wilcoxon", "with ties or zeros and at most 13 differences, the default tries all permutations"
    ),
    hypotheses={"ties or zeros": lambda one: len(set(one.values)) < len(one.values) or 0 in one.values},
    instances=Family(
        "tied-magnitudes",
        always=[
            Magnitudes(values) for values in ((1, 1), (0, 1), (1, 1, 1), (0, 1, 1), (0, 1, 2), (1, 1, 2), (1, 2, 2))
        ],
        tight=(Tight(Magnitudes((0, 1, 1)), 1, 1),),
        draw=lambda draws: Magnitudes((1, *sorted(draws.integers(0, 2, shape=2).tolist()))),
    ),
    solve=with_all_signs(lambda x: tied_wilcoxon(tuple(x.tolist()))),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("one-sided", solve=with_all_signs(lambda x: tied_wilcoxon(tuple(x.tolist())) / 2)),
        WILCOXON.saboteurs[1],
    ),
)


@dataclass(frozen=True)
class Column:
    """Distinct values of one column; the other column comes in every order with the same probability."""

    values: tuple[int, ...]


def in_all_orders(test):
    return lambda one, rng: np.array([test(one.values, order) for order in permutations(range(len(one.values)))])


kendall = cache(lambda x, y: float(stats.kendalltau(x, y).pvalue))
orders = lambda one: math.factorial(len(one.values))

KENDALL = Statement(
    id="scipy/kendalltau",
    title="`kendalltau` keeps its level where no values tie",
    says="Where n distinct values are paired with n others in any order, the p-value p of `kendalltau` is at most "
    "alpha for at most the share alpha of all n! orders, for every alpha.",
    source=Documented(
        "scipy", "stats.kendalltau", "without ties the p-value can be exact, which is the default for few values"
    ),
    tex=r"P(p \le \alpha) \le \alpha",
    hypotheses={"no ties": lambda one: len(set(one.values)) == len(one.values)},
    instances=Family(
        "columns",
        always=[Column(tuple(range(n))) for n in range(2, 6)],
        tight=(Tight(Column((0, 1, 2)), 1, 1),),
        draw=lambda draws: Column(tuple(np.argsort(draws.permutation(draws.integers(2, 4))).tolist())),
    ),
    solve=in_all_orders(kendall),
    claim=attained_level(cases=orders),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("one-sided", solve=in_all_orders(lambda x, y: kendall(x, y) / 2)),
        saboteur("at half of the level", claim=attained_level(times=Fraction(1, 2), cases=orders)),
    ),
    decisions=("outcome",),
)


def difference(x, y, axis=-1):
    return np.mean(x, axis=axis) - np.mean(y, axis=axis)


def permuted(x, y, **more):
    return float(stats.permutation_test((x, y), difference, vectorized=True, n_resamples=np.inf, **more).pvalue)


POOLS = ready.pools(5, bottom=4, least=2, name="few-values")

PERMUTATION = Statement(
    id="scipy/permutation-test",
    title="`permutation_test` keeps its level, with ties too",
    says="The p-value p of `permutation_test` for the difference of two means is at most alpha in at most the share "
    "alpha of all splits of the pooled values into two samples, for every alpha.",
    source=Documented(
        "scipy", "stats.permutation_test", "the p-value is exact where all distinct partitions of the data are tried"
    ),
    tex=r"P(p \le \alpha) \le \alpha",
    hypotheses={"none": always},
    instances=replace(POOLS, tight=(Tight(Pool((0, 1, 2, 4), 2), 1, 1),), climb=None),
    solve=on_every_split(permuted),
    claim=attained_level(),
    closed="the promise bounds an answer from one side, and a wrong one on that side keeps it too",
    saboteurs=(
        saboteur("one side chosen by the data", solve=on_every_split(lambda x, y: permuted(x, y) / 2)),
        HALF,
    ),
    decisions=("outcome",),
)
