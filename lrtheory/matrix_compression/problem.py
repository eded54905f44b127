"""Stacks of blocks as instances, and makers of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from os import PathLike

import numpy as np

from lrtheory._numbers import number
from lrtheory._result import read_only
from lrtheory._types import Rng
from lrtheory._validation import check_sizes, integer, must, open_interval, real, sequence
from lrtheory.matrix_compression.stacks.files import stack_in
from lrtheory.matrix_compression.stacks.inputs import Stream
from lrtheory.matrix_compression.stacks.makers import planted, stack

__all__ = ["StackProblem", "make_families", "make_hidden_direction", "make_stack"]


@dataclass(frozen=True, eq=False)
class StackProblem:
    """Blocks with the same number of rows, and the rank or the error that is wanted; every solver takes it.

    Parameters
    ----------
    blocks : sequence of arrays of shape (m, n_k), or array of shape (K, m, n)
        The matrices.
    rank : int or None
        r, at least 0.
    epsilon : float or None
        Relative error that is allowed, in [0, 1].
    names : sequence or None
        Names of the blocks.
    truth : int64 array of shape (K,) or None
        The family of each block, where it is known.

    Raises
    ------
    ValueError
        If there is no block, one is not finite or has another number of rows, or an argument is out of range.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> problem = make_stack("gaussian", 4, [2, 3], rng=0)
    >>> problem.n_rows, problem.n_columns.tolist()
    (4, [2, 3])
    """

    blocks: Sequence[np.ndarray]
    rank: int | None = None
    _: KW_ONLY
    epsilon: float | None = None
    names: Sequence[object] | None = None
    truth: np.ndarray | None = None

    def __post_init__(self) -> None:
        given = self.blocks
        if callable(given):
            raise must("blocks", "in memory", given, TypeError)
        blocks = tuple(map(read_only, Stream(given)))
        object.__setattr__(self, "blocks", blocks)
        if self.rank is not None:
            object.__setattr__(self, "rank", integer("rank", self.rank, low=0))
        if self.epsilon is not None:
            object.__setattr__(self, "epsilon", real("epsilon", self.epsilon, low=0.0, high=1.0))
        for name in ("names", "truth"):
            value = getattr(self, name)
            if value is not None and (not hasattr(value, "__len__") or len(value) != len(blocks)):
                raise must(name, f"None or a sequence of {len(blocks)}, one for each block", value)
        if self.truth is not None:
            truth = np.array([integer("truth", one, low=0) for one in self.truth], np.int64)
            object.__setattr__(self, "truth", read_only(truth))

    @classmethod
    def from_file(
        cls, path: str | PathLike[str], *, columns: str | Sequence[str] | None = None, form: str | None = None
    ) -> StackProblem:
        """Read the matrices of a file.

        Parameters
        ----------
        path : path
            An npz file of matrices, an npy file of one array of shape (K, m, n), a safetensors file, or a folder with
            the safetensors files of a model.
        columns : str or sequence of str, optional
            Names of the matrices that are meant, or patterns such as ``*.query.weight``, as a sequence or with commas
            between them. None takes all arrays that are matrices.
        form : str, optional
            "npy", "npz", "safetensors" or "folder", where the suffix does not tell.

        Returns
        -------
        StackProblem
            In the order of the file, with their names.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a name fits no matrix, there is none, they differ in their rows, or the file is damaged.
        """
        return cls(**stack_in(path, columns, form))

    def __len__(self) -> int:
        return len(self.blocks)

    def __repr__(self) -> str:
        n = int(self.n_columns.sum())
        return f"StackProblem({len(self)} blocks, {self.n_rows} rows, {n} columns, rank={self.rank})"

    @property
    def n_rows(self) -> int:
        """The rows of each block."""
        return len(self.blocks[0])

    @property
    def n_columns(self) -> np.ndarray:
        """The columns of each block, (K,)."""
        return np.array([block.shape[1] for block in self.blocks], np.int64)


def make_stack(
    kind: str = "gaussian",
    n_rows: int = 8,
    n_columns: Sequence[int] | int = 4,
    *,
    n_blocks: int | None = None,
    rank: int = 2,
    noise: float = 0.1,
    rng: Rng = None,
) -> StackProblem:
    """Draw a stack of one of six kinds, on which all statements about stacks are measured.

    Parameters
    ----------
    kind : {"gaussian", "noisy", "decades", "orthogonal", "integers", "shared"}
        Independent Gaussian blocks; a common basis of `rank` columns and noise; Gaussian blocks whose norms spread over
        four decades; multiples of columns of one orthogonal matrix, which bounds meet exactly; integers from -2 to 2;
        blocks in one span of `rank` columns, with a fifth of the mixing coefficients 0.
    n_rows : int
        m, at least 1.
    n_columns : sequence of int, or int
        Columns of each block, or of all.
    n_blocks : int or None
        K; may be left out where `n_columns` lists them, else 3.
    rank : int
        Columns of the common basis of "noisy" and "shared", from 1 to `n_rows`.
    noise : float
        Size of the noise of "noisy", beside columns of length 1.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    StackProblem
        Stack, and its rank.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> make_stack("integers", 3, 2, n_blocks=2, rng=1).blocks[0].tolist()
    [[0.0, 0.0], [-2.0, -2.0], [-1.0, -1.0]]
    """
    if isinstance(n_columns, (int, np.integer)):
        K = integer("n_blocks", 3 if n_blocks is None else n_blocks, low=1)
        sizes = [integer("n_columns", n_columns, low=0)] * K
    else:
        sizes = [integer("n_columns", n, low=0) for n in sequence("n_columns", n_columns)]
        if n_blocks is not None and integer("n_blocks", n_blocks, low=1) != len(sizes):
            raise must("n_blocks", f"{len(sizes)}, as `n_columns` lists, or left out", n_blocks)
    m = integer("n_rows", n_rows, low=1)
    r = integer("rank", rank, low=1, high=m)
    return StackProblem(stack(kind, m, sizes, r, real("noise", noise, low=0.0, high=1e100), rng), r)


def make_families(
    sizes: Sequence[int] = (3, 3),
    n_rows: int = 32,
    rank: int = 4,
    *,
    overlap: float = 0.0,
    noise: float = 0.0,
    epsilon: float = 0.1,
    rng: Rng = None,
) -> StackProblem:
    """Make families of blocks, each with one basis, so that the best clustering is known (statement CM-4p).

    Parameters
    ----------
    sizes : sequence of int
        Blocks of each family.
    n_rows : int
        m, at least `rank` times the number of families.
    rank : int
        r: columns of each block, and of each basis.
    overlap : float
        In [0, 1): share of each basis that lies in a common one; 0 makes families orthogonal.
    noise : float
        Norm of the noise of each column, which has length 1.
    epsilon : float
        Relative error that clusters may have.
    rng : Generator, int or None
        Source of the draws.

    Returns
    -------
    StackProblem
        Shuffled; `truth` says the family of each block.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> problem = make_families([2, 1], 8, 2, rng=0)
    >>> sorted(problem.truth.tolist()), problem.blocks[0].shape
    ([0, 0, 1], (8, 2))
    """
    counts = check_sizes("sizes", sizes)
    r = integer("rank", rank, low=1)
    share = float(number("overlap", overlap, 0, 1, ends="[)"))
    m = integer("n_rows", n_rows, low=r * (len(counts) + (share > 0)))
    blocks, families = planted(counts, m, r, share, real("noise", noise, low=0.0, high=1e100), rng)
    return StackProblem(blocks, r, epsilon=epsilon, truth=families)


def make_hidden_direction(n: int = 40, keep: int = 1, *, size: float = 0.9) -> StackProblem:
    r"""Make the stream on which a sketch that truncates alone never sees the best direction.

    Parameters
    ----------
    n : int
        Number of columns in the hidden direction, at least 1.
    keep : int
        Columns that the sketch keeps, at least 1.
    size : float
        Length of the hidden columns, in (0, 1).

    Returns
    -------
    StackProblem
        `keep` blocks e_1, e_2, .. and n blocks that are `size` times the last axis: each is dropped at once, and in
        the end T_1 = size^2 n.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> len(make_hidden_direction(3))
    4
    """
    n, keep = integer("n", n, low=1), integer("keep", keep, low=1)
    *axes, hidden = np.eye(keep + 1)[:, :, None]
    return StackProblem([*axes, *[open_interval("size", size, 0, 1) * hidden] * n], 1)
