r"""Constrained decoding over a catalogue: sequences of tokens that stay inside a given set.

A language model or a recommender writes an item token by token: a product code, a title, the name of a tool. Only items
of a catalogue may come out, and the catalogue changes. Masks keep a generator inside it; what they do to the answers is
what this package measures:

* Which tokens may follow, for a batch of beams at once?          `TrieIndex`
* What if items come and go every day?                            `LiveIndex`
* The k best items, with a proof that they are the best           `search`, `Search`
* Samples from the model, given the catalogue                     `sample`, `backward_sums`
* How wrong is sampling under a mask?                             `masking_bias`
* Which generated sequences are items, and where do others leave? `valid`
* Stay inside with a generator of another library                 `prefix_allowed_tokens_fn`, `TrieLogitsProcessor`

The probability of an item x under a model is the product of those of its tokens. A mask takes away the tokens that no
item goes on with, and gives their probability to the others. With the allowed mass z(s) after a prefix s, an item then
has probability

.. math:: q(x) = \frac{p(x)}{W(x)}, \qquad W(x) = \prod_d z(x_{<d}),

and not p(x) / P(C), as the model itself has it given that the answer is in the catalogue C (statement ST-4). On the
23,812 product codes of a supermarket the two differ by 0.7 in total variation, under counts of digits.

From lines of text to an answer, in the shell::

    lrtheory constrained_decoding index titles.txt --tokenizer tokenizer.json -o titles.safetensors
    lrtheory constrained_decoding valid titles.safetensors generated.txt --decided

Examples
--------
Two items, of which masking favours the one that the model thinks less likely:

>>> from lrtheory import constrained_decoding as cd
>>> problem = cd.make_biased_pair()
>>> problem.index.sequences()
[[0, 0], [1, 0]]
>>> found = cd.search(problem.index, problem.model, k=1)
>>> found.sequences, found.certificate.gap, found.certificate.verify((problem.index, problem.model))
([[0, 0]], 0.0, True)
>>> bias = cd.masking_bias(problem.index, problem.model)
>>> round(bias.tv, 6), round(bias.bound, 6)
(0.333333, 0.333333)

The weights of masked samples undo it, and exact samples need none:

>>> drawn = cd.sample(problem.index, problem.model, 1000, method="exact", rng=0)
>>> bool(abs((drawn.items == 0).mean() - 2 / 3) < 0.05)
True

An item is switched off, and another one comes in:

>>> live = cd.LiveIndex(problem.index)
>>> live.toggle(0, False), live.insert([[1, 1]]).items.tolist()
(1, [2])
>>> live.allowed(live.root).tokens.tolist()
[1]
"""

from __future__ import annotations

from lrtheory.constrained_decoding import baselines, theory
from lrtheory.constrained_decoding.bias import BackwardSums, MaskingBias, backward_sums, masking_bias
from lrtheory.constrained_decoding.decoding.models import NGram, Product, Table
from lrtheory.constrained_decoding.hooks import TrieLogitsProcessor, prefix_allowed_tokens_fn
from lrtheory.constrained_decoding.index.report import IndexReport
from lrtheory.constrained_decoding.index.trie_index import Allowed, TrieIndex
from lrtheory.constrained_decoding.live import Insertion, LiveIndex
from lrtheory.constrained_decoding.loaders import (
    FilmTitles,
    ProductCodes,
    load_airport_codes,
    load_film_titles,
    load_product_codes,
)
from lrtheory.constrained_decoding.problem import (
    DecodingProblem,
    MassEstimate,
    Sequences,
    StateLogProbs,
    WeightedSamples,
    make_biased_pair,
    make_nonmonotone,
    make_uniform,
)
from lrtheory.constrained_decoding.sample import SampleResult, sample
from lrtheory.constrained_decoding.search import DecodingCertificate, DecodingResult, Search, search
from lrtheory.constrained_decoding.validity import Validity, valid

__all__ = [
    "Allowed",
    "BackwardSums",
    "DecodingCertificate",
    "DecodingProblem",
    "DecodingResult",
    "FilmTitles",
    "IndexReport",
    "Insertion",
    "LiveIndex",
    "MaskingBias",
    "MassEstimate",
    "NGram",
    "Product",
    "ProductCodes",
    "SampleResult",
    "Search",
    "Sequences",
    "StateLogProbs",
    "Table",
    "TrieIndex",
    "TrieLogitsProcessor",
    "Validity",
    "WeightedSamples",
    "backward_sums",
    "baselines",
    "load_airport_codes",
    "load_film_titles",
    "load_product_codes",
    "make_biased_pair",
    "make_nonmonotone",
    "make_uniform",
    "masking_bias",
    "prefix_allowed_tokens_fn",
    "sample",
    "search",
    "theory",
    "valid",
]


def _warmup() -> None:
    """Compile the steps of an index for tokens of two and of four bytes, and the switches of a living one."""
    for size in (2, 2**17):
        index = TrieIndex([[0, 1], [1, 1]], size)
        index.mask(index.advance([0, 0], [0, 1]))
        index.mask([0], packed=True)
        index.allowed([0, 1])
        index.sequences()
        index.items_below(0)
        live = LiveIndex(index)
        live.toggle([0], False)
        live.advance([live.root], [1])
        live.allowed([live.root])
    problem = make_biased_pair()
    sample(problem.index, problem.model, 1, rng=0)
