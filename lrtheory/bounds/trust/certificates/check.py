"""Check the JSON files of a folder, in rational numbers and with Python alone: ``python3 check.py [FOLDER]``.

- dual: greedy selection of k among n elements keeps the share num/den, for every monotone submodular function. For
  each set of k elements a sum of inequalities, times whole numbers that are not negative, is the claim.
- identity: two quotients of polynomials are equal, or one is at most the other one, for all positive numbers. An
  inequality holds by the signs of coefficients, or since the difference is a sum of products that are not negative.
- instance: positive numbers for the letters of a claim on which it fails.
"""

import ast
import json
import sys
from collections import Counter
from fractions import Fraction
from functools import reduce
from itertools import chain, combinations, product
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
    num, den = whole(told["num"], 1, "num"), whole(told["den"], 1, "den")
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
    found = Counter()
    for (a, x), (b, y) in product(p.items(), q.items()):
        found[tuple(map(int.__add__, a, b))] += x * y
    return {key: x for key, x in found.items() if x}


def plus(p, q, sign=1):
    """The sum of two polynomials."""
    found = {key: p.get(key, 0) + sign * q.get(key, 0) for key in {*p, *q}}
    return {key: x for key, x in found.items() if x}


def raised(p, factors):
    """A polynomial times factors, each as often as it is counted."""
    return reduce(times, map(dict, factors.elements()), p)


def quotient(node, letters):
    """Numerator of an expression, and its denominator as factors that are positive by the signs of coefficients."""
    unit = {(0,) * len(letters): Fraction(1)}
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return {key: Fraction(node.value) for key in unit if node.value}, Counter()
    if isinstance(node, ast.Name) and node.id in letters:
        return letters[node.id], Counter()
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return quotient(ast.BinOp(ast.Constant(0), ast.Sub(), node.operand), letters)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        (a, b), (c, d) = quotient(node.left, letters), quotient(node.right, letters)
        if isinstance(node.op, ast.Mult):
            return times(a, c), b + d
        if isinstance(node.op, ast.Div):
            a, c = (times(p, {key: 1 / c[max(c)] for key in unit if c}) for p in (a, c))
            demand(c and min(c.values()) > 0, "a divisor is not positive by the signs of its coefficients")
            return raised(a, d - b), b - d + Counter([frozenset(c.items())] * (c != unit))
        return plus(raised(a, d - b), raised(c, b - d), 1 if isinstance(node.op, ast.Add) else -1), b | d
    raise Refused("an expression has more than whole numbers, letters, +, -, * and /")


def difference(told, letters, because=()):
    """The numerator of rhs - lhs, less a sum of products of factors that are not negative or come twice."""
    rhs, lhs, relation = told["rhs"], told["lhs"], told["relation"]
    demand(relation == "<=" or (relation == "=" and not because), f"there is no {relation!r}, or none with a reason")
    alone = {text: ast.parse(text, mode="eval").body for text in chain([rhs, lhs], *because)}  # no bracket is open
    for factor, n_times in chain.from_iterable(Counter(factors).items() for factors in because):
        least = min(quotient(alone[factor], letters)[0].values(), default=0)
        demand(n_times % 2 == 0 or least >= 0, f"the factor {factor} may be negative")
    text = " - ".join(f"({')*('.join(factors)})" for factors in ([rhs], [lhs], *because))
    return quotient(ast.parse(text, mode="eval").body, letters)[0]


def identity(told):
    """Identities hold as polynomials; of an inequality no coefficient is negative, or products add up to it."""
    names, rows = told["letters"], told["identities"]
    demand(names and len(set(names)) == len(names) and rows, "there are no letters, or no identities")
    letters = {name: {tuple(int(name == one) for one in names): Fraction(1)} for name in names}
    for number, row in enumerate(rows, start=1):
        gap = difference(row, letters, row.get("because", ()))
        signs = row["relation"] == "<=" and "because" not in row and min(gap.values(), default=0) > 0
        demand(signs or not gap, f"entry {number} does not hold")
    return f"{len(rows)} identities and inequalities in {len(names)} letters"


def instance(told):
    """The claim is lhs <= rhs, or lhs = rhs, and the numbers that stand for letters are against it."""
    at = told.get("at", {})
    letters = {name: {(0,) * len(at): Fraction(whole(one, 1, name))} for name, one in at.items()}
    gap = sum(difference(told, letters).values())
    demand(gap < 0 or (told["relation"] == "=" and gap), "it is no counterexample")
    return f"{told['lhs']} {told['relation']} {told['rhs']} is wrong" + f" at {at}" * bool(at)


def checked(text):
    """Say in words what a file shows; it is Refused if it shows nothing."""
    try:
        told = json.loads(text, object_pairs_hook=once, parse_constant=lambda word: demand(False, f"it has {word}"))
        demand(told["format"] == 1, "it is not of format 1")
        return {"dual": dual, "identity": identity, "instance": instance}[told["kind"]](told)
    except (KeyError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError) as error:
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
