"""Check the JSON files of a folder, in rational numbers and with Python alone: ``python3 check.py [FOLDER]``.

- dual: greedy selection of k among n elements keeps the share num/den, for every monotone submodular function. For
  each set of k elements a sum of inequalities, times whole numbers that are not negative, is the claim.
- identity: two quotients of polynomials are equal, or one is at most the other one, for all positive numbers.
- instance: numbers on which a claim fails.
"""

import ast
import json
import sys
from fractions import Fraction
from itertools import combinations
from pathlib import Path

__all__ = ["Refused", "checked", "main"]


class Refused(Exception):
    """A file does not show what it says."""


def demand(holds, why):
    """Refuse a file for a reason."""
    if not holds:
        raise Refused(why)


def whole(number, least, name):
    """A whole number of at least some size; a truth value or a fraction is none."""
    demand(type(number) is int and number >= least, f"{name} is {number!r}, and no whole number from {least} on")
    return number


def once(pairs):
    """A mapping in which no key is given twice."""
    demand(len({key for key, _ in pairs}) == len(pairs), "a key is given twice")
    return dict(pairs)


def fact(name, n, k):
    """The values f(S), by bit masks of sets S, whose sum with coefficients is not negative."""
    kind, *given = name.split(" ")
    demand(all(word.isdecimal() for word in given), f"{name!r} is no fact")
    numbers = [int(word) for word in given]
    if kind == "Mono" and len(numbers) == 2 and numbers[0] < 1 << n and numbers[1] < n:
        S, v = numbers
        return [(S | 1 << v, 1), (S, -1)]
    if kind == "Sub" and len(numbers) == 3 and numbers[0] < 1 << n and numbers[1] < numbers[2] < n:
        S, a, b = numbers[0], 1 << numbers[1], 1 << numbers[2]
        demand(not S & (a | b), f"{name!r} adds what is there")
        return [(S | a, 1), (S | b, 1), (S | a | b, -1), (S, -1)]
    if kind == "Pick" and len(numbers) == 2 and numbers[0] < k and numbers[1] < n:
        before = (1 << numbers[0]) - 1
        return [(before | 1 << numbers[0], 1), (before | 1 << numbers[1], -1)]
    raise Refused(f"{name!r} is no fact")


def dual(told):
    """The run 0, 1, ..., k - 1 alone; every other one is that after elements are given other numbers."""
    n, k = whole(told["n"], 1, "n"), whole(told["k"], 1, "k")
    demand(k <= n <= 12, "k is above n, or n above 12")
    den = whole(told["den"], 1, "den")
    num = whole(told["num"], 1, "num")
    demand(num <= den, f"the share {num}/{den} is above 1")
    sets = {" ".join(map(str, chosen)): chosen for chosen in combinations(range(n), k)}
    demand(set(told["sets"]) == set(sets), "the sets are not all those of k elements")
    for key, chosen in sets.items():
        row = told["sets"][key]
        scale, total = whole(row["scale"], 1, "scale"), {}
        for name, times in row["multipliers"].items():
            whole(times, 1, f"the multiplier of {name!r}")
            for mask, coefficient in fact(name, n, k):
                total[mask] = total.get(mask, 0) + times * coefficient
        goal = {(1 << k) - 1: scale * den}
        best = sum(1 << v for v in chosen)
        goal[best] = goal.get(best, 0) - scale * num
        rest = {mask: total.get(mask, 0) - goal.get(mask, 0) for mask in {*total, *goal} if mask}
        demand(not any(rest.values()), f"the facts do not add up to the claim for the set {key}")
    return f"greedy selection of {k} among {n} elements keeps {num}/{den}: {len(sets)} sets, the run 0, 1, ... alone"


def times(p, q):
    """The product of two polynomials, mappings of exponents to coefficients."""
    found = {}
    for a, x in p.items():
        for b, y in q.items():
            key = tuple(i + j for i, j in zip(a, b, strict=True))
            found[key] = found.get(key, 0) + x * y
    return {key: x for key, x in found.items() if x}


def plus(p, q, sign=1):
    """The sum of two polynomials."""
    found = {key: p.get(key, 0) + sign * q.get(key, 0) for key in {*p, *q}}
    return {key: x for key, x in found.items() if x}


def quotient(node, letters):
    """Numerator and denominator of an expression; a divisor is positive by the signs of its coefficients."""
    one = {(0,) * len(letters): Fraction(1)}
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return (times({(0,) * len(letters): Fraction(node.value)}, one), one)
    if isinstance(node, ast.Name) and node.id in letters:
        return ({tuple(int(node.id == name) for name in letters): Fraction(1)}, one)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        num, den = quotient(node.operand, letters)
        return plus({}, num, -1), den
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        (a, b), (c, d) = quotient(node.left, letters), quotient(node.right, letters)
        if isinstance(node.op, ast.Mult):
            return times(a, c), times(b, d)
        if isinstance(node.op, ast.Div):
            demand(c and min(c.values()) > 0, "a divisor is not positive by the signs of its coefficients")
            return times(a, d), times(b, c)
        return plus(times(a, d), times(c, b), 1 if isinstance(node.op, ast.Add) else -1), times(b, d)
    raise Refused("an expression has more than whole numbers, letters, +, -, * and /")


def difference(told, letters):
    """The numerator of rhs - lhs, whose denominator is positive."""
    sides = [quotient(ast.parse(told[side], mode="eval").body, letters) for side in ("lhs", "rhs")]
    (a, b), (c, d) = sides
    return plus(times(c, b), times(a, d), -1)


def identity(told):
    """Identities hold as polynomials; for an inequality no coefficient of the difference is negative."""
    letters, rows = told["letters"], told["identities"]
    demand(letters and len(set(letters)) == len(letters) and rows, "there are no letters, or no identities")
    for number, row in enumerate(rows, start=1):
        demand(row["relation"] in ("=", "<="), f"the relation {row['relation']!r} is neither = nor <=")
        gap = difference(row, letters)
        demand(not gap or (row["relation"] == "<=" and min(gap.values()) > 0), f"entry {number} does not hold")
    return f"{len(rows)} identities and inequalities in {len(letters)} letters"


def instance(told):
    """The claim is lhs <= rhs, or lhs = rhs, and the numbers are against it."""
    demand(told["relation"] in ("=", "<="), f"the relation {told['relation']!r} is neither = nor <=")
    gap = difference(told, ()).get((), 0)
    demand(gap < 0 or (told["relation"] == "=" and gap), "it is no counterexample")
    return f"{told['lhs']} {told['relation']} {told['rhs']} is wrong"


def checked(text):
    """Say in words what a file shows; it is Refused if it shows nothing."""
    try:
        told = json.loads(text, object_pairs_hook=once, parse_constant=lambda word: demand(False, f"it has {word}"))
        demand(told["format"] == 1, "it is not of format 1")
        return {"dual": dual, "identity": identity, "instance": instance}[told["kind"]](told)
    except (KeyError, TypeError, ValueError, AttributeError, SyntaxError) as error:
        raise Refused(f"it is not of its format: {error!r}") from None


def main():
    """Check all JSON files; those in ``wrong`` must be refused."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    status = 0
    for path in sorted(folder.rglob("*.json")):
        if path.name == "MANIFEST.json":
            continue
        try:
            due, said = path.parent.name != "wrong", checked(path.read_text())
        except Refused as error:
            due, said = path.parent.name == "wrong", f"refused: {error}"
        status = status if due else 1
        print(f"{'ok ' if due else 'NOT'} {path.relative_to(folder)}  {said}")
    return status


if __name__ == "__main__":
    sys.exit(main())
