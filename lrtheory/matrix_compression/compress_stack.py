r"""A common basis for many matrices in one or two passes, with a certificate of its error.

.. math:: A_k \approx U C_k, \qquad \sum_k \|A_k - U C_k\|^2 \ge E_r(M)^2

M = [A_1 ... A_K] are all matrices side by side, and E_r(M) is the error of the best basis of r columns, all in the
Frobenius norm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._kernels.units import true_value
from lrtheory._result import Certificate, Result, result
from lrtheory._result.display import curves
from lrtheory._validation import Words, choice, flag, integer, must
from lrtheory.matrix_compression.problem import StackProblem
from lrtheory.matrix_compression.sizes import one_of
from lrtheory.matrix_compression.stacks.accumulator import GRAM_ROWS, rescaled_trace
from lrtheory.matrix_compression.stacks.factors import ROUNDING
from lrtheory.matrix_compression.stacks.files import write_basis
from lrtheory.matrix_compression.stacks.inputs import Blocks, Stream, relative
from lrtheory.matrix_compression.stacks.measuring import SecondPass, second_pass
from lrtheory.matrix_compression.stacks.sketch import METHODS, Method, StackSketch, smallest_rank
from lrtheory.matrix_compression.stacks.trees import Plan, sketch_within

__all__ = ["StackCertificate", "StackResult", "compress_stack"]

#: proofs of the bracket: by the spectrum of M or a second pass, by merged sketches, and by Frequent Directions
STATEMENTS = tuple(f"matrix_compression/{name}" for name in ("CM-6", "CM-7", "CM-16"))


@result
class StackCertificate(Certificate):
    r"""Proof about a common basis: its error, and that of the best one of its rank.

    Attributes
    ----------
    achieved : float
        At least the error of this basis with C_k = U^T A_k, whether these are kept in double precision or in that of
        the basis. Relative to \|M\|, as all numbers here.
    bound : float
        Every basis of this rank has at least this error.
    attainable : float
        The best basis has at most this error.
    rank : int
        Columns of the basis.
    floor : float
        Relative errors below it are noise.
    basis : array of shape (m, r)
        U.
    """

    achieved: float
    bound: float
    gap: float
    attainable: float
    rank: int
    floor: float
    basis: np.ndarray

    _statements = STATEMENTS

    def verify(self, problem: Blocks) -> bool:
        """Recompute the error of the basis and the best error of its rank from the blocks.

        Parameters
        ----------
        problem : as `blocks` of `compress_stack`
            The blocks that were compressed.

        Returns
        -------
        bool
            Whether the basis errs by at most `achieved`, up to the rounding of the measurement, and the bracket of the
            best error that is found from the blocks meets the stated one. With more than 2048 rows it is found from
            the basis itself (statement CM-6).

        Raises
        ------
        ValueError
            If a block is not finite, or has another number of rows than the basis.
        """
        if not self._is_sound():
            return False
        U = np.asarray(self.basis)
        if U.ndim != 2 or U.shape[1] != self.rank or not np.isfinite(U).all():
            return False
        stream = Stream(problem)
        stream.n_rows = len(U)
        exact = StackSketch(self.rank, oversampling=0, method="gram") if len(U) <= GRAM_ROWS else None

        def seen() -> Iterator[np.ndarray]:
            for block in stream:
                if exact is not None:
                    exact.update(block)
                yield block

        U = U.astype(np.float64)
        again = second_pass(seen(), U, np.linalg.qr(U)[0], unit=None, dtype=U.dtype)
        return self._agrees(again, exact)

    def _agrees(self, again: SecondPass, exact: StackSketch | None) -> bool:
        total = float(again.energies.sum())
        error = relative(again.errors.sum(), total)
        if exact is not None:
            found = exact.interval()
            low, high = found.lower, found.upper
        else:
            noise = ROUNDING * (64 + len(self.basis) + 8 * self.rank) * total
            low, high = relative(again.bracket[0] - noise, total), relative(again.bracket[1] + noise, total)
        stated = error - _allowance(error, self.rank) <= self.achieved
        inside = low <= self.attainable and high >= self.bound  # both brackets hold the best error, so they meet
        return bool(stated and inside)


def _allowance(error: float, rank: int) -> float:
    """A bound on what rounding adds to a measured relative error.

    An entry of A - U C is off by at most (r + 2) u times that of abs(A) + abs(U) abs(C), with the unit roundoff u and
    absolute values entry by entry; the Frobenius norm of abs(U) is sqrt(r).
    """
    return ROUNDING * (64 * error + rank**1.5)


@result
class StackResult(Result):
    r"""A common basis of blocks A_k ~ U C_k.

    Attributes
    ----------
    basis : array of shape (m, r)
        U, with orthonormal columns.
    coefficients : list of arrays of shape (r, n_k), or None
        C_k = U^T A_k; None after a single pass.
    singular_values : array of shape (r,)
        Singular values of the sketch, never above those of M; of M itself for method "gram".
    error : float
        \|M - U C\| / \|M\|, measured in the second pass; after a single one a bound on that of C = U^T M.
    lower, upper : float
        Between them lies the relative error of the best basis of this rank.
    rank : int
        Columns of U; fewer than asked for where the stack has fewer columns, or columns of zeros.
    by_rank : array of shape (r + 1, 2)
        Brackets of the relative error of the best basis of every rank from 0 to r.
    block_errors : array of shape (K,) or None
        \|A_k - U C_k\| / \|A_k\| of each block, 0 for a block of zeros.
    names : tuple or None
        Names of the blocks.
    norm : float
        \|M\|.
    storage : int
        Numbers that basis and coefficients need.
    method : str
        "gram", "fd" or "sketch".
    reason : str
        Reason for the method, where "auto" chose it.
    message : str
        Storage beside that of the blocks, and the error for which the rank was chosen.
    counts : mapping
        ``blocks``, ``columns``, ``factorizations`` and ``passes``.
    certificate : StackCertificate or None
        Certificate of the basis; None where nothing is proved, and `message` says why.
    trace : mapping or None
        Energies that every factorization of the tree left and dropped, for ``record=True``, see `StackSketch`; in the
        caller's units.
    """

    basis: np.ndarray
    coefficients: list[np.ndarray] | None
    singular_values: np.ndarray
    error: float
    lower: float
    upper: float
    rank: int
    by_rank: np.ndarray
    block_errors: np.ndarray | None
    names: tuple[object, ...] | None
    norm: float
    storage: int
    method: str
    reason: str
    message: str
    counts: Mapping[str, int]
    certificate: StackCertificate | None
    trace: Mapping[str, Any] | None

    _forms = (".safetensors",)

    _is_more = True

    def reconstruct(self, block: int) -> np.ndarray:
        """Return the approximation of one block.

        Parameters
        ----------
        block : int
            Number of the block, from 0.

        Returns
        -------
        array of shape (m, n_k)
            U C_k.

        Raises
        ------
        ValueError
            If there is no such block, or no coefficients, which only two passes give.
        """
        if self.coefficients is None:
            raise must("passes", "2 for coefficients", 1)
        return self.basis @ self.coefficients[integer("block", block, low=0, high=len(self.coefficients) - 1)]

    def _columns(self) -> dict[str, Any]:
        ranks = np.arange(len(self.by_rank))
        values = [None, *self.singular_values.tolist()][: len(ranks)]
        return {"rank": ranks, "lower": self.by_rank[:, 0], "upper": self.by_rank[:, 1], "singular_value": values}

    def _facts(self) -> list[str]:
        certificate = self.certificate
        if certificate is None:
            return [self.message]
        said = f"this basis of rank {self.rank} errs by {certificate.achieved:.4g} at most, relative to the norm"
        best = f"no basis of this rank errs by less than {certificate.bound:.4g}"
        return [f"{said}; {best} ({certificate.statement})", self.message]

    def _write(self, target: Path) -> bool:
        """As safetensors: the basis, and the coefficients of each block by its name."""
        if target.suffix.lower() != ".safetensors":
            return False
        write_basis(target, self.basis, self.coefficients or (), self.names)
        return True

    def _draw(self, ax: Any) -> None:
        lines = {"at most": self.by_rank[:, 1], "at least": self.by_rank[:, 0]}
        curves(ax, np.arange(len(self.by_rank)), lines, xlabel="rank", ylabel="relative error of the best basis")


@arrays("host")
def compress_stack(
    blocks: Blocks | StackProblem,
    rank: int | None = None,
    *,
    epsilon: float | None = None,
    oversampling: int = 8,
    method: Method = "auto",
    passes: int | None = None,
    n_jobs: int | None = None,
    record: bool = False,
) -> StackResult:
    r"""Find one basis for the columns of many matrices.

    Parameters
    ----------
    blocks : sequence or stream of arrays of shape (m, n_k), array of shape (K, m, n), callable, or StackProblem
        The matrices. A callable without arguments starts a stream again, which two passes need, and an error
        `epsilon` where there are more than 2048 rows.
    rank : int or None
        r, from 0 to the number of rows. Exactly one of `rank` and `epsilon` is given, or the problem has it.
    epsilon : float or None
        Relative error in [0, 1] that the smallest rank is chosen for.
    oversampling : int
        Columns that a sketch keeps beyond the rank.
    method : {"auto", "gram", "fd", "sketch"}
        As for `StackSketch`; "auto" is exact up to 2048 rows.
    passes : {1, 2} or None
        The second pass gives coefficients and the measured error; None makes it where the blocks are in memory.
    n_jobs : int or None
        Processes: None means 1, -1 all; inside ``joblib.parallel_config(backend="dask")`` the workers of a cluster. The
        answer is the same for all of them, as long as each uses the same number of threads for linear algebra.
    record : bool
        Whether `trace` is kept.

    Returns
    -------
    StackResult
        Basis, coefficients, errors and certificate. Single precision stays single.

    Raises
    ------
    ValueError
        If a block is not finite or has another number of rows, there is none, a stream cannot be read again, or an
        option is out of range.
    TypeError
        If an argument is of the wrong kind.

    Notes
    -----
    The blocks are cut into leaves at fixed numbers of columns, each leaf is sketched, and sketches are merged in a
    fixed tree (statement CM-7). Memory is that of a few leaves and sketches. A spectral error is not the loss of a
    task: weights of different layers, for instance, hardly share a basis, and the certificate says so.

    Arrays: any (copied to the host).

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.matrix_compression import compress_stack
    >>> found = compress_stack([np.eye(3)[:, :2], 2 * np.eye(3)[:, 1:]], 2)
    >>> round(found.error, 6), round(found.certificate.bound, 6), found.coefficients[0].shape
    (0.316228, 0.316228, (2, 2))
    """
    if isinstance(blocks, StackProblem) and rank is None and epsilon is None:
        rank, epsilon = blocks.rank, None if blocks.rank is not None else blocks.epsilon
    one_of(rank=rank, epsilon=epsilon)
    oversampling = integer("oversampling", oversampling, low=0)
    choice("method", method, METHODS)
    names = blocks.names if isinstance(blocks, StackProblem) else None
    stream = Stream(blocks, rank=rank)
    passes = (2 if stream.in_memory else 1) if passes is None else integer("passes", passes, low=1, high=2)
    if passes == 2:
        stream.need_restart("passes=2")
    plan = Plan(rank or 0, oversampling, method, flag("record", record))
    sketch, n_reads = sketch_within(stream, plan, epsilon, n_jobs)
    rank = min(smallest_rank(sketch, epsilon) if epsilon is not None else sketch.rank, sketch.n_rows, sketch.n_columns)
    if rank > sketch.rank:
        sketch._widen(rank)
    wide = sketch._directions(sketch.rank + sketch.oversampling)
    basis = wide[:, :rank].astype(stream.dtype)
    second = _measured(stream, sketch, basis, wide) if passes == 2 else None
    certificate, error, by_rank = _proved(sketch, basis, wide[:, :rank], second)
    rank = certificate.rank  # zero columns have no directions
    whole, size = sketch.n_rows * sketch.n_columns, rank * (sketch.n_rows + sketch.n_columns)
    said = ""
    if epsilon is not None:
        noise = 2 * sketch.interval(0).floor
        at_most = f"{epsilon:g}" if epsilon >= noise else f"{noise:.1g}, below which rounding hides it"
        said = f"; rank {rank} is the smallest whose error is surely at most {at_most}"
    return StackResult(
        basis=basis,
        coefficients=None if second is None else second.coefficients,
        singular_values=sketch._lengths(rank),
        error=error,
        lower=certificate.bound,
        upper=certificate.attainable,
        rank=rank,
        by_rank=by_rank,
        block_errors=None if second is None else np.array(list(map(relative, second.errors, second.energies))),
        names=None if names is None else tuple(names),
        norm=true_value(math.sqrt(sketch.total), sketch.unit),
        storage=size,
        method=sketch.method,
        reason=f"{sketch.n_rows} rows, and M M^T is kept up to {GRAM_ROWS}" if method == "auto" else "",
        message=f"{size:,} numbers for {whole:,}{said}",
        counts={**sketch.counts, "passes": n_reads + (second is not None)},
        certificate=certificate,
        trace=None if sketch.trace is None else rescaled_trace(sketch.trace, sketch.unit),
    )


def _measured(stream: Stream, sketch: StackSketch, basis: np.ndarray, wide: np.ndarray) -> SecondPass:
    """Read the blocks again, which must be those that were sketched."""
    found = second_pass(stream, basis, wide, unit=sketch.unit, dtype=basis.dtype)
    if len(found.errors) != sketch.n_blocks or not math.isclose(sketch.total, found.energies.sum(), rel_tol=1e-9):
        got = Words(f"{len(found.errors)} blocks after {sketch.n_blocks}, or other numbers in them")
        raise must("blocks", "the same matrices whenever the stream is started", got)
    return found


def _proved(
    sketch: StackSketch, basis: np.ndarray, exact: np.ndarray, second: SecondPass | None
) -> tuple[StackCertificate, float, np.ndarray]:
    """Bound the error of a basis, the `exact` one in its type, measure it, and bracket the best one of each rank."""
    rank = basis.shape[1]
    found = sketch.interval(rank)
    lower, upper = found.lower, found.upper
    statement = {"sketch": "CM-7", "fd": "CM-16"}.get(sketch.method, "CM-6")
    if second is None:
        # energies of the sketch know no error below the floor, and the basis has been rounded to its type
        moved = float(np.linalg.norm(basis - exact))
        # a basis that is off by d changes the projection U U^T by at most d (2 + d)
        error = max(upper, found.floor * (sketch.total > 0)) + moved * (2 + moved)
    else:
        total = float(second.energies.sum())
        error = relative(second.errors.sum(), total)
        error += _allowance(error, rank) * (rank > 0)
        low = relative(second.bracket[0] - found.floor**2 * total, total)
        statement = "CM-6" if low > lower else statement
        lower = max(lower, low)
        upper = max(min(upper, error), lower)
    # the certificate has no coefficients; those that are handed out have been rounded to their type
    rounded = 0.0 if second is None or rank == 0 else 1.001 * relative(second.rounded.sum(), total)
    by_rank = [(one.lower, one.upper) for one in map(sketch.interval, range(rank))]
    most = error + rounded
    certificate = StackCertificate._of(
        most,
        lower,
        f"matrix_compression/{statement}",
        attainable=upper,
        rank=rank,
        floor=found.floor,
        basis=basis,
    )
    return certificate, error, np.array([*by_rank, (lower, upper)])
