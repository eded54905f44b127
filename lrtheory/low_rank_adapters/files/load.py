"""Read an adapter of any kind that peft writes and this package knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from lrtheory._files.adapters.settings import factors_alone
from lrtheory._files.safetensors import Stored
from lrtheory._types import ArrayLike
from lrtheory._validation import Words, must, path_of
from lrtheory.low_rank_adapters.files import lora
from lrtheory.low_rank_adapters.files.folder import Folder, read_config
from lrtheory.low_rank_adapters.files.formats import hira, ia3, loha, lokr, randlora, tucker, uni_lora, vera
from lrtheory.low_rank_adapters.kinds.base import Adapter

__all__ = ["load_peft", "read_kind"]

#: how the names of arrays begin, and who reads them
READERS: dict[str, tuple[str, Callable[[Folder], dict[str, Adapter]]]] = {
    "VERA": ("vera_", vera.read),
    "RANDLORA": ("randlora_", randlora.read),
    "UNILORA": ("unilora_", uni_lora.read),
    "HIRA": ("hira_", hira.read),
    "LOHA": ("hada_", loha.read),
    "LOKR": ("lokr_", lokr.read),
    "IA3": ("ia3_", ia3.read),
}


def load_peft(
    path: str | PathLike[str],
    *,
    weights: Mapping[str, ArrayLike | tuple[int, int]] | str | PathLike[str] | None = None,
) -> dict[str, Adapter]:
    """Read a folder with adapter_config.json and adapter_model.safetensors, as peft writes it.

    LoRA, AdaLoRA, LoHa and LoKr are read from their files alone. VeRA and RandLoRA need the shapes of the weights and
    projections that were saved with them, HiRA and IA3 need the weights themselves, and Uni-LoRA needs shapes in the
    order of the model unless its indices were saved. A folder that changes more than the updates is refused, such as
    one with a head that was trained whole.

    Parameters
    ----------
    path : path
        The folder, or the file of arrays in it. Nothing in it is run or unpickled.
    weights : mapping of str to array or (d_out, d_in), path, or None
        The weights of the base model by the names of its modules, with or without ".weight" at the end; a path is
        that of a safetensors file or of a folder with one. They may always be given, and are not used where the
        files of the adapter say all.

    Returns
    -------
    dict of str to Adapter
        Adapter of each module. The update has the shape (d_out, d_in) always: models that keep a weight as (d_in,
        d_out), for which the settings have fan_in_fan_out, add its transpose, and so do embeddings, whose weight has a
        row for each entry of the vocabulary.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or a file is missing.
    ValueError
        If the kind is unknown, the update depends on the base model (DoRA, PiSSA, OLoRA) and its path is not given,
        there are arrays or settings beside the updates, a layer is a convolution, projections or weights are missing,
        or shapes do not fit.

    Examples
    --------
    >>> import tempfile
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora as make_lora
    >>> from lrtheory.low_rank_adapters.files.save import save_peft
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_peft({"layer.query": make_lora([[1.0], [2.0]], [[3.0, 0.0]], scale=0.5)}, f"{folder}/adapter")
    ...     load_peft(f"{folder}/adapter")["layer.query"].dense().tolist()
    [[1.5, 0.0], [3.0, 0.0]]
    """
    given = path_of("path", path)
    folder, config = read_config(given)
    kind = config.get("peft_type", "LORA")
    if not isinstance(kind, str):
        raise must("path", "that of an adapter whose peft_type is a word", kind)
    if kind in ("LORA", "ADALORA"):
        return dict(lora.read(given, weights))
    return read_kind(folder, config, weights, whole=False)[0]


def read_kind(
    folder: Path, config: Mapping[str, Any], weights: Any, *, whole: bool = True
) -> tuple[dict[str, Adapter], dict[str, Stored]]:
    """The modules of an adapter that is no LoRA, and the arrays beside those of its kind.

    Parameters
    ----------
    folder : Path
        The folder.
    config : mapping of str to object
        Settings of the adapter.
    weights : as for `load_peft`
        Weights of the base model.
    whole : bool
        Whether there may be arrays beside those of its kind.

    Returns
    -------
    pair of dict of str to Adapter and dict of str to Stored
        Adapter of each module, and arrays by their names in the file.

    Raises
    ------
    ValueError
        As in `load_peft`.
    """
    kind = config.get("peft_type")
    if not isinstance(kind, str) or kind not in READERS:
        raise must("path", f"that of an adapter whose peft_type is LORA, ADALORA, {', '.join(READERS)}", kind)
    prefix, read = READERS[kind]
    opened = Folder.read(folder, config, prefix, weights)
    kernels = [name for name, arrays in opened.modules.items() if tucker.is_convolution(arrays)]
    if kernels and (not whole or weights is None):
        rule = "that of an adapter of linear layers, as the model has the lengths of kernels: convert it with `--base`"
        raise must("path", rule, Words(f"the convolution {kernels[0]!r}"))
    if not whole:
        factors_alone(config, opened.others)
    found = read(opened)
    if not whole:  # an IA3 also multiplies biases, which is no update of a weight
        factors_alone({}, opened.others)
    if not found:
        raise must("path", f"a folder with an adapter, whose arrays are named {prefix}...", str(folder))
    return found, opened.others
