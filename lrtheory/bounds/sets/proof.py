"""A theorem for all sizes, whose proof is a file of its author that Coq checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.sets.entry import Entry

__all__ = ["ABOUT", "Proof", "Wrong", "real", "reals"]

#: what a file can be about: a mathematical sentence, or a relation that the answers of the algorithm obey
ABOUT = ("the theorem", "the rule")


@dataclass(frozen=True)
class Wrong:
    """A change of one part of the definitions or of the claim of a file, after which the proof must fail.

    Parameters
    ----------
    saboteur : str
        Name of a saboteur that exchanges the claim, or another name for a change of a definition.
    right, wrong : str
        A part of the definitions that stands there once, and what takes its place.
    against : callable or None
        Makes the arguments of an instance that contradicts the wrong claim; None where the instances of the statement
        hold one, which is found, or none is known.
    """

    saboteur: str
    right: str
    wrong: str
    against: Callable[[], str] | None = None


@dataclass(frozen=True)
class Proof(Entry):
    """All instances of every size: a theorem in a file for Coq, tied to the code by instances on which both agree.

    Nothing is decided here: a set is proved in a run alone in which Coq accepted the file.

    Parameters
    ----------
    words : str
        Noun phrase for what the theorem is about: "every monotone submodular function, every n and k".
    file : Path
        The file, whose parts are a head, definitions with `hypotheses`, `lhs`, `rhs` and `claim`, and the proof of
        ``certified : claim``. Beside it the claim lies as Coq prints it, in a file of the same name that ends with
        ``.claim``.
    anchor : callable
        ``anchor(instance, outcome)``, for an entry of the sides the arguments of `hypotheses`, `lhs` and `rhs`, as a
        text for Coq; an empty mapping where the file does not speak of the instance. The file has tactics `holds` for
        the hypotheses, `anchored` for all of an anchor, and `impossible` for an inequality that numbers contradict.
    about : {"the theorem", "the rule"}
        "the rule" where the arguments have the answer of the algorithm in them.
    wrong : tuple of Wrong
        Wrong claims, which the same proof must not prove.
    invisible : mapping of str to str
        Saboteurs that neither the claim nor the anchors can see, by their names, each with the reason.

    Raises
    ------
    StatementError
        If the words are empty or begin with a number, or `about` is another word.
    """

    words: str
    file: Path
    anchor: Callable[[Any, Any], Mapping[int, str]]
    about: str = ABOUT[0]
    wrong: tuple[Wrong, ...] = ()
    invisible: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.about not in ABOUT:
            raise StatementError(f"`about` of Proof must be one of {', '.join(map(repr, ABOUT))}; got {self.about!r}")


def real(number: Any) -> str:
    """A rational number as Coq reads it.

    Parameters
    ----------
    number : number
        An int, a Fraction, or a double, which stands for the rational number that it is.

    Returns
    -------
    str
        A quotient in brackets.
    """
    exact = Fraction(number)
    return f"({exact.numerator} / {exact.denominator})"


def reals(row: Iterable[Any]) -> str:
    """A list of rational numbers as Coq reads it.

    Parameters
    ----------
    row : iterable of number
        The numbers.

    Returns
    -------
    str
        A list in square brackets.
    """
    return f"[{'; '.join(map(real, row))}]"
