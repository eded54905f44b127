"""The verbs of the shell: what training changed in a model, and what a step in low precision cannot change."""

from __future__ import annotations

from typing import Literal

from lrtheory.low_rank_optimizers.rounding.absorption import Absorption, absorption
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint
from lrtheory.low_rank_optimizers.rounding.compare_checkpoints import SparsityReport, compare_checkpoints

__all__ = ["absorb", "diff"]

#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"absorb": {"step_bound": "step", "step_std": "std"}}


def diff(
    before: Checkpoint, after: Checkpoint, *, other: Checkpoint | None = None, atol: float = 0.0, ranks: bool = True
) -> SparsityReport:
    """Compare a model before and after training: how many weights changed, and whether rounding explains it.

    Beside the overlap with a second run stands what two runs of random steps would share after rounding to 16 bits.

    Parameters
    ----------
    before : Checkpoint
        A model before training, as a folder or as a safetensors file.
    after : Checkpoint
        The model after it.
    other : Checkpoint
        The model after another run from the same start.
    atol : float
        A tolerance: the share of weights that changed by more stands beside the share that changed at all.
    ranks : bool
        Whether the rank of each change is computed, which takes long for large models.

    Returns
    -------
    SparsityReport
        A row for each tensor.

    Examples
    --------
    lrtheory low_rank_optimizers diff tiny-model tiny-tuned
    """
    return compare_checkpoints(before, after, other=other, atol=atol, ranks=ranks)


def absorb(
    model: Checkpoint,
    *,
    step: float,
    std: float | None = None,
    dtype: Literal["bfloat16", "float16"] | None = None,
) -> Absorption:
    """Say which weights of a model a step of an optimizer cannot change, if they are kept in sixteen bits.

    The sum of a weight and a small step is rounded back to the weight. With a copy in single precision nothing is lost.

    Parameters
    ----------
    model : Checkpoint
        A model, as a folder or as a safetensors file.
    step : float
        The largest size of a step: for Adam the learning rate times at most 7.27, or 1.17 where beta2 is 0.95.
    std : float
        The standard deviation of random steps, for which changes and overlaps are predicted.
    dtype : {"bfloat16", "float16"}
        The format in which weights are kept (default: that of the file where it has sixteen bits, else bfloat16).

    Returns
    -------
    Absorption
        A row for each tensor.

    Examples
    --------
    lrtheory low_rank_optimizers absorb tiny-model --step 1e-4 --plot absorbed.png
    """
    return absorption(model, step_bound=step, step_std=std, dtype=dtype or model.sixteen_bits())
