"""Attention whose exponentials are off by factors in [1 - eta, 1 + eta]: at will, or as a polynomial leaves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import Draws, Family, Tight, rounding
from lrtheory.lora_limits import attention_factors, chain, exp_polynomial
from proofs_checks.lora_limits.families.chains import draw_table, links


class Counted(np.ndarray):
    """An array that counts the multiplications of entries in `*` and in `@`, and those in `@` once more apart."""

    products = 0
    matrix_products = 0
    __array_priority__ = 1.0  # so that a concatenation with plain arrays still counts

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(one) if isinstance(one, Counted) else one for one in inputs]
        # an output array would be a Counted one, whose call would count once more
        options = {name: value for name, value in options.items() if name != "out"}
        found = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.multiply:
            Counted.products += found.size
        elif ufunc is np.matmul:
            Counted.products += found.size * plain[0].shape[-1]
            Counted.matrix_products += found.size * plain[0].shape[-1]
        return found.view(Counted) if isinstance(found, np.ndarray) else found


@dataclass(frozen=True)
class Tilted:
    """Logits (L_Q, L_K), tilts in [-1, 1] of the same shape in units of eta, values, labels, and C1 and C2."""

    logits: np.ndarray
    signs: np.ndarray
    eta: float
    C3: np.ndarray
    Y: np.ndarray
    C1: np.ndarray
    C2: np.ndarray

    @property
    def spread(self) -> float:
        """osc, the largest spread of a column of the values."""
        return float(np.ptp(self.C3, axis=0).max())

    @property
    def size(self) -> float:
        """A bound on every entry of the chain, for the size of rounding."""
        v = float(np.abs(self.C3).max())
        return 1 + self.C3.shape[1] * (1 + v) * (1 + v + float(np.abs(self.Y).max()))

    @property
    def largest_q(self) -> float:
        """A bound on |q| that holds for every attention, because outputs are means of values."""
        v = float(np.abs(self.C3).max())
        return self.C3.shape[1] * v * (v + float(np.abs(self.Y).max()))

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of sums over rows of the chain."""
        # log1p(-eta) is the largest summand of a tilted logit, and a logit's rounding is relative to its size
        operations = 64 * sum(self.logits.shape) * (2 + np.abs(self.logits).max() - np.log1p(-self.eta))
        return rounding(operations, self.size)

    @property
    def gradient_rounding(self) -> np.ndarray:
        """Rounding of an entry of C1^T p C2."""
        return self.rounding_bound * (1 + np.abs(self.C1).sum()) * (1 + np.abs(self.C2).sum()) * len(self.C1)


@dataclass(frozen=True)
class Matrices:
    """The chain of one attention matrix."""

    f: np.ndarray
    c: np.ndarray
    q: np.ndarray
    p1: np.ndarray
    row_means: np.ndarray
    p2: np.ndarray
    p: np.ndarray


def library_chain(logits: np.ndarray, C3: np.ndarray, Y: np.ndarray) -> Matrices:
    """The library's chain of a matrix of logits."""
    keys = logits.shape[1]  # with C1 = logits and C2 = W = I the logits of the chain are the given ones
    found = chain.gradient_chain(logits, np.eye(keys), C3, Y, np.eye(keys), beta=1.0)
    return Matrices(*(getattr(found, name) for name in ("f", "c", "q", "p1", "row_means", "p2", "p")))


def tilted(case: Tilted, rng: np.random.Generator | None = None) -> Matrices:
    """The library's chain of the tilted exponentials."""
    # the library normalizes exponentials of logits, so a factor 1 + eta sign becomes a summand of the logit
    return library_chain(case.logits + np.log1p(case.eta * case.signs), case.C3, case.Y)


def link(
    case: Tilted, rng: np.random.Generator | None = None, part: str = "f", made: Callable[..., Matrices] = tilted
) -> np.ndarray:
    """One matrix of the chain of the tilted exponentials."""
    return np.asarray(getattr(made(case, rng), part))


def truth(case: Tilted) -> Matrices:
    """The chain of the exact exponentials, in the claims' own arithmetic."""
    return Matrices(**links(case.logits, case.C3, case.Y))


def due(case: Tilted) -> Matrices:
    """The chain of the tilted exponentials, in the claims' own arithmetic."""
    return Matrices(**links(case.logits + np.log1p(case.eta * case.signs), case.C3, case.Y))


def rows(difference: np.ndarray) -> np.ndarray:
    """Return the absolute sums of the rows."""
    return np.abs(difference).sum(1)


def draw_tilted(draws: Draws) -> Tilted:
    """Up to three queries and five keys, full tilts of either sign."""
    queries, keys, v = draws.integers(1, 3), draws.integers(1, 5), draws.integers(1, 2)
    return Tilted(
        draw_table(draws, queries, keys),
        # corners alone: the proof says that the largest move is at a corner of the box of tilts
        2.0 * draws.integers(0, 1, shape=(queries, keys)) - 1,
        draws.choice((0.5, 0.0625, 2.0**-10, 0.9375)),
        *(draw_table(draws, *shape) for shape in ((keys, v), (queries, v), (queries, 2), (keys, 2))),
    )


def climb_tilted(case: Tilted, draws: Draws) -> Tilted:
    """Change one entry of the logits, the tilts, the values or the labels."""
    name = draws.choice(("logits", "signs", "C3", "Y"))
    table = getattr(case, name).copy()
    place = tuple(draws.integers(0, n - 1) for n in table.shape)
    table[place] = -table[place] if name == "signs" else table[place] + draws.integers(-4, 4) / 4
    return replace(case, **{name: table})


def two_keys(eta: float, label: float = 0.0, columns: int = 1) -> Tilted:
    """Return the two keys on which the tilt bound LL-E1 is attained, with values 1 and -1.

    Their masses are (1 + x) / 2 and (1 - x) / 2 with the x of the proof of `tilt_bound`, and their tilts opposite.
    """
    x = (np.sqrt(1 - eta * eta) - 1) / eta
    signs = np.array([[1.0, -1.0]])
    C3 = np.repeat(signs.T, columns, axis=1)
    Y = np.full((1, columns), label)
    return Tilted(np.log([[1 + x, 1 - x]]), signs, eta, C3, Y, np.ones((1, 1)), signs.T)


def one_value(eta: float) -> Tilted:
    """Return two keys with equal values, so that outputs do not move and p1 does: LL-E4 is sharp there."""
    return replace(two_keys(eta), C3=np.ones((2, 1)), Y=np.array([[-1.0]]))


def crowd(n: int, eta: float) -> Tilted:
    """Return n equal queries, whose errors add up in one entry of the gradients."""
    one = two_keys(eta, label=-3.0)
    many = lambda table: np.repeat(table, n, axis=0)
    return replace(one, logits=many(one.logits), signs=many(one.signs), Y=many(one.Y), C1=many(one.C1))


# one query and one key: f is 1 whatever its tilt, so nothing may move
SINGLE = Tilted(*(np.array([[x]]) for x in (0.0, 1.0)), 0.5, *(np.array([[x]]) for x in (1.0, 0.0, 1.0, 1.0)))


# all tilts alike cancel in the row sums: rows that are divided by the exact sums are wrong here
UPWARDS = replace(two_keys(0.5), signs=np.ones((1, 2)))


UNEVEN = replace(two_keys(0.5, -0.375), logits=np.array([[0.5, 1.25]]))  # the gradient moves by half of its bound


ALWAYS = (
    SINGLE,
    UPWARDS,
    UNEVEN,
    two_keys(0.9, -2.0),
    two_keys(0.5, -4.0, 2),
    two_keys(0.9, 4.0),
    one_value(0.9),
    crowd(6, 0.9),
)


REACHED = (1 - 1e-9, 1 + 1e-9)  # the quotient of the sides on an instance where a bound is attained, up to rounding


def family(name: str, *tight: Tilted) -> Family:
    """Tilted attention, and the instances on which a bound is reached."""
    return Family(name, ALWAYS, tuple(Tight(one, *REACHED) for one in tight), draw_tilted, climb_tilted)


TILTED = family("tilted")


@dataclass(frozen=True)
class Surrogate:
    """Queries (with beta) and keys in two coordinates, values, labels, and the degree of the polynomial."""

    Q: np.ndarray
    K: np.ndarray
    C3: np.ndarray
    Y: np.ndarray
    degree: int
    kind: str = "taylor"

    @property
    def bound(self) -> float:
        """M, the largest logit."""
        return float(np.abs(self.Q @ self.K.T).max())

    @property
    def polynomial(self) -> Any:
        """The library's polynomial on [-M, M]."""
        return exp_polynomial(self.bound, degree=self.degree, kind=self.kind)

    @property
    def powers(self) -> np.ndarray:
        """The polynomial of every logit, by its coefficients."""
        return np.polynomial.polynomial.polyval(self.Q @ self.K.T, self.polynomial.coefficients)

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of the chain of U V^T, whose entries are sums over features."""
        # features cancel: their rounding is governed by sums of absolute products, not by the logits (LL-E9-floats)
        products = float((np.abs(self.Q) @ np.abs(self.K).T).max())
        terms = np.polynomial.polynomial.polyval(products, np.abs(self.polynomial.coefficients))
        return self.as_tilted.rounding_bound * (1 + np.exp(self.bound) * terms) * len(self.K)

    @property
    def as_tilted(self) -> Tilted:
        """The exact attention with eta of the polynomial, as the bounds read it; its tilts are not used."""
        eta, logits = self.polynomial.error, self.Q @ self.K.T
        return Tilted(logits, np.sign(logits), eta, self.C3, self.Y, self.Q, self.K)


@dataclass(frozen=True)
class Approximate:
    """U, V and the chain of U V^T."""

    U: np.ndarray
    V: np.ndarray
    sums: np.ndarray
    matrices: Matrices


def polynomial_chain(case: Surrogate) -> Matrices:
    """The chain of the polynomial, in the claims' own arithmetic."""
    return Matrices(**links(np.log(case.powers), case.C3, case.Y))


def approximate(case: Surrogate, rng: np.random.Generator | None = None) -> Approximate:
    """The library's factors and, with them in the place of exp, its chain."""
    U, V = attention_factors(case.Q, case.K, case.polynomial)
    return Approximate(U, V, U @ V.sum(0), library_chain(np.log(U @ V.T), case.C3, case.Y))


def is_approximated(case: Surrogate) -> bool:
    """Return whether the relative error is below 1."""
    return case.polynomial.error < 1


def draw_surrogate(draws: Draws) -> Surrogate:
    """Up to three queries and four keys in two coordinates, degrees up to six."""
    queries, keys, v = draws.integers(1, 3), draws.integers(1, 4), draws.integers(1, 2)
    tables = [draw_table(draws, *shape) for shape in ((queries, 2), (keys, 2), (keys, v), (queries, v))]
    kind = draws.choice(("taylor", "chebyshev", "minimax"))
    found = Surrogate(tables[0] / 4, *tables[1:], draws.integers(0, 6), kind)
    return found if is_approximated(found) else replace(found, Q=found.Q / 8)


# degree 1 at a logit of 1/2: an error of 18 percent, large enough that every link moves visibly
LOW = Surrogate(
    np.array([[0.5, 0.0]]), np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[1.0], [-1.0]]), np.zeros((1, 1)), 1
)


SURROGATES = Family(
    "surrogates", always=(LOW, replace(LOW, degree=4), replace(LOW, kind="minimax", degree=2)), draw=draw_surrogate
)


def surrogate_chain(
    case: Surrogate, rng: np.random.Generator | None = None, made: Callable[..., Approximate] = approximate
) -> Matrices:
    """The chain of U V^T alone."""
    return made(case, rng).matrices
