"""Places that hold statements: modules and packages by their dotted names, files and globs of files.

A package is walked in the order in which its `__init__` imports modules, then by name. A file is imported under a
private name, so that two files called ``bounds.py`` do not collide; it may import what lies beside it, as a script may.
"""

from __future__ import annotations

import ast
import glob
import hashlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from lrtheory.bounds.errors import RAISED, StatementError

__all__ = ["beside", "home", "importable", "is_private", "module_named", "modules", "parts", "public_name", "resolved"]

_MARKS = "*?["  # of a glob
_PRIVATE = "lrtheory_place_"
_DIGITS = 8  # of the path's hash, which follows
_RUNNING: set[str] = set()  # names of files that are being imported
_BESIDE: dict[str, Path] = {}  # modules that files imported from their own folders, by the names they have there


def resolved(place: str, root: Path) -> list[str]:
    """The dotted name, or the files, that a place stands for.

    Parameters
    ----------
    place : str
        A dotted name, a file, or a glob of files.
    root : Path
        Folder to which relative paths refer.

    Returns
    -------
    list of str
        The dotted name alone, or the paths of the files, sorted.

    Raises
    ------
    StatementError
        If there is no such module or file, or the glob matches nothing.
    """
    path = root / place
    # what is there is no glob, whatever letters its name has
    if any(mark in place for mark in _MARKS) and not path.exists():
        found = [root / name for name in glob.glob(place, root_dir=root, recursive=True)]
        return _files(found, place, root)
    if place.endswith(".py") or "/" in place:
        if path.is_dir():
            return _files(path.glob("*.py"), place, root)
        if not path.is_file():
            raise StatementError(f"there is no file {str(path)!r}, which is named as a place of statements")
        return [str(path)]
    with importable(root):
        try:
            known = importlib.util.find_spec(place) is not None
        except (ImportError, ValueError):
            known = False
    if not known:
        raise StatementError(f"there is no module {place!r}, which is named as a place of statements")
    return [place]


def _files(found: Iterable[Path], place: str, root: Path) -> list[str]:
    """The Python files among those that a place stands for, sorted; none at all is an error."""
    files = sorted(str(path) for path in found if path.suffix == ".py")
    if not files:
        raise StatementError(f"no file matches the place {place!r} in {root}")
    return files


def home(place: str, root: Path) -> Path:
    """The folder of a package, or the file of a module, told without an import of its modules."""
    if place.endswith(".py"):
        return Path(place)
    with importable(root):
        spec = importlib.util.find_spec(place)
    assert spec is not None
    folders = list(spec.submodule_search_locations or [])
    return Path(folders[0] if folders else spec.origin or place)


def beside(path: Path) -> dict[str, Path]:
    """The modules, and folders of modules, that a file imports from its own folder, also by way of one another."""
    found: dict[str, Path] = {}
    waiting = [path]
    while waiting:
        for name in _imports(waiting.pop()):
            file, folder = path.parent / f"{name}.py", path.parent / name
            if name not in found and (folder.is_dir() or file.is_file()):
                found[name] = folder if folder.is_dir() else file
                waiting += [file] * file.is_file()
    return found


def _imports(path: Path) -> list[str]:
    """The first parts of the names that a file imports; none of one that is no Python, since its import says why."""
    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
    except (SyntaxError, ValueError):
        return []
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    return sorted({name.partition(".")[0] for name in named})


def is_private(name: str) -> bool:
    """Whether a module was imported from a file that is a place by itself."""
    return name.startswith(_PRIVATE)


def public_name(module: str) -> str:
    """The name of a module in an instance that is written out: of a file its last name, whatever folder it lies in.

    The content of an instance names its random stream, and must not depend on where somebody keeps a file.
    """
    return module[len(_PRIVATE) + _DIGITS + 1 :] + ".py" if is_private(module) else module


def module_named(name: str) -> str:
    """The imported module that has a public name; the name itself where there is none."""
    private = [module for module in sys.modules if is_private(module) and public_name(module) == name]
    return private[0] if private else name


def parts(place: str, root: Path) -> dict[str, str]:
    """The packages directly below a package, by their names; empty for a module or a file.

    They are told without an import, so that a statement of one system costs no import of another.
    """
    if place.endswith(".py"):
        return {}
    with importable(root):
        spec = importlib.util.find_spec(place)
    folders = list(spec.submodule_search_locations or []) if spec is not None else []
    return {m.name: f"{place}.{m.name}" for m in pkgutil.iter_modules(folders) if m.ispkg}


def modules(place: str, root: Path, *, inner: bool = True) -> list[ModuleType]:
    """The modules of a place, imported.

    Parameters
    ----------
    place : str
        A dotted name or a file, as `resolved` returns them.
    root : Path
        Put in front of `sys.path` while modules are imported.
    inner : bool
        Whether the packages in a package are walked too.

    Returns
    -------
    list of module
        A package itself comes first, then its modules.

    Raises
    ------
    StatementError
        If a module raises an error while it is imported; the sentence names the file and the line.
    """
    with importable(root):
        if place.endswith(".py"):
            return [_from_file(Path(place))]
        package = _imported(place)
        if not hasattr(package, "__path__"):
            return [package]
        prefix = f"{place}."
        ordered = [one for one in vars(package).values() if isinstance(one, ModuleType)]
        ordered = [one for one in ordered if one.__name__.startswith(prefix)]
        if inner:
            # a package that cannot be imported is blamed below, by its own name
            names = [m.name for m in pkgutil.walk_packages(package.__path__, prefix, onerror=lambda name: None)]
        else:
            names = [m.name for m in pkgutil.iter_modules(package.__path__, prefix) if not m.ispkg]
            ordered = [one for one in ordered if one.__name__ in names]
        rest = [_imported(name) for name in names if not name.rpartition(".")[2].startswith("test_")]
        return list(dict.fromkeys([package, *ordered, *rest]))


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except RAISED as error:  # a script that ends the process would end this one with its exit code
        raise _blamed(error, name) from error


def _from_file(path: Path) -> ModuleType:
    name = _PRIVATE + hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:_DIGITS] + "_" + path.stem
    if name in sys.modules:
        if name in _RUNNING:
            reason = 'put what it checks below `if __name__ == "__main__":`'
            raise StatementError(f"{path} checks its own statements while it is imported; {reason}")
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    own = beside(path.resolve())
    for one, file in own.items():
        # one process has one module of a name, and the wrong helper would be taken without a word
        if one in sys.modules and _BESIDE.get(one, file) != file:
            raise StatementError(
                f"{path} imports {one!r}, and {_BESIDE[one]} is that already; one of them needs another name"
            )
    sys.modules[name] = module  # before it runs, since dataclasses look their module up
    _RUNNING.add(name)
    try:
        # last, so that a file called networkx.py hides no library
        with importable(path.resolve().parent, last=True):
            spec.loader.exec_module(module)
        _BESIDE.update({one: file for one, file in own.items() if _lies_in(one, file)})
    except RAISED as error:
        del sys.modules[name]
        raise _blamed(error, str(path)) from error
    finally:
        _RUNNING.remove(name)
    return module


def _lies_in(name: str, place: Path) -> bool:
    """Whether an imported module is that file, or lies in that folder."""
    module = sys.modules.get(name)
    folders = list(getattr(module, "__path__", ())) or [getattr(module, "__file__", None)]
    return any(one is not None and Path(one).resolve() == place for one in folders)


def _blamed(error: BaseException, place: str) -> StatementError:
    """The error of an import with the last line of somebody's own file, not of the machinery."""
    engine = Path(__file__).resolve().parent.parent
    frames = traceback.extract_tb(error.__traceback__)
    # what the engine refuses was written by the author, and the line is where he wrote it
    own = [frame for frame in frames if not Path(frame.filename).resolve().is_relative_to(engine)]
    own = [frame for frame in own if "importlib" not in frame.filename and not frame.filename.startswith("<")]
    at = (error.filename, error.lineno) if isinstance(error, SyntaxError) else None
    at = (own[-1].filename, own[-1].lineno) if at is None and own else at
    where = f"{at[0]}, line {at[1]}" if at is not None else place
    return StatementError(f"{place} cannot be imported ({where}): {type(error).__name__}: {error}")


@contextmanager
def importable(root: Path, *, last: bool = False) -> Iterator[None]:
    """Let modules below a folder be imported, before or after all others, and restore the path afterwards."""
    entry = str(root)
    added = entry not in sys.path
    if added:
        sys.path.insert(len(sys.path) if last else 0, entry)
    try:
        yield
    finally:
        if added and entry in sys.path:
            sys.path.remove(entry)
