"""The verb of the shell: ``lrtheory lora_limits diagnose``."""

from __future__ import annotations

from lrtheory.lora_limits.diagnosis.whole_model import HeadRegimes, HiddenStates, ModelFile, diagnose_model

__all__ = ["diagnose"]


def diagnose(model: ModelFile, *, inputs: HiddenStates, tol: float = 1e-6) -> HeadRegimes:
    """Say in which attention heads low rank pays.

    Whether a layer's logits are small enough decides it; the weights alone do not say it, so hidden states are needed.

    Parameters
    ----------
    model : ModelFile
        A transformer as a folder, or as a safetensors file. Its config.json says how many heads a layer has.
    inputs : HiddenStates
        An npz file with the hidden states of a text, which the layers get after their norm.
    tol : float
        Error that a row of attention may have, summed in absolute value.

    Returns
    -------
    HeadRegimes
        A row for each head.

    Examples
    --------
    lrtheory lora_limits diagnose tiny-model --inputs states.npz --plot heads.png
    """
    return diagnose_model(model, inputs, tol=tol)
