"""The calls that any strategy needs, and those that check an order that somebody claims.

A judge sorts w documents a call by one hidden order of n documents.
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
    Identity,
    Inequality,
    OutcomeError,
    Sides,
    Statement,
    Tight,
    formula,
    saboteur,
)
from proofs_checks.reranking.families.judges import (
    Asked,
    Hidden,
    calls_of,
    draw_places,
    is_order,
    known,
    rounds_of,
    transcript,
)


@formula(n="[1, inf)", w="[2, inf)")
def calls_needed(n: int, w: int) -> int:
    """The number of calls without which no k < n documents are known to be the best ones.

    Proof
    -----
    Assumes: answers follow one order, and a call is about at most w documents. A strategy may be adaptive.

    Proof: draw an edge between documents that were in one call. A call joins at most w parts of this graph into one, so
    it lowers their number by at most w - 1, and after fewer than (n - 1) / (w - 1) calls there are two or more. Let X
    be one part and Y the rest: all answers fit an order that has all of X before Y, and one that has all of Y before X.
    The k best of the two differ, as k < n. So no strategy that stops there is right for both.
    """
    return -(-(n - 1) // (w - 1))


@dataclass(frozen=True)
class Wanted(Hidden):
    """A hidden order, and the number k < n of documents that are wanted."""

    k: int


def knockouts(case: Wanted, rng: np.random.Generator, *, withheld: int = 0, dropped: int | None = None) -> Asked:
    """Find the best k one after the other, each as the winner of knockouts of w documents.

    With `dropped` a call drops that many of the worst documents, and not all but the best. What earlier calls have told
    is used again, so that a call is asked only where it is needed.
    """
    calls: list[list[int]] = []
    first: list[int] = []
    for _ in range(case.k):
        left = [d for d in range(case.n) if d not in first]
        better = known(case, calls)
        # whoever is known to be behind another one that is left is not the best of these
        left = [d for d in left if not better[left, d].any()]
        while len(left) > 1:
            call, left = left[: case.w], left[case.w :]
            calls.append(call)
            answer = case.answer(call)
            left += answer[: max(1, len(call) - dropped)] if dropped else answer[:1]
        first += left
    order = [*first, *(d for d in range(case.n) if d not in first)]
    return transcript(case, order, [[call] for call in calls[: len(calls) - withheld]])


def wants_some(case: Wanted) -> bool:
    """Decide whether 1 <= k < n."""
    return is_order(case) and 1 <= case.k < case.n


def draw_wanted(draws: Draws) -> Wanted:
    """Draw two to ten documents, calls of two to five, and fewer documents that are wanted."""
    n = draws.integers(2, 10)
    return Wanted(draw_places(draws, n), draws.integers(2, 5), draws.integers(1, n - 1))


WANTED = Family(
    "wanted",
    always=(
        Wanted((1, 0), 2, 1),
        Wanted((0, 3, 6, 1, 4, 7, 2, 5, 8), 3, 2),  # three groups, their winners, and the two that may be second
        Wanted((8, 7, 6, 5, 4, 3, 2, 1, 0), 3, 1),
        Wanted((2, 0, 1, 3), 4, 2),
    ),
    tight=(Tight(Wanted((4, 2, 8, 1, 0, 3, 7, 5, 6), 3, 1), 1.0, 1.0),),
    draw=draw_wanted,
)


def within_calls(case: Wanted, found: Asked, needed: object = calls_needed) -> Sides:
    """Compare the calls that are needed with those that were asked; an order that does not follow is unfit."""
    calls, order = calls_of(case, found), np.asarray(found.order).tolist()
    if sorted(order) != list(range(case.n)):
        raise OutcomeError(f"an order must be of {case.n} documents")
    better = known(case, calls)
    follows = bool(better[np.ix_(order[: case.k], order[case.k :])].all())
    due = needed(case.n, case.w) if needed is calls_needed else needed(case)  # type: ignore[operator]
    return Sides([due], [len(calls) if follows else UNFIT], least=[0])


def by_groups(case: Wanted) -> int:
    """Claim what a count of documents that are dropped would give: w - k of them a call."""
    return -(-(case.n - case.k) // (case.w - case.k)) if case.k < case.w else 0


RK_T2 = Statement(
    id="reranking/RK-T2",
    title="The calls that every strategy needs",
    says=(
        "Whoever knows the k < n best of n documents from calls that sort at most w, whatever the strategy, has asked "
        "at least (n - 1) / (w - 1) calls; for k = 1 a knockout asks no more, rounded up."
    ),
    source=Derived(calls_needed),
    tex=r"\text{calls} \ge \lceil (n - 1) / (w - 1) \rceil",
    hypotheses={"1 <= k < n": wants_some},
    instances=WANTED,
    solve=knockouts,
    claim=Inequality(within_calls),
    decisions=("order", "asked"),
    unread={"rounds": "calls are counted, whenever they are asked"},
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("a call is not told", solve=partial(knockouts, withheld=1)),
        saboteur("a call drops w - k documents at most", claim=Inequality(partial(within_calls, needed=by_groups))),
        saboteur("one call more", claim=Inequality(partial(within_calls, needed=lambda c: calls_needed(c.n, c.w) + 1))),
    ),
    notes=(
        "That (n - k) / (w - k) calls are needed, since a call drops w - k documents, is not so: of 9 documents the "
        "two best take 5 calls about three, and not 7."
    ),
)

# --- to check an order -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claimed(Hidden):
    """A hidden order, and the first documents in the order in which somebody claims them to be the best."""

    claimed: tuple[int, ...]


@dataclass(frozen=True)
class Checked:
    """Whether the claim was accepted, and the documents of each call (filled up with -1) with its round."""

    accepted: bool
    asked: np.ndarray
    rounds: np.ndarray


def check_claim(case: Claimed, rng: np.random.Generator, *, stop: int = 0, by_set: bool = False) -> Checked:
    """Sort the first w with the claimed ones in front, then the last claimed one with w - 1 of the others a call."""
    k, w, claimed = len(case.claimed), case.w, list(case.claimed)
    rest = [d for d in range(case.n) if d not in case.claimed]
    calls = [[*claimed, *rest[: w - k]]]
    rest = rest[w - k :]
    calls += [[claimed[-1], *rest[start : start + w - 1]] for start in range(0, len(rest), w - 1)]
    calls = [call for call in calls if len(call) > 1]
    calls = calls[: len(calls) - stop]
    accepted = True
    for place, call in enumerate(calls):
        answer = case.answer(call)
        first = claimed if place == 0 else claimed[-1:]
        accepted &= (set(answer[: len(first)]) == set(first)) if by_set else (answer[: len(first)] == first)
    asked = transcript(case, range(case.n), [calls])
    return Checked(accepted, asked.asked, asked.rounds)


def fits(case: Claimed) -> bool:
    """Decide whether the claim is about one to w different documents."""
    k = len(case.claimed)
    return is_order(case) and 1 <= k <= case.w and len(set(case.claimed)) == k and set(case.claimed) <= set(case.best)


def draw_claimed(draws: Draws) -> Claimed:
    """Draw two to nine documents, calls of two to five, and a claim that is right half of the time."""
    n, w = draws.integers(2, 9), draws.integers(2, 5)
    case = Hidden(draw_places(draws, n), w)
    k = draws.integers(1, min(n, w))
    claimed = case.best[:k]
    if draws.integers(0, 1):
        claimed[draws.integers(0, k - 1)] = case.best[-1]
    return Claimed(case.places, w, tuple(dict.fromkeys(claimed)))


CLAIMS = Family(
    "claims",
    always=(
        Claimed((0,), 2, (0,)),
        Claimed((0, 1), 2, (1,)),
        Claimed((0, 1, 2, 3, 4, 5), 3, (0, 1)),
        Claimed((0, 1, 2, 3, 4, 5), 3, (1, 0)),  # the right documents in the wrong order
        Claimed((1, 2, 3, 4, 5, 0), 3, (0, 1)),  # a better document in the last call
        Claimed((2, 0, 1, 3, 4, 5, 6), 4, (1, 2, 0)),
    ),
    draw=draw_claimed,
)


def accepted_iff_right(case: Claimed, found: Checked, fewer: int = 0) -> Sides:
    """Compare the verdict with the truth, what follows from the answers with all that is due, and calls and rounds."""
    calls, k = calls_of(case, Asked(np.zeros(0), found.asked, found.rounds)), len(case.claimed)
    right = list(case.claimed) == case.best[:k]
    better, due = known(case, calls), calls_to_check(case.n, case.w)
    # one call less leaves two parts, of which nothing is known together; so all documents must be joined
    joined = better | better.T | np.eye(case.n, dtype=bool)
    for middle in range(case.n):
        joined |= joined[:, [middle]] & joined[[middle]]
    behind = [(a, b) for i, a in enumerate(case.claimed) for b in range(case.n) if b not in case.claimed[: i + 1]]
    follows = all(better[a, b] for a, b in behind)
    refuted = any(better[b, a] for a, b in behind)
    verdict = follows if right else refuted
    return Sides(
        [
            int(found.accepted),
            int(verdict),
            int(joined.all()),
            len(calls),
            rounds_of(Asked(found.asked, found.asked, found.rounds)),
        ],
        [int(right), 1, 1, due - fewer, min(due, 1)],
    )


@formula(n="[1, inf)", w="[2, inf)")
def calls_to_check(n: int, w: int) -> int:
    """The calls of one round that decide whether a claimed order of at most w documents begins the hidden one.

    Proof
    -----
    Assumes: answers follow one order.

    Proof: the first call sorts the k claimed documents with w - k others, each further one the last claimed document
    with w - 1 others. If each answer begins as claimed, the claimed ones are in order and the last of them is better
    than all others, hence so are all by transitivity. If the claim is wrong, two neighbors among the claimed ones are
    in the wrong order, or another document is better than the last one; the call in which they stand says so. There are
    1 + ceil((n - w) / (w - 1)) = ceil((n - 1) / (w - 1)) calls, none of which waits, and fewer leave two parts without
    a common call (RK-T2): sliding one past the other changes no answer and another document becomes the best.
    """
    return calls_needed(n, w)


RK_V1 = Statement(
    id="reranking/RK-V1",
    title="To check an order takes one round",
    says=(
        "One call about the claimed documents, at most w, and others, and calls about the last of them with w - 1 "
        "others each, all asked at once, accept exactly the claims that begin the order of the n documents; they are "
        "ceil((n - 1) / (w - 1)), as few as any strategy asks."
    ),
    source=Derived(calls_to_check),
    tex=r"\lceil (n - 1) / (w - 1) \rceil \text{ calls, one round}",
    hypotheses={"one to w different documents are claimed": fits},
    instances=CLAIMS,
    solve=check_claim,
    claim=Identity(accepted_iff_right),
    decisions=("accepted", "asked", "rounds"),
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("the last call is left out", solve=partial(check_claim, stop=1)),
        saboteur("the order of the claimed ones is not looked at", solve=partial(check_claim, by_set=True)),
        saboteur("one call less is claimed", claim=Identity(partial(accepted_iff_right, fewer=1))),
    ),
    notes=(
        "Of 100 documents a claim about the first ten takes six calls about twenty, in one round: guess by a cheap "
        "score, check, and rank anew where the check fails."
    ),
)
