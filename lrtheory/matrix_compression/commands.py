"""The verbs of the shell: those of adapters, and three of stacks of matrices."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory._validation import Words, must
from lrtheory.matrix_compression.adapters.compress import compress_adapter
from lrtheory.matrix_compression.adapters.merge import merge_adapters, whole_sum
from lrtheory.matrix_compression.adapters.next_training import write_settings
from lrtheory.matrix_compression.adapters.ranks import RankCosts, rank_costs
from lrtheory.matrix_compression.adapters.result import AdapterResult
from lrtheory.matrix_compression.certify import CompressionCertificate
from lrtheory.matrix_compression.certify import certify as compare
from lrtheory.matrix_compression.cluster_blocks import BlockClusters, cluster_blocks
from lrtheory.matrix_compression.compress_stack import StackResult, compress_stack
from lrtheory.matrix_compression.problem import StackProblem
from lrtheory.matrix_compression.stacks.error_bounds import error_bounds
from lrtheory.matrix_compression.stacks.interval import ErrorInterval

__all__ = ["basis", "bounds", "certify", "cluster", "merge", "ranks", "squeeze"]

#: verbs that exit with yes, no or open
ANSWERS = ("certify",)
#: what -o writes, where it is more than the table
WRITES = {
    "squeeze": "a folder that peft loads, a file where one was read, or a table",
    "merge": "a folder that peft loads, a file where those were read, or a table",
    "basis": "the basis with its coefficients (.safetensors), or a table",
}
#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {
    "merge": {"combine": "method"},
    "bounds": {"blocks": "matrices"},
    "basis": {"blocks": "matrices"},
    "cluster": {"blocks": "matrices"},
}


def squeeze(
    adapter: AdapterFile,
    *,
    budget: str | None = None,
    rank: int | None = None,
    epsilon: float | None = None,
    dtype: Literal["float32", "float16", "bfloat16"] | None = None,
    keep_scale: bool = False,
    base: Tensors | None = None,
) -> AdapterResult:
    """Make an adapter smaller, and say what it loses.

    One budget is spent where it keeps most; no ranks within it, whoever chooses them, keep more than the last sentence
    says. The error is that of the matrices, and not of the task that the adapter was trained for. Arrays beside the
    factors, such as a head that was trained whole, are carried unchanged.

    Parameters
    ----------
    adapter : AdapterFile
        A LoRA or AdaLoRA adapter, as the folder that peft writes, or as one file of a diffusion model.
    budget : str
        The numbers that may be stored, or a share of those that are, such as 50%.
    rank : int
        In place of a budget: one rank for all modules.
    epsilon : float
        In place of a budget: the relative error of all modules together.
    dtype : {"float32", "float16", "bfloat16"}
        The type of the new factors (default: that of each module).
    keep_scale : bool
        Whether scales are kept, for servers that ignore alpha_pattern.
    base : Tensors
        The model, for adapters whose start changes it, such as PiSSA, and for DoRA, which stays a DoRA. The start is
        computed in double precision here; peft rounds it at each load, to the type of the model or to single
        precision, which no error counts.

    Returns
    -------
    AdapterResult
        Rank and error of each module.

    Examples
    --------
    lrtheory matrix_compression squeeze tiny-lora --budget 50% -o smaller
    """
    numbers = None if budget is None else _for_ranks(_numbers(budget, adapter.storage), adapter)
    return compress_adapter(adapter, numbers, rank=rank, epsilon=epsilon, dtype=dtype, keep_scale=keep_scale, base=base)


def merge(
    first: AdapterFile,
    *others: AdapterFile,
    weights: tuple[str, ...] = (),
    rank: int | None = None,
    epsilon: float | None = None,
    method: Literal["sum", "slerp", "ties", "dare"] = "sum",
    density: float | None = None,
    rng: int = 0,
    judge: AdapterFile | None = None,
    base: Tensors | None = None,
) -> AdapterResult | CompressionCertificate:
    """Merge adapters of one base model into the best one of a rank for their sum, or judge one that was merged.

    Parameters
    ----------
    first : AdapterFile
        LoRA or AdaLoRA adapters, as the folders that peft writes. The settings are those of the first.
    *others : AdapterFile
        The others.
    weights : tuple of str
        A number for each (default: 1).
    rank : int
        The rank of every module.
    epsilon : float
        In place of a rank: the relative error of each module.
    method : {"sum", "slerp", "ties", "dare"}
        The target: the weighted sum, or that by interpolation on a sphere; or another matrix, entry by entry, whose
        nearest adapter of the rank is made.
    density : float
        The share of the entries that ties and dare keep (default: 0.5).
    rng : int
        The seed of what dare drops.
    judge : AdapterFile
        In place of a rank: an adapter that any tool has merged, of which is said how far it is from the sum.
    base : Tensors
        The model, for adapters whose start changes it, such as PiSSA. The start is computed in double precision here;
        peft rounds it at each load, to the type of the model or to single precision, which no error counts. Also
        for adapters that save other heads, norms or biases.

    Returns
    -------
    AdapterResult or CompressionCertificate
        Rank and error of each module.

    Examples
    --------
    lrtheory matrix_compression merge tiny-lora tiny-lora-2 --weights 1,0.5 --rank 4 -o both
    lrtheory matrix_compression merge tiny-lora tiny-lora-2 --judge tiny-lora-small
    """
    shares, read = [_number("weights", one) for one in weights] or None, [first, *others]
    if judge is not None:
        _refuse_beside("judge", rank=rank, epsilon=epsilon, density=density, method=None if method == "sum" else method)
        whole, said = whole_sum(read, shares, base)
        found = compare(whole, judge, base=base)
        said = f"compared with the weighted sum of {len(read)} adapters{'; ' * bool(said)}{said}"
        return replace(found, message=f"{said}; {found.message}")
    ways: dict[str, Any] = {"combine": method, "density": density, "rng": rng}
    return merge_adapters(read, shares, rank=rank, epsilon=epsilon, base=base, **ways)


def ranks(
    adapter: AdapterFile, *, budget: str | None = None, rank_pattern: str | None = None, base: Tensors | None = None
) -> RankCosts:
    """Say what each rank of an adapter costs, and what it loses, before anything is compressed.

    The numbers that a rank costs may be spent on all modules alike, or where they keep most; both errors are told. With
    --budget and --rank-pattern the ranks that keep most are written for the next training. Of a DoRA these are the
    ranks of the nearest LoRA.

    Parameters
    ----------
    adapter : AdapterFile
        A LoRA or AdaLoRA adapter whose ranks are to be chosen, as the folder that peft writes.
    budget : str
        The numbers that the next adapter may train, or a share of those of this one, such as 50%.
    rank_pattern : str
        A new JSON file for r, lora_alpha, rank_pattern, alpha_pattern and target_modules of the next LoraConfig; the
        scale of each module stays.
    base : Tensors
        The model, for adapters whose start changes it, such as PiSSA. The start is computed in double precision here;
        peft rounds it at each load, to the type of the model or to single precision, which no error counts.

    Returns
    -------
    RankCosts
        A row for each rank.

    Examples
    --------
    lrtheory matrix_compression ranks tiny-lora --plot ranks.png
    lrtheory matrix_compression ranks tiny-lora --budget 50% --rank-pattern next.json
    """
    found = rank_costs(adapter, base=base)
    if (budget is None) != (rank_pattern is None):
        raise must("budget, rank_pattern", "given both or none of them", Words("one of them"))
    if budget is None or rank_pattern is None:
        return found
    return replace(found, message=write_settings(rank_pattern, adapter, _numbers(budget, adapter.storage), base))


def certify(
    original: AdapterFile, copy: AdapterFile, *, at_most: float | None = None, base: Tensors | None = None
) -> CompressionCertificate:
    """Say how far an adapter is from another one, and from the best of its ranks, whoever made it.

    Parameters
    ----------
    original : AdapterFile
        An adapter of which there is a copy, as the folder that peft writes.
    copy : AdapterFile
        The other one, which may come from any tool.
    at_most : float
        The relative error that the copy may have; the exit code is then 0 for yes, 1 for no, and 2 where only rounding
        decides.
    base : Tensors
        The model, for adapters whose start changes it, such as PiSSA. The start is computed in double precision here;
        peft rounds it at each load, to the type of the model or to single precision, which no error counts. Also
        for adapters that save other heads, norms or biases.

    Returns
    -------
    CompressionCertificate
        Error of each module, and the least that its rank allows.

    Examples
    --------
    lrtheory matrix_compression certify tiny-lora tiny-lora-small --plot errors.png
    lrtheory matrix_compression certify tiny-lora tiny-lora-small --at-most 0.05
    """
    if at_most is not None and at_most > 1:
        raise must("at_most", "a relative error up to 1, which no adapter at all has; 5% is 0.05", at_most)
    return compare(original, copy, at_most=at_most, base=base)


def bounds(matrices: StackProblem, *, rank: int) -> ErrorInterval:
    """Bracket what matrices lose in one common basis, from the spectrum of each alone.

    Parameters
    ----------
    matrices : StackProblem
        Matrices with the same number of rows, as npz, npy or safetensors. Names such as `*.query.*` choose some.
    rank : int
        Columns of the basis.

    Returns
    -------
    ErrorInterval
        The error of the best basis lies in it.

    Examples
    --------
    lrtheory matrix_compression bounds weights.npz --rank 3
    """
    return error_bounds(matrices, rank)


def basis(matrices: StackProblem, *, rank: int | None = None, epsilon: float | None = None) -> StackResult:
    """Find the common basis of matrices, and say what each rank of it loses.

    Parameters
    ----------
    matrices : StackProblem
        Matrices that shall share a basis, as npz, npy or safetensors, with the same number of rows.
    rank : int
        Columns of the basis.
    epsilon : float
        In place of a rank: the relative error.

    Returns
    -------
    StackResult
        A row for each rank. Written as .safetensors it is the basis itself, with the coefficients of each matrix.

    Examples
    --------
    lrtheory matrix_compression basis weights.npz --rank 3 -o shared.safetensors
    lrtheory matrix_compression basis weights.npz --columns layer_0,layer_1 --epsilon 0.1
    """
    return compress_stack(matrices, rank, epsilon=epsilon)


def cluster(matrices: StackProblem, *, rank: int, epsilon: float) -> BlockClusters:
    """Cluster matrices so that each cluster shares a basis, and none errs by more than is allowed.

    Parameters
    ----------
    matrices : StackProblem
        Matrices of which some may share a basis, as npz, npy or safetensors, with the same number of rows.
    rank : int
        Columns of each basis.
    epsilon : float
        The relative error that a cluster may have.

    Returns
    -------
    BlockClusters
        The cluster of each matrix.

    Examples
    --------
    lrtheory matrix_compression cluster weights.npz --rank 3 --epsilon 0.1
    """
    return cluster_blocks(matrices, rank, epsilon)


def _numbers(budget: str, whole: int) -> int:
    """A budget in numbers, or as a share of all of them, rounded down."""
    share = budget.endswith("%")
    try:
        found = Fraction(budget.removesuffix("%")) * (Fraction(whole, 100) if share else 1)
    except (ValueError, ZeroDivisionError) as error:
        raise must("budget", "a number, or a share such as 25%", budget) from error
    if not share and 0 < found < 1:
        rule = f"a share of the numbers, such as {100 * float(found):g}%, or how many may be stored, from 1 on"
        raise must("budget", rule, float(found))
    return math.floor(found)


def _refuse_beside(option: str, **given: Any) -> None:
    """Refuse options that say nothing beside another one."""
    for name, value in given.items():
        if value is not None:
            raise must(name, f"left out with `{option}`", value)


def _for_ranks(numbers: int, adapter: AdapterFile) -> int:
    """The budget that is left for ranks, beside norms of rows and biases, which modules have at every rank."""
    least = sum(one.fixed for one in adapter.modules.values())
    if least > numbers >= 0:
        raise must(
            "budget", f"at least {least}, the norms of rows and biases that this adapter has at every rank", numbers
        )
    return numbers - least


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise must(name, "a number", text) from error
