"""TeRA: a frozen random tensor network, with a trained vector on each of its edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from lrtheory._array import array_namespace, arrays, to_numpy
from lrtheory._types import ArrayLike
from lrtheory._validation import must, sequence
from lrtheory.low_rank_adapters.kinds.arrays import (
    Gradient,
    numerical_rank,
    prepared,
    shaped,
    times_identity,
    transposed,
)
from lrtheory.low_rank_adapters.kinds.base import FactoredAdapter

__all__ = ["TeRA", "but_identities", "edge_count", "tera", "times_modes", "times_vectors"]


class TeRA(FactoredAdapter):
    """Delta = scale (kron_k U_k diag(d_k)) C (kron_k V_k diag(e_k))^T, with all vectors d_k and e_k trained."""

    kind: ClassVar[str] = "tera"

    @property
    def rank_bound(self) -> int:
        """The rank of the core, or of the product of the left or of the right factors, if that is less (TE-1)."""
        return min(*self._ranks(), numerical_rank(self.frozen["C"]))

    @property
    def dimension(self) -> int:
        """The trained numbers minus the rescalings of vectors that leave the update as it is (statement AD-2).

        The number is exact where the columns of each factor that are not 0 are linearly independent, and an upper bound
        otherwise.
        """
        live = [(np.asarray(to_numpy(one)) != 0).any(axis=0) for one in self._modes()]
        mask = np.asarray(to_numpy(self._core())) != 0
        free = edge_count(mask & np.asarray(times_vectors(np.ones(mask.shape), live), bool))
        return min(free, math.prod(self._ranks()))

    def _ranks(self) -> list[int]:
        return [math.prod(map(numerical_rank, modes)) for modes in (self._left(), self._right())]

    def _left(self) -> list[Any]:
        return [value for name, value in self.frozen.items() if name[0] == "U"]

    def _right(self) -> list[Any]:
        return [value for name, value in self.frozen.items() if name[0] == "V"]

    def _modes(self) -> list[Any]:
        return [*self._left(), *self._right()]

    def _core(self) -> Any:
        """The core as a tensor with an axis for each trained vector."""
        C = self.frozen["C"]
        return array_namespace(C).reshape(C, tuple(one.shape[1] for one in self._modes()))

    def _scaled(self, side: str) -> Any:
        """The vectors of a side, "d" or "e", multiplied out to one of the length of that side of the core."""
        xp, found = array_namespace(self.frozen["C"]), None
        for value in (value for name, value in self.params.items() if name[0] == side):
            found = value if found is None else xp.reshape(found[:, None] * value[None, :], (-1,))
        return found

    def _factors(self) -> tuple[Any, Any]:
        xp, C = array_namespace(self.frozen["C"]), self.frozen["C"]
        sides = []
        for modes, side in ((self._left(), "d"), (self._right(), "e")):
            product = modes[0]
            for one in modes[1:]:
                shape = (product.shape[0] * one.shape[0], product.shape[1] * one.shape[1])
                product = xp.reshape(product[:, None, :, None] * one[None, :, None, :], shape)
            sides.append(product * self._scaled(side))
        left, right = sides[0], transposed(sides[1])
        return (left, C @ right) if C.shape[0] <= C.shape[1] else (left @ C, right)

    def _by_modes(self) -> Any:
        """The update, factor by factor: faster than the product of its two thin matrices where these are wide."""
        xp = array_namespace(self.frozen["C"])
        tensor = times_vectors(self._core(), list(self.params.values()))
        made = xp.reshape(times_modes(tensor, but_identities(self._modes())), self.shape)
        return made if self.scale == 1 else self.scale * made

    def _apply(self, X: Any) -> Any:
        inner = _rows_times(X, self._right(), 0) * self._scaled("e")
        outer = (inner @ transposed(self.frozen["C"])) * self._scaled("d")
        return self.scale * _rows_times(outer, self._left(), 1)

    def _flops_per_row(self) -> int:
        C, total = self.frozen["C"], self.shape[0]
        for modes, length, axis in ((self._right(), self.shape[1], 0), (self._left(), C.shape[0], 1)):
            for one in modes:
                total += 2 * length * one.shape[1 - axis]
                length = length // one.shape[axis] * one.shape[1 - axis]
        return total + 2 * math.prod(C.shape) + sum(C.shape)

    def _pulled(self, G: Gradient) -> dict[str, Any]:
        xp, core = array_namespace(self.frozen["C"]), self._core()
        if G.dense is None:
            outputs, inputs = _rows_times(G.outputs, self._left(), 0), _rows_times(G.inputs, self._right(), 0)
            inside = xp.reshape(transposed(outputs) @ inputs, core.shape)
        else:
            tensor = xp.reshape(G.dense, tuple(one.shape[0] for one in self._modes()))
            inside = times_modes(tensor, [transposed(one) for one in self._modes()])
        weighted, found = self.scale * (inside * core), {}
        for j, name in enumerate(self.params):
            rest = weighted
            for i, value in reversed(list(enumerate(self.params.values()))):
                if i != j:
                    rest = xp.tensordot(rest, value, axes=((i,), (0,)))
            found[name] = rest
        return found


def times_vectors(tensor: Any, vectors: Sequence[Any], *, but: int | None = None) -> Any:
    """Multiply each axis of a tensor by the vector of its place, entry by entry; one axis may stay as it is."""
    xp = array_namespace(tensor)
    half = -(-tensor.ndim // 2)  # what is as large as the tensor is made for two groups of axes, not for each axis
    for group in (range(half), range(half, tensor.ndim)):
        product = None
        for j in (j for j in group if j != but):
            vector = xp.reshape(vectors[j], tuple(-1 if i == j else 1 for i in range(tensor.ndim)))
            product = vector if product is None else product * vector
        tensor = tensor if product is None else tensor * product
    return tensor


def times_modes(tensor: Any, matrices: Sequence[Any | None]) -> Any:
    """Multiply each axis of a tensor by the matrix of its place; None is the identity."""
    xp, shape = array_namespace(tensor), list(tensor.shape)
    for axis, matrix in enumerate(matrices):
        if matrix is None:
            continue
        before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        if after == 1:  # the axes stay in order, so that nothing is copied
            tensor = xp.reshape(tensor, (before, shape[axis])) @ transposed(matrix)
        else:
            tensor = matrix @ xp.reshape(tensor, (before, shape[axis], after))
        shape[axis] = matrix.shape[0]
    return xp.reshape(tensor, tuple(shape))


def but_identities(modes: Sequence[np.ndarray]) -> list[np.ndarray | None]:
    """The matrices on the host, with None in place of identities, by which nothing need be multiplied."""
    return [None if times_identity(one) == 1 else one for one in modes]


def _rows_times(X: Any, modes: Sequence[Any], axis: int) -> Any:
    """The rows of X times the Kronecker product of matrices, which is never formed, or its transpose for axis 1."""
    xp = array_namespace(X)
    tensor = xp.reshape(X, (X.shape[0], *(one.shape[axis] for one in modes)))
    for one in modes:
        tensor = xp.tensordot(tensor, one, axes=((1,), (axis,)))
    return xp.reshape(tensor, (X.shape[0], math.prod(one.shape[1 - axis] for one in modes)))


def edge_count(mask: np.ndarray) -> int:
    """The dimension of the tensors mask o (x_1 x .. x x_K) with a vector for each axis.

    Proof. Where no entry of a vector is 0, the derivative divided by the tensor itself is the sum of dx_j / x_j over
    the axes, at each entry of the mask: so the rank is that of the matrix with a row for each entry of the mask and a
    column for each entry of a vector, 1 where they belong together. Without zeros it is the number of columns less that
    of the axes, plus 1; else it is that of the Gram matrix, which counts entries of the mask by pairs of columns.
    """
    sizes = mask.shape
    if mask.all():
        return sum(sizes) - len(sizes) + 1
    blocks = []
    for i in range(len(sizes)):
        row = []
        for j in range(len(sizes)):
            counts = mask.sum(axis=tuple(k for k in range(len(sizes)) if k not in (i, j)))
            row.append(np.diag(counts) if i == j else counts.T if i > j else counts)
        blocks.append(row)
    return int(np.linalg.matrix_rank(np.block(blocks).astype(float), hermitian=True))


@arrays("device")
def tera(
    left: Sequence[ArrayLike],
    right: Sequence[ArrayLike],
    core: ArrayLike,
    *,
    d: Sequence[ArrayLike],
    e: Sequence[ArrayLike],
    scale: float = 1.0,
) -> TeRA:
    """Make a TeRA: the update scale (kron_k U_k diag(d_k)) C (kron_k V_k diag(e_k))^T, with all d_k and e_k trained.

    The update, as a tensor with an axis for each factor, is a Tucker network whose factors and core are frozen.

    Parameters
    ----------
    left : sequence of arrays of shape (m_k, r_k)
        The frozen factors U_k, whose heights multiply to d_out.
    right : sequence of arrays of shape (n_k, q_k)
        The frozen factors V_k, whose heights multiply to d_in.
    core : array of shape (prod r_k, prod q_k)
        The frozen core C.
    d : sequence of arrays of shape (r_k,)
        The trained vectors of the left factors.
    e : sequence of arrays of shape (q_k,)
        The trained vectors of the right factors.
    scale : float
        The factor in front of the product.

    Returns
    -------
    Adapter
        Adapter whose `params` are d0, d1, .., e0, e1, .., and whose `frozen` are U0, .., V0, .. and C.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.
    TypeError
        If an input has another type than Parameters says.

    References
    ----------
    Y. Gu, W. Zhou, G. Iacovides, D. Mandic, TeRA: Vector-based Random Tensor Network for High-Rank Adaptation of Large
    Language Models, arXiv 2509.03234, 2025.

    Notes
    -----
    Arrays: any (device)

    Examples
    --------
    >>> eye = [[1.0, 0.0], [0.0, 1.0]]
    >>> core = [[1.0, 2.0], [3.0, 4.0]]
    >>> adapter = tera([eye], [eye], core, d=[[1.0, 10.0]], e=[[1.0, 2.0]])
    >>> adapter.dense().tolist(), adapter.n_parameters, adapter.dimension
    ([[1.0, 4.0], [30.0, 80.0]], 4, 3)
    """
    groups = {"left": left, "right": right, "d": d, "e": e}
    named: dict[str, Any] = {"core": core}
    for name, values in groups.items():
        named |= {f"{name}[{k}]": value for k, value in enumerate(sequence(name, values))}
    for name, vectors in (("left", "d"), ("right", "e")):
        if not len(groups[name]):
            raise must(name, "at least one factor", groups[name])
        if len(groups[vectors]) != len(groups[name]):
            raise must(
                vectors, f"a vector for each of the {len(groups[name])} factors of `{name}`", len(groups[vectors])
            )
    found = prepared(**named)
    sizes = []
    for name, vectors in (("left", "d"), ("right", "e")):
        made = [shaped(f"{name}[{k}]", found[f"{name}[{k}]"], (None, None)).shape for k in range(len(groups[name]))]
        for k, (_, width) in enumerate(made):
            shaped(f"{vectors}[{k}]", found[f"{vectors}[{k}]"], (width,))
        sizes.append([math.prod(one[axis] for one in made) for axis in (0, 1)])
    shaped("core", found["core"], (sizes[0][1], sizes[1][1]))
    letters = {"left": "U", "right": "V", "d": "d", "e": "e"}
    short = {f"{name}[{k}]": f"{letters[name]}{k}" for name, values in groups.items() for k in range(len(values))}
    params = {short[name]: value for name, value in found.items() if name[0] in "de"}
    frozen = {short[name]: value for name, value in found.items() if name[0] in "lr"} | {"C": found["core"]}
    return TeRA((sizes[0][0], sizes[1][0]), params, frozen=frozen, scale=scale)
