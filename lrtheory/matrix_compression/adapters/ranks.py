"""The error and the cost of an adapter at every rank."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory._kernels.low_rank import tail
from lrtheory._result import Result, result
from lrtheory._result.display import curves
from lrtheory.matrix_compression.adapters.groups import grouped, groups_of
from lrtheory.matrix_compression.adapters.result import as_adapter, as_base
from lrtheory.matrix_compression.budgets.allocation import allocate_ranks

__all__ = ["RankCosts", "rank_costs"]


@result
class RankCosts(Result):
    """The error of an adapter at every rank, by one rank for all modules and by one budget over them.

    Attributes
    ----------
    ranks : int64 array of shape (n + 1,)
        Ranks from 0 to the largest.
    numbers : int64 array of shape (n + 1,)
        Number of entries of all factors at this rank.
    alike : array of shape (n + 1,)
        The relative error of all modules together at this rank: the best that one rank for all allows.
    budget : array of shape (n + 1,)
        The relative error where as many numbers are spent on the singular values that keep most for their cost.
    floor : array of shape (n + 1,)
        No ranks that cost as much, whoever chooses them, err by less.
    message : str
        Settings that were written beside the table; may be empty.
    """

    ranks: np.ndarray
    numbers: np.ndarray
    alike: np.ndarray
    budget: np.ndarray
    floor: np.ndarray
    message: str = ""

    def _columns(self) -> dict[str, Any]:
        shown = {"rank": self.ranks, "numbers": self.numbers, "one_rank_for_all": self.alike}
        return {**shown, "one_budget": self.budget, "least": self.floor}

    def _facts(self) -> list[str]:
        return [*filter(None, [self.message]),
                "errors are relative to the norm of all updates, and say nothing of the task",
                "no ranks that cost as much err by less than the last column (matrix_compression/AB-5)"]  # fmt: skip

    def _draw(self, ax: Any) -> None:
        lines = {"one rank for all": self.alike, "one budget": self.budget}
        curves(ax, self.numbers, lines, xlabel="numbers", ylabel="relative error")


def rank_costs(adapter: AdapterFile | str | Path, *, base: Tensors | str | Path | None = None) -> RankCosts:
    """Tell what an adapter loses at every rank, and at the same cost by one budget over its modules.

    Parameters
    ----------
    adapter : AdapterFile or path
        The adapter, or its folder. Arrays beside its factors have no ranks, and are not counted.
    base : Tensors, path or None
        The base model, which an adapter needs whose start changes it, such as PiSSA.

    Returns
    -------
    RankCosts
        From rank 0 to the largest that a module needs.

    Raises
    ------
    TypeError
        If it is not an adapter.
    ValueError
        If the base model is needed and not given.

    Examples
    --------
    >>> from lrtheory import matrix_compression as mc
    >>> found = mc.rank_costs(mc.make_adapters(1, 1, rank=2, rng=0)[0])
    >>> found.ranks.tolist(), bool(np.all(found.floor <= found.budget) and np.all(found.budget <= found.alike + 1e-12))
    ([0, 1, 2], True)
    """
    source = as_adapter("adapter", adapter, as_base(base))
    spectra = source.spectra()
    whole = math.hypot(*(tail(values, 0) for values in spectra.values()))
    spectra = {name: values / whole if whole > 0 else values for name, values in spectra.items()}
    costs = {name: sum(module.shape) for name, module in source.modules.items()}
    spectra, costs = grouped(spectra, costs, groups_of(source))
    ranks = range(max(len(values) for values in spectra.values()) + 1)
    numbers = [sum(min(r, len(values)) * costs[name] for name, values in spectra.items()) for r in ranks]
    lost = [math.hypot(*(tail(values, r) for values in spectra.values())) for r in ranks]
    found = [allocate_ranks(spectra, number, cost=costs) for number in numbers]
    return RankCosts(
        ranks=np.arange(len(ranks)),
        numbers=np.array(numbers),
        alike=np.array(lost),
        budget=np.array([one.error for one in found]),
        floor=np.array([math.sqrt(max(0.0, one.error**2 - one.certificate.gap)) for one in found]),
    )
