"""The verbs of the shell: ``lrtheory matrix_compression squeeze``, ``merge`` and ``certify``."""

from __future__ import annotations

from typing import Literal

from lrtheory._files import AdapterFile
from lrtheory._validation import must
from lrtheory.matrix_compression.adapters.compress import compress_adapter
from lrtheory.matrix_compression.adapters.merge import merge_adapters
from lrtheory.matrix_compression.adapters.result import AdapterResult
from lrtheory.matrix_compression.certify import CompressionCertificate
from lrtheory.matrix_compression.certify import certify as compare

__all__ = ["certify", "merge", "squeeze"]


def squeeze(
    adapter: AdapterFile,
    *,
    budget: str | None = None,
    rank: int | None = None,
    epsilon: float | None = None,
    dtype: Literal["float32", "float16", "bfloat16"] | None = None,
    keep_scale: bool = False,
) -> AdapterResult:
    """Make an adapter smaller, and say what it loses.

    One budget is spent where it keeps most; no ranks within it, whoever chooses them, keep more than the last sentence
    says. The error is that of the matrices, and not of the task that the adapter was trained for.

    Parameters
    ----------
    adapter : AdapterFile
        A LoRA or AdaLoRA adapter, as the folder that peft writes.
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

    Returns
    -------
    AdapterResult
        Rank and error of each module.

    Examples
    --------
    lrtheory matrix_compression squeeze tiny-lora --budget 50% -o smaller
    """
    numbers = None if budget is None else _numbers(budget, adapter.storage)
    return compress_adapter(adapter, numbers, rank=rank, epsilon=epsilon, dtype=dtype, keep_scale=keep_scale)


def merge(
    first: AdapterFile,
    second: AdapterFile,
    third: AdapterFile | None = None,
    *,
    weights: tuple[str, ...] = (),
    rank: int | None = None,
    epsilon: float | None = None,
) -> AdapterResult:
    """Merge adapters of one base model into the best one of a rank for their weighted sum.

    Parameters
    ----------
    first, second, third : AdapterFile
        LoRA or AdaLoRA adapters, as the folders that peft writes. The settings are those of the first.
    weights : tuple of str
        A number for each (default: 1).
    rank : int
        Of every module.
    epsilon : float
        In place of a rank: the relative error of each module.

    Returns
    -------
    AdapterResult
        Rank and error of each module.

    Examples
    --------
    lrtheory matrix_compression merge tiny-lora tiny-lora-2 --weights 1,0.5 --rank 4 -o both
    """
    given = [first, second] if third is None else [first, second, third]
    return merge_adapters(given, [_number("weights", one) for one in weights] or None, rank=rank, epsilon=epsilon)


def certify(original: AdapterFile, copy: AdapterFile) -> CompressionCertificate:
    """Say how far an adapter is from another one, and from the best of its ranks, whoever made it.

    Parameters
    ----------
    original : AdapterFile
        The adapter that the copy stands for, as the folder that peft writes.
    copy : AdapterFile
        The other one, which may come from any tool.

    Returns
    -------
    CompressionCertificate
        Error of each module, and the least that its rank allows.

    Examples
    --------
    lrtheory matrix_compression certify tiny-lora tiny-lora-small --plot errors.png
    """
    return compare(original, copy)


def _numbers(budget: str, whole: int) -> float:
    """A budget in numbers, or as a share of all of them."""
    return _number("budget", budget.removesuffix("%")) * (whole / 100 if budget.endswith("%") else 1)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise must(name, "a number", text) from error
