"""The surprises of all edits beside those of the best map in hindsight."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from lrtheory._numbers import plain
from lrtheory.bounds import (
    Derived,
    Family,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.continual_learning.theory.ridge import inverse
from proofs_checks.continual_learning.families.runs import written
from proofs_checks.continual_learning.families.streams import ALWAYS, HELD, Stream, draw_stream, key
from proofs_checks.continual_learning.families.truths import Truth, beside, energy, of_forms, path_of, share, truth
from proofs_checks.continual_learning.families.wrong_edits import fixed, rooted, still, ungained
from proofs_checks.continual_learning.ledger.quarter_laws import is_written

Found = dict[str, Any]
#: a key that is short beside the ridge
SHORT = Stream(key(0), ((key(1), key(4)),), Fraction(64), order=(0,))
SHORT_STREAMS = Family(
    "edit-streams-with-a-short-key", always=ALWAYS, tight=(Tight(SHORT, 1 - 2.0**-6, 1.0),), draw=draw_stream
)


@formula(B="[0, inf)", L="[0, inf)")
def regret_bound(B: Number, L: Number) -> Number:
    r"""All surprises together exceed the cost of the best map in hindsight by at most this.

    B is the largest squared singular value of any surprise, and L = log(det M_T / det M_0).

    Proof
    -----
    Assumes: all maps on the way are those of least cost, without decay (statement RL-1).

    Proof: by `ledger_cost` the least cost is the sum of tr(E_t^T H_t^{-1} E_t), so what exceeds it is the sum of
    tr((I - H_t^{-1}) E_t E_t^T) <= B tr(I - H_t^{-1}). For every eigenvalue h >= 1 of H_t, 1 - 1/h <= log h, and the
    logarithms add up to log det H_t. By the matrix determinant lemma (statement RL-11) these add up to L.
    """
    return plain(B * L)


def growth(true: Truth) -> Fraction:
    """Return det M_T / det M_0 by its definition."""
    import flint

    first, last = (
        flint.fmpq_mat(len(C), len(C), [flint.fmpq(x.numerator, x.denominator) for x in C.ravel().tolist()]).det()
        for C in (inverse(true.covariances[0]), inverse(true.covariances[-1]))
    )
    ratio = last / first
    return Fraction(int(ratio.p), int(ratio.q))


def regret(stream: Stream, found: Found, part: float = 1.0) -> Sides:
    """Compare all surprises less the least cost with the bound, once each edit leaves what it should."""
    logarithm = math.log(growth(truth(stream)))
    sides: list[Any] = []
    for one, true, (_, outputs, energies) in of_forms(stream, found, **path_of(stream)):
        E = true.surprises(one["weights"])
        T, total = len(E), float(sum(energy(x) for x in E))
        exceeded = total - float(true.cost(T, true.maps[-1]))
        B = max((float(np.linalg.norm(np.asarray(x, float), 2)) ** 2 for x in E if x.size), default=0.0)
        bound = part * regret_bound(B, logarithm)
        # singular values, the logarithm and the difference of two sums of squares are of doubles
        allowed = float(rounding(64 * (8 + T), bound + total)) + share(stream) * bound
        sides.append((exceeded, bound, allowed + (0.0 if true.is_exact else (1 + T) * energies), total))
        sides += is_written(true, one["weights"], outputs)
    return beside([one[:3] for one in sides], [one[3] for one in sides])


RL_12 = Statement(
    id="continual_learning/RL-12",
    title="All surprises exceed the cost of the best map by a logarithm alone",
    says=(
        "Edit t meets the map of all before it with the surprise E_t. The sum of all |E_t|^2 exceeds J_T(W_T), the "
        "cost of the best map in hindsight, by at most B log(det M_T / det M_0), where B is the largest squared "
        "singular value of any surprise and M_t the information after t edits. Of keys of bounded length, the "
        "logarithm grows as log T. And each edit leaves what RL-8 says."
    ),
    source=Derived(regret_bound),
    tex=r"\sum_{t \le T} \|E_t\|^2 - \min_W J_T(W) \le \max_t \|E_t\|_2^2\, \log\frac{\det M_T}{\det M_0}",
    hypotheses=HELD,
    instances=SHORT_STREAMS,
    solve=written,
    claim=Inequality(regret),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("half of the bound", claim=Inequality(partial(regret, part=0.5))),
        saboteur("the covariance is never updated", solve=fixed),
        saboteur("the root of the ridge for the ridge", solve=rooted),
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("does nothing", solve=still),
    ),
    notes="A relative of the bounds of Azoury and Warmuth, and of Forster, for squared errors that are met in turn.",
)
