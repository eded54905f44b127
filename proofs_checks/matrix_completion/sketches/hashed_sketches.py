"""CountSketch and OSNAP: the second moment of their error, their law, and how often they lose rank.

S is a sketch with s rows that hashes each row into a bucket with a random sign, and Q has k orthonormal columns with
rows q_i.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from lrtheory.bounds import (
    All,
    Classical,
    Coins,
    Derived,
    Draws,
    Expectation,
    Family,
    Identity,
    Law,
    Number,
    OutcomeError,
    Sides,
    Statement,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import sketching, theory
from proofs_checks.matrix_completion.families.samples import (
    SketchLaw,
    _with_zeros,
    draw_basis,
    is_orthonormal,
    sketches,
    with_constant,
)
from proofs_checks.orbits import partitions


def draw_moment(draws: Draws) -> SketchLaw:
    """Draw rank one or two, at most twice as many rows, and a kind whose second moment is known."""
    # few rows: the range of the deviation is a maximum over all buckets and signs (`sketches.largest_deviation`)
    k = draws.integers(1, 2)
    return SketchLaw(draw_basis(draws, k + draws.integers(1, k), k), draws.choice(("countsketch", "osnap")), 4)


SECOND_MOMENTS = Family(
    "second-moments",
    always=lambda: (
        SketchLaw(with_constant(5, 2), "countsketch", 6),
        SketchLaw(with_constant(5, 2), "osnap", 8),
        SketchLaw(with_constant(2, 1), "countsketch", 4),
    ),
    draw=draw_moment,
)


def is_hashed(law: SketchLaw) -> bool:
    """Decide whether the sketch is a CountSketch, or OSNAP in four blocks of one size."""
    return law.kind == "countsketch" or (law.kind == "osnap" and law.sketch_size % 4 == 0)


def gram_deviation(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Return |Q^T S^T S Q - I|_F^2 of each sketch S Q, from an array of shape (n, s, k)."""
    grams = np.einsum("rsa,rsb->rab", found, found) - np.eye(found.shape[2])
    return (grams**2).sum((1, 2))


@functools.lru_cache(maxsize=64)
def largest_deviation(rows: tuple[tuple[float, ...], ...]) -> float:
    """Return the largest |Q^T S^T S Q - I|_F^2 of any CountSketch, over all buckets and signs; `rows` are those of Q.

    The Gram matrix of OSNAP is the mean of those of its blocks, which are CountSketches, and the norm is convex.
    """
    basis = np.array(rows)
    signed = np.array(list(itertools.product((-1.0, 1.0), repeat=len(basis))))[:, :, None] * basis
    deviations = []
    for buckets in partitions(len(basis)):
        indicators = (np.array(buckets) == np.arange(len(basis))[:, None]).astype(float)
        found = indicators @ signed
        deviations.append(((found.swapaxes(1, 2) @ found - np.eye(basis.shape[1])) ** 2).sum((1, 2)).max())
    return float(max(deviations))


@formula(Q="n x k", s="[1, inf)")
def countsketch_second_moment(Q: np.ndarray, s: Number) -> Number:
    r"""E |Q^T S^T S Q - I|_F^2 is exactly this, for CountSketch and for OSNAP in blocks of one size.

    Proof
    -----
    Assumes: Q has orthonormal columns and, for OSNAP, its r blocks have equally many rows (hypotheses of MC-E2, for
    which the caller answers).

    Proof: The terms with i = l of Q^T S^T S Q add up to Q^T Q = I, so Q^T S^T S Q - I = sum_{i != l} sign_i sign_l
    [same bucket] q_i q_l^T. Products of signs are orthogonal unless the pairs agree up to order, so the moment is (1 /
    s) sum_{i != l} (\|q_i\|^2 \|q_l\|^2 + (q_i . q_l)^2). The full sums are k^2 and \|Q^T Q\|_F^2 = k, and i = l
    contributes \|q_i\|^4 to each. The Gram matrix of OSNAP is the mean of those of r independent CountSketches with s /
    r rows, whose errors have mean 0: r^-2 * r * (...) / (s / r) is (...) / s again.
    """
    k, lengths = Q.shape[1], (Q * Q).sum(axis=1)
    return (k * k + k - 2 * (lengths * lengths).sum()) / s


def sketch_moment(rows: int = 0) -> Expectation:
    """Make the claim that the mean of `gram_deviation` is its formula, for `rows` more rows than the sketch has."""
    moment = lambda law: float(countsketch_second_moment(law.basis, law.sketch_size + rows))
    # the means of bounded variables are tested, and the tighter their range the fewer draws decide; plus rounding
    most = lambda law: largest_deviation(tuple(map(tuple, law.basis.tolist()))) * (1 + 1e-9)
    return Expectation(
        sample=gram_deviation, equals=moment, within=lambda law: 0.3 * moment(law), support=lambda law: (0.0, most(law))
    )


MC_E2 = Statement(
    id="matrix_completion/MC-E2",
    title="Second moment of CountSketch",
    says="S is a CountSketch with s rows, or OSNAP in blocks of one size, and Q has k orthonormal columns and rows"
    " q_i. The mean of the squared Frobenius error of the sketched Gram matrix, |Q^T S^T S Q - I|_F^2 with "
    "the identity I, is exactly (k^2 + k - 2 sum_i |q_i|^4) / s.",
    source=Derived(countsketch_second_moment),
    tex=r"\mathbb E\|Q^T S^T S Q - I\|_F^2 = (k^2 + k - 2\textstyle\sum_i \|q_i\|^4)/s",
    hypotheses={
        "orthonormal columns": is_orthonormal,
        "CountSketch, or OSNAP in blocks of one size": is_hashed,
        # on coordinate vectors signs cancel nothing, and the saboteur without signs has the right moment
        "columns that are not all coordinate vectors": lambda law: bool((np.abs(law.basis) < 1).all()),
    },
    instances=SECOND_MOMENTS,
    solve=sketches,
    claim=sketch_moment(),
    decisions=("outcome",),
    free={"outcome": "S and -S have the same product S^T S"},
    saboteurs=(
        saboteur(
            "no signs", patch=(sketching._countsketch, "signs = rng.choice([-1.0, 1.0], size=n)", "signs = np.ones(n)")
        ),
        saboteur("twice as many rows claimed", claim=sketch_moment(rows=8)),
    ),
    notes="CountSketch, and OSNAP with hashing in blocks.",
)


def draw_enumerable_sketch(draws: Draws) -> SketchLaw:
    """Draw at most four rows in at most three buckets, so that all sketches can be enumerated."""
    n, s = draws.integers(2, 4), draws.integers(1, 3)
    return SketchLaw(draw_basis(draws, n, draws.integers(1, 2)), "countsketch", s)


ENUMERATED_SKETCHES = Family(
    "enumerated-sketches",
    always=lambda: (SketchLaw(with_constant(4, 2), "countsketch", 3), SketchLaw(with_constant(4, 1), "countsketch", 2)),
    draw=draw_enumerable_sketch,
)


def half_bases() -> Iterator[SketchLaw]:
    """Yield all orthonormal bases (4, k) with entries in halves, k = 1 or 2, for sketches of 1 to 3 rows."""
    vectors = [np.array(one) / 2 for one in itertools.product(range(-2, 3), repeat=4) if np.dot(one, one) == 4]
    bases = [one[:, None] for one in vectors]
    bases += [np.column_stack(two) for two in itertools.permutations(vectors, 2) if np.dot(*two) == 0]
    for basis in bases:
        yield from (SketchLaw(basis, "countsketch", s) for s in (1, 2, 3))


def without_fourth_powers(law: SketchLaw, rng: np.random.Generator) -> float:
    """Return (k^2 + k) / s, which lacks the sum of fourth powers."""
    k = law.basis.shape[1]
    return (k * k + k) / law.sketch_size


def errors_of_all_sketches(law: SketchLaw, moment: float) -> Sides:
    """Compare E |Q^T S^T S Q - I|_F^2 with the mean over all buckets and signs of a CountSketch."""
    n, s = len(law.basis), law.sketch_size
    buckets = np.array(list(itertools.product(range(s), repeat=n)))
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=n)))
    indicators = buckets[:, None, None, :] == np.arange(s)[:, None]  # (buckets, 1, s, n)
    found = (indicators * signs[None, :, None, :]).reshape(-1, s, n) @ law.basis
    total = float(gram_deviation(law, found).mean())
    return Sides([moment], [total], rounding=rounding(64 * len(found) * n, 1 + total))


def sketch_error(law: SketchLaw, rng: np.random.Generator | None = None) -> float:
    """Return the second moment of a CountSketch by the formula of the library."""
    return float(countsketch_second_moment(law.basis, law.sketch_size))


MC_E2_EXACT = Statement(
    id="matrix_completion/MC-E2-exact",
    title="The same second moment, over all small sketches",
    says="The mean of |Q^T S^T S Q - I|_F^2 over all (2s)^n CountSketches S, one for each choice of s buckets and "
    "two signs for n rows, is exactly the formula of MC-E2. Q has k orthonormal columns and rows q_i, and I "
    "is the identity.",
    source=Derived(countsketch_second_moment),
    tex=r"(2s)^{-n}\textstyle\sum_S \|Q^T S^T S Q - I\|_F^2 = (k^2 + k - 2\sum_i \|q_i\|^4)/s",
    hypotheses={"orthonormal columns": is_orthonormal},
    instances=ENUMERATED_SKETCHES,
    for_all=(
        All(
            "pairs of one or two orthonormal columns, with four entries in halves, and of 1 to 3 buckets",
            half_bases,
            members=504,
        ),
    ),
    solve=sketch_error,
    claim=Identity(errors_of_all_sketches),
    saboteurs=(
        saboteur("one hundredth more", solve=lambda law, rng: 1.01 * sketch_error(law)),
        saboteur("the sum of fourth powers is left out", solve=without_fourth_powers),
    ),
)


def draw_signs(draws: Draws) -> SketchLaw:
    """Draw one or two coordinate vectors in one or two buckets, which have at most 16 outcomes."""
    k = draws.integers(1, 2)
    return SketchLaw(np.eye(k + draws.integers(0, 2), k), "countsketch", draws.integers(1, 2))


SIGNS = Family(
    "signs",
    always=lambda: (SketchLaw(np.eye(1), "countsketch", 1), SketchLaw(np.eye(2), "countsketch", 2)),
    draw=draw_signs,
)


def uneven_buckets(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Replace a third of the drawn buckets by the first one; signs stay fair."""
    # made without the library, and for coordinate vectors alone: the sketch of e_i is one signed entry
    s, (_, k) = law.sketch_size, law.basis.shape
    buckets = np.where(rng.random((n, k)) < 1 / 3, 0, rng.integers(s, size=(n, k)))
    signs = rng.choice([-1.0, 1.0], size=(n, k))
    return (buckets[:, None] == np.arange(s)[:, None]) * signs[:, None]


def is_identity(law: SketchLaw) -> bool:
    """Decide whether the basis consists of the first k coordinate vectors."""
    return bool((law.basis == np.eye(*law.basis.shape)).all())


SIGN = "signs = rng.choice([-1.0, 1.0], size=n)"  # the line of the library that two saboteurs change


def outcome_number(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Encode bucket and sign of each coordinate vector as one number, with a digit in base 2 s for each vector."""
    s, k = law.sketch_size, law.basis.shape[1]
    if not ((np.abs(found) == 1).sum(1) == 1).all() or np.abs(found).sum() != len(found) * k:
        raise OutcomeError("a CountSketch of coordinate vectors must have one entry of 1 or -1 a column")
    digits = 2 * np.abs(found).argmax(1) + (found.sum(1) > 0)
    return digits @ (2 * s) ** np.arange(k)


def n_outcomes(law: SketchLaw) -> int:
    """Count the ways (2 s)^k to choose bucket and sign for each coordinate vector."""
    return int((2 * law.sketch_size) ** law.basis.shape[1])


def uniform(law: SketchLaw) -> np.ndarray:
    """Return the law under which all outcomes are equally likely."""
    return np.full(n_outcomes(law), 1 / n_outcomes(law))


MC_E2_LAW = Statement(
    id="matrix_completion/MC-E2-law",
    title="Buckets and signs of CountSketch are uniform and independent",
    says="A CountSketch S with s rows maps the coordinate vector e_i to a sign sigma_i = 1 or -1 times the "
    "coordinate vector of a bucket b_i. All (2s)^k ways to choose bucket and sign for the first k vectors are"
    " equally likely.",
    source=Classical("CountSketch", "M. Charikar, K. Chen, M. Farach-Colton, Finding frequent items, ICALP 2002"),
    tex=r"P[S e_i = \sigma_i e_{b_i},\ i \le k] = (2s)^{-k}",
    hypotheses={"coordinate vectors": is_identity, "CountSketch": lambda law: law.kind == "countsketch"},
    instances=SIGNS,
    for_all=(
        Coins(
            "CountSketches of one or two coordinate vectors in 1 to 4 buckets",
            lambda: [SketchLaw(np.eye(k), "countsketch", s) for k in (1, 2) for s in (1, 2, 3, 4)],
            members=8,
            law=lambda law: [Fraction(1, n_outcomes(law))] * n_outcomes(law),
        ),
    ),
    solve=sketches,
    claim=Law(category=outcome_number, probabilities=uniform, within=0.06),
    free={"outcome": "both signs are equally likely, so -S has the law of S"},
    saboteurs=(
        # signs of another mean, signs that depend on each other, and buckets that are not uniform: each of the three
        # properties in the title is broken alone
        saboteur("signs 60 to 40", patch=(sketching._countsketch, SIGN, f"{SIGN[:-1]}, p=[0.4, 0.6])")),
        saboteur(
            "one sign for all rows",
            patch=(sketching._countsketch, SIGN, "signs = rng.choice([-1.0, 1.0]) + 0 * buckets"),
        ),
        saboteur("the first bucket twice as often", solve=uneven_buckets),
    ),
    notes="The law that the second moment rests on.",
)


def draw_birthdays(draws: Draws) -> SketchLaw:
    """Draw two to eight coordinate vectors in at least as many buckets."""
    k = draws.integers(2, 8)
    return SketchLaw(np.eye(k + draws.integers(0, 4), k), "countsketch", k + draws.integers(0, 40))


BIRTHDAYS = Family(
    "birthdays",
    always=lambda: (SketchLaw(np.eye(12, 4), "countsketch", 10), SketchLaw(np.eye(20, 10), "countsketch", 80)),
    draw=draw_birthdays,
)


def half_of_the_buckets(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw sketches with half of the rows, in which collisions are more frequent; the others are zero."""
    return _with_zeros(law, rng, n, law.sketch_size // 2)


def gaussian_in_its_place(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a Gaussian sketch, which never loses rank."""
    return sketches(replace(law, kind="gaussian"), rng, n)


def singular(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Return 1 for each sketch S Q that lacks full column rank, and 0 for the others."""
    # columns of signed coordinate vectors are equal up to sign or orthogonal, so their rank is decided without doubt
    return (np.linalg.matrix_rank(found) < law.basis.shape[1]).astype(int)


def loss_law(law: SketchLaw) -> np.ndarray:
    """Return the probabilities of full rank and of a loss of rank."""
    lost = float(theory.countsketch_rank_loss(law.basis.shape[1], sketch_size=law.sketch_size))
    return np.array([1 - lost, lost])


def exact_loss_law(law: SketchLaw) -> list[Fraction]:
    """Return the same probabilities as Fractions."""
    lost = theory.countsketch_rank_loss(law.basis.shape[1], sketch_size=Fraction(law.sketch_size))
    return [1 - lost, lost]


MC_H3 = Statement(
    id="matrix_completion/MC-H3",
    title="CountSketch loses rank by the birthday problem",
    says="A CountSketch S with s rows maps the k columns of [I_k; 0], the first k coordinate vectors, into random "
    "buckets. The result has rank below k exactly when two of them share a bucket, which happens with the "
    "probability that two of k people share a birthday in a year of s days.",
    source=Derived(theory.countsketch_rank_loss),
    tex=r"P[\mathrm{rank}(S [I_k; 0]) < k] = 1 - \prod_{i<k}(1 - i/s)",
    hypotheses={"coordinate vectors": is_identity, "CountSketch": lambda law: law.kind == "countsketch"},
    instances=BIRTHDAYS,
    for_all=(
        Coins(
            "CountSketches of two or three coordinate vectors in 2 to 5 buckets",
            lambda: [SketchLaw(np.eye(k), "countsketch", s) for k in (2, 3) for s in (2, 3, 4, 5)],
            members=8,
            law=exact_loss_law,
        ),
    ),
    solve=sketches,
    claim=Law(category=singular, probabilities=loss_law, within=0.08),
    decisions=("outcome",),
    free={"outcome": "S and -S have the same rank"},
    saboteurs=(
        saboteur("half of the rows", solve=half_of_the_buckets),
        saboteur("Gaussian sketches", solve=gaussian_in_its_place),
    ),
)
