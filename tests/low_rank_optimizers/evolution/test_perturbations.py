"""Perturbations against dense members, plain loops and exact Fractions."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest

from lrtheory.low_rank_optimizers import LowRankES, Perturbations

RNG = np.random.default_rng(4)


def made(m: int, n: int, r: int, pairs: int, *, mirrored: bool = True, kind: type = float) -> Perturbations:
    A, B = (RNG.normal(size=(pairs, side, r)).astype(kind) for side in (m, n))
    return Perturbations([A], [B], scale=0.3, mirrored=mirrored)


def dense(generation: Perturbations, i: int, layer: int) -> list[list[float]]:
    """The perturbation of one member, by plain loops over its definition."""
    pair, sign = (i // 2, 1 if i % 2 == 0 else -1) if generation.mirrored else (i, 1)
    A, B = generation.A[layer][pair], generation.B[layer][pair]
    m, n, r = len(A), len(B), len(A[0])
    return [[sign * generation.scale * sum(A[a][k] * B[b][k] for k in range(r)) for b in range(n)] for a in range(m)]


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("r", [1, 2, 4, 5, 9])
def test_members_and_forward_passes_follow_the_definition(mirrored: bool, r: int) -> None:
    generation = made(3, 4, r, 2, mirrored=mirrored)
    W, X = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4))
    own = RNG.normal(size=(generation.population_size, 5, 4))
    outputs, separate = generation.forward(X, W, 0), generation.forward(own, W, 0)
    assert generation.population_size == (4 if mirrored else 2)
    for i in range(generation.population_size):
        member = generation.member(i, [W])[0]
        np.testing.assert_allclose(member, W + np.array(dense(generation, i, 0)), atol=1e-14)
        np.testing.assert_allclose(outputs[i], X @ member.T, atol=1e-13)
        np.testing.assert_allclose(separate[i], own[i] @ member.T, atol=1e-13)


@pytest.mark.parametrize("mirrored", [True, False])
def test_vectors_move_by_sigma_at_every_rank(mirrored: bool) -> None:
    noise = RNG.normal(size=(3, 5))
    generation = Perturbations(
        [noise, RNG.normal(size=(3, 2, 3))], [None, noise[..., None][:, :4].repeat(3, 2)], scale=0.3, mirrored=mirrored
    )
    W, X = RNG.normal(size=5), RNG.normal(size=(4, 5))
    for i, output in enumerate(generation.forward(X, W, 0)):
        pair, sign = (i // 2, 1 - 2 * (i % 2)) if mirrored else (i, 1)
        moved = W + sign * 0.3 * 3**0.5 * noise[pair]
        np.testing.assert_allclose(generation.member(i, [W, np.zeros((2, 4))])[0], moved, atol=1e-14)
        np.testing.assert_allclose(output, X + moved, atol=1e-14)
    found = generation.gradient([1.0, -2.0, 0.5])[0]
    np.testing.assert_allclose(found, np.array([1.0, -2.0, 0.5]) @ noise / (3 * 0.3 * 3**0.5), atol=1e-14)


@pytest.mark.parametrize("members", [[0], [3, 1, 1], [5, 4, 3, 2, 1, 0]])
def test_some_members_are_those_of_all(members: list[int]) -> None:
    generation = made(3, 2, 2, 3)
    W, X = RNG.normal(size=(3, 2)), RNG.normal(size=(6, 5, 2))
    np.testing.assert_array_equal(
        generation.forward(X[0], W, 0, members=members), generation.forward(X[0], W, 0)[members]
    )
    own = generation.forward(X[members], W, 0, members=np.array(members))
    np.testing.assert_allclose(own, generation.forward(X, W, 0)[members], atol=1e-14)


@pytest.mark.parametrize("mirrored", [True, False])
def test_gradients_are_weighted_sums(mirrored: bool) -> None:
    generation = made(3, 4, 2, 5, mirrored=mirrored)
    d = RNG.normal(size=5)
    expected = np.zeros((3, 4))
    for p in range(5):
        expected += d[p] * generation.A[0][p] @ generation.B[0][p].T / (5 * 2 * 0.3)
    np.testing.assert_allclose(generation.gradient(d)[0], expected, atol=1e-14)


def test_fractions_stay_exact() -> None:
    A = np.array([[[Fraction(3)], [Fraction(0)]], [[Fraction(-3)], [Fraction(3)]]], dtype=object)
    B = np.array(
        [[[Fraction(1)], [Fraction(-1)], [Fraction(0)]], [[Fraction(1)], [Fraction(1)], [Fraction(1)]]], dtype=object
    )
    noise = np.array([[Fraction(1), Fraction(2)], [Fraction(3), Fraction(-1)]], dtype=object)
    generation = Perturbations([A, noise], [B, None], scale=Fraction(1, 6))
    W, b = np.full((2, 3), Fraction(1, 7), dtype=object), np.array([Fraction(1), Fraction(1, 3)], dtype=object)
    X = np.array([[Fraction(1), Fraction(2), Fraction(3)], [Fraction(1, 2), Fraction(0), Fraction(0)]], dtype=object)
    outputs, moved = generation.forward(X, W, 0), generation.forward(X[:, :2], b, 1)
    for i in range(4):
        member, vector = generation.member(i, [W, b])
        assert (member == W + np.array(dense(generation, i, 0), dtype=object)).all()
        assert (outputs[i] == X @ member.T).all()
        assert (moved[i] == X[:, :2] + vector).all()
    weights, shift = generation.gradient([Fraction(1, 3), 2])
    expected = [
        [(Fraction(1, 3) * A[0, a, 0] * B[0, b, 0] + 2 * A[1, a, 0] * B[1, b, 0]) * 3 for b in range(3)] for a in (0, 1)
    ]
    assert (weights == np.array(expected, dtype=object)).all()
    assert shift.tolist() == [(Fraction(1, 3) + 6) * 3, (Fraction(2, 3) - 2) * 3]
    integers = generation.gradient([1, 2])[0][0, 0]  # exact beside Fractions too
    assert isinstance(integers, Fraction)
    assert integers == (3 - 6) * 3
    assert generation.sigma == Fraction(1, 6)
    doubles = Perturbations([np.ones((1, 2, 4))], [np.ones((1, 2, 4))], scale=Fraction(1, 4))
    assert doubles.sigma == 0.5
    assert doubles.member(0, [np.zeros((2, 2))])[0].dtype == np.float64


@pytest.mark.parametrize("shared", [True, False])
def test_outputs_go_where_they_are_wanted(shared: bool) -> None:
    generation = LowRankES([(3, 4), (4,)], sigma=0.5, population_size=4, rng=0).ask()
    W, X = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4) if shared else (4, 5, 4))
    for layer, weights in enumerate((W, W[0])):
        place = np.full((4, 5, len(weights)), np.nan)
        assert generation.forward(X, weights, layer, out=place) is place
        np.testing.assert_array_equal(place, generation.forward(X, weights, layer))
    for wrong in (np.empty((4, 5, 4)), np.empty((4, 5, 3), np.float32)):
        with pytest.raises(ValueError, match="`out` must be of shape"):
            generation.forward(X, W, 0, out=wrong)
    square, place = Perturbations([np.ones((1, 4, 1))], [np.ones((1, 4, 1))], scale=1.0), np.ones((2, 5, 4))
    with pytest.raises(ValueError, match="apart from `X`"):
        square.forward(place, np.eye(4), 0, out=place)
    for refused in ([0.0], np.empty((4, 3, 5)).swapaxes(1, 2), np.broadcast_to(0.0, (4, 5, 3))):
        with pytest.raises(TypeError, match="`out` must be a writable C-contiguous"):
            generation.forward(X, W, 0, out=refused)  # type: ignore[arg-type]


def test_single_precision_stays() -> None:
    generation = made(3, 4, 2, 5, kind=np.float32)
    W, X = RNG.normal(size=(3, 4)).astype(np.float32), RNG.normal(size=(2, 4)).astype(np.float32)
    assert generation.forward(X, W, 0).dtype == generation.forward(np.stack([X] * 10), W, 0).dtype == np.float32
    assert generation.member(1, [W])[0].dtype == np.float32
    assert generation.gradient(np.ones(5, np.float32))[0].dtype == np.float32
    assert generation.gradient(np.ones(5))[0].dtype == generation.forward(X.astype(float), W, 0).dtype == np.float64
    for i in range(10):
        np.testing.assert_allclose(generation.forward(X, W, 0)[i], X @ generation.member(i, [W])[0].T, atol=2e-6)


@pytest.mark.parametrize("rank", [1, 3])
def test_a_million_pairs_lose_no_digits_in_single_precision(rank: int) -> None:
    es = LowRankES([(2, 3), (2,)], sigma=0.5, rank=rank, population_size=2 * 10**6, factors="gaussian", rng=0)
    generation, d = es.ask(), np.random.default_rng(1).normal(size=10**6).astype(np.float32)
    for layer, found in enumerate(generation.gradient(d)):
        A, B = generation.factors(layer)
        scale = 1 / (10**6 * 0.5 * np.sqrt(rank))
        exact = np.einsum("p,pmr,pnr->mn", d, A, B, dtype=np.float64) * scale if B is not None else 0.0
        exact = (d.astype(float) @ A.astype(float)) / (10**6 * 0.5) if B is None else exact
        assert found.dtype == np.float32
        assert np.linalg.norm(found - exact) < 1e-6 * np.linalg.norm(exact)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_copies_are_equal_and_small(clone: object) -> None:
    drawn = LowRankES([(4, 5), (4,)], sigma=0.5, rank=3, population_size=64, rng=0).ask()
    drawn.factors(0)
    for generation in (drawn, made(3, 4, 2, 5), made(3, 4, 2, 5, mirrored=False)):
        other = clone(generation)  # type: ignore[operator]
        assert (other.scale, other.mirrored, other.shapes) == (generation.scale, generation.mirrored, generation.shapes)
        for one, two in zip(generation.A, other.A, strict=True):
            np.testing.assert_array_equal(one, two)
    for sigma in np.linspace(0.1, 1.0, 37):  # products of roots would move the last digit of some
        drawn = LowRankES([(4, 5), (4,)], sigma=sigma, rank=3, population_size=64, rng=0).ask()
        assert clone(drawn).scale == drawn.scale  # type: ignore[operator]
    assert len(pickle.dumps(drawn)) < 600  # what draws it, and not the factors


def test_it_is_frozen() -> None:
    for generation in (made(2, 2, 1, 1), LowRankES([(2, 2)], sigma=0.5, population_size=2, rng=0).ask()):
        with pytest.raises(AttributeError, match="frozen"):
            generation.scale = 1.0
        for factor in (*generation.A, *generation.B):
            with pytest.raises(ValueError, match="read-only"):
                factor[0, 0, 0] = 1.0  # type: ignore[index]


ONE = np.ones((2, 3, 1))


@pytest.mark.parametrize(
    ("A", "B", "scale", "words"),
    [
        ([], [], 1.0, "at least 1"),
        ([ONE], [ONE, ONE], 1.0, "`B` must be a sequence with one entry"),
        ([ONE], [ONE[:1]], 1.0, r"`B\[0\]` must be of shape"),
        ([ONE[..., 0]], [ONE], 1.0, r"`A\[0\]` must be of shape"),
        ([ONE, ONE[:1]], [ONE, ONE[:1]], 1.0, "same number of pairs"),
        ([ONE * np.nan], [ONE], 1.0, "finite"),
        ([ONE], [ONE], 0.0, "`scale` must be a finite number > 0"),
        ([ONE], [ONE], np.inf, "`scale` must be a finite number > 0"),
        ([ONE], [ONE], np.nan, "`scale` must be a finite number > 0"),
        (None, [ONE], 1.0, "`B` must be a sequence with one entry for each entry of `A`"),
        ([ONE[:0]], [ONE[:0]], 1.0, "none of them 0"),
        ([ONE[:0, :, 0]], [None], 1.0, r"`A\[0\]` must be of shape \(P, m\), none of them 0"),
    ],
)
def test_what_fits_no_generation_is_refused(A: list, B: list, scale: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Perturbations(A, B, scale=scale)
    for wrong in ("a", None, True):
        with pytest.raises(TypeError, match="`scale` must be a real number"):
            Perturbations([ONE], [ONE], scale=wrong)  # type: ignore[arg-type]


def test_bad_calls_are_refused() -> None:
    generation, W = made(3, 4, 1, 2), np.zeros((3, 4))
    for call, words in (
        (lambda: generation.member(4, [W]), "`i` must be an integer in"),
        (lambda: generation.member(0, [W, W]), "`weights` must be a sequence of 1"),
        (lambda: generation.member(0, None), "`weights` must be a sequence of 1 arrays; got None"),  # type: ignore[arg-type]
        (lambda: generation.member(0, [W.T]), r"`weights\[0\]` must be of shape"),
        (lambda: generation.forward(np.ones((2, 3)), W, 0), "`X` must be of shape"),
        (lambda: generation.forward(np.ones((3, 2, 4)), W, 0), "`X` must be of shape"),
        (lambda: generation.forward(np.ones(4), W, 0), "`X` must be of shape"),
        (lambda: generation.forward(np.ones((2, 4)), W, 1), "`layer` must be an integer in"),
        (lambda: generation.forward(np.ones((2, 4)) * np.nan, W, 0), "`X` must be finite"),
        (lambda: generation.forward(np.ones((2, 4)), W, 0, members=[4]), "`members` must be below"),
        (lambda: generation.forward(np.ones((2, 4)), W, 0, members=[-1]), "`members` must be a vector"),
        (lambda: generation.gradient([1.0]), "`differences` must be of shape"),
        (lambda: generation.gradient([1.0, np.inf]), "`differences` must be finite"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
