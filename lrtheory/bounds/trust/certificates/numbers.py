"""Sets of letters and of linear programs as numbers and expressions, which `check.py` reads with nothing of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain
from math import lcm
from typing import Any

from lrtheory.bounds.arithmetic.letters import Ratio
from lrtheory.bounds.claims import Inequality
from lrtheory.bounds.sets import Dual, Generic, Square
from lrtheory.bounds.sets.dual import proposed
from lrtheory.bounds.statement import Statement

__all__ = ["numbers"]

#: characters of one expression, for which `check.py` takes about a second
_LONGEST = 30_000


def numbers(statement: Statement) -> dict[str, str]:
    """Write the sets of a statement that `check.py` can read, each with one that it must refuse.

    Parameters
    ----------
    statement : Statement
        Any statement.

    Returns
    -------
    dict of str to str
        JSON texts by the names of their files. Sets of letters are there if their expressions are short enough, with
        an instance for each of the saboteurs that they have on letters; linear programs are there if they name what
        `check.py` makes them of (`Dual.data`).
    """
    found: dict[str, str] = {}
    for number, one in enumerate(statement.for_all, start=1):
        name = f"{_slug(statement.id.partition('/')[2])}_{number}"
        head = {"format": 1, "id": statement.id, "words": one.told}
        files: dict[str, Mapping[str, Any] | None] = {}
        if isinstance(one, Generic):
            files[name] = _of_letters(statement, one)
            for saboteur in one.wrong:
                files[f"{name}_{_slug(saboteur).lower()}"] = _instance(statement, one, saboteur)
        elif isinstance(one, Dual) and one.data:
            files[name] = _of_programs(one)
        for file, data in files.items():
            if data is not None:
                for place, told in (("", data), ("wrong/", _wrong(data))):
                    found[f"{place}{file}.json"] = json.dumps(head | dict(told), indent=1) + "\n"
    return found


def _slug(words: str) -> str:
    return re.sub(r"\W+", "_", words, flags=re.ASCII)


def _instance(statement: Statement, one: Generic, saboteur: str) -> dict[str, Any]:
    """Numbers at which the outcome of a saboteur contradicts the claim."""
    at, lhs, rhs = one.mistake(saboteur, statement.claim)
    relation = "<=" if isinstance(statement.claim, Inequality) else "="
    sides = {"lhs": _text(lhs), "relation": relation, "rhs": _text(rhs)}
    return {"kind": "instance", "saboteur": saboteur, "at": dict(zip(one.symbols, at, strict=True)), **sides}


def _of_letters(statement: Statement, one: Generic) -> dict[str, Any] | None:
    """The entries of a set of letters, with the products that show an inequality; None where one is too long."""
    relation = "<=" if isinstance(statement.claim, Inequality) else "="
    rows: list[dict[str, Any]] = []
    for lhs, rhs, products in one.told_entries(statement.solve, statement.claim):
        row: dict[str, Any] = {"lhs": _text(lhs), "relation": relation, "rhs": _text(rhs)}
        if products is not None:
            row["because"] = [[_text(each) for factor in some for each in _alone(factor)] for some in products]
        if None in (row["lhs"], row["rhs"], *chain.from_iterable(row.get("because", ()))):
            return None
        rows.append(row)
    return {"kind": "identity", "letters": list(one.symbols), "identities": rows}


def _alone(factor: Any) -> list[Any]:
    """A factor, or the root of a square twice."""
    return [factor.root] * 2 if isinstance(factor, Square) else [factor]


def _text(number: Any) -> str | None:
    """The operations that made a number, as an expression; None where that is too long."""
    parts, length = [], 0
    for part in _parts(number):
        parts.append(part)
        length += len(part)
        if length > _LONGEST:
            return None
    return "".join(parts)


def _parts(number: Any) -> Iterator[str]:
    made = number.made if isinstance(number, Ratio) else number
    if isinstance(made, str):
        yield made
    elif isinstance(made, tuple):
        symbol, *operands = made
        yield "(" + symbol * (len(operands) == 1)
        for place, operand in enumerate(operands):
            yield symbol * (place > 0)
            yield from _parts(operand)
        yield ")"
    else:
        exact = Fraction(made)
        yield f"({exact.numerator}/{exact.denominator})"


def _of_programs(one: Dual) -> dict[str, Any] | None:
    """The multipliers of all programs in whole numbers; None where a program has none."""
    assert one.share is not None
    sets = {}
    for program in one.programs():
        multipliers = proposed(program)
        if multipliers is None:
            return None
        scale = lcm(*(one.denominator for one in multipliers.values())) * one.share.denominator
        whole = {name: int(weight * scale) for name, weight in multipliers.items() if weight}
        # `check.py` has the goal times the denominator of the share
        sets[program.name] = {"scale": scale // one.share.denominator, "multipliers": whole}
    share = {"num": one.share.numerator, "den": one.share.denominator}
    return {"kind": "dual", **one.data, **share, "sets": sets}


def _wrong(data: Mapping[str, Any]) -> dict[str, Any]:
    """Change one number of a file, so that it is false."""
    found = json.loads(json.dumps(data))
    if found["kind"] == "instance":
        found["rhs"] = found["lhs"]
    elif found["kind"] == "identity":
        row = found["identities"][0]
        row["lhs"], row["rhs"] = (row["rhs"] + "+1", row["lhs"])
    else:
        multipliers = next(iter(found["sets"].values()))["multipliers"]
        multipliers[next(iter(multipliers))] += 1
    return dict(found)
