"""The verb of the shell: ``lrtheory lora_limits diagnose``."""

from __future__ import annotations

from lrtheory._files import Tensors
from lrtheory.lora_limits.diagnosis.whole_model import HeadRegimes, HiddenStates, ModelFile, diagnose_model

__all__ = ["diagnose"]


def diagnose(
    model: Tensors,
    *,
    inputs: HiddenStates,
    adapters: str | None = None,
    n_heads: int | None = None,
    epsilon: float = 1e-6,
) -> HeadRegimes:
    """Say in which attention heads low rank pays.

    Whether a layer's logits are small enough decides it; the weights alone do not say it, so hidden states are needed.

    Parameters
    ----------
    model : Tensors
        A transformer as a folder, or as a safetensors file.
    inputs : HiddenStates
        Inputs of the attention layers for one text, after their norm: an npy file of one array (layers, tokens, width),
        or an npz file of that array, or of an array (tokens, width) for each layer, named layer_0, layer_1, ...
    adapters : str
        A folder of peft, or a safetensors file, whose adapters are added to the weights.
    n_heads : int
        Number of query heads in a layer; without it config.json beside the model says it.
    epsilon : float
        Error that a row of attention may have, summed in absolute value.

    Returns
    -------
    HeadRegimes
        A row for each head.

    Examples
    --------
    lrtheory lora_limits diagnose tiny-model --inputs states.npz --plot heads.png
    """
    return diagnose_model(ModelFile.from_file(model.path, n_heads=n_heads), inputs, adapters=adapters, epsilon=epsilon)
