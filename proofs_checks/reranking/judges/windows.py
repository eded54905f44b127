"""Windows that slide over a list: what one pass, several passes, and passes in the wrong direction sort for certain.

A judge sorts w documents a call by one hidden order. A pass sorts the last w of n places of the list, then the w
places that begin s before these, and so on up to the first place, where the last step is cut short if it must be. What
a call has sorted lies in the list when the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, Inequality, Sides, Statement, formula, saboteur
from lrtheory.reranking.baselines import rankify_window
from lrtheory.reranking.strategies import window
from lrtheory.reranking.theory import window_calls, window_prefix
from proofs_checks.reranking.families.judges import (
    Asked,
    Hidden,
    calls_of,
    draw_places,
    is_order,
    is_right,
    known,
    lost,
    missing,
    reranked,
    rounds_of,
    transcript,
)


@dataclass(frozen=True)
class Windows(Hidden):
    """A hidden order, the step s of the windows, and the number of passes."""

    s: int
    passes: int = 1


def slide(case: Windows, rng: np.random.Generator, passes: int | None = None, *, withheld: int = 0) -> Asked:
    """Sort by the library's windows, or by another number of passes of them."""
    p = case.passes if passes is None else passes
    return reranked(case, case.n, strategy="window", step=case.s, passes=p, withheld=withheld)


def released(case: Windows, rng: np.random.Generator) -> Asked:
    """Sort by the loop of a released program, which cuts each window from the input list."""
    asked: list[list[list[int]]] = []

    def judge(documents: np.ndarray) -> np.ndarray:
        asked.append([documents.tolist()])
        return case.judge(documents)

    order = rankify_window(judge, case.n, size=case.w, step=case.s)
    return transcript(case, order.tolist(), asked)


def turned(case: Windows) -> Windows:
    """Turn list and hidden order around: document d stands n - 1 - d places behind the first one."""
    return Windows(tuple(case.n - 1 - place for place in reversed(case.places)), case.w, case.s, case.passes)


def down(case: Windows, rng: np.random.Generator, sort: Callable[..., Asked] = slide, **slips: int) -> Asked:
    """Sort by windows from the top down: the same as from the bottom up with list and order turned around."""
    found = sort(turned(case), rng, **slips)
    asked = np.where(found.asked < 0, -1, case.n - 1 - found.asked)
    return Asked(case.n - 1 - found.order[::-1], asked, found.rounds)


def has_overlap(case: Windows) -> bool:
    """Decide whether windows overlap, and there are two documents to sort."""
    return is_order(case) and case.n >= 2 and 1 <= case.s < case.w


def bottom_up(n: int, w: int, s: int) -> Windows:
    """Return the order in which the w best documents stand last, the best of them at the end."""
    return Windows(tuple(reversed(range(n))), w, s)


def draw_windows(draws: Draws) -> Windows:
    """Draw four to ten documents, and windows that overlap."""
    n, w = draws.integers(4, 10), draws.integers(2, 5)
    return Windows(draw_places(draws, n), w, draws.integers(1, w - 1))


ORDERS = Family(
    "windows",
    always=(
        Windows((0, 2, 1), 2, 1),  # where windows that are cut from the input lose a document
        Windows((3, 1, 0, 2), 4, 2),  # one window
        Windows((1, 0), 3, 2),  # fewer documents than a window takes
        Windows((4, 3, 2, 0, 1, 5, 6, 7, 8), 4, 2),  # the best document is beyond an unclamped last window
        *(bottom_up(n, w, s) for n, w, s in ((9, 3, 1), (9, 4, 2), (11, 4, 2), (10, 4, 2), (12, 5, 3), (6, 4, 3))),
    ),
    draw=draw_windows,
)


def prefix_follows(case: Windows, found: Asked, more: int = 0) -> Sides:
    """Compare with nothing what is open about the first g places or lost, and calls and rounds with their number."""
    calls = calls_of(case, found)
    better, g = known(case, calls), window_prefix(case.n, case.w, case.s)
    due = window_calls(case.n, case.w, case.s)
    tight = case.n > case.w and case.places == tuple(reversed(range(case.n)))
    right = is_right(case, found.order)
    lhs = [missing(case, found.order, min(g + more, case.n), better), lost(case, found.order), min(right, g + more)]
    rhs = [0, 0, g + more]
    if tight and not more:  # the next place is wrong there, so that nothing more is certain
        lhs, rhs = [*lhs, right], [*rhs, g]
    return Sides([*lhs, len(calls), rounds_of(found)], [*rhs, due, due])


RK_W1 = Statement(
    id="reranking/RK-W1",
    title="What one pass of windows sorts",
    says=(
        "After one pass of windows of w documents with the step s, whose last step is cut short, over n > w documents, "
        "the first g = w - min(s, n - w) documents are the g best, in order, whatever the order was; this follows from "
        "the 1 + ceil((n - w) / s) answers, each of which waits for the one before, and no longer prefix does."
    ),
    source=Derived(window_prefix),
    tex=r"g = w - \min(s, n - w), \quad 1 + \lceil (n - w) / s \rceil \text{ calls}",
    hypotheses={"windows that overlap, and two documents or more": has_overlap},
    instances=ORDERS,
    solve=slide,
    claim=Identity(prefix_follows),
    decisions=("order", "asked", "rounds"),
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("each window is cut from the input list", solve=released, printed=True),
        saboteur(
            "the last step is left out where it would be shorter",
            patch=(window.slide, "if begin == 0:", "if begin < step:"),
        ),
        saboteur("windows that do not overlap", patch=(window.slide, "begin - step", "begin - size")),
        saboteur("from the top down", solve=down),
        saboteur("a call is not told", solve=partial(slide, withheld=1)),
        saboteur("one document more", claim=Identity(partial(prefix_follows, more=1))),
    ),
    notes="At the usual n = 100, w = 20 and s = 10 nine calls make the first ten certain, and not the first alone.",
)

# --- several passes --------------------------------------------------------------------------------------------------


PASSES = Family(
    "window-passes",
    always=(
        *(Windows(tuple(reversed(range(9))), 3, 1, p) for p in (1, 2, 3)),
        Windows(tuple(reversed(range(12))), 5, 3, 3),
        Windows(tuple(reversed(range(8))), 4, 3, 2),
        Windows((3, 1, 0, 2), 4, 2, 2),
    ),
    draw=lambda draws: _with_passes(draw_windows(draws), draws.integers(1, 3)),
)


def _with_passes(case: Windows, passes: int) -> Windows:
    """Return the same windows with another number of passes."""
    return Windows(case.places, case.w, case.s, passes)


def passes_follow(case: Windows, found: Asked, more: int = 0) -> Sides:
    """Compare the claimed prefix with what follows and is right, and the number of calls with that of p passes."""
    calls, p = calls_of(case, found), case.passes
    claimed = min(window_prefix(case.n, case.w, case.s, passes=p) + more, case.n)
    better = known(case, calls)
    certain = next(g for g in range(case.n, -1, -1) if not missing(case, found.order, g, better))
    most = window_calls(case.n, case.w, case.s, passes=p)
    return Sides([claimed, len(calls)], [min(certain, is_right(case, found.order)), most], least=[0, -1])


RK_W2 = Statement(
    id="reranking/RK-W2",
    title="Each further pass of windows adds as many documents as the first",
    says=(
        "After p passes of windows of w documents with the step s over n documents the first p g documents, at most n, "
        "are the best ones, in order, where g is the prefix that one pass sorts; where p g = n - 1 all of them are."
    ),
    source=Derived(window_prefix),
    tex=r"\min(n, p g), \quad g = w - \min(s, n - w)",
    hypotheses={"windows that overlap, and two documents or more": has_overlap},
    instances=PASSES,
    solve=slide,
    claim=Inequality(passes_follow, unbounded="another strategy may ask any number of questions"),
    decisions=("order", "asked"),
    unread={"rounds": "what one pass sorts speaks of rounds"},
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("one pass alone", solve=partial(slide, passes=1)),
        saboteur("from the top down", solve=down),
        saboteur("each window is cut from the input list", solve=released),
        saboteur(
            "a pass is over too few documents",
            patch=(window.slide, "size - min(step, n - size)", "size"),
        ),
        saboteur(
            "one document more",
            claim=Inequality(partial(passes_follow, more=1), unbounded="as for the statement"),
        ),
    ),
    notes="A short list may be sorted further than this: 12 documents in windows of 5 with the step 3, for example.",
)

# --- the wrong direction ---------------------------------------------------------------------------------------------


@formula(n="[1, inf)", w="[2, inf)", s="[1, w)")
def downward_suffix(n: int, w: int, s: int) -> int:
    """The number of worst documents that are last, in order, after one pass from the top down, for n > w.

    Proof
    -----
    Assumes: as for one pass upward.

    Proof: turn the list and the hidden order around; the pass is one of W1 then, which speaks of the end of the list.
    For the beginning: let the best document stand last. It is in the last window alone, so it ends at place n - w or
    behind it, and not at the first place, as n > w.
    """
    return window_prefix(n, w, s)


def suffix_follows(case: Windows, found: Asked) -> Sides:
    """Compare with nothing what is open about the last places, and the first place where the best document was last."""
    # the order turned around, and not the list: document d keeps its number
    calls, worst = calls_of(case, found), Windows(tuple(case.n - 1 - place for place in case.places), case.w, case.s)
    better, g = known(case, calls).T, downward_suffix(case.n, case.w, case.s)
    order = np.asarray(found.order)[::-1]
    lhs = [missing(worst, order, g, better), lost(case, order), min(is_right(worst, order), g)]
    rhs = [0, 0, g]
    if case.n > case.w and case.places[-1] == 0:
        lhs, rhs = [*lhs, is_right(case, found.order)], [*rhs, 0]
    return Sides([*lhs, len(calls), rounds_of(found)], [*rhs, *[window_calls(case.n, case.w, case.s)] * 2])


RK_W3 = Statement(
    id="reranking/RK-W3",
    title="Windows from the top down sort the end, and no beginning",
    says=(
        "One pass of windows of w documents with the step s from the top down over n > w documents leaves the "
        "w - min(s, n - w) worst documents last, in order, and where the best document stood last it is not first."
    ),
    source=Derived(downward_suffix),
    tex=r"w - \min(s, n - w) \text{ last}, \quad 0 \text{ first}",
    hypotheses={"windows that overlap, and two documents or more": has_overlap},
    instances=Family("downward", always=ORDERS.smallest(), draw=draw_windows),
    solve=down,
    claim=Identity(suffix_follows),
    decisions=("order", "asked", "rounds"),
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("from the bottom up", solve=slide),
        saboteur("each window is cut from the input list", solve=partial(down, sort=released)),
        saboteur("windows that do not overlap", patch=(window.slide, "begin - step", "begin - size")),
        saboteur("a call is not told", solve=partial(down, withheld=1)),
    ),
    notes="Bubble sort from the top down behaves so too: one pass places the worst document, not the best.",
)
