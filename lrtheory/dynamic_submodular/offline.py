"""Selection from a fixed set by one function: greedy in its variants, sieves over a stream, and brute force."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lrtheory._result import Result, result
from lrtheory._validation import choice, integer, must, open_interval, real
from lrtheory.dynamic_submodular.objectives import CountingOracle, Objective
from lrtheory.dynamic_submodular.objectives.base import subset
from lrtheory.dynamic_submodular.objectives.counting import kernels
from lrtheory.dynamic_submodular.problem import UpdateStream, parts
from lrtheory.dynamic_submodular.selection import offline as offline_steps
from lrtheory.dynamic_submodular.selection import streaming
from lrtheory.dynamic_submodular.structures import randomness, states
from lrtheory.dynamic_submodular.theory import guesses_per_element, stochastic_samples

__all__ = ["Selection", "maximize"]

METHODS = ("lazy", "naive", "stochastic", "threshold", "random", "sieve", "sieve++", "brute-force")
#: largest number of sets that brute force looks at
MAX_SETS = 10**8
#: least epsilon of a grid of thresholds: below it the numbers j of the thresholds are not computed exactly
FINEST = 1e-6


@result
class Selection(Result):
    """A chosen set with its marginals and an upper bound of the optimum.

    Attributes
    ----------
    items : int64 array of shape (n_chosen,)
        The chosen elements in the order of selection, at most k; elements that add nothing are left out.
    gains : float64 array of shape (n_chosen,)
        Marginal of each when it was chosen; their sum is `value`.
    value : float
        f(items).
    upper_bound : float
        What no set of k candidates exceeds, if the function is monotone submodular: the value and the k best marginals
        on top of it, as they were last known; for sieves the k best single values, for brute force the value.
    method : str
        The method used.
    counts : mapping
        ``queries``: marginals asked for, or values of sets of brute force.
    """

    items: np.ndarray
    gains: np.ndarray
    value: float
    upper_bound: float
    method: str
    counts: Mapping[str, int]


def maximize(
    objective: Objective | UpdateStream,
    k: int | None = None,
    *,
    method: Literal["lazy", "naive", "stochastic", "threshold", "random", "sieve", "sieve++", "brute-force"] = "lazy",
    candidates: Any = None,
    epsilon: float = 0.1,
    rng: np.random.Generator | int | None = None,
) -> Selection:
    r"""Choose at most k elements of a monotone submodular function.

    =============  ================================  =================  ===============================================
    method         value at least                    statement          marginals
    =============  ================================  =================  ===============================================
    "lazy"         (1 - (1 - 1/k)^k) OPT             DS-T14-greedy      far below n k; the choice of "naive"
                                                                        (DS-T14-lazy)
    "naive"        the same                          DS-T14-greedy      n k
    "stochastic"   (1 - 1/e - epsilon) OPT expected  DS-T14-stochastic  n ln(1 / epsilon)
    "threshold"    (1 - 1/e - epsilon) OPT           DS-T14-threshold   O((n / epsilon) log(n / epsilon))
    "sieve"        (1/2 - epsilon) OPT, in one pass  DS-T14-sieve       O(log(k) / epsilon) an element
    "sieve++"      the same                          DS-T14-sieve-pp    the same, with memory O(k / epsilon)
    "random"       OPT / e expected, also where f    DS-T14-random      n k
                   is not monotone
    "brute-force"  OPT                                                  all sets of at most k
    =============  ================================  =================  ===============================================

    Parameters
    ----------
    objective : Objective or UpdateStream
        Monotone submodular, for "random" submodular and not negative. Of a stream, the elements present at its end.
    k : int
        How many may be chosen, at least 1; may be left out with an `UpdateStream`.
    method : str
        See the table.
    candidates : int array of shape (n_candidates,), or None
        The elements to choose from, all by default. Of equal marginals the first candidate wins; for sieves the order
        is the order of arrival.
    epsilon : float
        Accuracy, in (0, 1), of a grid of thresholds in [1e-6, 1), where the method has one.
    rng : Generator, int or None
        Source of randomness of "stochastic" and "random".

    Returns
    -------
    Selection
        The chosen elements, their marginals, and an upper bound of OPT.

    Raises
    ------
    ValueError
        If `k` or `epsilon` is out of range, or there are too many sets for brute force.
    KeyError
        If a candidate does not exist.

    Notes
    -----
    OPT <= upper_bound <= (k + 1) max f: the statements of the table claim that beside the value. Where f is not
    monotone submodular, which `probe_submodular` looks for, nothing is promised but for "random" and "brute-force".

    References
    ----------
    .. [1] G. Nemhauser, L. Wolsey, M. Fisher, An Analysis of Approximations for Maximizing Submodular Set Functions I,
       Mathematical Programming 14, 1978.
    .. [2] M. Minoux, Accelerated Greedy Algorithms for Maximizing Submodular Set Functions, Optimization Techniques,
       1978.
    .. [3] B. Mirzasoleiman, A. Badanidiyuru, A. Karbasi, J. Vondrak, A. Krause, Lazier Than Lazy Greedy, AAAI 2015.
    .. [4] A. Badanidiyuru, J. Vondrak, Fast Algorithms for Maximizing Submodular Functions, SODA 2014.
    .. [5] A. Badanidiyuru, B. Mirzasoleiman, A. Karbasi, A. Krause, Streaming Submodular Maximization: Massive Data
       Summarization on the Fly, KDD 2014.
    .. [6] E. Kazemi, M. Mitrovic, M. Zadimoghaddam, S. Lattanzi, A. Karbasi, Submodular Streaming in All Its Glory:
       Tight Approximation, Minimum Memory and Low Adaptive Complexity, ICML 2019.
    .. [7] N. Buchbinder, M. Feldman, J. Naor, R. Schwartz, Submodular Maximization with Cardinality Constraints, SODA
       2014.

    Examples
    --------
    >>> from lrtheory.dynamic_submodular import Coverage
    >>> found = maximize(Coverage([[0, 1, 2], [2, 3], [3, 4], [0, 4]]), 2)
    >>> found.items.tolist(), found.gains.tolist(), found.upper_bound >= 5
    ([0, 2], [3.0, 2.0], True)
    """
    given = candidates
    if isinstance(objective, UpdateStream):
        given = objective.present() if candidates is None else candidates
    objective, k = parts(objective, k)
    k, method = integer("k", k, low=1), choice("method", method, METHODS)
    epsilon = accuracy(epsilon, fine=method in ("threshold", "sieve", "sieve++"))
    items = np.arange(objective.n) if given is None else subset("candidates", given, objective.n)
    k = min(k, max(1, len(items)))
    if method.startswith("sieve"):
        return _sieved(objective, k, items, epsilon, method)
    if method == "brute-force":
        return _exhausted(objective, k, items)
    return _greedy(objective, k, items, method, epsilon, rng)


def accuracy(epsilon: Any, *, fine: bool) -> float:
    """Return epsilon as a float in (0, 1), for a grid of thresholds (`fine`) at least `FINEST`."""
    checked = real("epsilon", epsilon)
    if fine and not FINEST <= checked < 1:
        raise must("epsilon", f"in [{FINEST:g}, 1)", epsilon)
    return open_interval("epsilon", checked, 0, 1)


def _greedy(objective: Any, k: int, candidates: np.ndarray, method: str, epsilon: float, rng: Any) -> Selection:
    n = len(candidates)
    state, steps = _empty(objective, k), _steps(objective)
    bounds, gains = np.full(n, np.inf), np.zeros(k + 2)
    common = (objective.record, state, candidates, k, bounds, gains)
    if method == "lazy":
        length, queries = steps.lazy(*common, np.zeros(n, np.int64), np.zeros(n, np.int64))
    elif method == "naive":
        length, queries = steps.naive(*common)
    elif method == "threshold":
        length, queries = steps.threshold(*common, epsilon)
    else:
        state.numbers[states.RANDOM] = randomness.word(rng)
        if method == "stochastic":
            samples = stochastic_samples(n, k, epsilon) if n else 0
            length, queries = steps.stochastic(*common, np.zeros(n, np.int64), samples, state.numbers)
        else:
            length, queries = steps.random(*common, np.zeros(k + 1, np.int64), state.numbers)
    return _selection(state, int(length), _bound(state, length, bounds, k), method, queries)


def _sieved(objective: Any, k: int, candidates: np.ndarray, epsilon: float, method: str) -> Selection:
    # of thresholds, one grid point more than guesses lies in the window
    n_slots = guesses_per_element(k, epsilon) + 3
    table = states.new_states(objective.record, 0, k, n_entries=objective.room_for(k), n_slots=n_slots)
    table.numbers[:, states.INDEX] = -(2**62)
    module = kernels().streaming if isinstance(objective, CountingOracle) else streaming
    bounds, gains = np.zeros(len(candidates)), np.zeros(k + 2)
    options = (k, epsilon, method == "sieve++", np.zeros(3))
    slot, queries = module.sieve(objective.record, table, candidates, *options, bounds, gains)
    state = states.at(table, int(slot))
    length = int(state.numbers[states.LENGTH])
    # the best single values bound every set; marginals on top of the solution are not known
    return _selection(state, length, float(np.sort(bounds)[-k:].sum()), method, queries)


def _exhausted(objective: Any, k: int, candidates: np.ndarray) -> Selection:
    n = len(candidates)
    n_sets = sum(math.comb(n, size) for size in range(k + 1))
    if n_sets > MAX_SETS:
        raise must("k", f"small enough for at most {MAX_SETS} sets", f"{n_sets} sets of at most {k} of {n}")
    state, best = _empty(objective, k), np.zeros(k, np.int64)
    work = (np.zeros(k + 2), np.zeros(k + 1, np.int64), best)
    length, queries = _steps(objective).exhaust(objective.record, state, candidates, k, *work)
    items = best[:length]
    values = np.array([objective.value(items[:z]) for z in range(length + 1)])
    return Selection(
        items, np.diff(values), float(values[-1]), float(values[-1]), "brute-force", {"queries": int(queries) + length}
    )


def _steps(objective: Any) -> Any:
    return kernels().offline_steps if isinstance(objective, CountingOracle) else offline_steps


def _empty(objective: Any, k: int) -> states.State:
    return states.at(states.new_states(objective.record, 0, k, n_entries=objective.room_for(k)), 0)


def _bound(state: states.State, length: int, bounds: np.ndarray, k: int) -> float:
    """Return the value plus the k largest bounds of marginals (DS-P8), infinite if one of them was never asked for."""
    possible = np.maximum(bounds, 0.0)
    top = np.partition(possible, -k)[-k:] if k < len(possible) else possible
    return float(state.marks[states.VALUE, length] + top.sum())


def _selection(state: states.State, length: int, upper: float, method: str, queries: int) -> Selection:
    items = state.levels[states.MEMBER, 1 : length + 1].copy()
    values = state.marks[states.VALUE, : length + 1]
    return Selection(items, np.diff(values), float(values[-1]), upper, method, {"queries": int(queries)})
