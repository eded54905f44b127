r"""RandLoRA in the files of peft, where the columns of the bases meet other rows of A than in the formula.

peft flattens the bases with the basis as the slow index, and the scaled rows of A with the row as the slow index, so
column j r + k of the one meets row k N + j of the other. Delta is the formula for bases whose columns are permuted
accordingly; independent random columns hide this, and a file does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import must
from lrtheory.low_rank_adapters.files.folder import Folder, overlaid
from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.randlora import randlora

__all__ = ["read", "write"]


def read(folder: Folder) -> dict[str, Adapter]:
    """The modules of a RandLoRA; its trained vectors lie on the smaller side, which is that of d_in for squares."""
    A, B = folder.projections("randlora_A", "randlora_B", 3)
    scale = folder.number("randlora_alpha") / folder.rank()
    found: dict[str, Adapter] = {}
    for name in folder.modules:
        arrays = {part: value for part, value in folder.modules[name].items() if part[-2:] not in ("_A", "_B")}
        own = folder._replace(modules={name: arrays})
        lambdas, gammas = own.parts(name, lambdas=("randlora_lambda", 2), gammas=("randlora_gamma", 2))
        shape = folder.weights.shape(name, "the larger sides of its modules")
        rank, n_bases = lambdas.shape
        big, side = max(shape), min(shape)
        fits = gammas.shape == (n_bases, side) and A.shape[:2] == (rank, 1) and A.shape[2] >= side
        if not fits or B.shape[0] < big or B.shape[1] < n_bases or B.shape[2] != rank:
            sizes = f"vectors of {lambdas.shape} and {gammas.shape}, projections of {B.shape} and {A.shape}"
            raise must("weights", f"those that {name!r} of the adapter fits, which has {sizes}", shape)
        bases = _paired(B[:big, :n_bases])
        found[name] = randlora(
            bases, A[:, 0, :side], lambdas=lambdas.T, gammas=gammas, transposed=shape[0] < shape[1], scale=scale
        )
    return found


def write(adapters: Mapping[str, Adapter]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of modules, shared arrays and settings; scales that differ from the first one go into the vectors."""
    first = next(iter(adapters.values()))
    common = first.scale or 1.0
    arrays, bases, rows = {}, {}, {}
    for name, one in adapters.items():
        host = {key: to_numpy(value) for key, value in {**one.params, **one.frozen}.items()}
        n_bases, _, rank = host["bases"].shape
        side = min(one.shape)
        if bool(one.transposed) != (one.shape[0] < one.shape[1]) or n_bases != -(-side // rank):  # type: ignore[attr-defined]
            rule = f"ones with {-(-side // rank)} bases whose vectors lie on the smaller side, as peft makes them"
            raise must("adapters", rule, f"{n_bases} bases of {name!r}")
        bases[name], rows[name] = _unpaired(host["bases"]), host["A"][:, None]
        arrays[f"{name}.randlora_lambda"] = (one.scale / common) * host["lambdas"].T
        arrays[f"{name}.randlora_gamma"] = host["gammas"]
    if len({value.shape[0] for value in rows.values()}) > 1:
        raise must("adapters", "ones of one rank, as a file of RandLoRA has", [len(value) for value in rows.values()])
    rank = len(next(iter(rows.values())))
    config = {"r": rank, "randlora_alpha": common * rank, "save_projection": True, "projection_prng_key": 0}
    # peft loads projections of the sizes alone that it would draw itself
    sides = sorted(max(lengths) for lengths in zip(*(one.shape for one in adapters.values()), strict=True))
    shared = {
        "randlora_A": overlaid(rows, (rank, 1, sides[0])),
        "randlora_B": overlaid(bases, (sides[1], -(-sides[0] // rank), rank)),
    }
    return arrays, shared, config


def _paired(B: np.ndarray) -> np.ndarray:
    """The bases (N, big, r) of the formula, from the array (big, N, r) of a file."""
    big, n_bases, rank = B.shape
    return np.ascontiguousarray(B.reshape(big, rank, n_bases).transpose(2, 0, 1))


def _unpaired(bases: np.ndarray) -> np.ndarray:
    """The array (big, N, r) of a file, from the bases of the formula."""
    n_bases, big, rank = bases.shape
    return bases.transpose(1, 2, 0).reshape(big, n_bases, rank)
