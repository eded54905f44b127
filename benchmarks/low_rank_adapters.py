"""Conversions against peft, starts against torch, and comparisons of adapters, for which there is no peer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

#: rows and columns of an update that are compared, since both sides hand out factors
CORNER, RANK = 64, 8
UNI_RANK, UNI_NUMBERS, RAND_RANK, START_RANK = 16, 4096, 32, 16


# --- conversion to LoRA ----------------------------------------------------------------------------------------------


def theta(m: int, n: int) -> Callable[[], Inputs]:
    """The vector of a Uni-LoRA for one layer."""

    def inputs() -> Inputs:
        return {
            "theta": np.random.default_rng(0).normal(size=UNI_NUMBERS).astype(np.float32),
            "shape": np.array([m, n]),
        }

    return inputs


def uni_lora(inputs: Inputs) -> Any:
    """Our adapter, with the groups that peft draws for the seed 42."""
    from lrtheory.low_rank_adapters.kinds.uni_lora import balanced_assignment
    from lrtheory.low_rank_adapters.kinds.uni_lora import uni_lora as make

    m, n = (int(side) for side in inputs["shape"])
    groups = balanced_assignment(UNI_RANK * (m + n), UNI_NUMBERS, rng=42)
    return make(inputs["theta"], (m, n), UNI_RANK, assignment=groups)


def converted(make: Callable[[Inputs], Any]) -> Callable[[Inputs], np.ndarray]:
    """The nearest LoRA with its certificate; a corner of the update is compared."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.low_rank_adapters import to_lora

        B, A = to_lora(ready("ours", inputs, lambda: make(inputs)), rank=RANK).adapter.factors()
        return np.asarray(B[:CORNER] @ A[:, :CORNER])

    return solve


def peft_model(inputs: Inputs, config: Any) -> Any:
    """One linear layer with an adapter of peft."""
    import peft
    import torch

    m, n = (int(side) for side in inputs["shape"])
    return peft.get_peft_model(torch.nn.ModuleDict({"layer": torch.nn.Linear(n, m, bias=False)}), config)


def peft_uni_lora(inputs: Inputs) -> Any:
    """The same Uni-LoRA in peft."""
    import peft
    import torch

    config = peft.UniLoraConfig(r=UNI_RANK, theta_d_length=UNI_NUMBERS, proj_seed=42, target_modules=["layer"])
    model = peft_model(inputs, config)
    model.base_model.unilora_theta_d["default"].data = torch.from_numpy(inputs["theta"])
    return model.base_model.model["layer"]


def peft_converted(make: Callable[[Inputs], Any]) -> Callable[[Inputs], np.ndarray]:
    """What peft's convert_to_lora does for each layer."""

    def solve(inputs: Inputs) -> np.ndarray:
        import torch
        from peft.tuners.lora.conversion import _convert_module_to_lora

        with torch.no_grad():
            A, B, _ = _convert_module_to_lora(ready("peft", inputs, lambda: make(inputs)), RANK)
            return (B[:CORNER] @ A[:, :CORNER]).numpy()

    return solve


def uni_row(m: int, n: int) -> Row:
    """Uni-LoRA to LoRA."""
    return Row(
        name=f"uni-lora-{m}x{n}",
        title=f"the LoRA of rank 8 nearest to a Uni-LoRA of rank 16 on a weight of {m} x {n}; ours with a certificate",
        inputs=theta(m, n),
        ours={"to_lora": converted(uni_lora)},
        peers={"peft": peft_converted(peft_uni_lora)},
        tolerance=1e-3,
    )


UNI_384, UNI_768 = uni_row(384, 384), uni_row(768, 768)


def bases(m: int, n: int) -> Callable[[], Inputs]:
    """The frozen and trained arrays of a RandLoRA, in the layout of peft."""

    def inputs() -> Inputs:
        rng, side = np.random.default_rng(0), min(m, n)
        n_bases = -(-side // RAND_RANK)
        arrays = {
            "A": rng.normal(size=(RAND_RANK, 1, side)),
            "B": rng.normal(size=(max(m, n), n_bases, RAND_RANK)),
            "lambda": rng.normal(size=(RAND_RANK, n_bases)),
            "gamma": rng.normal(size=(n_bases, side)) / max(m, n),
        }
        return {name: value.astype(np.float32) for name, value in arrays.items()} | {"shape": np.array([m, n])}

    return inputs


def randlora(inputs: Inputs) -> Any:
    """Our adapter, whose bases have the columns that peft pairs with the rows of A."""
    from lrtheory.low_rank_adapters.kinds.randlora import randlora as make

    m, n = inputs["shape"]
    B, lambdas = inputs["B"], inputs["lambda"].T
    paired = B.reshape(len(B), RAND_RANK, len(lambdas)).transpose(2, 0, 1)
    scale = 640 / RAND_RANK
    return make(paired, inputs["A"][:, 0], lambdas=lambdas, gammas=inputs["gamma"], transposed=bool(m < n), scale=scale)


def peft_randlora(inputs: Inputs) -> Any:
    """The same RandLoRA in peft."""
    import peft
    import torch

    config = peft.RandLoraConfig(r=RAND_RANK, randlora_alpha=640, target_modules=["layer"])
    layer = peft_model(inputs, config).base_model.model["layer"]
    for key in "AB":
        getattr(layer, f"randlora_{key}")["default"] = torch.from_numpy(inputs[key])
    for key in ("lambda", "gamma"):
        getattr(layer, f"randlora_{key}")["default"].data = torch.from_numpy(inputs[key])
    return layer


def rand_row(m: int, n: int) -> Row:
    """RandLoRA to LoRA."""
    return Row(
        name=f"randlora-{m}x{n}",
        title=f"the LoRA of rank 8 nearest to a RandLoRA of rank 32 on a weight of {m} x {n}; ours with a certificate",
        inputs=bases(m, n),
        ours={"to_lora": converted(randlora)},
        peers={"peft": peft_converted(peft_randlora)},
        tolerance=1e-2,  # of entries up to 100, in single precision
    )


RAND_384, RAND_WIDE, RAND_768 = rand_row(384, 384), rand_row(384, 1536), rand_row(768, 768)


# --- starts from a gradient ------------------------------------------------------------------------------------------


def gradient(m: int, n: int) -> Callable[[], Inputs]:
    """A matrix in single precision whose singular values fall as the fourth root of their number."""

    def inputs() -> Inputs:
        rng, side = np.random.default_rng(0), min(m, n)
        U, V = (np.linalg.qr(rng.normal(size=(length, side)))[0] for length in (m, n))
        values = np.arange(1, side + 1) ** -0.25
        return {"G": ((U * values) @ V.T).astype(np.float32), "energy": np.array(np.sum(values**2))}

    return inputs


def started(inputs: Inputs) -> np.ndarray:
    """The share that the start of a LoRA-XS captures, with a bound on all others."""
    from lrtheory.low_rank_adapters import initialize, lora_xs

    G, r = inputs["G"], START_RANK
    empty = [np.zeros(shape, np.float32) for shape in ((len(G), r), (r, r), (r, G.shape[1]))]
    return np.array([initialize(lora_xs(*empty), G, rng=0).captured])


def svd_lowrank(inputs: Inputs) -> np.ndarray:
    """What the released code of LoRA-SB calls."""
    import torch

    values = torch.svd_lowrank(torch.from_numpy(inputs["G"]), q=START_RANK, niter=10)[1].numpy()
    return np.array([np.sum(values**2) / inputs["energy"]])


def exact_svd(inputs: Inputs) -> np.ndarray:
    """What peft calls for starts from a decomposition of the weight."""
    import torch

    values = torch.linalg.svd(torch.from_numpy(inputs["G"]), full_matrices=False)[1].numpy()
    return np.array([np.sum(values[:START_RANK] ** 2) / inputs["energy"]])


def start_row(m: int, n: int, how: str, peer: Callable[[Inputs], np.ndarray]) -> Row:
    """A start against one way of finding singular vectors."""
    return Row(
        name=f"start-{how}-{m}x{n}",
        title=f"the leading 16 singular vectors of a gradient of {m} x {n} as a start; ours with a bound on all starts",
        inputs=gradient(m, n),
        ours={"initialize": started},
        peers={"torch": peer},
        tolerance=0.005,  # of shares: the sketch of the peer captures less
    )


START_384, START_WIDE = start_row(384, 384, "sketch", svd_lowrank), start_row(384, 1536, "sketch", svd_lowrank)
START_768, EXACT_768 = start_row(768, 768, "sketch", svd_lowrank), start_row(768, 768, "exact", exact_svd)


# --- the adjoint of Uni-LoRA -----------------------------------------------------------------------------------------

ENTRIES, GROUPS = 4_000_000, 65_536


def entries() -> Inputs:
    """Gradients of the entries of all factors, and the group of each."""
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.arange(ENTRIES) % GROUPS)
    return {"values": rng.normal(size=ENTRIES).astype(np.float32), "groups": groups.astype(np.int64)}


def summed(inputs: Inputs) -> np.ndarray:
    """Sums by group in a compiled loop."""
    from lrtheory.low_rank_adapters.kinds.uni_lora import group_sums

    return np.asarray(group_sums(inputs["values"], inputs["groups"], GROUPS))


def index_add(inputs: Inputs) -> np.ndarray:
    """What the backward pass of peft calls."""
    import torch

    values, groups = torch.from_numpy(inputs["values"]), torch.from_numpy(inputs["groups"])
    return torch.zeros(GROUPS).index_add_(0, groups, values).numpy()


ADJOINT = Row(
    name="uni-lora-adjoint",
    title="the gradient of a Uni-LoRA of 65 536 numbers from those of four million entries",
    inputs=entries,
    ours={"group_sums": summed},
    peers={"torch": index_add},
    tolerance=1e-3,
)


# --- comparisons, for which there is no peer -------------------------------------------------------------------------


def update(m: int, n: int) -> Callable[[], Inputs]:
    """An update whose singular values fall as 1 / i."""

    def inputs() -> Inputs:
        rng, side = np.random.default_rng(0), min(m, n)
        U, V = (np.linalg.qr(rng.normal(size=(length, side)))[0] for length in (m, n))
        values = 1 / np.arange(1, side + 1)
        return {"D": (U * values) @ V.T, "values": values}

    return inputs


def compared(inputs: Inputs) -> np.ndarray:
    """Rank, lower and upper bound of every LoRA, and whether all brackets are brackets."""
    from lrtheory.low_rank_adapters import compare

    rows = compare(inputs["D"], max_parameters=100_000, rng=0).rows
    assert all(row.lower <= row.upper for row in rows)
    return np.array([(row.rank, row.lower, row.upper) for row in rows if row.kind == "lora"])


def distance_from_the_spectrum(inputs: Inputs, answer: np.ndarray) -> float:
    """By how much a distance of LoRA is off, as a share of it."""
    tails = np.sqrt(np.cumsum(inputs["values"][::-1] ** 2))[::-1]
    return float(max(abs(bound / tails[int(rank)] - 1) for rank, *bounds in answer for bound in bounds))


def comparison(m: int, n: int, seconds: float, gigabytes: float, *, large: bool = False) -> Goal:
    """A comparison of all kinds."""
    return Goal(
        name=f"compare-{m}x{n}",
        title="all kinds of adapters of up to 100 000 numbers for an update of "
        f"{m} x {n}, with bounds on their distances",
        inputs=update(m, n),
        solve=compared,
        error=distance_from_the_spectrum,
        seconds=seconds,
        gigabytes=gigabytes,
        tolerance=1e-9,
        large=large,
    )


COMPARISON = comparison(384, 1536, 10.0, 1.0)
COMPARISON_LARGE = comparison(5504, 2048, 60.0, 3.0, large=True)
