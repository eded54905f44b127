"""Hooks for generators of the ecosystem, which ask at each step what may follow the tokens so far.

Both hooks keep generated sequences in a catalogue, and neither imports torch. The generator hands over all of its
tokens, the prompt and a token that begins the answer included, so both are told how many come before the answer.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from lrtheory._array import array_namespace, beside, to_numpy
from lrtheory._types import Array
from lrtheory._validation import as_array, choice, integer, must
from lrtheory.constrained_decoding.index.trie_index import TrieIndex
from lrtheory.constrained_decoding.live import LiveIndex

__all__ = ["AllowedTokens", "TrieLogitsProcessor", "prefix_allowed_tokens_fn"]


class _Answers:
    """Reads the answer behind a prompt: the state to which it leads, and whether its end has been written."""

    def __init__(self, index: TrieIndex | LiveIndex, prompt_length: int, eos_token_id: int) -> None:
        if not isinstance(index, (TrieIndex, LiveIndex)):
            raise must("index", "a TrieIndex or a LiveIndex", index, TypeError)
        self.index = index
        self.prompt_length = integer("prompt_length", prompt_length, low=0)
        self.eos_token_id = integer("eos_token_id", eos_token_id, low=0)
        #: whether the end of sequence stands for the terminator of the index, since it is that token, or a terminator
        #: was added, which the model does not have
        self._closes = index.terminator is not None and index.terminator in (self.eos_token_id, index.vocab_size)
        self._refuse_inside(index.index if isinstance(index, LiveIndex) else index)

    def _refuse_inside(self, index: TrieIndex) -> None:
        """Refuse items that contain the end of sequence, behind which a generator writes nothing."""
        self._refuse_end(bool((index.tokens == self.eos_token_id).any()))

    def _refuse_end(self, is_inside: bool) -> None:
        """Refuse an end of sequence that may follow although it is not what ends the items."""
        if is_inside and self.eos_token_id != self.index.terminator:
            raise must("eos_token_id", "a token that no item contains", self.eos_token_id)

    def _row(self, state: int) -> list[int]:
        """The tokens of the model that may follow a state which is neither -1 nor a whole item."""
        found: list[int] = self.index.allowed(state).tokens.tolist()
        self._refuse_end(self.eos_token_id in found)  # of an item that came in later
        if self._closes and found and found[-1] == self.index.vocab_size:
            found[-1] = self.eos_token_id
        return found

    def _after(self, tokens: list[int]) -> tuple[int, bool]:
        """The state of one answer, -1 outside the catalogue, and whether a whole item is all that was written."""
        end = self.eos_token_id
        has_end = end in tokens
        body = tokens[: tokens.index(end)] if has_end else tokens
        # a token of the model that the index does not know is no added terminator
        state = -1 if self._closes and max(body, default=0) >= self.index.vocab_size else self.index.state(body)
        if has_end and self.index.terminator is not None and self._closes and state >= 0:
            state = self.index.advance(state, self.index.terminator)
        is_item = state >= 0 and self.index.item(state) >= 0
        return (state if is_item or not has_end else -1), is_item

    def _after_all(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """States of answers in rows of one length, and whether each is a whole item, as `_after` finds them."""
        index, n = self.index, len(tokens)
        states, ended = np.full(n, index.root, np.int64), np.zeros(n, bool)
        for column in tokens.T:
            ends = (column == self.eos_token_id) & ~ended
            steps = np.where(column < index.vocab_size, column, -1)
            if self._closes:
                steps[ends] = index.terminator
            after = np.where(ended, states, index.advance(states, steps))
            if not self._closes and ends.any():
                after[ends] = np.where(index.item(states[ends]) >= 0, states[ends], -1)
            states = after
            ended |= ends & (states >= 0)
        return states, ended | (index.item(states) >= 0)


class AllowedTokens(_Answers):
    """The callback that `prefix_allowed_tokens_fn` makes.

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue.
    prompt_length : int
        Number of tokens before the answer.
    eos_token_id : int
        Token that ends a sequence.

    Raises
    ------
    TypeError
        If it is called with something else than integers.
    ValueError
        If it is called with fewer tokens than the prompt has.
    """

    def __init__(self, index: TrieIndex | LiveIndex, *, prompt_length: int, eos_token_id: int) -> None:
        super().__init__(index, prompt_length, eos_token_id)
        #: number of calls with an answer that no item begins with, so that only the end of sequence was allowed
        self.n_outside = 0

    def __call__(self, batch_id: int, input_ids: Any) -> list[int]:
        """Tokens that may follow; `batch_id` is not looked at, since all rows share the catalogue."""
        tokens = as_array("input_ids", to_numpy(input_ids))
        if tokens.ndim != 1 or (tokens.size and tokens.dtype.kind not in "iu"):
            raise must("input_ids", "integers, with one axis", tokens, TypeError)
        if len(tokens) < self.prompt_length:
            raise must("input_ids", f"at least the {self.prompt_length} tokens of the prompt", tokens.shape)
        state, is_item = self._after(tokens[self.prompt_length :].tolist())
        found = [] if is_item or state < 0 else self._row(state)
        self.n_outside += not (is_item or found)
        return found or [self.eos_token_id]


def prefix_allowed_tokens_fn(index: TrieIndex | LiveIndex, *, prompt_length: int, eos_token_id: int) -> AllowedTokens:
    """Make the callback that ``generate`` of transformers takes as ``prefix_allowed_tokens_fn`` (statement ST-12).

    After a whole item only the end of sequence may follow, and its log probability enters the score of a beam;
    `TrieLogitsProcessor` can leave it out. The generator divides scores by a power of the length, so for items of
    unlike length ask it for ``length_penalty=0``; and it draws from all allowed tokens only with ``top_k=0``.

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue. A living one is asked as it is at the time of each step.
    prompt_length : int
        Number of tokens before the answer, at least 0: those of the prompt, or the one that a decoder begins with.
    eos_token_id : int
        Token that ends a sequence, which no item contains. It stands for the terminator of the index, where that was
        added to the tokens of the model.

    Returns
    -------
    AllowedTokens
        Callback ``(batch_id, input_ids) -> list of int``, which allows the end of sequence alone where no item begins
        with the answer, and counts such calls in ``n_outside``.

    Raises
    ------
    TypeError
        If the index is none.
    ValueError
        If an item contains the end of sequence.

    Examples
    --------
    >>> from lrtheory.constrained_decoding import TrieIndex
    >>> follow = prefix_allowed_tokens_fn(TrieIndex([[5, 1], [5, 3]], 8), prompt_length=2, eos_token_id=0)
    >>> follow(0, [7, 7]), follow(0, [7, 7, 5]), follow(0, [7, 7, 5, 3])
    ([5], [1, 3], [0])
    """
    return AllowedTokens(index, prompt_length=prompt_length, eos_token_id=eos_token_id)


class TrieLogitsProcessor(_Answers):
    """A processor of scores for ``generate`` of transformers, which leaves only what the catalogue allows.

    Scores may be logits or log probabilities; those that are allowed stay as they are, and all others become minus
    infinity. Arrays: any (device); what is allowed is found on the host.

    Parameters
    ----------
    index : TrieIndex or LiveIndex
        Catalogue. A living one is asked as it is at the time of each step.
    prompt_length : int
        Number of tokens before the answer, at least 0, as in `prefix_allowed_tokens_fn`.
    eos_token_id : int
        Token that ends a sequence, which no item contains.
    eos : {"scored", "free"}
        Whether the end of sequence behind a whole item has the score that the model gives it, or 0, so that a beam has
        the score of its item. An end of sequence that is the choice between a shorter item and a longer one always has
        the score of the model.

    Raises
    ------
    TypeError
        If the index is none.
    ValueError
        If an item contains the end of sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from lrtheory.constrained_decoding import TrieIndex
    >>> process = TrieLogitsProcessor(TrieIndex([[2, 1], [2, 3]], 4), prompt_length=0, eos_token_id=0, eos="free")
    >>> process(np.array([[2, 1], [2, 2]]), np.full((2, 4), -1.5)).tolist()
    [[0.0, -inf, -inf, -inf], [-1.5, -inf, -inf, -inf]]
    >>> process.n_outside
    1
    """

    def __init__(
        self,
        index: TrieIndex | LiveIndex,
        *,
        prompt_length: int,
        eos_token_id: int,
        eos: Literal["scored", "free"] = "scored",
    ) -> None:
        super().__init__(index, prompt_length, eos_token_id)
        self.eos = choice("eos", eos, ("scored", "free"))
        #: number of rows with an answer that no item begins with, so that only the end of sequence was allowed
        self.n_outside = 0

    def __call__(self, input_ids: Array, scores: Array) -> Any:
        """Scores of the next token, minus infinity where it leaves the catalogue."""
        tokens = as_array("input_ids", to_numpy(input_ids))
        self._check(tokens, scores)
        states, is_item = self._after_all(tokens[:, self.prompt_length :].astype(np.int64, copy=False))
        xp = array_namespace(scores)
        found = xp.where(beside(self._masks(states, is_item, scores.shape[1]), scores), scores, -np.inf)
        if self.eos == "free" and is_item.any():
            free = np.zeros(scores.shape, bool)
            free[is_item, self.eos_token_id] = True
            found = xp.where(beside(free, scores), 0.0, found)
        return found

    def _check(self, tokens: np.ndarray, scores: Any) -> None:
        """Refuse answers and scores that do not belong together, or to the index."""
        if tokens.ndim != 2 or tokens.dtype.kind not in "iu":
            raise must("input_ids", "integers, a row for each sequence", tokens, TypeError)
        if tokens.shape[1] < self.prompt_length:
            raise must("input_ids", f"at least the {self.prompt_length} tokens of the prompt", tokens.shape)
        if not isinstance(scores, Array):
            raise must("scores", "an array of real numbers", scores, TypeError)
        least = max(self.index.vocab_size, self.eos_token_id + 1)
        if len(scores.shape) != 2 or scores.shape[0] != len(tokens) or scores.shape[1] < least:
            raise must("scores", f"of shape ({len(tokens)}, n), where n is at least {least}", tuple(scores.shape))
        if not array_namespace(scores).isdtype(scores.dtype, "real floating"):
            raise must("scores", "an array of real numbers", scores.dtype, TypeError)

    def _masks(self, states: np.ndarray, is_item: np.ndarray, width: int) -> np.ndarray:
        """Whether each token of the model may follow; the end of sequence where nothing else may."""
        size = self.index.vocab_size
        found = self.index.mask(states)
        masks = np.zeros((len(states), width), bool)
        masks[:, :size] = found[:, :size]
        self._refuse_end(bool(masks[:, self.eos_token_id].any()))  # of an item that came in later
        if found.shape[1] > size:  # a terminator that was added
            masks[:, self.eos_token_id] |= found[:, size]
        at_end = ~found.any(axis=1)
        masks[at_end, self.eos_token_id] = True
        self.n_outside += int((at_end & ~is_item).sum())
        return masks
