"""The base class of what can be read from a file or a data frame: ``from_file`` and ``from_frame``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self

from lrtheory._files.table import Table, as_table

__all__ = ["Columns", "FromTable"]

#: columns by name or number from 1: words with commas between them, a sequence in the order of the roles, or a mapping
Columns = str | Sequence[str | int] | Mapping[str, str | int] | None


class FromTable:
    """Base of classes that are read from tables; the class says which columns it wants, and what may stand in them."""

    __slots__ = ()

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
    ) -> Self:
        """Read a file with the columns that the class wants.

        Parameters
        ----------
        path : path
            A table as csv, tsv, json, jsonl, npy or npz, packed by gzip or not, or as xlsx with one sheet, which needs
            openpyxl; "-" is standard input.
        columns : str, sequence, or mapping, optional
            The columns by name or number from 1, in the order that the class names, where they have other names than
            the customary ones.
        form : str, optional
            "table", "json", "jsonl", "npy", "npz" or "xlsx", where the suffix of the file and its first line do not
            tell.
        header : bool, optional
            Whether the first line names the columns; None looks.

        Returns
        -------
        object of the class
            Object whose rows are in the order of the file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a column is missing or a cell breaks a rule; file and line are named.
        """
        return cls._from_table(as_table(path, form=form, header=header), columns)

    @classmethod
    def from_frame(cls, frame: Any, *, columns: Columns = None) -> Self:
        """Read a data frame with the columns that the class wants.

        Parameters
        ----------
        frame : data frame
            Table of pandas or another library, or a mapping from names to columns.
        columns : str, sequence, or mapping, optional
            As in `from_file`.

        Returns
        -------
        object of the class
            Object whose rows are in the order of the frame.

        Raises
        ------
        TypeError
            If it is not a data frame.
        ValueError
            If a column is missing or a cell breaks a rule; the row is named, from 0.
        """
        return cls._from_table(as_table(frame), columns)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        """Make an object from the cells; each class has its own."""
        raise NotImplementedError
