"""The verbs of the shell: what training changed in a model, and what a step or an adapter changes in few bits."""

from __future__ import annotations

from typing import Literal

from lrtheory._files.adapters import AdapterFile
from lrtheory._validation import exactly_one, must
from lrtheory.low_rank_optimizers.rounding.absorb_adapter import AdapterAbsorption, absorb_adapter
from lrtheory.low_rank_optimizers.rounding.absorption import Absorption, absorption
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint
from lrtheory.low_rank_optimizers.rounding.compare_checkpoints import SparsityReport, compare_checkpoints

__all__ = ["absorb", "diff"]

#: what -o writes, where it is more than the table
WRITES = {"absorb": "the merged model, where there is an adapter, or a table"}
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
    step: float | None = None,
    adapter: AdapterFile | None = None,
    std: float | None = None,
    dtype: Literal["bfloat16", "float16", "int8", "nf4"] | None = None,
    trained_on: Literal["int8", "nf4"] | None = None,
) -> Absorption | AdapterAbsorption:
    """Say what rounding keeps from weights: a step of an optimizer, or an adapter that is merged into them.

    The sum of a weight and a small step is rounded back to the weight. With a copy in single precision nothing is lost.
    One of --step and --adapter is needed.

    Parameters
    ----------
    model : Checkpoint
        A model, as a folder or as a safetensors file.
    step : float
        The largest size of a step: for Adam the learning rate times at most 7.27, or 1.17 where beta2 is 0.95.
    adapter : AdapterFile
        In place of a step: an adapter that is to be merged, as the folder that peft writes.
    std : float
        The standard deviation of random steps, for which changes and overlaps are predicted.
    dtype : {"bfloat16", "float16", "int8", "nf4"}
        The type in which weights are kept (default: that of the file where it has sixteen bits, else bfloat16); the
        last two are for adapters.
    trained_on : {"int8", "nf4"}
        The type of the weights beside which the adapter was trained, as for QLoRA.

    Returns
    -------
    Absorption or AdapterAbsorption
        A row for each tensor, or for each module.

    Examples
    --------
    lrtheory low_rank_optimizers absorb tiny-model --step 1e-4 --plot absorbed.png
    lrtheory low_rank_optimizers absorb tiny-model --adapter tiny-tuned-lora --dtype bfloat16 -o merged
    """
    exactly_one(step=step, adapter=adapter)
    kind = dtype or model.sixteen_bits()
    if step is not None:
        _left_out("trained_on", trained_on, "unless an adapter is given")
        return absorption(model, step_bound=step, step_std=std, dtype=kind)
    _left_out("std", std, "unless a step is given")
    return absorb_adapter(model, adapter, dtype=kind, trained_on=trained_on)  # type: ignore[arg-type]  # one is given


def _left_out(name: str, value: object, unless: str) -> None:
    if value is not None:
        raise must(name, f"left out {unless}", value)
