"""The problem behind `distance` and `fit`: trained arrays for which Delta K is near T, free of units, in doubles.

A target D is the problem with T = D and without K. Data X, E with E = Y - X W^T become it by the singular value
decomposition X = U S V^T: with K = V S and T = E^T U, the loss ||E - X Delta^T||^2 is ||E - U U^T E||^2 plus
||T - Delta K||^2, whatever the rank of X.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array, to_numpy
from lrtheory._kernels.low_rank import tail
from lrtheory._kernels.units import scaled, unit_of
from lrtheory._validation import must, real
from lrtheory.low_rank_adapters.kinds.arrays import LARGE, Gradient, significant
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.tera import TeRA
from lrtheory.low_rank_adapters.reach.entries import Spectra

__all__ = [
    "NormalizedProblem",
    "Problem",
    "checked_adapter",
    "degree_of",
    "degree_root",
    "matrix_of",
    "norm",
    "normalized",
    "numeric",
    "outside_of",
    "problem_of",
    "square",
]

#: sums of squares from here to its inverse lost nothing by underflow that counts
SMALL = 1e-200
#: the share of a sum of squares from which on a difference of such sums is as exact as its terms
FAR = 1e-2
#: how many times taller than wide a matrix is that is reduced to a triangle before its decomposition, as in LAPACK
LONG = 11 / 6


class Decomposition(NamedTuple):
    """The singular values of a matrix, and what makes its leading singular vectors."""

    values: np.ndarray
    leading: Callable[[int], tuple[np.ndarray, np.ndarray]]


class NormalizedProblem(NamedTuple):
    """Find trained arrays of `adapter` with Delta K near T, all of them on the host, in doubles and near 1.

    ``adapter`` has a scale of 1 or -1; its trained arrays are those of `given` times 2^-``power`` and more, see
    `raised`. The target is 2^``unit`` T, ``rest`` is the norm of what no update reaches, in the units of T, ``whole``
    the norm of all that was to be reached, and ``eps`` the spacing of the numbers of the caller's adapter. Losses count
    ``outside`` beside T: the norm of a part of the target that was left away, since no update of the kind reaches it.
    Where there is ``stretch``, the frozen right factor of VeRA is the identity, and the bases of RandLoRA side by side
    are a diagonal matrix, by which nothing is multiplied; they stand for orthonormal rows or columns, and these are by
    how much those stretch at least and at most.
    """

    given: Adapter
    adapter: Adapter
    T: np.ndarray
    K: np.ndarray | None
    svd: Callable[[], Decomposition]
    rest: float
    whole: float
    unit: int
    power: int
    eps: float
    spectra: Spectra
    outside: float = 0.0
    stretch: tuple[float, float] | None = None

    def for_target(self, T: np.ndarray) -> NormalizedProblem:
        """Return the task of the same adapter for a target in place of data."""
        return self._replace(T=T, K=None, svd=_decomposed(T), spectra=Spectra())

    def frozen(self, name: str) -> np.ndarray:
        """A frozen array."""
        return np.asarray(self.adapter.frozen[name])

    def lengths(self) -> np.ndarray:
        """The diagonal of the bases of RandLoRA side by side, base by base, where there is ``stretch``."""
        bases = self.frozen("bases")
        r = bases.shape[2]
        return np.array([one[k * r : (k + 1) * r].diagonal() for k, one in enumerate(bases)])

    def residual(self, params: Mapping[str, np.ndarray]) -> np.ndarray:
        """T - Delta K for some values of the trained arrays."""
        image = self.image(params)
        return np.subtract(self.T, image, out=image)

    def image(self, params: Mapping[str, np.ndarray]) -> np.ndarray:
        """Delta K for some values of the trained arrays."""
        if self.stretch is not None and self.adapter.kind == "randlora":
            image = self.frozen("A") * (self.adapter.scale * self.lengths() * params["lambdas"])[:, :, None]
            image *= params["gammas"][:, None, :]
            return image.reshape(self.T.shape)
        if self.stretch is not None:
            image = self.frozen("B") * params["d"]
            image *= self.adapter.scale * params["b"][:, None]
            return image
        made = self._with(params)
        delta = made._by_modes() if isinstance(made, TeRA) else made._delta()
        return np.asarray(delta if self.K is None else delta @ self.K)

    def pulled(self, params: Mapping[str, np.ndarray], R: np.ndarray) -> dict[str, np.ndarray]:
        """The derivative of the image at these values, transposed and applied to R."""
        return self._with(params)._pulled(Gradient(R if self.K is None else R @ self.K.T))

    def _with(self, params: Mapping[str, np.ndarray]) -> Adapter:
        """The adapter with other values, which are not checked: a step asks for dozens of images."""
        made = object.__new__(type(self.adapter))
        vars(made).update(vars(self.adapter), params=params)
        return made

    def raised(self, params: Mapping[str, np.ndarray]) -> Adapter:
        """The caller's adapter with these values, in its library, precision and units."""
        xp = array_namespace(*self.given.params.values())
        made = {}
        for name, value in params.items():
            own: Any = self.given.params[name]
            host = np.asarray(self._stretched(value, 1), dtype=np.asarray(to_numpy(own)).dtype)
            made[name] = xp.asarray(np.array(host), device=own.device) if is_foreign(own) else host
        return self.given.with_params(made)

    def lowered(self, adapter: Adapter) -> dict[str, np.ndarray]:
        """The values of such an adapter, without units."""
        return {name: self._stretched(_double(value), -1) for name, value in adapter.params.items()}

    def _stretched(self, value: np.ndarray, sign: int) -> np.ndarray:
        """Values times (2^power / |scale|)^(1/d), where the update is of degree d in all trained arrays together."""
        mantissa, exponent = math.frexp(1 / abs(self.given.scale))
        exponent += self.power
        degree = degree_of(self.given)
        if not degree:
            return value
        root = degree_root(mantissa * 2 ** (exponent % degree), degree)
        return np.ldexp(value * root**sign, sign * (exponent // degree))

    def square(self, value: float) -> float:
        """The square of a norm, in the caller's units."""
        try:
            return math.ldexp(value * value, 2 * self.unit)
        except OverflowError:
            return math.inf


class Problem(NamedTuple):
    """A target or data, without units and without an adapter.

    The unit of the inputs is 2^``inner``, and ``svd`` decomposes T when it is called for the first time.
    """

    T: np.ndarray
    K: np.ndarray | None
    svd: Callable[[], Decomposition]
    rest: float
    whole: float
    unit: int
    inner: int
    spectra: Spectra


def problem_of(
    shape: tuple[int, int],
    target: Any,
    X: Any = None,
    Y: Any = None,
    *,
    weight: Any = None,
    ridge: float = 0.0,
    reduced: bool = True,
) -> Problem:
    """Check a target, or data, and bring them into doubles near 1.

    Data that are not reduced stay the problem with T = E^T and K = X^T.
    """
    ridge = real("ridge", ridge, low=0.0, high=np.finfo(float).max)
    if target is not None:
        given = {"X": X, "Y": Y, "weight": weight, "ridge": ridge or None}
        for name in (name for name, value in given.items() if value is not None):
            raise must(name, "left out beside `target`", given[name])
        D = matrix_of("target", target, shape)
        unit = unit_of(D)
        T = scaled(D, -unit)
        return Problem(T, None, _decomposed(T), 0.0, norm(T), unit, 0, Spectra())
    inputs, E = _data(shape, X, Y, weight)
    unit, inner = unit_of(E), unit_of(inputs)
    if ridge:
        # the ridge joins the inputs as rows, and neither may be lost beside the other
        inner = max(inner, unit_of(np.array(math.sqrt(ridge))))
    inputs, E = np.ldexp(inputs, -inner), np.ldexp(E, -unit)
    if ridge:
        n = inputs.shape[1]
        inputs = np.vstack([inputs, math.ldexp(math.sqrt(ridge), -inner) * np.eye(n)])
        E = np.vstack([E, np.zeros((n, E.shape[1]))])
    if not reduced:
        return Problem(E.T, inputs.T, _decomposed(E.T), 0.0, norm(E), unit, inner, Spectra())
    U, S, Vt = np.linalg.svd(inputs, full_matrices=False)
    # data without full rank say nothing of the other directions, where the update is free
    kept = significant(S, inputs.shape, float(np.finfo(float).eps))
    U, K = U[:, :kept], Vt[:kept].T * S[:kept]
    T = (U.T @ E).T
    return Problem(T, K, _decomposed(T), norm(E - U @ T.T), norm(E), unit, inner, Spectra())


def normalized(adapter: Adapter, problem: Problem) -> NormalizedProblem:
    """Bring an adapter beside a problem: a frozen right factor A takes K in, since (B A) K = B (A K)."""
    eps = float(np.finfo(np.asarray(to_numpy(next(iter(adapter.params.values())))).dtype).eps)
    plain, lost = _plain(adapter)
    K = problem.K
    if K is not None and adapter.kind in ("lora-fa", "lora-xs", "vera", "queryable"):
        # with K inside of the frozen factor the data are gone, and what fits a target fits this
        frozen = {**plain.frozen, "A": np.asarray(plain.frozen["A"]) @ K}
        plain, K = dataclasses.replace(plain, shape=(plain.shape[0], K.shape[1]), frozen=frozen), None
    power = problem.unit - problem.inner - lost
    if adapter.kind == "queryable":
        sizes = [norm(np.asarray(one)) for one in plain.frozen.values()]
        problem, plain = _in_one_unit(problem, plain, adapter.scale, power, math.prod(sizes))
    return NormalizedProblem(
        adapter,
        plain,
        problem.T,
        K,
        problem.svd,
        problem.rest,
        problem.whole,
        problem.unit,
        power,
        eps,
        problem.spectra,
    )


def _in_one_unit(problem: Problem, plain: Adapter, scale: float, power: int, size: float) -> tuple[Problem, Adapter]:
    """Bring a target and the atoms of a Queryable LoRA into the unit of the larger one, as weights have none.

    The scale of the adapter takes in the units of its frozen arrays.
    """
    mantissa, exponent = math.frexp(scale)
    shift = max(0, exponent - power + math.frexp(size)[1]) if size else 0
    T, rest, whole = scaled(problem.T, -shift), np.ldexp(problem.rest, -shift), np.ldexp(problem.whole, -shift)
    fresh = Problem(
        T, problem.K, _decomposed(T), float(rest), float(whole), problem.unit + shift, problem.inner, Spectra()
    )
    return fresh, dataclasses.replace(plain, scale=float(np.ldexp(mantissa, exponent - power - shift)) if size else 1.0)


def checked_adapter(adapter: Any) -> Adapter:
    """The adapter itself, if it is one that makes other updates than 0."""
    if not isinstance(adapter, Adapter):
        raise must("adapter", "an adapter, as `lora` or `make_adapter` makes it", adapter, TypeError)
    if adapter.scale == 0:
        raise must("adapter", "an adapter with a scale other than 0", adapter.scale)
    return adapter


def degree_of(adapter: Adapter) -> int:
    """The degree of the update in all trained arrays together; it is linear in each, but in that of Uni-LoRA.

    It is 0 for the weights of a Queryable LoRA, which have no unit, as their sum is 1.
    """
    if adapter.kind == "queryable":
        return 0
    return 2 if adapter.kind == "uni-lora" else len(adapter.params)


def degree_root(value: float, degree: int) -> float:
    """The positive root of a degree."""
    return value if degree == 1 else math.sqrt(value) if degree == 2 else value ** (1 / degree)


def _decomposed(T: np.ndarray) -> Callable[[], Decomposition]:
    """The decomposition of T, made at the first call; of a tall T only leading vectors get their length."""

    @functools.cache
    def svd() -> Decomposition:
        if T.shape[0] < LONG * T.shape[1] or T.shape[1] < LARGE:
            U, S, Vt = np.linalg.svd(T, full_matrices=False)
            return Decomposition(S, lambda k: (U[:, :k], Vt[:k]))
        from scipy.linalg.lapack import dormqr  # not with the system, which most callers import without it

        packed, tau = np.linalg.qr(T, mode="raw")
        inner, S, across = np.linalg.svd(np.triu(packed.T[: len(tau)]))

        def leading(k: int) -> tuple[np.ndarray, np.ndarray]:
            short = np.zeros((len(T), min(k, len(S))), order="F")
            short[: len(S)] = inner[:, : short.shape[1]]
            return dormqr("L", "N", packed.T, tau, short, 64 * max(1, short.shape[1]))[0], across[:k]

        return Decomposition(S, leading)

    return svd


def _plain(adapter: Adapter) -> tuple[Adapter, int]:
    """The adapter on the host in doubles, its frozen matrices divided by powers of two, and the sum of the powers."""
    lost, frozen = 0, {}
    for name, value in adapter.frozen.items():
        host = np.asarray(to_numpy(value))
        if host.dtype.kind != "f":
            frozen[name] = host
            continue
        unit = unit_of(host)
        frozen[name] = scaled(_double(host), -unit)
        lost += unit
    params = {name: np.zeros(tuple(value.shape)) for name, value in adapter.params.items()}
    return dataclasses.replace(adapter, params=params, frozen=frozen, scale=math.copysign(1.0, adapter.scale)), lost


def _data(shape: tuple[int, int], X: Any, Y: Any, weight: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs X (T, d_in) and what their outputs lack, E = Y - X W^T (T, d_out)."""
    if X is None or Y is None:
        raise must("target", "given, or `X` and `Y` in its place", None)
    m, n = shape
    inputs = matrix_of("X", X, (None, n))
    E = matrix_of("Y", Y, (len(inputs), m))
    if weight is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            E = E - inputs @ matrix_of("weight", weight, (m, n)).T
        if not np.isfinite(E).all():
            raise must("weight", "one whose outputs are in the range of doubles", weight)
    return inputs, E


def matrix_of(name: str, value: Any, shape: tuple[int | None, int | None]) -> np.ndarray:
    """A caller's matrix on the host in doubles, if it has the shape that is wanted, in which None is any length."""
    host = _double(real_array(np, name, to_numpy(value), finite=False))
    fits = host.ndim == len(shape) and all(w in (None, n) for n, w in zip(host.shape, shape, strict=True)) and host.size
    rows, columns = (letter if length is None else length for letter, length in zip("Tn", shape, strict=True))
    if not fits or not np.isfinite(host).all():
        got = host.shape if not fits else "an infinity or NaN"
        raise must(name, f"finite of shape ({rows}, {columns})", got)
    return host


def numeric(name: str, value: Any) -> np.ndarray:
    """An array of real numbers of a caller on the host, with one axis at least."""
    host = np.asarray(real_array(np, name, to_numpy(value), finite=False))
    if host.ndim == 0:
        raise must(name, "an array of real numbers", value, TypeError)
    return host


def square(values: np.ndarray) -> float:
    """The sum of squares, row by row; no array of squares is made, which would cost more than the sums."""
    return float(np.sum(np.einsum("...i,...i->...", values, values)))


def norm(values: np.ndarray) -> float:
    """The Frobenius norm, whose squares neither over- nor underflow."""
    with np.errstate(over="ignore", under="ignore"):
        found = square(values)
    return math.sqrt(found) if SMALL < found < 1 / SMALL else float(tail(np.abs(values).ravel(), 0))


def outside_of(T: np.ndarray, inside: np.ndarray, made: Callable[[], np.ndarray]) -> float:
    """The norm of what T has outside of a space, from its coordinates there and what makes a fresh T of them."""
    whole = square(T)
    left = whole - square(inside)
    if left > FAR * whole:  # so that the difference of squares loses nothing that counts
        return math.sqrt(left)
    kept = made()
    return norm(np.subtract(T, kept, out=kept))


def _double(value: Any) -> np.ndarray:
    return np.asarray(to_numpy(value), dtype=np.float64)
