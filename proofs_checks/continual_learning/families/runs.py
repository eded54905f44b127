"""What the library makes of a stream of edits, in each form of the recursion: maps, reports, and changes of plan."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge
from proofs_checks.continual_learning.families.streams import Stream, is_held
from proofs_checks.continual_learning.families.truths import truth

Found = dict[str, dict[str, np.ndarray]]
#: forms of the recursion; the first one computes in Fractions
FORMS = ("exact", "sqrt", "covariance", "information", "dual")
#: numbers of an outcome that follow from its maps, and the statement that compares them with what follows
REPORTS = {
    "surprise": "RL-8",
    "residual": "RL-8",
    "interference": "RL-3",
    "bound": "RL-3",
    "gap": "RL-3",
    "cost": "RL-10",
    "drift": "RL-10",
    "anchor_drift": "RL-10",
}
#: the weights of the edits before the ridge path of RL-17
RIDGES = (Fraction(1, 4), Fraction(1), Fraction(4), Fraction(16))


def unread(*read: str) -> dict[str, str]:
    """Return the reports that a statement does not read, with the statement that does."""
    return {f"*.{name}": f"{by} reads it" for name, by in REPORTS.items() if name not in read}


def recursion(stream: Stream, form: str, decay: Any = 1, **options: Any) -> RecursiveRidge:
    """Start the recursion of a stream in one form."""
    true = truth(stream, form == "exact")
    number = (lambda x: x) if true.is_exact else float
    return RecursiveRidge(
        true.start,
        ridge=number(stream.ridge),
        anchors=true.anchors if len(true.anchors) else None,
        anchor_weight=number(stream.anchor_weight) if len(true.anchors) else 1.0,
        form="covariance" if true.is_exact else form,
        decay=number(decay),
        dtype=object if true.is_exact else None,
        **options,
    )


def forms(stream: Stream) -> tuple[str, ...]:
    """Return the forms that a stream allows: the dual one needs a ridge."""
    return FORMS if stream.ridge > 0 else FORMS[:-1]


def written(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits in each form, and return the maps and the reports; the first map alone where it refuses."""
    return {form: _written(stream, form) for form in (forms(stream) if is_held(stream) else ("exact", "sqrt"))}


def _written(stream: Stream, form: str) -> dict[str, np.ndarray]:
    """Write all edits in one form."""
    true = truth(stream, form == "exact")
    try:
        machine = recursion(stream, form)
    except ValueError:
        return {"weights": true.start[None]} | {name: np.zeros(0) for name in REPORTS}
    maps, after, reports = [machine.weights], [_after(machine)], []
    for K, V in true.edits:
        reports.append(machine.update(K, V))
        maps.append(machine.weights)
        after.append(_after(machine))
    told = [
        (one.surprise, one.residual, one.interference, one.certificate.bound, one.certificate.gap) for one in reports
    ]
    table = np.array([list(map(float, row)) for row in told]).reshape(-1, 5).T
    states = np.array(after).T
    return {"weights": np.stack(maps)} | dict(zip(REPORTS, [*table, *states], strict=True))


def _after(machine: RecursiveRidge) -> list[float]:
    """Return cost, drift and drift of the anchors."""
    return [float(machine.cost), float(machine.drift), float(machine.anchor_drift)]


def covariances(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Return the covariance before and after each edit, and the logarithm of the determinant of the information."""
    found = {}
    for form in forms(stream):
        machine = recursion(stream, form)
        states = [(machine.covariance, machine.log_det)]
        for K, V in truth(stream, form == "exact").edits:
            machine.update(K, V)
            states.append((machine.covariance, machine.log_det))
        found[form] = {"covariance": np.stack([C for C, _ in states]), "log_det": np.array([x for _, x in states])}
    return found


def taken_out(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits but the last, take one out, and write the last."""
    found = {}
    for form in forms(stream):
        machine, edits = recursion(stream, form), truth(stream, form == "exact").edits
        for K, V in edits[:-1]:
            machine.update(K, V)
        left = machine.leave_one_out(stream.gone)
        machine.forget(stream.gone)
        without = machine.weights
        machine.update(*edits[-1])
        found[form] = {"weights": np.stack([without, machine.weights]), "left": np.asarray(left)}
    return found


def rearranged(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits in another order, and share them between two workers who then merge, with and without edits."""
    found = {}
    for form in forms(stream):
        edits, machines = truth(stream, form == "exact").edits, [recursion(stream, form)]
        for t in stream.order:
            machines[0].update(*edits[t], label=t)
        for keep in ("edits", "nothing"):
            one, two = recursion(stream, form, keep=keep), recursion(stream, form, keep=keep)
            for t, edit in enumerate(edits):
                (one if t < stream.split else two).update(*edit, label=t)
            one.merge(two)
            machines.append(one)
        found[form] = {
            "weights": np.stack([machine.weights for machine in machines]),
            "covariance": np.stack([machine.covariance for machine in machines]),
        }
    return found


def faded(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits while older ones lose weight, which the dual form does not know."""
    found = {}
    for form in FORMS[:-1]:
        machine = recursion(stream, form, stream.decay)
        maps = [machine.weights]
        for K, V in truth(stream, form == "exact").edits:
            machine.update(K, V)
            maps.append(machine.weights)
        found[form] = {"weights": np.stack(maps), "covariance": machine.covariance}
    return found


def along_ridges(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits with each of four ridges."""
    streams = [replace(stream, ridge=ridge) for ridge in RIDGES]
    return {form: {"weights": np.stack([_written(one, form)["weights"][-1] for one in streams])} for form in FORMS[:2]}


def adapted(stream: Stream, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Write all edits, and return the factors of the best change of a rank, with what they are said to cost more."""
    machine = recursion(stream, "sqrt")
    for K, V in truth(stream, False).edits:
        machine.update(K, V)
    found = machine.as_adapter(stream.rank)
    return {"B": found.B, "A": found.A, "excess": found.certificate.excess}
