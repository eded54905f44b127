"""Ballots from tables: a ballot a row, a column of ranks for each item, or a row for each voter and item."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lrtheory._files import Table
from lrtheory._files.cells import cell_text, is_missing, is_number
from lrtheory.fair_subset_selection.ballots import ranks

__all__ = ["ballots_of"]

#: customary names of columns: of a table with a row for each voter and item, ...
LONG = {
    "voter": ("voter_id", "voters", "ballot_id", "user", "user_id", "judge", "respondent", "person"),
    "item": ("candidate", "alternative", "option", "choice", "name", "item_id"),
    "rank": ("position", "place", "ranking"),
    "weight": ("count", "multiplicity"),
}
#: ... of a column that says how many voters a ballot stands for, of one that holds whole ballots, and of one that does
#: not belong to the ballot
WEIGHTS = ("weight", "weights", "count", "counts", "multiplicity", "voters", "votes", "n", "n_voters")
WHOLE = ("ballot", "ballots", "ranking", "rankings", "order", "orders", "vote", "preferences")
BESIDE = (*LONG["voter"], "voter", "id", "timestamp", "date")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
#: "1st", "rank 2", "choice_3" without blanks and underscores; what follows stands for the word alone
PLACE = re.compile(r"(?:rank|choice|place|position|preference|pref)?(\d+)(?:st|nd|rd|th)?(?:rank|choice|preference)?")
#: what stands between the items of a whole ballot, and between those that share a place
BETWEEN, BESIDES = (">", ";", ",", "|"), "="
#: entries of the table of positions that still fit into memory
MOST = 2**31


class Ballots(NamedTuple):
    """The arguments of `Rankings`: positions or orders, multiplicities, and the names of the items."""

    positions: np.ndarray | None
    orders: Any
    weights: np.ndarray | None
    names: Sequence[str]


def ballots_of(table: Table, columns: Any = None) -> dict[str, Any]:
    """Read the arguments of `Rankings` from a table, whose form its columns and cells show.

    Parameters
    ----------
    table : Table
        Table of the file or the frame.
    columns : None, str, sequence or mapping
        The columns of places in their order, or of items; or those of voter, item and rank. None looks, also whether
        the first line holds the words of the cells, unless the caller says what it is.

    Returns
    -------
    dict
        ``positions`` or ``orders``, ``weights`` and ``names``.

    Raises
    ------
    ValueError
        If cells are neither items nor ranks, or the rows could be either.
    """
    if not len(table):
        raise ValueError(f"{table.origin}: no row")
    if isinstance(columns, Mapping):
        return _long(table, table.pick(columns, LONG, optional=("weight",)))._asdict()
    named, header = None if columns is None else table.listed(columns), table.said_header
    if named is None and header is None and _is_data(table):
        table = table.without_header()
    elif named is None and header is None and _counts_places(table):
        table = _with_named_places(table)
    if named is None and _is_cut(table):
        cells = [" ".join(map(str, row)) for row in zip(*table.columns.values(), strict=True)]
        table = table.with_columns({"1": cells})
    if _is_long(table, named):
        return _long(table, table.pick(named, LONG, optional=("weight",)))._asdict()
    weight = _first(table, WEIGHTS)
    weight = None if named and weight in named else weight
    kept = named or [name for name in table.names if name != weight and not (table.header and _in(name, BESIDE))]
    whole = kept[0] if len(kept) == 1 and _is_numeric(table.columns[kept[0]]) is False else _first(table, WHOLE)
    whole = None if named and whole not in named else whole
    places = {} if named else {name: place for name in kept if (place := _place(table, name)) is not None}
    weights = None if weight is None else _weights(table, weight)
    if whole is not None and len(places) != len(kept):
        return _whole_ballots(table, whole, weights)._asdict()
    if places:
        return _ballots(table, _in_order(table, places), weights)._asdict()
    return _by_cells(table, kept, weights, sure=header is True or named is not None)._asdict()


def _by_cells(table: Table, kept: list[str], weights: np.ndarray | None, *, sure: bool) -> Ballots:
    """Numbers are ranks, words are items: where the names of the columns say nothing, the cells do.

    Unless the caller is sure that the cells are ballots, tables of other words are refused.
    """
    if not kept:
        raise ValueError(f"{table.origin}: no column of ballots; there are {', '.join(map(repr, table.names))}")
    numeric = {name: _is_numeric(table.columns[name]) for name in kept}
    kinds = {kind for kind in numeric.values() if kind is not None}
    if kinds == {True, False}:
        number, word = (next(name for name, kind in numeric.items() if kind is wanted) for wanted in (True, False))
        raise ValueError(
            f"{table.origin}: column {number!r} holds numbers and {word!r} words; name by `columns` (--columns) those "
            "of the places (first, second, ...), those of the items, or those of voter,item,rank"
        )
    if kinds == {True} and not table.header:
        raise ValueError(
            f"{table.origin}: rows of numbers are ballots or ranks, which look alike; "
            "a first line with first,second,... or with the names of the items says which"
        )
    if kinds == {True}:
        return _wide(table, kept, weights)
    if not sure:
        _refuse_other_tables(table, kept)
    return _ballots(table, kept, weights)


# --- the columns -----------------------------------------------------------------------------------------------------


def _is_long(table: Table, named: list[str] | None) -> bool:
    if named is not None:  # three columns may be three places too; then the last holds words, or the middle one numbers
        kinds = [_is_numeric(table.columns[name]) for name in named]
        return len(named) in (3, 4) and kinds[1] is False and kinds[2] is True
    found = [_first(table, (role, *LONG[role])) for role in ("voter", "item", "rank")]
    return None not in found and len(set(found)) == 3


def _first(table: Table, customary: Iterable[str]) -> str | None:
    """The column with the first customary name that there is."""
    if not table.header:
        return None
    folded = {_folded(name): name for name in reversed(table.names)}
    return next((folded[_folded(name)] for name in customary if _folded(name) in folded), None)


def _in(name: str, customary: Sequence[str]) -> bool:
    return _folded(name) in map(_folded, customary)


def _folded(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _place(table: Table, name: str) -> int | None:
    """The place, from 1, that a column holds by its name; a bare number could be an item, and is none."""
    folded = _folded(name)
    for place, word in enumerate(ORDINALS, start=1):
        if re.fullmatch(rf"{word}(?:choice|place|rank|preference)?", folded):
            return place
    found = PLACE.fullmatch(folded)
    return int(found[1]) if found and not folded.isdecimal() and table.header else None


def _in_order(table: Table, places: dict[str, int]) -> list[str]:
    """The columns of the places 1, 2, ..., in this order."""
    names = sorted(places, key=lambda name: places[name])
    if [places[name] for name in names] != list(range(1, len(names) + 1)):
        raise ValueError(f"{table.origin}: columns of the places 1, 2, ... are needed, each once; there are {names}")
    return names


def _is_numeric(cells: Sequence[Any]) -> bool | None:
    """Whether all cells that are there are numbers; None where none is there."""
    kinds = {is_number(cell) for cell in set(map(_hashable, cells)) if not is_missing(cell)}
    return None if not kinds else kinds == {True}


def _hashable(cell: Any) -> Any:
    return cell if isinstance(cell, (str, int, float, type(None))) else repr(cell)


def _is_data(table: Table) -> bool:
    """Whether the names of the columns are a ballot: items that the cells name too."""
    names = table.names
    if table.header and any(">" in name for name in names):  # whole ballots, perhaps cut at their blanks
        return True
    if not table.header or any(_place(table, name) or _in(name, (*WEIGHTS, *WHOLE, *BESIDE)) for name in names):
        return False
    if any(_is_numeric(cells) for cells in table.columns.values()):
        return False
    cells = {cell_text(cell) for column in table.columns.values() for cell in column}
    if len(names) == 1:  # whole ballots
        between = _sign_between(cells)
        cells = {name for cell in cells for entry in _entries(cell, between) for name in entry}
    inside = [name in cells for name in names]
    if any(inside) and not all(inside):
        raise ValueError(
            f"{table.origin}: is the first line ({', '.join(names)}) a ballot? "
            "say header=False (--no-header) if it is, header=True if it names the columns"
        )
    return all(inside)


def _counts_places(table: Table) -> bool:
    """Whether the first line is ``1,2,3,...`` above names: it counts the places, and is no ballot."""
    first = [cell_text(cells[0]) for cells in table.columns.values()]
    counts = first == [str(place) for place in range(1, len(first) + 1)]
    below = [cells[1:] for cells in table.columns.values()]
    return not table.header and counts and len(table) > 1 and all(_is_numeric(cells) is False for cells in below)


def _with_named_places(table: Table) -> Table:
    """The table below a first line ``1,2,3,...``, with columns that say that they are places."""
    below = table.named_by_first_row()
    return below.with_columns({f"rank {name}": cells for name, cells in below.columns.items()})


def _refuse_other_tables(table: Table, kept: list[str]) -> None:
    """Refuse a table of words whose columns share no item: places of ballots do, and columns of other tables do not."""
    if not table.header or len(kept) < 2:
        return
    columns = {name: {cell_text(cell) for cell in table.columns[name]} - {""} for name in kept}
    for name, items in columns.items():
        others = set().union(*(cells for other, cells in columns.items() if other != name))
        if items and not items & others:
            raise ValueError(
                f"{table.origin}: no word of column {name!r} stands in another column, as items of ballots do; name by "
                "`columns` (--columns) those of the places, the first choice first"
            )


def _is_cut(table: Table) -> bool:
    """Whether whole ballots were cut at their blanks into cells, of which some hold the sign between items alone."""
    return len(table.columns) > 1 and any(cell == ">" for column in table.columns.values() for cell in column[:1])


def _weights(table: Table, column: str) -> np.ndarray:
    """The number of voters of each row; integers where all are whole, so that scores stay exact."""
    found = table.floats(column)
    if (found < 0).any():
        raise table.refuse(int((found < 0).argmax()), column, "at least 0, a number of voters")
    return found.astype(np.int64) if (found == np.round(found)).all() and found.sum() < 2.0**53 else found


# --- the forms -------------------------------------------------------------------------------------------------------


def _ballots(table: Table, columns: list[str], weights: np.ndarray | None) -> Ballots:
    """A ballot a row: the items of the places in the order of the columns, which may end early."""
    for name in columns:
        _refuse_words_for_nothing(table, name)
    words = [[cell_text(cell) for cell in table.columns[name]] for name in columns]
    numbers, names = _numbered(word for column in words for word in column)
    _check_size(table, len(names))
    orders = np.array([[numbers[word] for word in column] for column in words], np.int64).T
    late = (orders[:, :-1] < 0) & (orders[:, 1:] >= 0)
    if late.any():
        row, place = (int(index[0]) for index in np.nonzero(late))
        raise table.refuse(row, columns[place], f"there, as {columns[place + 1]!r} is")
    ordered = np.sort(orders, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        row, place = (int(index[0]) for index in np.nonzero(twice))
        raise ValueError(f"{table.where(row)}: a ballot lists each item once; got {names[ordered[row, place]]!r} twice")
    return Ballots(None, orders, weights, names)


def _refuse_words_for_nothing(table: Table, column: str) -> None:
    """Refuse "NA", "None", "null" and the like, which may be names and would lose their points, and a sign alone."""
    texts = {cell for cell in table.columns[column] if isinstance(cell, str) and cell.strip()}
    found = {cell for cell in texts if is_missing(cell) or cell.strip() == ">"}
    if found:
        row = next(row for row, cell in enumerate(table.columns[column]) if cell in found)
        raise table.refuse(row, column, "an item, or empty where a ballot ends")


def _numbered(words: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """Numbers of the names in their order, so that they do not depend on the order of the ballots; -1 for no name."""
    found = dict.fromkeys(words)
    found.pop("", None)
    by_number = all(name.isdecimal() for name in found)
    names = sorted(found, key=(lambda name: (int(name), name)) if by_number else None)  # type: ignore[arg-type]
    return {"": -1} | {name: number for number, name in enumerate(names)}, names


def _whole_ballots(table: Table, column: str, weights: np.ndarray | None) -> Ballots:
    """A ballot a cell: "Ann > Bob = Cat > Dan", or a list of names, in which a list is a tie."""
    cells = table.columns[column]
    texts = [cell for cell in cells if isinstance(cell, str)]
    between = _sign_between(texts)
    read: dict[Any, list[tuple[str, ...]]] = {}
    for row, cell in enumerate(cells):
        key = _hashable(cell)
        if key not in read:
            read[key] = _entries(cell, between)
            named = [name for entry in read[key] for name in entry]
            if "" in named or len(set(named)) < len(named):
                raise table.refuse(row, column, f"items with {between!r} between them, each once")
    numbers, names = _numbered(name for entries in read.values() for entry in entries for name in entry)
    _check_size(table, len(names))
    as_numbers = {key: [tuple(numbers[name] for name in entry) for entry in read[key]] for key in read}
    return Ballots(None, [as_numbers[_hashable(cell)] for cell in cells], weights, names)


def _sign_between(texts: Collection[str]) -> str:
    return next((sign for sign in BETWEEN if any(sign in text for text in texts)), ">")


def _entries(cell: Any, between: str) -> list[tuple[str, ...]]:
    """The items of each place of a whole ballot."""
    if isinstance(cell, (list, tuple)):
        places = [entry if isinstance(entry, (list, tuple)) else (entry,) for entry in cell]
        return [tuple(map(cell_text, tied)) for tied in places]
    if is_missing(cell):
        return []
    ties = BESIDES if between == ">" else None
    entries = str(cell).split(between)
    return [tuple(name.strip() for name in (entry.split(ties) if ties else [entry])) for entry in entries]


def _wide(table: Table, columns: list[str], weights: np.ndarray | None) -> Ballots:
    """A column of ranks for each item, 1 the best; empty where a ballot does not list it."""
    _check_size(table, len(columns))
    given = np.stack([table.floats(name, missing=True) for name in columns], axis=1)
    _refuse_marks(table, given)
    bad = ranks.first_bad(given)
    if bad is not None:
        raise table.refuse(bad[0], columns[bad[1]], ranks.RULE)
    return Ballots(ranks.positions(given), None, weights, columns)


def _long(table: Table, roles: Mapping[str, str]) -> Ballots:
    """A row for each voter and item, with the rank of the item for the voter."""
    words, given = table.text(roles["item"]), table.floats(roles["rank"])
    numbers, names = _numbered(words)
    voters: dict[str, int] = {}
    rows = np.array([voters.setdefault(word, len(voters)) for word in table.text(roles["voter"])])
    items = np.array([numbers[word] for word in words])
    _check_size(table, len(names), len(voters))
    keys = rows * len(names) + items
    first = np.full(len(voters) * len(names), -1)
    first[keys[::-1]] = np.arange(len(keys))[::-1]
    again = np.flatnonzero(first[keys] < np.arange(len(keys)))
    if again.size:
        raise table.refuse(int(again[0]), roles["item"], "named once by each voter")
    spread = np.full((len(voters), len(names)), np.nan)
    spread[rows, items] = given
    _refuse_marks(table, spread)
    bad = ranks.first_bad(spread)
    if bad is not None:
        raise table.refuse(int(first[bad[0] * len(names) + bad[1]]), roles["rank"], ranks.RULE)
    weights = None
    if "weight" in roles:
        each = _weights(table, roles["weight"])
        weights = np.zeros(len(voters), each.dtype)
        weights[rows[::-1]] = each[::-1]
        differs = np.flatnonzero(weights[rows] != each)
        if differs.size:
            raise table.refuse(int(differs[0]), roles["weight"], "the same in all rows of a voter")
    return Ballots(ranks.positions(spread), None, weights, names)


def _refuse_marks(table: Table, given: np.ndarray) -> None:
    if ranks.are_marks(given):
        raise ValueError(f"{table.origin}: cells of 0 and 1, or of one number alone, mark items and do not rank them")


def _check_size(table: Table, n_items: int, n_rankings: int | None = None) -> None:
    n = len(table) if n_rankings is None else n_rankings
    if not n_items:
        raise ValueError(f"{table.origin}: no ballot lists an item")
    if n * n_items > MOST:
        raise ValueError(f"{table.origin}: {n:,} ballots of {n_items:,} different items are too many; are they names?")
