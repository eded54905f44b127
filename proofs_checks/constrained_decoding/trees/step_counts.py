"""Counts of a step of decoding that do not depend on a machine: the entries of the tree that it reads.

A beam of M prefixes of length l stands in states s_1 to s_M, and outdeg(s) tokens may follow s, at most K_l on level l.
The alternative without a tree is to look for each of V extensions in the sorted table of N items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import (
    UNFIT,
    Derived,
    Draws,
    Family,
    Inequality,
    Paper,
    Recorded,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.constrained_decoding.theory import probes_ppv
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
class Beams(Language):
    """A language, and the prefixes of one length in which beams stand, some of them twice."""

    beams: tuple[Prefix, ...]


def draw_beams(draws: Draws) -> Beams:
    """Draw a language, and up to six beams on one of its levels."""
    language = draw_any_language(draws)
    level = draws.integers(0, len(language.level_sizes) - 2)
    states = [s for s in language.inner if len(s) == level]
    picks = draws.integers(0, len(states) - 1, shape=(draws.integers(1, 6),)).tolist()
    return Beams(language.rows, language.n_tokens, tuple(states[place] for place in picks))


BEAMS = Family(
    "beams",
    always=(
        Beams(((0,),), 1, ((),)),
        Beams(CROSSED.rows, 2, ((0,), (1,))),
        Beams(UNEVEN.rows, 3, ((0,), (1,), (0,))),
        Beams(((0, 0), (0, 1), (0, 2), (1, 0)), 3, ((0,), (1,), (1,))),
    ),
    # all beams stand in the widest state
    tight=(Tight(Beams(((0, 0), (0, 1), (0, 3), (1, 0)), 4, ((0,), (0,))), 1.0, 1.0),),
    draw=draw_beams,
)


@dataclass(frozen=True)
class Counts:
    """Entries of rows that a step gathers, and probes of a bisection for all extensions of all beams."""

    gathers: int
    probes: int


def counted(case: Beams, rng: np.random.Generator, times: int = 1) -> Counts:
    """Gather the rows of all beams by the library, `times` times, and find the extensions in a sorted table."""
    index, items = indexed(case), case.items
    states = np.repeat([index.state(s) for s in case.beams], times)
    extensions = [(*s, token) for s in case.beams for token in range(case.n_tokens)]
    return Counts(len(index.allowed(states).tokens), sum(probes(items, one) for one in extensions))


def probes(items: list[Prefix], extension: Prefix) -> int:
    """Count the items with which bisection compares an extension until only one place is left for it."""
    low, high, made = 0, len(items), 0
    while low < high:
        middle = (low + high) // 2
        made += 1
        low, high = (middle + 1, high) if items[middle] < extension else (low, middle)
    return made


@formula(M="[1, inf)", K="[0, inf)")
def most_gathers(M: int, K: int) -> int:
    """A step of M beams gathers at most this many entries on a level whose largest row has K.

    Proof
    -----
    Assumes: the row of each beam is read once (the kernel).

    Proof: outdeg(s_1) + ... + outdeg(s_M) entries are read, each summand of which is at most K. It is M K where all
    beams stand in the widest state. A kernel that pads its rows to K entries reads M K always.
    """
    return M * K


def at_most(case: Beams, found: Counts, gathers: object = most_gathers) -> Sides:
    """Compare both counts with their bounds; a count of gathers other than the sum of the rows is unfit."""
    tree, M, V = case.tree, len(case.beams), case.n_tokens
    widest = max(len(tokens) for s, tokens in tree.items() if len(s) == len(case.beams[0]))
    right = found.gathers == sum(len(tree[s]) for s in case.beams)
    rhs = [gathers(M, widest) if right else UNFIT, M * probes_ppv(len(case.items), vocab_size=V)]  # type: ignore[operator]
    return Sides([found.gathers, found.probes], rhs, trivial=[M * V, M * V * len(case.items) + 1])


ST_9 = Statement(
    id="constrained_decoding/ST-9",
    title="A step gathers the rows of its beams, and no more",
    says=(
        "A step of M beams on level l gathers as many entries as tokens may follow their states, the sum of "
        "outdeg(s_b), which is at most M K_l, for the longest row K_l of the level; a search of all V extensions in "
        "the sorted table of N items makes at most V ceil(log2(N + 1)) probes a beam."
    ),
    source=Derived(most_gathers),
    tex=r"\sum_b \mathrm{outdeg}(s_b) \le M K_l, \quad \text{probes} \le M V \lceil \log_2 (N + 1) \rceil",
    hypotheses={"sequences of the vocabulary, none of which begins another one": is_language},
    instances=BEAMS,
    solve=counted,
    closed="the gathers are counted by our own kernel, and the probes by a table beside it",
    claim=Inequality(at_most),
    saboteurs=(
        saboteur("each row is gathered twice", solve=partial(counted, times=2)),
        saboteur("one gather a beam", claim=Inequality(partial(at_most, gathers=lambda M, K: M))),
    ),
    notes="The paper's kernel pads rows to K_l entries and reads M K_l. Gathers do not depend on N where K_l does not.",
)


ST_13 = Statement(
    id="constrained_decoding/ST-13",
    title="A step takes 0.033 ms whatever the number of items",
    says=(
        "The paper measures 0.033 ms a step on an accelerator for 20 million items, and between 0.023 and 0.039 ms "
        "from 10^5 to 10^8 items, beside 34 ms for a search in the sorted table."
    ),
    source=Paper("2602.22647", "tables 1 and 4", read="full"),
    tex=r"t(N) \approx 0.03\,\mathrm{ms}, \quad 10^5 \le N \le 10^8",
    hypotheses={},
    instances=BEAMS,
    solve=lambda case, rng: None,
    claim=Recorded("it is about one accelerator and the catalogue of one firm", carried_by="constrained_decoding/ST-9"),
)
