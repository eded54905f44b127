"""Everything public in the systems, found on disk; what the common tests run over."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import io
import pkgutil
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import lrtheory

ROOT = Path(__file__).resolve().parents[2]
SUBMODULES = ("problem", "theory", "baselines")


@dataclass(frozen=True)
class Entry:
    """A public callable: its name within the system, the object, and the class that a method belongs to."""

    system: str
    name: str
    value: Any
    owner: type | None = None

    @property
    def id(self) -> str:
        return f"{self.system}.{self.name}"

    @property
    def in_theory(self) -> bool:
        return self.name.startswith("theory.")

    @property
    def plain_name(self) -> str:
        return self.name.rpartition(".")[2]


def system_modules(system: str) -> Iterator[tuple[str, ModuleType]]:
    """The package of a system and those of its submodules that users reach by name; with the prefix of their names."""
    package = f"lrtheory.{system}"
    yield "", importlib.import_module(package)
    for name in SUBMODULES:
        if importlib.util.find_spec(f"{package}.{name}") is not None:
            yield f"{name}.", importlib.import_module(f"{package}.{name}")


def public_names(module: ModuleType) -> list[str]:
    """`__all__`, or the public names that are defined in the module itself."""
    own = [
        n for n, v in vars(module).items() if not n.startswith("_") and getattr(v, "__module__", "") == module.__name__
    ]
    return list(getattr(module, "__all__", own))


def entries(system: str) -> list[Entry]:
    """Public functions and classes once each, under the shortest name, and the methods of the classes."""
    found: dict[int, Entry] = {}
    for prefix, module in system_modules(system):
        for name in public_names(module):
            value = getattr(module, name)
            if callable(value) and id(value) not in found:
                found[id(value)] = Entry(system, prefix + name, value)
    methods = [
        Entry(system, f"{entry.name}.{name}", value, owner=entry.value)
        for entry in found.values()
        if inspect.isclass(entry.value)
        for name, value in vars(entry.value).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]
    return [*found.values(), *methods]


def all_entries() -> list[Entry]:
    """The entries of all systems."""
    return [entry for system in lrtheory.SYSTEMS for entry in entries(system)]


def array_functions() -> list[Entry]:
    """Public functions that declare what they do with arrays."""
    return [entry for entry in all_entries() if hasattr(entry.value, "arrays")]


def library_modules() -> list[str]:
    """The names of all modules of lrtheory, without importing them."""
    return ["lrtheory", *(module.name for module in pkgutil.walk_packages(lrtheory.__path__, "lrtheory."))]


def source_files() -> list[Path]:
    """Every Python file of the project."""
    folders = ("lrtheory", "proofs_checks", "tests", "figures", "benchmarks", "notebooks", "demos", "docs")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def function_lengths(text: str) -> list[tuple[str, int]]:
    """Name and number of lines of every function, its docstring and its decorators left out."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node, clean=False) is not None:
                docstring = node.body[0]
                length -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
            found.append((node.name, length))
    return found


def lines_of_code(text: str) -> int:
    """The number of lines that hold code: neither blank, nor a comment, nor part of a docstring."""
    documented: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                docstring = node.body[0]
                documented.update(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    silent = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in silent:
            held.update(range(token.start[0], token.end[0] + 1))
    return len(held - documented)
