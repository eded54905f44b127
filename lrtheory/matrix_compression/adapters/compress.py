"""All modules of an adapter at once: one rank, one error or one budget over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory._files.adapters.starts import weight_of
from lrtheory._kernels.low_rank import Core, core
from lrtheory._validation import choice, flag, must, real
from lrtheory.matrix_compression.adapters.directions import redirected
from lrtheory.matrix_compression.adapters.groups import grouped, groups_of
from lrtheory.matrix_compression.adapters.losses import replaced, with_bias
from lrtheory.matrix_compression.adapters.result import (
    AdapterResult,
    as_adapter,
    as_base,
    checked_type,
    finished,
    start_said,
)
from lrtheory.matrix_compression.budgets.allocation import allocate_ranks
from lrtheory.matrix_compression.budgets.certificate import RankCertificate, WorstErrorCertificate
from lrtheory.matrix_compression.budgets.spectra import ranks_within, read_spectra
from lrtheory.matrix_compression.sizes import one_of

__all__ = ["compress_adapter"]


def compress_adapter(
    adapter: AdapterFile | str | Path,
    budget: float | None = None,
    *,
    rank: int | None = None,
    epsilon: float | None = None,
    cost: str = "parameters",
    objective: str = "sum",
    weights: Mapping[str, float] | None = None,
    dtype: str | None = None,
    keep_scale: bool = False,
    base: Tensors | str | Path | None = None,
) -> AdapterResult:
    r"""Replace all modules of an adapter by the best ones of lower rank under one budget (statements SQ-1, AB-1, AB-2).

    A DoRA stays one: its ranks are chosen by the singular values of its factors, whose leading parts are kept, and the
    norms of rows are fitted to them (statement SQ-11). The error is then that of the weights.

    Parameters
    ----------
    adapter : AdapterFile or path
        The adapter, or its folder, which is not changed.
    budget : float or None
        Largest total cost of the ranks, in the unit of `cost`.
    rank : int or None
        In place of a budget: one rank for all modules.
    epsilon : float or None
        In place of a budget: the relative error that all modules together may have; the cheapest values go first.
    cost : {"parameters", "rank"}
        Cost of a rank of a module: d_out + d_in numbers, or 1.
    objective : {"sum", "max"}
        Error that the budget makes small: that of all modules together, or that of the module that errs most, relative
        to its own norm (statement AB-6).
    weights : mapping of str to float, or None
        Weight of the error of each module, a factor of its singular values; None weighs each by 1.
    dtype : {"float64", "float32", "float16", "bfloat16"} or None
        The type of the new factors; None keeps that of each module.
    keep_scale : bool
        Whether each module keeps its scale, for servers that ignore alpha_pattern; otherwise every scale is 1.
    base : Tensors, path or None
        The base model, which an adapter needs whose start changes it, such as PiSSA, or whose update depends on it, as
        that of DoRA.

    Returns
    -------
    AdapterResult
        ``to_file("folder")`` writes it as peft loads it. The error is that of the matrices, and not of the task that
        the adapter was trained for. Arrays beside the factors, such as a head that was trained whole, are carried.

    Raises
    ------
    TypeError
        If an argument is not of its kind.
    ValueError
        If not exactly one of budget, rank and epsilon is given, one is out of range, a module has no weight, factors
        are too large for the type, the objective is "max" without a budget, or epsilon is given for a DoRA, whose error
        is known when its ranks are.

    References
    ----------
    .. [1] I. Vulic, A. Grycner, Q. de Laroussilhe, J. Pfeiffer, LoRA-Squeeze: Simple and Effective Post-Tuning and
       In-Tuning Compression of LoRA Modules, arXiv 2602.10993, 2026.

    Examples
    --------
    >>> from lrtheory import matrix_compression as mc
    >>> lora = mc.make_adapters(1, 1, rank=8, rng=0)[0]
    >>> small = mc.compress_adapter(lora, lora.storage // 2)
    >>> small.storage <= lora.storage // 2, small.certificate.verify(lora)
    (True, True)
    """
    model = as_base(base)
    source = as_adapter("adapter", adapter, model, each=True)
    way = one_of(budget=budget, rank=rank, epsilon=epsilon)
    if epsilon is not None and (source.config or {}).get("use_dora"):
        raise must("epsilon", "left out for a DoRA, whose error is known when its ranks are", epsilon)
    if budget is not None and 0 < real("budget", budget, low=0) < 1:
        rule = f"what ranks may cost together, at least 1, or 0 for none, and no share of the {source.storage} numbers"
        raise must("budget", rule, budget)
    choice("cost", cost, ("parameters", "rank"))
    if choice("objective", objective, ("sum", "max")) == "max" and budget is None:
        raise must("objective", "'sum' without a budget", objective)
    kind, keep_scale = checked_type(dtype), flag("keep_scale", keep_scale)
    found = {name: _stretched(core(module.B, module.A), module.scale) for name, module in source.modules.items()}
    spectra = {name: one.values for name, one in found.items()}
    costs = {name: sum(module.shape) if cost == "parameters" else 1 for name, module in source.modules.items()}
    groups = groups_of(source)
    joint, paid = grouped(_weighted(spectra, weights), costs, groups)
    chosen, allocation, reason = _ranks(joint, paid, objective, budget, rank, epsilon)
    ranks = {name: min(chosen[group], len(spectra[name])) for name, group in groups.items()}
    modules, losses = {}, {}
    for name, module in source.modules.items():
        scale = module.scale if keep_scale and module.scale != 0 else 1.0
        modules[name], losses[name] = replaced(module, found[name], ranks[name], scale, kind)
        if module.magnitude is not None and model is not None:
            weight = weight_of(source, model, name)
            modules[name], losses[name] = redirected(module, modules[name], weight)
        modules[name], losses[name] = with_bias(modules[name], module.bias, losses[name])
    said = start_said([adapter], model)
    more: dict[str, Any] = {"method": way, "reason": reason, "message": said, "allocation": allocation}
    return finished([source], modules, losses, spectra=spectra, **more)


def _stretched(found: Core, scale: float) -> Core:
    """The core of scale B A from that of B A; the sign goes to the left."""
    left = found.left[0], found.left[1] * np.sign(scale)
    return found._replace(values=found.values * abs(scale), rounding=found.rounding * abs(scale), left=left)


def _weighted(spectra: Mapping[str, np.ndarray], weights: Any) -> dict[str, np.ndarray]:
    if weights is None:
        return dict(spectra)
    if not isinstance(weights, Mapping) or set(weights) != set(spectra):
        raise must("weights", "a mapping with one number for each module", weights)
    most = float(np.finfo(float).max)
    factors = {name: real(f"weights[{name!r}]", weights[name], low=0.0, high=most) for name in spectra}
    return {name: values * factors[name] for name, values in spectra.items()}


def _ranks(
    spectra: Mapping[str, np.ndarray], costs: Mapping[str, int], objective: str, budget: float | None, rank: int | None,
    epsilon: float | None,
) -> tuple[dict[str, int], RankCertificate | WorstErrorCertificate | None, str]:  # fmt: skip
    """The ranks that a budget, a rank or an error asks for, and the bound where there is a budget."""
    chosen: Iterable[Any]
    if budget is not None:
        found = allocate_ranks(spectra, budget, cost=costs, objective=objective)
        chosen, proof, reason = found.ranks, found.certificate, f"{found.method}: {found.reason}"
    elif rank is not None:
        chosen, proof, reason = (min(rank, len(x)) for x in spectra.values()), None, "one rank for all modules"
    else:
        chosen = ranks_within(read_spectra(spectra, costs), float(epsilon or 0.0))
        proof, reason = None, "the cheapest values go first"
    return {name: int(one) for name, one in zip(spectra, chosen, strict=True)}, proof, reason
