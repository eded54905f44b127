"""A store for finished parts of figures: files that are whole or not there, and points that are computed once.

A figure belongs to a *key*, the digest of its code, parameters, data and library versions. Points that `each` computes
are kept in a folder of that key as soon as they are done, so a run that was interrupted, or killed, goes on where it
was; when the figure is whole the folder goes.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._parallel import parallel_map
from lrtheory._result import json_safe

__all__ = ["commit", "digest_of", "each", "read_arrays", "read_record", "storing", "write", "write_arrays"]

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
#: folder of the points and number of workers of the figure that is being computed
_STORE: ContextVar[tuple[Path, int | None] | None] = ContextVar("store", default=None)


def each(function: Callable[..., Any], points: Iterable[tuple[Any, ...]]) -> list[Any]:
    """``[function(*point) for point in points]``, with every point kept as soon as it is done.

    Parameters
    ----------
    function : callable
        A module-level function that returns an array, or a tuple of arrays; its randomness comes from the point.
    points : iterable of tuple
        Numbers, strings and tuples of them.

    Returns
    -------
    list
        Arrays, or tuples of arrays, as they are read back from a file, so that a resumed run has the same bits.
    """
    points = list(points)
    store = _STORE.get()
    if store is None:
        return [_arrays_of(function(*point)) for point in points]
    folder, n_jobs = store
    return list(parallel_map(functools.partial(_kept, function, folder), points, n_jobs=n_jobs))


@contextmanager
def storing(folder: Path, n_jobs: int | None) -> Iterator[None]:
    """Keep points in a folder, and compute `n_jobs` of them at a time; the folders of other keys go."""
    for other in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
        if other != folder and len(other.name) == len(folder.name):
            shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    token = _STORE.set((folder, n_jobs))
    try:
        yield
    finally:
        _STORE.reset(token)


def _kept(function: Callable[..., Any], folder: Path, point: tuple[Any, ...]) -> Any:
    called = json.dumps([function.__module__, function.__qualname__, json_safe(list(point))])
    path = folder / f"{hashlib.sha256(called.encode()).hexdigest()[:24]}.npz"
    found = read_arrays(path)
    if found is None:
        value = _arrays_of(function(*point))
        named = {f"{i}": one for i, one in enumerate(value)} if isinstance(value, tuple) else {"value": value}
        found = write_arrays(path, named)
    return found["value"] if "value" in found else tuple(found[f"{i}"] for i in range(len(found)))


def _arrays_of(value: Any) -> Any:
    return tuple(np.asarray(one) for one in value) if isinstance(value, tuple) else np.asarray(value)


# --- files -----------------------------------------------------------------------------------------------------------


def write(path: Path, content: bytes) -> str:
    """Write a file that is whole or not there, also after a crash in between; returns its digest."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return hashlib.sha256(content).hexdigest()


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Write arrays as npz; returns them as they are read back."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write(path, buffer.getvalue())
    return {name: np.asarray(value) for name, value in arrays.items()}


def read_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file; None where there is none, or it was not written to its end."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
            return {name: saved[name] for name in saved.files}
    except _UNREADABLE:
        return None


def read_record(path: Path) -> dict[str, Any]:
    """The record of a figure; empty where there is none, or it is not whole."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except _UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def digest_of(path: Path) -> str:
    """SHA-256 of a file; empty where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


@functools.cache
def commit() -> str | None:
    """The commit of the checkout, with a plus sign when the library or a figure was changed since; None without git."""
    here = Path(__file__).resolve().parent
    sources = [":/lrtheory", ":/figures", ":(top,exclude)figures/full"]
    try:
        head, changes = (
            subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no", "--", *sources])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + "+" * bool(changes)
