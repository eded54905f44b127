"""Items that are switched on and off: an edge may be followed while a living item lies below it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, OutcomeError, Sides, Statement, formula, saboteur
from lrtheory.constrained_decoding import LiveIndex
from lrtheory.constrained_decoding.index.living import toggle
from proofs_checks.constrained_decoding.families.languages import (
    CROSSED,
    UNEVEN,
    Language,
    Prefix,
    draw_any_language,
    indexed,
    is_language,
)


@dataclass(frozen=True)
class Switched(Language):
    """A language, and switches one after the other: the rank of an item, and 1 for on or 0 for off."""

    switches: tuple[tuple[int, int], ...]

    def living(self) -> list[list[Prefix]]:
        """The living items after each switch; in the beginning all live."""
        items, found = self.items, []
        alive = set(items)
        for rank, value in self.switches:
            alive = alive | {items[rank]} if value else alive - {items[rank]}
            found.append(sorted(alive))
        return found


def draw_switched(draws: Draws) -> Switched:
    """Draw a language and up to eight switches, some of which change nothing."""
    language = draw_any_language(draws)
    n = draws.integers(1, 8)
    ranks = draws.integers(0, len(language.items) - 1, shape=(n,)).tolist()
    values = draws.integers(0, 1, shape=(n,)).tolist()
    return Switched(language.rows, language.n_tokens, tuple(zip(ranks, values, strict=True)))


SWITCHED = Family(
    "switched-items",
    always=(
        Switched(((0,),), 1, ((0, 0), (0, 0), (0, 1))),
        Switched(CROSSED.rows, 2, ((0, 0), (1, 0), (0, 1))),  # two items without a common prefix
        Switched(CROSSED.rows, 2, ((0, 1), (0, 0))),  # one that lives is switched on
        Switched(UNEVEN.rows, 3, ((1, 0), (2, 0), (3, 0), (1, 1))),
    ),
    draw=draw_switched,
)


@dataclass(frozen=True)
class Followed:
    """The masks of all prefixes after each switch, the number of items that it changed, and that of living items."""

    masks: np.ndarray
    changes: np.ndarray
    alive: np.ndarray


def followed(case: Switched, rng: np.random.Generator) -> Followed:
    """Switch items of the library's live index, and ask for all masks after each switch."""
    live, masks, changes, alive = LiveIndex(indexed(case)), [], [], []
    for rank, value in case.switches:
        changes.append(live.toggle([rank], bool(value)))
        masks.append(live.mask(np.array([live.state(s) for s in case.tree])))
        alive.append(live.n_alive)
    return Followed(np.array(masks), np.array(changes), np.array(alive))


@formula(n="k in [0, inf)")
def may_follow(n: np.ndarray) -> np.ndarray:
    """Whether each token may follow a prefix, for the numbers n of living items below the tokens.

    Proof
    -----
    Assumes: n counts the living items below each edge at the beginning, and a switch that changes an item adds 1 to
    every edge of the item's path, or takes 1 away.

    Proof: an item lies below the edges of its path and below no other one. So after each switch n still is the number
    of living items below each edge. A token continues s to a prefix of a living item if and only if some living item
    lies below its edge, which is if n is not 0; and this is the tree of the living items alone.
    """
    return n > 0


def as_rebuilt(case: Switched, found: Followed) -> Sides:
    """Compare masks with those of the living items alone, and changes with the numbers of living items."""
    living, tree = case.living(), case.tree
    below = [
        [[sum(item[: len(s) + 1] == (*s, token) for item in items) for token in range(case.n_tokens)] for s in tree]
        for items in living
    ]
    sizes = [len(items) for items in living]
    changes = np.abs(np.diff([len(case.items), *sizes]))
    due = may_follow(np.ravel(below)).astype(int), changes, sizes
    if np.shape(found.masks) != np.shape(below):
        raise OutcomeError("a mask is due for every prefix after every switch")
    got = np.asarray(found.masks).astype(int).ravel(), found.changes, found.alive
    return Sides(*(np.concatenate([np.asarray(one) for one in side]) for side in (got, due)))


#: a switch that changes nothing is taken for one that does
AGAIN = (toggle, "if living[rank] == value:", "if living[rank] == value and not value:")
#: an item that is switched off leaves all counts but the last
LAST = (toggle, "s = low", "s = low if value else np.int64(0)")

ST_10 = Statement(
    id="constrained_decoding/ST-10",
    title="A live index allows what an index of the living items allows",
    says=(
        "Let n(e) be the number of living items below edge e. After any switches of items, on or off, the tokens v "
        "whose edge at s has n > 0 are those that follow s in the tree of the living items alone, for every prefix s."
    ),
    source=Derived(may_follow),
    tex=r"\{v : n(s, v) > 0\} = \mathrm{child}_{\text{living}}(s)",
    hypotheses={"sequences of the vocabulary, none of which begins another one": is_language},
    instances=SWITCHED,
    solve=followed,
    claim=Identity(as_rebuilt),
    saboteurs=(
        saboteur("only the last edge forgets an item", patch=LAST),
        saboteur("a living item is counted again", patch=AGAIN),
    ),
)


@dataclass(frozen=True)
class Written:
    """For each switch the counts that were written, as they are reported, and those that differ afterwards."""

    reported: np.ndarray
    differing: np.ndarray


def written(case: Switched, rng: np.random.Generator) -> Written:
    """Compare the counts of the library's live index before and after each switch."""
    live, reported, differing = LiveIndex(indexed(case)), [], []
    for rank, value in case.switches:
        writes, counts = live.n_writes, np.array(live.counts)
        live.toggle([rank], bool(value))
        reported.append(live.n_writes - writes)
        differing.append(int((live.counts != counts).sum()))
    return Written(np.array(reported), np.array(differing))


@formula(L="[1, inf)", changes="[0, 1]")
def writes(L: int, changes: int) -> int:
    """The counts that a switch writes, of an item of L tokens that it `changes` (1) or that was so before (0).

    Proof
    -----
    Assumes: a count is kept for each edge (the library).

    Proof: the item lies below the L edges of its path, whose counts change by 1, and below no other edge. A switch that
    changes no item changes no count.
    """
    return L * changes


def as_long_as_the_item(case: Switched, found: Written, most: int | None = None) -> Sides:
    """Compare the writes of each switch with the length of its item, or with 0 where nothing changes."""
    items, alive, due = case.items, [True] * len(case.items), []
    for rank, value in case.switches:
        due.append(writes(most or len(items[rank]), int(alive[rank] != bool(value))))
        alive[rank] = bool(value)
    return Sides(np.concatenate([found.reported, found.differing]), np.array([*due, *due]))


ST_10W = Statement(
    id="constrained_decoding/ST-10w",
    title="A switch writes one number for each token of its item",
    says=(
        "A switch that changes an item of L tokens, on or off, writes L of the counts of living items, and one that "
        "changes nothing writes none, however many items there are."
    ),
    source=Derived(writes),
    tex=r"\text{writes} = L \cdot \text{changes}",
    hypotheses={"sequences of the vocabulary, none of which begins another one": is_language},
    instances=SWITCHED,
    solve=written,
    closed="the writes are counted by our own kernel",
    claim=Identity(as_long_as_the_item),
    saboteurs=(
        saboteur("only the last edge is written", patch=LAST),
        saboteur("a living item is written again", patch=AGAIN),
        saboteur("one write a switch", claim=Identity(partial(as_long_as_the_item, most=1))),
    ),
)
