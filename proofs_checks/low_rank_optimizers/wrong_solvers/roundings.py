"""Roundings that are not to the nearest even number, and steps that are not Adam's."""

from __future__ import annotations

from functools import partial

import numpy as np

from lrtheory.low_rank_optimizers.optimizers.adamw import AdamW
from lrtheory.low_rank_optimizers.rounding.bfloat16 import rounded
from proofs_checks.low_rank_optimizers.families.roundings import (
    Binades,
    Gradients,
    Moves,
    Table,
    code_of,
    counted,
    magnitudes,
    masks,
    stepped,
    summed,
    trained,
    value_of,
)


def ties_away(case: Binades, rng: np.random.Generator | None = None) -> np.ndarray:
    """Round ties away from 0."""
    found, own = stepped(case), magnitudes(case) + 0x8000 * case.sign
    found[:, 1], found[:, 4] = own, own + 1  # half of the gap towards 0, and away from it
    return found


def twice(case: Binades, rng: np.random.Generator | None = None) -> np.ndarray:
    """Round the sum to single precision before it is rounded."""
    return code_of(np.asarray(rounded(summed(case).astype(np.float32), dtype=case.dtype)), case.dtype)


def uncorrected(case: Gradients, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Leave the second moment as it is, so that first steps are long."""
    adam = AdamW(step_size=1.0, beta1=case.beta1, beta2=case.beta2, epsilon_root=0.0)
    steps = np.arange(1, len(case.gradients) + 1)[:, None]
    honest = np.array([adam.step(g).update for g in case.gradients])
    return {"updates": honest / np.sqrt(1 - case.beta2**steps)}


def at_random(values: np.ndarray, seed: int = 5) -> np.ndarray:
    """Round to one of both neighbors in bfloat16, so that the mean is the number."""
    bits = values.astype(np.float32).view(np.uint32)
    noise = np.random.default_rng(seed).integers(0, 1 << 16, bits.shape, dtype=np.uint32)
    return value_of((bits + noise) >> 16)


stochastic = partial(trained, keep=at_random)


def drawn_at_random(case: Table, rng: np.random.Generator, n: int) -> np.ndarray:
    """Round at random in both runs."""
    return masks(case, rng, n, keep=partial(at_random, seed=int(rng.integers(1 << 30))))


def same_steps(case: Table, rng: np.random.Generator, n: int) -> np.ndarray:
    """Take the steps of the first run in the second one too."""
    return masks(case, rng, n)[:, :1].repeat(2, axis=1)


def not_below(case: Moves, rng: np.random.Generator | None = None) -> dict[str, int]:
    """Count changes of exactly the tolerance too."""
    gaps = np.abs(value_of(case.codes + case.moves) - value_of(case.codes))
    return counted(case) | {"beyond": int((gaps >= case.atol).sum())}
