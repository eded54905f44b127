"""The rank and the ridge that the defaults choose, beside planted ranks and stochastic gradient on real ratings."""

import numpy as np
import pytest

from lrtheory._array import kernel
from lrtheory.matrix_completion import Observations, complete, load_lecture_ratings, load_movielens_100k, make_low_rank
from lrtheory.matrix_completion.alternation.model_choice import search
from tests.examples.matrix_completion import installed


@kernel
def descend(train, order, step, weight, parts):
    """Factors and biases by one gradient step a rating, each with its penalty."""
    rows, cols, rest = train
    U, V, b, c = parts
    for t in order:
        i, j = rows[t], cols[t]
        u = U[i].copy()
        error = rest[t] - b[i] - c[j] - (u * V[j]).sum()
        b[i] += step * (error - weight * b[i])
        c[j] += step * (error - weight * c[j])
        U[i] += step * (error * V[j] - weight * u)
        V[j] += step * (error * u - weight * V[j])


def stochastic_gradient(train, rank, step, weight, epochs):
    """Twenty lines that share nothing with the package: predictions of some rows and columns."""
    rng, (m, n), mean = np.random.default_rng(0), train.shape, train.values.mean()
    parts = rng.normal(0, 0.1, (m, rank)), rng.normal(0, 0.1, (n, rank)), np.zeros(m), np.zeros(n)
    for _ in range(epochs):
        order = rng.permutation(train.n_observed)
        descend((np.array(train.rows), np.array(train.cols), train.values - mean), order, step, weight, parts)
    U, V, b, c = parts
    return lambda rows, cols: mean + b[rows] + c[cols] + (U[rows] * V[cols]).sum(axis=1)


def rmse(predicted, test):
    return float(np.sqrt(np.mean((predicted - test.values) ** 2)))


@pytest.mark.parametrize(
    ("name", "load"), [("movielens_100k", load_movielens_100k), ("lecture_ratings", load_lecture_ratings)]
)
def test_defaults_are_better_than_stochastic_gradient(name, load):
    """Its rank, step and penalty are customary ones: 32 factors, .01 and .1, of which the last suits films best."""
    installed(name)
    seen = load().observations
    seen = Observations(seen.rows, seen.cols, seen.values.astype(float), seen.shape, value_range=(1.0, 5.0))
    train, test = seen.split(0.1, rng=0)
    other = stochastic_gradient(train, 32, 0.01, 0.1, 40)
    assert rmse(complete(train, rng=0).predict(test), test) < rmse(np.clip(other(test.rows, test.cols), 1, 5), test)


@pytest.mark.parametrize(("rank", "noise"), [(1, 0.0), (3, 0.01), (5, 0.0)])
def test_a_planted_rank_is_found(rank, noise):
    """Also where it is no power of two; noise that is small against the matrix does not hide it."""
    problem = make_low_rank((90, 70), rank, density=0.5, noise=noise, rng=0)
    done = complete(problem, rng=0)
    assert done.rank == rank
    assert abs(done.block() - problem.truth.dense()).max() < (1e-3 if noise == 0 else 0.2)


def test_one_rank_that_gains_nothing_does_not_end_the_ladder():
    """The error stands still at rank 2 and falls at rank 4; after two idle ranks, 8 and 16, nothing more is tried."""
    best, asked = {1: 1.0, 2: 1.0, 4: 0.8, 8: 0.9, 16: 0.9}, []
    search._climbed((1, 2, 4, 8, 16, 32, 64), lambda rank: asked.append(rank) or best[rank])
    assert asked == [1, 2, 4, 8, 16]


def test_between_the_steps_of_the_ladder_ranks_are_halved():
    """Of a valley near 11 the ladder sees 8 and 16; then come 6 and 12, 10 and 14, 9 and 11."""
    found = {rank: abs(rank - 10.6) / 100 + 1 for rank in (4, 8, 16)}
    search._refined(found, lambda rank: found.setdefault(rank, abs(rank - 10.6) / 100 + 1))
    assert min(found, key=found.get) == 11
    assert set(found) == {4, 8, 16, 6, 12, 10, 14, 9, 11}


def test_the_result_says_what_was_tried():
    problem = make_low_rank((60, 50), 2, density=0.6, noise=0.1, rng=0)
    done = complete(problem, rng=0)
    tried = done.tried
    assert len(tried["rank"]) == len(tried["ridge"]) == len(tried["rmse"]) > 5
    best = int(np.argmin(tried["rmse"]))
    assert (done.rank, done.ridge) == (tried["rank"][best], tried["ridge"][best])
    (sentence,) = [fact for fact in done._facts() if fact.startswith("errors that chose")]
    for rank in set(tried["rank"].tolist()):
        least = tried["rmse"][tried["rank"] == rank].min()
        assert f"rank {rank} {least:.4g} (ridge " in sentence
    assert complete(problem, 2).tried is None
