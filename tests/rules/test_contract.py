"""Every public callable of every system keeps the rules of the API, and every rule rejects what breaks it."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lrtheory
from lrtheory._result import Result, result
from lrtheory._validation import generator, real
from tests.rules.public_names import ROOT, Entry, all_entries, entries, source_files, system_modules

pytest.importorskip("numpydoc")
from tests.examples import all_calls, calls
from tests.rules import contract


def named(check: Callable[..., None]) -> str:
    return check.__name__.removeprefix("check_")


@pytest.mark.parametrize("entry", all_entries(), ids=lambda entry: entry.id)
def test_callable(entry: Entry) -> None:
    for check in contract.CALLABLE_CHECKS:  # a test for each of twelve thousand pairs would take longer to report
        check(entry)


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_every_function_has_an_example(system: str) -> None:
    functions = {e.name for e in entries(system) if not isinstance(e.value, type) and e.owner is None}
    examples = set(calls(system))
    assert functions <= examples, f"tests/examples/{system}.py lacks {sorted(functions - examples)}"
    assert examples <= functions, f"tests/examples/{system}.py has {sorted(examples - functions)}, which are not public"


@pytest.mark.parametrize(("system", "name"), all_calls())
def test_value(system: str, name: str) -> None:
    recipe = calls(system)[name]()
    package = dict(system_modules(system))[""]
    value = operator.attrgetter(name)(package)(*recipe.args, **recipe.options)
    if not name.rpartition(".")[2].startswith(("make_", "load_")):
        contract.check_returns_result(value)
    if isinstance(value, Result):
        for check in contract.RESULT_CHECKS:
            check(value)


@pytest.mark.parametrize("check", contract.FILE_CHECKS, ids=named)
def test_files(check: Callable[[str, str], None]) -> None:
    for path in source_files():
        check(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


# --- the rules reject what breaks them -------------------------------------------------------------------------------


def bare(a, b, c, d):
    return a


def worded(a, *, eps=0.1):
    """Do it."""


def drawing(a):
    """Do it."""
    return generator(a).random()


def checking(a):
    """Do it.

    Parameters
    ----------
    a, c : float
        A number.
    """
    return real("a", a)


def annotated(a) -> float:
    """Do it."""
    return a


class Loose(Result):
    """A result that is no dataclass."""


@result
class Disordered(Result):
    """A result with its fields out of order."""

    trace: Any
    pi: Any
    method: Any = ""


@dataclasses.dataclass
class Record:
    """No result."""


Record.__module__ = "lrtheory.toy"


class Open:
    """Pickles into a writable array and prints for ever."""

    def __init__(self) -> None:
        self.values = np.zeros(3)

    def __repr__(self) -> str:
        return "0" * 1000


@dataclasses.dataclass
class Writable:
    """Its array can be written to, and its dictionary is not JSON."""

    values: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        return {"values": float("nan")}


@result
class Blank(Result):
    """Draws nothing."""

    gap: float

    def _draw(self, ax: Any) -> None:
        pass


class Forgetful(Result):
    """Writes a form of its own, and reads back nothing of it."""

    _is_more = True

    def _write(self, target: Any) -> bool:
        np.savez(target, a=0)
        return True


def arrayed() -> None:
    """Do it."""


arrayed.arrays = "device"  # type: ignore[attr-defined]


def meant(energy: float) -> None:
    """Do it.

    Parameters
    ----------
    energy : float
        A share.
    """


LONG = "def f():\n" + "    x = 1\n" * 60
TOYS: dict[Callable[..., None], tuple[Any, ...]] = {
    contract.check_positional: (Entry("toy", "bare", bare),),
    contract.check_words: (Entry("toy", "worded", worded),),
    contract.check_meanings: (Entry("toy", "meant", meant),),
    contract.check_rng: (Entry("toy", "drawing", drawing),),
    contract.check_summary: (Entry("toy", "bare", bare),),
    contract.check_parameters: (Entry("toy", "checking", checking),),
    contract.check_returns: (Entry("toy", "annotated", annotated),),
    contract.check_raises: (Entry("toy", "checking", checking),),
    contract.check_reference: (Entry("toy", "theory.checking", checking),),
    contract.check_arrays_line: (Entry("toy", "arrayed", arrayed),),
    contract.check_result_class: (Entry("toy", "Loose", Loose),),
    contract.check_field_order: (Entry("toy", "Disordered", Disordered),),
    contract.check_returns_result: (Record(),),
    contract.check_read_only: (Writable(np.zeros(3)),),
    contract.check_json: (Writable(np.zeros(3)),),
    contract.check_short_repr: (Open(),),
    contract.check_certificate: (SimpleNamespace(certificate=SimpleNamespace(gap=0.0, bound=1.0, statement="a/B")),),
    contract.check_counts: (SimpleNamespace(counts={"queries": 1}),),
    contract.check_shown: (Blank(1.0),),
    contract.check_saved: (Forgetful(),),
    contract.check_file_length: ("long.py", "x = 1\n" * 301),
    contract.check_function_length: ("long.py", LONG),
}


@pytest.mark.parametrize("check", TOYS, ids=named)
def test_the_rule_rejects(check: Callable[..., None]) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check(*TOYS[check])


def test_every_rule_has_its_toy() -> None:
    rules = {value for name, value in vars(contract).items() if name.startswith("check_")}
    assert rules == set(TOYS)


def test_positional_rng_and_seed_are_rejected() -> None:
    def positional(a, rng=None):
        """Do it."""

    def seeded(a, *, random_state=None):
        """Do it."""

    with pytest.raises(AssertionError, match="keyword-only"):
        contract.check_rng(Entry("toy", "positional", positional))
    with pytest.raises(AssertionError, match="estimators"):
        contract.check_words(Entry("toy", "seeded", seeded))
