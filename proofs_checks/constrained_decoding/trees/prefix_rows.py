"""The rows of a prefix tree, and the numbers of its states.

An edge leads from a prefix to one that is a token longer, and a whole item is a prefix too. There are N_l prefixes of
length l, so one of length 0.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import All, Derived, Identity, OutcomeError, Sides, Statement, formula, saboteur
from lrtheory.constrained_decoding.index.step import fill_mask
from proofs_checks.constrained_decoding.families.languages import (
    LANGUAGES,
    Language,
    Prefix,
    all_languages,
    indexed,
    is_language,
    padded,
)

#: all sets of sequences of one length, for one token, two tokens and up to three steps, three tokens and two steps
SMALL = ((1, 1), (2, 1), (2, 2), (2, 3), (3, 2))
SETS = "sets of sequences: of one token, of up to three of two tokens, of two of three tokens"
N_SETS = sum(2 ** (n_tokens**length) - 1 for n_tokens, length in SMALL)


@dataclass(frozen=True)
class Walked:
    """A tree as seen from outside.

    The tokens that follow each prefix, in their order and then -1; the masks; where a token leads on; the ranks of the
    caller's rows; the numbers of prefixes by length, and of edges.
    """

    followers: np.ndarray
    masks: np.ndarray
    leads: np.ndarray
    ranks: np.ndarray
    sizes: np.ndarray
    edges: int


def walked(language: Language, rng: np.random.Generator) -> Walked:
    """Ask the library's index for the row of every prefix in three ways."""
    index = indexed(language)
    states = np.array([index.state(s) for s in language.tree])
    starts, tokens, _ = index.allowed(states)
    n = language.n_tokens
    leads = [index.advance(states, np.full(len(states), token)) >= 0 for token in range(n)]
    rows = [tokens[a:b].tolist() for a, b in itertools.pairwise(starts)]
    ranks = index.item(np.array([index.state(row) for row in language.rows]))
    return Walked(
        padded(rows, n), index.mask(states), np.transpose(leads), ranks, np.array(index.level_sizes), index.n_edges
    )


def seen(language: Language, followers: list[list[int]], sizes: list[int], edges: int) -> Walked:
    """Return the outcome of a tree that is known by what follows each prefix."""
    masks = np.array([[token in row for token in range(language.n_tokens)] for row in followers])
    ranks = np.array([language.items.index(row) for row in language.rows])
    return Walked(padded(followers, language.n_tokens), masks, masks, ranks, np.array(sizes), edges)


def reopened(language: Language, rng: np.random.Generator, rows: list[Prefix] | None = None) -> Walked:
    """Build the tree of rows as they come: each opens what the row before has not, and its last token anyway."""
    children: list[list[tuple[int, int]]] = [[]]
    path, before = [0], Prefix()
    for row in language.rows if rows is None else rows:
        same = next(
            (t for t, (a, b) in enumerate(zip(before, row, strict=False)) if a != b), min(len(before), len(row))
        )
        path = path[: min(same, len(row) - 1) + 1]
        for token in row[len(path) - 1 :]:
            children.append([])
            children[path[-1]].append((token, len(children) - 1))
            path.append(len(children) - 1)
        before = row
    followers, lengths = [], [0] * len(language.level_sizes)
    for s in language.tree:
        state = 0
        for token in s:
            state = next(head for one, head in children[state] if one == token)
        followers.append([token for token, _ in children[state]])
    levels = [0]
    while levels:
        lengths = [*lengths[1:], len(levels)]
        levels = [head for state in levels for _, head in children[state]]
    return seen(language, followers, lengths, len(children) - 1)


def repeated(language: Language, rng: np.random.Generator) -> Walked:
    """Let a row that comes twice open its last token twice, in sorted order."""
    return reopened(language, rng, sorted(language.rows))


def by_position(language: Language, rng: np.random.Generator) -> Walked:
    """Take what follows from a table of positions and last tokens, as public programs do."""
    table: dict[tuple[int, Prefix], set[int]] = {}
    for s, tokens in language.tree.items():
        table.setdefault((len(s), s[-1:]), set()).update(tokens)
    followers = [sorted(table[len(s), s[-1:]]) for s in language.tree]
    return seen(language, followers, language.level_sizes, len(language.tree) - 1)


@formula(N="L in [1, inf)")
def edge_count(N: np.ndarray) -> int:
    """The edges of the tree, for the numbers N of prefixes of the lengths 1 to L.

    Proof
    -----
    Assumes: each edge leads to a prefix that is one token longer than the one that it leaves.

    Proof: a prefix that is not empty is reached from the prefix without its last token, and from no other one. So edges
    and prefixes that are not empty are in bijection, and there are N_1 + ... + N_L of them.
    """
    return int(N.sum())


def rows_agree(language: Language, found: Walked) -> Sides:
    """Compare every row, rank and number with those of sets of tuples."""
    tree, items, n = language.tree, language.items, language.n_tokens
    followers = padded(list(tree.values()), n)
    masks = [[int(token in row) for token in range(n)] for row in tree.values()]
    ranks = [items.index(row) for row in language.rows]
    edges = edge_count(np.array(language.level_sizes[1:]))
    due = [np.array(one, np.int64) for one in (followers, masks, masks, ranks, language.level_sizes, edges)]
    given = (found.followers, found.masks, found.leads, found.ranks, found.sizes, found.edges)
    got = [np.asarray(one, np.int64) for one in given]
    if [one.shape for one in got] != [one.shape for one in due]:
        raise OutcomeError("a row is due for every prefix, with a place for each token, and a size for each length")
    return Sides(*(np.concatenate([one.ravel() for one in side]) for side in (got, due)))


ST_1 = Statement(
    id="constrained_decoding/ST-1",
    title="Every row of the tree lists the tokens that continue its prefix",
    says=(
        "In the tree of a set C of sequences, given in any order and with repetitions, the row child(s) of every "
        "prefix s lists exactly the tokens v with which s v is a prefix of C, in order; level l has N_l states, the "
        "number of prefixes of length l, and there are N_1 + ... + N_L edges, up to the largest length L."
    ),
    source=Derived(edge_count),
    tex=r"\mathrm{child}(s) = \{v : s v \text{ is a prefix of } C\}, \quad E = \sum_{l=1}^{L} N_l",
    hypotheses={"sequences of the vocabulary, none of which begins another one": is_language},
    instances=LANGUAGES,
    for_all=(All(SETS, lambda: all_languages(*SMALL), members=N_SETS),),
    solve=walked,
    claim=Identity(rows_agree),
    saboteurs=(
        saboteur("rows in the order of the caller", solve=reopened),
        saboteur("a row that comes twice opens its last state again", solve=repeated),
        saboteur("a table of positions and last tokens", solve=by_position),
        saboteur("rows of a mask end one token early", patch=(fill_mask, "indptr[s + 1]", "indptr[s + 1] - 1")),
    ),
    notes=(
        "A table by position and last token, which public recommenders use, lets out items that do not exist: 0-0-1 "
        "from the items 0-0-0 and 1-0-1."
    ),
)


@dataclass(frozen=True)
class Numbered:
    """The first edge of each state, and for each edge its token and the state to which it leads."""

    starts: np.ndarray
    tokens: np.ndarray
    heads: np.ndarray


def numbered(language: Language, rng: np.random.Generator) -> Numbered:
    """Ask the library's index for the lists of all its states."""
    index = indexed(language)
    return Numbered(*index.allowed(np.arange(index.n_states)))


def depth_first(language: Language, rng: np.random.Generator) -> Numbered:
    """Number states in the order in which a walk through the tree meets them."""
    return by_order(language, sorted(language.tree))


def by_order(language: Language, states: list[Prefix]) -> Numbered:
    """Return the lists of states that are numbered in an order of their prefixes."""
    tree, number = language.tree, {s: i for i, s in enumerate(states)}
    edges = [(s, token) for s in states for token in tree[s]]
    starts = np.cumsum([0, *(len(tree[s]) for s in states)])
    heads = [number[(*s, token)] for s, token in edges]
    return Numbered(starts, np.array([token for _, token in edges]), np.array(heads))


@formula(e="[0, inf)")
def head(e: int) -> int:
    """The state to which edge e leads.

    Proof
    -----
    Assumes: states are numbered by the length of their prefixes and by their order inside a length, the root being 0;
    edges by the state that they leave, and by their tokens inside a row.

    Proof: every state but the root is the head of exactly one edge. Edges of shorter prefixes come first, and among
    those of one length the prefixes s v of their heads come in the order of s and then of v, which is their own order.
    So edges are in the order of their heads, and the edge of rank e, from 0, has the state of rank e + 1 as its head.
    """
    return e + 1


def heads_follow(language: Language, found: Numbered) -> Sides:
    """Compare the lists with those of sets of tuples, and the heads with the numbers of their edges."""
    due = by_order(language, list(language.tree))
    heads = [head(e) for e in range(len(language.tree) - 1)]
    got = [found.starts, found.tokens, found.heads]
    return Sides(
        *(np.concatenate([np.asarray(one) for one in side]) for side in (got, [due.starts, due.tokens, heads]))
    )


ST_1B = Statement(
    id="constrained_decoding/ST-1b",
    title="Edge e leads to state e + 1",
    says=(
        "Where states are numbered level by level, and in the order of their prefixes within a level, edge e of the "
        "whole tree, counted from 0, leads to state e + 1, so that no array of children need be stored."
    ),
    source=Derived(head),
    tex=r"\mathrm{head}(e) = e + 1",
    hypotheses={"sequences of the vocabulary, none of which begins another one": is_language},
    instances=LANGUAGES,
    for_all=(All(SETS, lambda: all_languages(*SMALL), members=N_SETS),),
    solve=numbered,
    claim=Identity(heads_follow),
    saboteurs=(saboteur("states are numbered depth first", solve=depth_first),),
    notes="The released code stores the child of each edge in four bytes, as many as tokens and pointers together.",
)
