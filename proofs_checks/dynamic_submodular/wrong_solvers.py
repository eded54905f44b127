"""Wrong dynamic solvers and wrong greedy choices; each must be caught by a statement."""

from __future__ import annotations

import copy
from dataclasses import fields, replace
from typing import Any, ClassVar

import numpy as np

from lrtheory.bounds import Rate
from lrtheory.dynamic_submodular import Selection, SubmodularCertificate, maximize
from lrtheory.dynamic_submodular.selection import streaming
from lrtheory.dynamic_submodular.structures import batches, levels, stream
from proofs_checks.dynamic_submodular.families.bounded import Bounded, proved
from proofs_checks.dynamic_submodular.families.epochs import Deaths, prefix_bound
from proofs_checks.dynamic_submodular.families.functions import mask_of
from proofs_checks.dynamic_submodular.families.objectives import Probed, all_gains
from proofs_checks.dynamic_submodular.families.offline import (
    Accusations,
    Offline,
    Steps,
    Stochastic,
    Suspect,
    accusations,
    selected,
    steps,
)
from proofs_checks.dynamic_submodular.families.partitions import Grouped, grouped_answers
from proofs_checks.dynamic_submodular.families.replays import Replay, Replayed, UpToDate, replayed, up_to_date
from proofs_checks.dynamic_submodular.families.runs import Answers, answered, filled, followed
from proofs_checks.dynamic_submodular.families.steady import Queries, Singles, Steady, guesses_of_one, queries
from proofs_checks.dynamic_submodular.families.streams import Updates
from proofs_checks.dynamic_submodular.families.tight import Trap, objective, trapped
from proofs_checks.dynamic_submodular.families.work import Watched

# --- one guess -------------------------------------------------------------------------------------------------------

#: a new e_i leaves the levels below it as they were
NOTHING_BELOW = (
    levels.insert,
    "rebuild(record, state, work, level, v, work.gains[level - 1])",
    "state.levels[MEMBER, level] = v; state.levels[SIZE, level] += 1; states.link(state, v, level)",
)
#: one element is missing in what is built again
LOSES_ONE = (
    levels.rebuild,
    "n = states.gather(state, level, numbers[LENGTH], work.integers)",
    "n = max(0, states.gather(state, level, numbers[LENGTH], work.integers) - 1)",
)


def double_threshold(updates: Updates, rng: np.random.Generator, solve: Any = followed) -> Any:
    """Run one guess with the threshold o/k instead of o/(2k)."""
    return solve(updates, rng, scale=2.0)


def _without_deletions(updates: Updates) -> Updates:
    """Return the stream of first insertions alone: an element that came once stays."""
    return replace(updates, ops=updates.ops[_is_first(updates)])


def _is_first(updates: Updates) -> np.ndarray:
    """Return which updates insert an element for the first time, (T,)."""
    return np.array([op >= 0 and op not in updates.ops[:t] for t, op in enumerate(updates.ops)])


def forgets_deletions(updates: Updates, rng: np.random.Generator, solve: Any = followed) -> Any:
    """Run one guess on the first insertions alone, and repeat its state at the updates that are left out."""
    found = solve(_without_deletions(updates), rng)
    last = np.cumsum(_is_first(updates)) - 1
    return replace(found, **{one.name: getattr(found, one.name)[last] for one in fields(found)})


def gains_of_nothing(probed: Probed, rng: np.random.Generator) -> np.ndarray:
    """Report marginals on the empty set, whatever the set is."""
    found = all_gains(probed)
    return np.where(found > 0, found[:1], found)


def gains_late(probed: Probed, rng: np.random.Generator) -> np.ndarray:
    """Report marginals on the set without its first element."""
    masks = np.arange(1 << probed.function.n)
    return all_gains(probed)[masks & (masks - 1)]  # the bit trick drops the lowest element


# --- batches ---------------------------------------------------------------------------------------------------------

_TOLERANCE = "if levels[DEAD, deepest] >= epsilon * levels[BATCH, deepest]:"
#: dead members are never replaced
NO_TOLERANCE = (batches.delete, _TOLERANCE, "if False:")
#: one dead member more than an epsilon part is tolerated
ONE_MORE = (batches.delete, _TOLERANCE, "if levels[DEAD, deepest] > epsilon * levels[BATCH, deepest] + 1:")
#: a dead member that is inserted again is treated like a new element
NO_RESURRECTION = (batches.insert, "if index > 0:", "if False:")
#: the elements of a bucket are looked at in the order in which they stand
SCAN_IN_ORDER = (batches.scan, "b = seen + randomness.below(numbers, size - seen)", "b = seen")


def one_death_less(deaths: Deaths, rng: np.random.Generator):
    """Return the bound for one death less."""
    return prefix_bound(replace(deaths, dead=deaths.dead - 1))


def half_the_bound(deaths: Deaths, rng: np.random.Generator):
    """Return half of the bound."""
    return prefix_bound(deaths) / 2


# --- all guesses -----------------------------------------------------------------------------------------------------


def _spread(updates: Updates, found: Answers) -> Answers:
    """Repeat the answers to first insertions at the updates that were left out."""
    last = np.cumsum(_is_first(updates)) - 1
    return Answers(found.solutions[last], found.values[last], found.upper_bounds[last])


def deletes_nothing(updates: Updates, rng: np.random.Generator, method: str) -> Answers:
    """Answer as if no element were ever deleted."""
    return _spread(updates, answered(_without_deletions(updates), rng, method=method))


def early_table(updates: Updates, rng: np.random.Generator) -> Answers:
    """Keep the guesses that the first element asks for, and no others: heavier elements are in none."""
    first = updates.function.values[1 << int(updates.ops[0])] * 2 * updates.k
    singles = updates.function.values[1 << np.arange(updates.function.n)]
    light = replace(updates, ops=np.array([op for op in updates.ops if singles[op if op >= 0 else ~op] <= first]))
    found = answered(light, rng, method="eager")
    last = np.cumsum(np.isin(updates.ops, light.ops)) - 1
    return Answers(found.solutions[last], found.values[last], found.upper_bounds[last])


def claims_the_optimum(updates: Updates, rng: np.random.Generator) -> Answers:
    """Report the best value without a set that has it."""
    found = answered(updates, rng)
    return replace(found, values=updates.optima, upper_bounds=updates.optima)


def replays_insertions(replay: Replay, rng: np.random.Generator) -> Replayed:
    """Report the sequences of a lazy solver that is not shown the deletions."""
    found = replayed(replace(replay, updates=_without_deletions(replay.updates)), rng)
    whole = replayed(replay, rng)
    rows = min(len(found.lazy), len(whole.lazy))
    return Replayed(found.lazy[:rows], whole.eager[:rows])


def certifies_insertions(replay: Replay, rng: np.random.Generator) -> UpToDate:
    """Report the guesses and the bound of a solver that is not shown the deletions."""
    return up_to_date(replace(replay, updates=_without_deletions(replay.updates)), rng)


def larger_guesses(replay: Replay, rng: np.random.Generator) -> UpToDate:
    """Report guesses a quarter larger than they are, and a bound divided by the same 1.25."""
    found = up_to_date(replay, rng)
    return replace(found, guesses=1.25 * found.guesses, upper_bound=found.upper_bound / 1.25)


def greedy_escapes(trap: Trap, rng: np.random.Generator, n: int) -> np.ndarray:
    """Answer with greedy selection from all elements."""
    return np.tile(maximize(objective(trap), trap.k).items, (n, 1))


def topped_up(trap: Trap, rng: np.random.Generator, n: int) -> np.ndarray:
    """Answer with the solution filled up greedily from all elements."""
    return trapped(trap, rng, n, top_up=True)


def grouped_without_deletions(grouped: Grouped, rng: np.random.Generator) -> Answers:
    """Answer under a matroid as if no element were ever deleted."""
    stays = replace(grouped, updates=_without_deletions(grouped.updates))
    return _spread(grouped.updates, grouped_answers(stays, rng))


def one_place_more(grouped: Grouped, rng: np.random.Generator) -> Answers:
    """Answer for limits that are larger by one."""
    return grouped_answers(grouped, rng, more=1)


# --- queries ---------------------------------------------------------------------------------------------------------

#: the rate of a method whose queries grow like the square root of n
ROOT = Rate(
    cost=lambda steady, found: found.insertions + found.deletions,
    size=lambda steady: steady.n,
    over=lambda steady: steady.n**0.5,
    exponent=(-0.2, 0.2),
)

#: the same for the work of an update
ROOT_OF_WORK = Rate(
    cost=lambda crowd, found: found, size=lambda crowd: crowd.n, over=lambda crowd: crowd.n**0.5, exponent=(-0.2, 0.2)
)


def _scanning(given: Any, rules: Any, length: int) -> None:
    """Move a walk on after a look for the largest value among all present elements."""
    present = given.ground[stream.LIVE, : given.tally[stream.N_LIVE]]
    given.answers[stream.TOP] = max(given.singles[v] for v in present.tolist())
    stream.go_on.py_func(given, rules, length)


class LooksAtAll(Watched):
    """A solver whose walks look at all present elements."""

    replaced: ClassVar[dict[str, Any]] = {"go_on": _scanning}


class AsksAll(Watched):
    """A solver that makes an array of bools of all elements for each call with one update."""

    def _apply_one(self, op: int) -> Any:
        present = self._stream.ground[stream.WHERE] >= 0
        return super()._apply_one(op) if present[op if op >= 0 else ~op] == (op < 0) else None


class CopiesAll(Watched):
    """A solver that copies its tables for each array of updates."""

    def _apply(self, ops: Any, record: bool = False) -> Any:
        copy.deepcopy(self._tables())
        return super()._apply(ops, record)


class BuildsAllPairs(Watched):
    """A solver that looks at all pairs of elements where one of the solution leaves, and at nothing more elsewhere."""

    def _apply_one(self, op: int) -> Any:
        if ~op in self.solution:
            self.looks[0] += self.objective.n**2
        return super()._apply_one(op)


#: every element that comes takes the place of the e_i that it meets first
NEWCOMERS_WIN = (levels.insert, "coin = 1.0 / (state.levels[SIZE, level] + 1)", "coin = 1.0")
#: every element that goes has everything built anew
DELETIONS_BUILD = (
    levels.delete,
    """if deepest > 0 and state.levels[MEMBER, deepest] == v:
        rebuild(record, state, work, deepest, NOBODY, 0.0)""",
    """if deepest > 0:
        rebuild(record, state, work, 1, NOBODY, 0.0)""",
)


def recomputes(steady: Steady, rng: np.random.Generator, n: int) -> Queries:
    """Count the queries of greedy selection from all elements after each update."""
    asked = maximize(steady.objective, steady.k).counts["queries"]
    return Queries(np.full(n, asked), np.full(n, asked))


def oblivious(steady: Steady, rng: np.random.Generator) -> Queries:
    """Count the queries of deletions in a fixed order."""
    return queries(replace(steady, adaptive=False), rng, 1)


def twice_the_range(singles: Singles, rng: np.random.Generator) -> int:
    """Hold the element in guesses up to 4 k^2 f(v)."""
    return guesses_of_one(replace(singles, k=2 * singles.k**2), rng)


def half_of_epsilon(singles: Singles, rng: np.random.Generator) -> int:
    """Use a grid of half the epsilon that is reported."""
    return guesses_of_one(replace(singles, epsilon=singles.epsilon / 2), rng)


# --- offline ---------------------------------------------------------------------------------------------------------


def _chosen(case: Offline, items: list[int]) -> Selection:
    """Return these items as a selection, with their true marginals and value."""
    values = [float(case.function.values[mask_of(items[:i])]) for i in range(len(items) + 1)]
    return replace(
        selected(case, np.random.default_rng(0)), items=np.array(items), gains=np.diff(values), value=values[-1]
    )


def least_greedy(case: Offline, rng: np.random.Generator) -> Selection:
    """Take the smallest marginal in each step."""
    items: list[int] = []
    for _ in range(min(case.k, case.function.n)):
        rest = [v for v in range(case.function.n) if v not in items]
        items.append(min(rest, key=lambda v: case.function.values[mask_of([*items, v])]))
    return _chosen(case, items)


#: a sieve that takes every element that adds something
ACCEPTS_ALL = (
    streaming.accepts,
    "bar = guess if plus_plus else (guess / 2 - value) / (k - length)",
    "bar = 1e-300",
)


def everybody(case: Offline, rng: np.random.Generator) -> Selection:
    """Select all elements, more than k."""
    found = _chosen(case, list(range(case.function.n)))
    return replace(found, upper_bound=found.value)


def first_come(case: Offline, rng: np.random.Generator) -> Selection:
    """Select the first k elements."""
    return _chosen(case, list(range(min(case.k, case.function.n))))


def last_first(case: Offline, rng: np.random.Generator) -> tuple[Steps, Steps]:
    """Break ties by the larger number."""
    order = np.arange(case.function.n)[::-1]
    found = steps(maximize(case.function.objective(), case.k, candidates=order))
    return found, found


def by_singletons(case: Offline, rng: np.random.Generator) -> tuple[Steps, Steps]:
    """Select the k elements of the largest single values."""
    singles = case.function.values[1 << np.arange(case.function.n)]
    found = steps(_chosen(case, np.argsort(-singles, kind="stable")[: case.k].tolist()))
    return found, found


def tiny_samples(instance: Stochastic, rng: np.random.Generator, n: int) -> np.ndarray:
    """Select a random element in each step."""
    case = instance.case
    return filled([rng.permutation(case.function.n)[: case.k] for _ in range(n)], case.k)


def spoiler_first(instance: Stochastic, rng: np.random.Generator, n: int) -> np.ndarray:
    """Select element 0 alone, which spoils all others."""
    return filled([np.zeros(1, int)] * n, instance.case.k)


def accuses_all(suspect: Suspect, rng: np.random.Generator) -> tuple[int, int]:
    """Accuse every function, the control too."""
    return 1, 1


def one_probe(suspect: Suspect, rng: np.random.Generator, n: int) -> Accusations:
    """Probe once instead of as often as the suspect says."""
    return accusations(replace(suspect, n_probes=1), rng, n)


def smaller_bound(bounded: Bounded, rng: np.random.Generator) -> SubmodularCertificate:
    """Leave one marginal out of the bound."""
    found = proved(bounded, rng)
    bound = found.bound - max(bounded.marginals.max(), 0.0)
    return replace(found, bound=bound, gap=abs(found.achieved - bound))
