"""The arrays of a model to which an adapter adds updates of experts.

Files of peft do not name the array that factors belong to. Where a module has several, its layers are nested in the
order in which the module registers its arrays, which is no order of a file. So each pair of factors belongs to the
array that it fits, if there is one way only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile, AdapterModule
from lrtheory._files.adapters.base import base_name, model_settings
from lrtheory._files.adapters.experts import arrays_named, together
from lrtheory._files.adapters.names import BASE_LAYER
from lrtheory._validation import Words, must
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint

__all__ = ["array_in", "arrays_of_experts"]

#: models of the transformers library whose experts are kept as (d_in, d_out), and marked so, which peft looks at
TURNED = frozenset({"gpt_oss", "aria", "aria_text", "openai_privacy_filter"})
Shape = tuple[int, ...]


def array_in(model: Checkpoint, name: str) -> str:
    """The name of an array in a model, whose files may lack the first of its names."""
    if isinstance(model.tensors, Tensors):
        return base_name(model.tensors, name)
    if name not in model.names:
        raise must("model", f"the model of the adapter, with the array {name!r}", model.names[:4])
    return name


def arrays_of_experts(model: Checkpoint, adapter: AdapterFile) -> dict[str, tuple[list[AdapterModule], bool]]:
    """The experts of an adapter by the array of the model, and whether it keeps their weights as (d_in, d_out).

    Parameters
    ----------
    model : Checkpoint
        The model.
    adapter : AdapterFile
        The adapter.

    Returns
    -------
    dict of str to pair of list of AdapterModule and bool
        Empty where there are no experts; without arrays of which all experts have rank 0.

    Raises
    ------
    ValueError
        If factors fit no array or several, or it is not known whether square weights are transposed.
    """
    owners: dict[str, dict[str, list[AdapterModule]]] = {}
    for name, experts in together(adapter.modules).items():
        owners.setdefault(name.replace(f".{BASE_LAYER}", ""), {})[name] = experts
    found: dict[str, tuple[list[AdapterModule], bool]] = {}
    for owner, groups in owners.items():
        settings = adapter.config or {}
        alone = [f"{owner}.{one}" for one in settings.get("target_parameters") or () if "." not in one]
        named = [array_in(model, one) for one in (*arrays_named(settings, owner), *alone)]
        places = _places(owner, groups, {one: model.shape(one) for one in named})
        turned = _is_turned(model, owner, {places[name]: group for name, group in groups.items()})
        found |= {places[name]: (group, turned) for name, group in groups.items() if any(one.rank for one in group)}
    return found


def _places(owner: str, groups: Mapping[str, list[AdapterModule]], shapes: Mapping[str, Shape]) -> dict[str, str]:
    """The array of each pair of factors, by the only assignment in which all fit."""
    fitting = [
        names for names in permutations(shapes, len(groups))
        if all(map(_fits, groups.values(), (shapes[name] for name in names)))
    ]  # fmt: skip
    if len(fitting) != 1:
        rule = f"one whose factors of {owner!r} fit one array of the model each, in one way"
        raise must("adapter", rule, Words(f"{len(fitting)} ways with {dict(shapes)}"))
    return dict(zip(groups, fitting[0], strict=True))


def _fits(group: Sequence[AdapterModule], shape: Shape) -> bool:
    rows, columns = group[0].shape
    if len(group) == 1:  # peft adds the product of factors as it is
        return shape in ((rows, columns), (1, rows, columns))
    return shape in ((len(group), rows, columns), (len(group), columns, rows))


def _is_turned(model: Checkpoint, owner: str, groups: Mapping[str, list[AdapterModule]]) -> bool:
    """Whether a module keeps weights as (d_in, d_out): by those that are not square, or by the architecture."""
    told = {
        model.shape(array)[-2:] != group[0].shape for array, group in groups.items() if len(set(group[0].shape)) == 2
    }
    if len(told) > 1:
        rule = f"the model of the adapter, in which all arrays of {owner!r} are kept alike"
        raise must("model", rule, [model.shape(array) for array in groups])
    if told:
        return told.pop()
    if all(len(group) == 1 for group in groups.values()):
        return False
    kind = model_settings(model.tensors).get("model_type") if isinstance(model.tensors, Tensors) else None
    if not isinstance(kind, str):
        rule = f"one whose config.json says whether it keeps square weights of {owner!r} as (d_in, d_out)"
        raise must("model", rule, kind)
    return kind in TURNED
