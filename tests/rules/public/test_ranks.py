"""A rank beyond the sides of a matrix is refused; where several get one each, the answer says what each got."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import pytest

from lrtheory._files.adapters import AdapterFile
from tests.examples import all_calls, calls

#: a rank that no matrix of the examples has
TOO_LARGE = 1000
#: why a function has no largest rank
FREE = {
    "continual_learning.make_adversarial_rows": "it makes as many columns as are asked for",
    "low_rank_adapters.make_adapter": "factors may have more columns than the matrix, which Hadamard products need",
    "low_rank_optimizers.bias_bound": "noise of any rank; only its limit is Gaussian",
    "low_rank_optimizers.es_gradient": "noise of any rank; only its limit is Gaussian",
    "low_rank_optimizers.plan_population": "noise of any rank; only its limit is Gaussian",
    "low_rank_optimizers.sine_gradient": "noise of any rank; only its limit is Gaussian",
    "matrix_compression.baselines.published_clusters": "several bases; `ranks` says what each got",
    "matrix_compression.cluster_blocks": "several bases; `ranks` says what each got",
    "matrix_compression.make_quantization_residuals": "several matrices; `ranks` says what each got",
    "matrix_compression.merge_adapters": "several matrices; `ranks` says what each got",
}


def with_rank(system: str, name: str) -> tuple[Any, inspect.BoundArguments] | None:
    """A function that takes one rank, with the call of its example at a rank that is too large."""
    function: Any = importlib.import_module(f"lrtheory.{system}")
    for part in name.split("."):
        function = getattr(function, part)
    named = {"rank", "max_rank"} & set(inspect.signature(function).parameters)
    if not named:
        return None
    example = calls(system)[name]()
    bound = inspect.signature(function).bind(*example.args, **example.options)
    if not name.endswith("clusters") and name != "cluster_blocks":  # there an error is given beside the rank
        for other in ("budget", "epsilon", "max_error"):
            bound.arguments.pop(other, None)
    bound.arguments[named.pop()] = TOO_LARGE
    return function, bound


@pytest.mark.parametrize(("system", "name"), [one for one in all_calls() if not one[1].startswith("theory.")])
def test_a_rank_beyond_the_sides_is_refused(system: str, name: str) -> None:
    found = with_rank(system, name)
    if found is None:
        return
    function, bound = found
    if f"{system}.{name}" in FREE or name == "compress_adapter":
        answer = function(*bound.args, **bound.kwargs)
        assert "several" not in FREE.get(f"{system}.{name}", "several") or max(ranks(answer)) < TOO_LARGE
        return
    with pytest.raises(ValueError, match=r"^`(rank|assignment|n_rows)` must be .*; got "):
        function(*bound.args, **bound.kwargs)


def ranks(answer: Any) -> list[int]:
    """What each matrix of an answer got."""
    if isinstance(answer, AdapterFile):
        return [module.rank for module in answer.modules.values()]
    found = answer.ranks
    return [int(rank) for rank in (found.values() if hasattr(found, "values") else np.ravel(found))]
