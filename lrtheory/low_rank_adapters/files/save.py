"""Write adapters of one kind into a folder that peft loads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files.adapters.base import is_embedding
from lrtheory._files.adapters.folder import ARRAYS
from lrtheory._files.adapters.names import PREFIX
from lrtheory._files.adapters.settings import CONFIG
from lrtheory._files.replacing import replacing
from lrtheory._files.safetensors import Stored, encoded, write_tensors
from lrtheory._validation import must, path_of
from lrtheory.low_rank_adapters.files import lora
from lrtheory.low_rank_adapters.files.carried import Carried
from lrtheory.low_rank_adapters.files.folder import SHARED
from lrtheory.low_rank_adapters.files.formats import hira, randlora, uni_lora, vera
from lrtheory.low_rank_adapters.files.left_out import refuse_embedding
from lrtheory.low_rank_adapters.kinds.base import Adapter

__all__ = ["save_peft"]

Arrays = dict[str, np.ndarray]
#: the kinds that are written as LoRA, and the types and writers of the others
AS_LORA = ("lora", "lora-fa", "lora-xs")
WRITERS: dict[str, tuple[str, Callable[[Mapping[str, Adapter]], tuple[Arrays, Arrays, dict[str, Any]]]]] = {
    "vera": ("VERA", vera.write),
    "randlora": ("RANDLORA", randlora.write),
    "uni-lora": ("UNILORA", uni_lora.write),
    "hadamard": ("HIRA", hira.write),
}


def save_peft(
    adapters: Mapping[str, Adapter], path: str | PathLike[str], *, base_model: str | None = None, force: bool = False
) -> None:
    """Write adapters into a new folder that peft loads; it appears whole or not at all.

    Forms of LoRA with frozen factors are written as LoRA. Scales that a kind does not have in files go into its trained
    arrays. All frozen arrays are saved, so that no generator of random numbers is needed to read them. The settings say
    fan_in_fan_out False, which peft changes where a model keeps its weights as (d_in, d_out). A module that is known as
    an embedding by its last name, such as embed_tokens, has an update of shape (d_out, vocabulary), as in `load_peft`.

    Parameters
    ----------
    adapters : mapping of str to Adapter
        Adapters by the names of the modules in the model. All of one kind, or each of "lora", "lora-fa" and "lora-xs";
        those of "vera" and "randlora" are slices of the same frozen arrays, and those of "uni-lora" share one vector.
    path : path
        A new folder, or an empty one.
    base_model : str or None
        The name of the base model, for the settings.
    force : bool
        Whether a folder that this program wrote, and that holds nothing else, may be replaced.

    Raises
    ------
    FileExistsError
        If something is there that may not be replaced.
    FileNotFoundError
        If the folder in which it shall stand does not exist.
    TypeError
        If an adapter is none.
    ValueError
        If there is no adapter, kinds are mixed, peft has no such kind, frozen arrays are not shared, or a module is an
        embedding by its name, and no LoRA.

    Examples
    --------
    >>> import tempfile
    >>> from lrtheory.low_rank_adapters.kinds.lora import lora as make_lora
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_peft({"layer.query": make_lora([[1.0], [2.0]], [[3.0, 0.0]])}, f"{folder}/adapter")
    ...     sorted(file.name for file in Path(folder, "adapter").iterdir())
    ['adapter_config.json', 'adapter_model.safetensors', 'lrtheory.json']
    """
    if not isinstance(adapters, Mapping) or not adapters:
        raise must("adapters", "a mapping with at least one adapter", adapters)
    for name, adapter in adapters.items():
        if not isinstance(name, str) or not isinstance(adapter, Adapter):
            raise must("adapters", "a mapping from names to adapters", (name, adapter), TypeError)
    target = path_of("path", path)
    if base_model is not None and not isinstance(base_model, str):
        raise must("base_model", "the name of a model", base_model, TypeError)
    config: dict[str, Any] = {"base_model_name_or_path": base_model, "task_type": None}
    kinds = sorted({adapter.kind for adapter in adapters.values()})
    if all(kind in AS_LORA for kind in kinds):
        # the kinds above have factors
        layers: dict[str, tuple[str, tuple[int, ...]]]
        layers = {name: ("embedding", ()) for name in adapters if is_embedding(name)}
        carried = Carried(config, layers=layers)
        replacing(target, lambda fresh: lora.write(adapters, fresh, carried), force=force)  # type: ignore[arg-type]
        return
    if len(kinds) > 1 or kinds[0] not in WRITERS:
        raise must("adapters", f"all of one kind among {', '.join((*AS_LORA, *WRITERS))}", ", ".join(kinds))
    for name in adapters:
        refuse_embedding("adapters", name)
    peft_type, write = WRITERS[kinds[0]]
    arrays, shared, said = write(adapters)
    named = {PREFIX + key: value for key, value in arrays.items()} | {SHARED + k: v for k, v in shared.items()}
    config |= {"peft_type": peft_type, "target_modules": sorted(adapters), "fan_in_fan_out": False} | said
    stored = {name: _stored(value) for name, value in named.items()}
    replacing(target, lambda fresh: _written(fresh, stored, config), force=force)


def _stored(value: np.ndarray) -> Stored:
    """An array in its own type."""
    if value.dtype.kind == "i":
        return Stored("I64", value.shape, np.ascontiguousarray(value, "<i8").tobytes())
    return encoded(value, "F32" if value.dtype == np.float32 else "F64")


def _written(target: Path, stored: Mapping[str, Stored], config: Mapping[str, Any]) -> None:
    target.mkdir()
    write_tensors(target / ARRAYS, stored, {"format": "pt"})
    (target / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
