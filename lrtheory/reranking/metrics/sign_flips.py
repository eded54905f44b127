"""The test of paired differences by exchanging their signs."""

from __future__ import annotations

import math

import numpy as np

from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import array, choice, generator, integer, must, real
from lrtheory.reranking.metrics.signs import EXACT_HALVES, Signs, flipped

__all__ = ["ALTERNATIVES", "METHODS", "RELATIVE_RESOLUTION", "SignFlips", "sign_flips", "signs_of", "tested"]

#: doubles of metrics err by less than a quarter of this part of the largest value
RELATIVE_RESOLUTION = 2.0**-40
METHODS, ALTERNATIVES = ("auto", "exact", "sampled"), ("two-sided", "greater", "less")
#: sums of integers up to which doubles hold them
MOST_WHOLE = 2**53


@result
class SignFlips(Result):
    """The p-value of exchanged signs.

    Attributes
    ----------
    p_value : float
        Share of signs whose sum is at least as large as the observed one.
    smallest_p : float
        The least p-value that as many differences other than 0 can have.
    n : int
        Number of differences other than 0.
    zeros : int
        Number of differences that are 0, which say nothing.
    samples : int
        Number of signs that were sampled; 0 where all were counted.
    method : str
        "exact" or "sampled".
    message : str
        The p-value in a sentence.
    """

    p_value: float
    smallest_p: float
    n: int
    zeros: int
    samples: int
    method: str
    message: str


def sign_flips(
    differences: ArrayLike,
    *,
    method: str = "auto",
    alternative: str = "two-sided",
    max_samples: int = 100_000,
    rng: np.random.Generator | int | None = None,
    resolution: float | None = None,
) -> SignFlips:
    r"""Test whether paired differences are symmetric about 0, by exchanging their signs.

    The test assumes that under the hypothesis each difference is as likely as its negative, independently. Its level is
    exact for any number of differences (statements RK-S1 to RK-S3).

    Parameters
    ----------
    differences : array of shape (n,)
        One difference a query.
    method : {"auto", "exact", "sampled"}
        Count all :math:`2^n` signs, or sample some, where p = (b + 1) / (B + 1) for b of B samples. "auto" counts
        integers with small sums, and up to 40 other numbers.
    alternative : {"two-sided", "greater", "less"}
        Whether large absolute sums, large sums, or small sums speak against the hypothesis.
    max_samples : int
        B, at least 1.
    rng : None, int or Generator
        Random numbers of the samples.
    resolution : float or None
        Distance e such that each difference is within e / 4 of what it stands for; sums within n e tie, and
        differences within e / 4 of 0 are 0 (statement RK-S4). None takes 2^-40 of the largest absolute difference,
        and 0 for whole numbers.

    Returns
    -------
    SignFlips
        The p-value.

    Raises
    ------
    TypeError
        If a difference is no real number.
    ValueError
        If a difference is not finite, an option is out of its range, or there are too many signs for "exact".

    Examples
    --------
    >>> sign_flips([1, 1, 1, 1, 1]).p_value
    0.0625
    >>> sign_flips([0.1, 0.2, 0.3, -0.1, 0.1]).p_value
    0.25
    """
    found = array("differences", differences, shape=(None,)).astype(np.float64)
    choice("method", method, METHODS)
    choice("alternative", alternative, ALTERNATIVES)
    samples = integer("max_samples", max_samples, low=1)
    if resolution is not None:
        real("resolution", resolution, low=0.0, high=np.finfo(np.float64).max)
    return tested(signs_of(found, resolution), len(found), method, alternative, samples, generator(rng))


def signs_of(differences: np.ndarray, resolution: float | None, unit: float | None = None) -> Signs:
    """The differences other than 0, with the distance of ties, and as integers where they are multiples of one number.

    Numbers are divided by a power of two near the largest one, which is exact, so that no sum leaves the doubles.
    """
    largest = float(np.abs(differences).max(initial=0.0))
    if unit is not None and largest:
        counted = np.rint(differences / unit)
        if np.abs(counted - differences / unit).max() < 1e-6 and np.abs(counted).sum() < MOST_WHOLE:
            return Signs(counted[counted != 0], 0.0, counted[counted != 0].astype(np.int64))
    is_whole = largest < MOST_WHOLE and bool((differences == np.rint(differences)).all())
    is_whole = is_whole and float(np.abs(differences).sum()) < MOST_WHOLE
    if resolution is None:
        resolution = 0.0 if is_whole else RELATIVE_RESOLUTION * largest
    kept = differences[np.abs(differences) > resolution / 4]
    scale = math.ldexp(1.0, min(max(-1000, math.frexp(largest)[1]), 1023)) if largest else 1.0
    whole = kept.astype(np.int64) if is_whole and resolution == 0.0 else None
    return Signs(kept / scale, len(differences) * (resolution / scale), whole)


def tested(
    signs: Signs, n_all: int, method: str, alternative: str, samples: int, rng: np.random.Generator
) -> SignFlips:
    """Test differences that were checked; n_all counts those of 0 too."""
    n = len(signs.values)
    try:
        found = flipped(signs, method, alternative, samples, rng)
    except OverflowError:
        raise must("method", f'"sampled" for more than {EXACT_HALVES} differences that are not whole', method) from None
    both = alternative == "two-sided"
    least = 1.0 if n == 0 else max(math.ldexp(1.0, int(both) - n), math.ulp(0.0))
    if found.method == "sampled":
        least = max(least, 1.0 / (found.samples + 1))
    how = "all signs were counted" if found.method == "exact" else f"{found.samples:,} signs were sampled"
    message = f"p = {found.p_value:.3g} for {n:,} differences other than 0, which can reach {least:.2g}; {how}"
    return SignFlips(found.p_value, least, n, n_all - n, found.samples, found.method, message)
