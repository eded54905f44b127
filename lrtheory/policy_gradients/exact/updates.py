"""The expected update of one problem, for all settings of a trainer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._validation import Words, array, choice, flag, must, real, refuse_unused
from lrtheory.policy_gradients.exact.binomials import binomial_mean, divisors
from lrtheory.policy_gradients.exact.closed_forms import penalized, rewarded
from lrtheory.policy_gradients.exact.compositions import by_counts
from lrtheory.policy_gradients.exact.problems import check_law, check_size

__all__ = ["NORMS", "Settings", "factor_of", "settings_of", "update"]

NORMS = ("std", "sample", "none", "loo", "mean")
METHODS = ("auto", "closed", "enumerate")
OFFSET = ("std", "sample", "mean")
#: squares of rewards under stronger penalties leave the range of doubles
STRONGEST = 1e100


class Settings(NamedTuple):
    """Settings of a trainer; lengths, and the law of the reference with its logarithms, are None where not given."""

    group_size: int
    norm: str
    std_offset: float
    unlikeliness: float
    ties: str
    drop_uniform: bool
    lengths: np.ndarray | None
    kl: str | None
    lam: float
    ref: np.ndarray | None
    is_closed: bool


def settings_of(n: int, group_size: Any, norm: Any, **given: Any) -> Settings:
    """Check all settings for a problem of n answers."""
    size, top = check_size(group_size), float(np.finfo(np.float64).max)
    choice("norm", norm, NORMS)
    offset = real("std_offset", given.get("std_offset", 0.0), low=0, high=top)
    if norm not in OFFSET:
        refuse_unused(norm, (), "norm", std_offset=(offset, 0.0))
    strength = real("unlikeliness", given.get("unlikeliness", 0.0), low=0, high=STRONGEST)
    ties, drops = (
        choice("ties", given.get("ties", "average"), ("average", "position")),
        given.get("drop_uniform", False),
    )
    drops = flag("drop_uniform", drops)
    lengths = given.get("lengths")
    if lengths is not None:
        lengths = array("lengths", lengths, shape=(n,), low=1).astype(np.float64)
    method = choice("method", given.get("method", "auto"), METHODS)
    has_form = strength == 0 or (norm in ("none", "loo") and not drops)
    if method == "closed" and not has_form:
        raise must("method", '"auto" or "enumerate" with a penalty, unless `norm` is "none" or "loo"', method)
    kl, lam, ref = _penalty(n, given.get("kl"), given.get("lam", 0.0), given.get("ref"))
    is_closed = has_form and method != "enumerate"
    return Settings(size, norm, offset, strength, ties, drops, lengths, kl, lam, ref, is_closed)


def _penalty(n: int, kl: Any, lam: Any, ref: Any) -> tuple[str | None, float, np.ndarray | None]:
    """Direction, weight and reference of the KL term."""
    choice("kl", kl, (None, "reverse", "forward"))
    lam = real("lam", lam, low=0, high=float(np.finfo(np.float64).max))
    if kl is None:
        for name, value, default in (("lam", lam, 0.0), ("ref", ref, None)):
            if value is not default and value != default:
                raise must(name, "left out where `kl` is None", Words("a value"))
        return None, 0.0, None
    if ref is None:
        raise must("ref", "given where `kl` is", None)
    law = check_law("ref", ref)
    if len(law) != n:
        raise must("ref", f"of shape ({n},), as `p`", Words(f"shape {law.shape}"))
    return kl, lam, law


def factor_of(success: float, settings: Settings) -> float:
    """Return the factor a(P) of rewards alone; 0 for a group of one."""
    if settings.group_size == 1:
        return 0.0
    values = divisors(settings.group_size, settings.norm, settings.std_offset)
    return float(binomial_mean(min(success, 1.0), values))


def update(p: np.ndarray, right: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the expected update of the logits.

    Each answer has the sum s_k of the advantages of its samples over G, and the update is s_k / l_k minus p_k times the
    sum of all of them, l being the lengths.
    """
    G = settings.group_size
    if G == 1:
        pushed = np.zeros_like(p)
    elif not settings.is_closed:
        strength, drops = settings.unlikeliness, settings.drop_uniform
        pushed = by_counts(p, right, G, settings.norm, settings.std_offset, strength, settings.ties, drops)
    elif settings.unlikeliness == 0:
        pushed = rewarded(p, right, factor_of(float(p[right].sum()), settings))
    else:
        pushed = penalized(p, right, G, settings.unlikeliness) * (G / (G - 1) if settings.norm == "loo" else 1)
    if settings.lengths is not None:
        pushed = pushed / settings.lengths
        pushed = pushed - p * pushed.sum()
    if settings.kl is None or settings.lam == 0:
        return pushed
    return pushed - settings.lam * _slope(p, settings)


def _slope(p: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the gradient of the KL term in the logits."""
    ref = settings.ref
    assert ref is not None
    if settings.kl == "forward":
        return np.asarray(p - ref)
    if ((ref == 0) & (p > 0)).any():
        answer = int(np.flatnonzero((ref == 0) & (p > 0))[0])
        raise must("ref", "positive where `p` is, since the divergence is infinite", Words(f"0 at answer {answer}"))
    ratio = np.zeros_like(p)
    ratio[p > 0] = np.log(p[p > 0]) - np.log(ref[p > 0])
    return np.asarray(p * (ratio - (p * ratio).sum()))
