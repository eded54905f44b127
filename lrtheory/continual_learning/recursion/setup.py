"""What the arguments of the constructor make: the options, the prior, the form that begins, and the caller's kind."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import array_namespace, is_foreign, real_array, to_numpy
from lrtheory._validation import Words, array, choice, must, real
from lrtheory.continual_learning.recursion.forms.algebra import is_exact
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.recursion.forms.dual import Dual
from lrtheory.continual_learning.recursion.forms.information import Information
from lrtheory.continual_learning.recursion.forms.prior import Prior
from lrtheory.continual_learning.recursion.forms.square_root import SquareRoot, restacked
from lrtheory.continual_learning.recursion.inputs import exact, matrix, number
from lrtheory.continual_learning.recursion.steps import Form, Held

__all__ = ["FORMS", "Options", "comparable", "first_form", "options_of", "prior_of", "widened"]

FORMS: dict[str, type[Form]] = {"sqrt": SquareRoot, "covariance": Covariance, "information": Information, "dual": Dual}
#: entries of a key from which "auto" begins with the dual form
WIDE = 256
LARGEST = float(np.finfo(float).max)


class Options(NamedTuple):
    """The options, each in its range."""

    form: str
    decay: Any
    keep: str
    layout: str
    exactly: bool


def options_of(form: Any, decay: Any, keep: Any, layout: Any, dtype: Any) -> Options:
    """The checked options."""
    exactly = dtype is object
    choice("form", form, ("auto", *FORMS))
    choice("keep", keep, ("edits", "information", "nothing"))
    choice("layout", layout, ("rows", "torch"))
    if exactly and form not in ("auto", "covariance"):
        raise must("form", '"auto" or "covariance" where numbers are exact', form)
    if not 0 < real("decay", decay) <= 1:
        raise must("decay", "in (0, 1]", decay)
    if decay < 1 and form == "dual":
        raise must("decay", "1 in the dual form", decay)
    return Options(form, number(decay, exactly), keep, layout, exactly)


def prior_of(W0: Any, ridge: Any, anchors: Any, anchor_weight: Any, dtype: Any, options: Options) -> tuple[Any, Prior]:
    """An empty array of the caller's kind, and the prior in rows layout and in the kind that the form works in."""
    real("ridge", ridge, low=0.0, high=LARGEST)
    real("anchor_weight", anchor_weight, low=0.0, high=LARGEST)
    if anchors is None and anchor_weight != 1:
        raise must("anchor_weight", "left out without anchors", anchor_weight)
    kind, W = _weights(W0, dtype, options)
    W = W.T if options.layout == "torch" else W
    if isinstance(W, np.ndarray):
        W = np.array(W, order="C")
    K0 = None
    if anchors is not None:
        K0 = matrix("anchors", anchors, W)
        if K0.shape[1] != W.shape[0]:
            hint = " Is `layout` right?" if K0.shape[1] == W.shape[1] else ""
            raise ValueError(str(must("anchors", f"of shape (m, {W.shape[0]})", tuple(K0.shape))) + hint)
        if not options.exactly and not bool(array_namespace(K0).all(array_namespace(K0).isfinite(K0))):
            raise must("anchors", "finite", Words("an infinity or NaN"))
    weight = number(anchor_weight, options.exactly)
    return kind, Prior(W, number(ridge, options.exactly), K0, weight)


def first_form(prior: Prior, options: Options) -> type[Form]:
    """The form before any edit."""
    if options.form != "auto":
        return FORMS[options.form]
    if is_exact(prior.W0):
        return Covariance
    d, m = prior.W0.shape[0], 0 if prior.anchors is None else prior.anchors.shape[0]
    return Dual if d >= WIDE and 2 * m < d and options.decay == 1 and prior.ridge > 0 else SquareRoot


def comparable(held: Held, other: Held, options: Options, theirs: Options) -> tuple[Held, Held]:
    """Two histories of one prior, in one form.

    Raises
    ------
    ValueError
        If they began differently; the sentence names the field.
    """
    fields = {
        **{name: (getattr(held.prior, name), getattr(other.prior, name)) for name in Prior._fields},
        **{name: (getattr(options, name), getattr(theirs, name)) for name in Options._fields if name != "form"},
    }
    for name, (own, given) in fields.items():
        if type(own) is not type(given) or not _equal(own, given):
            shown = given if np.isscalar(given) else Words("another one")
            raise must("other", f"one of the same `{'dtype' if name == 'exactly' else name}`", shown)
    if options.form == theirs.form == "auto":
        own, given = type(held.form), type(other.form)
        u = held.W.shape[0] if own is not given else 0
        held, other = widened(held, u, options), widened(other, u, theirs)
    if type(held.form) is not type(other.form):
        raise must("other", f'one of the form "{held.form.name}"', other.form.name)
    return held, other


def _equal(own: Any, given: Any) -> bool:
    if not hasattr(own, "shape"):
        return bool(own == given)
    same = own.shape == given.shape and own.dtype == given.dtype
    return bool(same and np.array_equal(to_numpy(own), to_numpy(given)))


def widened(held: Held, u: int, options: Options) -> Held:
    """The recursion in the form that "auto" takes for u more keys: the square root from half as many as entries on."""
    form = held.form
    if options.form == "auto" and isinstance(form, Dual) and 2 * (len(form.Z) + u) >= form.Z.shape[1]:
        return held._replace(form=restacked(held.prior, form.Z[form.m :]))
    return held


def _weights(W0: Any, dtype: Any, options: Options) -> tuple[Any, Any]:
    """An empty array of the caller's kind, and the weights in the kind that the form works in."""
    if options.exactly:
        W = exact(array("W0", to_numpy(W0)))
        kind = W[:0]
    else:
        wanted = None if dtype is None else np.dtype(dtype)
        if wanted not in (None, np.float32, np.float64):
            raise must("dtype", "None, object, float32 or float64", dtype)
        W = real_array(array_namespace(W0), "W0", W0, finite=False)
        halves = is_foreign(W0) or isinstance(W0, np.ndarray)
        half = halves and str(W0.dtype).rpartition(".")[2] in ("float16", "bfloat16")
        if options.form not in ("covariance", "information"):
            W = to_numpy(W)
        if wanted is not None:
            W = array_namespace(W).astype(W, getattr(array_namespace(W), wanted.name))
        if W.ndim == 2:
            kind = W0[:0, :] if half and wanted is None else W[:0, :]
            if is_foreign(W0) and not is_foreign(W) and not (half and wanted is None):
                kind = array_namespace(W0).asarray(np.array(W[:0, :]), device=W0.device)
    if W.ndim != 2 or not (options.exactly or bool(array_namespace(W).all(array_namespace(W).isfinite(W)))):
        shown = f"an array of shape {tuple(W.shape)}" if W.ndim != 2 else "an infinity or NaN"
        raise must("W0", "a finite matrix", Words(shown))
    return kind, W
