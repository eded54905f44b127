"""Sketches of stacks, in a line or in a tree of merges: what truncations left and dropped, and what is reported."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import All, Draws, Family, Sides, Tight
from lrtheory.matrix_compression import StackSketch, make_hidden_direction
from proofs_checks.guards import allowance, unlike
from proofs_checks.matrix_compression.families.exact import NO_OUTCOME, energies, tops
from proofs_checks.matrix_compression.families.stacks import Blocks, are_stacked, climb_stack, draw_blocks
from proofs_checks.orbits import Symmetry


@dataclass(frozen=True)
class Pass(Blocks):
    """A pass over blocks: rank r, columns that are kept beyond it, and columns between two factorizations.

    In a tree each block is a leaf, and each pair (i, j) of `merges` says that node j is merged into node i.
    """

    rank: int
    oversampling: int
    buffer: int = 1
    merges: tuple[tuple[int, int], ...] = ()

    @property
    def keep(self) -> int:
        """Columns that a sketch keeps."""
        return max(1, self.rank + self.oversampling)


@dataclass(frozen=True)
class Node:
    """The factor that a factorization left, and the energies that it dropped; the floors of E_j^2 for j from 0."""

    factor: np.ndarray
    dropped: np.ndarray
    floors: np.ndarray


@dataclass(frozen=True)
class Trace:
    """All factorizations, the brackets of E_j^2 for j from 0 to keep + 1, and those of single values."""

    nodes: list[Node]
    brackets: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Kept:
    """The last factor of a pass, and the reported E_j^2 for j from 1 to keep."""

    factor: np.ndarray
    errors: np.ndarray


def is_pass(case: Pass) -> bool:
    """Decide whether the numbers of a pass are in range."""
    return case.rank >= 0 and case.oversampling >= 0 and case.buffer >= 1 and are_stacked(case.blocks)


def is_tree(case: Pass) -> bool:
    """Decide whether the merges join all leaves, none of which is 0, each once."""
    if not all(map(np.any, case.blocks)):
        return False  # a sketch of zeros is not merged
    left = set(range(len(case.blocks)))
    for i, j in case.merges:
        if i == j or not {i, j} <= left:
            return False
        left.discard(j)
    return len(left) == 1


def new(case: Pass, method: Any, buffer: int) -> StackSketch:
    """Make an empty sketch that records."""
    return StackSketch(case.rank, oversampling=case.oversampling, method=method, buffer=buffer, record=True)


def node(sketch: StackSketch, keep: int, step: int = -1) -> Node:
    """Return one record of a sketch that keeps some columns, in the units of the caller."""
    unit, trace = sketch.unit, sketch.trace
    if trace is None or not trace["factors"]:  # nothing but zeros
        return Node(np.zeros((sketch.n_rows, 0)), np.zeros(0), np.zeros(keep + 1))
    scaled = (
        np.ldexp(trace[name][step], power * unit) for name, power in (("factors", 1), ("dropped", 2), ("floors", 2))
    )
    return Node(*scaled)


def traced(nodes: list[Node], sketch: StackSketch, keep: int) -> Trace:
    """Put what was recorded beside what a sketch reports."""
    brackets = np.array([(found.lower2, found.upper2) for found in map(sketch.interval, range(keep + 2))])
    return Trace(nodes, brackets, sketch.value_intervals**2)


def sketched(case: Pass, rng: np.random.Generator | None = None, *, method: str = "sketch") -> Trace:
    """Sketch the blocks in a line; a merge into an empty sketch takes in what is still gathered."""
    sketch, done = new(case, method, case.buffer), new(case, method, case.buffer)
    sketch.update_many(case.blocks)
    done.merge(sketch)
    n_steps = 0 if done.trace is None else len(done.trace["factors"])
    return traced([node(done, case.keep, step) for step in range(n_steps)], done, case.keep)


def kept(case: Pass, rng: np.random.Generator | None = None, *, run: Callable[[Pass], Trace] = sketched) -> Kept:
    """Sketch the blocks in a line, and return what is left in the end."""
    found = run(case)
    factor = found.nodes[-1].factor if found.nodes else np.zeros((len(case.whole), 0))
    return Kept(factor, found.brackets[1:-1, 1])


def merged(case: Pass, rng: np.random.Generator | None = None, *, method: str = "sketch") -> Trace:
    """Sketch each block whole, and merge along the tree."""
    sketches, nodes = [], []
    for block in case.blocks:
        leaf, done = (new(case, method, max(1, block.shape[1])) for _ in range(2))
        leaf.update(block)
        done.merge(leaf)
        sketches.append(done)
        nodes.append(node(done, case.keep))
    last = 0
    for i, j in case.merges:
        sketches[i].merge(sketches[j])
        nodes.append(node(sketches[i], case.keep))
        last = i
    return traced(nodes, sketches[last], case.keep)


@dataclass(frozen=True)
class Step:
    """A factorization with what went into it: the factors before, all columns so far, and all that was dropped."""

    node: Node
    before: np.ndarray
    columns: np.ndarray
    dropped: list[np.ndarray]
    floors: np.ndarray | None  # the sum of those of both children; None for a leaf

    def lost(self, keep: int) -> np.ndarray:
        """D_1, .., D_keep: of every truncation up to this step the largest dropped energies, summed."""
        return sum((tops(one, keep) for one in self.dropped), np.zeros(keep))

    @property
    def delta(self) -> float:
        """Delta, the sum of the first energies that were not kept."""
        return sum(float(one[0]) for one in self.dropped if len(one))


def pieces_of(case: Pass) -> list[np.ndarray]:
    """Return the columns that go into each factorization of a line; a block of zeros never reaches one."""
    given = [block for block in case.blocks if np.any(block)]
    M = np.concatenate(given, axis=1) if given else np.zeros((len(case.whole), 0))
    return [M[:, start : start + case.buffer] for start in range(0, M.shape[1], case.buffer)]


def line(case: Pass, found: Trace) -> list[Step] | None:
    """Match the records of a line with the columns of the instance; None where their number is another."""
    pieces = pieces_of(case)
    if len(pieces) != len(found.nodes):
        return None
    steps: list[Step] = []
    F, dropped = np.zeros((len(case.whole), 0)), []
    for k, one in enumerate(found.nodes):
        dropped = [*dropped, one.dropped]
        columns = np.concatenate(pieces[: k + 1], axis=1)
        steps.append(Step(one, np.concatenate([F, pieces[k]], axis=1), columns, dropped, None))
        F = one.factor
    return steps


def tree(case: Pass, found: Trace) -> list[Step] | None:
    """Match the records of a tree with its leaves and merges."""
    if len(found.nodes) != len(case.blocks) + len(case.merges):
        return None
    leaves = found.nodes[: len(case.blocks)]
    steps = [Step(one, A, A, [one.dropped], None) for one, A in zip(leaves, case.blocks, strict=True)]
    here = dict(enumerate(steps))
    for (i, j), one in zip(case.merges, found.nodes[len(case.blocks) :], strict=True):
        a, b = here[i], here[j]
        joint = np.concatenate([a.node.factor, b.node.factor], axis=1)
        columns = np.concatenate([a.columns, b.columns], axis=1)
        floors = a.node.floors + b.node.floors
        here[i] = Step(one, joint, columns, [*a.dropped, *b.dropped, one.dropped], floors)
        steps.append(here[i])
    return steps


def misfit(case: Pass, steps: list[Step] | None) -> Sides | None:
    """Return sides that fail where a record is no truncation: what was dropped is the spectrum of what is missing."""
    if steps is None:
        return NO_OUTCOME
    off = [0.0]
    for step in steps:
        F = step.node.factor
        if F.ndim != 2 or F.shape[0] != len(case.whole) or F.shape[1] > case.keep or np.ndim(step.node.dropped) != 1:
            return NO_OUTCOME
        missing = np.linalg.eigvalsh(step.before @ step.before.T - F @ F.T)[::-1]
        gone = np.sort(step.node.dropped)[::-1]
        n = max(len(missing), len(gone))
        off += [*(np.pad(missing, (0, n - len(missing))) - np.pad(gone, (0, n - len(gone))))]
    return unlike(np.array(off), allowance(case.whole, steps=len(steps) + 1))


def held(factor: np.ndarray) -> np.ndarray:
    """Return the squared singular values of a factor, the largest first."""
    return np.linalg.svd(factor, compute_uv=False) ** 2 if factor.size else np.zeros(0)


def truth(M: np.ndarray) -> np.ndarray:
    """Return the certified squared singular values of the columns so far."""
    return energies(M) if M.size else np.zeros(0)


def draw_pass(draws: Draws) -> Pass:
    """Draw up to 16 columns of up to seven rows, of which one to four are kept."""
    blocks = draw_blocks(draws, (3, 7), (1, 4), (2, 4))
    return Pass(tuple(blocks), draws.integers(1, 3), draws.integers(0, 1), draws.choice((1, 2, 3, 5)))


def draw_tree(draws: Draws) -> Pass:
    """Draw a pass whose blocks are the leaves of a random tree."""
    case = draw_pass(draws)
    left, merges = list(range(len(case.blocks))), []
    while len(left) > 1:
        i, j = (left[p] for p in draws.permutation(len(left))[:2])
        merges.append((int(i), int(j)))
        left.remove(j)
    return replace(case, merges=tuple(merges))


def draw_low_rank(draws: Draws) -> Pass:
    """Draw a pass over blocks that have rank 2 together, of which two columns or more are kept."""
    case = draw_pass(draws)
    m, sizes = len(case.whole), [block.shape[1] for block in case.blocks]
    M = draws.integers(-3, 3, shape=(m, 2)) @ draws.integers(-3, 3, shape=(2, sum(sizes)))
    blocks = np.split(M.astype(float), np.cumsum(sizes)[:-1], axis=1)
    return replace(case, blocks=tuple(blocks), rank=draws.integers(1, 2), oversampling=draws.integers(1, 2))


def draw_too_wide(draws: Draws) -> Pass:
    """Draw a pass over blocks of larger rank than the one column that is kept."""
    case = draw_pass(draws)
    M = np.eye(len(case.whole)) * draws.integers(1, 3, shape=(len(case.whole),))
    return replace(case, blocks=(*case.blocks, M), rank=1, oversampling=0)


def hidden(n: int, keep: int = 1, rank: int = 1) -> Pass:
    """Make a pass that drops the best direction at once, whenever it comes."""
    return Pass(tuple(make_hidden_direction(n, keep).blocks), rank, keep - rank)


def beyond_the_rank() -> Pass:
    """Make a pass whose bracket of rank 1 is right and says nothing of rank 2: T_2 = 60."""
    axes = np.eye(4)
    return Pass((3 * axes[:, :2], *[axes[:, 2:]] * 30), 1, 1, 2)


def common_direction(n: int = 8) -> Pass:
    """Make n leaves of a private axis and one that they share, somewhat shorter, in a balanced tree; n = 2^k."""
    axes = np.eye(n + 1)
    leaves = tuple(np.array([axes[i], 0.9 * axes[n]]).T for i in range(n))
    merges = [(i, i + d) for d in (1, 2, 4, 8) for i in range(0, n, 2 * d) if i + d < n]
    return Pass(leaves, 1, 0, 2, tuple(merges))


def large_plane() -> Pass:
    """Make four blocks in one plane of six dimensions, far from unit length: thresholds must be relative to them."""
    plane = np.array([[1, 2, 0, -1, 3, 1], [2, -1, 1, 1, 0, 3]]).T
    mixing = np.array([[1, 2, -1, 3, 2, 1, 1, -2], [1, -1, 2, 1, 3, -2, 2, 1]])
    return Pass(tuple(np.split(2.0**24 * plane @ mixing, 4, axis=1)), 2, 3, 2)


SMALLEST = (Pass((np.array([[1.0]]),), 1, 0), Pass((np.eye(2), np.zeros((2, 1)), np.array([[1.0], [1.0]])), 1, 0))
PASSES = Family(
    "passes",
    always=lambda: (*SMALLEST, hidden(5), hidden(40), beyond_the_rank(), large_plane()),
    tight=(Tight(Pass((np.diag([2.0, 1.0]),), 1, 1, 2), 1 - 1e-12, 1),),
    draw=draw_pass,
    climb=climb_stack,
)
LOW_RANK = Family(
    "passes-of-low-rank", always=lambda: (SMALLEST[0], Pass((np.eye(2),) * 3, 2, 0, 1)), draw=draw_low_rank
)
TOO_WIDE = Family("passes-that-drop", always=lambda: (Pass((np.eye(2), np.ones((2, 1))), 1, 0, 3),), draw=draw_too_wide)
#: twice as many equal axes as are kept plus one, so that the bound of Delta is met
PASSES_FD = replace(
    PASSES,
    name="passes-that-shrink",
    always=lambda: (*SMALLEST, hidden(5), beyond_the_rank(), Pass((np.diag([3.0, 2.0, 1.0]),), 1, 0, 3)),
    tight=(Tight(Pass(tuple(np.eye(3)[:, [i]] for i in range(3)), 1, 1), 1 - 1e-12, 1),),
)
TREES = Family(
    "trees",
    always=lambda: (Pass((np.eye(2), np.eye(2)), 1, 0, 2, ((1, 0),)), common_direction(2), common_direction(8)),
    draw=draw_tree,
    climb=climb_stack,
)
#: sides of a stack of zeros, of which there is nothing to say
NOTHING = Sides([0.0], [0.0], trivial=0.0, rounding=0.0)
VALUES = {"values": "single values are those of CM-10"}
WIDTHS = dict.fromkeys(
    ("nodes.*.factor", "nodes.*.dropped"), "how many columns a factor keeps, and how many energies it drops, is its own"
)
FLOORS = {"nodes.*.floors": "floors of the error are those of CM-7"}
PASSED = {"blocks of finite numbers with the same rows, and a sketch of them": is_pass}


def reordered(case: Pass) -> Iterator[bytes]:
    """Yield the columns of a pass with their rows in every order."""
    for order in itertools.permutations(range(len(case.whole))):
        yield case.whole[list(order)].tobytes()


ROWS = Symmetry(reordered)


def short_streams() -> Iterator[Pass]:
    """Yield up to five columns, each an axis of three or the sum of all axes, of which two columns are kept.

    The unit is so small that a threshold that is not relative to it fails.
    """
    columns = 2.0**-50 * np.c_[np.eye(3), np.ones(3)]
    words = itertools.chain.from_iterable(itertools.product(range(4), repeat=n) for n in range(1, 6))
    return ROWS.one_of_each(Pass(tuple(columns[:, [i]] for i in word), 2, 0) for word in words)


STREAMS = All(
    "streams of up to five columns, each of which is one of three axes or their sum, in sketches of two columns",
    short_streams,
    members=260,
    orbit=ROWS.size,
    total=sum(4**n for n in range(1, 6)),
    up_to="the order of rows",
)
