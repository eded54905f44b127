"""Adapters of all kinds and ranks in one table, by how near they come to an update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.units import true_value, unit_of
from lrtheory._parallel import progress
from lrtheory._result import Result, result
from lrtheory._result.display import curves, legend
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import choice, generator, integer, is_iterable, must
from lrtheory.low_rank_adapters.kinds.make import (
    KINDS,
    MODES,
    make_adapter,
    mode_sizes,
    randlora_of,
    shared_columns,
)
from lrtheory.low_rank_adapters.reach.normalized import (
    NormalizedProblem,
    Problem,
    matrix_of,
    norm,
    normalized,
    problem_of,
)
from lrtheory.low_rank_adapters.reach.solve import Effort, solve
from lrtheory.low_rank_adapters.reach.spaces import Bases, bases_of, narrowed_bases
from lrtheory.low_rank_adapters.theory.adapters import crossover_rank

__all__ = ["Comparison", "ComparisonRow", "compare"]

#: steps for a row whose best adapter is in no closed form, fewer where they are dear, and the end of a run
STEPS, TOL = {"uni-lora": 3, "hadamard": 5}, 1e-3
#: without a budget adapters may have this share of the entries of the target
SHARE = 8
#: entries of the factors of Uni-LoRA that share a number
SHARED = 4
NAME = "low_rank_adapters/"
#: seconds after which a line counts the rows, where a terminal watches
PATIENCE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One adapter of a comparison, and what it leaves, in the units of the target or of its outputs.

    Parameters
    ----------
    kind : str
        Kind of the adapter.
    rank : int
        Inner rank of the adapter.
    n_parameters : int
        The numbers that it trains.
    dimension : int
        Number of trained numbers that are free (statement AD-2).
    lower : float
        No values of its trained arrays leave a smaller norm.
    upper : float
        The norm that the values that were found leave.
    loss : float
        The square of `upper`.
    exact : bool
        Whether `lower` is attained.
    statement : str
        The statement behind `lower`.
    """

    kind: str
    rank: int
    n_parameters: int
    dimension: int
    lower: float
    upper: float
    loss: float
    exact: bool
    statement: str


@result
class Comparison(Result):
    """A table of adapters of several kinds and ranks, with their distances from one update.

    Attributes
    ----------
    rows : tuple of ComparisonRow
        By kind, then by number of parameters. `lower` and `upper` bound the distance, `loss` is upper squared.
    norm : float
        The norm of the target, or of its outputs: what no adapter at all leaves.
    crossover_rank : int or None
        Up to this rank LoRA leaves less of the target than random linear adapters of its dimension do on average
        (statement AD-4); 0 if it does at none, None for the target 0.
    max_parameters : int
        The most parameters of an adapter.
    message : str
        Reason for a kind that was left out; else empty.
    """

    rows: tuple[ComparisonRow, ...]
    norm: float
    crossover_rank: int | None
    max_parameters: int
    message: str

    def best(self, max_parameters: int | None = None) -> ComparisonRow:
        """The adapter with the smallest distance that was found, and of those the smallest one.

        Parameters
        ----------
        max_parameters : int or None
            The most parameters; None takes that of the comparison.

        Returns
        -------
        ComparisonRow
            Row of that adapter.

        Raises
        ------
        ValueError
            If no adapter is that small.
        """
        least = min(row.n_parameters for row in self.rows)
        most = self.max_parameters if max_parameters is None else integer("max_parameters", max_parameters, low=least)
        fitting = [row for row in self.rows if row.n_parameters <= most]
        return min(fitting, key=lambda row: (row.upper, row.n_parameters))

    def _columns(self) -> dict[str, Any]:
        return {f.name: [getattr(row, f.name) for row in self.rows] for f in fields(ComparisonRow)}

    def _facts(self) -> list[str]:
        best = self.best()
        share = 1 - (best.upper / self.norm) ** 2 if self.norm else 1.0
        facts = [f"{best.kind} of rank {best.rank} captures {share:.2%} with {best.n_parameters:,} parameters"]
        if self.crossover_rank is not None:
            facts.append(f"up to rank {self.crossover_rank} LoRA leaves less than random linear adapters (AD-4)")
        return [*facts, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        unit = self.norm or 1.0
        for kind in dict.fromkeys(row.kind for row in self.rows):
            rows = [row for row in self.rows if row.kind == kind]
            sizes = [row.n_parameters for row in rows]
            lower, upper = ([(getattr(row, side) / unit) ** 2 for row in rows] for side in ("lower", "upper"))
            curves(ax, sizes, {kind: upper})
            ax.fill_between(sizes, lower, upper, alpha=0.15)
        ax.set(xscale="log", xlabel="parameters", ylabel="share of the squared norm left")
        legend(ax)


@arrays("host")
def compare(
    target: ArrayLike,
    *,
    kinds: str | Sequence[str] = "all",
    max_parameters: int | None = None,
    X: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    rng: Rng = None,
) -> Comparison:
    """Bound the distance of an update from adapters of several kinds, at ranks up to a budget of parameters.

    The frozen arrays are those of `make_adapter`, drawn at random. The RandLoRAs take their bases from the first
    columns of one draw: each is distributed as if it were alone, but they are not independent of each other. The
    ranks are the powers of two and the largest one within the budget. A Queryable LoRA of rank r has 2 r atoms, with no
    more entries together than the target, and large enough for their hull to hold the projection of the target onto
    their span. Distances are exact where those of `distance` are; elsewhere `upper` comes from few steps, and `fit` may
    find a nearer adapter.

    Arrays: any (copied to the host)

    Parameters
    ----------
    target : array of shape (d_out, d_in)
        The update that is needed.
    kinds : "all" or sequence of str
        The kinds, among those of `make_adapter`.
    max_parameters : int or None
        The most parameters of an adapter; None takes an eighth of the entries of the target, or the smallest LoRA where
        that is larger.
    X : array of shape (T, d_in) or None
        Inputs of the layer; distances are then those of the outputs, and kinds without a closed form for data are
        taken at their start.
    weight : array of shape (d_out, d_in) or None
        The weight that is adapted, which the kind "hadamard" needs; it is left out of "all" without it.
    rng : int, SeedSequence, Generator or None
        The source of the frozen arrays.

    Returns
    -------
    Comparison
        A row for each kind and rank.

    Raises
    ------
    TypeError
        If an input is not an array of real numbers.
    ValueError
        If a kind is unknown, no adapter of these kinds fits into the budget, a shape does not fit, or a number is not
        finite.

    Examples
    --------
    >>> import numpy as np
    >>> table = compare(np.diag([4.0, 2.0, 1.0, 1.0]), kinds=["lora", "vera"], max_parameters=20, rng=0)
    >>> best = table.best()
    >>> best.kind, best.rank, best.n_parameters, round(best.loss, 12), table.crossover_rank
    ('lora', 2, 16, 2.0, 3)
    """
    D = matrix_of("target", target, (None, None))
    m, n = D.shape
    W = None if weight is None else matrix_of("weight", weight, (m, n))
    names, message = _named(kinds, W is not None)
    most = max(m * n // SHARE, m + n) if max_parameters is None else integer("max_parameters", max_parameters, low=1)
    ladders = {kind: _ladder(kind, (m, n), most) for kind in names}
    if not any(ladders.values()):
        least = min(_count(kind, (m, n), r) for kind in names for r in range(1, min(m, n) + 1))
        raise must("max_parameters", f"at least {least}, so that an adapter of these kinds fits", most)
    problem = problem_of((m, n), D)
    values = problem.svd().values
    crossover = crossover_rank(values, (m, n)) if problem.whole else None
    if X is not None:
        inputs = matrix_of("X", X, (None, n))
        problem = problem_of((m, n), None, inputs, inputs @ D.T)
        values = problem.svd().values
    draw = generator(rng)
    asked = [(kind, rank) for kind, ranks in ladders.items() for rank in ranks]
    rows, shared = [], _RandLoRAs(problem, (m, n), ladders.get("randlora", []), draw)
    for kind, rank in progress(asked, total=len(asked), title="adapters compared", after=PATIENCE):
        if kind == "lora":
            rows.append(_lora_row(problem, values, (m, n), rank))
        elif kind == "randlora":
            rows.append(_solved(shared.task(rank), rank, draw))
        else:
            rows.append(_solved(_task(problem, kind, rank, D, W, draw), rank, draw))
    return Comparison(tuple(rows), true_value(problem.whole, problem.unit), crossover, most, message)


def _named(kinds: Any, weighted: bool) -> tuple[list[str], str]:
    """The kinds that are meant, and a word on one that is left out."""
    if isinstance(kinds, str):
        choice("kinds", kinds, ("all",))
        names = [kind for kind in KINDS if kind != "hadamard" or weighted]
        return names, "" if weighted else 'the kind "hadamard" needs `weight`'
    if not is_iterable(kinds):
        raise must("kinds", '"all" or a sequence of kinds', kinds, TypeError)
    names = list(kinds)
    if not names:
        raise must("kinds", '"all" or at least one kind', kinds)
    for kind in names:
        choice("kinds", kind, tuple(KINDS))
    if "hadamard" in names and not weighted:
        raise must("weight", 'the weight that is adapted, which kind "hadamard" multiplies', None)
    return names, ""


def _count(kind: str, shape: tuple[int, int], rank: int) -> int:
    """The parameters of an adapter of this comparison."""
    m, n = shape
    return {
        "lora": rank * (m + n),
        "lora-fa": rank * m,
        "lora-xs": rank * rank,
        "vera": m + rank,
        "randlora": _n_bases(shape, rank) * (rank + min(shape)),
        "uni-lora": max(1, rank * (m + n) // SHARED),
        "tera": sum(min(rank, size) for side in shape for size in mode_sizes(side, MODES)),
        "queryable": 2 * rank,
        "hadamard": rank * (m + n),
        "full": m * n,
    }[kind]


def _n_bases(shape: tuple[int, int], rank: int) -> int:
    """The bases of RandLoRA for full rank, or as many as can be orthonormal."""
    return min(max(shape) // rank, -(-min(shape) // rank))


def _ladder(kind: str, shape: tuple[int, int], max_parameters: int) -> list[int]:
    """Powers of two, and the rank with the most parameters, within a budget; in the order of their parameters."""
    top = min(shape)
    if kind == "tera":  # a factor has no larger rank than its height
        top = min(top, max(size for side in shape for size in mode_sizes(side, MODES)))
    if kind == "queryable":  # all atoms together have no more entries than the update
        top = max(1, round((shape[0] * shape[1] / 2) ** (1 / 3)))
    ranks = [rank for rank in range(1, min(top, *shape) + 1) if _count(kind, shape, rank) <= max_parameters]
    if not ranks or kind == "full":
        return ranks[-1:]
    kept = {rank for rank in ranks if rank & (rank - 1) == 0}
    kept.add(max(ranks, key=lambda rank: _count(kind, shape, rank)))
    return sorted(kept, key=lambda rank: (_count(kind, shape, rank), rank))


def _lora_row(problem: Problem, values: np.ndarray, shape: tuple[int, int], rank: int) -> ComparisonRow:
    """LoRA, whose distances at all ranks come from one set of singular values."""
    left = float(np.hypot(problem.rest, norm(values[rank:])))
    error = true_value(left, problem.unit)
    size, statement = rank * (sum(shape) - rank), "AD-3" if problem.K is None else "AD-5"
    return ComparisonRow(
        kind="lora",
        rank=rank,
        n_parameters=_count("lora", shape, rank),
        dimension=size,
        lower=error,
        upper=error,
        loss=error * error,
        exact=True,
        statement=NAME + statement,
    )


class _RandLoRAs:
    """The RandLoRAs of a comparison: their bases are the first columns of one draw, which meets the target once."""

    def __init__(
        self, problem: Problem, shape: tuple[int, int], ranks: Sequence[int], draw: np.random.Generator
    ) -> None:
        self.problem, self.shape, self.draw = problem, shape, draw
        self.count = max((_n_bases(shape, rank) * rank for rank in ranks), default=0)

    @cached_property
    def columns(self) -> np.ndarray:
        """Orthonormal columns, drawn with the first row."""
        return shared_columns(self.shape, self.count, self.draw)

    @cached_property
    def known(self) -> Bases | None:
        """The target in their coordinates."""
        m, n = self.shape
        return bases_of(self.columns, self.problem.T if m >= n else self.problem.T.T)

    def task(self, rank: int) -> NormalizedProblem:
        """The task of one rank."""
        task = normalized(randlora_of(self.shape, rank, self.columns, self.draw), self.problem)
        return task if task.K is not None else narrowed_bases(task, self.known)


def _task(
    problem: Problem, kind: str, rank: int, D: np.ndarray, W: np.ndarray | None, draw: np.random.Generator
) -> NormalizedProblem:
    """The task of an adapter with frozen arrays of `make_adapter`."""
    shape = D.shape[0], D.shape[1]
    options: dict[str, Any] = {"weight": W} if kind == "hadamard" else {}
    if kind == "uni-lora":
        options["d"] = _count(kind, shape, rank)
    adapter = make_adapter(kind, shape, rank=rank, rng=draw, **options)
    if kind == "queryable":
        # the hull of opposite unit vectors holds what projects the target onto their span from this length on
        unit = unit_of(D)
        size = true_value(math.sqrt(rank) * norm(np.ldexp(D, -unit)), unit)
        adapter = replace(adapter, scale=min(size, float(np.finfo(float).max)) or 1.0)
    return normalized(adapter, problem)


def _solved(task: NormalizedProblem, rank: int, draw: np.random.Generator) -> ComparisonRow:
    """The row of an adapter; without a closed form for data it is taken at its start."""
    adapter, kind = task.given, task.given.kind
    method = "auto" if task.K is None else "closed-form"
    effort = Effort(newton=0, own=False)
    found = solve(task, tol=TOL, max_iter=STEPS.get(kind, 10), n_starts=1, draw=draw, effort=effort, method=method)
    return ComparisonRow(
        kind=kind,
        rank=rank,
        n_parameters=adapter.n_parameters,
        dimension=adapter.dimension,
        lower=found.lower,
        upper=found.upper,
        loss=found.upper**2,
        exact=found.exact,
        statement=found.certificate.statement,
    )
