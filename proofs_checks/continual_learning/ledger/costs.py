"""The cost of an edit, the share of it that all before it pay, and the cost of all edits.

E is the surprise of an edit, with one row for each of its u keys, and P = K C K^T its leverage, both before the edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._numbers import plain
from lrtheory._types import ArrayLike
from lrtheory._validation import must, sequence
from lrtheory.bounds import Derived, Identity, Number, Sides, Statement, formula, saboteur
from lrtheory.continual_learning.theory.ridge import of_one_kind
from proofs_checks.continual_learning.families.letters import paid, risen, summed, two_edits
from proofs_checks.continual_learning.families.runs import DEPENDENT, written
from proofs_checks.continual_learning.families.streams import HELD, STREAMS, TWO_EDITS, Stream
from proofs_checks.continual_learning.families.truths import (
    allowances,
    as_fractions,
    beside,
    energy,
    of_forms,
    path_of,
    truth,
)
from proofs_checks.continual_learning.families.wrong_edits import fixed, rooted, spread, still, twice_gained, ungained
from proofs_checks.continual_learning.ledger.quarter_laws import interference_bound
from proofs_checks.continual_learning.ledger.residuals import edit_residual
from proofs_checks.guards import signed_square

Found = dict[str, Any]


@formula(E="u x p", P="u x u")
def innovation_cost(E: np.ndarray, P: np.ndarray) -> Number:
    r"""J_t(W_t) - J_{t-1}(W_{t-1}) = tr(E^T (I + P)^{-1} E).

    Proof
    -----
    Assumes: W_{t-1} and W_t are the maps of least cost (statement RL-1).

    Proof: J_{t-1}(W) = J_{t-1}(W_{t-1}) + tr((W - W_{t-1})^T M_{t-1} (W - W_{t-1})), as its gradient vanishes at
    W_{t-1}. At W_t this grows by tr(E^T H^{-1} (H - I) H^{-1} E) (see `interference`), and the squared error of the new
    edit is \|H^{-1} E\|^2 (see `edit_residual`). Their sum is tr(E^T H^{-1} E).
    """
    E, P = of_one_kind(E, P)
    return plain((E * edit_residual(E, P)).sum())


def costs(stream: Stream, found: Found) -> Sides:
    """Compare the rise of the least cost at each edit, and the reported one, with what its surprise says."""
    pairs: list[Any] = []
    for one, true, (_, _, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        least = [true.cost(t, W[t]) for t in range(len(W))]
        due = true.formula(innovation_cost, W)
        pairs.append(([b - a for a, b in pairwise(least)], due, energies))
    return beside(pairs)


RL_2 = Statement(
    id="continual_learning/RL-2",
    title="An edit raises the least cost by its weighted surprise",
    says=(
        "Let edit t meet the map W_{t-1} with the surprise E = V_t - K_t W_{t-1}, and let H = I + K_t C K_t^T with the "
        "covariance C before it. The least cost of all edits so far, J_t(W_t), is larger than J_{t-1}(W_{t-1}) by "
        "tr(E^T H^-1 E)."
    ),
    source=Derived(innovation_cost),
    tex=r"J_t(W_t) - J_{t-1}(W_{t-1}) = \mathrm{tr}(E_t^\top H_t^{-1} E_t)",
    hypotheses=HELD,
    instances=STREAMS,
    for_all=(two_edits(risen, invisible={"dependent keys are inverted by their products": "an edit has one key"}),),
    solve=written,
    claim=Identity(costs),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("the covariance from after the edit in the gain", solve=twice_gained),
        saboteur("divided by two layers that remain", solve=spread),
        saboteur("dependent keys are inverted by their products", patch=DEPENDENT),
    ),
    notes="Both costs are evaluated from their definition, at the maps that the solver returns.",
)


@formula(E="u x p", P="u x u")
def interference(E: np.ndarray, P: np.ndarray) -> Number:
    """J_{t-1}(W_t) - J_{t-1}(W_{t-1}) = tr(E^T H^{-1} (H - I) H^{-1} E) with H = I + P.

    Proof
    -----
    Assumes: W_{t-1} and W_t are the maps of least cost (statement RL-1).

    Proof: J_{t-1} is quadratic with matrix M_{t-1} and has its minimum at W_{t-1}, so the difference is tr(D^T M_{t-1}
    D) for the step D = C K^T H^{-1} E. Insert it: C M_{t-1} C = C, and K C K^T = H - I.
    """
    E, P = of_one_kind(E, P)
    left = edit_residual(E, P)
    return plain((left * (P @ left)).sum())


def paid_by_others(stream: Stream, found: Found) -> Sides:
    """Compare what earlier edits, anchors and weights pay at each edit, and the report of it, with the formula."""
    pairs: list[Any] = []
    for one, true, (_, _, energies) in of_forms(stream, found, **path_of(stream)):
        W, E = one["weights"], true.surprises(one["weights"])
        paid = [true.cost(t, W[t + 1]) - true.cost(t, W[t]) for t in range(len(E))]
        due = true.formula(interference, W)
        most = [interference_bound(energy(surprise)) for surprise in E]
        pairs.append((paid, due, energies))
        inexact = max(energies, allowances(stream)[2])  # reports of Fractions are doubles
        left = [float(bound) - float(x) for bound, x in zip(most, due, strict=True)]
        reports = (("interference", due), ("bound", most), ("gap", left))
        pairs += [(one[name], np.array(value, float), inexact) for name, value in reports]
    return beside(pairs)


RL_3 = Statement(
    id="continual_learning/RL-3",
    title="What others pay for an edit is known from its surprise",
    says=(
        "By edit t, with surprise E and H = I + K_t C K_t^T, the cost of everything that was there before, J_{t-1}, "
        "rises by tr(E^T H^-1 (H - I) H^-1 E). This is what the outputs of all old edits, the anchors and the weights "
        "pay together; each report says it, with a quarter of the squared surprise as its bound."
    ),
    source=Derived(interference),
    tex=r"J_{t-1}(W_t) - J_{t-1}(W_{t-1}) = \mathrm{tr}(E_t^\top H_t^{-1} (H_t - I) H_t^{-1} E_t)",
    hypotheses=HELD,
    instances=STREAMS,
    for_all=(two_edits(paid),),
    solve=partial(written, reports=("interference", "bound", "gap")),
    claim=Identity(paid_by_others),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("no inverse in the gain", solve=ungained),
        saboteur("the covariance is never updated", solve=fixed),
        saboteur("does nothing", solve=still),
    ),
)


@formula()
def ledger_cost(surprises: Sequence[ArrayLike], leverages: Sequence[ArrayLike]) -> Number:
    """The sum of the costs of all edits, from the `surprises` E_t and the `leverages` P_t of each.

    Proof
    -----
    Assumes: all maps on the way are those of least cost, without decay (statement RL-1).

    Proof: the sum of the differences J_t(W_t) - J_{t-1}(W_{t-1}) of `innovation_cost` telescopes, and J_0(W_0) = 0.
    """
    if len(sequence("surprises", to_numpy(surprises))) != len(sequence("leverages", to_numpy(leverages))):
        raise must("leverages", f"a sequence of {len(surprises)}, one for each surprise", leverages)
    return sum((innovation_cost(E, P) for E, P in zip(surprises, leverages, strict=True)), start=0)


def balance(stream: Stream, found: Found) -> Sides:
    """Compare the final cost with the sum of what each edit met, and reported costs and drifts with what they are."""
    pairs: list[Any] = []
    for one, true, (_, _, energies) in of_forms(stream, found, **path_of(stream)):
        W = one["weights"]
        as_met = truth(stream)  # in Fractions, for maps as they are
        due_cost = ledger_cost(as_met.surprises(as_fractions(W)), as_met.leverages)
        pairs.append((true.cost(len(true.edits), W[-1]), due_cost if true.is_exact else float(due_cost), energies))
        D, inexact = W[1:] - true.start, max(energies, allowances(stream)[2])
        reports = (
            (one["cost"], [true.cost(t, W[t]) for t in range(1, len(W))]),
            (signed_square(np.asarray(one["drift"])), [energy(x) for x in D]),
            (signed_square(np.asarray(one["anchor_drift"])), [energy(true.anchors @ x) for x in D]),
        )
        pairs += [(told, np.array(due, float), inexact) for told, due in reports]
    return beside(pairs)


RL_10 = Statement(
    id="continual_learning/RL-10",
    title="The cost of all edits is a running sum",
    says=(
        "The least cost of all edits, J_T(W_T), is the sum over the edits of tr(E_t^T H_t^-1 E_t), with the surprise "
        "E_t that each one met and H_t = I + K_t C_{t-1} K_t^T. So it is known although no edit was stored."
    ),
    source=Derived(ledger_cost),
    tex=r"J_T(W_T) = \sum_{t \le T} \mathrm{tr}(E_t^\top H_t^{-1} E_t)",
    hypotheses=HELD,
    instances=STREAMS,
    for_all=(TWO_EDITS, two_edits(summed)),
    solve=partial(written, reports=("cost", "drift", "anchor_drift")),
    claim=Identity(balance),
    decisions=("*.weights",),
    saboteurs=(
        saboteur("the covariance from after the edit in the gain", solve=twice_gained),
        saboteur("the covariance is never updated", solve=fixed),
        saboteur("the root of the ridge for the ridge", solve=rooted),
    ),
    notes="The final cost is evaluated from its definition.",
)
