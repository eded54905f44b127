"""Names of formulas in the evidence lead to them: each can be imported as it is printed, or found in its system."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lrtheory
from lrtheory._front import registry
from lrtheory.bounds import Derived, Statement
from tests.core.formulas.declared import families, rooms
from tests.rules.public_names import ROOT, system_modules

EVIDENCE = sorted((ROOT / "docs" / "evidence").glob("*.md"))
#: a dotted name below one of the packages; a label that was cut short ends in dots, and is no name
DOTTED = re.compile(r"\b(?:lrtheory|proofs_checks)(?:\.[A-Za-z_]\w*)+(?![\w.]*\.\.\.)(?!\w)")
#: a name in backticks, alone or behind the name of its module, with or without arguments
QUOTED = re.compile(r"`((?:[A-Za-z_]\w*\.)*[a-z]\w*_\w+)(?:\(.*?\))?`")


def leads_somewhere(path: str) -> bool:
    """Whether a dotted name is a module, or an attribute of one."""
    try:
        pkgutil.resolve_name(path)
    except (ImportError, AttributeError):
        return False
    return True


def places(system: str) -> Iterator[object]:
    """The modules in which a name of the evidence of a system may stand: public ones, rooms and families."""
    yield from (module for _, module in system_modules(system))
    yield from (*rooms(system), *families(system))


def derived(statement: Statement) -> bool:
    return isinstance(statement.source, Derived)


@pytest.mark.parametrize("path", EVIDENCE, ids=lambda path: path.stem)
def test_names_lead_to_what_they_name(path: Path) -> None:
    text, system = path.read_text(encoding="utf-8"), path.stem
    named = set(DOTTED.findall(text))
    assert named, "a system without a formula of its own"
    lost = sorted(name for name in named if not leads_somewhere(name))
    quoted = {name.rpartition(".")[2] for name in QUOTED.findall(text)}
    lost += sorted(name for name in quoted if not any(hasattr(module, name) for module in places(system)))
    assert not lost, f"no such name: {', '.join(lost)}; `lrtheory report` makes the evidence anew"


def test_the_source_of_every_derived_statement_is_printed_as_a_name_that_can_be_imported() -> None:
    formulas = {str(one.source).partition(": ")[2]: one.source.theory for one in registry() if derived(one)}
    assert len(formulas) > 100
    assert [name for name, one in formulas.items() if pkgutil.resolve_name(name) is not one] == []


def test_every_system_has_evidence() -> None:
    assert [path.stem for path in EVIDENCE] == sorted(lrtheory.SYSTEMS)
