"""Rows of a file about elements, before it is known which function of sets is asked for."""

from __future__ import annotations

from typing import Any, Literal, Self

from lrtheory._files import Columns, FromTable, Table
from lrtheory._types import Rng
from lrtheory._validation import choice, refuse_unused
from lrtheory.dynamic_submodular.objectives.base import Objective
from lrtheory.dynamic_submodular.objectives.coverage import Coverage
from lrtheory.dynamic_submodular.objectives.facility import FacilityLocation
from lrtheory.dynamic_submodular.objectives.influence import Influence
from lrtheory.dynamic_submodular.objectives.logdet import LogDet

__all__ = ["Elements"]

#: the options of each function of sets
OPTIONS: dict[str, set[str]] = {
    "coverage": {"directed"},
    "influence": {"directed"},
    "similarity": {"n_neighbors"},
    "diversity": set(),
}


class Elements(FromTable):
    """Edges of a graph, pairs of a set and an element, or points, as a file has them.

    Parameters
    ----------
    table : Table
        The rows.
    columns : str, sequence or mapping, optional
        Columns of source and target, of set and element, or of the points; None looks for customary names, and takes
        all for points.
    """

    def __init__(self, table: Table, columns: Columns = None) -> None:
        self.table, self.columns = table, columns

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        return cls(table, columns)

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
            Objective with the names of the elements.

        Raises
        ------
        ValueError
            If an option is given that this function does not use, or the rows do not fit.
        """
        used = OPTIONS[choice("by", by, OPTIONS)]
        refuse_unused(by, used, "`by`", directed=(directed, False), n_neighbors=(n_neighbors, None))
        if by == "coverage":
            return Coverage._from_table(self.table, self.columns, directed=directed)
        if by == "influence":
            return Influence._from_table(self.table, self.columns, directed=directed, rng=rng)
        if by == "similarity":
            return FacilityLocation._from_table(self.table, self.columns, n_neighbors=n_neighbors)
        return LogDet._from_table(self.table, self.columns)
