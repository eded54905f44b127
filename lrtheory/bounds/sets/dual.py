"""All points of a polyhedron: a linear inequality that is a sum of given ones, with multipliers that are checked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from lrtheory.bounds.arithmetic.letters import Ratio
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.sets.entry import Entry

__all__ = ["ONE", "Dual", "Form", "Program", "follows", "proposed", "rational_solution", "table", "vertex"]

Form = Mapping[Hashable, Any]  # a linear form: the coefficient of each variable
ONE = "1"  # the variable that is 1, for constants
_LARGEST = 10**6  # denominators of numbers that a program in doubles proposes


@dataclass(frozen=True)
class Program:
    """A linear inequality that is to follow from others, for all numbers that its variables may be.

    Parameters
    ----------
    facts : mapping of str to mapping
        Linear forms that are at least 0, by their names; the variable `ONE` is 1.
    goal : mapping
        Linear form that is to be at least 0 wherever all facts are.
    unit : hashable
        Variable that is 1 where the smallest value of the goal is looked for, since goals and facts may be scaled.
    multipliers : mapping of str to number, or None
        Multipliers of the facts that the author knows, such as quotients of letters; None lets a solver find them.
    name : str
        Name of the case, for files that others check.
    """

    facts: Mapping[str, Form]
    goal: Form
    unit: Hashable = ONE
    multipliers: Mapping[str, Any] | None = None
    name: str = ""


@dataclass(frozen=True)
class Dual(Entry):
    """All points of some polyhedra, on each of which a linear inequality follows from those that define it.

    A solver in doubles proposes multipliers; what counts is that they are not negative, and that the facts times them
    are the goal, in rational numbers. Where the goal is 0 for a point that is not 0, the program is sharp, and the
    point becomes an instance, on which the statement's own check must find both sides equal.

    Parameters
    ----------
    words : str
        Plural noun phrase for what the programs cover together: "monotone submodular functions of 5 elements".
    programs : callable
        Makes the programs, one for each case.
    instance : callable or None
        ``instance(values) -> instance`` of the statement's own type, from the values of all variables as Fractions;
        None where a point is no instance.
    anchors : sequence
        Further instances of the set, on which the check must agree.
    sharp : bool
        Whether some program attains its goal, so that no larger constant holds; needs `instance`.
    share : Fraction or None
        Share of the unit that the goals claim, if that is their constant.
    quantity : str
        Name of the unit of which the goals claim a share, such as "OPT".
    terms : mapping of str to mapping
        Other quantities as linear forms, by their names, of which a sharper claim may take a share too.
    data : mapping of str to int
        Numbers of which `check.py` makes the same programs, such as n and k of greedy selection; empty where it cannot.
    invisible : mapping of str to str
        Saboteurs that hold on the members that are measured, by their names, each with the reason; see `All`.
    budget : {"quick", "thorough"}
        Least budget at which the set is decided.

    Raises
    ------
    StatementError
        If the words are empty or begin with a number, or there is nothing on which the check could be asked.
    """

    words: str
    programs: Callable[[], Iterable[Program]]
    instance: Callable[[Mapping[Hashable, Fraction]], Any] | None = None
    anchors: Sequence[Any] = ()
    sharp: bool = False
    share: Fraction | None = None
    quantity: str = "the unit"
    terms: Mapping[str, Form] = field(default_factory=dict)
    data: Mapping[str, int] = field(default_factory=dict)
    invisible: Mapping[str, str] = field(default_factory=dict)
    budget: str = "quick"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.anchors and not (self.sharp and self.instance):
            raise StatementError(f"all {self.words}: there is no instance on which the check could be asked")

    @property
    def members(self) -> int:
        """The least number of members that are measured."""
        return len(self.anchors) + self.sharp

    def named(self) -> Iterator[tuple[str, Any]]:
        """Yield the anchors by their numbers.

        Yields
        ------
        tuple of str and object
            Number of the anchor, from 0, and the instance.
        """
        for number, instance in enumerate(self.anchors):
            yield f"{number}", instance

    @property
    def end(self) -> str:
        """The place of the instance that the programs give: behind the anchors."""
        return f"{len(self.anchors)}"

    def member(self, place: str) -> Any:
        """An anchor, or the instance that the programs give.

        Parameters
        ----------
        place : str
            Number of the anchor, or `end`.

        Returns
        -------
        object or None
            Instance; None where there is none.
        """
        if place != self.end or self.instance is None:
            return super().member(place)
        _, against, tight = self.decided()
        found = against or tight
        return self.instance(found[0]) if found else None

    def decided(self) -> tuple[str, list[Mapping[Hashable, Fraction]], list[Mapping[Hashable, Fraction]]]:
        """Decide all programs.

        Returns
        -------
        open : str
            Reason why a program is not decided; empty if all are.
        against : list of mapping
            Points at which facts hold and the goal does not, as far as they were found; then the rest is not looked at.
        tight : list of mapping
            The first point at which a goal is 0, with its unit at 1; empty where none was found.

        Raises
        ------
        StatementError
            If there is no program, or a form names no variable.
        """
        tight: list[Mapping[Hashable, Fraction]] = []
        inhabited = False
        for number, program in enumerate(self.programs(), start=1):
            if not program.facts or not any(program.goal.values()):
                raise StatementError(f"all {self.told}: program {number} has no facts, or a goal without variables")
            if _is_empty(program):
                continue
            multipliers = program.multipliers or proposed(program)
            if multipliers is None or not follows(program, multipliers):
                point = vertex(program)
                against: list[Mapping[Hashable, Fraction]] = (
                    [point] if point is not None and _value(program.goal, point) < 0 else []
                )
                return f"program {number} has no multipliers that prove its goal", against, []
            inhabited = True
            if self.sharp and not tight:
                point = vertex(program)
                tight += [point] if point is not None and _value(program.goal, point) == 0 else []
        if not inhabited:
            raise StatementError(f"all {self.told}: there is no program whose facts can hold together")
        return ("" if tight or not self.sharp else "no program attains its goal"), [], tight


def follows(program: Program, multipliers: Mapping[str, Any]) -> bool:
    """Whether multipliers prove a goal: none is negative, and the facts times them add up to it.

    Parameters
    ----------
    program : Program
        Facts and goal.
    multipliers : mapping of str to int, Fraction or Ratio
        One for each fact that is used.

    Returns
    -------
    bool
        Nothing in doubles is accepted. That `ONE` is at least 0 may be used as a fact of that name.

    Raises
    ------
    StatementError
        If a multiplier is no exact number, or names no fact.
    """
    total: dict[Hashable, Any] = {}
    facts: dict[str, Form] = {ONE: {ONE: 1}, **program.facts}
    for name, weight in multipliers.items():
        exact = isinstance(weight, (int, Fraction, Ratio)) and not isinstance(weight, bool)
        if not exact or name not in facts:
            raise StatementError(f"a multiplier must be an exact number and name a fact; got {weight!r} of {name!r}")
        if not _is_at_least_zero(weight):
            return False
        for variable, coefficient in facts[name].items():
            total[variable] = total.get(variable, 0) + weight * coefficient
    rest = {v: total.get(v, 0) - program.goal.get(v, 0) for v in {*total, *program.goal}}
    return all((one.sign if isinstance(one, Ratio) else one) == 0 for one in rest.values())


def _is_at_least_zero(weight: Any) -> bool:
    if isinstance(weight, Ratio):
        return min(weight.num.coeffs(), default=0) >= 0
    return weight >= 0


def _is_empty(program: Program) -> bool:
    """Whether the facts contradict each other, as multipliers show whose sum of facts is -1."""
    if program.multipliers is not None or all(ONE not in form for form in program.facts.values()):
        return False  # forms without constants are all 0 at 0
    impossible = replace(program, goal={ONE: -1})
    ray = proposed(impossible)
    return ray is not None and follows(impossible, ray)


def _value(form: Form, point: Mapping[Hashable, Fraction]) -> Fraction:
    return sum((Fraction(c) * point[v] for v, c in form.items()), Fraction(0))


def table(program: Program, *others: Form) -> tuple[list[Hashable], list[str], np.ndarray, np.ndarray]:
    """Write a program as a table.

    Parameters
    ----------
    program : Program
        Facts and goal, whose coefficients are numbers; that `ONE` is at least 0 becomes a fact.
    *others : mapping
        Further forms whose variables get a place.

    Returns
    -------
    variables : list
        All variables.
    names : list of str
        Names of the facts.
    A : ndarray of shape (n_facts, n_variables)
        Coefficients of the facts as Fractions.
    c : ndarray of shape (n_variables,)
        Coefficients of the goal.
    """
    facts: dict[str, Form] = {ONE: {ONE: 1}, **program.facts}
    variables = list(dict.fromkeys(v for form in (*facts.values(), program.goal, *others) for v in form))
    place = {v: i for i, v in enumerate(variables)}
    A, c = np.full((len(facts), len(variables)), Fraction(0)), np.full(len(variables), Fraction(0))
    for row, form in zip(A, facts.values(), strict=True):
        for v, coefficient in form.items():
            row[place[v]] += Fraction(coefficient)
    for v, coefficient in program.goal.items():
        c[place[v]] += Fraction(coefficient)
    return variables, list(facts), A, c


def proposed(program: Program) -> dict[str, Fraction] | None:
    """Find multipliers by a linear program in doubles, solved again in rationals on those that it uses.

    Parameters
    ----------
    program : Program
        Facts and goal, whose coefficients are numbers.

    Returns
    -------
    dict or None
        Multipliers of some facts, which `follows` has not judged yet; None where there are none.
    """
    from scipy.optimize import linprog

    _, names, A, c = table(program)
    found = linprog(np.ones(len(names)), A_eq=A.T.astype(float), b_eq=c.astype(float), method="highs-ds")
    if found.x is None:
        return None
    used = np.flatnonzero(found.x > 1e-9)
    exact = rational_solution(A[used].T, c)
    return None if exact is None else {names[i]: y for i, y in zip(used, exact, strict=True)}


def rational_solution(A: np.ndarray, b: np.ndarray) -> list[Fraction] | None:
    """Solve equations in rationals.

    Parameters
    ----------
    A : ndarray of shape (m, n)
        Coefficients as Fractions.
    b : ndarray of shape (m,)
        Right sides as Fractions.

    Returns
    -------
    list of Fraction or None
        One y with A y = b, with 0 for what is free; None where there is none.
    """
    rows = [[_rational(entry) for entry in (*row, right)] for row, right in zip(A, b, strict=True)]
    reduced, rank = flint.fmpq_mat(rows).rref()
    n = A.shape[1]
    y = [Fraction(0)] * n
    for i in range(rank):
        lead = next(j for j in range(n + 1) if reduced[i, j] != 0)
        if lead == n:
            return None
        y[lead] = Fraction(int(reduced[i, n].p), int(reduced[i, n].q))
    return y


def _rational(number: Any) -> flint.fmpq:
    exact = Fraction(number)
    return flint.fmpq(exact.numerator, exact.denominator)


def vertex(program: Program) -> dict[Hashable, Fraction] | None:
    """The point at which the goal is least where its unit is 1, or within a box where it has no least value.

    Parameters
    ----------
    program : Program
        Facts and goal, whose coefficients are numbers.

    Returns
    -------
    dict or None
        Values of all variables for which every fact holds, in rationals; None where the proposal of the solver,
        rounded, does not satisfy them.
    """
    from scipy.optimize import linprog

    if program.multipliers is not None:
        return None
    variables, _, A, c = table(program)
    units = [v for v in (ONE, program.unit) if v in variables]
    ends = [(1, 1) if v in units else (-_LARGEST, _LARGEST) for v in variables]
    found = linprog(c.astype(float), A_ub=-A.astype(float), b_ub=np.zeros(len(A)), bounds=ends, method="highs-ds")
    if found.x is None:
        return None
    point = {v: Fraction(x).limit_denominator(_LARGEST) for v, x in zip(variables, found.x, strict=True)}
    return point if all(_value(form, point) >= 0 for form in program.facts.values()) else None
