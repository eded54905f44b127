"""The file that ``lrtheory new`` writes: a theorem that passes, with two saboteurs, to start from."""

from __future__ import annotations

import re
from pathlib import Path

from lrtheory._validation import must
from lrtheory.bounds.finding.configuration import OURS, configured

__all__ = ["scaffold"]

_FILE = '''"""A theorem of one's own: any maximal matching covers a graph with at most twice the least number of nodes.

Change it piece by piece. `NAME/cover` is its id; `lrtheory check NAME/cover` measures it.
"""

from dataclasses import dataclass
from itertools import combinations

from lrtheory.bounds import Classical, Family, Inequality, Sides, Statement, saboteur


@dataclass(frozen=True)
class Graph:
    """An instance is plain data, so that it can be printed and replayed."""

    n: int
    edges: tuple[tuple[int, int], ...]


def drawn(draws):
    """Draw a graph; every choice goes through `draws`, so that a counterexample can be simplified.

    It is sparse: on a dense graph twice the least is more than all nodes, and the bound would say nothing.
    """
    n = draws.integers(2, 8)
    return Graph(n, tuple(edge for edge in combinations(range(n), 2) if draws.integers(0, 4) == 4))


def cover(graph, rng):
    """The algorithm under test: take both ends of each edge that is not covered yet."""
    chosen = set()
    for u, v in graph.edges:
        if u not in chosen and v not in chosen:
            chosen |= {u, v}
    return tuple(sorted(chosen))


def first_ends(graph, rng):
    """A wrong solver: one end of each edge of the matching is not enough."""
    return tuple(sorted({u for u, v in graph.edges if u in cover(graph, rng)})[:1])


def covers(graph, chosen):
    return all(u in chosen or v in chosen for u, v in graph.edges)


def least(graph):
    """The truth, by enumeration; the claim knows it, and the algorithm under test does not."""
    subsets = (s for size in range(graph.n + 1) for s in combinations(range(graph.n), size))
    return next(len(s) for s in subsets if covers(graph, s))


def within(factor):
    """At most `factor` times the least; what is no cover counts as larger than any cover (write 3/2 as a Fraction)."""
    size = lambda graph, chosen: len(set(chosen)) if covers(graph, chosen) else 10 * graph.n
    return Inequality(lambda graph, chosen: Sides(lhs=size(graph, chosen), rhs=factor * least(graph), trivial=graph.n))


COVER = Statement(
    id="NAME/cover",
    title="Both ends of a maximal matching cover within twice the least",
    says="The nodes S of a maximal matching cover all edges, and S is at most twice as large as a least cover S*.",
    source=Classical("matching bound for vertex covers", "V. V. Vazirani, Approximation Algorithms, 2001, section 1.1"),
    tex=r"|S| \\le 2 |S^*|",
    hypotheses={"no loops": lambda graph: all(u != v for u, v in graph.edges)},
    instances=Family("NAME-graphs", always=(Graph(2, ((0, 1),)), Graph(3, ((0, 1), (1, 2)))), draw=drawn),
    solve=cover,
    claim=within(2),
    saboteurs=(saboteur("one node alone", solve=first_ends), saboteur("no factor", claim=within(1))),
)
'''

_TABLE = """
[tool.lrtheory]
statements = ["bounds_*.py"]
"""


def scaffold(name: str, folder: Path) -> str:
    """Write ``bounds_NAME.py``, and a table in ``pyproject.toml`` where no file upwards has one.

    Parameters
    ----------
    name : str
        Small letters, digits and ``_``, beginning with a letter.
    folder : Path
        Where the file is written.

    Returns
    -------
    str
        What was written, and the three commands that come next.

    Raises
    ------
    ValueError
        If the name is not of that form.
    FileExistsError
        If there is such a file already; nothing is written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise must("name", "of small letters, digits and _, beginning with a letter", name)
    path = folder / f"bounds_{name}.py"
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    written = [path.name]
    # a table that stands further up already names places, and a second one would hide it
    if configured(folder) is OURS:
        table = folder / "pyproject.toml"
        before = table.read_text(encoding="utf-8") if table.exists() else ""
        table.write_text(before + _TABLE.lstrip("\\n" if not before else ""), encoding="utf-8")
        written.append(table.name)
    path.write_text(_FILE.replace("NAME", name), encoding="utf-8")
    return f"""wrote {" and ".join(written)}; next:
  lrtheory check {name}/cover
  pytest -p lrtheory.pytest -m bounds
  lrtheory report --path measured.md"""
