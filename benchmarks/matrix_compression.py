"""Compression of stacks against scikit-learn's incremental PCA, and a stream of ten thousand blocks in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import Goal, Inputs, Row

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


def ours(method: str) -> Callable[[Inputs], np.ndarray]:
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
