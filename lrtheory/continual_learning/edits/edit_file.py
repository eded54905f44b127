"""Edits of one matrix in a model's files: a copy is written in which every other byte is as it was."""

from __future__ import annotations

import dataclasses
import difflib
import shutil
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._files import Tensors, are_nested, refuse_occupied, replacing
from lrtheory._files.safetensors import decoded, encoded
from lrtheory._files.writing import SUFFIXES
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike
from lrtheory._validation import must, path_of
from lrtheory.continual_learning.edits.ridge_edit import (
    RidgeEditResult,
    answered,
    problem_of,
    ridge_edit,
    weights_of,
)
from lrtheory.continual_learning.edits.sweep import RidgeSweep, ridge_sweep
from lrtheory.continual_learning.problem import EditProblem
from lrtheory.continual_learning.recursion.report import DriftCertificate

__all__ = ["EditedModel", "edit_safetensors", "edited_model"]

#: types whose numbers an edit can change
TYPES = ("F64", "F32", "F16", "BF16")
#: the share of the surprise that is left from which a reader hears of other ridge weights
MUCH = 0.5
#: the part of it that a sweep must leave at most, to be told
LESS = 0.9


@result
class EditedModel(Result):
    """A model with one matrix edited, to be written as a copy.

    Attributes
    ----------
    edit : RidgeEditResult
        Map after the edits, rounded to the type of the file, with their errors and drifts.
    source : Path
        The file or the folder that was read. A path that is not a table is a copy of it with the new matrix.
    tensor : str
        The name of the matrix.
    certificate : DriftCertificate or None
        Certificate of the edit.
    message : str
        Choice of the ridge weight, or the effect of another one; empty where neither is to be told.
    """

    edit: RidgeEditResult
    source: Path
    tensor: str
    certificate: DriftCertificate | None
    message: str

    _forms = ("",)

    def _columns(self) -> dict[str, Any]:
        return self.edit._columns()

    def _facts(self) -> list[str]:
        told = [self.message] if self.message else []
        return [f"{self.tensor} in {self.source.name}", *self.edit._facts(), *told]

    def _draw(self, ax: Any) -> None:
        self.edit._draw(ax)

    def _check_path(self, path: Path) -> None:
        """A copy of the model may not stand in its own folder."""
        if path.suffix.lower() not in SUFFIXES:
            _refuse_source(self.source, path)

    def _write(self, target: Path) -> bool:
        """A path that is not a table is a copy of the model."""
        if target.suffix.lower() in SUFFIXES:
            return False
        _copied(Tensors(self.source), self.tensor, np.asarray(self.edit.weights), target)
        return True


def edit_safetensors(
    path: str | PathLike[str],
    tensor: str,
    edits: Sequence[tuple[ArrayLike, ArrayLike]] | EditProblem,
    *,
    out: str | PathLike[str],
    layout: str = "torch",
    ridge: float = 1.0,
    anchors: ArrayLike | None = None,
    anchor_weight: float = 1.0,
    method: str = "auto",
    record: bool = False,
    force: bool = False,
) -> RidgeEditResult:
    """Copy the files of a model, with edits written into one of its matrices.

    Types, metadata, and all other arrays and files stay as they are, byte for byte. The source is only read. A matrix
    in half precision is edited in higher precision and then rounded: what is returned is the map in the file, and the
    message says how many of the entries that changed are lost by rounding.

    Parameters
    ----------
    path : path
        A safetensors file, a folder that holds a model in one or several of them, or the index of such a model, which
        stands for its folder.
    tensor : str
        The name of the matrix in the file, or that of its module without ``.weight``.
    edits : sequence of pairs (keys, values), or EditProblem
        As in `ridge_edit`; of an `EditProblem` edits, names and anchors count, and not its own map.
    out : path
        Path of the copy: a file for a file, and a folder for a folder. There must be nothing yet, or an empty folder.
    layout : {"torch", "rows"}
        Whether the matrix is stored as (outputs, inputs), as ``nn.Linear`` does, or maps a row x to x W.
    ridge : float
        The weight lambda squared of the squared drift of the matrix.
    anchors : array of shape (m, d) or None
        Inputs that should keep their outputs.
    anchor_weight : float
        The weight mu squared of the squared drift of the anchors' outputs.
    method : {"auto", "sqrt", "covariance", "information", "dual"}
        The form of the recursion, as in `ridge_edit`.
    record : bool
        Whether what each edit did is returned as `trace`.
    force : bool
        Whether a file at `out` may be replaced, and a folder that holds what this program wrote and nothing else.

    Returns
    -------
    RidgeEditResult
        Map after the edits, with their errors and drifts. The count `changed` is the number of entries that the edit
        changes, and `lost` that of those among them that rounding leaves as they were.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no folder for the copy.
    FileExistsError
        If there is something at `out` that may not be replaced.
    ValueError
        If `out` is the source or lies in it, there is no such matrix, it is not of floats, the edits do not fit, or a
        link in the folder leads nowhere or back into it.

    Examples
    --------
    >>> import tempfile
    >>> from lrtheory._files.safetensors import Stored, write_tensors
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_tensors(folder / "old.safetensors", {"w": Stored("F32", (1, 2), bytes(8))})
    >>> edits = [([[1.0, 0.0]], [[4.0]])]
    >>> done = edit_safetensors(folder / "old.safetensors", "w", edits, out=folder / "new.safetensors")
    >>> done.residual_norms.tolist(), Tensors(folder / "new.safetensors")["w"].tolist()
    ([2.0], [[2.0, 0.0]])
    """
    model, target = Tensors.from_file(path_of("path", path)), path_of("out", out)
    _refuse_source(model.path, target)
    refuse_occupied(target, force=force)
    name = _matrix_name(model, tensor)
    made: list[RidgeEditResult] = []

    def write(fresh: Path) -> None:
        options = {"ridge": ridge, "anchor_weight": anchor_weight, "method": method, "record": record}
        made.append(_edited(model, name, edits, anchors, layout, options))
        _copied(model, name, np.asarray(made[0].weights), fresh)

    replacing(target, write, force=force)
    return made[0]


def edited_model(
    model: Tensors, edits: EditProblem, *, tensor: str, ridge: float | None, anchor_weight: float, layout: str
) -> EditedModel:
    """Edit a matrix of a model, and keep what is needed to write the copy.

    Parameters
    ----------
    model : Tensors
        The model.
    edits : EditProblem
        Edits and anchors; its own map does not count.
    tensor : str
        The name of the matrix or of its module.
    ridge : float or None
        As in `edit_safetensors`; None takes the one that a sweep chooses.
    anchor_weight, layout
        As in `edit_safetensors`.

    Returns
    -------
    EditedModel
        The copy is written by `to_file`.

    Raises
    ------
    ValueError
        If there is no such matrix, or the edits do not fit.
    """
    name = _matrix_name(model, tensor)
    problem = _problem(model, name, edits, None, layout)
    sweep = None if ridge is not None else _sweep(problem, anchor_weight)
    options: dict[str, Any] = {"ridge": ridge if sweep is None else sweep.chosen, "anchor_weight": anchor_weight}
    done = _rounded(problem, ridge_edit(problem, **options), model.dtype(name), options)
    message = _advice(done, problem, anchor_weight) if sweep is None else _chosen(sweep)
    return EditedModel(edit=done, source=model.path, tensor=name, certificate=done.certificate, message=message)


def _chosen(sweep: RidgeSweep) -> str:
    """The rule by which a ridge weight was taken."""
    return (
        f"--ridge {sweep.chosen:.6g} is the largest of {len(sweep.ridges)} from {sweep.ridges[0]:.2g} to "
        f"{sweep.ridges[-1]:.2g} that leaves at most a tenth of the surprise that one of them takes away; it leaves "
        f"{sweep.share:.1%} of all"
    )


def _sweep(problem: EditProblem, anchor_weight: float) -> RidgeSweep:
    """The surprise that ridge weights of all sizes leave, beside a weight of the anchors that was looked at."""
    return ridge_sweep(problem, weights_of(problem, 1.0, anchor_weight)[1])


def _advice(done: RidgeEditResult, problem: EditProblem, anchor_weight: float) -> str:
    """Say which other ridge weight to try where much of the surprise is left."""
    before, after = (float(np.linalg.norm(np.asarray(norms))) for norms in (done.surprises, done.residual_norms))
    if after <= MUCH * before:
        return ""
    try:
        sweep = _sweep(problem, anchor_weight)
    except ValueError:  # of the squares of keys, which --ridge auto could not take either
        return f"{after / before:.1%} of the surprise is left"
    if sweep.share < LESS * after / before:
        return f"{after / before:.1%} of the surprise is left; --ridge auto would leave {sweep.share:.1%}"
    return (
        f"{after / before:.1%} of the surprise is left, and hardly less at any --ridge: edits or anchors contradict it"
    )


def _refuse_source(source: Path, target: Path) -> None:
    """Refuse a target that is the source, lies in its folder, or holds it."""
    if are_nested(source, target):
        raise must("out", "another place than what is read", str(target))


def _refuse_links(source: Path) -> None:
    """Refuse links that lead nowhere, or to a folder around them, whose copy would have no end."""
    for link in source.resolve().rglob("*"):
        if link.is_symlink() and (not link.exists() or link.resolve() in link.parents):
            raise must("path", "a folder whose links lead to other files", str(link))


def _matrix_name(tensors: Tensors, tensor: Any) -> str:
    """The name of a matrix, which a module's name stands for."""
    if not isinstance(tensor, str):
        raise must("tensor", "the name of a matrix", tensor, TypeError)
    names = [name for name in tensors.names if len(tensors.shape(name)) == 2]
    for name in (tensor, f"{tensor}.weight"):
        if name in names:
            return str(name)
    near = difflib.get_close_matches(str(tensor), names, 3, 0.0)
    raise must("tensor", f"the name of a matrix in {tensors.path.name}, as {', '.join(near) or 'none'}", tensor)


def _edited(
    tensors: Tensors, tensor: str, edits: Any, anchors: Any, layout: str, options: Mapping[str, Any]
) -> RidgeEditResult:
    """Edit one matrix, and round it to its type."""
    problem = _problem(tensors, tensor, edits, anchors, layout)
    return _rounded(problem, ridge_edit(problem, **options), tensors.dtype(tensor), options)


def _problem(tensors: Tensors, tensor: str, edits: Any, anchors: Any, layout: str) -> EditProblem:
    """The edits of one matrix of a file."""
    if tensors.dtype(tensor) not in TYPES:
        raise must("tensor", f"a matrix of one of {', '.join(TYPES)}", tensors.dtype(tensor))
    return problem_of(tensors[tensor], edits, to_numpy(anchors), layout)


def _rounded(problem: EditProblem, done: RidgeEditResult, dtype: str, options: Mapping[str, Any]) -> RidgeEditResult:
    """Say what the map does after it was rounded to a type of a file."""
    before, exact = np.asarray(problem.W0), np.asarray(done.weights)
    try:
        after = decoded(encoded(exact, dtype))
    except OverflowError as error:
        raise must("edits", f"such that the new weights fit {dtype}", str(error)) from error
    changed, lost = exact != before, (exact != before) & (after == before)
    counts = {"changed": int(changed.sum()), "lost": int(lost.sum())}
    if np.array_equal(after, exact):
        return dataclasses.replace(done, counts={**done.counts, **counts})
    given = float(options["ridge"]), float(options["anchor_weight"])
    found = answered(problem, after, given, done.method, reason=done.reason)
    left, exactly = (float(np.linalg.norm(np.asarray(one.residual_norms))) for one in (found, done))
    said = (
        f"rounded to {dtype}, which leaves {counts['lost'] / max(1, counts['changed']):.1%} of the entries that change "
        f"as they were; all residuals together are {left:.6g}, and {exactly:.6g} before it"
    )
    counts = {**done.counts, **counts}
    return dataclasses.replace(found, message=said, counts=counts, certificate=done.certificate, trace=done.trace)


def _copied(tensors: Tensors, tensor: str, weights: np.ndarray, target: Path) -> None:
    """Copy a model, and put the new bytes of one array in the place of the old ones."""
    source = tensors.path
    file, first = tensors.place(tensor)
    if source.is_dir():
        _refuse_links(source)
        shutil.copytree(source, target, copy_function=shutil.copyfile)
        written = target / file.relative_to(source)
    else:
        shutil.copyfile(source, target)
        written = target
    with written.open("r+b") as opened:
        opened.seek(first)
        opened.write(encoded(weights, tensors.dtype(tensor)).data)
