"""Statements about random sketches: second moments, laws, distortion, and the loss of rank."""

from __future__ import annotations

import functools
import itertools
from functools import partial

import numpy as np
from scipy.stats import chi2

from lrtheory.bounds import (
    Classical,
    Derived,
    Expectation,
    Identity,
    Law,
    OutcomeError,
    Probability,
    Sides,
    Statement,
    rounding,
    saboteur,
)
from lrtheory.matrix_completion import sketching, theory
from proofs_checks.matrix_completion import wrong_solvers
from proofs_checks.matrix_completion.families.samples import (
    BIRTHDAYS,
    ENUMERATED_SKETCHES,
    GAUSSIANS,
    HADAMARDS,
    LENGTHS,
    SECOND_MOMENTS,
    SIGNS,
    SketchLaw,
    sketches,
)

# --- moments and laws -------------------------------------------------------------------------------------------------


def is_orthonormal(law: SketchLaw) -> bool:
    """Decide whether the basis has orthonormal columns."""
    return np.allclose(law.basis.T @ law.basis, np.eye(law.basis.shape[1]))


def is_identity(law: SketchLaw) -> bool:
    """Decide whether the basis consists of the first k coordinate vectors."""
    return bool((law.basis == np.eye(*law.basis.shape)).all())


def is_hashed(law: SketchLaw) -> bool:
    """Decide whether the sketch is a CountSketch, or OSNAP in four blocks of one size."""
    return law.kind == "countsketch" or (law.kind == "osnap" and law.sketch_size % 4 == 0)


def gram_deviation(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Return |Q^T S^T S Q - I|_F^2 of each sketch S Q, from an array of shape (n, s, k)."""
    grams = np.einsum("rsa,rsb->rab", found, found) - np.eye(found.shape[2])
    return (grams**2).sum((1, 2))


def partitions(n: int) -> np.ndarray:
    """List all ways to put n rows into buckets without names: bucket numbers, of shape (ways, n)."""
    found = [[0]]
    for _ in range(n - 1):
        found = [[*one, bucket] for one in found for bucket in range(max(one) + 2)]
    return np.array(found)


@functools.lru_cache(maxsize=64)
def largest_deviation(rows: tuple[tuple[float, ...], ...]) -> float:
    """Return the largest |Q^T S^T S Q - I|_F^2 of any CountSketch, over all buckets and signs; `rows` are those of Q.

    The Gram matrix of OSNAP is the mean of those of its blocks, which are CountSketches, and the norm is convex.
    """
    basis = np.array(rows)
    signed = np.array(list(itertools.product((-1.0, 1.0), repeat=len(basis))))[:, :, None] * basis
    deviations = []
    for buckets in partitions(len(basis)):
        indicators = (buckets == np.arange(len(basis))[:, None]).astype(float)
        found = indicators @ signed
        deviations.append(((found.swapaxes(1, 2) @ found - np.eye(basis.shape[1])) ** 2).sum((1, 2)).max())
    return float(max(deviations))


def sketch_moment(rows: int = 0) -> Expectation:
    """Make the claim that the mean of `gram_deviation` is its formula, for `rows` more rows than the sketch has."""
    moment = lambda law: float(theory.countsketch_second_moment(law.basis, sketch_size=law.sketch_size + rows))
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
    source=Derived(theory.countsketch_second_moment),
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
    saboteurs=(
        saboteur(
            "no signs", patch=(sketching._countsketch, "signs = rng.choice([-1.0, 1.0], size=n)", "signs = np.ones(n)")
        ),
        saboteur("twice as many rows claimed", claim=sketch_moment(rows=8)),
    ),
    notes="CountSketch, and OSNAP with hashing in blocks.",
)


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
    return float(theory.countsketch_second_moment(law.basis, sketch_size=law.sketch_size))


MC_E2_EXACT = Statement(
    id="matrix_completion/MC-E2-exact",
    title="The same second moment, over all small sketches",
    says="The mean of |Q^T S^T S Q - I|_F^2 over all (2s)^n CountSketches S, one for each choice of s buckets and "
    "two signs for n rows, is exactly the formula of MC-E2. Q has k orthonormal columns and rows q_i, and I "
    "is the identity.",
    source=Derived(theory.countsketch_second_moment),
    tex=r"(2s)^{-n}\textstyle\sum_S \|Q^T S^T S Q - I\|_F^2 = (k^2 + k - 2\sum_i \|q_i\|^4)/s",
    hypotheses={"orthonormal columns": is_orthonormal},
    instances=ENUMERATED_SKETCHES,
    solve=sketch_error,
    claim=Identity(errors_of_all_sketches),
    saboteurs=(
        saboteur("one hundredth more", solve=lambda law, rng: 1.01 * sketch_error(law)),
        saboteur("the sum of fourth powers is left out", solve=wrong_solvers.without_fourth_powers),
    ),
)


SIGN = "signs = rng.choice([-1.0, 1.0], size=n)"  # the line of the library that two saboteurs change


def outcome_number(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Encode bucket and sign of each coordinate vector as one number, with a digit in base 2 s for each vector."""
    s, k = law.sketch_size, law.basis.shape[1]
    if not ((np.abs(found) == 1).sum(1) == 1).all() or np.abs(found).sum() != len(found) * k:
        raise OutcomeError("a CountSketch of coordinate vectors must have one entry of 1 or -1 a column")
    digits = 2 * np.abs(found).argmax(1) + (found.sum(1) > 0)
    return digits @ (2 * s) ** np.arange(k)


def uniform(law: SketchLaw) -> np.ndarray:
    """Return the law under which all (2 s)^k outcomes are equally likely."""
    outcomes = (2 * law.sketch_size) ** law.basis.shape[1]
    return np.full(outcomes, 1 / outcomes)


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
    solve=sketches,
    claim=Law(category=outcome_number, probabilities=uniform, within=0.06),
    saboteurs=(
        # signs of another mean, signs that depend on each other, and buckets that are not uniform: each of the three
        # properties in the title is broken alone
        saboteur("signs 60 to 40", patch=(sketching._countsketch, SIGN, f"{SIGN[:-1]}, p=[0.4, 0.6])")),
        saboteur(
            "one sign for all rows",
            patch=(sketching._countsketch, SIGN, "signs = rng.choice([-1.0, 1.0]) + 0 * buckets"),
        ),
        saboteur("the first bucket twice as often", solve=wrong_solvers.uneven_buckets),
    ),
    notes="The law that the second moment rests on.",
)


def distorted(law: SketchLaw, found: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Decide for each sketch whether a singular value of S Q is outside 1 -+ share (sqrt(k/s) + t).

    The entries of a Gaussian sketch are independent and continuous, so with probability one none is 0 and no two are
    equal. A matrix that has such entries, as [I; 0] has, is no Gaussian sketch and counts as distorted.
    """
    values = np.linalg.svd(found, compute_uv=False)
    width = share * (np.sqrt(law.basis.shape[1] / law.sketch_size) + law.deviation)
    ordered = np.sort(np.abs(found).reshape(len(found), -1))
    drawn = (ordered[:, 0] > 0) & (np.diff(ordered) > 0).all(1)
    return (values.max(1) > 1 + width) | (values.min(1) < 1 - width) | ~drawn


def gaussian_failure(law: SketchLaw) -> float:
    """Return the bound of the library on the probability of a distortion."""
    return float(theory.gaussian_sketch_failure(law.deviation, sketch_size=law.sketch_size))


def gaussian_distortion(law: SketchLaw) -> float | None:
    """Return the probability of a distortion for one column, of chi-square length; None for more columns."""
    s = law.sketch_size
    if law.basis.shape[1] > 1:  # extreme singular values of several columns have no closed law
        return None
    width = s**-0.5 + law.deviation
    return float(chi2.sf(s * (1 + width) ** 2, s) + (chi2.cdf(s * (1 - width) ** 2, s) if width < 1 else 0.0))


MC_W3 = Statement(
    id="matrix_completion/MC-W3",
    title="Gaussian sketches distort little",
    says="S is a Gaussian sketch with s rows and entries of variance 1/s, and Q has k orthonormal columns. A "
    "singular value sigma of S Q lies outside 1 -+ (sqrt(k/s) + t) with a probability of at most 2 exp(-s t^2"
    " / 2).",
    source=Classical(
        "Davidson-Szarek bound", "K. Davidson, S. Szarek, Handbook of the Geometry of Banach Spaces, 2001"
    ),
    tex=r"P[\sigma(SQ) \not\subset 1 \pm (\sqrt{k/s} + t)] \le 2 e^{-st^2/2}",
    hypotheses={
        "orthonormal columns": is_orthonormal,
        "a Gaussian sketch": lambda law: law.kind == "gaussian",
        "the bound is below 1": lambda law: gaussian_failure(law) < 1,
    },
    instances=GAUSSIANS,
    solve=sketches,
    claim=Probability(event=distorted, at_most=gaussian_failure, exact=gaussian_distortion),
    decisions=("outcome",),
    saboteurs=(
        saboteur(
            "two fifths of the width", claim=Probability(event=partial(distorted, share=0.4), at_most=gaussian_failure)
        ),
        saboteur("an eighth of the rows", solve=wrong_solvers.smaller_sketches),
        saboteur("not divided by sqrt(s)", solve=wrong_solvers.not_scaled),
        saboteur("coordinate vectors in the place of a sketch", solve=wrong_solvers.coordinate_vectors),
    ),
    notes="Loose by a factor of 2: half of the width would pass on these instances.",
)


def length_class(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Return the sixth (0 to 5) of the chi-square law in which s |S Q a|^2 lies, with a = (1, ..., 1) / sqrt k."""
    k = law.basis.shape[1]
    # S Q a is the sum of the k columns of S Q over sqrt k
    lengths = law.sketch_size * ((found.sum(2) / np.sqrt(k)) ** 2).sum(1)
    return np.searchsorted(chi2.ppf(np.arange(1, 6) / 6, law.sketch_size), lengths)


MC_W3_LAW = Statement(
    id="matrix_completion/MC-W3-law",
    title="The Gaussian sketch of a unit vector has a chi-square length",
    says="S is a Gaussian sketch with s rows and entries of variance 1/s, Q has orthonormal columns, and a is a "
    "unit vector. Then s |S Q a|^2 has the chi-square law with s degrees of freedom.",
    source=Classical("chi-square distribution", "W. Feller, Introduction to Probability Theory, volume 2, 1971"),
    tex=r"s\,\|S Q a\|^2 \sim \chi^2_s \text{ for } \|a\| = 1",
    hypotheses={"orthonormal columns": is_orthonormal, "a Gaussian sketch": lambda law: law.kind == "gaussian"},
    instances=LENGTHS,
    solve=sketches,
    claim=Law(category=length_class, probabilities=lambda law: np.full(6, 1 / 6), within=0.06),
    decisions=("outcome",),
    saboteurs=(
        saboteur("divided by sqrt(s - 1)", patch=(sketching._gaussian, "np.sqrt(s)", "np.sqrt(s - 1)")),
        saboteur("CountSketch in its place", solve=wrong_solvers.countsketch_in_its_place),
    ),
    notes="In few rows, where s and s - 1 are far apart. With quarters in place of sixths a share has so large a "
    "variance that half of the cap of runs often does not reach the tolerance.",
)


def outside_of_tropp(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Decide for each sketch whether a singular value of S Q lies outside [0.40, 1.48].

    All entries of S are 1 or -1 over sqrt(s), so those of S times a coordinate vector are, too, and no column of S Q
    has an entry above the sum of its absolute values in Q over sqrt(s). A matrix that breaks this, as [I; 0] does, is
    no such transform and counts as distorted.
    """
    # rounded outwards from the roots of 1/6 and 13/6 in the proof of `srht_failure`
    values = np.linalg.svd(found, compute_uv=False)
    Q, root, up = law.basis, np.sqrt(law.sketch_size), 1 + 1e-9  # thousands of terms round to 1e-12
    flat = np.abs(found).max(1) * root <= np.abs(Q).sum(0) * up
    single = (Q != 0).sum(0) == 1
    signed = np.abs(np.abs(found[:, :, single]) * root - np.abs(Q).sum(0)[single]) <= up - 1
    kept = flat.all(1) & signed.all((1, 2))
    return (values.min(1) < 0.40) | (values.max(1) > 1.48) | ~kept


def hadamard_failure(law: SketchLaw) -> float:
    """Return the bound of the library, for the power of two to which the rows are padded."""
    n, k = law.basis.shape
    return theory.srht_failure(law.sketch_size, n_rows=1 << (n - 1).bit_length(), rank=k)


MC_W6 = Statement(
    id="matrix_completion/MC-W6",
    title="Subsampled Hadamard transforms distort little",
    says="S is a randomized Hadamard transform of n rows (a power of two) of which s are kept, and Q has k "
    "orthonormal columns. If s is at least the stated number, the singular values sigma of S Q all lie in "
    "[0.40, 1.48], except with a probability of at most 3/k.",
    source=Derived(theory.srht_failure),
    tex=r"4[\sqrt k + \sqrt{8\ln(kn)}]^2 \ln k \le s \le n \Rightarrow P[\sigma(SQ) \not\subset [0.40, 1.48]] \le 3/k",
    hypotheses={
        "orthonormal columns": is_orthonormal,
        "a randomized Hadamard transform": lambda law: law.kind == "srht",
        "enough rows for more than three columns": lambda law: hadamard_failure(law) < 1,
    },
    instances=HADAMARDS,
    solve=sketches,
    claim=Probability(event=outside_of_tropp, at_most=hadamard_failure),
    decisions=("outcome",),
    saboteurs=(
        # so few because the bound is loose: with the rows that it asks for no run has failed
        saboteur("one row in 64", solve=wrong_solvers.few_of_the_rows),
        saboteur(
            "no signs",
            patch=(sketching._srht, "rng.choice([-1.0, 1.0], size=(len(A), 1)) * A", "A"),
        ),
        saboteur("coordinate vectors in the place of a sketch", solve=wrong_solvers.coordinate_vectors),
    ),
    notes="It asks for 573 of 1024 rows at rank 4, more than a regression of a row has; no run has failed.",
)


def singular(law: SketchLaw, found: np.ndarray) -> np.ndarray:
    """Return 1 for each sketch S Q that lacks full column rank, and 0 for the others."""
    # columns of signed coordinate vectors are equal up to sign or orthogonal, so their rank is decided without doubt
    return (np.linalg.matrix_rank(found) < law.basis.shape[1]).astype(int)


def loss_law(law: SketchLaw) -> np.ndarray:
    """Return the probabilities of full rank and of a loss of rank."""
    lost = float(theory.countsketch_rank_loss(law.basis.shape[1], sketch_size=law.sketch_size))
    return np.array([1 - lost, lost])


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
    solve=sketches,
    claim=Law(category=singular, probabilities=loss_law, within=0.08),
    decisions=("outcome",),
    saboteurs=(
        saboteur("half of the rows", solve=wrong_solvers.half_of_the_buckets),
        saboteur("Gaussian sketches", solve=wrong_solvers.gaussian_in_its_place),
    ),
)
