"""Keys, values and weights in other units: the map follows its values, the ridge weight its squared keys."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory import continual_learning as cl
from lrtheory._files.safetensors import encoded, write_tensors

RNG = np.random.default_rng(7)
ROWS = RNG.normal(size=(60, 12)) * np.logspace(0, -1, 12)
MAP, KEYS, VALUES, ANCHORS = (RNG.normal(size=shape) for shape in ((5, 3), (6, 5), (6, 3), (4, 5)))
FORMS = ("sqrt", "covariance", "information", "dual")
BASELINES = (
    cl.baselines.batch_ridge,
    cl.baselines.fixed_covariance,
    cl.baselines.hard_write,
    cl.baselines.null_space,
)


def streamed(c: float, method: str) -> Any:
    """Rows in units c, the squares of which the certificate is about."""
    stream, other = (cl.FrequentDirections(12, 2, decay=0.9, method=method) for _ in range(2))
    stream.update(ROWS[:40] * c)
    other.update(ROWS[40:] * c)
    stream.merge(other)
    bounds = [stream.missed / c / c, stream.mass / c / c, stream.projection_bound(1) / c / c]
    return stream.sketch.T @ stream.sketch / c / c, np.array(bounds), stream.counts["shrinks"]


def sketched(c: float) -> Any:
    found = cl.sketch(ROWS * c, 3)
    assert found.certificate is not None
    assert found.certificate.verify(ROWS * c)
    return found.sketch.T @ found.sketch / c / c, found.missed / c / c, found.certificate.gap / c / c


def protected(c: float, a: float) -> Any:
    """Inputs in units c and steps in units a."""
    protector = cl.SubspaceProtector(12)
    stream = cl.FrequentDirections(12, 4)
    stream.update(ROWS * c)
    added = protector.extend(stream, keep_energy=0.7)
    leak = protector.leak_bound(ROWS[:5] * a)
    assert leak.certificate.verify(ROWS * c)
    ends = np.array([leak.lower, leak.upper, leak.certificate.gap]) / (a * c) ** 2
    step = protector.protect_step(ROWS[5:10] * a, ROWS[:5] * a) / a
    return added, protector.project(ROWS[:5] * a) / a, step, ends, protector.protected_energy(ROWS[:9] * c)


def edited(solve: Callable[..., cl.RidgeEditResult], c: float, v: float, **options: Any) -> Any:
    """Keys and anchors in units c, values in units v, in which the squared map has units v / c squared."""
    edits = [(KEYS[:3] * c, VALUES[:3] * v), (KEYS[3:] * c, VALUES[3:] * v)]
    W0, anchors = MAP * (v / c), ANCHORS * c
    found = solve(W0, edits, ridge=0.5 * c * c, anchors=anchors, anchor_weight=2.0, record=True, **options)
    assert found.trace is not None
    if found.certificate is not None:
        assert found.certificate.verify(cl.EditProblem(W0, edits, anchors=anchors))
    norms = np.array(
        [*found.residual_norms, found.anchor_drift, *found.trace["surprise"], *found.trace["residual_norm"]]
    )
    return found.weights * (c / v), norms / v, found.drift * (c / v), found.cost / v / v


def planned(c: float, v: float, **limit: float) -> Any:
    found = cl.plan_edit(MAP * (v / c), KEYS * c, VALUES * v, anchors=ANCHORS * c, **limit)
    return found.ridge / c / c, found.drift * (c / v), found.success, found.residual_norm / v, found.anchor_drift / v


def stored(c: float) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        old, new = (Path(folder) / name for name in ("old.safetensors", "new.safetensors"))
        write_tensors(old, {"w": encoded(MAP.T * c, "F64")})
        return cl.edit_safetensors(old, "w", [(KEYS, VALUES * c)], out=new).weights / c


def recursed(form: str, c: float, v: float) -> Any:
    """All that can be done to edits, one after another."""
    options: dict[str, Any] = {"ridge": 0.5 * c * c, "anchors": ANCHORS * c, "anchor_weight": 2.0, "method": form}
    state = cl.RecursiveRidge(MAP * (v / c), **options)
    told = [state.update(KEYS[i : i + 2] * c, VALUES[i : i + 2] * v) for i in (0, 2, 4)]
    told += [state.forget(1), state.replace(0, VALUES[4:] * v)]
    norms = [
        [one.surprise / v, one.residual_norm / v, one.interference / v / v, one.weights_change * (c / v)]
        for one in told
    ]
    known = state.leave_one_out(2) / v, state.variance(KEYS * c), state.predict(KEYS * c) / v
    return state.weights * (c / v), np.array(norms), state.cost / v / v, state.drift * (c / v), *known


UNITS: dict[str, Callable[[float], Any]] = {
    **{f"baselines: keys, {f.__name__}": lambda c, f=f: edited(f, c, 1.0) for f in BASELINES},
    **{f"baselines: values, {f.__name__}": lambda c, f=f: edited(f, 1.0, c) for f in BASELINES},
    **{f"ridge_edit: keys, {form}": lambda c, form=form: edited(cl.ridge_edit, c, 1.0, method=form) for form in FORMS},
    **{f"RecursiveRidge: keys, {form}": lambda c, form=form: recursed(form, c, 1.0) for form in FORMS},
    "RecursiveRidge: values": lambda c: recursed("auto", 1.0, c),
    "edit_safetensors: values": stored,
    "plan_edit: keys": lambda c: planned(c, 1.0, min_success=0.5),
    "plan_edit: values": lambda c: planned(1.0, c, max_drift=0.5 * c),
    "ridge_edit: values": lambda c: edited(cl.ridge_edit, 1.0, c),
    "FrequentDirections: rows": lambda c: streamed(c, "fd"),
    "FrequentDirections: rows, exact": lambda c: streamed(c, "gram"),
    "SubspaceProtector: inputs": lambda c: protected(c, 1.0),
    "SubspaceProtector: steps": lambda c: protected(1.0, c),
    "sketch: rows": sketched,
}
UNITLESS: dict[str, str] = {
    "average_accuracy": "shares of right answers have no unit",
    "backward_transfer": "shares of right answers have no unit",
    "forgetting": "shares of right answers have no unit",
    "forward_transfer": "shares of right answers have no unit",
    "incremental_accuracy": "shares of right answers have no unit",
    "learning_accuracy": "shares of right answers have no unit",
    "run_tasks": "the constant input of every layer sets the unit of its rows",
}
