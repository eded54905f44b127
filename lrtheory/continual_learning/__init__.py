r"""Continual learning with ledgers: facts written into a linear map one after another, and taken out again exactly.

A linear map W sends a row x to x W. Facts, users or tasks arrive one after another, and each must be written into the
map without moving it far, without destroying what was written before, and without changing what nobody asked about.
Exact tools answer what such a step does:

* Write facts, take one out, know what it cost the others      `RecursiveRidge`, `ridge_edit`
* How strong must an edit be, before it is made?               `plan_edit`
* Edit a tensor of a model's file, and keep the file           `edit_safetensors`
* Remember the directions of a stream in few rows              `FrequentDirections`, `sketch`
* Let steps move only what old inputs do not use               `SubspaceProtector`
* Learn tasks in turn and see what is forgotten                `run_tasks`, `forgetting`, `backward_transfer`

After t edits with keys K_i and values V_i the map of `RecursiveRidge` minimizes

.. math:: J_t(W) = \sum_{i \le t} \|K_i W - V_i\|^2 + \lambda^2 \|W - W_0\|^2 + \mu^2 \|K_0 (W - W_0)\|^2,

where `ridge` is lambda squared, `anchor_weight` is mu squared, and the rows of K_0 are anchors: inputs that should keep
their outputs. The *surprise* of an edit is the Frobenius norm of V - K W, what the map W gets wrong about it before it
is written. What all others pay for one edit, the squared changes of earlier outputs, anchors and weights in the sum
above, is at most a quarter of its squared surprise, whatever the keys are (statement RL-9): as a norm, the change is at
most half of the surprise.

From a file to an answer, in the shell::

    lrtheory continual_learning edit tiny-model edits.npz --tensor model.layers.0.self_attn.q_proj -o edited
    lrtheory continual_learning metrics accuracy.csv --plot forgetting.png

Examples
--------
Two facts are written into a map from rows of three numbers to rows of two, and one is taken out again, as if it had
never been told:

>>> import numpy as np
>>> from lrtheory import continual_learning as cl
>>> cats, dogs = ([[1.0, 0.0, 0.0]], [[2.0, 0.0]]), ([[1.0, 1.0, 0.0]], [[0.0, 3.0]])
>>> state = cl.RecursiveRidge(np.zeros((3, 2)), ridge=0.5)
>>> reports = [state.update(*cats, name="cats"), state.update(*dogs, name="dogs")]
>>> _ = state.forget("cats")
>>> bool(np.allclose(state.weights, cl.ridge_edit(np.zeros((3, 2)), [dogs], ridge=0.5).weights))
True

The report of an edit says what the others paid, and whoever has the edits can check it:

>>> paid = reports[1].certificate
>>> paid.verify(cl.EditProblem(np.zeros((3, 2)), [cats, dogs], names=["cats", "dogs"]))
True
>>> paid.achieved <= paid.bound, round(paid.bound / reports[1].surprise**2, 9)
(True, 0.25)

Steps of any optimizer leave old outputs alone when they are projected off the inputs that were used:

>>> old = np.array([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
>>> protector = cl.SubspaceProtector(4)
>>> protector.extend(old, keep_energy=1.0)
2
>>> before, after = np.zeros((3, 4)), np.ones((3, 4))
>>> weights = protector.protect_step(before, after)
>>> bool(np.allclose(old @ weights.T, 0)), float(np.linalg.norm(weights).round(6))
(True, 2.44949)
>>> protector.leak_bound(weights - before).certificate.verify(old)
True
"""

from __future__ import annotations

from lrtheory.continual_learning import baselines, theory
from lrtheory.continual_learning.edits.edit_file import edit_safetensors
from lrtheory.continual_learning.edits.plan_edit import EditPlan, plan_edit
from lrtheory.continual_learning.edits.ridge_edit import RidgeEditResult, ridge_edit
from lrtheory.continual_learning.loaders import (
    EncoderEdits,
    EncoderScores,
    load_encoder_edits,
    load_permuted_digits,
    load_split_digits,
    load_split_mnist,
)
from lrtheory.continual_learning.makers import (
    FLOAT_TRAPS,
    FloatTrap,
    make_adversarial_rows,
    make_coordinate_rows,
    make_edit_stream,
    make_float_trap,
    make_tight_edit,
)
from lrtheory.continual_learning.metrics import (
    AccuracyTable,
    average_accuracy,
    backward_transfer,
    forgetting,
    forward_transfer,
    incremental_accuracy,
    learning_accuracy,
)
from lrtheory.continual_learning.problem import EditProblem, Task, TaskProblem
from lrtheory.continual_learning.protection.leak import Leak, LeakCertificate
from lrtheory.continual_learning.protection.protector import SubspaceProtector
from lrtheory.continual_learning.recursion.adapter import LowRankEditCertificate
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge
from lrtheory.continual_learning.recursion.report import DriftCertificate, EditCertificate, EditReport, EditReports
from lrtheory.continual_learning.sketching.frequent_directions import FrequentDirections
from lrtheory.continual_learning.sketching.one_pass import sketch
from lrtheory.continual_learning.sketching.result import SketchCertificate, SketchResult
from lrtheory.continual_learning.tasks.run_tasks import TaskRun, run_tasks

__all__ = [
    "FLOAT_TRAPS",
    "AccuracyTable",
    "DriftCertificate",
    "EditCertificate",
    "EditPlan",
    "EditProblem",
    "EditReport",
    "EditReports",
    "EncoderEdits",
    "EncoderScores",
    "FloatTrap",
    "FrequentDirections",
    "Leak",
    "LeakCertificate",
    "LowRankEditCertificate",
    "RecursiveRidge",
    "RidgeEditResult",
    "SketchCertificate",
    "SketchResult",
    "SubspaceProtector",
    "Task",
    "TaskProblem",
    "TaskRun",
    "average_accuracy",
    "backward_transfer",
    "baselines",
    "edit_safetensors",
    "forgetting",
    "forward_transfer",
    "incremental_accuracy",
    "learning_accuracy",
    "load_encoder_edits",
    "load_permuted_digits",
    "load_split_digits",
    "load_split_mnist",
    "make_adversarial_rows",
    "make_coordinate_rows",
    "make_edit_stream",
    "make_float_trap",
    "make_tight_edit",
    "plan_edit",
    "ridge_edit",
    "run_tasks",
    "sketch",
    "theory",
]


def _warmup() -> None:
    """Compile the rotations, for both kinds of floats."""
    for kind in ("float32", "float64"):
        state = RecursiveRidge([[0.0], [0.0]], dtype=kind)
        state.update([[1.0, 0.0]], [[1.0]])
        state.update_many([[1.0, 1.0]], [[1.0]])
        state.forget(0)
