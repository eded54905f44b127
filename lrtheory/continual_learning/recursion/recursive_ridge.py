"""The class that callers use: a linear map to which edits are written, and from which they are taken out again."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np

from lrtheory._array import beside_jax
from lrtheory._types import Array, ArrayLike, Number
from lrtheory._validation import must, real
from lrtheory.continual_learning.recursion import inputs, naming, setup, state, steps
from lrtheory.continual_learning.recursion.queries import Queries
from lrtheory.continual_learning.recursion.report import EditReport, EditReports
from lrtheory.continual_learning.recursion.steps import Edit, RecursionState

__all__ = ["RecursiveRidge"]


class RecursiveRidge(Queries):
    r"""A linear map to which facts are written one after another, each of them at a known price, and taken out again.

    After edits with keys K_i and values V_i the map W is the one with the smallest

    .. math:: J(W) = \sum_i w_i \|K_i W - V_i\|^2 + \lambda^2 \|W - W_0\|^2 + \mu^2 \|K_0 (W - W_0)\|^2,

    whatever the order in which they came. M is the matrix of this quadratic,
    :math:`\lambda^2 I + \mu^2 K_0^T K_0 + \sum_i w_i K_i^T K_i`.

    Parameters
    ----------
    W0 : array of shape (d, p), or (p, d) for the layout "torch"
        The map before the first edit.
    ridge : float
        Lambda squared, at least 0: how much a change of the weights costs. It may be 0 where the anchors have full
        column rank.
    anchors : array of shape (m, d), or None
        Inputs K_0 that should keep their outputs.
    anchor_weight : float
        Mu squared, at least 0: how much a change of the outputs of the anchors costs.
    method : {"auto", "sqrt", "covariance", "information", "dual"}
        Form in which M is kept. "sqrt" keeps a triangle that is turned by rotations, and is the safe one. "covariance"
        keeps the inverse, and "information" M itself, where each report costs a factorization: both lose digits as the
        condition of M grows, and refuse once a variance is negative after rounding. "dual" keeps all keys in a basis of
        theirs and no matrix of d x d numbers, for few keys of many entries; it is as safe as "sqrt". "auto" is "sqrt",
        but for d of 256 and more "dual" while there are fewer keys and anchors than d / 2.
    decay : float
        In (0, 1]: before each edit all that was known, W0 and the anchors included, is multiplied by it.
    keep : {"edits", "information", "nothing"}
        Data that are kept beside the form, so that edits can be taken out. "edits" keeps keys and values: edits are
        called by their names, and are written anew where taking one out would lose digits. "information" keeps the
        sums M and b, which serve the same where callers keep keys and values themselves. With "nothing" digits go with
        edits that are taken out, and one that would leave fewer than ten bits is refused.
    layout : {"rows", "torch"}
        Whether W0 maps a row x to x W0, or is stored transposed, as (outputs, inputs).
    dtype : None, object, float32 or float64
        None is that of W0, or single precision for half precision, and double precision for integers. With object all
        numbers become Fractions, and all results but norms are exact; the form is "covariance" then.

    Raises
    ------
    ValueError
        If an option is out of range, a shape does not fit, a number is not finite or lost in the precision of W0, or
        `ridge` is 0 and the anchors leave a direction free.
    TypeError
        If an argument is of the wrong kind.

    See Also
    --------
    lrtheory.continual_learning.ridge_edit : All edits of a list in one call.
    lrtheory.continual_learning.plan_edit : The ridge at which an edit does what is wanted.

    Notes
    -----
    Arrays: any (device for the forms "covariance" and "information", else computed on the host)

    An edit moves the outputs of all earlier edits, the weights and the anchors, taken together, by at most half its
    surprise (statement RL-9), and all of them from where they began by at most half the surprise of all (RL-4).

    With "sqrt" a ridge is lost beside keys that depend on each other if its root is below their rounding, 1e-16 of
    their size, or 6e-8 of it in single precision: the weights in directions of no key are then noise. "dual" keeps it.

    References
    ----------
    Wang et al., "Beyond Hard Writes and Rigid Preservation: Soft Recursive Least-Squares for Lifelong LLM Editing",
    arXiv 2601.15686.

    Examples
    --------
    >>> ridge = RecursiveRidge([[0.0], [0.0]], ridge=1.0)
    >>> report = ridge.update([[1.0, 0.0]], [[4.0]])
    >>> [round(number, 6) for number in (report.surprise, report.residual_norm, report.interference, ridge.cost)]
    [4.0, 2.0, 4.0, 8.0]
    >>> ridge.weights.round(6).tolist()
    [[2.0], [0.0]]
    >>> round(ridge.forget(0).residual_norm, 6), ridge.n_edits
    (4.0, 0)
    """

    def __init__(
        self,
        W0: ArrayLike,
        *,
        ridge: Number = 1.0,
        anchors: ArrayLike | None = None,
        anchor_weight: Number = 1.0,
        method: Literal["auto", "sqrt", "covariance", "information", "dual"] = "auto",
        decay: Number = 1.0,
        keep: Literal["edits", "information", "nothing"] = "edits",
        layout: Literal["rows", "torch"] = "rows",
        dtype: type | np.dtype[Any] | str | None = None,
    ) -> None:
        self._options = setup.options_of(method, decay, keep, layout, dtype)
        self._begin(W0, ridge, anchors, anchor_weight, dtype)

    @classmethod
    def _from_arrays(cls, found: Mapping[str, Any]) -> Self:
        made = cls(**state.arguments(found))
        made.set_state({**found, "dtype": made._parameters()["dtype"]})  # NumPy has no half precision of other kinds
        return made

    # --- edits ---------------------------------------------------------------------------------------------------

    @beside_jax
    def update(
        self, keys: ArrayLike, values: ArrayLike, *, weight: Number = 1.0, name: int | str | None = None
    ) -> EditReport:
        """Write one edit: the rows `keys` shall be mapped to the rows `values`.

        Parameters
        ----------
        keys : array of shape (u, d)
            Any number of keys; with none of them nothing changes.
        values : array of shape (u, p)
            Outputs that the map should give for the keys.
        weight : float
            Above 0: how much a squared error of this edit counts.
        name : int, str or None
            A name that no kept edit has; None takes the next of 0, 1, 2, ... that is free.

        Returns
        -------
        EditReport
            Step of the map at the edit, and its cost for everything that was there before.

        Raises
        ------
        ValueError
            If a shape does not fit, a number is not finite or too large, or the name is taken; nothing changes then.
        TypeError
            If an argument is of the wrong kind.
        """
        w = self._weight(weight)
        K, V = inputs.pair(keys, values, self._held.W, w)
        edit, name = Edit(K, V, w), naming.checked(name, self._edits, self._next)
        held, step = steps.written(setup.widened(self._held, K, self._options), edit, self._options.decay)
        self._commit(held, {name: edit})
        return self._report(step, name, K.shape[0])

    @beside_jax
    def update_many(self, keys: ArrayLike, values: ArrayLike) -> EditReports:
        """Write each key as an edit of its own, in compiled code where the form is "sqrt".

        Parameters
        ----------
        keys : array of shape (n, d)
            One key an edit.
        values : array of shape (n, p)
            Outputs that the map should give for the keys.

        Returns
        -------
        EditReports
            Steps of the map at the edits, and their costs, in arrays.

        Raises
        ------
        ValueError
            If a shape does not fit or a number is not finite or too large; nothing changes then.
        TypeError
            If the entries are not real numbers.
        """
        K, V = inputs.pair(keys, values, self._held.W)
        one = self._weight(1)
        rows = [Edit(K[i : i + 1, :], V[i : i + 1, :], one) for i in range(K.shape[0])]
        held = setup.widened(self._held, K, self._options)
        if held.form.name == "sqrt" and held.sums is None:
            held, told = steps.written_keys(held, K, V, self._options.decay)
        else:
            told = np.zeros((len(rows), 4))
            for i, edit in enumerate(rows):
                held, step = steps.written(held, edit, self._options.decay)
                told[i] = float(step.surprise), float(step.residual), float(step.interference), step.change**2
        names = naming.free(self._edits, self._next, len(rows))
        self._commit(held, dict(zip(names, rows, strict=True)))
        roots, counts = np.sqrt(told), {"keys": len(rows), "flops": len(rows) * self._flops(1)}
        return EditReports(roots[:, 3], roots[:, 0], roots[:, 1], told[:, 2], tuple(names), self.method, counts)

    @beside_jax
    def forget(self, name: int | str | ArrayLike, values: ArrayLike | None = None) -> EditReport:
        """Take an edit out, as if it had never been written (statement RL-13).

        Parameters
        ----------
        name : int or str, or array of shape (u, d)
            The name of a kept edit, or its keys. Keys of a weighted edit that is not kept are given times the root of
            its weight, and so are its values.
        values : array of shape (u, p), or None
            The values, where keys are given.

        Returns
        -------
        EditReport
            The edit seen on top of all others: `surprise` and `residual` are what the map now gets wrong about it, and
            `interference` what it had cost the others. An edit that is not kept has the name -1.

        Raises
        ------
        KeyError
            If no kept edit has this name.
        ValueError
            If keys and values cannot be those of an earlier edit, names are used without keep="edits", nearly all
            digits would go with the edit, or the decay is below 1; nothing changes then.
        """
        self._undecayed("forget")
        name, edit = self._named(name) if values is None else self._found(name, values)
        held, step = steps.removed(self._held, edit, self._others(name))
        self._held = held
        self._edits.pop(name, None)
        return self._report(step, name, edit.K.shape[0])

    @beside_jax
    def replace(self, name: int | str, values: ArrayLike) -> EditReport:
        """Give a kept edit other values.

        Parameters
        ----------
        name : int or str
            The edit.
        values : array of shape (u, p)
            Outputs that the map should give for the keys of the edit from now on.

        Returns
        -------
        EditReport
            The new edit seen on top of all others; `weights_change` is what the replacement did.

        Raises
        ------
        KeyError
            If no kept edit has this name.
        ValueError
            If the shape is another one, edits are not kept, or the decay is below 1; nothing changes then.
        """
        self._undecayed("replace")
        name, edit = self._named(name)
        _, V = inputs.pair(edit.K, values, self._held.W)
        held, step = steps.replaced(self._held, edit, V, self._others(name) or [])
        self._held, self._edits[name] = held, edit._replace(V=V)
        return self._report(step, name, V.shape[0])

    @beside_jax
    def leave_one_out(self, name: int | str) -> Array:
        """The error that the map would make about a kept edit if it had never been told; nothing changes.

        Parameters
        ----------
        name : int or str
            The edit.

        Returns
        -------
        array of shape (u, p)
            Values of the edit minus the outputs of the map of all other edits for its keys (statement RL-13).

        Raises
        ------
        KeyError
            If no kept edit has this name.
        ValueError
            If edits are not kept, or the decay is below 1.
        """
        self._undecayed("leave_one_out")
        name, edit = self._named(name)
        *_, X, least = steps.left_out(self._held, edit)
        if least < steps.least_safe_eigenvalue(self._held, undo=False):
            X = edit.V - edit.K @ steps.refitted(self._held, self._others(name) or []).W
        return self._back(X)

    @beside_jax
    def merge(self, other: RecursiveRidge) -> None:
        """Take in all edits of another map that began like this one; what both began with counts once (RL-14).

        Parameters
        ----------
        other : RecursiveRidge
            Made with the same arguments; it stays as it is. A name of its own that is a number and taken here becomes
            the next free number.

        Raises
        ------
        TypeError
            If it is not a `RecursiveRidge`.
        ValueError
            If it began differently, a word is the name of edits of both, or the decay is below 1; nothing changes
            then.
        """
        self._undecayed("merge")
        if not isinstance(other, RecursiveRidge):
            raise must("other", "a RecursiveRidge", other, TypeError)
        held, theirs = setup.comparable(self._held, other._held, self._options, other._options)
        edits = naming.renamed(other._edits, self._edits, self._next)
        if self._options.keep == "edits":
            for edit in edits.values():
                held, _ = steps.written(held, edit)
        else:
            held = steps.joined(held, theirs)
        self._commit(held, edits, n=other._next)

    @beside_jax
    def rebase(self) -> None:
        """Make the present map the one that everything began with.

        W becomes W0, and the anchors should keep their present outputs. The history is empty afterwards: no edit can be
        taken out, the cost is 0, and M is M_0 again, so that new edits are written as easily as the first ones were.
        """
        self._held = self._first(self._held.prior._replace(W0=self._held.W))
        self._edits, self._next = {}, 0

    def _twin(self) -> Self:
        twin = copy.copy(self)  # all but the dictionary is never written to
        twin._edits = dict(self._edits)
        return twin

    # --- inside --------------------------------------------------------------------------------------------------

    @beside_jax
    def _begin(self, W0: Any, ridge: Any, anchors: Any, anchor_weight: Any, dtype: Any) -> None:
        self._kind, prior = setup.prior_of(W0, ridge, anchors, anchor_weight, dtype, self._options)
        self._held = self._first(prior)
        self._start = steps.factorized(self._held.form.name, self._held.form.log_determinant)
        self._edits, self._next = {}, 0

    def _first(self, prior: Any) -> RecursionState:
        form = setup.first_form(prior, self._options)
        options = self._options  # with a decay nothing is taken out
        return steps.initial_state(prior, form, sums=options.keep == "information" and options.decay == 1)

    def _weight(self, weight: Any) -> Any:
        if real("weight", weight, high=setup.LARGEST) <= 0:
            raise must("weight", "above 0", weight)
        return inputs.fitting("weight", inputs.number(weight, self._options.exactly), self._held.W)

    def _commit(self, held: RecursionState, edits: Mapping[int | str, Edit], n: int | None = None) -> None:
        self._held = held
        if self._options.keep == "edits":
            self._edits.update(edits)
        self._next += len(edits) if n is None else n
