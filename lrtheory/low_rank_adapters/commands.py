"""The verbs of the shell: what fine-tuning changed as a LoRA, other adapters as LoRA, and kinds compared."""

from __future__ import annotations

from lrtheory._files import Tensors
from lrtheory.low_rank_adapters.compare import Comparison
from lrtheory.low_rank_adapters.compare import compare as compared
from lrtheory.low_rank_adapters.files.changed_weights import PeftFolder, largest_change
from lrtheory.low_rank_adapters.files.converted import LoRAModules, extracted, nearest_lora
from lrtheory.low_rank_adapters.files.opened import opened

__all__ = ["compare", "convert", "extract"]

#: what -o writes, where it is more than the table
WRITES = {"extract": "a folder that peft loads, or a table", "convert": "a folder that peft loads, or a table"}


def extract(
    base: Tensors,
    tuned: Tensors,
    *,
    rank: int | None = None,
    budget: int | None = None,
    modules: str = "*",
    embeddings: str = "",
) -> LoRAModules:
    """Make a LoRA of what fine-tuning changed, and say what it loses.

    Every matrix that was changed gets the best factors of a rank, embeddings and layers of GPT-2 as peft reads them.
    One of --rank and --budget is needed. The error is that of the matrices, and not of the task. What was changed and
    has no factors, such as a norm or a bias, is named with its share of the change.

    Parameters
    ----------
    base : Tensors
        A model before it was fine-tuned, as a folder or as a safetensors file.
    tuned : Tensors
        The model after fine-tuning, with the same names of matrices.
    rank : int
        The rank of every module.
    budget : int
        In place of a rank: the numbers that all factors together may hold.
    modules : str
        Patterns of the names of matrices, with commas between them (default: all).
    embeddings : str
        Patterns of the names of embeddings, whose factors have names of their own in a folder; beside those that are
        known by their last names, such as embed_tokens and wte.

    Returns
    -------
    LoRAModules
        Rank and error of each module.

    Examples
    --------
    lrtheory low_rank_adapters extract tiny-model tiny-tuned --rank 2 -o as-lora
    lrtheory low_rank_adapters extract tiny-model tiny-tuned --budget 100 --modules "*.q_proj,*.v_proj"
    """
    return extracted(base, tuned, rank=rank, budget=budget, modules=modules, embeddings=embeddings)


def convert(
    adapter: PeftFolder, *, rank: int | None = None, keep_energy: float | None = None, base: Tensors | None = None
) -> LoRAModules:
    """Convert a VeRA, RandLoRA, Uni-LoRA, HiRA, LoHa, LoKr, IA3, DoRA or LoRA into the nearest LoRA of a rank.

    Settings, and arrays beside the factors, such as a head that was trained whole, are carried.

    Parameters
    ----------
    adapter : PeftFolder
        A VeRA, RandLoRA, LoHa or other adapter, as the folder that peft writes.
    rank : int
        The rank of every module.
    keep_energy : float
        In place of a rank: the share of the squared norm that each module keeps.
    base : Tensors
        The model, for kinds whose files lack the shapes of layers, or their weights, and for starts that change it. A
        start is computed in double precision here; peft rounds it at each load, which no error counts.

    Returns
    -------
    LoRAModules
        Rank and error of each module.

    Examples
    --------
    lrtheory low_rank_adapters convert tiny-uni-lora --rank 2 -o as-lora
    lrtheory low_rank_adapters convert tiny-uni-lora --keep-energy 0.9
    """
    adapters, carried = opened(adapter.path, base)
    return nearest_lora(adapters.items(), rank=rank, keep_energy=keep_energy, carried=carried)


def compare(base: Tensors, tuned: Tensors, *, max_parameters: int, modules: str = "*") -> Comparison:
    """Say how much of what fine-tuning changed each kind of adapter can make.

    Parameters
    ----------
    base : Tensors
        A model before it was fine-tuned whose adapter is to be chosen, as a folder or as a safetensors file.
    tuned : Tensors
        The model after fine-tuning, with the same names of matrices. The matrix that was changed most is taken.
    max_parameters : int
        The numbers that an adapter of this matrix may train.
    modules : str
        Patterns of the names of matrices, with commas between them.

    Returns
    -------
    Comparison
        A row for each kind and rank.

    Examples
    --------
    lrtheory low_rank_adapters compare tiny-model tiny-tuned --max-parameters 100 --plot kinds.png
    """
    update, weight = largest_change(base, tuned, modules)
    return compared(update, weight=weight, max_parameters=max_parameters, rng=0)
