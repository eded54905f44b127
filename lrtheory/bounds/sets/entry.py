"""The class that all entries of `Statement.for_all` share: words for a set, and the members that are measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lrtheory.bounds.errors import StatementError

__all__ = ["Entry", "Ran", "traced"]

_PACKAGE = Path(__file__).resolve().parents[2]


class Entry:
    """An entry of `Statement.for_all`, which names things in words and measures some or all of them as instances."""

    words: str
    #: saboteurs that it cannot tell from the statement, each with the reason
    invisible: Mapping[str, str]

    def __post_init__(self) -> None:
        if not isinstance(self.words, str) or not self.words.strip() or self.words.lstrip()[0].isdigit():
            kind = type(self).__name__
            raise StatementError(f"`words` of {kind} must name things, and not count them; got {self.words!r}")

    @property
    def told(self) -> str:
        """The set in words, with the number of its things where it has one."""
        return self.words

    def named(self) -> Iterator[tuple[str, Any]]:
        """Yield the members that are measured, by their places.

        Yields
        ------
        tuple of str and object
            Place of the member, which a label ends with, and the instance.
        """
        yield from ()

    def member(self, place: str) -> Any:
        """The member at a place, as `named` has it.

        Parameters
        ----------
        place : str
            The end of a label.

        Returns
        -------
        object or None
            Instance; None where there is none.
        """
        return next((instance for name, instance in self.named() if name == place), None)


class Ran(set[str]):
    """The kinds of functions that have run: of the "code" of a system, or of a "formula"."""

    @property
    def about(self) -> str:
        """The subject of a computation: functions of the library, formulas alone, or a relation of the author."""
        return "the code" if "code" in self else "the formula" if "formula" in self else "the rule"


@contextmanager
def traced(system: str) -> Iterator[Ran]:
    """A context that notes whether functions of a system run, and whether these are formulas alone.

    Parameters
    ----------
    system : str
        System whose code is told from formulas.

    Yields
    ------
    Ran
        The kinds of functions that have run so far.
    """
    ran = Ran()
    library, theory, formulas = (str(_PACKAGE / path) for path in (system, f"{system}/theory", "_numbers/domains.py"))

    def note(frame: Any, event: str, _: Any) -> None:
        path = frame.f_code.co_filename
        if event == "call" and path.startswith((theory, formulas)):
            ran.add("formula")
        elif event == "call" and path.startswith(library):
            ran.add("code")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield ran
    finally:
        sys.setprofile(before)
