"""Certificates of beam search: the largest score that was dropped bounds what the answers have missed.

A beam keeps the M likeliest prefixes of each length, among them items that have ended before, and equal ones in
lexicographic order; U is the largest score that it ever drops. OPT_r is the score of the r-th best item, and a_r that
of the r-th best answer, 0 where there is none. Scores are probabilities here, and a step multiplies them by at most 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from lrtheory.bounds import (
    UNFIT,
    All,
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from lrtheory.constrained_decoding import search
from proofs_checks.constrained_decoding.families.languages import (
    CROSSED,
    UNEVEN,
    Language,
    Prefix,
    all_languages,
    all_sequences,
    indexed,
    longest,
    padded,
    sequences,
)
from proofs_checks.constrained_decoding.families.models import Halved, draw_halved, fits, ranked, scores


@dataclass(frozen=True)
class Beam(Halved):
    """A language and a model, the width of the beam, and the number k of items that are asked for."""

    width: int
    k: int


def beam_over(
    rows: tuple[Prefix, ...], n_tokens: int, table: Mapping[Prefix, tuple[int, ...]], *, width: int, k: int
) -> Beam:
    """Make a case of the exponents at each inner prefix; all of them are 0 where nothing is said."""
    inner = Language(rows, n_tokens).inner
    return Beam(rows, n_tokens, tuple(table.get(s, (0,) * n_tokens) for s in inner), width, k)


#: the branch 1 looks better until its last token
LATE = {(): (1, 1), (0,): (2, -1), (1,): (1, 1), (1, 0): (4, 4), (1, 1): (4, 4)}
MISLED = beam_over(((0, 0, 0), (1, 0, 0), (1, 1, 0)), 2, LATE, width=2, k=2)


def draw_beam(draws: Draws) -> Beam:
    """Draw a language with a model, and a beam that may be wider or narrower than it is."""
    case = draw_halved(draws)
    width = draws.integers(1, 4)
    return Beam(case.rows, case.n_tokens, case.halvings, width, draws.integers(1, width))


BEAMS = Family(
    "beams-over-models",
    always=(
        beam_over(((0,),), 1, {}, width=1, k=1),
        MISLED,
        # three branches, of which two are dropped
        beam_over(((0, 0), (1, 0), (2, 0)), 3, {(): (1, 2, 3), (0,): (4, 4, 4)}, width=1, k=1),
        # two items for four beams
        beam_over(CROSSED.rows, 2, {(): (1, 1)}, width=4, k=4),
        # items of three lengths
        beam_over(UNEVEN.rows, 3, {(): (1, 2, 1), (0,): (2, 1, 0), (0, 1): (1, 3, 0)}, width=2, k=2),
        # equal scores
        beam_over(all_sequences(2, 3), 2, dict.fromkeys([(), (0,), (1,)], (1, 1)), width=3, k=3),
    ),
    tight=(
        Tight(beam_over(((0,), (1,)), 2, {(): (1, 2)}, width=1, k=1), 1.0, 1.0),
        Tight(MISLED, 1.0, 1.0),
    ),
    draw=draw_beam,
)

#: rows of exponents of two tokens
ROWS = ((1, 1), (0, 2), (2, 0), (-1, 1))


def all_beams() -> Iterator[Beam]:
    """Yield all models with these rows over all sets of two tokens in two steps, each with two widths."""
    for language in all_languages((2, 2)):
        for rows in itertools.product(ROWS, repeat=len(language.inner)):
            for width in (1, 2):
                yield Beam(language.rows, 2, rows, width, width)


N_BEAMS = 2 * sum(len(ROWS) ** len(one.inner) for one in all_languages((2, 2)))


@dataclass(frozen=True)
class Answers:
    """The items that a beam returns, filled up with -1, and the largest score that it dropped."""

    items: np.ndarray
    dropped: float


def returned(case: Beam, rng: np.random.Generator) -> Answers:
    """Run the library's beam; its scores are logarithms to the base 2."""
    found = search(indexed(case), case.model, case.k, width=case.width, method="beam")
    rows = [list(row) for row in found.sequences]
    return answers(case, rows, float(2.0**found.largest_dropped))


def answers(case: Beam, rows: list[list[int]], dropped: float) -> Answers:
    """Make an outcome."""
    return Answers(padded([*rows, *[[]] * case.k][: case.k], longest(case)), dropped)


def kept(case: Beam, share: int | None = None) -> tuple[list[Prefix], list[list[Fraction]]]:
    """Run a beam of tuples, and list the scores that each step drops.

    With `share` each prefix offers so many of its likeliest continuations alone.
    """
    p, beam, dropped = scores(case, case.table), [Prefix()], list[list[Fraction]]()
    for _ in range(longest(case)):
        offers = [[(*s, token) for token in case.tree[s]] or [s] for s in beam]
        ordered = [sorted(one, key=lambda s: (-p[s], s))[:share] for one in offers]
        candidates = sorted(itertools.chain(*ordered), key=lambda s: (-p[s], s))
        beam = candidates[: case.width]
        dropped.append([p[s] for s in candidates[case.width :]])
    return beam, dropped


def dropping(case: Beam, rng: np.random.Generator, bound: Callable[[list[list[Fraction]]], Fraction]) -> Answers:
    """Run a beam of tuples, and report another bound of what it drops."""
    beam, dropped = kept(case)
    return answers(case, [list(s) for s in beam], float(bound(dropped)))


def filled(case: Beam, rng: np.random.Generator) -> Answers:
    """Fill up the answers with sequences of whatever tokens, as released programs do."""
    beam, dropped = kept(case)
    others = [s for s in all_sequences(case.n_tokens + 1, longest(case)) if s not in beam]
    return answers(case, [list(s) for s in (beam + others)[: case.k]], float(largest(dropped)))


def largest(dropped: list[list[Fraction]]) -> Fraction:
    """Return the largest score of all steps, 0 where nothing was dropped."""
    return max(itertools.chain(*dropped), default=Fraction(0))


def second(dropped: list[list[Fraction]]) -> Fraction:
    """Return the second largest score of all steps."""
    return (sorted(itertools.chain(*dropped), reverse=True) + [Fraction(0)] * 2)[1]


@formula(a="[0, 1]", U="[0, 1]")
def best_possible(a: Number, U: Number) -> Number:
    """The score of the r-th best item is at most this, for the r-th best answer a = a_r.

    Proof
    -----
    Assumes: a step never increases a score, and answers are different items, or fewer than r (both checked).

    Proof: let x be one of the r best items. If x is an answer, or was kept and is not among the first r answers, then
    its score is at most a_r unless it is one of the first r answers. If x was not kept, one of its prefixes was a
    candidate and was dropped, since the empty prefix was kept; its score is at most U, and that of x is not larger. So
    each of the r best items is among the first r answers or has at most the score max(a_r, U). If all r of them are
    among the first r answers, OPT_r = a_r; otherwise OPT_r is at most the score of one that is not. Where U <= a_r, the
    first r answers are therefore r best items.
    """
    return max(a, U)


def certified(case: Beam, found: Answers, power: int = 1) -> Sides:
    """Compare OPT_r with max(a_r, U), and U with what a beam of tuples drops; wrong answers are unfit."""
    p, rows = scores(case, case.table), sequences(found.items)
    given = [row for row in rows if row]
    fit = set(given) <= set(case.items) and len(set(given)) == len(given) and rows[: len(given)] == given
    best = [p[item] for item in ranked(case, case.table)][: case.k]
    a = sorted((p[item] for item in given), reverse=True) if fit else []
    a += [Fraction(0)] * (len(best) - len(a))
    U, due = found.dropped, largest(kept(case)[1])
    right = 0 <= U <= 1
    bounds = [best_possible(one, U**power) if fit and right else UNFIT for one in a[: len(best)]]
    return Sides([*best, U, due], [*bounds, due, U], trivial=[*[1] * len(best), math.inf, math.inf])


ST_2 = Statement(
    id="constrained_decoding/ST-2",
    title="What a beam dropped bounds what it can have missed",
    says=(
        "For every width M of a beam and every model whose steps never increase a score, the score OPT_r of the r-th "
        "best item is at most the larger one of a_r, the score of the r-th best answer, and U, the largest score that "
        "was ever dropped; where U <= a_r the first r answers are best ones. The answers are different items, and U is "
        "the one of a beam of tuples."
    ),
    source=Derived(best_possible),
    tex=r"\mathrm{OPT}_r \le \max(a_r, U)",
    hypotheses={"a row of probabilities at each inner prefix": fits},
    instances=BEAMS,
    for_all=(
        All(
            "models with rows of four kinds over all sets of two steps with two tokens, for beams of width 1 and 2",
            all_beams,
            members=N_BEAMS,
        ),
    ),
    solve=returned,
    claim=Inequality(certified, unbounded="a score that is reported as dropped may be any number"),
    decisions=("items",),
    saboteurs=(
        saboteur(
            "U is the largest score that the last step dropped",
            solve=partial(dropping, bound=lambda dropped: largest(dropped[-1:])),
        ),
        saboteur(
            "U is the smallest score that was dropped",
            solve=partial(dropping, bound=lambda dropped: min(itertools.chain(*dropped), default=Fraction(0))),
        ),
        saboteur("U is the second largest score", solve=partial(dropping, bound=second)),
        saboteur("as released: answers are filled up with sequences outside", solve=filled, printed=True),
        saboteur(
            "what was dropped is divided by its length",
            claim=Inequality(partial(certified, power=2), unbounded="as for the statement"),
        ),
    ),
    notes=(
        "A score divided by the length, and raw logits, may increase at a step, and then the bound fails: with items "
        "0-0 and 1-0, a first step of 1 and 0, and second ones of 0 and 5, width 1 drops 0, returns 1 and misses 5."
    ),
)

# --- wide enough -----------------------------------------------------------------------------------------------------


def as_wide(case: Halved, less: int = 0) -> Beam:
    """Make the beam that is as wide as there are items, or narrower, and asks for as many."""
    width = len(case.items) - less
    return Beam(case.rows, case.n_tokens, case.halvings, width, width)


#: the item 0-1-0 is second best, and second in its branch
BRANCHED = Halved(((0, 0, 0), (0, 1, 0), (1, 0, 0)), 2, ((0, 3), (1, 1), (0, -1), (0, -1), (0, -1), (0, -1)))

WIDE = Family(
    "wide-beams",
    always=(as_wide(Halved(((0,),), 1, ((0,),))), as_wide(BRANCHED), as_wide(Halved(CROSSED.rows, 2, ((1, 1),) * 5))),
    draw=lambda draws: as_wide(draw_halved(draws, least=0)),
)


def one_a_beam(case: Beam, rng: np.random.Generator) -> Answers:
    """Let each prefix offer its likeliest continuation alone."""
    beam, dropped = kept(case, share=1)
    return answers(case, [list(s) for s in beam], float(largest(dropped)))


@formula(M="[1, inf)", N="[1, inf)")
def drops_nothing(M: int, N: int) -> bool:
    """Whether a beam of width M surely drops nothing of a catalogue of N items.

    Proof
    -----
    Assumes: each step keeps the M best of the continuations of what was kept and of the items that ended (the beam).

    Proof: by induction each step keeps all prefixes of its length, and all shorter items: these are the continuations
    of those that the step before has kept, each of them begins at least one item, and no item begins with two of them,
    so that there are at most N. Nothing is dropped, and the last step has all items with their scores, in the order of
    these.
    """
    return M >= N


def whole_ranking(case: Beam, found: Answers) -> Sides:
    """Compare the answers with all items in the order of their scores, and the dropped score with 0."""
    due = padded([list(item) for item in ranked(case, case.table)][: case.k], longest(case))
    return Sides([*np.ravel(found.items).tolist(), found.dropped], [*due.ravel().tolist(), 0])


ST_2B = Statement(
    id="constrained_decoding/ST-2b",
    title="A beam as wide as there are items ranks the whole catalogue",
    says=(
        "If the width M of a beam is at least the number N of items, nothing is dropped, so that U = 0, and the "
        "answers are all items in the order of their scores, equal ones in lexicographic order."
    ),
    source=Derived(drops_nothing),
    tex=r"M \ge N \implies U = 0",
    hypotheses={
        "a beam as wide as there are items": lambda case: drops_nothing(case.width, len(case.items)),
        "a row of probabilities at each inner prefix": fits,
        "no item has probability 0": lambda case: min(scores(case, case.table).values()) > 0,
    },
    instances=WIDE,
    solve=returned,
    claim=Identity(whole_ranking),
    saboteurs=(
        saboteur("as released: each prefix offers a few of its continuations alone", solve=one_a_beam, printed=True),
        saboteur(
            "a beam that is narrower",
            breaks="a beam as wide as there are items",
            instances=Family("narrow-beams", always=(as_wide(BRANCHED, less=1),)),
        ),
    ),
    notes="The released code keeps 30 tokens a beam on its dense levels, and loses what is outside of them.",
)
