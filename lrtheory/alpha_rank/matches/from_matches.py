"""The base class of what can be read from a log of matches: ``from_file`` and ``from_frame``."""

from __future__ import annotations

from os import PathLike
from typing import Any, Self

from lrtheory._files import Columns, Table, as_table
from lrtheory._validation import open_interval, real

__all__ = ["FromMatches", "check_draws"]


class FromMatches:
    """Base of classes that are read from a log of matches; `MatchLog` says which columns a log may have."""

    __slots__ = ()

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
        draws: float | None = 0.5,
    ) -> Self:
        """Read a log of matches from a file.

        Parameters
        ----------
        path : path
            A table (csv, tsv, JSON, JSON lines or npz, packed by gzip or not; "-" is standard input) with a row for
            each match, in one of the forms in the notes of `MatchLog`.
        columns : str, sequence or mapping, or None
            Names or numbers of the columns: of both players and the outcome, of agents and scores, or of K players and
            K scores. None looks for customary names.
        form : str or None
            The form of the file where its suffix and its first line do not tell.
        header : bool or None
            Whether the first line names the columns; None looks.
        draws : float or None
            Score of a draw where outcomes are words, in (0, 1); None where there are none.

        Returns
        -------
        object of the class
            The matches, or their counts.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is not a table, a column is missing, a cell says nothing, or the class counts no such matches; a
            cell is named by file and line.
        """
        return cls._from_table(as_table(path, form=form, header=header), columns, check_draws(draws))

    @classmethod
    def from_frame(cls, frame: Any, *, columns: Columns = None, draws: float | None = 0.5) -> Self:
        """Read a log of matches from a data frame.

        Parameters
        ----------
        frame : data frame
            Frame of pandas, polars and others, or a mapping from names to columns; with the columns of `from_file`.
        columns : str, sequence or mapping, or None
            As in `from_file`.
        draws : float or None
            Score of a draw where outcomes are words, in (0, 1); None where there are none.

        Returns
        -------
        object of the class
            The matches, or their counts.

        Raises
        ------
        TypeError
            If it is not a data frame.
        ValueError
            If a column is missing, a cell says nothing, or the class counts no such matches; a cell is named by its
            row, from 0.
        """
        return cls._from_table(as_table(frame), columns, check_draws(draws))

    @classmethod
    def _from_table(cls, table: Table, columns: Columns, draws: float | None) -> Self:
        """Make an object from the cells; each class has its own."""
        raise NotImplementedError


def check_draws(draws: float | None) -> float | None:
    """Check the score of a draw."""
    return None if draws is None else open_interval("draws", real("draws", draws), 0, 1)
