"""The counters of the noise: known answers, an independent generator, exact counts, and streams that differ."""

from __future__ import annotations

import hashlib
import math
from itertools import combinations

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import LowRankES
from lrtheory.low_rank_optimizers.evolution.kernels import circle, philox, radius
from lrtheory.low_rank_optimizers.evolution.noise import Noise

MASK = 2**32 - 1


def random_words(counter: tuple[int, ...], key: int) -> tuple[int, ...]:
    """Philox4x32-10 as Salmon et al. write it, in Python's integers."""
    x, k = list(counter), [key & MASK, key >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b & MASK, (a >> 32) ^ x[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return tuple(x)


def expected_words(length: int, pair: int, stream: int, step: int, seed: int) -> list[int]:
    """The words of one row: all first words of the blocks, then all second ones, and so on."""
    blocks = [random_words((i, pair, stream, step), seed) for i in range(-(-length // 4))]
    return [block[k] for k in range(4) for block in blocks]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((MASK,) * 4, (MASK, MASK), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_generator_gives_the_known_answers_of_random123(counter: tuple, key: tuple, answer: tuple) -> None:
    assert tuple(map(int, philox(*map(np.uint64, counter), *map(np.uint64, key)))) == answer
    assert random_words(counter, key[0] | key[1] << 32) == answer


@pytest.mark.parametrize(("m", "n", "rank"), [(1, 1, 1), (5, 7, 3), (32, 33, 1), (64, 130, 2), (1, 520, 1)])
def test_signs_are_the_bits_of_the_words(m: int, n: int, rank: int) -> None:
    seed = 2**63 - 12345
    noise = Noise(seed, 6, ((2, 2), (m, n)), rank, 3, "sign")
    for side, (factor, length) in enumerate(zip(noise.draw(1), (m, n), strict=True)):
        assert factor is not None
        assert factor.shape == (3, length, rank)
        for p in range(3):
            words = expected_words(-(-length * rank // 32), p, 2 + side, 6, seed)
            bits = [(words[i // 32] >> (i % 32)) & 1 for i in range(length * rank)]
            assert [1 - 2 * bit for bit in bits] == factor[p].T.ravel().tolist()


@pytest.mark.parametrize(("m", "n"), [(1, 2), (9, 17)])
def test_normal_numbers_are_the_transform_of_the_words(m: int, n: int) -> None:
    noise = Noise(77, 0, ((m, n), (n,)), 2, 2, "gaussian")
    for stream, factor in enumerate([*noise.draw(0), noise.draw(1)[0]]):
        assert factor is not None
        assert factor.dtype == np.float32
        for p in range(2):
            row = factor[p].T.ravel()
            words = expected_words(len(row), p, stream, 0, 77)
            half, made = len(words) // 2, []
            for turn in (math.cos, math.sin):
                for u, angle in zip(words[:half], words[half:], strict=True):
                    made.append(math.sqrt(-2 * math.log((u + 0.5) / 2**32)) * turn(2 * math.pi * angle / 2**32))
            np.testing.assert_allclose(row, made[: len(row)], atol=2e-6)


def test_radius_and_angle_are_exact_to_single_precision() -> None:
    words = np.random.default_rng(0).integers(0, 2**32, 3000, dtype=np.uint32)
    words[:8] = [0, 1, MASK, MASK - 1, 2**31, 2**31 - 1, 2**29, 3 * 2**30]
    for word in words:
        u = math.log1p((int(word) + 0.5 - 2**32) / 2**32) if word >= 2**31 else math.log((int(word) + 0.5) / 2**32)
        assert radius(word) == pytest.approx(math.sqrt(-2 * u), rel=3e-7)
        x, y = circle(word)
        angle = 2 * math.pi * int(word) / 2**32
        assert abs(x - math.cos(angle)) < 3e-7
        assert abs(y - math.sin(angle)) < 3e-7
        opposite = circle(np.uint32((int(word) + 2**31) & MASK))
        assert opposite == (-x, -y)
    assert radius(np.uint32(0)) < 6.77


def test_all_processors_draw_the_same_bits() -> None:
    """A digest of what was drawn with and without instructions that fuse products with sums."""
    A, B = Noise(2**40 + 3, 5, ((7, 129),), 3, 50, "gaussian").draw(0)
    assert B is not None
    digest = hashlib.sha256(
        np.ascontiguousarray(A).astype("<f4").tobytes() + np.ascontiguousarray(B).astype("<f4").tobytes()
    )
    assert digest.hexdigest()[:16] == "7570e786757f3525"


def test_signs_are_balanced_and_pairs_of_them_too() -> None:
    """Counts against the binomial law, at six standard deviations of what is drawn from a fixed seed."""
    noise = Noise(3, 0, ((64, 64),), 1, 20000, "sign")
    A, B = (factor[:, :, 0] > 0 for factor in noise.draw(0) if factor is not None)
    assert abs(2 * int(A.sum()) - A.size) < 6 * math.sqrt(A.size)
    for one, two in ((A[:, 0], A[:, 1]), (A[:, 0], B[:, 0]), (A[:, 31], A[:, 32]), (A[:-1, 5], A[1:, 5])):
        agree = int(np.count_nonzero(one == two))
        assert abs(2 * agree - len(one)) < 6 * math.sqrt(len(one))
    columns = A.sum(axis=0)
    assert np.abs(2 * columns - len(A)).max() < 6 * math.sqrt(len(A))
    patterns = np.bincount(A[:, :6] @ 2 ** np.arange(6), minlength=64)
    expected = len(A) / 64
    assert ((patterns - expected) ** 2 / expected).sum() < 63 + 6 * math.sqrt(126)


def test_normal_numbers_follow_their_law() -> None:
    from scipy.stats import kstest

    x = np.concatenate([f.ravel() for f in Noise(4, 9, ((50, 50),), 2, 4000, "gaussian").draw(0) if f is not None])
    n = len(x)
    assert abs(x.mean(dtype=float)) < 6 / math.sqrt(n)
    assert abs((x.astype(float) ** 2).mean() - 1) < 6 * math.sqrt(2 / n)
    assert abs((x.astype(float) ** 4).mean() - 3) < 6 * math.sqrt(96 / n)
    assert kstest(x[::4], "norm").pvalue > 1e-6
    far = np.count_nonzero(np.abs(x) > 4) / n  # 6.334e-5 of a normal law
    assert abs(far - 6.334e-5) < 6 * math.sqrt(6.334e-5 / n)


@pytest.mark.parametrize("factors", ["sign", "gaussian"])
def test_layers_steps_pairs_and_seeds_share_no_noise(factors: str) -> None:
    shapes = ((40, 40), (40, 40), (40,))
    drawn = [
        Noise(seed, step, shapes, 2, 2, factors).draw(layer)[side]
        for seed in (1, 2, 2**32 + 1)
        for step in (0, 1)
        for layer in (0, 1)
        for side in (0, 1)
    ]
    rows = [factor[p].ravel() for factor in drawn if factor is not None for p in range(2)]
    rows += [np.tile(row, 2) for row in Noise(1, 0, shapes, 2, 2, factors).draw(2)[0]]
    for one, two in combinations(rows, 2):
        assert not np.array_equal(one, two)
        assert not np.array_equal(one, -two)
        assert abs(np.corrcoef(one, two)[0, 1]) < 7 / math.sqrt(40)


def test_noise_of_a_pair_does_not_depend_on_the_others() -> None:
    few, many = (Noise(5, 2, ((3, 4),), 2, pairs, "gaussian") for pairs in (2, 50))
    for one, two in zip(few.draw(0), many.draw(0), strict=True):
        assert one is not None
        assert two is not None
        np.testing.assert_array_equal(one, two[:2])


def test_layers_of_one_shape_move_apart() -> None:
    """Layers that shared noise would give each other's gradient: (0, 5) where (1, 2) is right, in sums over signs."""
    es = LowRankES([(1, 1), (1, 1)], sigma=0.5, population_size=40000, rng=0)
    generation = es.ask()
    one, two = (a[:, 0, 0] * b[:, 0, 0] for a, b in zip(generation.A, generation.B, strict=True) if b is not None)
    d = 0.5 * (1 * one + 2 * two)
    found = [float(update[0, 0]) for update in generation.gradient(d)]
    assert np.abs(np.array(found) - [1, 2]).max() < 6 * 2 / math.sqrt(20000)
