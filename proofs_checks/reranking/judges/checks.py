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
    saboteur,
)
from lrtheory.reranking import RerankingCertificate, rerank
from lrtheory.reranking.strategies import certain
from lrtheory.reranking.theory import calls_needed
from proofs_checks.reranking.families.judges import (
    Asked,
    Hidden,
    calls_of,
    draw_places,
    is_order,
    known,
    reranked,
    rounds_of,
    transcript,
)


@dataclass(frozen=True)
class Wanted(Hidden):
    """A hidden order, and the number k < n of documents that are wanted."""

    k: int


def planned(case: Wanted, rng: np.random.Generator, withheld: int = 0) -> Asked:
    """Call the library, which chooses the strategy."""
    return reranked(case, case.k, strategy="auto", withheld=withheld)


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
    solve=planned,
    claim=Inequality(within_calls),
    decisions=("order", "asked"),
    unread={"rounds": "calls are counted, whenever they are asked"},
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("a call is not told", solve=partial(planned, withheld=1)),
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


def check_claim(case: Claimed, rng: np.random.Generator) -> Checked:
    """Let the library find the claimed order with a judge that believes it, and verify that with the true judge."""
    told = [*case.claimed, *(d for d in range(case.n) if d not in case.claimed)]
    believer = Hidden(tuple(int(place) for place in np.argsort(told)), case.w)
    found = rerank(believer.judge, case.n, len(case.claimed), size=case.w)
    calls: list[list[int]] = []

    def judge(documents: np.ndarray) -> np.ndarray:
        calls.append(documents.tolist())
        return case.judge(documents)

    accepted = found.certificate.verify(judge)
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
    better, due = known(case, calls), calls_needed(case.n, case.w)
    # one call less leaves two parts, of which nothing is known together; so all documents must be joined
    joined = better | better.T | np.eye(case.n, dtype=bool)
    for middle in range(case.n):
        joined |= joined[:, [middle]] & joined[[middle]]
    behind = [(a, b) for i, a in enumerate(case.claimed) for b in range(case.n) if b not in case.claimed[: i + 1]]
    follows = all(better[a, b] for a, b in behind)
    refuted = any(better[b, a] for a, b in behind)
    verdict, rounds = (follows if right else refuted), rounds_of(Asked(found.asked, found.asked, found.rounds))
    if not right:  # a claim may be rejected as soon as one answer contradicts it
        return Sides([int(found.accepted), int(verdict), max(len(calls), due), rounds], [0, 1, due, 1])
    return Sides(
        [int(found.accepted), int(verdict), int(joined.all()), len(calls), rounds], [1, 1, 1, due - fewer, min(due, 1)]
    )


RK_V1 = Statement(
    id="reranking/RK-V1",
    title="To check an order takes one round",
    says=(
        "One call about the claimed documents, at most w, and others, and calls about the last of them with w - 1 "
        "others each, all asked at once, accept exactly the claims that begin the order of the n documents; they are "
        "ceil((n - 1) / (w - 1)), as few as any strategy asks."
    ),
    source=Derived(calls_needed),
    tex=r"\lceil (n - 1) / (w - 1) \rceil \text{ calls, one round}",
    hypotheses={"one to w different documents are claimed": fits},
    instances=CLAIMS,
    solve=check_claim,
    claim=Identity(accepted_iff_right),
    decisions=("accepted", "asked", "rounds"),
    may_vary={"asked": "what is asked is the strategy's", "rounds": "there is one for each call"},
    saboteurs=(
        saboteur("the last call is left out", patch=(certain.checking_calls, "in calls if", "in calls[:-1] if")),
        saboteur(
            "the order of the claimed ones is not looked at",
            patch=(
                RerankingCertificate.verify,
                "np.array_equal(answer[:due], call[:due])",
                "set(answer[:due]) == set(call[:due])",
            ),
        ),
        saboteur("one call less is claimed", claim=Identity(partial(accepted_iff_right, fewer=1))),
    ),
    notes=(
        "Of 100 documents a claim about the first ten takes six calls about twenty, in one round: guess by a cheap "
        "score, check, and rank anew where the check fails."
    ),
)
