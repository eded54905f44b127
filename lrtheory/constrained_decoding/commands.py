"""The verbs of the shell: an index of a catalogue, what is in it, and what a mask does to a model."""

from __future__ import annotations

from lrtheory._validation import at_most_one
from lrtheory.constrained_decoding.bias import MaskingBias, masking_bias
from lrtheory.constrained_decoding.index.report import IndexReport, reported
from lrtheory.constrained_decoding.index.trie_index import TrieIndex
from lrtheory.constrained_decoding.problem import MassEstimate, Sequences, StateLogProbs, WeightedSamples
from lrtheory.constrained_decoding.validity import Validity
from lrtheory.constrained_decoding.validity import valid as looked_up

__all__ = ["bias", "index", "mass", "valid"]

#: what -o writes, where it is more than the table
WRITES = {"index": "the index as .safetensors, or a table"}
#: verbs that ask a question of yes or no
DECIDES = ("valid",)


def index(
    catalogue: Sequences,
    *,
    tokenizer: str | None = None,
    alphabet: str | None = None,
    vocab_size: int | None = None,
    terminator: int | None = None,
) -> IndexReport:
    """Build the prefix tree of a catalogue, and say how large it is.

    With -o and the suffix .safetensors the index is written, which the other verbs and programs open without a copy.

    Parameters
    ----------
    catalogue : Sequences
        The items, one a line: strings, or with --vocab-size token ids with blanks or commas between them.
    tokenizer : str
        A tokenizer.json, whose word pieces are the tokens; it needs the package tokenizers.
    alphabet : str
        The characters that are the tokens; without this and a tokenizer, those that occur.
    vocab_size : int
        Number of tokens, where the lines hold token ids.
    terminator : int
        Token that ends each item, such as the model's end of sequence; --vocab-size itself adds one. Strings of unlike
        length get one that is added.

    Returns
    -------
    IndexReport
        Items, states, branching, bytes and repetitions.

    Examples
    --------
    lrtheory constrained_decoding index titles.txt -o titles.safetensors
    lrtheory constrained_decoding index codes.txt --alphabet 0123456789
    """
    at_most_one(tokenizer=tokenizer, alphabet=alphabet, vocab_size=vocab_size)
    if vocab_size is not None:
        return reported(TrieIndex(catalogue.token_ids(), vocab_size, terminator=terminator))
    lines = list(catalogue.lines)
    return reported(TrieIndex.from_strings(lines, alphabet=alphabet, tokenizer=tokenizer, terminator=terminator))


def valid(index: TrieIndex, generated: Sequences) -> Validity:
    """Say which generated sequences are in a catalogue, and at which token the others leave it.

    With --decided the exit code is 1 if one of them is not.

    Parameters
    ----------
    index : TrieIndex
        An index that the verb index has written.
    generated : Sequences
        Sequences, one a line, as those of the catalogue were.

    Returns
    -------
    Validity
        An answer a line; places count from 0.

    Examples
    --------
    lrtheory constrained_decoding valid catalogue/codes.safetensors generated.txt --decided
    """
    return looked_up(index, generated)


def bias(index: TrieIndex, log_probs: StateLogProbs) -> MaskingBias:
    """Say how far masked sampling is from the model's own law on a catalogue.

    Parameters
    ----------
    index : TrieIndex
        An index that the verb index has written.
    log_probs : StateLogProbs
        An npz or safetensors file with log_probs (states, tokens): natural logarithms, a row for each state of the
        index up to the last one after which something follows.

    Returns
    -------
    MaskingBias
        Distances, effective sample size, and the items that masking favours or neglects most.

    Examples
    --------
    lrtheory constrained_decoding bias catalogue/codes.safetensors code_log_probs.npz
    """
    return masking_bias(index, log_probs)


def mass(samples: WeightedSamples, *, delta: float = 0.05) -> MassEstimate:
    """Estimate how much of a model's probability lies in a catalogue, from masked samples with their weights.

    Parameters
    ----------
    samples : WeightedSamples
        Columns item and log_weight: the logarithm of the product of allowed masses along the sample.
    delta : float
        Probability that the interval fails.

    Returns
    -------
    MassEstimate
        Mass with its interval, effective sample size, and the probabilities of items given the catalogue.

    Examples
    --------
    lrtheory constrained_decoding mass weighted_samples.csv
    """
    return samples.mass(delta=delta)
