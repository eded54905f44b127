"""Stacks of integer blocks, cut into groups: instances of the statements about what the blocks alone tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from scipy.linalg import hadamard

from lrtheory.bounds import Draws

KINDS = ("gaussian", "noisy", "decades", "orthogonal", "integers", "shared")


@dataclass(frozen=True)
class Blocks:
    """Blocks with the same number of rows."""

    blocks: tuple[np.ndarray, ...]

    @property
    def whole(self) -> np.ndarray:
        """M, all blocks side by side."""
        return np.concatenate(self.blocks, axis=1)


Case = TypeVar("Case", bound=Blocks)


@dataclass(frozen=True)
class Stack(Blocks):
    """Blocks, the rank r, and a partition of the blocks into groups."""

    rank: int
    groups: tuple[tuple[int, ...], ...]

    @property
    def joined(self) -> list[np.ndarray]:
        """The blocks of each group side by side."""
        return [np.concatenate([self.blocks[i] for i in ids], axis=1) for ids in self.groups]


def are_stacked(blocks: Sequence[np.ndarray]) -> bool:
    """Decide whether there are matrices of finite numbers, all with the same rows, one at least."""
    shapes = {np.shape(block)[0] for block in blocks if np.ndim(block) == 2}
    return len(shapes) == 1 and 0 not in shapes and all(np.isfinite(block).all() for block in blocks)


def is_stack(stack: Blocks) -> bool:
    """Decide whether the blocks of an instance are stacked."""
    return are_stacked(stack.blocks)


def split(M: np.ndarray, sizes: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Cut a matrix into blocks of doubles."""
    return tuple(np.split(np.asarray(M, float), np.cumsum(sizes)[:-1], axis=1))


def draw_columns(draws: Draws, m: int, n: int, kind: str) -> np.ndarray:
    """Draw an integer matrix of one of six kinds: those of `make_stack`, with integers in the place of Gaussians."""
    if kind == "orthogonal":
        # columns of a matrix with orthogonal columns, then the same again: every bound is met on these
        Q = np.eye(m)
        Q[: 4 * (m // 4), : 4 * (m // 4)] = np.kron(np.eye(m // 4), hadamard(4))
        order = np.concatenate([draws.permutation(m) for _ in range(-(-n // m))])[:n]
        return Q[:, order] * draws.integers(1, 3, shape=(n,))
    if kind in ("noisy", "shared"):
        width = 2 if kind == "noisy" else 3
        basis, mixing = draws.integers(-2, 2, shape=(m, width)), draws.integers(-2, 2, shape=(width, n))
        return 8 * basis @ mixing + draws.integers(-2, 2, shape=(m, n)) if kind == "noisy" else basis @ mixing
    largest = 2 if kind == "integers" else 9
    return draws.integers(-largest, largest, shape=(m, n))


def draw_blocks(
    draws: Draws, rows: tuple[int, int], widths: tuple[int, int], count: tuple[int, int]
) -> list[np.ndarray]:
    """Draw blocks of one kind, some of them over decades, in one of three units."""
    kind, m = draws.choice(KINDS), draws.integers(*rows)
    sizes = [draws.integers(*widths) for _ in range(draws.integers(*count))]
    blocks = split(draw_columns(draws, m, sum(sizes), kind), sizes)
    unit = 2.0 ** draws.choice((0, 0, 0, 0, -40, 40))
    shifts = [draws.choice((-6, 0, 7)) if kind == "decades" else 0 for _ in sizes]
    return [block * unit * 2.0**shift for block, shift in zip(blocks, shifts, strict=True)]


def draw_groups(draws: Draws, n: int) -> tuple[tuple[int, ...], ...]:
    """Draw a partition of n blocks."""
    names = draws.integers(0, max(1, n // 2), shape=(n,)).tolist()
    return tuple(tuple(i for i in range(n) if names[i] == name) for name in sorted(set(names)))


def draw_stack(draws: Draws) -> Stack:
    """Draw up to five blocks of up to six columns, with r below the sides of M."""
    blocks = draw_blocks(draws, (3, 9), (1, 6), (2, 5))
    most = min(len(blocks[0]), sum(block.shape[1] for block in blocks)) - 1
    return Stack(tuple(blocks), min(most, draws.choice((1, 1, 2, 3))), draw_groups(draws, len(blocks)))


def nudged(matrix: np.ndarray, draws: Draws, part: int = 16) -> np.ndarray:
    """Change one entry by a part of the power of two next to the largest, in either direction."""
    moved = np.array(matrix, float)
    if moved.size:
        at = tuple(draws.integers(0, n - 1) for n in moved.shape)
        moved[at] += 2.0 ** np.frexp(np.abs(moved).max())[1] / part * draws.choice((-1, 1))
    return moved


def climb_stack(case: Case, draws: Draws) -> Case:
    """Change one entry of one block."""
    k = draws.integers(0, len(case.blocks) - 1)
    return replace(case, blocks=(*case.blocks[:k], nudged(case.blocks[k], draws), *case.blocks[k + 1 :]))


def apart(n: int) -> tuple[tuple[int, ...], ...]:
    """Return the partition in which each of n blocks is alone."""
    return tuple((i,) for i in range(n))
