"""Selection from a fixed set by one function: greedy in its variants, sieves over a stream, and brute force."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from lrtheory._numbers import number
from lrtheory._result import Result, display, result
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, generator, integer, must, open_interval, refuse_unused
from lrtheory.dynamic_submodular.objectives import CountingOracle, FacilityLocation, Objective
from lrtheory.dynamic_submodular.objectives.base import elements, subset
from lrtheory.dynamic_submodular.objectives.counting import kernels
from lrtheory.dynamic_submodular.problem import Problem, UpdateStream, names_of, parts
from lrtheory.dynamic_submodular.selection import coarse, streaming
from lrtheory.dynamic_submodular.selection import greedy as offline_steps
from lrtheory.dynamic_submodular.structures import randomness, states
from lrtheory.dynamic_submodular.theory import guesses_per_element, stochastic_samples

__all__ = ["Selection", "maximize"]

#: the options of each method besides `rng`, which every method takes, so that loops over methods need no cases
OPTIONS: dict[str, set[str]] = {
    "lazy": set(),
    "naive": set(),
    "stochastic": {"epsilon"},
    "threshold": {"epsilon"},
    "random": set(),
    "sieve": {"epsilon"},
    "sieve++": {"epsilon"},
    "brute-force": set(),
}
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
        An upper bound of the value of every set of k candidates, if the function is monotone submodular: the value plus
        the k best marginals as they were last computed; for sieves the sum of the k best single values, for brute
        force the value itself. `certify_selection` may prove a smaller one, at the cost of n more marginals.
    names : tuple or None
        Names of the chosen elements, in the order of `items`.
    method : str
        The method used.
    message : str
        Description of the file or frame from which the function was read; else empty.
    counts : mapping
        ``queries``: the number of marginals asked for, and for brute force also of the values of sets.
    """

    items: np.ndarray
    gains: np.ndarray
    value: float
    upper_bound: float
    names: tuple[Any, ...] | None
    method: str
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        names = self.items if self.names is None else self.names
        return {"element": names, "gain": self.gains, "value": np.cumsum(self.gains)}

    def _facts(self) -> list[str]:
        value, upper = self.value, self.upper_bound
        worth = f"the choice is worth {value:,.6g}"
        if self.method == "brute-force":
            facts = [f"{worth}; no other choice is worth more, as all were tried"]
        elif self.method == "random":
            facts = [worth]
        else:
            share = f", so it has at least {value / upper:.1%} of the best" if 0 < upper < math.inf else ""
            rule = "if the function is monotone submodular (dynamic_submodular/DS-P8)"
            facts = [f"{worth}; no choice of as many as asked for is worth more than {upper:,.6g}{share}, {rule}"]
        return facts + ([self.message] if self.message else [])

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        display.bars(ax, list(columns["element"]), self.gains, label="what the element adds")


def maximize(
    objective: Problem,
    k: int | None = None,
    *,
    method: Literal["lazy", "naive", "stochastic", "threshold", "random", "sieve", "sieve++", "brute-force"] = "lazy",
    candidates: ArrayLike | Iterable[str] | None = None,
    epsilon: float | None = None,
    rng: Rng = None,
) -> Selection:
    r"""Choose at most k elements of a monotone submodular function.

    =============  ================================  =================  ===============================================
    method         value at least                    statement          marginals asked for
    =============  ================================  =================  ===============================================
    "lazy"         (1 - (1 - 1/k)^k) OPT             DS-T14-greedy      far fewer than n k; it chooses as "naive" does
                                                                        (DS-T14-lazy)
    "naive"        (1 - (1 - 1/k)^k) OPT             DS-T14-greedy      n k
    "stochastic"   (1 - 1/e - epsilon) OPT expected  DS-T14-stochastic  n ln(1 / epsilon)
    "threshold"    (1 - 1/e - epsilon) OPT           DS-T14-threshold   O((n / epsilon) log(n / epsilon))
    "sieve"        (1/2 - epsilon) OPT, in one pass  DS-T14-sieve       O(log(k) / epsilon) per element
    "sieve++"      (1/2 - epsilon) OPT, in one pass  DS-T14-sieve-pp    O(log(k) / epsilon) per element; the sets take
                                                                        memory O(k / epsilon)
    "random"       OPT / e expected, also where f    DS-T14-random      n k
                   is not monotone
    "brute-force"  OPT                                                  all sets of at most k
    =============  ================================  =================  ===============================================

    Parameters
    ----------
    objective : Objective, UpdateStream, networkx graph, path or data frame
        Monotone submodular; for "random" submodular and not negative. Of a stream the candidates are the elements that
        are present at its end. A graph means the coverage of its neighborhoods, and so does the file of a list of edges
        (`Coverage.from_file`).
    k : int
        Largest number of chosen elements, at least 1; may be left out with an `UpdateStream`.
    method : str
        See the table.
    candidates : int array of shape (n_candidates,), sequence of names, or None
        The elements to choose from; None takes all. Of equal marginals the first candidate wins. For sieves the order
        of the candidates is the order of arrival.
    epsilon : float or None
        Accuracy of "stochastic", in (0, 1), and of "threshold", "sieve" and "sieve++", in [1e-6, 1); None is 0.1. The
        other methods have no accuracy and refuse one.
    rng : Generator, int or None
        Source of randomness of "stochastic" and "random"; the other methods draw nothing.

    Returns
    -------
    Selection
        The chosen elements, their marginals, and an upper bound of OPT.

    Raises
    ------
    ValueError
        If `k` or `epsilon` is out of range, `epsilon` is given to a method that has none, or there are too many sets
        for brute force.
    KeyError
        If a candidate does not exist.

    Notes
    -----
    The statements of the table also claim OPT <= upper_bound <= (k + 1) max f. Where f is not monotone submodular,
    nothing is promised, except by "random" and "brute-force"; `probe_submodular` looks for a counterexample.

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

    Names go in and come out:

    >>> maximize(Coverage({"ann": "xyz", "bob": "zu", "cat": "uv"}), 2).names
    ('ann', 'cat')
    """
    problem, given = objective, candidates
    if isinstance(objective, UpdateStream):
        given = objective.present() if candidates is None else candidates
    objective, k = parts(objective, k)
    given = elements(objective, "candidates", given)
    k, method = integer("k", k, low=1), choice("method", method, OPTIONS)
    refuse_unused(method, OPTIONS[method], epsilon=(epsilon, None))
    generator(rng)  # checked for every method, and nothing is drawn
    epsilon = accuracy(0.1 if epsilon is None else epsilon, fine=method != "stochastic")
    items = np.arange(objective.n) if given is None else subset("candidates", given, objective.n)
    k = min(k, max(1, len(items)))
    if method.startswith("sieve"):
        found = _sieved(objective, k, items, epsilon, method)
    elif method == "brute-force":
        found = _exhausted(objective, k, items)
    else:
        found = _greedy(objective, k, items, method, epsilon, rng)
    return replace(found, names=names_of(problem, objective, found.items), message=objective.origin)


def accuracy(epsilon: float, *, fine: bool) -> float:
    """Return epsilon as a float in (0, 1), for a grid of thresholds (`fine`) at least `FINEST`."""
    if fine:
        return float(number("epsilon", epsilon, FINEST, 1, ends="[)"))
    return open_interval("epsilon", epsilon, 0, 1)


def _greedy(objective: Objective, k: int, candidates: np.ndarray, method: str, epsilon: float, rng: Rng) -> Selection:
    n = len(candidates)
    rows = None
    if method == "lazy" and isinstance(objective, FacilityLocation) and 4 * n >= objective.n:  # else a copy is too much
        rows = objective.coarse()
    state, steps = _empty(objective, k, has_stairs=rows is None), _steps(objective)
    search = offline_steps.Search(candidates, k, np.full(n, np.inf), np.zeros(k + 2))
    common = (objective._record, state, search)
    if method == "lazy":
        scratch = np.zeros((2, n), np.int64)
        if rows is not None:
            length, queries = coarse.lazy(*common, *scratch, rows)
        else:
            length, queries = steps.lazy(*common, *scratch)
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
    return _selection(state, int(length), _bound(state, length, search.bounds, k), method, queries)


def _sieved(objective: Objective, k: int, candidates: np.ndarray, epsilon: float, method: str) -> Selection:
    # of thresholds, one grid point more than guesses lies in the window
    n_slots = guesses_per_element(k, epsilon) + 3
    table = states.new_states(objective._record, 0, k, n_entries=objective.room_for(k), n_slots=n_slots)
    table.numbers[:, states.INDEX] = -(2**62)
    module = kernels().streaming if isinstance(objective, CountingOracle) else streaming
    bounds, sieves = np.zeros(len(candidates)), streaming.Sieves(table, k, epsilon, method == "sieve++", np.zeros(3))
    slot, queries = module.sieve(objective._record, sieves, candidates, bounds, np.zeros(k + 2))
    state = states.at(table, int(slot))
    length = int(state.numbers[states.LENGTH])
    # the best single values bound every set; marginals on top of the solution are not known
    return _selection(state, length, float(np.sort(bounds)[-k:].sum()), method, queries)


def _exhausted(objective: Objective, k: int, candidates: np.ndarray) -> Selection:
    n = len(candidates)
    n_sets = sum(math.comb(n, size) for size in range(k + 1))
    if n_sets > MAX_SETS:
        raise must("k", f"small enough for at most {MAX_SETS} sets", f"{n_sets} sets of at most {k} of {n}")
    state, best = _empty(objective, k), np.zeros(k, np.int64)
    search = offline_steps.Search(candidates, k, np.zeros(0), np.zeros(k + 2))
    length, queries = _steps(objective).exhaust(objective._record, state, search, np.zeros(k + 1, np.int64), best)
    items = best[:length]
    values = np.array([objective.value(items[:z]) for z in range(length + 1)])
    counts = {"queries": int(queries) + length}
    return Selection(items, np.diff(values), float(values[-1]), float(values[-1]), None, "brute-force", "", counts)


def _steps(objective: Objective) -> Any:
    return kernels().offline_steps if isinstance(objective, CountingOracle) else offline_steps


def _empty(objective: Objective, k: int, *, has_stairs: bool = True) -> states.State:
    n_entries = objective.room_for(k) if has_stairs else 0
    return states.at(states.new_states(objective._record, 0, k, n_entries=n_entries), 0)


def _bound(state: states.State, length: int, bounds: np.ndarray, k: int) -> float:
    """Return the value plus the k largest bounds of marginals (DS-P8), infinite if one of them was never asked for."""
    possible = np.maximum(bounds, 0.0)
    top = np.partition(possible, -k)[-k:] if k < len(possible) else possible
    return float(state.marks[states.VALUE, length] + top.sum())


def _selection(state: states.State, length: int, upper: float, method: str, queries: int) -> Selection:
    items = state.levels[states.MEMBER, 1 : length + 1].copy()
    values = state.marks[states.VALUE, : length + 1]
    return Selection(items, np.diff(values), float(values[-1]), upper, None, method, "", {"queries": int(queries)})
