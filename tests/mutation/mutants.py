"""A random sample of mutants of a system's kernels."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

# What cannot survive says nothing: shifts of floats raise, and so does `is` between numbers.
IDLE = ("LShift", "RShift", "BitOr", "BitAnd", "BitXor", "Is", "IsNot", "Invert")
OTHERS = ("RemoveDecorator", "ExceptionReplacer", "VariableReplacer", "VariableInserter")


class Mutant(NamedTuple):
    """One change of one kernel."""

    path: Path
    kernel: str
    operator: str
    occurrence: int

    def source(self) -> str:
        """The whole mutated file."""
        code = mutate_code(self.path.read_text(), get_operator(self.operator)(), self.occurrence)
        assert code is not None, f"{self} changes nothing"
        return code

    def change(self) -> tuple[str, str]:
        """The changed lines before and after, without what surrounds them."""
        lines = difflib.ndiff(self.path.read_text().splitlines(), self.source().splitlines())
        changed = [line for line in lines if line[:2] in ("- ", "+ ")]
        return tuple(" ".join(line[2:].split("#")[0].strip() for line in changed if line[0] == sign) for sign in "-+")  # type: ignore[return-value]


def sample(kernels: list[dict[str, Any]], size: int, rng: np.random.Generator) -> list[Mutant]:
    """Mutants at different places: a place is drawn first, then one of the ways to change it.

    Parameters
    ----------
    kernels : list of dict
        ``name``, ``path``, ``first`` and ``last`` line of each.
    size : int
        Number of mutants; all places where there are fewer.
    rng : numpy.random.Generator
        Draws places and ways.
    """
    places: dict[Any, list[Mutant]] = defaultdict(list)
    for path in sorted({Path(kernel["path"]) for kernel in kernels}):
        inside = [kernel for kernel in kernels if kernel["path"] == str(path)]
        for place, mutant in _mutants(path, inside):
            places[place].append(mutant)
    names = sorted(places)
    chosen = rng.permutation(len(names))[:size]
    return [places[names[i]][rng.integers(len(places[names[i]]))] for i in chosen]


def alike(path: Path, kernel: dict[str, Any], change: tuple[str, str]) -> list[Mutant]:
    """All mutants of a kernel that make this change, from its first line to its last.

    Parameters
    ----------
    path : Path
        The file that holds the kernel.
    kernel : dict
        Its ``name``, ``first`` and ``last`` line.
    change : tuple of str
        As `Mutant.change` gives it.
    """
    code = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    near = [(place, mutant) for place, mutant in _mutants(path, [kernel]) if code[place[1][0] - 1] in change[0]]
    return [mutant for _, mutant in sorted(near) if mutant.change() == change]


def _mutants(path: Path, kernels: list[dict[str, Any]]) -> Iterator[tuple[Any, Mutant]]:
    """Every mutant of the bodies of these kernels, with its place."""
    nodes = list(ast_nodes(get_ast(path.read_text())))
    for operator in operator_names():
        kind, *words = operator.removeprefix("core/").split("_")
        if kind in OTHERS or (words and words[-1] in IDLE and words[0] not in IDLE):
            continue
        instance, occurrence = get_operator(operator)(), 0
        for node in nodes:
            for start, end in instance.mutation_positions(node):
                name = next((k["name"] for k in kernels if k["first"] < start[0] <= k["last"]), None)
                if name is not None:
                    yield (str(path), start, end), Mutant(path, name, operator, occurrence)
                occurrence += 1
