"""Constrained decoding over a catalogue: sequences that stay inside a given set."""

from __future__ import annotations

from lrtheory.constrained_decoding import baselines, theory
from lrtheory.constrained_decoding.decoding.models import NGram, Product, Table
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
from lrtheory.constrained_decoding.search import DecodingCertificate, DecodingResult, Search, search
from lrtheory.constrained_decoding.validity import Validity, valid

__all__ = [
    "Allowed",
    "DecodingCertificate",
    "DecodingProblem",
    "DecodingResult",
    "FilmTitles",
    "Insertion",
    "LiveIndex",
    "MassEstimate",
    "NGram",
    "Product",
    "ProductCodes",
    "Search",
    "Sequences",
    "StateLogProbs",
    "Table",
    "TrieIndex",
    "Validity",
    "WeightedSamples",
    "baselines",
    "load_airport_codes",
    "load_film_titles",
    "load_product_codes",
    "make_biased_pair",
    "make_nonmonotone",
    "make_uniform",
    "search",
    "theory",
    "valid",
]
