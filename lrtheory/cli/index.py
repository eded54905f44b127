"""An index of the statements of the current folder, so that listing them imports none.

It is a file beside the compiled kernels, made on first use. It holds a row a statement, and what the rows rest on: the
configuration, every Python file that was imported outside of installed packages, all files of the package and of the
places themselves, and the state of the folders of installed packages. When any of it differs, it is made anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory.cli import STARTED

__all__ = ["known", "rows"]

Row = dict[str, Any]

FORMAT = 1
_KEPT = 16  # files of other folders and environments beside each other
_PACKAGE = Path(lrtheory.__file__).resolve().parent


def rows(*, alone: bool) -> list[Row]:
    """A row for each statement of the configured places.

    Parameters
    ----------
    alone : bool
        Whether this process is there for one command. Another one may have imported files that were edited since, so it
        leaves no index behind.

    Returns
    -------
    list of dict
        In the order of the papers, with the keys of ``lrtheory show --json``, and ``counts``.

    Raises
    ------
    StatementError
        If a place does not exist or cannot be imported.
    """
    found = known()
    if found is None:
        found, watched = _made()
        if alone:
            _write(found, watched)
    return found


def known() -> list[Row] | None:
    """The rows of an index that still holds, or None.

    Returns
    -------
    list of dict or None
        Nothing of the statements is imported.
    """
    name = _name()
    for folder in _folders():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            content = json.loads((folder / name).read_text(encoding="utf-8"))
            if content["state"] == _state(content["watched"]):
                return content["rows"]
    return None


# --- where it lies ---------------------------------------------------------------------------------------------------


def _folders() -> Iterator[Path]:
    """The cache of the package, and that of the user where an installation is read-only, as kernels have it.

    `_array` decides likewise, and its import would take longer than the whole command.
    """
    yield _PACKAGE / "__pycache__"
    name = hashlib.sha256(str(_PACKAGE / "__pycache__").encode()).hexdigest()[:12]
    with contextlib.suppress(RuntimeError):  # there is no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lrtheory" / name


def _name() -> str:
    """The file for this folder, this interpreter and this path of imports."""
    here = Path.cwd()
    told = [_stamp(folder / "pyproject.toml") for folder in (here, *here.parents)]
    key = [FORMAT, lrtheory.__version__, str(_PACKAGE), sys.version, sys.path, [one for one in told if one[1:]]]
    return f"statements-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}.json"


def _write(found: list[Row], watched: dict[str, Any]) -> None:
    """Leave the index for the next command, where that is possible; two processes write two files and rename them."""
    state = _state(watched)
    newest = max((one[2] for one in state["files"] if len(one) > 1), default=0)
    if newest >= STARTED * 1e9:  # edited since this process began, perhaps after it was imported
        return
    text = json.dumps({"watched": watched, "state": state, "rows": found})
    for folder in _folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, suffix=".new", delete=False) as file:
                file.write(text)
            try:
                os.replace(file.name, folder / _name())
            except OSError:
                os.unlink(file.name)
                raise
            _remove_old(folder)
            return


def _remove_old(folder: Path) -> None:
    """Keep the newest files alone."""
    files = sorted(folder.glob("statements-*.json"), key=lambda path: path.stat().st_mtime)
    for path in files[:-_KEPT]:
        path.unlink(missing_ok=True)


# --- what it rests on ------------------------------------------------------------------------------------------------


def _state(watched: dict[str, Any]) -> dict[str, Any]:
    """The present state of everything that the rows rest on, in the types of JSON."""
    files = sorted({*watched["files"], *(path for tree in watched["trees"] for path in _python_files(tree))})
    return {
        "files": [_stamp(path) for path in files],
        "globs": [sorted(map(str, Path(root).glob(pattern))) for root, pattern in watched["globs"]],
        "places": [_home(place, watched["root"]) for place in watched["places"]],
        "installed": [_stamp(path) for path in _installed()],
    }


def _python_files(tree: str) -> Iterator[str]:
    for folder, inner, names in os.walk(tree):
        inner[:] = [name for name in inner if name != "__pycache__"]
        yield from (os.path.join(folder, name) for name in names if name.endswith(".py"))


def _stamp(path: str | Path) -> list[Any]:
    """The path with its size and the time of its last change; alone where there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return [str(path)]
    return [str(path), found.st_size, found.st_mtime_ns]


def _home(place: str, root: str) -> str:
    """Where the outermost package of a dotted place would be imported from."""
    name = place.partition(".")[0]
    added = root not in sys.path
    sys.path[:0] = [root] if added else []
    try:
        spec = importlib.util.find_spec(name)
    finally:
        if added:
            sys.path.remove(root)
    return "" if spec is None else str(spec.origin or list(spec.submodule_search_locations or []))


def _installed() -> list[str]:
    """The folders of installed packages; one changes when a package in it comes, goes, or has another version."""
    return [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]


# --- how it is made --------------------------------------------------------------------------------------------------


def _made() -> tuple[list[Row], dict[str, Any]]:
    """The rows by an import of everything, and what they rest on."""
    from lrtheory._front import registry
    from lrtheory.bounds.provenance.places import home
    from lrtheory.bounds.reporting import counts
    from lrtheory.cli.describing import described

    found = registry()
    made = [described(one) | {"counts": {k: n for k, n in counts([one]).items() if n}} for one in found]
    told = found.configuration
    dotted = [place for place in found.places if not place.endswith(".py")]
    homes = [home(place, told.root) for place in found.places]
    watched = {
        "root": str(told.root),
        "trees": sorted({str(_PACKAGE), *(str(path) for path in homes if path.is_dir())}),
        "files": sorted({*_imported(), *(str(path) for path in homes if path.is_file())}),
        "globs": [[str(told.root), _pattern(place)] for place in told.statements if place not in dotted],
        "places": dotted,
    }
    return made, watched


def _pattern(place: str) -> str:
    """The glob of a place that is given as files; a folder stands for the files in it."""
    return place if place.endswith(".py") or "*" in place else place.rstrip("/") + "/*.py"


@functools.cache
def _outside() -> tuple[str, ...]:
    """Folders whose modules are watched through the folder, or belong to the interpreter."""
    return tuple(folder + os.sep for folder in (*_installed(), os.path.dirname(os.__file__)))


def _imported() -> Iterator[str]:
    """The files of all modules that were imported from elsewhere than installed packages."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and not file.startswith(_outside()):
            yield os.path.abspath(file)
