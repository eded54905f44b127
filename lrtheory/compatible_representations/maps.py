r"""Maps from the new encoder's space into the old one, fitted on a few items that both have encoded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, arrays, beside, real_array, to_numpy
from lrtheory._result import Result, result
from lrtheory._types import Array, ArrayLike, Rng
from lrtheory._validation import Words, choice, generator, integer, must, real, refuse_unused, sequence
from lrtheory.compatible_representations.search.features import feature_rows

__all__ = ["BackwardMap", "ItemCurve", "fit_map", "items_needed"]

Method = Literal["rotation", "centred", "affine"]
#: the options that each method uses
USES = {"rotation": ("shrinkage",), "centred": ("shrinkage",), "affine": ("ridge",)}
#: the share of the norm of what is to be met by which a residual may be above the least one and count as no worse
TOLERATED = 0.02
#: at it the rounding of the cross moment, 1e-16 of its largest singular value, turns the free dimensions by some 1e-6
LEAST = 1e-10


@result
class BackwardMap(Result):
    r"""A map x -> x M + b of new features into the space of old ones.

    Attributes
    ----------
    matrix : array of shape (d_new, d_old)
        M.
    offset : array of shape (d_old,)
        b; zeros for a rotation.
    residual : float
        Norm of what the map leaves on the items that it was fitted on, divided by the norm of their old features.
    rank : int
        Dimensions on which the items determine the map.
    n_items : int
        Items that it was fitted on.
    method : {"rotation", "centred", "affine"}
        Kind of map.
    message : str
        Sentence on dimensions that the items leave open, if any.
    """

    matrix: Array
    offset: Array
    residual: float
    rank: int
    n_items: int
    method: Method
    message: str

    def apply(self, queries: ArrayLike) -> Array:
        """Map features of the new encoder.

        Parameters
        ----------
        queries : array of shape (n, d_new)
            Features, in the library of `matrix`.

        Returns
        -------
        array of shape (n, d_old)
            Features for the old gallery; their norms are those of the map, not 1.

        Raises
        ------
        TypeError
            If they belong to another library.
        ValueError
            If they have another width, or an entry is not finite.
        """
        xp = array_namespace(self.matrix)
        given = real_array(xp, "queries", queries)
        if given.ndim != 2 or given.shape[1] != self.matrix.shape[0]:
            raise must("queries", f"of shape (n, {self.matrix.shape[0]})", tuple(given.shape))
        return xp.astype(given, self.matrix.dtype) @ self.matrix + self.offset


@arrays("device")
def fit_map(
    new: ArrayLike,
    old: ArrayLike,
    *,
    method: Method = "rotation",
    shrinkage: float = 0.0,
    ridge: float = 0.0,
) -> BackwardMap:
    r"""Fit a map from new features to old ones on items that both encoders have seen; no labels are needed.

    Do not fit it on queries that shall judge it.

    Arrays: any (device)

    Parameters
    ----------
    new, old : array of shape (n, d_new) and (n, d_old)
        Items by the new encoder, and the same items by the old one.
    method : {"rotation", "centred", "affine"}
        A rotation or reflection, which keeps all products between new features (statement SX-11); a rotation of
        features whose means are taken off and put back; or any matrix with an offset, by least squares. Where the
        widths differ, the rotation becomes a matrix with orthonormal columns or rows, and the message says so.
    shrinkage : float
        Weight of the distance of the rotation from the identity, at least 0, in units of the largest singular value of
        ``new.T @ old`` (statement SX-11b). Spaces with a common frame, such as layers of one network or a fine-tuned
        encoder, gain by 0.03 where there are fewer items than dimensions, and there it is 0 or at least 1e-10. Not for
        unlike widths.
    ridge : float
        Weight of the squared matrix of an affine map, at least 0, in units of the largest eigenvalue of the scatter of
        the new features.

    Returns
    -------
    BackwardMap
        Map in double precision.

    Raises
    ------
    TypeError
        If entries are not real numbers.
    ValueError
        If the numbers of items differ, a row is zero or not finite, or an option is out of range or not used.

    Notes
    -----
    The rotation is the polar factor of C + kappa I with C = F_n^T F_o. Outside of the span of all rows it is the
    identity, and inside it is computed in their coordinates, so m items take O(d m^2). Where C leaves it free and kappa
    is 0, it is the rotation nearest to the identity, that is, the limit of small kappa. From a wider space into a
    narrower one, the matrix is the one with the largest sum of products <f_n M, f_o>, as the least residual of all
    matrices with orthonormal columns has no such formula.

    Examples
    --------
    >>> import numpy as np
    >>> old = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    >>> found = fit_map(old @ [[0.0, -1.0], [1.0, 0.0]], old)
    >>> (found.matrix.round(6) + 0.0).tolist(), found.rank
    ([[0.0, 1.0], [-1.0, 0.0]], 2)
    """
    xp = array_namespace(new, old)
    F, G = (feature_rows(xp, name, one) for name, one in (("new", new), ("old", old)))
    if F.shape[0] != G.shape[0]:
        raise must("new", f"of as many rows as `old`, {G.shape[0]}", F.shape[0])
    choice("method", method, tuple(USES))
    refuse_unused(method, USES[method], shrinkage=(shrinkage, 0.0), ridge=(ridge, 0.0))
    largest = float(np.finfo(np.float64).max)
    kappa, penalty = real("shrinkage", shrinkage, low=0, high=largest), real("ridge", ridge, low=0, high=largest)
    if kappa and F.shape[1] != G.shape[1]:
        raise must("shrinkage", "0 for spaces of unlike widths, which share no identity", kappa)
    host = [np.asarray(to_numpy(one), np.float64) for one in (F, G)]
    found = _fitted(host[0], host[1], method, kappa, penalty)
    return BackwardMap(
        matrix=beside(found.matrix, F),
        offset=beside(found.offset, F),
        residual=found.residual,
        rank=found.rank,
        method=method,
        n_items=len(host[0]),
        message=found.message,
    )


class Fitted(NamedTuple):
    """A map on the host."""

    matrix: np.ndarray
    offset: np.ndarray
    residual: float
    rank: int
    message: str

    def apply(self, rows: np.ndarray) -> np.ndarray:
        found: np.ndarray = rows @ self.matrix + self.offset
        return found


def _fitted(new: np.ndarray, old: np.ndarray, method: Method, kappa: float, penalty: float) -> Fitted:
    """The map in the unit of the largest entries, so that nothing overflows, and back in the caller's."""
    units = [2.0 ** np.frexp(np.abs(one).max())[1] for one in (new, old)]
    F, G = new / units[0], old / units[1]
    means = [np.zeros(one.shape[1]) if method == "rotation" else one.mean(axis=0) for one in (F, G)]
    A, B = F - means[0], G - means[1]
    if method == "affine":
        matrix, rank, message = _least_squares(A, B, penalty)
        with np.errstate(over="ignore", under="ignore"):
            factor = float(units[1] / units[0])
    else:
        matrix, rank, message = _polar(A, B, kappa)
        factor = 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = matrix * factor
        offset = means[1] * units[1] - (means[0] * units[0]) @ matrix
    if not (np.isfinite(matrix).all() and np.isfinite(offset).all()):
        raise must("new", "features whose ratio to `old` is in the range of doubles", Words("one beyond it"))
    # a rotation does not change units: what it leaves is measured in those of the larger of the two
    unit = max(units)
    left = (new / unit) @ matrix + offset / unit - old / unit
    size = float(np.linalg.norm(old / unit))
    residual = float(np.linalg.norm(left)) / size if size else float("inf")
    return Fitted(matrix, offset, residual, rank, message)


def _least_squares(A: np.ndarray, B: np.ndarray, penalty: float) -> tuple[np.ndarray, int, str]:
    """The matrix of least squares of centred rows, the smallest one where there are several."""
    U, values, V = np.linalg.svd(A, full_matrices=False)
    limit = max(A.shape) * np.finfo(np.float64).eps * values.max(initial=0.0)
    used = values > limit
    rank = int(used.sum())
    gains = np.divide(values, values**2 + penalty * values.max(initial=0.0) ** 2, out=np.zeros_like(values), where=used)
    matrix = V.T @ (gains[:, None] * (U.T @ B))
    free = A.shape[1] - rank
    message = f"the map is free on {free} of {A.shape[1]} dimensions, and is 0 there" if free else ""
    return matrix, rank, message


def _polar(A: np.ndarray, B: np.ndarray, kappa: float) -> tuple[np.ndarray, int, str]:
    """The polar factor of A^T B + kappa sigma I, sigma the largest singular value of A^T B."""
    d, e = A.shape[1], B.shape[1]
    if d != e:
        U, values, V = np.linalg.svd(A.T @ B, full_matrices=False)
        rank = _rank(values, A, B)
        kind = "columns" if d > e else "rows"
        free = min(d, e) - rank
        said = f"the widths {d} and {e} differ, so the map is a matrix with orthonormal {kind}"
        return U @ V, rank, said + (f"; it is free on {free} of {min(d, e)} dimensions" if free else "")
    if 2 * len(A) < d:  # all happens in the span of the rows
        Q = np.linalg.qr(np.concatenate([A, B]).T)[0]
        small, rank = _polar_of((A @ Q).T @ (B @ Q), A, B, kappa)
        matrix = np.eye(d) + Q @ (small - np.eye(len(small))) @ Q.T
    else:
        matrix, rank = _polar_of(A.T @ B, A, B, kappa)
    free = d - rank
    if not free or kappa:
        return matrix, rank, ""
    return matrix, rank, f"rotation is free on {free} of {d} dimensions, and there as near to the identity as can be"


def _polar_of(C: np.ndarray, A: np.ndarray, B: np.ndarray, kappa: float) -> tuple[np.ndarray, int]:
    """The polar factor of C + kappa sigma I, and the rank of C; free dimensions are turned as little as can be."""
    U, values, V = np.linalg.svd(C)
    rank = _rank(values, A, B)
    if kappa:
        if rank < len(C) and kappa < LEAST:
            raise must("shrinkage", f"0, or at least {LEAST:g} where the items leave dimensions free", kappa)
        # a polar factor does not change with the unit, so that the larger of the two parts has norm 1
        shared = C / (values.max(initial=0.0) or 1.0)
        U, _, V = np.linalg.svd(shared / max(kappa, 1.0) + min(kappa, 1.0) * np.eye(len(C)))
        return U @ V, rank
    if rank == len(C):
        return U @ V, rank
    left, right = U[:, rank:], V[rank:]
    P, _, Q = np.linalg.svd((right @ left).T)  # the nearest rotation of the free dimensions onto those of the image
    return U[:, :rank] @ V[:rank] + left @ (P @ Q) @ right, rank


def _rank(values: np.ndarray, A: np.ndarray, B: np.ndarray) -> int:
    """The singular values of A^T B that are more than the rounding of the product."""
    limit = max(*A.shape, B.shape[1]) * np.finfo(np.float64).eps * np.linalg.norm(A) * np.linalg.norm(B)
    return int((values > limit).sum())


@result
class ItemCurve(Result):
    """Errors of maps on items that they have not seen, by the number of items that they were fitted on.

    Attributes
    ----------
    sizes : int64 array of shape (k,)
        Numbers of items.
    residuals : float64 array of shape (k,)
        Norm of what the map leaves on the other items, divided by the norm of their old features.
    cosines : float64 array of shape (k,)
        Mean cosine of mapped and old features of the other items.
    without : float
        Mean cosine without a map; NaN where the widths differ.
    needed : int
        The least of the sizes whose residual is within 0.02 of the best one.
    method : str
        Kind of map.
    """

    sizes: np.ndarray
    residuals: np.ndarray
    cosines: np.ndarray
    without: float
    needed: int
    method: str

    def _columns(self) -> dict[str, Any]:
        return {"items": self.sizes, "residual": self.residuals, "cosine": self.cosines}

    def _facts(self) -> list[str]:
        return [f"{self.needed} items are enough; without a map the mean cosine is {self.without:.4g}"]

    def _draw(self, ax: Any) -> None:
        ax.plot(self.sizes, self.cosines, marker="o", label=self.method)
        if np.isfinite(self.without):
            ax.axhline(self.without, color="gray", label="no map")
        ax.set(xscale="log", xlabel="items", ylabel="mean cosine on other items")
        ax.legend()


@arrays("host")
def items_needed(
    new: ArrayLike,
    old: ArrayLike,
    *,
    sizes: Sequence[int] | None = None,
    method: Method = "rotation",
    shrinkage: float = 0.0,
    ridge: float = 0.0,
    rng: Rng = None,
) -> ItemCurve:
    """Find how many items must be encoded by both encoders before a map is good.

    Items are put into a random order; the map is fitted on the first of them and judged on those that no size uses.

    Arrays: any (copied to the host)

    Parameters
    ----------
    new, old : array of shape (n, d_new) and (n, d_old)
        Items by the new encoder, and the same items by the old one.
    sizes : sequence of int, optional
        Numbers of items, each below n; by default 5, 10, 20, 40, ... up to half of n.
    method : {"rotation", "centred", "affine"}
        Kind of map.
    shrinkage, ridge : float
        As in `fit_map`.
    rng : int, SeedSequence, Generator or None
        Source of the order.

    Returns
    -------
    ItemCurve
        Residuals and cosines by size.

    Raises
    ------
    TypeError
        If entries are not real numbers.
    ValueError
        If there are fewer than two items, a size is out of range, or what `fit_map` refuses.

    Examples
    --------
    >>> import numpy as np
    >>> old = np.random.default_rng(0).normal(size=(60, 4))
    >>> turned = old[:, [1, 2, 3, 0]]
    >>> items_needed(turned, old, sizes=[2, 4, 8], rng=0).needed
    4
    """
    xp = array_namespace(np.empty(0))
    F, G = (feature_rows(xp, name, one).astype(np.float64) for name, one in (("new", new), ("old", old)))
    if len(F) != len(G):
        raise must("new", f"of as many rows as `old`, {len(G)}", len(F))
    n = len(F)
    if n < 2:
        raise must("new", "features of at least two items", n)
    if sizes is None:
        sizes = [5 * 2**k for k in range(60) if 5 * 2**k <= n // 2] or [n // 2]
    if not len(sequence("sizes", sizes)):
        raise must("sizes", "at least one number of items", Words("none"))
    chosen = np.array([integer(f"sizes[{i}]", size, low=1, high=n - 1) for i, size in enumerate(sizes)])
    order = generator(rng).permutation(n)
    others = order[chosen.max() :]
    residuals, cosines = np.empty(len(chosen)), np.empty(len(chosen))
    unit = np.frexp(np.abs(G).max())[1]
    due = np.ldexp(G[others], -unit)
    for i, count in enumerate(chosen.tolist()):
        fitted = order[:count]
        found = fit_map(F[fitted], G[fitted], method=method, shrinkage=shrinkage, ridge=ridge)
        mapped = to_numpy(found.apply(F[others]))
        residuals[i] = np.linalg.norm(np.ldexp(mapped, -unit) - due) / np.linalg.norm(due)
        cosines[i] = _mean_cosine(mapped, due)
    within = residuals <= residuals.min() + TOLERATED
    without = _mean_cosine(F[others], due) if F.shape[1] == G.shape[1] else float("nan")
    return ItemCurve(chosen, residuals, cosines, without, int(chosen[within].min()), method)


def _mean_cosine(first: np.ndarray, second: np.ndarray) -> float:
    first, second = (np.ldexp(one, -np.frexp(np.abs(one).max())[1]) for one in (first, second))  # nothing overflows
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products = np.einsum("ij,ij->i", first, second)
    return float(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0).mean())


@result
class MapReport(Result):
    """A map, and how many items it needs.

    Attributes
    ----------
    kind : str
        Kind of map.
    residual : float
        Residual on the items that it was fitted on, relative to the norm of their old features.
    rank : int
        Dimensions that the items determine.
    items : int
        Items that both files hold.
    items_needed : int
        Least number of them that is as good, up to a residual of 0.02, on the others.
    cosine, without : float
        Mean cosine with the old features on items that the map has not seen, and the same without a map.
    backward_map : BackwardMap
        Map itself.
    message : str
        Sentence on dimensions that the items leave open, if any.
    """

    kind: str
    residual: float
    rank: int
    items: int
    items_needed: int
    cosine: float
    without: float
    backward_map: BackwardMap
    message: str

    def _columns(self) -> dict[str, Any]:
        names = ("kind", "residual", "rank", "items", "items_needed", "cosine", "without")
        return {name: [getattr(self, name)] for name in names}

    def _write(self, target: Path) -> bool:
        if target.suffix.lower() != ".npz":
            return False
        self.backward_map.to_file(target, force=True)
        return True


def reported(
    new: np.ndarray, old: np.ndarray, *, method: Method, shrinkage: float = 0.0, ridge: float = 0.0
) -> MapReport:
    """Fit a map, and try it on items that it has not seen."""
    found = fit_map(new, old, method=method, shrinkage=shrinkage, ridge=ridge)
    curve = items_needed(new, old, method=method, shrinkage=shrinkage, ridge=ridge, rng=0)
    return MapReport(
        kind=found.method,
        residual=found.residual,
        rank=found.rank,
        items=found.n_items,
        items_needed=curve.needed,
        cosine=float(curve.cosines[-1]),
        without=curve.without,
        backward_map=found,
        message=found.message,
    )
