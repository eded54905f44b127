"""The recursion as arrays, numbers and words that ``numpy.savez`` writes, and back, bit for bit."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._array import beside, to_numpy
from lrtheory._validation import choice, integer, must, real, state_entry, state_value
from lrtheory.continual_learning.recursion.forms.algebra import is_exact
from lrtheory.continual_learning.recursion.forms.dual import Dual
from lrtheory.continual_learning.recursion.inputs import exact
from lrtheory.continual_learning.recursion.naming import plain as plain_name
from lrtheory.continual_learning.recursion.setup import FORMS
from lrtheory.continual_learning.recursion.steps import Edit, Form, RecursionState

__all__ = ["arguments", "count", "plain", "read", "read_edits", "told", "told_edits"]

SHAPES = {"R": ("d", "d"), "C": ("d", "d"), "M": ("d", "d"), "Q": ("r", "d"), "Y": ("N", "r")}


def told(held: RecursionState) -> dict[str, Any]:
    """The arrays and numbers of the recursion, without its edits."""
    found: dict[str, Any] = {"current": held.form.name, "n_edits": held.n_edits, "n_keys": held.n_keys}
    found |= {"W0": plain(held.prior.W0), "W": plain(held.W)}
    found |= {"cost": plain(held.cost), "initial": plain(held.initial)}
    found |= {f"form.{name}": plain(value) for name, value in held.form.arrays().items()}
    sums = () if held.sums is None else zip(("sums.M", "sums.b"), held.sums, strict=True)
    return found | {name: plain(value) for name, value in sums}


def told_edits(edits: Mapping[int | str, Edit], W: Any) -> dict[str, Any]:
    """The edits: keys and values below each other, and for each edit its number of keys, its weight and its name."""
    given = list(edits.values())
    keys = np.concatenate([plain(W.T[:0, :]), *(plain(edit.K) for edit in given)])
    values = np.concatenate([plain(W[:0, :]), *(plain(edit.V) for edit in given)])
    sizes = np.array([edit.K.shape[0] for edit in given], dtype=np.int64)
    weights = np.array([plain(edit.weight) for edit in given])
    return {"keys": keys, "values": values, "sizes": sizes, "weights": weights, "names": json.dumps([*edits])}


def read(state: Mapping[str, Any], held: RecursionState, method: str) -> RecursionState:
    """The recursion of a state that belongs to the same parameters; nothing is changed.

    Raises
    ------
    ValueError
        If an entry is missing, has another shape or kind, or is not finite.
    """
    W = held.W
    known = [*FORMS] if method == "auto" else [method]
    form_type = FORMS[choice("state['current']", str(state_entry(state, "current")), known)]
    W0 = _array(state, "W0", W, W.shape)
    shapes = SHAPES | ({"R": ("r", "r")} if form_type is Dual else {})
    parts = {name: _array(state, f"form.{name}", W, shapes[name], W.shape[0]) for name in _names(form_type)}
    if "R" in parts and not np.diag(parts["R"]).all():
        raise must("state['form.R']", "a triangle without a zero on its diagonal", parts["R"])
    numbers = {name: _number(state, name, exactly=is_exact(W)) for name in ("cost", "initial")}
    counts = {name: count(state, name) for name in ("n_edits", "n_keys")}
    sums = None
    if held.sums is not None:
        d = W.shape[0]
        sums = _array(state, "sums.M", W, (d, d)), _array(state, "sums.b", W, W.shape)
    return RecursionState(
        prior=held.prior._replace(W0=W0),
        form=_form(form_type, parts, held),
        W=_array(state, "W", W, W.shape),
        sums=sums,
        **numbers,
        **counts,
    )


def read_edits(state: Mapping[str, Any], held: RecursionState) -> dict[int | str, Edit]:
    """The edits of a state by their names."""
    W, (d, p) = held.W, held.W.shape
    keys, values = _array(state, "keys", W, ("N", d)), _array(state, "values", W, ("N", p))
    sizes, weights = (np.asarray(state_entry(state, name)) for name in ("sizes", "weights"))
    names = _edit_names(state)
    counted = sizes.shape == weights.shape == (len(names),) == (held.n_edits,) and sizes.dtype.kind == "i"
    counted = counted and weights.dtype.kind in "fU" and min(sizes.tolist(), default=0) >= 0
    if not counted or not sizes.sum() == keys.shape[0] == values.shape[0] == held.n_keys:
        raise must("state['sizes']", "the numbers of keys of all edits", sizes)
    numbers = [Fraction(weight) if is_exact(W) else float(weight) for weight in weights.tolist()]
    if not all(0 < weight < math.inf for weight in numbers):
        raise must("state['weights']", "above 0", weights)
    ends = np.cumsum(sizes).tolist()
    rows = [slice(end - size, end) for end, size in zip(ends, sizes.tolist(), strict=True)]
    edits = [Edit(keys[row, :], values[row, :], weight) for row, weight in zip(rows, numbers, strict=True)]
    return dict(zip(names, edits, strict=True))


def _edit_names(state: Mapping[str, Any]) -> list[int | str]:
    """The names of the edits of a state, no two of them equal."""
    text = str(state_value(state, "names"))
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, list) or None in map(plain_name, found) or len({*found}) < len(found):
        raise must("state['names']", "a list of different numbers and words in JSON", text)
    return found


def arguments(found: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the constructor for a saved state."""
    kind, layout = str(state_value(found, "dtype")), str(state_value(found, "layout"))
    exactly = kind == "object"
    W0 = np.asarray(state_entry(found, "W0"))
    W0 = exact(W0.astype(object)) if exactly else W0.astype("float32" if kind == "bfloat16" else kind)
    made = {"W0": W0.T if layout == "torch" else W0, "layout": layout, "dtype": object if exactly else None}
    for name in ("ridge", "anchor_weight", "decay"):
        made[name] = _number(found, name, exactly=exactly)
    if "anchors" in found:
        made["anchors"] = exact(found["anchors"].astype(object)) if exactly else found["anchors"]
    return made | {name: str(state_value(found, name)) for name in ("method", "keep")}


def count(state: Mapping[str, Any], name: str) -> int:
    """An entry of a state that counts something."""
    return integer(f"state[{name!r}]", state_value(state, name), low=0)


def _names(form_type: type[Form]) -> tuple[str, ...]:
    return ("Q", "Y", "R") if form_type is Dual else form_type._fields


def _form(form_type: type[Form], parts: dict[str, Any], held: RecursionState) -> Form:
    if form_type is Dual:
        anchors, r = held.prior.anchors, len(parts["Q"])
        for name, wanted in (("Y", ("N", r)), ("R", (r, r))):
            if parts[name].shape[-1] != r or len(parts["R"]) != r:
                raise must(f"state['form.{name}']", f"of shape ({', '.join(map(str, wanted))})", parts[name].shape)
        return Dual(**parts, ridge=held.prior.ridge, m=0 if anchors is None else anchors.shape[0])
    return form_type(**parts)


def plain(value: Any) -> Any:
    """An array or a number as NumPy writes it without pickling; Fractions as words."""
    if isinstance(value, Fraction):
        return str(value)
    array = to_numpy(value)
    if not isinstance(array, np.ndarray):
        return value
    return array.astype(str) if array.dtype == object else array.copy(order="K")


def _array(state: Mapping[str, Any], name: str, like: Any, shape: tuple[Any, ...], d: int = -1) -> Any:
    """An entry in the kind of another array, of a shape in which letters stand for any length."""
    found = np.asarray(state_entry(state, name))
    wanted = tuple(d if side == "d" else side for side in shape)
    fitting = len(found.shape) == len(wanted) and all(
        isinstance(w, str) or n == w for n, w in zip(found.shape, wanted, strict=True)
    )
    if not fitting:
        raise must(f"state[{name!r}]", f"of shape ({', '.join(map(str, wanted))})", found.shape)
    if is_exact(like):
        return exact(found.astype(object))
    if found.dtype != to_numpy(like[:0, :]).dtype or not np.isfinite(found).all():
        raise must(f"state[{name!r}]", f"finite, of the kind {to_numpy(like[:0, :]).dtype}", found)
    return beside(found.copy(order="K"), like)


def _number(state: Mapping[str, Any], name: str, *, exactly: bool) -> Any:
    value = state_value(state, name)
    return Fraction(str(value)) if exactly else real(f"state[{name!r}]", value)
