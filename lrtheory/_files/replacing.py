"""Files and folders that appear whole or not at all, where nothing was, or where the caller lets it be replaced."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lrtheory._validation import flag

__all__ = ["CERTIFICATE", "are_nested", "refuse_occupied", "replacing"]

#: the file of a folder that says by which files this program has filled it
CERTIFICATE = "lrtheory.json"
_FILES = "files_sha256"


def replacing(path: str | Path, write: Callable[[Path], object], *, force: bool = False) -> None:
    """Let a function write a file or a folder under another name, and give it its own at the end.

    A folder gets the file `CERTIFICATE`, in which the files that were written stand with their digests.

    Parameters
    ----------
    path : path
        Path of the new file or folder; an empty folder there counts as nothing.
    write : callable
        Gets a path in the same folder at which there is nothing, and writes there.
    force : bool
        Whether a file that is there may be replaced, and a folder that holds what this program wrote and nothing else.

    Raises
    ------
    FileExistsError
        If something is there and may not be replaced.
    FileNotFoundError
        If the folder in which it shall stand does not exist.
    PermissionError
        If nothing can be written into it.
    """
    path = Path(path)
    refuse_occupied(path, force=force)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        target = Path(folder) / path.name
        write(target)
        if target.is_dir():
            _certify(target)
        if os.path.lexists(path) and not _is_empty_folder(path) and path.is_dir() != target.is_dir():
            what = "folder replaces a file" if target.is_dir() else "file replaces a folder"
            raise FileExistsError(f"{str(path)!r} is there already; no {what}")
        if path.is_dir() and not path.is_symlink():
            _exchange(target, path, Path(folder) / "before")
        else:
            os.replace(target, path)


def refuse_occupied(path: str | Path, *, force: bool = False) -> None:
    """Refuse a place at which nothing can be written, or something is that may not be replaced.

    Parameters
    ----------
    path : path
        Path of the file or folder that shall be written.
    force : bool
        As in `replacing`.

    Raises
    ------
    FileExistsError
        If something is there and may not be replaced.
    FileNotFoundError
        If the folder in which it shall stand does not exist.
    PermissionError
        If nothing can be written into it.
    """
    path, may_replace = Path(path), flag("force", force)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"nothing can be written into the folder {str(path.parent)!r}")
    if not os.path.lexists(path):  # a link that leads nowhere is something, too
        return
    if path.is_dir() and path.resolve() == Path.cwd():
        raise FileExistsError(f"{str(path)!r} is the folder in which this runs; name one that can be put in its place")
    if _is_empty_folder(path):
        return
    reason = _foreign(path) if path.is_dir() else "" if path.is_file() else "only files are replaced"
    if reason or not may_replace:
        say = reason or "say --force (force=True) to replace it"
        raise FileExistsError(f"{str(path)!r} is there already; {say}")


def are_nested(one: Path, other: Path) -> bool:
    """Whether two places are the same, or one lies in the other.

    Parameters
    ----------
    one, other : Path
        Links are followed.

    Returns
    -------
    bool
        True if a file that is written to one of them can change the other.
    """
    first, second = one.resolve(), other.resolve()
    return first == second or first in second.parents or second in first.parents


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _certify(folder: Path) -> None:
    """Write down the files of a folder."""
    (folder / CERTIFICATE).write_text(json.dumps({_FILES: _digests(folder)}, indent=1) + "\n", encoding="utf-8")


def _written(folder: Path) -> dict[str, Any] | None:
    """The files of a folder by its certificate, if it has one."""
    try:
        found = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    named = found.get(_FILES) if isinstance(found, dict) else None
    return named if isinstance(named, dict) else None


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below a folder, without that of the certificate; folders that are empty count as files."""
    found = {}
    for one in sorted(folder.rglob("*")):
        name = one.relative_to(folder).as_posix()
        if one.is_symlink():
            found[name] = "a link"
        elif one.is_file() and name != CERTIFICATE:
            with one.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
        elif one.is_dir() and not any(one.iterdir()):
            found[name] = "an empty folder"
    return found


def _foreign(folder: Path) -> str:
    """Why a folder may not be replaced; empty if it holds what this program wrote, and nothing else."""
    if folder.is_symlink():
        return "a link to a folder is not replaced"
    written = _written(folder)
    if written is None:
        return f"a folder without the {CERTIFICATE} of this program is somebody else's, and is not replaced"
    found = _digests(folder)
    for name in sorted(found.keys() | written.keys()):
        if name not in written:
            return f"it holds {name!r} beside what this program wrote, and is not replaced"
        if found.get(name) != written[name]:
            return f"{name!r} in it has changed since this program wrote it, and it is not replaced"
    return ""


def _exchange(target: Path, path: Path, aside: Path) -> None:
    """Put what was written in the place of a folder, which comes back if that fails."""
    os.replace(path, aside)
    try:
        os.replace(target, path)
    except BaseException:
        os.replace(aside, path)
        raise
