"""Runs of the library over a stream of edits, in each form of the recursion: maps, reports, and changes of plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.continual_learning.recursion import steps
from lrtheory.continual_learning.recursion.forms.covariance import Covariance
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge
from lrtheory.continual_learning.recursion.report import EditReport
from proofs_checks.continual_learning.families.streams import Stream, is_held
from proofs_checks.continual_learning.families.truths import truth

#: forms of the recursion in doubles; one more, the covariance form, computes in Fractions
FORMS = ("sqrt", "covariance", "information", "dual")


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


Found = dict[str, Any]


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


def number_of(report: EditReport, machine: RecursiveRidge, name: str) -> float:
    """Return a number of a report, of its certificate, or of what is known of all edits so far."""
    owners = {"bound": report.certificate, "gap": report.certificate}
    return float(getattr(owners.get(name, report if hasattr(report, name) else machine), name))


def written_in(stream: Stream, form: str, reports: tuple[str, ...] = (), kind: type = np.float64) -> dict[str, Any]:
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
        told.append([number_of(report, machine, name) for name in reports])
    return {"weights": np.stack(maps)} | dict(zip(reports, zip(*told, strict=True), strict=True))


def written(stream: Stream, rng: np.random.Generator | None = None, reports: tuple[str, ...] = ()) -> Found:
    """Write all edits in each form and precision, and return the maps, the first one alone where it refuses."""
    some = forms(stream) if is_held(stream) else ("exact", "sqrt")
    single = [written_in(stream, form, reports, np.float32) for form in some[1:]] if is_held(stream) else []
    return collected([*(written_in(stream, form, reports) for form in some), *single], *reports, singles=len(single))


#: the sides of a small system: keys that depend on each other, and an edit that learns much, need the other one
DEPENDENT = (steps._moved, "is_exact(S) or K.shape[0] <= 1 or mild(S * w)", "True")
DIFFERENCE = (Covariance.added, "is_exact(S) or weight < 0 or mild(S * weight)", "True")
