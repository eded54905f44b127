"""Groups of items by the names of the items: from a file or a frame, or from the caller's own mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np

from lrtheory._files import FromTable, Table, warn_alike
from lrtheory._result import Result, result
from lrtheory._validation import Words, must

__all__ = ["ItemGroups", "by_number"]

NAMES = ("name", "item", "candidate", "alternative", "option", "label", "title", "id")


@result
class ItemGroups(FromTable, Result):
    """The groups of named items by one attribute or several, such as gender and region of candidates.

    Attributes
    ----------
    names : tuple of str
        The items.
    attributes : mapping
        Name of an attribute -> the group of every item, a tuple of str in the order of `names`.
    origin : str
        Name of the source of the groups, for the sentences of errors.

    Notes
    -----
    Files and frames have a row for each item. `columns` lists that of the names and those of one or more attributes;
    None takes the column with a customary name, else the first, for the names, and all others for attributes. Groups
    are words, as they stand in the cells.

    Examples
    --------
    >>> groups = ItemGroups.from_frame({"name": ["Ann", "Bob"], "gender": ["f", "m"]})
    >>> groups.names, dict(groups.attributes)
    (('Ann', 'Bob'), {'gender': ('f', 'm')})
    """

    names: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    origin: str

    def _columns(self) -> dict[str, Any]:
        return {"item": self.names, **self.attributes}

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        if columns is None and table.said_header is None and _is_data(table):
            table = table.without_header()
        if not len(table):
            raise ValueError(f"{table.origin}: no row")
        if columns is None:
            folded = {name.lower().strip(): name for name in reversed(table.names)}
            first = next((folded[name] for name in NAMES if name in folded and table.header), table.names[0])
            kept = [first, *(name for name in table.names if name != first)]
        else:
            kept = table.listed(columns)
        if len(kept) < 2:
            raise ValueError(f"{table.origin}: a column of names and one of groups are needed; there is {kept}")
        names, rows = table.text(kept[0]), dict[str, int]()
        for row, name in enumerate(names):
            if rows.setdefault(name, row) != row:
                raise table.refuse(row, kept[0], f"an item that {table.where(rows[name])} does not name too")
        titles = kept[1:] if table.header else ["group", *kept[2:]]
        groups = {title: tuple(table.text(column)) for title, column in zip(titles, kept[1:], strict=True)}
        for named in (names, *groups.values()):
            warn_alike(named, table.origin)
        return cls(tuple(names), groups, table.origin)

    def of(self, names: Sequence[str] | None) -> dict[str, np.ndarray]:
        """Return the groups of items in the order of their names.

        Parameters
        ----------
        names : sequence of str
            Names of the items; of those that are not among them nothing is said.

        Returns
        -------
        dict from str to array of str, of shape (m,)
            Group of each item, for each attribute.

        Raises
        ------
        ValueError
            If an item has no group, or there are no names.
        """
        if names is None:
            raise must("groups", "given by number, as these rankings have no names", self.origin)
        rows = {name: row for row, name in enumerate(self.names)}
        absent = [name for name in names if name not in rows]
        if absent:
            raise ValueError(f"{self.origin}: no row for {', '.join(map(repr, absent[:5]))}")
        chosen = [rows[name] for name in names]
        return {attribute: np.array(codes)[chosen] for attribute, codes in self.attributes.items()}

    def mask(self, group: str, names: Sequence[str] | None) -> np.ndarray:
        """Return which items are in a group, of the attribute that has such a group.

        Parameters
        ----------
        group : str
            Name of the group.
        names : sequence of str
            Names of the items.

        Returns
        -------
        bool array of shape (m,)
            True for the items of the group, in the order of the names.

        Raises
        ------
        ValueError
            If no attribute has such a group, or several have.
        """
        codes = self.of(names)
        homes = [attribute for attribute, column in codes.items() if group in column]
        if len(homes) != 1:
            raise must("group", f"one that one attribute alone has ({_shown(codes)})", group)
        return codes[homes[0]] == group


def _is_data(table: Table) -> bool:
    """Whether the names of the columns are a row: a group that the cells below it name too."""
    return table.header and any(name in column for name, column in list(table.columns.items())[1:])


def by_number(groups: Any, quotas: Mapping[str, Any], names: Any, n_items: int) -> tuple[Any, Mapping[str, Any]]:
    """Turn groups by name into groups by number, and quotas of the groups of a file into those of its attributes.

    All other groups and quotas come back as they are.
    """
    if isinstance(groups, (str, PathLike)):
        groups = ItemGroups.from_file(groups)
    elif not isinstance(groups, ItemGroups) and getattr(groups, "columns", None) is not None:
        groups = ItemGroups.from_frame(groups)
    if isinstance(groups, ItemGroups):
        return _of_attributes(groups, quotas, groups.of(names))
    if isinstance(groups, Mapping) and groups and all(map(_is_name, groups.values())):
        return _of_mapping(groups, names, n_items), quotas
    index = getattr(groups, "index", None)
    rows = list(index) if index is not None and not callable(index) else []
    if names is not None and rows and set(names) <= set(rows):  # a column of a frame that is indexed by the items
        return _of_mapping(dict(zip(rows, list(groups), strict=True)), names, n_items), quotas
    return groups, quotas


def _shown(codes: Mapping[str, np.ndarray]) -> str:
    """The groups of every attribute, in words."""
    groups = {attribute: sorted(set(column.tolist())) for attribute, column in codes.items()}
    return "; ".join(f"{attribute}: {', '.join(names[:8])}" for attribute, names in groups.items())


def _is_name(value: Any) -> bool:
    return isinstance(value, (str, bool, int, np.generic))


def _of_mapping(groups: Mapping[Any, Any], names: Any, n_items: int) -> np.ndarray:
    """The group of every item, from a mapping by names, or by numbers where there are no names."""
    keys = range(n_items) if names is None else names
    absent = [key for key in keys if key not in groups]
    if absent:
        what = "item" if names is None else "name"
        raise must("groups", f"a mapping with a group for every {what}", Words(f"none for {absent[0]!r}"))
    return np.array([groups[key] for key in keys])


def _of_attributes(groups: ItemGroups, quotas: Mapping[str, Any], codes: dict[str, np.ndarray]) -> tuple[Any, Any]:
    """The attributes that quotas speak of; a quota may name a group alone where one attribute has such a group."""
    if len(codes) == 1:
        (only,) = codes
        return codes[only], {name: _inner(quota, only) for name, quota in quotas.items()}
    nested: dict[str, dict[str, dict[Any, Any]]] = {}
    for name, quota in quotas.items():
        if quota is None or not isinstance(quota, Mapping):
            nested[name] = quota  # type: ignore[assignment]
            continue
        nested[name] = {}
        for key, value in quota.items():
            if isinstance(value, Mapping):
                nested[name].setdefault(key, {}).update(value)
                continue
            homes = [attribute for attribute, column in codes.items() if key in column]
            if len(homes) != 1:
                raise must(name, f"of groups that one attribute alone has ({_shown(codes)})", key)
            nested[name].setdefault(homes[0], {})[key] = value
    used = [a for a in codes if any(isinstance(quota, Mapping) and a in quota for quota in nested.values())]
    if len(used) == 1:
        return codes[used[0]], {name: _inner(quota, used[0]) for name, quota in nested.items()}
    return {a: codes[a] for a in used or codes}, nested


def _inner(quota: Any, attribute: str) -> Any:
    """The quotas of an attribute, where they are written below its name; or as they are."""
    nested = isinstance(quota, Mapping) and all(isinstance(value, Mapping) for value in quota.values())
    return quota.get(attribute) if nested and (attribute in quota or not quota) else quota
