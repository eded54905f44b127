"""Rows of a file about elements, before it is known which function of sets is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal

from lrtheory._files import Table, as_table
from lrtheory._types import Frame, Rng
from lrtheory._validation import choice, refuse_unused
from lrtheory.dynamic_submodular.objectives.base import Objective
from lrtheory.dynamic_submodular.objectives.coverage import Coverage, Influence
from lrtheory.dynamic_submodular.objectives.facility import FacilityLocation
from lrtheory.dynamic_submodular.objectives.logdet import LogDet

__all__ = ["Elements"]

#: the options of each function of sets
OPTIONS: dict[str, set[str]] = {
    "coverage": {"directed"},
    "influence": {"directed"},
    "similarity": {"n_neighbors"},
    "diversity": set(),
}


class Elements:
    """Edges of a graph, pairs of a set and an element, or points, as a file has them.

    Parameters
    ----------
    table : Table
        The rows.
    columns : str, sequence or mapping, optional
        As the caller names them.
    header : bool or None
        What the caller says about the first line.
    """

    def __init__(self, table: Table, columns: Any = None, header: bool | None = None) -> None:
        self.table, self.columns, self.header = table, columns, header

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: str | Sequence[str | int] | None = None,
        form: str | None = None,
        header: bool | None = None,
    ) -> Elements:
        """Read the rows of a file.

        Parameters
        ----------
        path : path
            A list of edges or a table, packed by gzip or not; lines that start with # are comments.
        columns : str or sequence, optional
            The columns of source and target, of set and element, or of the points.
        form : str or None
            "table", "json", "jsonl", "npy" or "npz" where suffix and first line do not tell.
        header : bool or None
            Whether the first line names the columns; None looks.

        Returns
        -------
        Elements
            For `objective`.
        """
        return cls(as_table(path, form=form, header=header), columns, header)

    @classmethod
    def from_frame(cls, frame: Frame, *, columns: str | Sequence[str | int] | None = None) -> Elements:
        """Read the rows of a data frame.

        Parameters
        ----------
        frame : data frame
            Of pandas or another library, or a mapping from names to columns.
        columns : str or sequence, optional
            As in `from_file`.

        Returns
        -------
        Elements
            For `objective`.
        """
        return cls(as_table(frame), columns)

    def objective(
        self,
        by: Literal["coverage", "influence", "similarity", "diversity"] = "coverage",
        *,
        directed: bool = False,
        n_neighbors: int | None = None,
        rng: Rng = None,
    ) -> Objective:
        """Make the function of sets that is asked for.

        Parameters
        ----------
        by : {"coverage", "influence", "similarity", "diversity"}
            `Coverage` of sets or neighborhoods, `Influence` in a graph, `FacilityLocation` or `LogDet` of points.
        directed : bool
            Whether edges have a direction.
        n_neighbors : int or None
            For "similarity": how many elements serve a point.
        rng : Generator, int or None
            Draws the cascades of "influence".

        Returns
        -------
        Objective
            With the names of the elements.

        Raises
        ------
        ValueError
            If an option is given that this function does not use, or the rows do not fit.
        """
        used = OPTIONS[choice("by", by, OPTIONS)]
        refuse_unused(by, used, "by", directed=(directed, False), n_neighbors=(n_neighbors, None))
        if by == "coverage":
            return Coverage._from_table(self.table, self.columns, self.header, directed=directed)
        if by == "influence":
            return Influence._from_table(self.table, self.columns, self.header, directed=directed, rng=rng)
        if by == "similarity":
            return FacilityLocation._from_table(self.table, self.columns, n_neighbors=n_neighbors)
        return LogDet._from_table(self.table, self.columns)
