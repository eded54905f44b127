"""Hooks for generators against sets of tuples, and inside a loop that generates."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lrtheory.constrained_decoding import (
    LiveIndex,
    NGram,
    TrieIndex,
    TrieLogitsProcessor,
    prefix_allowed_tokens_fn,
    search,
)

WIDTH, PROMPT = 8, [7, 7]


def drawn(rng):
    """A catalogue whose items end in one of four ways, living or not; its answers, and the token that ends them."""
    size, way = int(rng.integers(2, 5)), rng.choice(["by length", "added", "of the model", "another token"])
    length, n = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    widths = np.full(n, length) if way == "by length" else rng.integers(0, length + 1, n)
    items = [tuple(rng.integers(0, size, width).tolist()) for width in widths]
    if way == "by length":
        index, end = TrieIndex(items, size + 1), size
    elif way == "added":
        index, end = TrieIndex(items, size, terminator=size), size + 1
    elif way == "of the model":
        index, end = TrieIndex(items, size + 1, terminator=size), size
    else:
        index, end = TrieIndex(items, size + 2, terminator=size + 1), size
        items = [(*item, size + 1) for item in items]
    return LiveIndex(index) if rng.integers(2) else index, set(items), end


def oracle(items, written, end):
    """What may follow, and whether the answer is outside."""
    body = written[: written.index(end)] if end in written else written
    follows = {item[len(body)] for item in items if len(item) > len(body) and item[: len(body)] == body}
    if body in items:
        follows.add(end)
    if end in written:
        return {end}, body not in items
    return follows or {end}, not follows


@pytest.mark.parametrize("seed", range(60))
def test_both_hooks_against_tuples(seed):
    rng = np.random.default_rng(seed)
    index, items, end = drawn(rng)
    follow = prefix_allowed_tokens_fn(index, prompt_length=2, eos_token_id=end)
    outside = 0
    for length in range(5):
        process = TrieLogitsProcessor(index, prompt_length=2, eos_token_id=end)
        known = [(*item, *[end] * 5)[:length] for item in sorted(items)]
        answers = [*known, *map(tuple, rng.integers(0, WIDTH, (6, length)).tolist())]
        due = [oracle(items, answer, end) for answer in answers]
        scores = rng.normal(size=(len(answers), WIDTH)).astype(np.float32)
        found = process(np.array([PROMPT + [*answer] for answer in answers]), scores)
        assert found.dtype == np.float32
        for answer, (allowed, _), row, given in zip(answers, due, found, scores, strict=True):
            assert set(follow(0, np.array(PROMPT + [*answer]))) == allowed
            assert set(np.flatnonzero(row > -np.inf).tolist()) == allowed
            assert (row[[*allowed]] == given[[*allowed]]).all()
        assert process.n_outside == sum(one for _, one in due)
        outside += process.n_outside
    assert follow.n_outside == outside


def test_the_end_is_scored_or_free():
    index = TrieIndex([[2, 1], [2, 3]], 4)
    ids, scores = np.array([[2, 1], [2, 2]]), np.full((2, 5), -1.5)
    for eos, first in (("scored", -1.5), ("free", 0.0)):
        process = TrieLogitsProcessor(index, prompt_length=0, eos_token_id=0, eos=eos)
        found = process(ids, scores)
        assert (found[0, 0], found[1, 0], process.n_outside) == (first, -1.5, 1)
        assert np.isneginf(found[:, 1:]).all()
    # where the end is a choice between two items it has its score
    titles = TrieIndex([[2], [2, 3]], 4, terminator=0)
    found = TrieLogitsProcessor(titles, prompt_length=0, eos_token_id=0, eos="free")(np.array([[2]]), scores[:1])
    assert np.flatnonzero(found[0] == -1.5).tolist() == [0, 3]


def test_a_beam_of_a_generator_finds_the_best_items():
    """A loop as generators have it: log softmax, the processor, the best of all candidates."""
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 6, (30, 3))
    index, model, end = TrieIndex(rows, 6), NGram(rng.integers(0, 6, (50, 4)), 6), 0
    process = TrieLogitsProcessor(index, prompt_length=1, eos_token_id=end, eos="free")
    beams, scores = np.zeros((1, 1), int), np.zeros(1)
    for _ in range(4):
        found = scores[:, None] + process(beams, model(beams[:, 1:], None))
        best = np.argsort(-found, axis=None, kind="stable")[:200]
        best = best[np.isfinite(found.ravel()[best])]
        beams = np.column_stack([beams[best // 6], best % 6])
        scores = found.ravel()[best]
    assert (beams[:, -1] == end).all()
    due = search(index, model, 10)
    assert beams[:10, 1:-1].tolist() == due.sequences
    np.testing.assert_allclose(scores[:10], due.log_probs)


def test_a_living_index_is_asked_as_it_is():
    live = LiveIndex(TrieIndex([[1, 2], [3, 2]], 4))
    follow = prefix_allowed_tokens_fn(live, prompt_length=0, eos_token_id=0)
    assert follow(0, []) == [1, 3]
    live.toggle(0, False)
    assert (follow(0, []), follow(0, [1]), follow.n_outside) == ([3], [0], 1)
    live.insert([[1, 1]])
    live.merge()
    assert follow(0, [1]) == [1]
    live.insert([[3, 0]])  # which holds the end of sequence
    with pytest.raises(ValueError, match="a token that no item contains; got 0"):
        follow(0, [3])
    process = TrieLogitsProcessor(LiveIndex(TrieIndex([[1, 2]], 4)), prompt_length=0, eos_token_id=0)
    process.index.insert([[3, 0]])
    with pytest.raises(ValueError, match="a token that no item contains; got 0"):
        process(np.array([[3]]), np.zeros((1, 4)))


def test_tensors_stay_tensors():
    torch = pytest.importorskip("torch")
    index = TrieIndex([[2, 1], [2, 3]], 4)
    process = TrieLogitsProcessor(index, prompt_length=1, eos_token_id=0, eos="free")
    for kind in (torch.float64, torch.float32, torch.bfloat16):
        found = process(torch.tensor([[9, 2, 1], [9, 2, 9]]), torch.full((2, 5), -1.5, dtype=kind))
        assert found.dtype == kind
        assert found[:, 0].tolist() == [0.0, -1.5]
        assert torch.isneginf(found[:, 1:]).all()
    follow = prefix_allowed_tokens_fn(index, prompt_length=1, eos_token_id=0)
    assert follow(0, torch.tensor([9, 2])) == [1, 3]


def test_no_hook_imports_torch():
    code = "import sys; import lrtheory.constrained_decoding.hooks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


INDEX = TrieIndex([[2, 1], [2, 3]], 4)


@pytest.mark.parametrize("make", [prefix_allowed_tokens_fn, TrieLogitsProcessor])
@pytest.mark.parametrize(
    ("index", "options", "sentence"),
    [
        ([[2, 1]], {}, "`index` must be a TrieIndex or a LiveIndex"),
        (INDEX, {"prompt_length": -1}, "`prompt_length` must be an integer of at least 0; got -1."),
        (INDEX, {"eos_token_id": 1.0}, "`eos_token_id` must be an integer; got 1.0."),
        (TrieIndex([[1], [0]], 2, terminator=2), {}, "`eos_token_id` must be a token that no item contains; got 0."),
        (INDEX, {"eos_token_id": 3}, "`eos_token_id` must be a token that no item contains; got 3."),
        (LiveIndex(INDEX), {"eos_token_id": 2}, "`eos_token_id` must be a token that no item contains; got 2."),
    ],
)
def test_refusals(make, index, options, sentence):
    with pytest.raises((TypeError, ValueError)) as caught:
        make(index, **{"prompt_length": 0, "eos_token_id": 0} | options)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("ids", "scores", "sentence"),
    [
        ([1, 2], np.zeros((1, 4)), "`input_ids` must be integers, a row for each sequence"),
        ([[0.5]], np.zeros((1, 4)), "`input_ids` must be integers, a row for each sequence"),
        (np.zeros((1, 0), int), np.zeros((1, 4)), "`input_ids` must be at least the 1 tokens of the prompt"),
        ([[1]], np.zeros((1, 3)), "`scores` must be of shape (1, n), where n is at least 4; got (1, 3)."),
        ([[1]], np.zeros((2, 4)), "`scores` must be of shape (1, n), where n is at least 4; got (2, 4)."),
        ([[1]], [[0.0] * 4], "`scores` must be an array of real numbers"),
        ([[1]], np.zeros((1, 4), int), "`scores` must be an array of real numbers"),
    ],
)
def test_bad_steps(ids, scores, sentence):
    process = TrieLogitsProcessor(INDEX, prompt_length=1, eos_token_id=0)
    with pytest.raises((TypeError, ValueError)) as caught:
        process(ids, scores)
    assert str(caught.value).startswith(sentence)


def test_bad_calls_of_the_callback():
    follow = prefix_allowed_tokens_fn(INDEX, prompt_length=1, eos_token_id=0)
    with pytest.raises(TypeError, match="`input_ids` must be integers, with one axis"):
        follow(0, [[1]])
    with pytest.raises(ValueError, match="`input_ids` must be at least the 1 tokens of the prompt"):
        follow(0, [])


@pytest.mark.parametrize("end", [4, 9])
def test_scores_reach_to_the_token_that_ends_answers(end):
    """A token beyond those of the index needs a score too."""
    process = TrieLogitsProcessor(TrieIndex([[1, 2]], 4), prompt_length=0, eos_token_id=end)
    prefix = np.zeros((1, 0), int)
    assert process(prefix, np.zeros((1, end + 1))).shape == (1, end + 1)
    with pytest.raises(ValueError, match=rf"where n is at least {end + 1}; got \(1, {end}\)\."):
        process(prefix, np.zeros((1, end)))
