# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From tried to all, in ten minutes
#
# A check says *supported* when a claim held on what was tried: 78 instances, say. Two other words say more. *All of* a
# named set: every one of its members was measured, and they were counted. *Proved*: a program that is not ours has
# accepted a proof. This notebook takes the theorem of [your first hour](your_first_theorem.ipynb) from the first
# word to the second, and a small one of another kind to all positive numbers. For the third it shows the command.

# %%
import itertools
import math
from dataclasses import replace
from fractions import Fraction

import lrtheory
from lrtheory.bounds import (
    All,
    Classical,
    Dual,
    Family,
    Generic,
    Inequality,
    Program,
    Sides,
    Square,
    Statement,
    StatementError,
    saboteur,
)

# %% [markdown]
# ## The theorem, as it was left
#
# In a sequence of $n$ distinct numbers the longest increasing and the longest decreasing subsequence have lengths $a$
# and $d$ with $n \le a\,d$. An instance is a tuple of numbers, and the algorithm returns positions.


# %%
def longest(values, grows):
    best = []
    for j, value in enumerate(values):
        before = [best[i] for i in range(j) if grows(values[i], value)]
        best.append((*max(before, key=len, default=()), j))
    return max(best, key=len)


def both(values, rng):
    return tuple(longest(values, grows) for grows in (int.__lt__, int.__gt__))


def one_pass(values, rng):
    found = []
    for grows in (int.__lt__, int.__gt__):
        chosen = [0]
        for i, value in enumerate(values):
            if grows(values[chosen[-1]], value):
                chosen.append(i)
        found.append(tuple(chosen))
    return tuple(found)


def sides(values, found, more=0):
    lengths = []
    for positions, grows in zip(found, (int.__lt__, int.__gt__), strict=True):
        there = list(positions) == sorted(set(positions) & set(range(len(values))))
        chosen = [values[i] for i in positions] if there else []
        lengths.append(len(chosen) if all(map(grows, chosen, chosen[1:])) else 0)
    return Sides(lhs=len(values) + more, rhs=lengths[0] * lengths[1], least=0)


MONOTONE = Statement(
    id="sequences/monotone",
    title="A long sequence has a long monotone subsequence",
    says="If the longest increasing subsequence of n distinct numbers has length a, and the longest decreasing one d, "
    "then n is at most a times d.",
    source=Classical("Erdos-Szekeres theorem", "P. Erdos, G. Szekeres, Compositio Math. 2, 1935"),
    tex=r"n \le a\, d",
    hypotheses={"distinct": lambda values: len(set(values)) == len(values)},
    instances=Family(
        "sequences",
        always=[(0,), (0, 1), (1, 0), (0, 3, 1, 2), (1, 2, 0), (2, 1, 0, 5, 4, 3)],
        draw=lambda draws: tuple(map(int, draws.permutation(draws.integers(1, 12)))),
    ),
    solve=both,
    claim=Inequality(sides),
    may_vary=dict.fromkeys(("0", "1"), "how long a subsequence is, is the solver's"),
    saboteurs=(
        saboteur("one pass", solve=one_pass),
        saboteur("one more", claim=Inequality(lambda values, found: sides(values, found, more=1))),
    ),
)
print(dict(lrtheory.check(MONOTONE).lines())["tried"])

# %% [markdown]
# ## All of a listed set
#
# Only the order of the numbers matters, so the sequences of up to six numbers are the permutations: 873 of them. The
# list is counted and not believed. A member that comes twice, or one that is missing, is an error.


# %%
def orders():
    for n in range(1, 7):
        yield from itertools.permutations(range(n))


EVERY = All("orders of 1 to 6 numbers", orders, members=873)
covered = lrtheory.check(replace(MONOTONE, for_all=(EVERY,)))
print(covered)
assert covered.verdict == "supported"
assert dict(covered.lines())["all of"] == "873 orders of 1 to 6 numbers: the code"

try:
    lrtheory.check(replace(MONOTONE, for_all=(replace(EVERY, members=872),)))
except StatementError as error:
    print(error)

# %% [markdown]
# The line ends in *the code*: our function ran on each of the 873. It says nothing of seven numbers, and the theorem
# for every $n$ rests on its proof.
#
# Both saboteurs met the set too. A set on which a wrong variant survives covers less than it says, and the verdict is
# then *inconclusive*. Take the orders of at most two numbers, on which one pass is right:

# %%
short = All("orders of 1 to 2 numbers", lambda: [(0,), (0, 1), (1, 0)], members=3)
blind = lrtheory.check(replace(MONOTONE, for_all=(short,)))
print(blind.message)
assert blind.verdict == "inconclusive"

# %% [markdown]
# ## Symmetry counts
#
# Turning a sequence around exchanges $a$ and $d$, so one of the two is enough. The set then has half as many members,
# and each says for how many orders it stands. These numbers must add up to all of them.


# %%
def up_to_reversal():
    return (order for order in orders() if order <= order[::-1])


def stands_for(order):
    return len({order, order[::-1]})


HALVED = All(
    "orders of 1 to 6 numbers",
    up_to_reversal,
    members=437,
    orbit=stands_for,
    total=sum(map(math.factorial, range(1, 7))),
    up_to="reversal",
)
print(dict(lrtheory.check(replace(MONOTONE, for_all=(HALVED,))).lines())["all of"])

# %% [markdown]
# ## All positive numbers
#
# Some claims are about numbers that no list holds. Letters stand for all positive ones: what code does with them
# holds whatever they are, as long as no step depends on which ones. The harmonic mean of two numbers is at most the
# arithmetic one, since the difference is $(x - y)^2 / (2 (x + y))$, and `because` says so.


# %%
def mean(pair, rng):
    return (pair[0] + pair[1]) / Fraction(2)


def pair_of(x, y):
    return x * Fraction(1), y * Fraction(1)


def harmonic_below(pair, found):
    x, y = pair
    # that the mean is a mean stands in the last two entries: an answer that is too large would be a lie
    return Sides([2 / (1 / x + 1 / y), 2 * found, x + y], [found, x + y, 2 * found], least=0)


def apart(pair, found):
    x, y = pair
    return [[[Square(x - y), 1 / (2 * (x + y))]], [], []]


MEANS = Statement(
    id="means/harmonic",
    title="The harmonic mean is at most the arithmetic one",
    says="For two positive numbers x and y the harmonic mean is at most the arithmetic mean.",
    source=Classical("means", "any textbook"),
    tex=r"\frac2{1/x + 1/y} \le \frac{x + y}2",
    hypotheses={"positive": lambda pair: min(pair) > 0},
    instances=Family(
        "pairs", always=[pair_of(1, 1), pair_of(1, 2)], draw=lambda draws: pair_of(draws.integers(1, 9), 1)
    ),
    for_all=(Generic("pairs of positive numbers", pair_of, "xy", because=apart),),
    solve=mean,
    claim=Inequality(harmonic_below),
    saboteurs=(saboteur("half of it", solve=lambda pair, rng: mean(pair, rng) / 2),),
)
found = lrtheory.check(MEANS)
print(dict(found.lines())["all of"])
assert found.verdict == "supported"

# %% [markdown]
# Without `because` nothing is claimed: the signs of the coefficients alone do not decide it. And `max(x, y)` of two
# letters is an error, since the answer depends on the numbers.

# %%
open_one = lrtheory.check(replace(MEANS, for_all=(replace(MEANS.for_all[0], because=None),)))
print(open_one.message)
assert open_one.verdict == "inconclusive"

# %% [markdown]
# ## All points of a polyhedron
#
# The third kind is for linear claims. Of all pairs with $x, y \ge 0$ and $x + y \le 1$ it holds that $2x + y \le 2$. A
# solver in floating point proposes how the three facts add up to the claim, and only a sum in rational numbers counts.
# `sharp` asks for a point at which both sides are equal, and gives it to the check.

# %%
FACTS = {"x": {"x": 1}, "y": {"y": 1}, "sum": {"1": 1, "x": -1, "y": -1}}
TRIANGLE = Dual(
    "points of a triangle",
    lambda: [Program(FACTS, goal={"1": 2, "x": -2, "y": -1})],
    instance=lambda values: (values["x"], values["y"]),
    sharp=True,
)


def below_two(point, value):
    due = 2 * point[0] + point[1]
    return Sides([value, value, due], [Fraction(2), due, value])


LINEAR = replace(
    MEANS,
    id="triangle/linear",
    hypotheses={"inside": lambda point: min(point) >= 0 and sum(point) <= 1},
    instances=Family("corners", always=[(Fraction(1), Fraction(0))], complete="one corner", members=1),
    for_all=(TRIANGLE,),
    solve=lambda point, rng: 2 * point[0] + point[1],
    claim=Inequality(below_two, unbounded="a sum may be anything"),
    saboteurs=(saboteur("three times", solve=lambda point, rng: 3 * point[0]),),
)
linear = lrtheory.check(LINEAR)
print(linear.sets[-1]["words"], linear.sets[-1]["about"], linear.verdict)
assert linear.verdict == "supported"

# %% [markdown]
# ## Proved
#
# A set is finite, or of one shape. A theorem for all sizes needs a proof, and the proof a reader who is not its author:
# `Proof` names a file for Coq. These commands write the files of some statements, and let Coq read them where it is
# installed (Debian: `apt-get install coq`):
#
# ```sh
# lrtheory list --for-all
# lrtheory certificates DS-T14-greedy -o certificates --check
# ```
#
# The folder speaks for itself: its `coq.py` needs nothing of ours. It prints the claim as Coq has it and what the proof
# rests on. *Anchors* tie the file to the code: for fixed instances Coq evaluates the definitions, and gets the sides
# that were measured. Files in `wrong/` differ in one place from the right ones, and must be rejected at the proof.

# %% [markdown]
# ## To notice
#
# - A set only proves. What it refutes is an instance like any other, with both sides and a command that replays it.
# - *The code*, *the formula*, *the rule*: the line says what was measured. A linear program is about the rule.
# - `lrtheory list --for-all` prints all statements that cover whole sets.
#
# ## Exercises
#
# 1. How many members has the set of all sequences of up to five numbers in which a number may come twice? Which
# hypothesis stands in the way?
# 2. Prove with `because` that $x / y + y / x \ge 2$.
# 3. Ask for $2x + y \le 3/2$ on the triangle, and read which instance the check is given.
