"""Batches: the value with dead members, the cost of a death, and how rarely a level is built again."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import combinations
from math import comb

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Probability, Recorded, Sides, Statement, saboteur
from lrtheory.dynamic_submodular import theory
from lrtheory.dynamic_submodular.structures import batches
from proofs_checks.dynamic_submodular import wrong_solvers
from proofs_checks.dynamic_submodular.families.epochs import (
    ATTACKED,
    BUCKETS,
    IN_ORDER,
    PERMUTATIONS,
    Deaths,
    epochs,
    hit,
    prefix_bound,
)
from proofs_checks.dynamic_submodular.families.functions import value_of
from proofs_checks.dynamic_submodular.families.runs import (
    WRONG,
    Batched,
    batched,
    chosen,
    is_set,
    spoiled,
    worth,
    worth_of,
)
from proofs_checks.dynamic_submodular.families.streams import (
    DYING,
    EXACT_DYING,
    HYPOTHESES,
    SUPERMODULAR,
    SUPERMODULAR_DYING,
    Updates,
)
from proofs_checks.dynamic_submodular.levels import gain, is_full


def living(updates: Updates, found: Batched) -> np.ndarray:
    """Return f of the living by the table; WRONG where they are not those of the sequence, or a report is false."""
    values = worth(updates, found.members, found.values)
    anybody = np.ones(updates.function.n, bool)
    rows = zip(found.members, found.sequence, found.sequence_values, updates.present, strict=True)
    for t, (members, sequence, reported, present) in enumerate(rows):
        if worth_of(updates.function, sequence, anybody, updates.k, reported) == WRONG:
            values[t] = WRONG
        elif chosen(members) != [v for v in chosen(sequence) if present[v]]:  # the living, in the order of the sequence
            values[t] = WRONG
    return values


def worth_nearly_half(updates: Updates, found: Batched, factor: int = 1) -> Sides:
    """Compare the least value of a full, or an open, guess with the value of its living members."""
    bounds = [
        theory.batch_value(updates.guess, best, updates.epsilon, is_full=bool(one))
        for best, one in zip(updates.optima, is_full(found.sequence), strict=True)
    ]
    lhs = np.array(bounds) if factor == 1 else factor * np.array(bounds)
    return Sides(lhs[:, None], living(updates, found)[:, None], least=0, rounding=spoiled(updates.function))


DS_T6 = Statement(
    id="dynamic_submodular/DS-T6",
    title="With batches a sequence is worth nearly half of its guess, or nearly the optimum less that half",
    says="The sequence G of a guess o without its dead members D is worth at least (1 - epsilon) o/2 if |G| = k, and "
    "otherwise at least (1 - epsilon)/(1 + epsilon) times OPT - o/2; epsilon is the share of a batch that may be "
    "dead, OPT the best value f of at most k present elements.",
    source=Derived(theory.batch_value),
    tex=r"|G| = k \Rightarrow f(G-D) \ge (1-\epsilon) o/2,"
    r"\ |G| < k \Rightarrow f(G-D) \ge \tfrac{1-\epsilon}{1+\epsilon}(\mathrm{OPT} - o/2)",
    hypotheses=HYPOTHESES,
    instances=DYING,
    solve=batched,
    claim=Inequality(worth_nearly_half),
    decisions=("members", "sequence"),
    saboteurs=(
        saboteur("t = o/k", solve=partial(wrong_solvers.double_threshold, solve=batched)),
        saboteur("deletions are forgotten", solve=partial(wrong_solvers.forgets_deletions, solve=batched)),
        saboteur("nothing is built again", patch=wrong_solvers.NO_TOLERANCE),
        saboteur("twice as much", claim=Inequality(partial(worth_nearly_half, factor=2))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR),
    ),
)


def increments(updates: Updates, row: np.ndarray) -> list:
    """Return the members of a sequence, dead or alive, with the marginal of each when it was chosen."""
    sequence = chosen(row)
    return [(v, gain(updates.function, v, sequence[:i])) for i, v in enumerate(sequence)]


def damaged(updates: Updates, found: Batched, share=None) -> Sides:
    """Compare a share of f(G), and the sum of the marginals of the living, with the value of the living."""
    values, anybody = living(updates, found), np.ones(updates.function.n, bool)
    ratio = theory.batch_damage(updates.epsilon) if share is None else share
    lhs = []
    for row, reported, present in zip(found.sequence, found.sequence_values, updates.present, strict=True):
        whole = worth_of(updates.function, row, anybody, updates.k, reported)
        steps = increments(updates, row) if whole != WRONG else []
        live = [bool(present[v]) for v, _ in steps]
        # WRONG is far below every value: its absolute value makes a left side that no value reaches
        lhs.append([ratio * abs(whole), theory.live_value([more for _, more in steps], live)])
    return Sides(np.array(lhs), np.repeat(values[:, None], 2, axis=1), least=0, rounding=spoiled(updates.function))


DS_T7 = Statement(
    id="dynamic_submodular/DS-T7",
    title="Dead members cost an epsilon part",
    says="The members of the sequence G that are not in the dead set D are worth at least the sum of the marginals "
    "Delta(g) that they had when they were chosen, which is at least (1 - epsilon)/(1 + epsilon) of f(G); epsilon is "
    "the share of a batch that may be dead.",
    source=Derived(theory.batch_damage),
    tex=r"f(G - D) \ge \sum_{g \notin D} \Delta(g) \ge \tfrac{1-\epsilon}{1+\epsilon} f(G)",
    hypotheses=HYPOTHESES,
    instances=DYING,
    solve=batched,
    claim=Inequality(damaged),
    decisions=("members", "sequence"),
    saboteurs=(
        saboteur("nothing is built again", patch=wrong_solvers.NO_TOLERANCE),
        # subtle: in a large batch one more death changes little, in a small one it is a large share
        saboteur("tolerance of one more", patch=wrong_solvers.ONE_MORE),
        saboteur("nine tenths", claim=Inequality(partial(damaged, share=Fraction(9, 10)))),
        saboteur("supermodular", breaks="submodular", instances=SUPERMODULAR_DYING),
    ),
)


def kept_up(updates: Updates, found: Batched) -> Sides:
    """Count after every update what an open guess leaves out and members below t, and compare reported values."""
    anybody = np.ones(updates.function.n, bool)
    if not all(is_set(row, anybody, updates.k) for row in [*found.sequence, *found.members]):
        return Sides([0], [1])
    lhs, rhs = [*found.values, *found.sequence_values], []
    rhs.extend(value_of(updates.function, row) for row in [*found.members, *found.sequence])
    for t, present in enumerate(updates.present):
        sequence, members = chosen(found.sequence[t]), found.members[t]
        living = [v for v in sequence if present[v]]
        lhs.extend(members)
        rhs.extend([*living, *[-1] * (updates.k - len(living))])
        outside = [v for v in range(updates.function.n) if present[v] and v not in sequence]
        passing = [v for v in outside if gain(updates.function, v, sequence) >= updates.threshold]
        low = [more < updates.threshold for _, more in increments(updates, found.sequence[t])]
        # both counts have to be 0, the first only while the sequence is open
        lhs.extend([len(passing) * (len(sequence) < updates.k), sum(low)])
        rhs.extend([0, 0])
    return Sides(np.array(lhs), np.array(rhs))


DS_P4 = Statement(
    id="dynamic_submodular/DS-P4",
    title="Batches: everybody once, the living alive, and an open guess leaves nobody out",
    says="While the sequence G has fewer than k members, every present v outside of G has a marginal f(v|G) below "
    "the threshold t. Every member g, living or dead, had a marginal Delta(g) of at least t when it was chosen.",
    source=Derived(theory.batch_value),
    tex=r"|G| < k \Rightarrow f(v|G) < t \ (v \notin G),\quad \Delta(g) \ge t",
    hypotheses=HYPOTHESES,
    instances=EXACT_DYING,
    solve=batched,
    claim=Identity(kept_up),
    decisions=("members", "sequence"),
    saboteurs=(
        saboteur("who comes back is taken twice", patch=wrong_solvers.NO_RESURRECTION),
        saboteur(
            "whatever is left of the bucket is taken", patch=(batches.scan, "if passes(gain, lower):", "if True:")
        ),
        saboteur("nobody joins an open guess", patch=(batches.insert, "if index == 0 and is_through:", "if False:")),
    ),
)


# --- how rarely a level is built again -------------------------------------------------------------------------------


def enumerated(deaths: Deaths, found) -> Sides:
    """Compare the exact probability that some prefix has the share of deaths with the bound."""
    # of at most eight elements all positions of the dead are enumerated: the probability is exact
    size, dead, share = deaths.size, deaths.dead, Fraction(deaths.share)
    bad = 0
    # the set of positions of the dead is uniform among all of its size, so the probability is a count
    for places in combinations(range(size), dead):
        count = np.cumsum(np.isin(np.arange(size), places))
        bad += any(int(h) >= share * m for m, h in enumerate(count, start=1))
    return Sides(np.array([Fraction(bad, comb(size, dead))]), np.array([found]), trivial=1)


DS_L1 = Statement(
    id="dynamic_submodular/DS-L1",
    title="Prefixes of a permutation: a maximal inequality without conditioning on where a scan stops",
    says="In a uniformly random order of N elements, d of them fixed in advance as dead, let H(M) be the number of "
    "dead ones among the first M. The probability that H(M) >= e M for some M >= 1 is at most d/(e N), for a share e "
    "in (0, 1].",
    source=Derived(theory.prefix_maximal_bound),
    tex=r"P[\exists M \ge 1: H(M) \ge e M] \le d/(eN)",
    hypotheses={"a share in (0, 1]": lambda deaths: 0 < deaths.share <= 1},
    instances=PERMUTATIONS,
    solve=prefix_bound,
    claim=Inequality(enumerated),
    closed="the claim is about a formula of the library, and no algorithm is put to the test",
    saboteurs=(
        saboteur("one death less", solve=wrong_solvers.one_death_less),
        saboteur("a half of the bound", solve=wrong_solvers.half_the_bound),
    ),
    notes="Tight for one death and a share 1/q. A batch is not a uniform sample given where its scan stopped.",
)

DS_T8A = Statement(
    id="dynamic_submodular/DS-T8a",
    title="A batch is rarely rebuilt by deletions that were fixed before",
    says="If d elements fixed in advance are deleted from a bucket of N elements, from which a level has drawn its "
    "batch, the level is rebuilt with probability at most max(4/epsilon, 12) d/N; epsilon is the share of a batch "
    "that may be dead.",
    source=Derived(theory.epoch_probability),
    tex=r"P[\text{rebuilt within } d \text{ deletions of its bucket}] \le \max(4/\epsilon, 12)\, d/N",
    hypotheses={
        "deletions fixed before": lambda bucket: not bucket.attacked,
        "the victims were there": lambda bucket: all(0 <= v < bucket.size for v in bucket.victims),
        "the bound says something": lambda bucket: bucket.bound < 1,
    },
    instances=BUCKETS,
    solve=epochs,
    claim=Probability(
        event=lambda bucket, rebuilt: rebuilt,
        at_most=lambda bucket: bucket.bound,  # 12 is 4 (b0 + 1) for the b0 = 2 rejections that a scan may have
        exact=hit,
    ),
    closed="whether a level was built again only the counters of the library's own structure tell",
    saboteurs=(
        saboteur("members are deleted on purpose", breaks="deletions fixed before", instances=ATTACKED),
        # subtle: the batch has the right size and value, only it is no random part of the bucket
        saboteur("the bucket is scanned in its order", patch=wrong_solvers.SCAN_IN_ORDER, instances=IN_ORDER),
    ),
)

DS_T8 = Statement(
    id="dynamic_submodular/DS-T8",
    title="Batches cost polylogarithmically many queries per update",
    says="For updates fixed in advance the expected number of queries per update, amortized, is at most a polynomial "
    "in log n, log k and 1/epsilon, where n counts the elements, k those to choose, and epsilon is the share of a "
    "batch that may be dead.",
    source=Derived(theory.epoch_probability),
    tex=r"\mathbb E[\text{queries per update}] = \mathrm{poly}(\log n, \log k, 1/\epsilon)",
    hypotheses={},
    instances=BUCKETS,
    solve=epochs,
    claim=Recorded(
        "its constant, about T^2 K / epsilon, is 10^6 at the sizes we can run: vacuous; its core is checked alone",
        carried_by="dynamic_submodular/DS-T8a",
    ),
)

DS_T9 = Statement(
    id="dynamic_submodular/DS-T9",
    title="Batches have polylogarithmically many levels",
    says="If each level lets a share alpha of its bucket drop out of that bucket, then n elements with marginals in "
    "K buckets make a number T of levels of at most (K^2/alpha) ln(n K) + 1.",
    source=Derived(theory.levels_bound),
    tex=r"T \le (K^2/\alpha) \ln(nK) + 1",
    hypotheses={},
    instances=BUCKETS,
    solve=epochs,
    claim=Recorded(
        "vacuous: thousands of levels are allowed where there are ten", carried_by="dynamic_submodular/DS-T8a"
    ),
)
