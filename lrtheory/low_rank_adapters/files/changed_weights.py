"""Weights that differ between two models, and folders of adapters, as verbs of the shell are given them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path

import numpy as np

from lrtheory._files import Tensors
from lrtheory._kernels.low_rank import tail
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.folder import read_config

__all__ = ["PeftFolder", "changes", "chosen", "largest_change"]


@dataclass(frozen=True)
class PeftFolder:
    """The folder of an adapter, whose arrays are read once it is known whether weights come with it.

    Parameters
    ----------
    path : Path
        The folder.
    """

    path: Path

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> PeftFolder:
        """Look whether there is an adapter.

        Parameters
        ----------
        path : path
            The folder.

        Returns
        -------
        PeftFolder
            Folder of that path.

        Raises
        ------
        FileNotFoundError
            If there is no such folder, or it holds no settings of an adapter.
        """
        read_config(Path(path))
        return cls(Path(path))


def changes(base: Tensors, tuned: Tensors, modules: str) -> Iterator[tuple[str, np.ndarray]]:
    """The updates of all matrices that differ in both models, one after the other, in single precision or double.

    Parameters
    ----------
    base, tuned : Tensors
        Two models of one architecture.
    modules : str
        Patterns of names with commas between them, such as ``*.q_proj,*.v_proj``.

    Yields
    ------
    pair of str and array of shape (d_out, d_in)
        The module, and what was added to its weight.

    Raises
    ------
    ValueError
        If a weight is missing or of another shape in one of the models, or no name fits.
    """
    for module, name in chosen(base, tuned, modules).items():
        found = tuned[name] - base[name]
        if not np.isfinite(found).all():
            raise must("base, tuned", "models whose weights are finite", repr(name))
        if found.any():
            yield module, found


def chosen(base: Tensors, tuned: Tensors, modules: str) -> dict[str, str]:
    """The matrices of both models whose names fit one of the patterns, by module.

    Parameters
    ----------
    base, tuned : Tensors
        Two models of one architecture.
    modules : str
        Patterns with commas between them.

    Returns
    -------
    dict of str to str
        The name of the array of each module.

    Raises
    ------
    ValueError
        If no name fits, or the other model lacks a matrix of the same shape.
    """
    patterns = [one.strip() for one in modules.split(",")]
    ends = {name.removesuffix(".weight"): name for name in base.names if len(base.shape(name)) == 2}
    found = {one: name for one, name in ends.items() if any(fnmatchcase(one, pattern) for pattern in patterns)}
    if not found:
        raise must("modules", f"patterns of names in the model, as {', '.join(list(ends)[:4])}", modules)
    for name in found.values():
        if name not in tuned.names or tuned.shape(name) != base.shape(name):
            raise must("tuned", f"a model with {name!r} of shape {base.shape(name)}", str(tuned.path))
    return found


def largest_change(base: Tensors, tuned: Tensors, modules: str) -> tuple[np.ndarray, np.ndarray]:
    """The update of the largest norm among `changes`, and the weight that it was added to.

    Parameters
    ----------
    base, tuned, modules
        As in `changes`.

    Returns
    -------
    pair of arrays of shape (d_out, d_in)
        The update and the weight.

    Raises
    ------
    ValueError
        If nothing was changed, or the models do not fit.
    """
    best, largest, module = None, 0.0, ""
    for name, update in changes(base, tuned, modules):
        size = tail(np.abs(update).ravel(), 0)
        if size > largest:
            best, largest, module = update, size, name
    if best is None:
        raise must("tuned", "a model of which a matrix was changed", str(tuned.path))
    names = base.names
    return best, base[module if module in names else f"{module}.weight"]
