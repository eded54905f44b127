"""Stacks against scikit-learn's incremental PCA, adapters against what tools do with their dense updates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks import Goal, Inputs, Row, ready

RANK, AT_ONCE = 32, 8


def blocks_512(n_blocks: int) -> Callable[[], Inputs]:
    """Blocks of 512 x 16 near a space of 32 dimensions; 250 are drawn, and come again and again."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        basis = np.linalg.qr(rng.normal(size=(512, RANK)))[0] * np.linspace(1.0, 0.2, RANK)
        blocks = basis @ rng.normal(size=(250, RANK, 16)) + 0.003 * rng.normal(size=(250, 512, 16))
        return {"blocks": blocks, "n_blocks": np.array(n_blocks)}

    return inputs


def stream(inputs: Inputs) -> Iterator[np.ndarray]:
    """All blocks, one after the other."""
    blocks = inputs["blocks"]
    return (blocks[k % len(blocks)] for k in range(int(inputs["n_blocks"])))


def error_of(basis: np.ndarray, inputs: Inputs) -> np.ndarray:
    """The relative error of a basis, measured on all blocks at once."""
    M = inputs["blocks"].transpose(1, 0, 2).reshape(512, -1)
    return np.array([np.linalg.norm(M - basis @ (basis.T @ M)) / np.linalg.norm(M)])


def ours(method: Literal["gram", "fd", "sketch"]) -> Callable[[Inputs], np.ndarray]:
    """One pass with a bracket of the error, by a method."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.matrix_compression import compress_stack

        found = compress_stack(stream(inputs), RANK, method=method, oversampling=16)
        assert found.lower <= found.upper
        return error_of(found.basis, inputs)

    return solve


def incremental_pca(inputs: Inputs) -> np.ndarray:
    """Eight blocks at a time; it subtracts a mean, which is nearly zero here."""
    from sklearn.decomposition import IncrementalPCA

    model, waiting = IncrementalPCA(RANK), []
    for block in stream(inputs):
        waiting.append(block)
        if len(waiting) == AT_ONCE:
            model.partial_fit(np.concatenate(waiting, axis=1).T)
            waiting = []
    return error_of(model.components_.T, inputs)


STACK = Row(
    name="stack-1000",
    title="a basis of rank 32 for 1000 blocks of 512 x 16, in one pass",
    inputs=blocks_512(1000),
    ours={"gram": ours("gram"), "fd": ours("fd"), "sketch": ours("sketch")},
    peers={"scikit-learn": incremental_pca},
    tolerance=1e-4,
)


def bracketed(inputs: Inputs) -> np.ndarray:
    """Both ends of the bracket after one pass."""
    from lrtheory.matrix_compression import StackSketch

    sketch = StackSketch(RANK)
    for block in stream(inputs):
        sketch.update(block)
    found = sketch.interval()
    return np.array([found.lower, found.upper])


def distance_from_the_truth(inputs: Inputs, answer: np.ndarray) -> float:
    """By how much an end of the bracket is off, relative to the error of a dense factorization."""
    M = inputs["blocks"].transpose(1, 0, 2).reshape(512, -1)
    energies = np.linalg.eigvalsh(M @ M.T)[::-1]
    true = np.sqrt(energies[RANK:].sum() / energies.sum())
    assert not inputs["n_blocks"] % len(inputs["blocks"])  # every block as often
    outside = max(answer[0] - true, true - answer[1], 0.0)
    return float(max(outside, np.ptp(answer), abs(answer.mean() - true)) / true)


STREAM = Goal(
    name="stream-10000",
    title="10 000 blocks of 512 x 16 in one pass, and the error of the best basis of rank 32 to six digits",
    inputs=blocks_512(10_000),
    solve=bracketed,
    error=distance_from_the_truth,
    seconds=4.0,
    gigabytes=0.5,
    tolerance=1e-6,
)


# --- adapters --------------------------------------------------------------------------------------------------------

#: rows and columns of an update that are compared, since both sides hand out factors
CORNER = 64
SHAPES = ((384, 384), (384, 1536), (1536, 384), (768, 768), (384, 384), (1536, 1536))


def updates(shapes: tuple[tuple[int, int], ...], n_adapters: int, q: int) -> Callable[[], Inputs]:
    """Factors in single precision whose products have singular values that fall by powers."""

    def inputs() -> Inputs:
        rng, found = np.random.default_rng(0), {}
        for i, (m, n) in enumerate(shapes):
            for k in range(n_adapters):
                found[f"B{i}-{k}"] = (rng.normal(size=(m, q)) * np.arange(1, q + 1) ** -0.7).astype(np.float32)
                found[f"A{i}-{k}"] = rng.normal(size=(q, n)).astype(np.float32)
        return found

    return inputs


def squeezed(inputs: Inputs) -> np.ndarray:
    """All singular values, the factors of rank 16 and a certificate."""
    from lrtheory.matrix_compression import squeeze

    return squeeze(inputs["B0-0"], inputs["A0-0"], RANK // 2).singular_values[: RANK // 2]


def dense_svd(inputs: Inputs) -> np.ndarray:
    """What scripts that resize adapters do."""
    import torch

    B, A = (torch.from_numpy(inputs[name]) for name in ("B0-0", "A0-0"))
    U, values, Vt = torch.linalg.svd(B @ A, full_matrices=False)
    root = values[: RANK // 2].sqrt()
    _ = U[:, : RANK // 2] * root, root[:, None] * Vt[: RANK // 2]
    return values[: RANK // 2].numpy()


def factored_svds(inputs: Inputs) -> np.ndarray:
    """Lanczos steps on the product of the factors, which return 16 singular values and no others."""
    from scipy.sparse.linalg import LinearOperator, svds

    B, A = inputs["B0-0"], inputs["A0-0"]
    product = LinearOperator(
        (len(B), A.shape[1]), matvec=lambda x: B @ (A @ x), rmatvec=lambda y: A.T @ (B.T @ y), dtype=B.dtype
    )
    return np.sort(svds(product, RANK // 2)[1])[::-1]


RERANK = Row(
    name="rerank-1536",
    title="the best factors of rank 16 of an update of 1536 x 1536 and rank 64; ours with the whole spectrum",
    inputs=updates(((1536, 1536),), 1, 64),
    ours={"squeeze": squeezed},
    peers={"torch": dense_svd, "numpy-loop": factored_svds},
    tolerance=1e-2,  # of values up to 1600, in single precision
)


def adapters_of(inputs: Inputs, n_modules: int, scale: float) -> list[Any]:
    """Two adapters of our own, with views of the arrays."""
    from lrtheory.matrix_compression import AdapterFile, AdapterModule

    return [
        AdapterFile(
            {f"m{i}": AdapterModule(inputs[f"B{i}-{k}"], inputs[f"A{i}-{k}"], scale=scale) for i in range(n_modules)}
        )
        for k in range(2)
    ]


def merged(n_modules: int, rank: int, scale: float) -> Callable[[Inputs], np.ndarray]:
    """The best adapter of a rank for .7 of one and .3 of the other; a corner of the first update is compared."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.matrix_compression import merge_adapters

        found = merge_adapters(adapters_of(inputs, n_modules, scale), [0.7, 0.3], rank=rank)
        module = found.adapter.modules["m0"]
        return module.scale * (module.B[:CORNER] @ module.A[:, :CORNER])

    return solve


def dense_merge(inputs: Inputs) -> np.ndarray:
    """The dense sum, and its singular value decomposition."""
    import torch

    dense = sum(
        w * (torch.from_numpy(inputs[f"B0-{k}"]) @ torch.from_numpy(inputs[f"A0-{k}"]))
        for k, w in enumerate((0.7, 0.3))
    )
    U, values, Vt = torch.linalg.svd(dense, full_matrices=False)
    root = values[:16].sqrt()
    B, A = U[:, :16] * root, root[:, None] * Vt[:16]
    return (B[:CORNER] @ A[:, :CORNER]).numpy()


MERGE = Row(
    name="merge-1536",
    title="the best adapter of rank 16 for a sum of two of rank 64, 1536 x 1536",
    inputs=updates(((1536, 1536),), 2, 64),
    ours={"merge_adapters": merged(1, 16, 1.0)},
    peers={"torch": dense_merge},
    tolerance=1e-3,  # of entries up to 20, in single precision
)


def peft_merge(inputs: Inputs) -> np.ndarray:
    """The merge of peft, without the square matrices of singular vectors that it makes unless told otherwise."""
    import torch

    model = ready("peft", inputs, lambda: peft_model(inputs))
    with torch.no_grad():
        model.add_weighted_adapter(
            ["a0", "a1"], [0.7, 0.3], "sum", combination_type="svd", svd_rank=8, svd_full_matrices=False
        )
        layer = model.base_model.model["m0"]
        B, A = layer.lora_B["sum"].weight, layer.lora_A["sum"].weight
        corner = layer.scaling["sum"] * (B[:CORNER] @ A[:, :CORNER]).numpy()
        model.delete_adapter("sum")
    return corner


def peft_model(inputs: Inputs) -> Any:
    """A model of linear layers with two adapters of plain LoRA."""
    import peft
    import torch

    layers = {f"m{i}": torch.nn.Linear(n, m, bias=False) for i, (m, n) in enumerate(SHAPES)}
    config = peft.LoraConfig(r=8, lora_alpha=16, target_modules=list(layers))
    model = peft.get_peft_model(torch.nn.ModuleDict(layers), config, adapter_name="a0")
    model.add_adapter("a1", config)
    for i in range(len(SHAPES)):
        layer = model.base_model.model[f"m{i}"]
        for k in range(2):
            layer.lora_A[f"a{k}"].weight.data = torch.from_numpy(inputs[f"A{i}-{k}"])
            layer.lora_B[f"a{k}"].weight.data = torch.from_numpy(inputs[f"B{i}-{k}"])
    return model


PEFT = Row(
    name="merge-peft",
    title="the best adapter of rank 8 for a sum of two of rank 8, six modules from 384 to 1536 wide",
    inputs=updates(SHAPES, 2, 8),
    ours={"merge_adapters": merged(len(SHAPES), 8, 2.0)},
    peers={"peft": peft_merge},
    tolerance=1e-3,  # of entries up to 20, in single precision
)

# --- an adapter as large as that of a model of seven billion parameters ----------------------------------------------

WIDE, INNER, MODULES = 4096, 64, 224


def spectra_7b() -> np.ndarray:
    """The singular values of all modules, (modules, rank); some fall faster, some are larger."""
    k = np.arange(MODULES)[:, None]
    return (1 + k % 7) * np.arange(1, INNER + 1) ** -(0.3 + 0.2 * (k % 5))


def written_7b() -> Path:
    """A folder as peft writes it, half a gigabyte in single precision, written module by module."""
    rng, folder = np.random.default_rng(0), Path("lora-7b").absolute()
    left, right = (np.linalg.qr(rng.normal(size=(WIDE, INNER)))[0] for _ in range(2))
    size, entries = 4 * WIDE * INNER, {}
    for k in range(MODULES):
        for i, (factor, shape) in enumerate((("A", [INNER, WIDE]), ("B", [WIDE, INNER]))):
            name, first = f"base_model.model.layers.{k}.lora_{factor}.weight", (2 * k + i) * size
            entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [first, first + size]}
    header = json.dumps(entries).encode()
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": INNER, "lora_alpha": INNER}))
    with (folder / "adapter_model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for values in spectra_7b():
            mixed = np.linalg.qr(rng.normal(size=(INNER, INNER)))[0]
            file.write(((mixed.T * np.sqrt(values)) @ right.T).astype("<f4").tobytes())
            file.write((left * np.sqrt(values) @ mixed).astype("<f4").tobytes())
    return folder


def compressed_7b(inputs: Inputs) -> np.ndarray:
    """From a folder to one of a quarter of its numbers, verified, and compared once more as a stranger would."""
    import shutil

    from lrtheory.matrix_compression import certify, compress_adapter

    source = ready("7b", inputs, written_7b)
    target = source.with_name("small")
    shutil.rmtree(target, ignore_errors=True)
    found = compress_adapter(source, 2 * WIDE * INNER * MODULES // 4)
    found.to_file(target)
    verified = found.certificate.verify(source)
    return np.array([found.error, certify(source, target).achieved, verified])


def distance_from_the_best(_: Inputs, answer: np.ndarray) -> float:
    """How far the errors are from the least that a quarter of the numbers allows, which is known here."""
    energies = np.sort(spectra_7b().ravel() ** 2)
    best = np.sqrt(energies[: -energies.size // 4].sum() / energies.sum())
    return float(np.abs(answer[:2] / best - 1).max()) if answer[2] else np.inf


ADAPTER = Goal(
    name="adapter-7b",
    title="224 modules of 4096 x 4096 and rank 64, from a folder to the best quarter of its numbers, certified twice",
    inputs=lambda: {"seed": np.array(0)},
    solve=compressed_7b,
    error=distance_from_the_best,
    seconds=30.0,
    gigabytes=2.0,
    tolerance=1e-6,
    large=True,
)
