"""Gaussian sketches and subsampled Hadamard transforms keep the singular values of a basis near 1."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.stats import chi2

from lrtheory.bounds import Classical, Derived, Draws, Family, Law, Probability, Statement, saboteur
from lrtheory.matrix_completion import sketching, theory
from proofs_checks.matrix_completion.families.half_steps import orthonormal
from proofs_checks.matrix_completion.families.samples import (
    SketchLaw,
    _with_zeros,
    draw_basis,
    is_orthonormal,
    sketches,
    with_constant,
)


def draw_gaussian(draws: Draws) -> SketchLaw:
    """Draw one to three columns, and a deviation at which the bound is at most 1/2."""
    n, k, s = draws.integers(4, 32), draws.integers(1, 3), draws.integers(8, 64)
    return SketchLaw(draw_basis(draws, n, k), "gaussian", s, float(np.sqrt(2 * np.log(draws.integers(4, 16)) / s)))


GAUSSIANS = Family(
    "gaussians",
    always=lambda: (
        SketchLaw(with_constant(64, 3), "gaussian", 80, 0.3),
        SketchLaw(with_constant(8, 1), "gaussian", 16, 0.375),
    ),
    draw=draw_gaussian,
)


def smaller_sketches(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw sketches with an eighth of the rows; the others are zero."""
    return _with_zeros(law, rng, n, law.sketch_size // 8)


def not_scaled(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw entries of variance 1 in place of 1/s."""
    return sketches(law, rng, n) * np.sqrt(law.sketch_size)


def coordinate_vectors(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return [I; 0], which keeps every length and mixes nothing."""
    return np.stack([np.eye(law.sketch_size, law.basis.shape[1])] * n)


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
    free={"outcome": "S and -S have the same singular values"},
    saboteurs=(
        saboteur(
            "two fifths of the width", claim=Probability(event=partial(distorted, share=0.4), at_most=gaussian_failure)
        ),
        saboteur("an eighth of the rows", solve=smaller_sketches),
        saboteur("not divided by sqrt(s)", solve=not_scaled),
        saboteur("coordinate vectors in the place of a sketch", solve=coordinate_vectors),
    ),
    notes="Loose by a factor of 2: half of the width would pass on these instances.",
)


def draw_lengths(draws: Draws) -> SketchLaw:
    """Draw a basis and a Gaussian sketch of few rows, where s and s - 1 are far apart."""
    n, k = draws.integers(3, 8), draws.integers(1, 3)
    return SketchLaw(draw_basis(draws, n, k), "gaussian", draws.integers(2, 6))


LENGTHS = Family(
    "gaussian-lengths",
    always=lambda: (SketchLaw(with_constant(5, 1), "gaussian", 2), SketchLaw(with_constant(6, 2), "gaussian", 3)),
    draw=draw_lengths,
)


def countsketch_in_its_place(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw a CountSketch, which has the right mean and another law."""
    return sketches(replace(law, kind="countsketch"), rng, n)


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
    free={"outcome": "S and -S give vectors of the same length"},
    saboteurs=(
        saboteur("divided by sqrt(s - 1)", patch=(sketching._gaussian, "np.sqrt(s)", "np.sqrt(s - 1)")),
        saboteur("CountSketch in its place", solve=countsketch_in_its_place),
    ),
    notes="In few rows, where s and s - 1 are far apart. With quarters in place of sixths a share has so large a "
    "variance that half of the cap of runs often does not reach the tolerance.",
)


def draw_hadamard(draws: Draws) -> SketchLaw:
    """Draw a basis of 600 to 1024 rows and rank four to six, and a sketch of 860 or 900 rows.

    Rows are padded to 1024, of which the bound asks for fewer than 860 up to rank six.
    """
    n, k = draws.integers(600, 1024), draws.integers(4, 6)
    # coordinate vectors, or these with a part along the constant vector, which without signs would fall on one row
    basis = orthonormal(np.eye(n, k) + draws.integers(0, 1) * np.ones((n, k)) / 8)
    return SketchLaw(basis, "srht", draws.choice((860, 900)))


HADAMARDS = Family(
    "hadamards",
    always=lambda: (
        SketchLaw(with_constant(4096, 12), "srht", 1620),
        SketchLaw(np.eye(700, 4), "srht", 600),
    ),
    draw=draw_hadamard,
)


def few_of_the_rows(law: SketchLaw, rng: np.random.Generator, n: int) -> np.ndarray:
    """Keep one row in 64; the others are zero."""
    return _with_zeros(law, rng, n, law.sketch_size // 64)


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
    free={"outcome": "S and -S have the same singular values"},
    saboteurs=(
        # so few because the bound is loose: with the rows that it asks for no run has failed
        saboteur("one row in 64", solve=few_of_the_rows),
        saboteur(
            "no signs",
            patch=(sketching._srht, "rng.choice([-1.0, 1.0], size=(len(A), 1)) * A", "A"),
        ),
        saboteur("coordinate vectors in the place of a sketch", solve=coordinate_vectors),
    ),
    notes="It asks for 573 of 1024 rows at rank 4, more than a regression of a row has; no run has failed.",
)
