"""Runs of the library over a stream of edits, in each form of the recursion: maps, reports, and changes of plan."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge
from lrtheory.continual_learning.recursion.report import EditReport
from proofs_checks.continual_learning.families.streams import Stream, is_held
from proofs_checks.continual_learning.families.truths import truth

Found = dict[str, Any]
#: forms of the recursion in doubles; one more, the covariance form, computes in Fractions
FORMS = ("sqrt", "covariance", "information", "dual")
#: the ridges of a path
RIDGES = (Fraction(1, 4), Fraction(1), Fraction(4), Fraction(16))


def recursion(stream: Stream, form: str, decay: Any = 1, kind: type = np.float64, **options: Any) -> RecursiveRidge:
    """Start the recursion of a stream in one form."""
    true = truth(stream, form == "exact")
    number = (lambda x: x) if true.is_exact else float
    start = true.start if true.is_exact else true.start.astype(kind)
    return RecursiveRidge(
        start.T if options.get("layout") == "torch" else start,
        ridge=number(stream.ridge),
        anchors=true.anchors if len(true.anchors) else None,
        anchor_weight=number(stream.anchor_weight) if len(true.anchors) else 1.0,
        method="covariance" if true.is_exact else form,
        decay=number(decay),
        dtype=object if true.is_exact else None,
        **options,
    )


def forms(stream: Stream) -> tuple[str, ...]:
    """Return the forms that a stream allows: the dual one needs a ridge."""
    return ("exact", *(FORMS if stream.ridge > 0 else FORMS[:-1]))


def collected(runs: list[dict[str, Any]], *reports: str, singles: int = 0) -> Found:
    """Return the arrays of the exact run, those of others stacked, the last ones in single precision, and reports."""
    names = [name for name in runs[0] if name not in reports]
    told = {name: np.stack([np.asarray(run[name], float) for run in runs]) for name in reports}
    found: Found = {"exact": {name: np.asarray(runs[0][name]) for name in names}}
    n = len(runs) - singles
    for kind, some in (("doubles", runs[1:n]), ("singles", runs[n:])):
        if some:
            found[kind] = {name: np.stack([np.asarray(run[name], float) for run in some]) for name in names}
    return found | told


def written(stream: Stream, rng: np.random.Generator | None = None, reports: tuple[str, ...] = ()) -> Found:
    """Write all edits in each form and precision, and return the maps, the first one alone where it refuses."""
    some = forms(stream) if is_held(stream) else ("exact", "sqrt")
    single = [_written(stream, form, reports, np.float32) for form in some[1:]] if is_held(stream) else []
    return collected([*(_written(stream, form, reports) for form in some), *single], *reports, singles=len(single))


def _written(stream: Stream, form: str, reports: tuple[str, ...] = (), kind: type = np.float64) -> dict[str, Any]:
    """Write all edits in one form."""
    true = truth(stream, form == "exact")
    try:
        machine = recursion(stream, form, kind=kind)
    except ValueError:
        return {"weights": true.start[None]}
    maps: list[Any] = [machine.weights]
    told = []
    for K, V in true.edits:
        report = machine.update(K, V)
        maps.append(machine.weights)
        told.append([_told(report, machine, name) for name in reports])
    return {"weights": np.stack(maps)} | dict(zip(reports, zip(*told, strict=True), strict=True))


def _told(report: EditReport, machine: RecursiveRidge, name: str) -> float:
    """Return a number of a report, of its certificate, or of what is known of all edits so far."""
    owners = {"bound": report.certificate, "gap": report.certificate}
    return float(getattr(owners.get(name, report if hasattr(report, name) else machine), name))


def covariances(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Return the covariance before and after each edit, and the logarithm of the determinant of the information."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        machine = recursion(stream, form)
        states = [(machine.covariance, machine.log_det)]
        for K, V in truth(stream, form == "exact").edits:
            machine.update(K, V)
            states.append((machine.covariance, machine.log_det))
        runs.append({"covariance": np.stack([C for C, _ in states]), "log_det": [x for _, x in states]})
    return collected(runs, "log_det")


def taken_out(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits but the last, take one out, and write the last."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        machine, edits = recursion(stream, form), truth(stream, form == "exact").edits
        for K, V in edits[:-1]:
            machine.update(K, V)
        left = machine.leave_one_out(stream.gone)
        machine.forget(stream.gone)
        without = machine.weights
        machine.update(*edits[-1])
        runs.append({"weights": np.stack([without, machine.weights]), "left": left})
    return collected(runs)


def rearranged(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits in another order, and share them between two workers who then merge, with and without edits."""
    runs: list[dict[str, Any]] = []
    for form in forms(stream):
        edits, machines = truth(stream, form == "exact").edits, [recursion(stream, form)]
        for t in stream.order:
            machines[0].update(*edits[t], name=t)
        for keep in ("edits", "nothing"):
            one, two = recursion(stream, form, keep=keep), recursion(stream, form, keep=keep)
            for t, edit in enumerate(edits):
                (one if t < stream.split else two).update(*edit, name=t)
            one.merge(two)
            machines.append(one)
        weights, matrices = [m.weights for m in machines], [m.covariance for m in machines]
        runs.append({"weights": np.stack(weights), "covariance": np.stack(matrices)})
    return collected(runs)


def faded(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits while older ones lose weight, which the dual form does not know."""
    runs: list[dict[str, Any]] = []
    for form in ("exact", *FORMS[:-1]):
        machine = recursion(stream, form, stream.decay)
        maps = [machine.weights]
        for K, V in truth(stream, form == "exact").edits:
            machine.update(K, V)
            maps.append(machine.weights)
        runs.append({"weights": np.stack(maps), "covariance": machine.covariance})
    return collected(runs)


def along_ridges(stream: Stream, rng: np.random.Generator | None = None) -> Found:
    """Write all edits with each of four ridges."""
    streams = [replace(stream, ridge=ridge) for ridge in RIDGES]
    return collected(
        [{"weights": np.stack([_written(one, form)["weights"][-1] for one in streams])} for form in ("exact", FORMS[0])]
    )


def adapted(stream: Stream, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Return the factors of the best change of a rank, what they are said to cost more, and the change turned."""
    made = []
    for layout in ("rows", "torch"):
        machine = recursion(stream, "sqrt", layout=layout)
        for K, V in truth(stream, False).edits:
            machine.update(K, V)
        made.append(machine.as_adapter(stream.rank))
    found, turned = made
    return {"B": found.B, "A": found.A, "excess": found.certificate.excess, "turned": turned.delta}
