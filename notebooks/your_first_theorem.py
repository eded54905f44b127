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
# # Your first theorem, in an hour
#
# You have a theorem, or somebody else's, and an algorithm that it speaks of. In this hour it becomes an object that
# tries to refute itself. Ours is from 1935: Erdős and Szekeres proved that in any sequence of $n$ distinct numbers
# the longest increasing and the longest decreasing subsequence are not both short. If they have lengths $a$ and $d$,
# then $n \le a\,d$.
#
# `lrtheory new NAME` writes a file like this one for you to change. Everything comes from `lrtheory.bounds`.

# %%
from dataclasses import dataclass, replace

import lrtheory
from lrtheory.bounds import Classical, Family, Inequality, Sides, Statement, Tight, saboteur

# %% [markdown]
# ## Minutes 0 to 10: an instance
#
# An instance is plain data in a frozen dataclass: numbers, tuples, arrays. So it can be printed, stored and replayed.
# A family lists the smallest instances first, since nearly every wrong claim fails on a small one, and says how to
# draw more. Every choice goes through `draws`, so that a counterexample can be simplified. Our first family is a timid
# one: it knows sequences in increasing order alone.


# %%
@dataclass(frozen=True)
class Sequence:
    """A sequence of numbers."""

    values: tuple[int, ...]


def in_order(draws):
    """Draw an increasing sequence of at most twelve numbers."""
    return Sequence(tuple(range(draws.integers(1, 12))))


SORTED = Family("sorted-sequences", always=[Sequence(tuple(range(n))) for n in (1, 2, 3)], draw=in_order)

# %% [markdown]
# ## Minutes 10 to 25: the algorithm, and who knows the truth
#
# `solve(instance, rng)` returns what the algorithm decides: here two subsequences, as positions. It does not say how
# long they are or whether they increase; the claim finds that out. An answer that is no subsequence must count as a
# bad one, or a wrong algorithm would pass: here its length is 0.


# %%
def longest(values, grows):
    """The positions of a longest subsequence in which each pair of neighbors grows, by dynamic programming."""
    best = []
    for j, value in enumerate(values):
        before = [best[i] for i in range(j) if grows(values[i], value)]
        best.append((*max(before, key=len, default=()), j))
    return max(best, key=len)


def both(sequence, rng):
    return tuple(longest(sequence.values, grows) for grows in (int.__lt__, int.__gt__))


def length(sequence, positions, grows):
    """The length of a subsequence, 0 for what is none."""
    # -1 is no position, although Python takes it for the last one
    if list(positions) != sorted(set(positions) & set(range(len(sequence.values)))):
        return 0
    values = [sequence.values[i] for i in positions]
    return len(positions) if all(map(grows, values, values[1:])) else 0


# %% [markdown]
# ## Minutes 25 to 35: the statement
#
# The claim computes both sides. `least` is the smallest value that the right side can have whatever the algorithm
# does: a claim that excludes nothing is not supported. `says` explains every symbol of the formula. An answer is judged
# only if it has the form of that of `solve`; `may_vary` names what another algorithm may return in another length, here
# both subsequences.


# %%
def sides(sequence, found, more=0):
    a, d = (length(sequence, *pair) for pair in zip(found, (int.__lt__, int.__gt__), strict=True))
    return Sides(lhs=len(sequence.values) + more, rhs=a * d, least=0)


def one_pass(sequence, rng):
    """A wrong solver: it takes each number that continues the subsequence, and never looks back."""
    found = []
    for grows in (int.__lt__, int.__gt__):
        chosen = [0]
        for i, value in enumerate(sequence.values):
            if grows(sequence.values[chosen[-1]], value):
                chosen.append(i)
        found.append(tuple(chosen))
    return tuple(found)


MONOTONE = Statement(
    id="sequences/monotone",
    title="A long sequence has a long monotone subsequence",
    says="If the longest increasing subsequence of n distinct numbers has length a, and the longest decreasing one d, "
    "then n is at most a times d.",
    source=Classical("Erdos-Szekeres theorem", "P. Erdos, G. Szekeres, Compositio Math. 2, 1935"),
    tex=r"n \le a\, d",
    hypotheses={"distinct": lambda sequence: len(set(sequence.values)) == len(sequence.values)},
    instances=SORTED,
    solve=both,
    claim=Inequality(sides),
    may_vary=dict.fromkeys(("0", "1"), "how long a subsequence is, is the solver's"),
    saboteurs=(
        saboteur("one pass", solve=one_pass),
        saboteur("one more", claim=Inequality(lambda sequence, found: sides(sequence, found, more=1))),
    ),
)

first = lrtheory.check(MONOTONE)
print(first)
assert first.verdict == "inconclusive"
assert first.alone == "supported"
assert first.saboteurs["one pass"] == "supported"

# %% [markdown]
# ## Minutes 35 to 45: a saboteur that survives
#
# The theorem alone is supported, and so is the *wrong* algorithm: on sorted sequences one pass is enough. So the check
# cannot tell one from the other, and its verdict is *inconclusive*. A saboteur that survives says nothing about the
# theorem. It says that the family lacks the instance on which the two differ. We add the shortest sequence with a trap,
# one on which both sides are known to be equal, and draws in any order.


# %%
def drawn(draws):
    """Draw a permutation of at most twelve numbers."""
    return Sequence(tuple(map(int, draws.permutation(draws.integers(1, 12)))))


BLOCKS = Sequence((2, 1, 0, 5, 4, 3))  # two blocks of three: a = 2, d = 3
SEQUENCES = Family(
    "sequences",
    always=[Sequence((0,)), Sequence((0, 1)), Sequence((1, 0)), Sequence((0, 3, 1, 2)), Sequence((1, 2, 0))],
    tight=[Tight(BLOCKS, 1, 1)],
    draw=drawn,
)
second = lrtheory.check(replace(MONOTONE, instances=SEQUENCES))
print(second)
assert second.verdict == "supported"
assert set(second.saboteurs.values()) == {"refuted"}
assert second.tightness == 1

# %% [markdown]
# ## Minutes 45 to 55: drop a hypothesis
#
# Is "distinct" needed? A saboteur with `breaks` drops it, and brings the instances on which it is false.


# %%
def equal(draws):
    """Draw one number, two to six times."""
    return Sequence((1,) * draws.integers(2, 6))


TIES = Family("equal-numbers", always=[Sequence((5, 5)), Sequence((1, 1, 1))], draw=equal)
without = saboteur("equal numbers", breaks="distinct", instances=TIES)
final = replace(MONOTONE, instances=SEQUENCES, saboteurs=(*MONOTONE.saboteurs, without))
third = lrtheory.check(final)
assert third.saboteurs["equal numbers"] == "refuted"
print(lrtheory.check(final, saboteur="equal numbers"))

# %% [markdown]
# ## Minutes 55 to 60: a file, a test, a report
#
# Put the statement into a file `bounds_sequences.py`, beside a `pyproject.toml` with
#
# ```toml
# [tool.lrtheory]
# statements = ["bounds_*.py"]
# sources = ["src/mypaper"]   # evidence is old when they change
# versions = ["networkx"]     # or when another version is installed
# ```
#
# and you have
#
# ```sh
# lrtheory check sequences/monotone
# pytest -p lrtheory.pytest -m bounds
# lrtheory report --path measured.md
# ```
#
# ## To notice
#
# - The algorithm returned positions, not lengths. What it reports about itself is never the truth.
# - The tight instance is worth more than a thousand draws: it refutes every larger constant.
# - Constants are integers or Fractions: `3 / 2` is a float, and near ties are decided exactly.
#
# ## Exercises
#
# 1. Claim $n \le (a + d)^2 / 4$. Is it weaker or stronger? Write it without a float.
# 2. Let `both` compare with `<=` and `>=`. Why can no instance tell it from `<` and `>`? Which hypothesis hides the
# difference?
# 3. A promise of a library is a statement too: take `source=Documented("networkx", "...", "...")`, let `solve` call
# the library, and give the family a `view` that turns your dataclass into a graph. Where the promise does not hold,
# say so with `violated=Violated("...")`.
