"""Energies of a gradient that starts and factors capture.

P_B and P_A project onto the columns of the factor B and the rows of A. G is a gradient in the merged weight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import hadamard

from lrtheory._numbers import number, numbers, plain
from lrtheory._types import ArrayLike
from lrtheory._validation import must
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.low_rank_adapters.kinds.lora import lora, lora_xs
from lrtheory.low_rank_adapters.training.energies import captured_energies
from lrtheory.low_rank_adapters.training.initialize import initialize
from proofs_checks.guards import unlike
from proofs_checks.low_rank_adapters.families.factors import FACTORS, FULL, Factors, allowance, beside, norm
from proofs_checks.low_rank_adapters.families.rationals import factor_of, rational
from proofs_checks.low_rank_adapters.projections.projected_steps import projected


@dataclass(frozen=True)
class Spectral:
    """The gradient G = U diag(s) V^T with s decreasing, a rank, and the factors B and A of some other adapter."""

    U: np.ndarray
    s: np.ndarray
    Vt: np.ndarray
    rank: int
    B: np.ndarray
    A: np.ndarray

    @property
    def gradient(self) -> np.ndarray:
        """The gradient."""
        return np.asarray(self.U * self.s @ self.Vt)

    @property
    def allowed(self) -> float:
        """Return the rounding that an energy of the gradient may have in doubles."""
        return allowance(self.U, norm(self.s) ** 2)


def is_spectral(case: Spectral) -> bool:
    """Decide whether U and V are orthonormal to the last digit, and s decreases and is not negative."""
    arrays = (case.U, case.s, case.Vt, case.B, case.A)
    if any(np.asarray(x).dtype.kind != "f" or not np.isfinite(x).all() for x in arrays) or np.ndim(case.s) != 1:
        return False
    p = len(case.s)
    if case.U.ndim != 2 or case.Vt.ndim != 2 or case.U.shape[1] != p or len(case.Vt) != p:
        return False
    even = all((Q.T @ Q == np.eye(p)).all() for Q in (case.U, case.Vt.T))
    fits = case.B.ndim == 2 and case.A.ndim == 2 and len(case.B) == len(case.U) and case.A.shape[1] == len(case.Vt.T)
    fits = fits and case.B.shape[1] == len(case.A) == case.rank
    return bool(even and fits and (np.diff(case.s) <= 0).all() and (case.s >= 0).all() and case.s[0] > 0)


def has_a_gap(case: Spectral) -> bool:
    """Decide whether the leading r singular vectors are told apart from the others by their values."""
    r = case.rank
    return 0 < r <= len(case.s) and bool(case.s[r - 1] > 0 and (r == len(case.s) or case.s[r] <= 0.75 * case.s[r - 1]))


def started(case: Any, rng: np.random.Generator | None = None, method: Any = "gradient") -> dict[str, Any]:
    """Return the frozen factors that the library starts LoRA-XS with from the gradient of the instance."""
    (m, n), r = case.gradient.shape, case.rank
    adapter = lora_xs(np.zeros((m, r)), np.zeros((r, r)), np.zeros((r, n)))
    found = initialize(adapter, case.gradient, method=method, rng=np.random.default_rng(0))
    return {"B": found.adapter.frozen["B"], "A": found.adapter.frozen["A"]}


#: orthonormal vectors of halves
SIGNS = hadamard(4) / 2.0


def draw_spectral(draws: Draws) -> Spectral:
    """Draw signs as singular vectors, values with a gap at the rank, and other factors in integers."""
    U = SIGNS[:, draws.permutation(4)] * draws.choice((-1.0, 1.0))
    Vt = SIGNS[draws.permutation(4)]
    r = draws.integers(1, 3)
    s = np.sort(2.0 ** draws.integers(-3, 3, shape=(4,)))[::-1].copy()
    s[r:] = np.minimum(s[r:], s[r - 1] / 2)
    B, A = (draws.integers(-2, 2, shape=shape).astype(float) for shape in ((4, r), (r, 4)))
    return Spectral(U, s * 2.0 ** draws.choice((0, 0, -40, 40)), Vt, r, B, A)


def spectral() -> tuple[Spectral, ...]:
    """Return the smallest gradient, one in the coordinates, and a spike whose signs say nothing of it."""
    one, s, eye = np.array([[1.0]]), np.array([8.0, 4.0, 2.0, 1.0]), np.eye(4)
    spike = np.array([1.0, 2.0**-20, 2.0**-20, 2.0**-20])
    return (
        Spectral(one, np.array([2.0]), one, 1, one, 3 * one),
        Spectral(eye, s, eye[[1, 0, 3, 2]], 2, SIGNS[:, :2].copy(), SIGNS[1:3].copy()),
        Spectral(SIGNS, spike, eye, 1, one * np.ones((4, 1)), np.array([[0.0, 1.0, 0.0, 0.0]])),
        Spectral(SIGNS, s, eye, 3, SIGNS[:, 1:4].copy(), eye[1:].copy()),
    )


SPECTRAL = Family(
    "known-spectra",
    always=spectral,
    tight=(
        Tight(
            Spectral(SIGNS, np.array([8.0, 4.0, 2.0, 1.0]), SIGNS.T.copy(), 2, SIGNS[:, :2].copy(), SIGNS[:2].copy()),
            1,
            1,
        ),
    ),
    draw=draw_spectral,
)

Found = dict[str, np.ndarray]


def one_sided(case: Spectral, rng: np.random.Generator | None = None) -> Found:
    """Start with the left singular vectors on both sides."""
    U = np.linalg.svd(case.gradient)[0][:, : case.rank]
    return {"B": U, "A": U.T.copy()}


def energy(G: np.ndarray, found: dict[str, Any]) -> float:
    """Return the energy of a gradient that lies within the spans of both factors, in rational numbers."""
    return float((projected(G, found["B"], found["A"]) ** 2).sum())


@formula(r="[0, inf)")
def captured_limit(s: ArrayLike, r: int) -> Number:
    r"""Factors of rank r capture at most this, with the singular values s of G.

    Proof
    -----
    Assumes: all singular values are there (the caller).

    Proof: Z = P_B G P_A has rank at most r, and \|Z\|^2 = <G, Z>. By von Neumann <G, Z> <= sum_i sigma_i(G) sigma_i(Z)
    <= (sum_{i <= r} sigma_i(G)^2)^{1/2} \|Z\|, so \|Z\|^2 is at most the sum. Where B and A span the leading singular
    vectors on both sides, Z is the best approximation of rank r, and there is equality.
    """
    values = sorted(numbers("s", s, 0), reverse=True)
    return plain(sum(x * x for x in values[:r]))


def captures_most(case: Spectral, found: dict[str, np.ndarray]) -> Sides:
    """Bound what the given factors capture by the r largest squared values, which the start must capture in full."""
    most = float(captured_limit(case.s.tolist(), case.rank))
    given, start = energy(case.gradient, {"B": case.B, "A": case.A}), energy(case.gradient, found)
    whole = norm(case.s) ** 2
    return Sides(
        np.array([given, start, most]),
        np.array([most, most, start]),
        trivial=np.array([whole, whole, np.inf]),
        least=np.array([-np.inf, -np.inf, 0.0]),
        rounding=case.allowed,
    )


SB_3 = Statement(
    id="low_rank_adapters/SB-3",
    title="A start from the gradient captures as much as factors of a rank can",
    says=(
        "No factors B and A of rank r capture more of a gradient G than the sum of its r largest squared singular "
        "values: |P_B G P_A|^2 is at most that, where P_B and P_A project onto the columns of B and the rows of A. The"
        " start from the leading singular vectors of G captures all of it."
    ),
    source=Derived(captured_limit),
    tex=r"\|P_B G P_A\|^2 \le \textstyle\sum_{i\le r}\sigma_i(G)^2",
    hypotheses={
        "orthonormal vectors, decreasing values, other factors that fit": is_spectral,
        "a gap after the r-th value": has_a_gap,
    },
    instances=SPECTRAL,
    solve=started,
    claim=Inequality(captures_most),
    decisions=("B", "A"),
    free=dict.fromkeys("BA", "only the columns of B and the rows of A count, and no sign changes these spaces"),
    saboteurs=(
        saboteur("from the signs of the gradient, as released", solve=partial(started, method="sign"), printed=True),
        saboteur("from random factors", solve=partial(started, method="random")),
        saboteur("left vectors on both sides", solve=one_sided),
    ),
)


def captured(case: Factors, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Return the energies that the library reports of the gradient of the instance."""
    found = captured_energies(lora(case.B, case.A, scale=case.scale), case.M)
    return {name: float(getattr(found, name)) for name in ("xs", "a_step", "b_step", "tangent", "total")}


def unprojected(case: Factors, rng: np.random.Generator | None = None) -> dict[str, float]:
    """Project onto every column of B and row of A alone, as if they were orthogonal."""
    B, A = case.B / np.linalg.norm(case.B, axis=0), case.A / np.linalg.norm(case.A, axis=1)[:, None]
    found = {"xs": B.T @ case.M @ A.T, "a_step": B.T @ case.M, "b_step": case.M @ A.T, "total": case.M}
    energies = {name: norm(X) ** 2 for name, X in found.items()}
    return energies | {"tangent": energies["a_step"] + energies["b_step"] - energies["xs"]}


@formula()
def split_energies(G: ArrayLike, B: ArrayLike, A: ArrayLike) -> dict[str, Fraction]:
    r"""The energies that each way to train factors can follow.

    They are ``xs`` = |P_B G P_A|^2, ``a_step`` = |P_B G|^2, ``b_step`` = |G P_A|^2, ``tangent``, the energy within {dB
    A + B dA}, and ``total`` = |G|^2.

    Proof
    -----
    Assumes: nothing; factors may lack rank.

    Proof: X -> P_B X and X -> X P_A are commuting projectors. Z -> Z - (I - P_B) Z (I - P_A) projects onto the tangent
    space: its values P_B Z + Z P_A - P_B Z P_A lie in it, and the rest is orthogonal to every dB A and B dA. By
    Pythagoras tangent = a_step + b_step - xs = total - \|(I - P_B) G (I - P_A)\|^2. Projecting once more cannot add
    energy, so xs <= min(a_step, b_step), and a_step, b_step <= tangent <= total as ranges of projectors lie in each
    other.
    """
    whole = rational("G", G)
    B, A = factor_of("B", B, whole.shape, 0), factor_of("A", A, whole.shape, 1)
    once = projected(whole, B)
    parts = {
        "xs": projected(once, A=A),
        "a_step": once,
        "b_step": projected(whole, A=A),
    }
    found = {name: (part * part).sum() for name, part in parts.items()}
    found["tangent"] = found["a_step"] + found["b_step"] - found["xs"]
    return found | {"total": (whole * whole).sum()}


def energies_of(case: Factors) -> dict[str, float]:
    """Return the energies by projections, that of the tangent space as what is left of the whole."""
    found = split_energies(case.M, case.B, case.A)
    outside = projected(case.M, case.B, case.A) + np.asarray(case.M)
    outside = outside - projected(case.M, case.B) - projected(case.M, A=case.A)
    found["tangent"] = found["total"] - (outside * outside).sum()
    return {name: float(x) for name, x in found.items()}


def are_energies(case: Factors, found: dict[str, float]) -> Sides:
    """Compare all energies that are reported with those of projections."""
    wanted = energies_of(case)
    return beside([(found[name], x) for name, x in wanted.items()], case.allowed * norm(case.M))


def without_overlap(case: Factors, found: dict[str, float]) -> Sides:
    """Compare the tangent energy with the sum of those of both half-steps: false, as these overlap."""
    wanted = energies_of(case)
    return beside([(found["tangent"], wanted["a_step"] + wanted["b_step"])], case.allowed * norm(case.M))


SB_5 = Statement(
    id="low_rank_adapters/SB-5",
    title="The energy of both factors is that of each, less what they share",
    says=(
        "Of a gradient G training R in B R A follows |P_B G P_A|^2, training A follows |P_B G|^2, training B follows "
        "|G P_A|^2, and training both follows the energy E_T in the space of all dB A + B dA, where P_B and P_A project"
        " onto the columns of B and the rows of A. E_T is the sum of the two in the middle less the first."
    ),
    source=Derived(split_energies),
    tex=r"E_T = E_A + E_B - E_{xs} = \|G\|^2 - \|(I - P_B)G(I - P_A)\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=captured,
    claim=Identity(are_energies),
    saboteurs=(
        saboteur("both half-steps without their overlap", claim=Identity(without_overlap)),
        saboteur("projections by factors that are not orthonormal", solve=unprojected),
    ),
)


ORDER = (("xs", "a_step"), ("xs", "b_step"), ("a_step", "tangent"), ("b_step", "tangent"), ("tangent", "total"))


def in_order(case: Factors, found: dict[str, float]) -> Sides:
    """Compare energies pair by pair, once each of them is what it must be."""
    allowed = case.allowed * norm(case.M)
    off = unlike([found[name] - x for name, x in energies_of(case).items()], allowed)
    pairs = [(found[a], found[b]) for a, b in ORDER]
    return off or replace(beside(pairs, 2 * allowed), least=np.zeros(len(pairs)))


def rows_below_columns(case: Factors, found: dict[str, float]) -> Sides:
    """Compare the energies of both half-steps: the false claim that training B always follows more."""
    return Sides(found["a_step"], found["b_step"], rounding=2 * case.allowed * norm(case.M))


SB_5o = Statement(
    id="low_rank_adapters/SB-5o",
    title="What trains more numbers follows more of a gradient",
    says=(
        "Training R in B R A follows at most the energy of a gradient that training A alone follows, or B alone; "
        "neither follows more than training both, and that is at most the energy of the gradient. The energies are "
        "those of SB-5, at r^2, r n, r m and r (m + n - r) free numbers."
    ),
    source=Derived(split_energies),
    tex=r"E_{xs} \le \min(E_A, E_B) \le \max(E_A, E_B) \le E_T \le \|G\|^2",
    hypotheses=FULL,
    instances=FACTORS,
    solve=captured,
    claim=Inequality(in_order, unbounded="a solver may report energies of any size"),
    saboteurs=(
        saboteur("training A follows at most what training B does", claim=Inequality(rows_below_columns)),
        saboteur("projections by factors that are not orthonormal", solve=unprojected),
    ),
)


@dataclass(frozen=True)
class Outer:
    """The gradient u v^T of rank one."""

    u: np.ndarray
    v: np.ndarray
    rank: int = 1

    @property
    def gradient(self) -> np.ndarray:
        """The gradient."""
        return np.asarray(np.outer(self.u, self.v))

    @property
    def allowed(self) -> float:
        """Return the rounding that an energy of the gradient may have in doubles."""
        return allowance(self.gradient, norm(self.gradient) ** 2)


def is_outer(case: Outer) -> bool:
    """Decide whether both vectors are finite and not 0, and the rank is 1."""
    vectors = (np.asarray(case.u), np.asarray(case.v))
    return case.rank == 1 and all(x.ndim == 1 and x.any() and bool(np.isfinite(x).all()) for x in vectors)


def draw_outer(draws: Draws) -> Outer:
    """Draw vectors of small integers, zeros among them."""

    def vector() -> np.ndarray:
        x = draws.integers(-5, 5, shape=(draws.integers(1, 6),)).astype(float)
        x[0] += not x.any()
        return x * 2.0 ** draws.choice((0, -30, 30))

    return Outer(vector(), vector())


OUTERS = Family(
    "outer-products",
    always=(
        Outer(np.array([2.0]), np.array([3.0])),
        Outer(np.array([3.0, 1.0]), np.array([1.0, 1.0])),
        Outer(np.array([4.0, 0.0, -1.0]), np.array([1.0, -7.0])),
    ),
    draw=draw_outer,
)


@formula()
def sign_capture(u: ArrayLike, v: ArrayLike) -> Fraction:
    r"""The share of u v^T that the leading singular pair of its signs captures.

    Proof
    -----
    Assumes: nothing.

    Proof: sign(u v^T) = sign(u) sign(v)^T has rank one, and its singular vectors are sign(u) / sqrt(p) and sign(v) /
    sqrt(q). Since sign(u)^T u = \|u\|_1, they capture (\|u\|_1^2 / p) (\|v\|_1^2 / q) of \|u\|^2 \|v\|^2. By Cauchy and
    Schwarz this share is at most 1, and equal to 1 where all entries other than 0 are of one size.
    """
    share = Fraction(1)
    for name, given in (("u", u), ("v", v)):
        x = [Fraction(*number(name, entry).as_integer_ratio()) for entry in numbers(name, given)]
        if not any(x):
            raise must(name, "a vector other than 0", given)
        size, energy = sum(map(abs, x), Fraction(0)), sum((entry * entry for entry in x), Fraction(0))
        share *= size * size / (sum(map(bool, x)) * energy)
    return share


def captures_share(case: Outer, found: dict[str, np.ndarray]) -> Sides:
    """Compare the energy that the start captures with its formula."""
    share = float(sign_capture(case.u.tolist(), case.v.tolist()))
    return beside([(energy(case.gradient, found), share * norm(case.gradient) ** 2)], case.allowed)


def captures_all(case: Outer, found: dict[str, np.ndarray]) -> Sides:
    """Compare the energy that the start captures with all there is."""
    return beside([(energy(case.gradient, found), norm(case.gradient) ** 2)], case.allowed)


SB_6 = Statement(
    id="low_rank_adapters/SB-6",
    title="A start from signs captures a share of a gradient of rank one",
    says=(
        "Of a gradient u v^T the leading singular pair of the matrix of its signs captures the share (|u|_1^2 / (p "
        "|u|^2)) (|v|_1^2 / (q |v|^2)), where p and q count the entries of u and v other than 0. For Gaussian u and v "
        "it tends to (2 / pi)^2; for a spike it is as small as 1 / (p q)."
    ),
    source=Derived(sign_capture),
    tex=r"\|P_B\,uv^\top P_A\|^2 = \frac{\|u\|_1^2}{p\|u\|^2}\,\frac{\|v\|_1^2}{q\|v\|^2}\,\|uv^\top\|^2",
    hypotheses={"two vectors other than 0, and rank 1": is_outer},
    instances=OUTERS,
    solve=partial(started, method="sign"),
    claim=Identity(captures_share),
    decisions=("B", "A"),
    free=dict.fromkeys("BA", "only the columns of B and the rows of A count, and no sign changes these spaces"),
    saboteurs=(
        saboteur("all of it, as for the gradient itself", claim=Identity(captures_all)),
        saboteur("from the gradient", solve=started),
    ),
    notes="The released start takes the first step of AdamW, which is the sign of the gradient.",
)
