"""The options with which a class reads itself from a file, found in the sources, so that help imports no system."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import lrtheory

__all__ = ["reading_options"]

_PACKAGE = Path(lrtheory.__file__).resolve().parent


def reading_options(module: str, name: str) -> tuple[str, ...]:
    """The keywords of the ``from_file`` of a class.

    Parameters
    ----------
    module : str
        A module of the package that defines the class or imports it.
    name : str
        What the class is called there.

    Returns
    -------
    tuple of str
        In the order of its source; empty if there is no such class, or none of it has a ``from_file`` with keywords.
    """
    if module.partition(".")[0] != "lrtheory":
        return ()
    for node in _parsed(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _of_class(module, node)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return reading_options(node.module or "", alias.name)
    return ()


def _of_class(module: str, node: ast.ClassDef) -> tuple[str, ...]:
    """The keywords of the class's own ``from_file``, or of the one that it inherits."""
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "from_file":
            return tuple(keyword.arg for keyword in one.args.kwonlyargs)
    inherited = (reading_options(module, base.id) for base in node.bases if isinstance(base, ast.Name))
    return next((found for found in inherited if found), ())


@functools.cache
def _parsed(module: str) -> ast.Module:
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(source.read_text(encoding="utf-8"))
