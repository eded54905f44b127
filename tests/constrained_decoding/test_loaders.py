"""Catalogues of installed packages have the numbers that are known of them."""

from __future__ import annotations

import pytest

from lrtheory.constrained_decoding import load_airport_codes, load_film_titles, load_product_codes, valid


def test_product_codes(data):
    data("product_codes")
    products = load_product_codes()
    sizes = [1, 10, 55, 142, 378, 771, 1543, 2163, 3494, 5502, 8493, 13873, 23812, 23812]
    assert products.index.level_sizes.tolist() == sizes
    assert (products.index.n_edges, len(products.items), int(products.days.max())) == (84_048, 817_741, 119)
    assert int(products.sold(113, 120).sum()) == 10_491
    assert int((products.first_sold >= 113).sum()) == 309
    assert valid(products.index, ["4710199010372", "4710199010373"]).valid.tolist() == [True, False]


def test_film_titles(data):
    pytest.importorskip("tokenizers")
    data("film_titles")
    films = load_film_titles()
    assert (len(films.titles), films.index.n_items, films.index.n_duplicates) == (1682, 1659, 23)
    assert films.index.n_states - films.index.n_items == 6087, "6086 nodes and the root, without the terminators"
    assert films.index.level_sizes[1] == 1162
    assert {"Alien", "Aliens"} <= set(films.index.names)


def test_airport_codes(data):
    data("airport_codes")
    assert load_airport_codes().level_sizes.tolist() == [1, 36, 657, 6961, 28298]
