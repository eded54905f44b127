r"""What is proved about a low-rank gradient: how far each entry can be from the exact one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._result import Result, result
from lrtheory.lora_limits import theory
from lrtheory.lora_limits.attention import Attention
from lrtheory.lora_limits.inputs import Inputs
from lrtheory.lora_limits.letters import Task

__all__ = ["GradientError", "certify", "entry_bounds", "rounding_of"]


@result
class GradientError(Result):
    r"""A proof of how far the gradients of a polynomial are from the exact ones (statements LL-E1 to LL-E9, LL-T2).

    It holds in exact arithmetic; what rounding adds to the polynomial is in `eta` as a floor that was measured never to
    be exceeded, and no proof. The bound is careful: hundreds of times the error, on common data.

    Attributes
    ----------
    gap : float
        No entry of any returned gradient is further from the exact one.
    bound : float
        tau(eta), a bound on the absolute row sums of the error of the attention matrix.
    statement : str
        The statement behind it.
    eta : float
        Relative error of the entries of exp: of the polynomial, and of rounding.
    rounding : float
        The part of rounding.
    entries : mapping
        The bound for each gradient, "A_Q", "B_Q", "W_Q" and so on.
    options : mapping
        How the gradients were asked for, so that they can be asked for again.
    """

    gap: float
    bound: float
    statement: str
    eta: float
    rounding: float
    entries: Mapping[str, float]
    options: Mapping[str, Any]

    def verify(self, problem: Any) -> bool:
        """Recompute the bound from the problem, and hold the gradients against exact ones, which costs L^2.

        Parameters
        ----------
        problem : AttentionProblem
            What was solved.

        Returns
        -------
        bool
            Whether the bound comes out as stated, and no entry of the gradients breaks it.
        """
        from lrtheory.lora_limits.gradients import lora_gradients  # which itself makes certificates

        again = lora_gradients(problem, **self.options)
        kept = {name: self.options[name] for name in ("adapt", "full_gradient")}
        exact = lora_gradients(problem, method="tiled", **kept)
        proof = again.certificate
        if proof is None or not np.isclose(proof.gap, self.gap, rtol=1e-6, atol=0):
            return False
        return all(
            np.abs(to_numpy(getattr(again, kind)[letter]) - to_numpy(value)).max() <= self.entries[f"{kind}_{letter}"]
            for kind in "ABW"
            for letter, value in getattr(exact, kind).items()
        )


def rounding_of(head: Attention, coefficients: np.ndarray, bound: float) -> float:
    """What rounding adds to the relative error of exp; the bound on the logits bounds their absolute sums too."""
    x = head.factors[0]
    kind = to_numpy(x[:1, :]).dtype
    return theory.rounding_floor(coefficients, bound, n_variables=x.shape[-1], bound=bound, dtype=kind)


def entry_bounds(inputs: Inputs, task: Task, eta: float, adapt: tuple[str, ...], *, full: bool) -> dict[str, float]:
    """For each gradient of one entry, a bound on the error of its entries when exp has relative error eta."""
    head, entry, beta = task.head, task.entry, inputs.head.beta
    arrays = (entry.X["Q"], head.keys, head.values, head.targets)
    XQ, keys, values, targets = (to_numpy(array).astype(np.float64) for array in arrays)
    # only differences of values and of keys count: both stand around their midpoints, where they are smallest
    keys = keys - (keys.max(0) + keys.min(0)) / 2
    middle, half = (values.max(0) + values.min(0)) / 2, (values.max(0) - values.min(0)) / 2
    values, targets = values - middle, targets - middle
    largest_c = np.abs(targets) + half  # outputs are means of values, so they lie within half of the middle
    rows = theory.error_certificate(
        eta, XQ, keys, values, targets, beta=beta, q_max=float((largest_c * half).sum(1).max())
    )
    found = {}
    for letter in adapt:
        if letter == "Q":
            G = rows.gradient
        elif letter == "K":  # queries carry beta already
            G = theory.key_gradient_bound(rows.p, to_numpy(entry.X["K"]), to_numpy(head.queries), beta=1.0)
        else:
            G = theory.value_gradient_bound(eta, to_numpy(entry.X["V"]), largest_c, spread=2 * float(half.max()))
        G = float(G)
        if full or letter not in entry.adapters:
            found[f"W_{letter}"] = G
        if letter in entry.adapters:
            A, B = (to_numpy(one) for one in entry.adapters[letter])
            both = G * float(theory.adapter_factor(A, B, scale=inputs.head.scale(letter)))
            found[f"A_{letter}"] = found[f"B_{letter}"] = both
    return found


def certify(
    inputs: Inputs, tasks: list[Task], etas: tuple[float, float], adapt: tuple[str, ...], options: dict[str, Any]
) -> GradientError | None:
    """The proof for all entries together, whose errors add up; None where exp is not known within a factor of 2."""
    eta, rounding = etas
    if eta >= 1:
        return None
    entries: dict[str, float] = {}
    for task in tasks:
        for name, value in entry_bounds(inputs, task, eta, adapt, full=options["full_gradient"]).items():
            entries[name] = entries.get(name, 0.0) + value
    return GradientError(
        gap=max(entries.values()),
        bound=float(theory.tilt_bound(eta)),
        statement="lora_limits/LL-E9",
        eta=eta,
        rounding=rounding,
        entries=entries,
        options=options,
    )
