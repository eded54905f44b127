"""Steps of an index against tries, sorted tables, processors and grammars; builds and samples as goals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

#: sequences of a step, tokens of the model, items and their tokens
BEAMS, VOCABULARY, ITEMS, LENGTH = 140, 2048, 100_000, 8
#: words of a grammar, and their letters
WORDS, LETTERS = 20_000, 6
#: token ids begin here as characters, so that none is a surrogate
FIRST = 0x100


def catalogue(level: int) -> Callable[[], Inputs]:
    """Uniform items, and the beginnings of some of them."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        rows = rng.integers(0, VOCABULARY, (ITEMS, LENGTH))
        scores = rng.normal(size=(BEAMS, VOCABULARY + 1)).astype(np.float32)
        return {"rows": rows, "prefixes": rows[rng.permutation(ITEMS)[:BEAMS], :level], "scores": scores}

    return inputs


def our_states(inputs: Inputs) -> tuple[Any, np.ndarray]:
    """The index, and the states of the beginnings."""
    from lrtheory.constrained_decoding import TrieIndex

    index = TrieIndex(inputs["rows"], VOCABULARY)
    return index, np.array([index.state(prefix) for prefix in inputs["prefixes"]])


def our_mask(inputs: Inputs) -> np.ndarray:
    """Masks of a step."""
    index, states = ready("index", inputs, lambda: our_states(inputs))
    return np.asarray(index.mask(states)).view(np.int8)


def dictionaries(inputs: Inputs) -> dict[int, Any]:
    """Nested dictionaries."""
    root: dict[int, Any] = {}
    for row in inputs["rows"].tolist():
        node = root
        for token in row:
            node = node.setdefault(token, {})
    return root


def dictionary_mask(inputs: Inputs) -> np.ndarray:
    """What most programs do: walk down from the root, and switch on the keys."""
    root = ready("dictionaries", inputs, lambda: dictionaries(inputs))
    prefixes = ready("lists", inputs, lambda: inputs["prefixes"].tolist())
    mask = np.zeros((len(prefixes), VOCABULARY), bool)
    for beam, prefix in enumerate(prefixes):
        node = root
        for token in prefix:
            node = node[token]
        mask[beam, list(node)] = True
    return mask.view(np.int8)


def packed(rows: np.ndarray) -> np.ndarray:
    """Up to five tokens of each row as one number of 55 bits."""
    found = np.zeros(len(rows), np.int64)
    for column in range(5):
        found = found * VOCABULARY + (rows[:, column] if column < rows.shape[1] else 0)
    return found


def ranges_mask(inputs: Inputs) -> np.ndarray:
    """A sorted table: two bisections for each beam, and the next tokens of the rows between them."""
    keys, rows = ready("ranges", inputs, lambda: sorted_table(inputs["rows"]))
    prefixes = inputs["prefixes"]
    level = prefixes.shape[1]
    first = packed(prefixes)
    stops = np.searchsorted(keys, first + VOCABULARY ** (5 - level))
    mask = np.zeros((len(prefixes), VOCABULARY), bool)
    for beam, (start, stop) in enumerate(zip(np.searchsorted(keys, first), stops, strict=True)):
        mask[beam, rows[start:stop, level]] = True
    return mask.view(np.int8)


def sorted_table(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows in their order, and their first tokens as numbers."""
    order = np.lexsort(rows.T[::-1])
    return packed(rows[order]), rows[order]


def marisa_mask(inputs: Inputs) -> np.ndarray:
    """A succinct trie of strings, in which one token is one character."""
    import marisa_trie

    def made() -> tuple[Any, list[str]]:
        strings = ["".join(chr(FIRST + token) for token in row) for row in inputs["rows"].tolist()]
        return marisa_trie.Trie(strings), ["".join(chr(FIRST + t) for t in row) for row in inputs["prefixes"].tolist()]

    trie, prefixes = ready("marisa", inputs, made)
    mask = np.zeros((len(prefixes), VOCABULARY), bool)
    for beam, prefix in enumerate(prefixes):
        mask[beam, [ord(key[len(prefix)]) - FIRST for key in trie.iterkeys(prefix)]] = True
    return mask.view(np.int8)


def mask_row(level: int, way: str, peers: dict[str, Callable[[Inputs], np.ndarray]]) -> Row:
    """Masks of all beams on one level."""
    return Row(
        name=f"{way}-level-{level}",
        title=f"masks of {BEAMS} beams on level {level} of {ITEMS:,} items, {VOCABULARY} tokens",
        inputs=catalogue(level),
        ours={"mask": our_mask},
        peers=peers,
        tolerance=0.0,
    )


DICTIONARIES = {"lrtheory": dictionary_mask, "marisa-trie": marisa_mask}
TRIE_1, TRIE_2, TRIE_4 = (mask_row(level, "trie", DICTIONARIES) for level in (1, 2, 4))
RANGES_1, RANGES_2, RANGES_4 = (mask_row(level, "ranges", {"lrtheory": ranges_mask}) for level in (1, 2, 4))


# --- processors of scores --------------------------------------------------------------------------------------------


def our_scores(inputs: Inputs) -> np.ndarray:
    """Scores that our processor leaves; bits are compared, since minus infinity has no difference."""
    from lrtheory.constrained_decoding import TrieLogitsProcessor

    def made() -> Any:
        return TrieLogitsProcessor(our_states(inputs)[0], prompt_length=0, eos_token_id=VOCABULARY)

    process = ready("processor", inputs, made)
    return np.asarray(process(inputs["prefixes"], inputs["scores"])).view(np.int32)


def their_scores(inputs: Inputs) -> np.ndarray:
    """The processor of transformers with the quickest callback that there is: a list that was made before."""
    import torch
    from transformers import PrefixConstrainedLogitsProcessor

    def made() -> tuple[Any, Any, Any]:
        root = dictionaries(inputs)
        lists = {}
        for prefix in inputs["prefixes"].tolist():
            node = root
            for token in prefix:
                node = node[token]
            lists[tuple(prefix)] = list(node)
        process = PrefixConstrainedLogitsProcessor(lambda batch, ids: lists[tuple(ids.tolist())], num_beams=BEAMS)
        return process, torch.from_numpy(inputs["prefixes"]), torch.from_numpy(inputs["scores"])

    process, ids, scores = ready("transformers", inputs, made)
    return np.asarray(process(ids, scores).numpy()).view(np.int32)


PROCESSOR_1, PROCESSOR_3 = (
    Row(
        name=f"processor-level-{level}",
        title=f"scores of {BEAMS} beams on level {level} of {ITEMS:,} items behind a processor",
        inputs=catalogue(level),
        ours={"TrieLogitsProcessor": our_scores},
        peers={"transformers": their_scores},
        tolerance=0.0,
    )
    for level in (1, 3)
)


# --- grammars --------------------------------------------------------------------------------------------------------


def words() -> Inputs:
    """Words of six letters, and the first three of some of them."""
    rng = np.random.default_rng(0)
    rows = rng.integers(97, 123, (WORDS, LETTERS))
    return {"rows": rows, "prefixes": rows[:BEAMS, :3].copy()}


def our_words(inputs: Inputs) -> np.ndarray:
    """Packed masks of one step."""
    from lrtheory.constrained_decoding import TrieIndex

    def made() -> tuple[Any, np.ndarray]:
        index = TrieIndex(inputs["rows"], 257)
        return index, np.array([index.state(prefix) for prefix in inputs["prefixes"]])

    index, states = ready("words", inputs, made)
    return np.asarray(index.mask(states, packed=True)).view(np.int8)


class _Bytes:
    """A vocabulary of all bytes and an end of sequence, as llguidance asks for one."""

    eos_token_id, bos_token_id = 256, None
    tokens = (*(bytes([one]) for one in range(256)), b"<end>")
    special_token_ids = (256,)

    def __call__(self, text: Any) -> list[int]:
        return list(text if isinstance(text, bytes) else text.encode())


def their_words(inputs: Inputs) -> np.ndarray:
    """One matcher for each sequence, each of which has met its state before."""
    import llguidance
    import llguidance.numpy as masks

    def made() -> tuple[list[Any], np.ndarray]:
        tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Bytes()))
        grammar = llguidance.LLMatcher.grammar_from_regex(
            "|".join(bytes(row).decode() for row in inputs["rows"].tolist())
        )
        first = llguidance.LLMatcher(tokenizer, grammar)
        matchers = [first.deep_copy() for _ in inputs["prefixes"]]
        for matcher, prefix in zip(matchers, inputs["prefixes"].tolist(), strict=True):
            matcher.consume_tokens(prefix)
        return matchers, masks.allocate_token_bitmask(len(matchers), 257)

    matchers, found = ready("matchers", inputs, made)
    for number, matcher in enumerate(matchers):
        masks.fill_next_token_bitmask(matcher, found, number)
    return found.view(np.int8)[:, :33]


GRAMMAR = Row(
    name="grammar",
    title=f"masks of {BEAMS} sequences of one of {WORDS:,} words of six letters, 257 tokens",
    inputs=words,
    ours={"mask": our_words},
    peers={"llguidance": their_words},
    tolerance=0.0,
)


# --- goals -----------------------------------------------------------------------------------------------------------


def uniform(n: int) -> Callable[[], Inputs]:
    """Uniform items."""
    return lambda: {"rows": np.random.default_rng(0).integers(0, VOCABULARY, (n, LENGTH), dtype=np.uint16)}


def built(inputs: Inputs) -> np.ndarray:
    """Numbers of prefixes of each length of an index that is built from the rows."""
    from lrtheory.constrained_decoding import TrieIndex

    return np.asarray(TrieIndex(inputs["rows"], VOCABULARY).level_sizes, float)


def miscounted(inputs: Inputs, answer: np.ndarray) -> float:
    """The largest relative error of the numbers of prefixes of up to five tokens, which sorted numbers say."""
    rows = inputs["rows"].astype(np.int64)
    due = [1.0, *(float(len(np.unique(packed(rows[:, :length])))) for length in range(1, 6))]
    return float(np.abs(answer[: len(due)] / due - 1).max())


BUILD_6, BUILD_7 = (
    Goal(
        name=f"build-1e{power}",
        title=f"an index of 10^{power} items of {LENGTH} tokens",
        inputs=uniform(10**power),
        solve=built,
        error=miscounted,
        seconds=seconds,
        gigabytes=gigabytes,
        tolerance=1e-9,
        large=power > 6,
    )
    for power, seconds, gigabytes in ((6, 3.0, 1.5), (7, 40.0, 6.0))
)


def codes() -> Inputs:
    """Product codes, and those of the sales of the first 90 days."""
    from lrtheory.constrained_decoding import load_product_codes

    found = load_product_codes()
    rows = np.array(found.index.sequences())
    return {"rows": rows, "sold": rows[found.items[found.days < 90]]}


def trigrams(inputs: Inputs) -> tuple[Any, Any]:
    """The index of the codes, and counts of three digits at each position."""
    from lrtheory.constrained_decoding import NGram, TrieIndex

    return TrieIndex(inputs["rows"], 10), NGram(inputs["sold"], 10)


def exact_samples(inputs: Inputs) -> np.ndarray:
    """Shares of the codes by their first two digits among 10^5 samples from the model, given the catalogue."""
    from lrtheory.constrained_decoding import sample

    index, model = ready("codes", inputs, lambda: trigrams(inputs))
    found = sample(index, model, 100_000, rng=0).items
    return np.bincount(heads(inputs["rows"])[found], minlength=100) / len(found)


def heads(rows: np.ndarray) -> np.ndarray:
    """The first two digits of each code as a number, by rank."""
    return np.asarray(10 * rows[:, 0] + rows[:, 1])


def apart(inputs: Inputs, answer: np.ndarray) -> float:
    """The largest error of a share, or ten times that of their sum."""
    from lrtheory.constrained_decoding import masking_bias

    bias = masking_bias(*trigrams(inputs))
    due = np.bincount(heads(inputs["rows"]), np.exp(bias.log_probs - bias.log_total), minlength=100)
    return float(max(np.abs(answer - due).max(), 10 * abs(answer.sum() - 1)))


SAMPLES = Goal(
    name="exact-samples",
    title="10^5 samples of 23,812 product codes from a trigram of digits, given the catalogue",
    inputs=codes,
    solve=exact_samples,
    error=apart,
    seconds=1.0,
    gigabytes=1.0,
    tolerance=0.006,
)
