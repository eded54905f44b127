"""The checked arguments of a `RecursiveRidge`, and two such recursions brought into one form.

The arguments become checked options, the prior, the form that it starts in, and the caller's kind of array.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array, to_numpy
from lrtheory._validation import Words, array, choice, must, real
from lrtheory.continual_learning.layouts import LAYOUTS
from lrtheory.continual_learning.recursion import inputs
from lrtheory.continual_learning.recursion.forms.algebra import is_exact
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.recursion.forms.dual import Dual
from lrtheory.continual_learning.recursion.forms.information import Information
from lrtheory.continual_learning.recursion.forms.prior import Prior
from lrtheory.continual_learning.recursion.forms.square_root import SquareRoot, restacked
from lrtheory.continual_learning.recursion.steps import Form, RecursionState

__all__ = ["FORMS", "METHODS", "Options", "comparable", "first_form", "options_of", "prior_of", "widened"]

FORMS: dict[str, type[Form]] = {"sqrt": SquareRoot, "covariance": Covariance, "information": Information, "dual": Dual}
METHODS = ("auto", *FORMS)
#: entries of a key from which "auto" begins with the dual form
WIDE = 256
LARGEST = float(np.finfo(float).max)


class Options(NamedTuple):
    """The options, each in its range."""

    method: str
    decay: Any
    keep: str
    layout: str
    exactly: bool


def options_of(method: Any, decay: Any, keep: Any, layout: Any, dtype: Any) -> Options:
    """The checked options."""
    exactly = dtype is object
    choice("method", method, METHODS)
    choice("keep", keep, ("edits", "information", "nothing"))
    choice("layout", layout, LAYOUTS)
    if exactly and method not in ("auto", "covariance"):
        raise must("method", '"auto" or "covariance" where numbers are exact', method)
    if not 0 < real("decay", decay) <= 1:
        raise must("decay", "in (0, 1]", decay)
    if decay < 1 and method == "dual":
        raise must("decay", "1 in the dual form", decay)
    return Options(method, inputs.number(decay, exactly), keep, layout, exactly)


def prior_of(W0: Any, ridge: Any, anchors: Any, anchor_weight: Any, dtype: Any, options: Options) -> tuple[Any, Prior]:
    """An empty array of the caller's kind, and the prior in rows layout and in the kind that the form works in."""
    real("ridge", ridge, low=0.0, high=LARGEST)
    real("anchor_weight", anchor_weight, low=0.0, high=LARGEST)
    if anchors is None and anchor_weight != 1:
        raise must("anchor_weight", "left out without anchors", anchor_weight)
    kind, W = _weights(W0, dtype, options)
    W = inputs.copied(W.T if options.layout == "torch" else W)
    weight = inputs.fitting("anchor_weight", inputs.number(anchor_weight, options.exactly), W)
    K0 = None if anchors is None else inputs.anchors(anchors, W, weight)
    return kind, Prior(W, inputs.fitting("ridge", inputs.number(ridge, options.exactly), W), K0, weight)


def first_form(prior: Prior, options: Options) -> type[Form]:
    """The form before any edit.

    "auto" is the covariance for exact numbers, the dual form for wide keys with few anchors, no decay and some ridge,
    and else the square root.
    """
    if options.method != "auto":
        return FORMS[options.method]
    if is_exact(prior.W0):
        return Covariance
    d, K0 = prior.W0.shape[0], prior.W0.T[:0, :] if prior.anchors is None else prior.anchors
    few = d >= WIDE and 2 * K0.shape[0] < d and options.decay == 1 and prior.ridge > 0
    return Dual if few else SquareRoot


def comparable(
    held: RecursionState, other: RecursionState, options: Options, theirs: Options
) -> tuple[RecursionState, RecursionState]:
    """Two histories of one prior, in one form.

    Raises
    ------
    ValueError
        If they began differently; the sentence names the field.
    """
    fields = {
        **{name: (getattr(held.prior, name), getattr(other.prior, name)) for name in Prior._fields},
        **{name: (getattr(options, name), getattr(theirs, name)) for name in Options._fields if name != "method"},
    }
    for name, (own, given) in fields.items():
        if type(own) is not type(given) or not _equal(own, given):
            shown = given if np.isscalar(given) else Words("another one")
            raise must("other", f"one of the same `{'dtype' if name == 'exactly' else name}`", shown)
    if options.method == theirs.method == "auto":
        both = isinstance(held.form, Dual) and isinstance(other.form, Dual)
        # rows of a form are the m anchors and then the keys; the dual form stays if the keys of both fit into it
        held = widened(held, other.form.rows()[other.form.m :] if both else None, options)  # type: ignore[union-attr]
        other = other if isinstance(held.form, Dual) else widened(other, None, theirs)
    if type(held.form) is not type(other.form):
        raise must("other", f'one of method "{held.form.name}"', other.form.name)
    return held, other


def _equal(own: Any, given: Any) -> bool:
    if not hasattr(own, "shape"):
        return bool(own == given)
    same = own.shape == given.shape and own.dtype == given.dtype
    return bool(same and np.array_equal(to_numpy(own), to_numpy(given)))


def widened(held: RecursionState, K: Any, options: Options) -> RecursionState:
    """The recursion in the form that "auto" takes for more keys; None takes the square root in any case.

    The dual form goes on while there are fewer keys than half the entries of one.
    """
    form = held.form
    if options.method != "auto" or not isinstance(form, Dual):
        return held
    if K is not None and 2 * (len(form.Y) + len(K)) < form.Q.shape[1]:
        return held
    return held._replace(form=restacked(held.prior, form.rows()[form.m :]))


def _weights(W0: Any, dtype: Any, options: Options) -> tuple[Any, Any]:
    """An empty array of the caller's kind, and the weights in the kind that the form works in."""
    if not (options.exactly or dtype in (None, np.float32, np.float64, "float32", "float64")):
        raise must("dtype", "None, object, float32 or float64", dtype)
    if options.exactly:
        W = inputs.exact(array("W0", to_numpy(W0)))
    else:
        W = real_array(array_namespace(W0), "W0", W0, finite=False)
        W = W if options.method in ("covariance", "information") else to_numpy(W)
        W = W if dtype is None else array_namespace(W).astype(W, getattr(array_namespace(W), np.dtype(dtype).name))
    if W.ndim != 2 or not (options.exactly or inputs.finite(W)):
        shown = f"an array of shape {tuple(W.shape)}" if W.ndim != 2 else "an infinity or NaN"
        raise must("W0", "a finite matrix", Words(shown))
    if options.exactly:
        return W[:0], W
    xp = array_namespace(W0)
    own = str(getattr(W0, "dtype", None)).rpartition(".")[2]
    half = dtype is None and own in ("float16", "bfloat16")
    kind = W0.dtype if half else getattr(xp, inputs.precision(W).name)
    return xp.empty((0, 0), dtype=kind, **({"device": W0.device} if is_foreign(W0) else {})), W
