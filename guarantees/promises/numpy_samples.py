"""numpy: samples without replacement, counts of colors, and shuffled rows, by their laws.

Three items are few enough to write down every outcome with its probability, in Fractions. What cannot be drawn at all
has no category, and ends the check.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from math import comb, prod

import numpy as np
from lrtheory.bounds import Documented, Family, Law, Statement, saboteur

#: how far support may leave a probability open
WITHIN = 1 / 16


def place(known, outcomes):
    """The place of each outcome among those that can be drawn; -1, which is no category, for any other."""
    index = {one: i for i, one in enumerate(known)}
    return np.array([index.get(one, -1) for one in outcomes])


def as_floats(law):
    return np.array([float(p) for p in law])


def follows(known, law=None):
    """The outcomes that `known` lists have the probabilities that `law` lists; without a law all have the same."""
    alike = lambda instance: np.full(len(known(instance)), 1 / len(known(instance)))
    return Law(lambda instance, outcomes: place(known(instance), outcomes), law or alike, within=WITHIN)


# --- without replacement ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Urn:
    """Weights of the items, integers, and how many items are drawn one after the other."""

    weights: tuple[int, ...]
    draws: int

    def orders(self):
        """All ordered samples of different items."""
        return list(permutations(range(len(self.weights)), self.draws))


def one_by_one(urn):
    """Each item is drawn with its share in the weight of those that are left."""
    law = []
    for order in urn.orders():
        left = [sum(urn.weights) - sum(urn.weights[i] for i in order[:k]) for k in range(urn.draws)]
        law.append(
            prod((Fraction(urn.weights[i], rest) for i, rest in zip(order, left, strict=True)), start=Fraction(1))
        )
    return as_floats(law)


def by_products(urn):
    """The weights of the items are multiplied, as if repeats had been thrown away with the whole sample."""
    found = [prod(urn.weights[i] for i in order) for order in urn.orders()]
    return as_floats([Fraction(one, sum(found)) for one in found])


def chosen(weighted=True, backwards=False):
    def solve(urn, rng, n):
        p = np.array(urn.weights) / sum(urn.weights) if weighted else None
        found = [rng.choice(len(urn.weights), urn.draws, replace=False, p=p).tolist() for _ in range(n)]
        return [tuple(one[::-1] if backwards else one) for one in found]

    return solve


URNS = (Urn((1, 3), 1), Urn((1, 3), 2), Urn((1, 1, 1), 2), Urn((1, 2, 5), 2), Urn((1, 2, 5), 3))

CHOICE = Statement(
    id="numpy/choice-without-replacement",
    title="Items are drawn with their share of the weight that is left",
    says="Without replacement, `Generator.choice` draws an item i_k with probability p(i_k) / (1 - p(i_1) - ... - "
    "p(i_(k-1))), where i_1, ..., i_(k-1) have been drawn before it.",
    source=Documented(
        "numpy", "random.Generator.choice", "a random sample by the given probabilities, on demand without replacement"
    ),
    tex=r"P(i_1, \dots, i_m) = \prod_k \frac{p(i_k)}{1 - p(i_1) - \dots - p(i_{k-1})}",
    hypotheses={"every item can be drawn": lambda urn: min(urn.weights) > 0 and urn.draws <= len(urn.weights)},
    instances=Family("urns", always=URNS, complete="two and three items, some with unequal weights", members=len(URNS)),
    solve=chosen(),
    claim=follows(Urn.orders, one_by_one),
    saboteurs=(
        saboteur("probabilities are not read", solve=chosen(weighted=False)),
        saboteur("the last one first", solve=chosen(backwards=True)),
        saboteur("all samples alike", claim=follows(Urn.orders)),
        saboteur("by products of probabilities", claim=follows(Urn.orders, by_products)),
    ),
    notes="The documentation names no law of several items; this one is what drawing one after the other means. The "
    "probability that an item is in the sample is therefore not proportional to its weight.",
)

# --- counts of colors ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Marbles:
    """The number of marbles of each color, and how many are taken at once."""

    colors: tuple[int, ...]
    taken: int

    def counts(self):
        """All ways in which the marbles that are taken can be spread over the colors."""
        ranges = (range(color + 1) for color in self.colors)
        return [one for one in product(*ranges) if sum(one) == self.taken]


def hypergeometric(marbles):
    total = comb(sum(marbles.colors), marbles.taken)
    ways = [prod(comb(color, k) for color, k in zip(marbles.colors, one, strict=True)) for one in marbles.counts()]
    return as_floats([Fraction(way, total) for way in ways])


def taken(method):
    def solve(marbles, rng, n):
        found = rng.multivariate_hypergeometric(marbles.colors, marbles.taken, size=n, method=method)
        return [tuple(one) for one in found.tolist()]

    return solve


def put_back(marbles, rng, n):
    """A wrong solver: every marble is put back before the next one; what no urn can give is drawn again."""
    shares, found = np.array(marbles.colors) / sum(marbles.colors), []
    while len(found) < n:
        drawn = rng.multinomial(marbles.taken, shares, size=n)
        found += [tuple(one) for one in drawn[(drawn <= marbles.colors).all(axis=1)].tolist()]
    return found[:n]


MARBLES = (Marbles((1, 2), 1), Marbles((2, 1, 0), 2), Marbles((1, 1, 1), 2), Marbles((3, 2, 1), 3), Marbles((1, 4), 4))


def colors(method):
    return Statement(
        id=f"numpy/multivariate-hypergeometric-{method}",
        title=f"Colors of marbles that are taken at once, method `{method}`",
        says="With c_i marbles of color i in an urn of N, the probability that k_i of the m marbles that are taken "
        f"have color i, for every i, is the product of all C(c_i, k_i) by C(N, m), with the method `{method}`.",
        source=Documented(
            "numpy",
            "random.Generator.multivariate_hypergeometric",
            "the number of items of each type in a random choice without replacement",
        ),
        tex=r"P(k) = \prod_i \binom{c_i}{k_i} \Big/ \binom{N}{m}",
        hypotheses={"enough marbles": lambda marbles: 0 < marbles.taken <= sum(marbles.colors)},
        instances=Family(
            f"marbles-{method}",
            always=MARBLES,
            complete="two and three colors of few marbles, one of them absent in one urn",
            members=len(MARBLES),
        ),
        solve=taken(method),
        claim=follows(Marbles.counts, hypergeometric),
        saboteurs=(
            saboteur("every marble is put back", solve=put_back),
            saboteur("all counts alike", claim=follows(Marbles.counts)),
        ),
    )


BY_MARGINALS = colors("marginals")
BY_COUNT = colors("count")

# --- shuffled rows ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table of numbers that are all different, by its numbers of rows and of columns."""

    rows: int
    columns: int

    def orders(self):
        """All orders of every row."""
        rows = np.arange(self.rows * self.columns).reshape(self.rows, self.columns).tolist()
        return list(product(*(tuple(permutations(row)) for row in rows)))


def shuffled(shuffle):
    def solve(table, rng, n):
        numbers = np.arange(table.rows * table.columns).reshape(table.rows, table.columns)
        return [tuple(map(tuple, shuffle(rng, numbers.copy()).tolist())) for _ in range(n)]

    return solve


def by_one_exchange(rng, numbers):
    """A wrong solver: in every row the first number changes its place with any of them."""
    for row in numbers:
        k = rng.integers(len(row))
        row[[0, k]] = row[[k, 0]]
    return numbers


ROWS = (Table(1, 2), Table(2, 2), Table(1, 3))

PERMUTED = Statement(
    id="numpy/permuted",
    title="Rows are shuffled independently of each other",
    says="With `axis=1`, all orders of the entries of every row have the same probability in `Generator.permuted`, "
    "independently for the rows: with r rows of c entries each table has probability one by (c!)^r.",
    source=Documented("numpy", "random.Generator.permuted", "each slice along the axis is shuffled independently"),
    tex=r"P = (c!)^{-r}",
    hypotheses={"entries": lambda table: table.rows * table.columns > 0},
    instances=Family("rows", always=ROWS, complete="one and two rows of up to three entries", members=len(ROWS)),
    solve=shuffled(lambda rng, numbers: rng.permuted(numbers, axis=1)),
    claim=follows(Table.orders),
    saboteurs=(
        saboteur("one order for all rows", solve=shuffled(lambda rng, numbers: rng.permutation(numbers, axis=1))),
        saboteur("one exchange in every row", solve=shuffled(by_one_exchange)),
    ),
)
