"""The key of a figure: a digest of all that decides what it shows, so that the same figure is not made twice."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lrtheory
from lrtheory._array import source_digest
from lrtheory._front import data_sets
from lrtheory._result import json_safe

if TYPE_CHECKING:
    from figures import Figure

__all__ = ["figure_key", "provenance", "source_key"]

ROOT = Path(__file__).resolve().parent
LIBRARY = ROOT.parent / "lrtheory"


def figure_key(figure: Figure, name: str, profile: str) -> str:
    """A digest of code, published numbers, parameters, data and versions."""
    return _digest([source_key(figure, name, profile), provenance(figure, name, profile)])


def source_key(figure: Figure, name: str, profile: str) -> str:
    """A key without the versions of libraries, since with another one a kept picture still belongs to its figure."""
    told = {word: value for word, value in provenance(figure, name, profile).items() if word != "versions"}
    return _digest([_sources(name.partition("/")[0]), told])


def provenance(figure: Figure, name: str, profile: str) -> dict[str, Any]:
    """Everything that is needed to make a figure again."""
    libraries = ("numpy", "scipy", "numba", "matplotlib")
    versions = {library: importlib.import_module(library).__version__ for library in libraries}
    data = {one.path: one.sha256 for one in data_sets() if one.name in figure.data} if figure.data else {}
    return {
        "figure": name,
        "profile": profile,
        "seed": figure.seed,
        "inputs": json_safe(dict(figure.inputs.get(profile, {}))),
        "data": data,
        "versions": {"python": platform.python_version(), "lrtheory": lrtheory.__version__, **versions},
    }


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@functools.cache
def _sources(system: str) -> str:
    """Digest of the figures of a system, its published numbers, and the parts of the library that they reach."""
    parts = {ROOT / "__init__.py", *ROOT.glob(f"published/{system}.json")}
    reached: list[Path] = [*ROOT.glob(f"{system}*"), ROOT / "_store.py"]
    while reached:
        part = reached.pop()
        if part not in parts:
            parts.add(part)
            reached += _imported(part)
    return source_digest(*sorted(parts))


def _imported(part: Path) -> Iterator[Path]:
    """Folders and files of the library, and helpers of the figures, that the sources of a part import."""
    for source in sorted(part.rglob("*.py")) if part.is_dir() else [part]:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for package, _, rest in (name.partition(".") for name in names):
                base = {"lrtheory": LIBRARY, "figures": ROOT}.get(package)
                word = rest.partition(".")[0]
                found = [] if base is None or not word else [base / word, base / f"{word}.py"]
                yield from (path for path in found if path.exists())
