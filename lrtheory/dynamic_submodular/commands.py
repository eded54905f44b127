"""The verbs of the shell: from a graph, from sets or from points to a good choice, once or while elements change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from lrtheory._validation import integer, must
from lrtheory.dynamic_submodular.dynamic import DynamicSubmodular
from lrtheory.dynamic_submodular.maintenance.certificates import certify_selection
from lrtheory.dynamic_submodular.objectives.elements import Elements
from lrtheory.dynamic_submodular.offline import Selection, maximize
from lrtheory.dynamic_submodular.streams.following import Updates, follow_lines

__all__ = ["follow", "pick"]

#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"pick": {"n_neighbors": "neighbors"}}


def pick(
    data: Elements,
    *,
    k: int,
    by: Literal["coverage", "influence", "similarity", "diversity"] = "coverage",
    directed: bool = False,
    neighbors: int | None = None,
    rng: int = 0,
) -> Selection:
    """Pick the elements that together cover, reach or represent most.

    Parameters
    ----------
    data : Elements
        A graph, sets, or points to choose from: a list of edges, a table ``set,element``, or a table of numbers.
    k : int
        Largest number of elements to pick.
    by : str
        Objective: neighbors or elements that are covered, nodes that a cascade reaches, points that a picked one is
        similar to, or points that differ from each other.
    directed : bool
        Edges go from their source to their target alone.
    neighbors : int
        By similarity: how many points may represent one; all, if not given.
    rng : int
        Start of the random numbers of influence.

    Returns
    -------
    Selection
        Picked elements, the gain of each, and an upper bound on the value of every other choice: the smaller one of
        those of `maximize` and `certify_selection`, which asks for the marginals of all elements once more.

    Examples
    --------
    lrtheory dynamic_submodular pick graph.txt -k 10
    lrtheory dynamic_submodular pick graph.txt -k 5 --by influence --rng 1
    lrtheory dynamic_submodular pick stores.csv -k 4 -o picked.csv --plot picked.png
    lrtheory dynamic_submodular pick photos.csv -k 5 --by similarity
    """
    if neighbors is not None:
        integer("neighbors", neighbors, low=1)
        if by != "similarity":
            raise must("neighbors", 'left out unless `by` is "similarity"', neighbors)
    objective = data.objective(by, directed=directed, n_neighbors=neighbors, rng=rng)
    found = maximize(objective, k)
    # marginals on top of what was picked bound every other choice better than those that the search has left
    return replace(found, upper_bound=min(found.upper_bound, certify_selection(objective, found, k).bound))


def follow(
    data: Elements,
    updates: Updates | None = None,
    *,
    k: int,
    window: int | None = None,
    by: Literal["coverage", "influence", "similarity", "diversity"] = "coverage",
    directed: bool = False,
    epsilon: float = 0.1,
    rng: int = 0,
) -> Iterator[dict[str, Any]]:
    """Keep a good choice while elements come and go, with an answer after every change.

    Each answer is a line of JSON: what came into the choice and went out, its value, and an upper bound of the best. At
    the end one sentence on standard error says how often the choice changed, and what it is worth.

    Parameters
    ----------
    data : Elements
        A graph, sets, or points of which some are present: a list of edges, a table ``set,element``, or of numbers.
    updates : Updates
        Changes in their order, ``+ id`` or ``- id``; standard input unless given.
    k : int
        Largest number of elements in the choice.
    window : int
        Largest number of present elements; then updates are arrivals, and the oldest leaves.
    by : str
        Objective, as for pick.
    directed : bool
        Edges go from their source to their target alone.
    epsilon : float
        The value is at least 1 / (2 + epsilon) of the best one (DS-T10).
    rng : int
        Start of the random numbers.

    Returns
    -------
    iterator of dict
        One for each update; a generator, which returns the last sentence.

    Examples
    --------
    lrtheory dynamic_submodular follow graph.txt -k 3 < changes.txt
    lrtheory dynamic_submodular follow graph.txt -k 3 --window 5 < arrivals.txt
    """
    lines = Updates.from_file("-") if updates is None else updates
    objective = data.objective(by, directed=directed, rng=rng)
    if objective.names is None:
        objective.names = tuple(map(str, range(objective.n)))
    return follow_lines(DynamicSubmodular(objective, k, epsilon=epsilon, rng=rng), lines, window=window)
