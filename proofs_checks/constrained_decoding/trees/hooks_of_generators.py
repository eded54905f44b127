"""Hooks for generators, which leave a part of a step's scores.

A generator hands over a prompt and the answer y so far. What may follow y is child(y) within the catalogue, and the
end of sequence behind a whole item; outside the catalogue the end of sequence alone is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Identity, OutcomeError, Sides, Statement, formula, saboteur
from lrtheory.constrained_decoding import TrieLogitsProcessor, prefix_allowed_tokens_fn
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
class Prompted(Language):
    """A language, and a prompt of its tokens; the end of sequence is the token after the last one."""

    prompt: Prefix

    @property
    def answers(self) -> list[Prefix]:
        """All prefixes, and those that leave the catalogue at their last token."""
        tree, tokens = self.tree, range(self.n_tokens)
        return [*tree, *((*s, token) for s in tree for token in tokens if token not in tree[s])]

    @property
    def scores(self) -> np.ndarray:
        """A score for each answer and token, no two of them alike."""
        n, columns = len(self.answers), self.n_tokens + 1
        return -1.0 - np.arange(n * columns).reshape(n, columns)


def draw_prompted(draws: Draws) -> Prompted:
    """Draw a language, and a prompt of up to three tokens."""
    language = draw_any_language(draws)
    prompt = draws.integers(0, language.n_tokens - 1, shape=(draws.integers(0, 3),)).tolist()
    return Prompted(language.rows, language.n_tokens, tuple(prompt))


PROMPTED = Family(
    "prompted-languages",
    always=(
        Prompted(((0,),), 1, ()),
        Prompted(CROSSED.rows, 2, (1, 0)),
        Prompted(UNEVEN.rows, 3, (2,)),
    ),
    draw=draw_prompted,
)


@dataclass(frozen=True)
class Left:
    """The tokens that the callback, the processor and one with a free end leave in each row, and the rows outside."""

    listed: np.ndarray
    kept: np.ndarray
    scores: np.ndarray
    outside: np.ndarray


def left(case: Prompted, rng: np.random.Generator, skipped: int | None = None) -> Left:
    """Ask both hooks of the library for every answer."""
    index, end, scores = indexed(case), case.n_tokens, case.scores
    before, listed = len(case.prompt) if skipped is None else skipped, np.zeros(scores.shape, bool)
    follow = prefix_allowed_tokens_fn(index, prompt_length=before, eos_token_id=end)
    process = TrieLogitsProcessor(index, prompt_length=before, eos_token_id=end)
    free = TrieLogitsProcessor(index, prompt_length=before, eos_token_id=end, eos="free")
    kept, without = np.empty_like(scores), np.empty_like(scores)
    for place, answer in enumerate(case.answers):
        ids = np.array([*case.prompt, *answer], np.int64)
        listed[place, follow(0, ids)] = True
        kept[place] = process(ids[None], scores[[place]])[0]
        without[place] = free(ids[None], scores[[place]])[0]
    return made(case, listed, kept, without, [follow.n_outside, process.n_outside, free.n_outside])


def made(case: Prompted, listed: np.ndarray, kept: np.ndarray, without: np.ndarray, outside: list[int]) -> Left:
    """Make an outcome; all scores are integers, with 0 where one is minus infinity."""
    scores = np.array([kept, without])
    return Left(listed, np.isfinite(scores), np.where(np.isfinite(scores), scores, 0.0).astype(int), np.array(outside))


def of_the_prompt(case: Prompted, rng: np.random.Generator) -> Left:
    """Take the prompt for a part of the answer."""
    return left(case, rng, skipped=0)


def by_hand(case: Prompted, allowed: list[set[int]], outside: int, below: float = -np.inf) -> Left:
    """Return what is left where these tokens are allowed, with another score for all others."""
    scores, items = case.scores, set(case.items)
    listed = np.array([[token in one for token in range(case.n_tokens + 1)] for one in allowed])
    kept = np.where(listed, scores, below)
    without = kept.copy()
    without[[answer in items for answer in case.answers], case.n_tokens] = 0.0
    return made(case, listed, kept, without, [outside] * 3)


def left_of(child: set[int], end: int) -> set[int]:
    """Return the tokens that are left behind an answer."""
    return {end} if ends(len(child)) else child


def due(case: Prompted) -> tuple[list[set[int]], int]:
    """Return what may follow each answer, and the number of answers outside."""
    tree, end = case.tree, case.n_tokens
    allowed = [left_of(set(tree.get(answer, ())), end) for answer in case.answers]
    return allowed, len(case.answers) - len(tree)


def by_last_token(case: Prompted, rng: np.random.Generator) -> Left:
    """Allow what a table of positions and last tokens allows."""
    table: dict[tuple[int, Prefix], set[int]] = {}
    for s, tokens in case.tree.items():
        table.setdefault((len(s), s[-1:]), set()).update(tokens)
    allowed = [left_of(table.get((len(s), s[-1:]), set()), case.n_tokens) for s in case.answers]
    return by_hand(case, allowed, due(case)[1])


def with_zeros(case: Prompted, rng: np.random.Generator) -> Left:
    """Set the scores of other tokens to -1, as if they were rare and not forbidden."""
    return by_hand(case, *due(case), below=-1.0)


@formula(n="[0, inf)")
def ends(n: int) -> bool:
    """Whether a hook leaves the end of sequence, for the number n of tokens in child(y).

    Proof
    -----
    Assumes: no item contains the end of sequence (checked by the hooks), and no item begins another one.

    Proof: a generator needs at least one token. An answer that an item begins with goes on with child(y), which is not
    empty there. Behind a whole item nothing follows within the catalogue, so it ends; and so does an answer outside,
    which no token could mend. An answer that ends is therefore an item, or was outside before it came to the hook.
    """
    return n == 0


def as_due(case: Prompted, found: Left) -> Sides:
    """Compare lists, masks, scores and the numbers of answers outside with those of sets of tuples."""
    true, names = by_hand(case, *due(case)), ("listed", "kept", "scores", "outside")
    got, rows = ([np.asarray(getattr(one, name)) for name in names] for one in (found, true))
    if [one.shape for one in got] != [one.shape for one in rows]:
        raise OutcomeError("a row is due for every answer")
    return Sides(*(np.concatenate([one.ravel().astype(np.int64) for one in side]) for side in (got, rows)))


ST_12 = Statement(
    id="constrained_decoding/ST-12",
    title="Hooks leave a generator the catalogue, and nothing else",
    says=(
        "Behind a prompt and an answer y, callback and processor leave the tokens child(y) that continue y within the "
        "catalogue, with their scores as they were; the end of sequence alone behind a whole item, with its score or "
        "0, and behind an answer outside, which is counted."
    ),
    source=Derived(ends),
    tex=r"\text{left}(y) = \mathrm{child}(y), \text{ or } \{\mathrm{end}\} \text{ where it is empty}",
    hypotheses={"sequences of the vocabulary, none of which begins another one": is_language},
    instances=PROMPTED,
    solve=left,
    claim=Identity(as_due),
    saboteurs=(
        saboteur("the prompt is taken for a part of the answer", solve=of_the_prompt),
        saboteur("a table of positions and last tokens", solve=by_last_token),
        saboteur("other tokens are made rare", solve=with_zeros),
    ),
    notes=(
        "A generator divides the score of a sequence by a power of its length unless it is told otherwise, and draws "
        "from the 50 best tokens."
    ),
)
