"""A random sample of mutants of a system's code."""

from __future__ import annotations

import difflib
import functools
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tests.mutation.places import Place, Places, Region

# What cannot survive says nothing: shifts of floats raise, and so do sums of sets; `is` becomes its contrary alone.
KINDS = (("LShift", "RShift"), ("BitOr", "BitAnd", "BitXor"), ("Is", "IsNot"), ("Invert",))
OTHERS = ("RemoveDecorator", "ExceptionReplacer", "VariableReplacer", "VariableInserter")
# leaves that no operator changes, which are most of a tree
_LEAVES = ("name", "string", "newline", "endmarker", "fstring_string")


Identity = tuple[str, str, str, int]


class Mutant(NamedTuple):
    """One change of one region: the nth place of an operator there."""

    region: Region
    operator: str
    nth: int
    occurrence: int

    @property
    def identity(self) -> Identity:
        """What finds the mutant again while the code of its region stays, wherever it stands."""
        return self.region.name, self.region.digest, self.operator, self.nth

    def source(self) -> str:
        """The whole mutated file."""
        code = mutate_code(self.region.path.read_text(), get_operator(self.operator)(), self.occurrence)
        assert code is not None, f"{self} changes nothing"
        return code

    def compiles(self) -> bool:
        """Whether the mutated file is Python at all: an operator may meet what only looks like it."""
        try:
            compile(self.source(), str(self.region.path), "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return True

    def change(self) -> tuple[str, str]:
        """The changed lines before and after, without what surrounds them."""
        lines = difflib.ndiff(self.region.path.read_text().splitlines(), self.source().splitlines())
        changed = [line for line in lines if line[:2] in ("- ", "+ ")]
        return tuple(" ".join(line[2:].split("#")[0].strip() for line in changed if line[0] == sign) for sign in "-+")  # type: ignore[return-value]


def files(folder: Path) -> list[Path]:
    """The files of a system, in a fixed order."""
    return sorted(folder.rglob("*.py"))


def sample(folder: Path, size: int, rng: np.random.Generator, kept: set[Identity] | None = None) -> list[Mutant]:
    """Mutants at different places: a place is drawn first, then one of the ways to change it.

    Parameters
    ----------
    folder : Path
        The library of a system.
    size : int
        Number of mutants; all places where there are fewer.
    rng : numpy.random.Generator
        Draws places and ways.
    kept : set of tuples
        What `Mutant.identity` gives of mutants that are there already, at whose places none is drawn.
    """
    places: dict[Any, list[Mutant]] = defaultdict(list)
    for path in files(folder):
        for place, mutant in mutants(path):
            places[str(path), place].append(mutant)
    names = sorted(places)
    found: list[Mutant] = []
    for i in rng.permutation(len(names)):
        ways = places[names[i]]
        way = ways[rng.integers(len(ways))]
        if len(found) == size:
            break
        if not any(one.identity in (kept or ()) for one in ways) and way.compiles():
            found.append(way)
    return found


def again(folder: Path, name: str, digest: str, operator: str, nth: int) -> Mutant | None:
    """A mutant of a region with this digest, in whatever file it stands now; None where its code has changed."""
    for path in files(folder):
        regions = places_of(path, path.stat().st_mtime_ns).regions()
        if any((region.name, region.digest) == (name, digest) for region in regions):
            for _, one in mutants(path, operator):
                if one.identity == (name, digest, operator, nth):
                    return one
    return None


def mutants(path: Path, operator: str | None = None) -> Iterator[tuple[Place, Mutant]]:
    """Every mutant of a file, or those of one operator, with its place."""
    where = places_of(path, path.stat().st_mtime_ns)
    if not where.inside:
        return
    operators = [(name, get_operator(name)()) for name in (operators_used() if operator is None else [operator])]
    occurrences: Counter[str] = Counter()
    numbers: Counter[tuple[str, str]] = Counter()
    for node in ast_nodes(get_ast(path.read_text())):
        if node.type in _LEAVES:
            continue
        for name, instance in operators:
            for start, end in instance.mutation_positions(node):
                region = where.region((start, end))
                if region is not None:
                    yield (start, end), Mutant(region, name, numbers[region.key, name], occurrences[name])
                    numbers[region.key, name] += 1
                occurrences[name] += 1


@functools.cache
def places_of(path: Path, _: int) -> Places:
    """The places of a file as it was when it was last written."""
    return Places(path)


@functools.cache
def operators_used() -> list[str]:
    """The operators of cosmic-ray whose mutants say something."""

    def says(name: str) -> bool:
        kind, *words = name.removeprefix("core/").split("_")
        if kind in OTHERS or words[-1:] == ["Invert"]:
            return False
        return "Invert" in words or len({next((k for k in KINDS if word in k), None) for word in words}) <= 1

    return [name for name in operator_names() if says(name)]
