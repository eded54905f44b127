r"""Rankings of items by voters, which every function of the system takes as its instance.

.. math:: \mathrm{pos}_v(i) \in \{0, 1, \dots, m - 1\}, \qquad v = 1, \dots, n, \quad i = 0, \dots, m - 1,

is the position of item i in ranking v, 0 the best. Positions and orders are inverse permutations, and for many small
examples both look right, so the caller says which one is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._files import Columns, Table, as_table, form_of, source_name, text_of, warn_alike
from lrtheory._result import Result, display, read_only
from lrtheory._types import ArrayLike, Frame, Rng
from lrtheory._validation import array, as_array, choice, exactly_one, generator, must
from lrtheory.fair_subset_selection.ballots import positions as ballots
from lrtheory.fair_subset_selection.ballots.items import column_names
from lrtheory.fair_subset_selection.ballots.reading import ballots_of

__all__ = ["Panel", "Rankings"]


class _Derived:
    """A slot for the cached narrow-integer copy of `positions`; slotted dataclasses cannot add attributes."""

    __slots__ = ("narrow",)
    narrow: np.ndarray | None


@dataclass(frozen=True, eq=False, slots=True, repr=False, init=False)
class Rankings(_Derived, Result):
    """n rankings of m items, each of which may stand for several voters.

    Parameters
    ----------
    positions : integer array of shape (n, m)
        ``positions[v, i]`` is the position of item i in ranking v, 0 the best; -1 for an item that the ballot does not
        list (a truncated ballot). With `ties` other than "error" equal positions are a tie, and only the order of the
        numbers counts.
    orders : integer array of shape (n, L), or sequence of n ballots
        Instead of positions: the items of each ranking, the best first. Ballots may end early (in an array: with -1),
        and an entry may be a tuple of items that share a position. Items may be names: they are numbered in the order
        of `names`, or in their own order where no names are given.
    weights : array of shape (n,), optional
        Number of voters behind each ranking, at least 0; integers keep scores exact. None means one each. Statements
        about n rankings, such as the bound of `smoothness`, count each row as that many *independent* voters.
    ties : {"error", "average", "random"}
        Treatment of items that share a position: refuse them; give each the mean of the weights of the positions that
        they occupy together; or put them in a random order now, one order for all voters of a row with a weight. Items
        that a ballot does not list score 0 in every rule.
    names : sequence of m str, optional
        Names of the items. Orders need them where some item is on no ballot. None takes those of the ballots, or of the
        columns of a data frame of positions.
    rng : Generator, int or None
        Source of randomness for `ties` "random".

    Raises
    ------
    TypeError
        If positions or items are not integers.
    ValueError
        If not exactly one of `positions` and `orders` is given, a row is not a ranking, or a length is wrong.

    Examples
    --------
    >>> panel = Rankings(orders=[[2, 0, 1], [2, 1, 0]], weights=[3, 1])
    >>> panel.n_rankings, panel.n_items, panel.total, panel.positions.tolist()
    (2, 3, 4, [[1, 2, 0], [2, 1, 0]])
    >>> Rankings(orders=[["Cat", "Ann"], ["Bob", "Cat", "Ann"]]).names
    ('Ann', 'Bob', 'Cat')
    >>> Rankings(orders=[[(0, 1)], [2]], ties="average").positions.tolist()
    [[0, 0, -1], [-1, -1, 0]]
    """

    positions: np.ndarray
    weights: np.ndarray | None
    ties: str
    names: tuple[str, ...] | None
    shared: np.ndarray | None = field(
        init=False
    )  # how many items share each position; None where nowhere more than one

    def __init__(
        self,
        positions: ArrayLike | None = None,
        *,
        orders: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        ties: Literal["error", "average", "random"] = "error",
        names: Iterable[str] | None = None,
        rng: Rng = None,
    ) -> None:
        choice("ties", ties, ("error", "average", "random"))
        if names is not None and not isinstance(names, Iterable):
            raise must("names", "a sequence of names", names, TypeError)
        names = None if names is None else tuple(map(str, names))
        orders, names = ballots.numbered(orders, names)
        names = column_names(positions) if names is None else names
        source = generator(rng)
        name = exactly_one(positions=positions, orders=orders)
        if positions is not None:
            given = ballots.checked_positions(positions)
        else:
            given = ballots.positions_of_orders(orders, None if names is None else len(names))
        strict, shared = ballots.strict_or_shared(given, name, ties, source)
        if names is not None and len(names) != strict.shape[1]:
            raise must("names", f"one name for each of the {strict.shape[1]} items", names)
        _set(self, strict, shared, _multiplicities(weights, len(strict)), ties, names)

    def _columns(self) -> dict[str, Any]:
        voters = np.ones(self.n_rankings, np.int64) if self.weights is None else self.weights
        return {"voters": voters, "ballot": [_written(row, self.names) for row in self.positions]}

    def _facts(self) -> list[str]:
        shares = "" if self.shared is None else "; items that share a place have the mean of its points"
        return [f"{self.total:,} voters rank {self.n_items:,} items{shares}"]

    def _draw(self, ax: Any) -> None:
        listed = self.positions >= 0
        voters = np.ones(self.n_rankings) if self.weights is None else self.weights
        points = voters @ np.where(listed, self.n_items - 1 - self.positions, 0)
        order = np.argsort(-points, kind="stable")
        names = self.names or range(self.n_items)
        display.bars(ax, [names[i] for i in order], points[order], label="items behind it, over all voters")

    def __repr__(self) -> str:
        voters = "" if self.weights is None else f", {self.total} voters"
        return f"Rankings({self.n_rankings} of {self.n_items} items{voters})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.positions, self.shared, self.weights, self.ties, self.names)

    @property
    def n_rankings(self) -> int:
        """Return the number of rows, n."""
        return len(self.positions)

    @property
    def n_items(self) -> int:
        """Return the number of items, m."""
        return self.positions.shape[1]

    @property
    def total(self) -> int | float:
        """Return the number of voters: the sum of the weights, or n without them."""
        return self.n_rankings if self.weights is None else self.weights.sum().item()

    def as_orders(self) -> np.ndarray:
        """Return the items of each ranking from the best to the worst.

        Returns
        -------
        integer array of shape (n, m)
            -1 where the ballot has ended; items that share a position stand by number.
        """
        worst = np.where(self.positions < 0, self.n_items, self.positions)
        items = np.argsort(worst, axis=1, kind="stable")
        listed = (self.positions >= 0).sum(axis=1, keepdims=True)
        return np.where(np.arange(self.n_items) < listed, items, -1)

    def with_weights(self, weights: ArrayLike | None) -> Rankings:
        """Return these rankings with other multiplicities, such as those of a group of voters or a resampled panel.

        Parameters
        ----------
        weights : array of shape (n,), or None
            Number of voters behind each ranking, at least 0; None means one each.

        Returns
        -------
        Rankings
            Rankings of the same positions, which are not copied; ties stay as they were resolved.

        Raises
        ------
        ValueError
            If the shape is wrong, or a weight is negative or not finite.

        Examples
        --------
        >>> Rankings(orders=[[0, 1], [1, 0]]).with_weights([3, 0]).total
        3
        """
        kept = _multiplicities(weights, self.n_rankings)
        return _rebuilt(self.positions, self.shared, kept, self.ties, self.names)

    @classmethod
    def from_preflib(
        cls, path: str | PathLike[str], *, ties: Literal["error", "average", "random"] = "average", rng: Rng = None
    ) -> Rankings:
        """Read a PrefLib file: soc, soi, toc or toi, with or without the comments of the newer format.

        Categories (cat) such as approvals are refused: they are not rankings, and position weights would count the
        lowest category of a voter as a position.

        Parameters
        ----------
        path : path
            The file, packed by gzip or not; "-" is standard input.
        ties : {"error", "average", "random"}
            Treatment of items that share a position, as in the constructor.
        rng : Generator, int or None
            Source of randomness for `ties` "random".

        Returns
        -------
        Rankings
            One row per distinct ballot, with its multiplicity; named as the alternatives are.

        Raises
        ------
        ValueError
            If the file is of another kind, a line cannot be read, or the ballots are not rankings.
        """
        from lrtheory.fair_subset_selection.ballots.preflib import KINDS, OTHER_KINDS, parse

        name = source_name(path)
        kind = Path(name.lower().removesuffix(".gz")).suffix[1:]
        if kind in OTHER_KINDS:
            raise must("path", f"a PrefLib file of orders ({', '.join(KINDS)})", kind)
        if kind in ("csv", "tsv", "json", "jsonl"):
            raise must("path", "a PrefLib file; `Rankings.from_file` reads tables", name)
        found = parse(text_of(path), name)
        warn_alike(found["names"], name)
        return cls(**found, ties=ties, rng=rng)

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
    ) -> Rankings:
        """Read ballots from a file: PrefLib, or a table in one of four forms.

        A row is a ballot with the items of its places (``first,second,third``), a ballot with the rank of each item,
        whose names are those of the columns, or a ballot in one cell (``Ann > Bob = Cat``); or it is one voter's rank
        of one item (``voter,item,rank``). A column ``count``, ``weight`` or ``voters`` says how many cast a ballot.

        Parameters
        ----------
        path : path
            A PrefLib file (soc, soi, toc, toi), or a table (csv, tsv, json, jsonl, npz, xlsx), packed by gzip or not;
            "-" is standard input.
        columns : str, sequence or mapping, optional
            The columns of the places in their order, those of the items, or those of voter, item and rank; names, or
            numbers from 1. None looks for customary names.
        form : str or None
            "preflib", "table", "json", "jsonl" or "npz" where suffix and first line do not tell.
        header : bool or None
            Whether the first line names the columns; None looks.

        Returns
        -------
        Rankings
            Rankings with the names of the items; items that share a rank have the mean of its points
            (`ties` "average").

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a row is not a ballot, or it cannot be told what the cells are; file and line are named.
        """
        if form_of(path, form) != "preflib":
            return cls._from_table(as_table(path, form=form, header=header), columns)
        for name, value in (("columns", columns), ("header", header)):
            if value is not None:
                raise must(name, "left out for a PrefLib file, which says itself what its lines are", value)
        return cls.from_preflib(path)

    @classmethod
    def from_frame(cls, frame: Frame, *, columns: Columns = None) -> Rankings:
        """Read ballots from a data frame in one of the forms of `from_file`.

        Parameters
        ----------
        frame : data frame
            Table of pandas or another library, or a mapping from names to columns.
        columns : str, sequence or mapping, optional
            As in `from_file`.

        Returns
        -------
        Rankings
            As `from_file` makes them.

        Raises
        ------
        TypeError
            If it is not a frame.
        ValueError
            If a row is not a ballot, or it cannot be told what the cells are.

        Examples
        --------
        >>> ballots = {"first": ["Ann", "Bob", "Ann"], "second": ["Bob", "Cat", ""]}
        >>> panel = Rankings.from_frame(ballots)
        >>> panel.names, panel.as_orders().tolist()
        (('Ann', 'Bob', 'Cat'), [[0, 1, -1], [1, 2, -1], [0, -1, -1]])
        """
        return cls._from_table(as_table(frame), columns)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Rankings:
        found = ballots_of(table, columns)
        warn_alike(found["names"], table.origin)
        return cls(**found, ties="average")


#: rankings, or the path of their file, or a data frame with them
Panel: TypeAlias = Rankings | str | PathLike[str] | Frame


def _written(positions: np.ndarray, names: tuple[str, ...] | None) -> str:
    """One ballot in words: "Ann > Bob = Cat"."""
    places: dict[int, list[str]] = {}
    for item in np.argsort(positions, kind="stable").tolist():
        if positions[item] >= 0:
            places.setdefault(int(positions[item]), []).append(str(item) if names is None else names[item])
    return " > ".join(" = ".join(tied) for tied in places.values())


def _set(target: Rankings, positions: Any, shared: Any, weights: Any, ties: str, names: Any) -> Rankings:
    """Write the fields of frozen `Rankings`, arrays made read-only, and return it."""
    values = {"positions": positions, "shared": shared, "weights": weights, "ties": ties, "names": names}
    for name, value in values.items():
        object.__setattr__(target, name, read_only(value) if isinstance(value, np.ndarray) else value)
    object.__setattr__(target, "narrow", None)
    return target


def _rebuilt(positions: Any, shared: Any, weights: Any, ties: str, names: Any) -> Rankings:
    """Make `Rankings` from checked fields; the constructor would check and resolve ties again."""
    return _set(object.__new__(Rankings), positions, shared, weights, ties, names)


def trusted(
    positions: np.ndarray, *, weights: np.ndarray | None = None, names: tuple[str, ...] | None = None
) -> Rankings:
    """Make `Rankings` from the positions of strict rankings that need no check, such as those of samplers."""
    return _rebuilt(positions, None, weights, "error", names)


def narrow_positions(rankings: Rankings) -> np.ndarray:
    """Return the positions as unsigned integers of one or two bytes where these hold them, shape (n, m).

    The position -1 of an unlisted item wraps to the largest number of the type, which is beyond every depth. The copy
    is made at the first call and kept: counting reads all positions, and takes as long as memory takes to bring them.
    """
    narrow = rankings.narrow
    if narrow is None:
        narrow = read_only(rankings.positions.astype(np.min_scalar_type(rankings.n_items)))
        object.__setattr__(rankings, "narrow", narrow)
    return narrow


def _multiplicities(weights: ArrayLike | None, n: int) -> np.ndarray | None:
    """Check the number of voters of each ranking: return int64 or float64 of shape (n,); None means one each."""
    if weights is None:
        return None
    given = as_array("weights", to_numpy(weights))
    # integers of more than 64 bits come as objects
    whole = given.dtype.kind in "iu" or all(isinstance(count, int) for count in given.flat)
    checked = array("weights", given, shape=(n,), low=0)
    # integers stay below 2^62 together, so that their sum as int64 never wraps
    if whole and checked.sum() >= 2.0**62:
        raise must("weights", "of sum below 2**62", checked.sum())
    with np.errstate(over="ignore"):
        total = checked.sum(dtype=object if checked.dtype == object else np.float64)
        if not total <= np.finfo(np.float64).max:
            raise must("weights", "of a finite sum", np.inf)
    return np.array(given, np.int64) if whole else checked.astype(np.float64)


def as_rankings(name: str, value: Any) -> Rankings:
    """Return rankings, read from a path or a frame where these are given; refuse arrays, which could be either form."""
    if isinstance(value, (str, PathLike)):
        return Rankings.from_file(value)
    if not isinstance(value, Rankings) and getattr(value, "columns", None) is not None:
        return Rankings.from_frame(value)
    if not isinstance(value, Rankings):
        raise must(name, "Rankings(positions) or Rankings(orders=...)", value, TypeError)
    return value
