"""A theorem has one room: its formulas, family and wrong solvers stand beside it, are explained there, and are used."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import lrtheory
from lrtheory.bounds import Derived, Expectation, Law, Probability, Rate, Recorded, Statement
from tests.core.formulas.declared import families, own_formulas, rooms
from tests.rules.public_names import ROOT

MOST_STATEMENTS = 5
ROOMS = [(system, module) for system in lrtheory.SYSTEMS for module in rooms(system)]
NAMED = {"ids": [module.__name__ for _, module in ROOMS]}
#: what may call a formula of `theory`, besides the system itself
CALLERS = ("figures", "notebooks", "demos", "benchmarks")


def statements_in(module: ModuleType) -> list[Statement]:
    return [one for one in vars(module).values() if isinstance(one, Statement)]


@pytest.mark.parametrize(("system", "module"), ROOMS, **NAMED)
def test_a_room_holds_one_to_five_theorems(system: str, module: ModuleType) -> None:
    assert 1 <= len(statements_in(module)) <= MOST_STATEMENTS


# --- every argument is explained -------------------------------------------------------------------------------------


def unexplained(function: Callable[..., Any], texts: list[str]) -> list[str]:
    """The arguments of a formula whose names stand neither in the texts nor in its own help, above the proof."""
    help_above = (inspect.getdoc(function) or "").partition("\nProof\n")[0]
    told = "\n".join([*texts, re.sub("^Domain: .*", "", help_above, flags=re.MULTILINE)])
    return [name for name in inspect.signature(function).parameters if not re.search(rf"(?<!\w){name}(?!\w)", told)]


WITH_FORMULAS = [one for system in lrtheory.SYSTEMS for one in (*rooms(system), *families(system)) if own_formulas(one)]


@pytest.mark.parametrize("module", WITH_FORMULAS, ids=[module.__name__ for module in WITH_FORMULAS])
def test_every_argument_of_a_formula_is_explained(module: ModuleType) -> None:
    texts = [module.__doc__ or "", *(one.says for one in statements_in(module))]
    found = {name: unexplained(one, texts) for name, one in own_formulas(module).items()}
    assert {name: arguments for name, arguments in found.items() if arguments} == {}


def test_an_argument_that_no_text_names_is_found() -> None:
    def f(sigma: float, eta: float) -> None:
        """At most eta_0 / sigma."""

    assert unexplained(f, ["sigmas"]) == ["eta"]


# --- a formula stands where its theorem stands -----------------------------------------------------------------------


@pytest.mark.parametrize(("system", "module"), ROOMS, **NAMED)
def test_a_derived_formula_is_in_the_room_of_its_statement_or_in_the_library(system: str, module: ModuleType) -> None:
    derived = [one.source.theory.__module__ for one in statements_in(module) if isinstance(one.source, Derived)]
    # what two rooms rest on lies in families, and what two systems rest on in the core
    elsewhere = (f"lrtheory.{system}.", "lrtheory._numbers.", f"proofs_checks.{system}.families.")
    assert [one for one in derived if one != module.__name__ and not one.startswith(elsewhere)] == []


def names_in(source: str) -> set[str]:
    """Functions and classes that code uses: its own, imported ones, and what stands behind a module and dots."""
    nodes = list(ast.walk(ast.parse(source)))
    imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    imported = {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}
    known = imported | {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names = {node.id for node in nodes if isinstance(node, ast.Name)} & known
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute) and first_name(node) in imported}


def first_name(node: ast.expr) -> str:
    """What stands before all dots; nothing where it is no name."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def test_fields_and_variables_are_no_calls() -> None:
    source = "from lrtheory import matrix_completion as mc, theory\nfrom theory import a\n"
    used = "found.b\nc = 1\nd = c\na()\ntheory.e()\nmc.theory.f()\nself.g.h"
    assert names_in(source + used) == {"a", "theory", "mc", "e", "f"}


def called(system: str) -> set[str]:
    """Names that solvers, verbs, figures, notebooks, demos and benchmarks of a system use."""
    library = ROOT / "lrtheory" / system
    paths = [path for path in library.rglob("*.py") if path.name != "__init__.py"]
    for folder in CALLERS:
        paths += [path for path in (ROOT / folder).rglob("*.py") if system in path.relative_to(ROOT).as_posix()]
    return set().union(*(names_in(path.read_text(encoding="utf-8")) for path in paths))


def to_plan_with(theory: ModuleType) -> set[str]:
    """The names in the table of what answers a question before anything runs."""
    table = (theory.__doc__ or "").partition("To plan with, before anything runs:\n")[2]
    return set(re.findall(r"^(\w+)  +\S", table, re.MULTILINE))


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_a_formula_of_theory_is_called_or_helps_to_plan(system: str) -> None:
    theory = importlib.import_module(f"lrtheory.{system}.theory")
    public, planning = set(theory.__all__), to_plan_with(theory)
    assert planning <= public
    assert sorted(public - planning - called(system)) == []


# --- nothing in a room is unused -------------------------------------------------------------------------------------


def definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """The functions, classes and constants of a module."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        for target in node.targets if isinstance(node, ast.Assign) else []:
            found.update({target.id: node} if isinstance(target, ast.Name) else {})
    return found


def unused(source: str, roots: set[str]) -> list[str]:
    """Names that a module defines and that nothing reaches from the roots."""
    found = definitions(ast.parse(source))
    uses = {name: {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} for name, node in found.items()}
    seen, waiting = set(), [name for name in roots if name in found]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [used for used in uses[name] if used in found]
    return sorted(set(found) - seen)


@cache
def imported() -> dict[str, set[str]]:
    """Names that statements and demos take from modules of statements, by module."""
    found: dict[str, set[str]] = {}
    for folder in ("proofs_checks", "demos", "notebooks", "figures"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module:
                    found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize(("system", "module"), ROOMS, **NAMED)
def test_everything_in_a_room_serves_a_theorem(system: str, module: ModuleType) -> None:
    theorems = {name for name, one in vars(module).items() if isinstance(one, Statement)}
    own_text = inspect.getsource(module)
    assert unused(own_text, theorems | imported().get(module.__name__, set())) == []
    # a formula may serve others besides, but a theorem of its own room rests on it
    assert [name for name in unused(own_text, theorems) if name in own_formulas(module)] == []


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_families_hold_what_two_rooms_use(system: str) -> None:
    users = {room.__name__: ast.parse(inspect.getsource(room)) for room in rooms(system)}
    for one in families(system):
        using = [name for name, tree in users.items() if one.__name__ in modules_imported(tree)]
        if len(using) < 2:
            assert any(draws_from(one.__name__, importlib.import_module(room)) for room in using), (one.__name__, using)


def draws_from(module: str, room: ModuleType) -> bool:
    """Whether solvers of a room draw for instances of a class of a module, whose name is in that of their streams."""
    own = ((one, case) for one in statements_in(room) for case in one.instances.smallest())
    return any(type(case).__module__ == module and draws(one, case) for one, case in own)


def draws(statement: Statement, case: Any) -> bool:
    """Whether the solver of a statement takes random numbers for an instance."""
    if isinstance(statement.claim, (Expectation, Law, Probability, Rate)):
        return True
    if isinstance(statement.claim, Recorded) or statement.solve is None:
        return False
    rng, untouched = np.random.default_rng(0), np.random.default_rng(0)
    statement.solve(case, rng)
    return bool(rng.random() != untouched.random())


def modules_imported(tree: ast.Module) -> set[str]:
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


def test_what_nothing_reaches_is_found() -> None:
    source = "def a(): return b\ndef b(): pass\ndef c(): return a\nA = 1\nB = a"
    assert unused(source, {"B"}) == ["A", "c"]
