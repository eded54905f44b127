"""Arrays that are computed once for all programs of a user."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lrtheory._files import read_arrays

__all__ = ["remembered"]


def remembered(
    name: str, shapes: Mapping[str, tuple[int, ...]], compute: Callable[[], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Take arrays from the user's cache, or compute them and keep them there.

    Parameters
    ----------
    name : str
        The file in ``$XDG_CACHE_HOME/lrtheory``, without its suffix; it changes with all on which the arrays depend.
    shapes : mapping of str to tuple of int
        Arrays that are wanted. Where one is missing, not finite or of another shape, all are computed again.
    compute : callable
        Returns the arrays.

    Returns
    -------
    dict of str to np.ndarray
        An array for each name of `shapes`. A cache that cannot be written is none.
    """
    path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lrtheory" / f"{name}.npz"
    try:
        stored = read_arrays(path)
        found = {key: stored[key] for key in shapes}
        if all(found[key].shape == shape and np.isfinite(found[key]).all() for key, shape in shapes.items()):
            return found
    except (OSError, KeyError, ValueError, TypeError):
        pass
    made = dict(compute())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as file:  # so that a program that ends early leaves no half of a file
            np.savez(file, **made)  # type: ignore[arg-type]
        part.replace(path)
    except OSError:
        pass
    return made
