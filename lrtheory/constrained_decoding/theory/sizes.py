"""Numbers of prefixes of a catalogue, bytes of an index, and probes of a binary search."""

from __future__ import annotations

from fractions import Fraction

from lrtheory._numbers import formula, plain
from lrtheory._types import Number

__all__ = ["expected_nodes", "index_bytes", "probes_ppv"]


@formula(n_items="[1, inf)", vocab_size="[1, inf)", length="[0, inf)")
def expected_nodes(n_items: int, *, vocab_size: int, length: int) -> Number:
    """Compute how many different prefixes random items have on average (statement ST-8).

    Parameters
    ----------
    n_items : int
        Number N of items that are drawn, each token uniformly and independently; some may be equal.
    vocab_size : int
        Number V of tokens.
    length : int
        Length l of the prefixes.

    Returns
    -------
    number
        V^l (1 - (1 - V^-l)^N).

    Proof
    -----
    Assumes: tokens are independent and uniform (the caller).

    Proof: a given prefix is missed by one item with probability 1 - V^-l, so by all with (1 - V^-l)^N. Expectations of
    the V^l indicators add up.

    Examples
    --------
    >>> expected_nodes(2, vocab_size=2, length=1)
    1.5
    """
    import math

    prefixes = vocab_size**length
    if prefixes == 1:
        return 1
    if n_items < prefixes >> 60:  # N less a share of at most N / (2 V^l), which no double holds
        return plain(float(n_items))
    # expm1 and log1p keep the digits where N is small beside V^l
    return plain(-prefixes * math.expm1(n_items * math.log1p(-1 / prefixes)))


@formula(n_items="[1, inf)", vocab_size="[1, inf)", length="[1, inf)", dense="[0, length]")
def index_bytes(n_items: int, *, vocab_size: int, length: int, dense: int = 2) -> Number:
    """Bound the bytes of an index that holds its first levels as tables (statement ST-7).

    Parameters
    ----------
    n_items : int
        Number N of items.
    vocab_size : int
        Number V of tokens.
    length : int
        Tokens L of an item.
    dense : int
        Number d of levels that are tables: a bit and four bytes for each of V^d prefixes. A prefix of a later level
        takes twelve bytes.

    Returns
    -------
    Fraction
        (1/8 + 4) V^d + 12 sum over l = d + 1 .. L of min(V^l, N), in bytes.

    References
    ----------
    .. [1] Z. Su et al., Vectorizing the trie: efficient constrained decoding for LLM-based generative retrieval on
       accelerators, arXiv 2602.22647, 2026: the memory of the method.

    Examples
    --------
    >>> round(index_bytes(10**6, vocab_size=2048, length=8) / 1e6, 1)
    89.3
    """
    tables = Fraction(33 * vocab_size**dense, 8)  # V^d bits need not be whole bytes
    return plain(tables + 12 * sum(min(vocab_size**level, n_items) for level in range(dense + 1, length + 1)))


@formula(n_items="[1, inf)", vocab_size="[1, inf)")
def probes_ppv(n_items: int, *, vocab_size: int) -> int:
    """Count what a binary search of all tokens looks up in the sorted items, for one beam and step (statement ST-9).

    Parameters
    ----------
    n_items : int
        Number N of items.
    vocab_size : int
        Number V of tokens, each of which is searched for.

    Returns
    -------
    int
        V ceil(log2(N + 1)).

    Proof
    -----
    Assumes: nothing.

    Proof: a bisection of N sorted rows has N + 1 outcomes and halves them with every probe.

    Examples
    --------
    >>> probes_ppv(1000, vocab_size=2048)
    20480
    """
    return vocab_size * int(n_items).bit_length()
