"""The verbs of the shell: edits of a matrix in a model's files, and measures of a table of accuracies."""

from __future__ import annotations

from typing import Literal

from lrtheory._files import Tensors
from lrtheory.continual_learning.edits.edit_file import EditedModel, edited_model
from lrtheory.continual_learning.metrics import AccuracyTable
from lrtheory.continual_learning.problem import EditProblem

__all__ = ["edit", "metrics"]

#: what -o writes, where it is more than the table
WRITES = {"edit": "a copy of the model with the new matrix, or a table"}


def edit(
    model: Tensors,
    edits: EditProblem,
    *,
    tensor: str,
    ridge: str = "1",
    anchor_weight: float = 1.0,
    layout: Literal["torch", "rows"] = "torch",
) -> EditedModel:
    """Write facts into one matrix of a model, and say what all of them do to it.

    With -o a copy of the model is written, in which every other byte is as it was. Inputs and outputs of the matrix
    alone count; what comes after it in the model is not looked at.

    The surprise of an edit is the distance of its values from what the matrix says before all edits, and its residual
    the distance from what it says after them: roots of sums of squares, in units of the values. The deviation is the
    ridge times the squared change of the matrix, plus the anchor weight times the squared change of the anchors'
    outputs. It is at most a quarter of the squared surprise of all edits, whatever the edits are.

    Parameters
    ----------
    model : Tensors
        A model whose matrix is to be edited, as a folder or as a safetensors file.
    edits : EditProblem
        An npz or safetensors file with keys (N, d) and values (N, p): inputs of the matrix, and what they should be
        mapped to. It may also hold edit (N,), which edit a row belongs to, and anchors (m, d), inputs that should keep
        their outputs. Arrays of other names are refused.
    tensor : str
        The name of the matrix, or of its module without .weight.
    ridge : str
        The weight of the squared change of the matrix. A single key whose squared norm is this number is learned by
        half, where neither anchors nor other edits stand in its way. "auto" tries weights from 1e-8 to 100 times the
        mean squared norm of the keys, and takes the largest that leaves at most a tenth of the surprise that one of
        them takes away.
    anchor_weight : float
        The weight of the squared change of the anchors' outputs.
    layout : {"torch", "rows"}
        Whether the matrix is stored as (outputs, inputs), or maps a row x to x W.

    Returns
    -------
    EditedModel
        Edited model, with the error of the matrix for each edit before and after.

    Examples
    --------
    lrtheory continual_learning edit tiny-model edits.npz --tensor model.layers.0.self_attn.q_proj -o edited
    lrtheory continual_learning edit tiny-model edits.npz --tensor model.layers.0.self_attn.q_proj --ridge auto
    """
    return edited_model(model, edits, tensor=tensor, ridge=_ridge(ridge), anchor_weight=anchor_weight, layout=layout)


def _ridge(typed: str) -> float | None:
    """The ridge weight that is typed; None for "auto"."""
    if typed.strip() == "auto":
        return None
    try:
        return float(typed)
    except ValueError:
        raise ValueError(f"--ridge takes a number or auto; got {typed!r}") from None


def metrics(accuracy: AccuracyTable) -> AccuracyTable:
    """Measure what was learned and forgotten from accuracies on tasks that were learned in turn.

    Parameters
    ----------
    accuracy : AccuracyTable
        Accuracies on tasks, one row after each task was learned and one column a task, between 0 and 1.

    Returns
    -------
    AccuracyTable
        The table, with average accuracy, forgetting and backward transfer.

    Examples
    --------
    lrtheory continual_learning metrics accuracy.csv --plot forgetting.png
    """
    return accuracy
