"""One small call of every public function of `constrained_decoding`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lrtheory.constrained_decoding import Product, TrieIndex
from tests.backends import need_data
from tests.examples import Call, call

ROWS = [[0, 0, 0], [1, 0, 1], [1, 1, 0]]
INDEX = TrieIndex(ROWS, 2)
MODEL = Product(np.log([[0.75, 0.25], [0.5, 0.25], [0.5, 0.5]]))


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "backward_sums": lambda: call(INDEX, MODEL),
    "baselines.brute_force": lambda: call(INDEX, MODEL, 2),
    "baselines.dict_trie": lambda: call(ROWS),
    "baselines.position_table": lambda: call(ROWS),
    "baselines.sorted_ranges": lambda: call(ROWS),
    "load_airport_codes": lambda: loaded("airport_codes"),
    "load_film_titles": lambda: loaded("film_titles"),
    "load_product_codes": lambda: loaded("product_codes"),
    "make_biased_pair": lambda: call(0.5, 0.25, 0.75),
    "make_nonmonotone": lambda: call(0.25, 0.125),
    "make_uniform": lambda: call(5, 3, 2, rng=0),
    "masking_bias": lambda: call(INDEX, MODEL),
    "prefix_allowed_tokens_fn": lambda: call(INDEX, prompt_length=1, eos_token_id=2),
    "sample": lambda: call(INDEX, MODEL, 4, method="exact", rng=0),
    "search": lambda: call(INDEX, MODEL, 2, method="beam", width=2, record=True),
    "theory.expected_nodes": lambda: call(5, vocab_size=3, length=2),
    "theory.index_bytes": lambda: call(5, vocab_size=3, length=2, dense=1),
    "theory.probes_ppv": lambda: call(5, vocab_size=3),
    "theory.tv_bound": lambda: call(0.25, 1.0, mass=0.5),
    "valid": lambda: call(INDEX, [[0, 0, 1], [0, 0, 0]]),
}
