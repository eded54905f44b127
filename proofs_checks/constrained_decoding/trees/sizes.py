"""Numbers of prefixes of a catalogue, and bytes of its tree.

N_l prefixes have length l, of N different items of length L over V tokens; E edges join them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import exp

import numpy as np

from lrtheory.bounds import (
    UNFIT,
    Derived,
    Draws,
    Expectation,
    Family,
    Inequality,
    Paper,
    Sides,
    Statement,
    Tight,
    always,
    formula,
    saboteur,
)
from lrtheory.constrained_decoding import TrieIndex
from lrtheory.constrained_decoding.theory import expected_nodes, index_bytes
from proofs_checks.constrained_decoding.families.languages import (
    LANGUAGES,
    TWICE,
    UNSORTED,
    Language,
    all_sequences,
    draw_language,
    has_one_length,
    indexed,
    is_language,
)

# --- the published bound ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dense(Language):
    """A language whose first `dense` levels are held as tables over all V^dense prefixes."""

    dense: int


def draw_dense(draws: Draws) -> Dense:
    """Draw a language of one length, with fewer dense levels than its length."""
    language = draw_language(draws)
    return Dense(language.rows, language.n_tokens, draws.integers(0, len(language.rows[0]) - 1))


DENSE = Family(
    "dense-levels",
    always=(
        Dense(((0,),), 1, 0),
        Dense(((0, 1, 0),), 2, 2),  # where the released arrays take more than the bound
        Dense(TWICE.rows, 2, 1),
        Dense(tuple((token, 0) for token in range(4)), 4, 1),  # different first tokens
        Dense(all_sequences(2, 2), 2, 1),
    ),
    tight=(Tight(Dense(all_sequences(2, 3), 2, 0), 1.0, 1.0),),
    draw=draw_dense,
)


def level_sizes(language: Language, rng: np.random.Generator) -> np.ndarray:
    """Ask the library's index for the numbers of prefixes of each length."""
    return np.array(indexed(language).level_sizes)


def without_sharing(language: Language, rng: np.random.Generator) -> np.ndarray:
    """Give every row a path of its own."""
    return np.array([1, *[len(language.rows)] * len(language.rows[0])])


def stored_bytes(case: Dense, sizes: list[int]) -> Fraction:
    """The bytes of what the bound counts, for the true numbers of edges below the dense levels."""
    return (Fraction(1, 8) + 4) * case.n_tokens**case.dense + 12 * sum(sizes[case.dense + 1 :])


def released_bytes(case: Dense, sizes: list[int]) -> Fraction:
    """The bytes that the released arrays take at least: a byte for each bit, and rows of the dense levels too."""
    edges, inner = sum(sizes[1:]), sum(sizes[:-1])
    return Fraction(5 * case.n_tokens**case.dense + 8 * edges + 4 * (inner + 1))


def within_published(case: Dense, sizes: np.ndarray, stored: object = stored_bytes, later: int = 0) -> Sides:
    """Compare the numbers of prefixes with min(V^l, N), and the bytes with the bound; wrong numbers are unfit."""
    V, N, L, due = case.n_tokens, len(case.items), len(case.rows[0]), case.level_sizes
    right = sizes.tolist() == due
    most = [min(V ** (level - later), N) for level in range(1, L + 1)]
    # the bound is a multiple of 1/8, which a double holds
    rhs = [*most, Fraction(float(index_bytes(N, vocab_size=V, length=L, dense=case.dense)))]
    return Sides([*sizes.tolist()[1:], stored(case, due)], rhs if right else [UNFIT] * len(rhs))  # type: ignore[operator]


ST_7 = Statement(
    id="constrained_decoding/ST-7",
    title="The published bound on memory",
    says=(
        "N sequences of length L over V tokens have N_l <= min(V^l, N) prefixes of length l, so that a tree with d "
        "dense levels, of which each of V^d prefixes takes a bit and four bytes, and with twelve bytes an edge below "
        "them, takes at most the bytes F of the paper."
    ),
    source=Paper("2602.22647", "memory bound", read="full"),
    tex=r"N_l \le \min(V^l, N), \quad F = (\tfrac18 + 4) V^d + 12 \sum_{l=d+1}^{L} \min(V^l, N)",
    hypotheses={
        "sequences of one length": has_one_length,
        "a level that is not dense": lambda c: c.dense < len(c.rows[0]),
    },
    instances=DENSE,
    solve=level_sizes,
    claim=Inequality(within_published, unbounded="a number of prefixes that is reported may be any number"),
    saboteurs=(
        saboteur("no prefixes are shared", solve=without_sharing),
        saboteur(
            "as released: a byte a bit, and rows of dense levels too",
            claim=Inequality(partial(within_published, stored=released_bytes), unbounded="as for the statement"),
            printed=True,
        ),
        saboteur(
            "a level bounds the next one",
            claim=Inequality(partial(within_published, later=1), unbounded="as for the statement"),
        ),
    ),
    notes=(
        "The bound is right for a structure that stores what it counts. The released one stores a byte for each bit of "
        "a mask, and rows of the dense levels beside their tables."
    ),
)

# --- our own arrays --------------------------------------------------------------------------------------------------


SIZED = Family(
    "sized-languages",
    always=(*LANGUAGES.smallest(), UNSORTED, Language(((69_999, 1), (2, 3), (2, 5)), 70_000)),
    tight=(Tight(Language(((0, 1, 0, 1),), 2), 1.0, 1.0),),
    draw=LANGUAGES.draw,
)


def bytes_of(language: Language, rng: np.random.Generator, pointers: int = 0, edges: int = 0) -> int:
    """Ask for the bytes of tokens and pointers, with further ones of four bytes."""
    index = indexed(language)
    return index.nbytes + 4 * (pointers * index.n_items + edges * index.n_edges)


@formula(E="[1, inf)", t="[1, inf)")
def most_bytes(E: int, t: int) -> int:
    """The bytes of a tree of E edges without an array of children are at most this, with t bytes a token.

    Proof
    -----
    Assumes: pointers of four bytes, so fewer than 2^31 edges, and no pointers behind the last state that has edges
    (both by the builder); level offsets, L + 1 numbers, are counted apart.

    Proof: there are E + 1 states, since every edge leads to another state and none to the root. The last state is a
    whole item and has no edges. So at most E states have pointers, with one more at the end, and the tokens take t E
    bytes. Where all items have one length the N last states are the items, and exactly t E + 4 (E + 2 - N) bytes are
    taken.
    """
    return (t + 4) * E + 4


def own_bytes(language: Language, found: int) -> Sides:
    """Compare the bytes with the bound, and from both sides with their number where all items have one length."""
    E, t = len(language.tree) - 1, 2 if language.n_tokens <= 2**16 else 4
    exact = t * E + 4 * (E + 2 - len(language.items))
    even = len({len(row) for row in language.rows}) == 1
    return Sides(
        [found, found, exact], [most_bytes(E, t), exact if even else most_bytes(E, t), found if even else exact]
    )


ST_7B = Statement(
    id="constrained_decoding/ST-7b",
    title="A tree without child ids takes t + 4 bytes an edge",
    says=(
        "With t bytes a token and pointers of four bytes, a tree of E edges takes at most (t + 4) E + 4 bytes, and "
        "exactly t E + 4 (E + 2 - N) where its N items have one length."
    ),
    source=Derived(most_bytes),
    tex=r"t E + 4 (E + 2 - N) \le (t + 4) E + 4",
    hypotheses={"sequences of the vocabulary, none of which begins another one": is_language},
    instances=SIZED,
    solve=bytes_of,
    closed="what is counted are the bytes of our own arrays",
    claim=Inequality(own_bytes, unbounded="another tree may take any number of bytes"),
    saboteurs=(
        saboteur("pointers for whole items too", solve=partial(bytes_of, pointers=1)),
        saboteur("child ids are stored", solve=partial(bytes_of, edges=1)),
    ),
)

# --- random catalogues -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Uniform:
    """N independent sequences of l tokens, each uniform on V tokens."""

    V: int
    l: int  # noqa: E741
    N: int


def draw_uniform(draws: Draws) -> Uniform:
    """Draw a small catalogue."""
    return Uniform(draws.integers(2, 4), draws.integers(1, 3), draws.integers(2, 12))


UNIFORM = Family("uniform-catalogues", always=(Uniform(2, 1, 2), Uniform(2, 2, 3), Uniform(3, 2, 9)), draw=draw_uniform)


def prefixes_drawn(case: Uniform, rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw n catalogues, and ask the library's index for the different prefixes of each."""
    drawn = rng.integers(case.V, size=(n, case.N, case.l))
    return np.array([TrieIndex(rows, case.V).level_sizes[-1] for rows in drawn])


def without_repetition(case: Uniform, rng: np.random.Generator, n: int) -> np.ndarray:
    """Count sequences that are drawn without repetition."""
    return np.full(n, min(case.V**case.l, case.N))


def occupied(mean: object) -> Expectation:
    """Return the claim that the mean number of prefixes is this, up to a tenth of its range."""
    most = lambda case: min(case.V**case.l, case.N)
    return Expectation(
        sample=lambda case, found: found,
        support=lambda case: (1, most(case)),
        equals=lambda case: float(mean(case)),  # type: ignore[operator]
        within=lambda case: (most(case) - 1) / 10,
    )


ST_8 = Statement(
    id="constrained_decoding/ST-8",
    title="How many prefixes a random catalogue has",
    says=(
        "N independent sequences whose tokens are uniform on V tokens have on average V^l (1 - (1 - V^-l)^N) different "
        "prefixes of length l, their number being N_l."
    ),
    source=Derived(expected_nodes),
    tex=r"\mathbb E N_l = V^l \bigl(1 - (1 - V^{-l})^N\bigr)",
    hypotheses={"independent uniform tokens": always},
    instances=UNIFORM,
    solve=prefixes_drawn,
    closed="what is counted are the prefixes of sequences that are drawn, and no algorithm decides anything",
    claim=occupied(lambda case: expected_nodes(case.N, vocab_size=case.V, length=case.l)),
    saboteurs=(
        saboteur("sequences without repetition", solve=without_repetition),
        saboteur(
            "the limit of many prefixes",
            claim=occupied(lambda case: case.V**case.l * (1 - exp(-case.N / case.V**case.l))),
        ),
        saboteur("the bound as the mean", claim=occupied(lambda case: min(case.V**case.l, case.N))),
    ),
    notes="Occupancy is classical. With V = 2048, l = 2 and a million items the mean is 889,725.9 of 4,194,304.",
)
