"""The class that callers use: a linear map to which edits are written, and from which they are taken out again."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal

import numpy as np

from lrtheory._array import array_namespace, beside_jax, is_foreign
from lrtheory._result import read_only
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import must, real
from lrtheory.continual_learning.recursion import inputs, setup, steps
from lrtheory.continual_learning.recursion.algebra import alike, inner, is_exact, norm
from lrtheory.continual_learning.recursion.report import DriftCertificate, EditCertificate, EditReport, EditReports
from lrtheory.continual_learning.recursion.steps import Edit, Held, Step

__all__ = ["RecursiveRidge"]


class RecursiveRidge:
    def __init__(
        self,
        W0: ArrayLike,
        *,
        ridge: Number = 1.0,
        anchors: ArrayLike | None = None,
        anchor_weight: Number = 1.0,
        form: Literal["auto", "sqrt", "covariance", "information", "dual"] = "auto",
        decay: Number = 1.0,
        keep: Literal["edits", "information", "nothing"] = "edits",
        layout: Literal["rows", "torch"] = "rows",
        dtype: Any = None,
    ) -> None:
        self._options = setup.options_of(form, decay, keep, layout, dtype)
        self._begin(W0, ridge, anchors, anchor_weight, dtype)

    @beside_jax
    def _begin(self, W0: Any, ridge: Any, anchors: Any, anchor_weight: Any, dtype: Any) -> None:
        self._kind, prior = setup.prior_of(W0, ridge, anchors, anchor_weight, dtype, self._options)
        self._held = self._first(prior)
        self._start = self._held.form.log_determinant()
        self._edits: dict[int | str, Edit] = {}
        self._next = 0

    def _first(self, prior: Any) -> Held:
        form = setup.first_form(prior, self._options)
        return steps.begun(prior, form, sums=self._options.keep == "information")

    def __repr__(self) -> str:
        d, p = self._held.W.shape
        return f"RecursiveRidge({d} -> {p}, form={self.form!r}): {self.n_edits} edits of {self.n_keys} keys"

    @beside_jax
    def update(
        self, keys: ArrayLike, values: ArrayLike, *, weight: Number = 1.0, label: int | str | None = None
    ) -> EditReport:
        K, V = self._pair(keys, values)
        edit = Edit(K, V, self._weight(weight))
        name = self._fresh(label)
        held, step = steps.written(setup.widened(self._held, len(K), self._options), edit, self._options.decay)
        self._commit(held, {name: edit})
        return self._report(step, name, len(K))

    @beside_jax
    def update_many(self, keys: ArrayLike, values: ArrayLike) -> EditReports:
        K, V = self._pair(keys, values)
        rows = [Edit(K[i : i + 1], V[i : i + 1], self._weight(1)) for i in range(K.shape[0])]
        held = setup.widened(self._held, len(rows), self._options)
        if held.form.name == "sqrt" and held.sums is None:
            held, told = steps.written_keys(held, K, V, self._options.decay)
        else:
            told = np.zeros((len(rows), 4))
            for i, edit in enumerate(rows):
                held, step = steps.written(held, edit, self._options.decay)
                told[i] = float(step.surprise), float(step.residual), float(step.interference), step.change**2
        names = self._fresh_many(len(rows))
        self._commit(held, dict(zip(names, rows, strict=True)))
        roots, counts = np.sqrt(told), {"keys": len(rows), "flops": len(rows) * self._flops(1)}
        return EditReports(roots[:, 3], roots[:, 0], roots[:, 1], told[:, 2], tuple(names), self.form, counts)

    @beside_jax
    def forget(self, label: int | str | ArrayLike, values: ArrayLike | None = None) -> EditReport:
        self._undecayed("forget")
        name, edit = self._named(label) if values is None else self._found(label, values)
        held, step = steps.removed(self._held, edit, self._others(name))
        self._held = held
        self._edits.pop(name, None)
        return self._report(step, name, len(edit.K))

    @beside_jax
    def replace(self, label: int | str, values: ArrayLike) -> EditReport:
        self._undecayed("replace")
        name, edit = self._named(label)
        _, V = self._pair(edit.K, values)
        held, step = steps.replaced(self._held, edit, V, self._others(name) or [])
        self._held, self._edits[name] = held, edit._replace(V=V)
        return self._report(step, name, len(V))

    @beside_jax
    def leave_one_out(self, label: int | str) -> Array:
        self._undecayed("leave_one_out")
        name, edit = self._named(label)
        *_, X, least = steps.left_out(self._held, edit)
        if least < steps.sure(self._held.W):
            X = edit.V - edit.K @ steps.refitted(self._held, self._others(name) or []).W
        return self._back(X)

    @beside_jax
    def merge(self, other: RecursiveRidge) -> None:
        self._undecayed("merge")
        held, theirs = setup.comparable(self._held, other, self._options)
        edits = self._renamed(other._edits)
        if self._options.keep == "edits":
            for edit in edits.values():
                held, _ = steps.written(held, edit)
        else:
            held = steps.joined(held, theirs)
        self._commit(held, edits)
        self._next = max(self._next, other._next)

    @beside_jax
    def rebase(self) -> None:
        self._held = self._first(self._held.prior._replace(W0=self._held.W))
        self._edits, self._next = {}, 0

    def copy(self) -> RecursiveRidge:
        twin = copy.copy(self)  # all but the dictionary is never written to
        twin._edits = dict(self._edits)
        return twin

    @beside_jax
    def predict(self, x: ArrayLike) -> Array:
        return self._back(self._inputs(x) @ self._held.W)

    @beside_jax
    def variance(self, x: ArrayLike) -> Array:
        return self._back(self._held.form.variance(self._inputs(x)))

    @property
    def weights(self) -> Array:
        W = self._held.W
        return self._back(W.T if self.layout == "torch" else W)

    @property
    def form(self) -> str:
        return self._held.form.name

    @property
    def layout(self) -> str:
        return self._options.layout

    @property
    def labels(self) -> tuple[int | str, ...]:
        return tuple(self._edits)

    @property
    def n_edits(self) -> int:
        return self._held.n_edits

    @property
    def n_keys(self) -> int:
        return self._held.n_keys

    @property
    def cost(self) -> Number:
        return self._held.cost

    @property
    def log_det(self) -> float:
        return self._held.form.log_determinant() - self._start

    @property
    def drift(self) -> float:
        return norm(self._held.W - self._held.prior.W0)

    @property
    def anchor_drift(self) -> float:
        return math.sqrt(self._held.prior.moved(self._held.W - self._held.prior.W0))

    @property
    def factor(self) -> np.ndarray:
        form = self._held.form
        if not isinstance(form, steps.SquareRoot):
            raise must("form", '"sqrt" for a factor', form.name)
        return read_only(form.R)

    @property
    def covariance(self) -> Array:
        return self._back(self._held.form.covariance())

    @property
    def certificate(self) -> DriftCertificate | None:
        if self._options.decay != 1:
            return None
        prior, bound = self._held.prior, float(self._held.initial) / 4
        deviation = float(prior.penalty(self._held.W - prior.W0))
        gap = max(0.0, bound - deviation)
        return DriftCertificate(gap, bound, "continual_learning/RL-4", deviation, *self._weights())

    # --- inside --------------------------------------------------------------------------------------------------

    def _pair(self, keys: Any, values: Any) -> tuple[Any, Any]:
        return inputs.pair(keys, values, self._held.W)

    def _inputs(self, x: Any) -> Any:
        rows = inputs.matrix("x", x, self._held.W)
        if rows.shape[1] != self._held.W.shape[0]:
            raise must("x", f"of shape (n, {self._held.W.shape[0]})", tuple(rows.shape))
        return rows

    def _weight(self, weight: Any) -> Any:
        if real("weight", weight, high=setup.LARGEST) <= 0:
            raise must("weight", "above 0", weight)
        return inputs.number(weight, self._options.exactly)

    def _back(self, A: Any) -> Any:
        """An array in the caller's library and kind."""
        if is_exact(A):
            return read_only(A)
        A = alike(A, self._kind) if isinstance(A, np.ndarray) else A
        A = A if A.dtype == self._kind.dtype else array_namespace(A).astype(A, self._kind.dtype)
        return A if is_foreign(A) else read_only(A)

    def _fresh(self, label: Any) -> int | str:
        if label is None:
            return self._fresh_many(1)[0]
        if isinstance(label, bool) or not isinstance(label, (int, str)):
            raise must("label", "None, an integer or a string", label, TypeError)
        if label in self._edits:
            raise must("label", "one that no edit has", label)
        return label

    def _fresh_many(self, n: int) -> list[int]:
        names, number = list[int](), self._next
        while len(names) < n:
            if number not in self._edits:
                names.append(number)
            number += 1
        return names

    def _commit(self, held: Held, edits: Mapping[int | str, Edit]) -> None:
        self._held = held
        if self._options.keep == "edits":
            self._edits.update(edits)
        self._next += len(edits)

    def _undecayed(self, what: str) -> None:
        if self._options.decay != 1:
            raise must("decay", f"1 for `{what}`, since the ages of edits are lost", float(self._options.decay))

    def _named(self, label: Any) -> tuple[int | str, Edit]:
        if self._options.keep != "edits":
            raise must("keep", '"edits" where edits are called by their labels', self._options.keep)
        if label not in self._edits:
            raise KeyError(label)
        return label, self._edits[label]

    def _others(self, name: Any) -> list[Edit] | None:
        if self._options.keep != "edits":
            return None
        return [edit for label, edit in self._edits.items() if label != name]

    def _flops(self, u: int) -> int:
        return self._held.form.flops(u) + 6 * u * self._held.W.shape[0] * self._held.W.shape[1]

    def _weights(self) -> tuple[float, float, float]:
        prior, W = self._held.prior, self._held.W
        unit = 0.0 if is_exact(W) else float(np.finfo(inputs.precision(W)).eps) / 2
        return float(prior.ridge), float(prior.anchor_weight), unit

    def _report(self, step: Step, label: int | str, u: int) -> EditReport:
        certificate = None
        paid, bound = float(step.interference), float(step.surprise) / 4
        if self._options.decay == 1:
            gap, statement = max(0.0, bound - paid), "continual_learning/RL-9"
            certificate = EditCertificate(gap, bound, statement, paid, label, *self._weights())
        roots = (math.sqrt(square) for square in (step.surprise, step.residual))
        counts = {"keys": u, "flops": self._flops(u)}
        return EditReport(step.change, *roots, paid, label, self.form, counts, certificate)
