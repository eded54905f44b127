"""Matrix completion against libraries of recommender systems, and goals for sparse matrices that are large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row

COMPARED = 2000  # entries of the completions that are compared
Positions = tuple[np.ndarray, np.ndarray]


def positions(shape: tuple[int, int]) -> Positions:
    """Fixed positions all over the matrix."""
    rng = np.random.default_rng(1)
    return rng.integers(shape[0], size=COMPARED), rng.integers(shape[1], size=COMPARED)


def sample(rank: int, oversampling: float) -> Callable[[], Inputs]:
    """Entries of a random 1500 x 1000 matrix of a rank, without noise, of root mean square 1."""

    def inputs() -> Inputs:
        m, n = 1500, 1000
        rng = np.random.default_rng(0)
        truth = rng.normal(size=(m, rank)) @ rng.normal(size=(rank, n)) / np.sqrt(rank)
        rows, cols = np.nonzero(rng.random((m, n)) < oversampling * rank * (m + n - rank) / (m * n))
        values = truth[rows, cols]
        return {"rows": rows, "cols": cols, "values": values, "shape": np.array([m, n]), "rank": np.array(rank)}

    return inputs


def ours(method: str, **options: Any) -> Callable[..., np.ndarray]:
    """Our completion by one of the methods, at some positions."""

    def solve(inputs: Inputs, where: Positions | None = None) -> np.ndarray:
        from lrtheory.matrix_completion import Observations, complete

        shape = tuple(inputs["shape"].tolist())
        data = Observations(inputs["rows"], inputs["cols"], inputs["values"], shape)
        done = complete(data, int(inputs["rank"]), method=method, **options)
        return done.predict(*(where or positions(shape)))

    return solve


def cmfrec(n_iter: int, *, ridge: float, use_cg: bool) -> Callable[..., np.ndarray]:
    """Alternating least squares in C, with a fixed number of iterations, since it has no tolerance to stop at."""

    def solve(inputs: Inputs, where: Positions | None = None) -> np.ndarray:
        from cmfrec import CMF
        from scipy.sparse import coo_array

        shape = tuple(inputs["shape"].tolist())
        options = {"method": "als", "use_cg": use_cg, "finalize_chol": False, "use_float": False, "nthreads": 1}
        plain = {"user_bias": False, "item_bias": False, "center": False, "scale_lam": False, "verbose": False}
        model = CMF(k=int(inputs["rank"]), lambda_=ridge, niter=n_iter, **options, **plain)
        model.fit(coo_array((inputs["values"], (inputs["rows"], inputs["cols"])), shape=shape))
        rows, cols = where or positions(shape)
        return (model.A_[rows] * model.B_[cols]).sum(axis=1)

    return solve


def low_rank(rank: int, *, oversampling: float, n_iter: int, use_cg: bool) -> Row:
    """A row to an error of a thousandth; the peer takes as few iterations as get it there."""
    kind = "conjugate gradients" if use_cg else "Cholesky"
    return Row(
        name=f"rank-{rank}-{'cg' if use_cg else 'cholesky'}",
        title=f"1500 x 1000 of rank {rank} to an error of 0.001; the peer by {kind}",
        inputs=sample(rank, oversampling),
        ours={"exact": ours("exact", tol=1e-4), "cg": ours("cg", tol=1e-4)},
        peers={"cmfrec": cmfrec(n_iter, ridge=1e-8, use_cg=use_cg)},
        tolerance=2e-3,
    )


RANK_20_CHOLESKY = low_rank(20, oversampling=6, n_iter=8, use_cg=False)
RANK_20_CG = low_rank(20, oversampling=6, n_iter=8, use_cg=True)
# along these ranks conjugate gradients overtake exact regressions; "auto" changes over at `half_steps.CROSSOVER`
RANK_8 = low_rank(8, oversampling=6, n_iter=10, use_cg=False)
RANK_16 = low_rank(16, oversampling=6, n_iter=9, use_cg=False)
RANK_24 = low_rank(24, oversampling=6, n_iter=8, use_cg=False)
RANK_32 = low_rank(32, oversampling=6, n_iter=7, use_cg=False)
RANK_48 = low_rank(48, oversampling=6, n_iter=6, use_cg=False)
RANK_50_CHOLESKY = low_rank(50, oversampling=4, n_iter=9, use_cg=False)
RANK_50_CG = low_rank(50, oversampling=4, n_iter=9, use_cg=True)


def ratings() -> Inputs:
    """150 000 ratings of popular items by busy users: biases, a taste of rank 4, and noise."""
    m, n, count = 2000, 1200, 150_000
    rng = np.random.default_rng(0)
    laws = [np.arange(1, size + 1.0) ** -power for size, power in ((m, 0.5), (n, 0.8))]
    drawn = [np.searchsorted(np.cumsum(law) / law.sum(), rng.random(3 * count)) for law in laws]
    rows, cols = np.divmod(rng.permutation(np.unique(drawn[0] * n + drawn[1]))[:count], n)
    left, right = rng.normal(size=(m, 4)), rng.normal(size=(n, 4))
    values = 0.35 * (left[rows] * right[cols]).sum(axis=1) + 0.6 * rng.normal(size=count)
    values += 0.5 * rng.normal(size=m)[rows] + 0.5 * rng.normal(size=n)[cols]
    train = slice(count // 10, None)
    given = {"rows": rows[train], "cols": cols[train], "values": values[train]}
    test = {"test_rows": rows[: train.start], "test_cols": cols[: train.start], "test_values": values[: train.start]}
    return {**given, **test, "shape": np.array([m, n]), "rank": np.array(16)}


def error_of(solve: Callable[..., np.ndarray]) -> Callable[[Inputs], np.ndarray]:
    """A solver that returns its root mean square error on held-out ratings in place of its predictions."""

    def judged(inputs: Inputs) -> np.ndarray:
        predicted = solve(inputs, (inputs["test_rows"], inputs["test_cols"]))
        return np.sqrt(np.mean((predicted - inputs["test_values"]) ** 2, keepdims=True))

    return judged


RATINGS = Row(
    name="ratings-150k",
    title="150 000 ratings, rank 16 with a ridge of 12: ten iterations and the same held-out error",
    inputs=ratings,
    ours={name: error_of(ours(name, ridge=12.0, tol=0, max_iter=10)) for name in ("exact", "cg")},
    peers={"cmfrec": error_of(cmfrec(10, ridge=12.0, use_cg=True))},
    tolerance=5e-3,
)


def surprise(inputs: Inputs, where: Positions) -> np.ndarray:
    """Biases and factors by stochastic gradients, with as many epochs as bring them near our error."""
    from pandas import DataFrame
    from surprise import SVD, Dataset, Reader

    table = DataFrame({"user": inputs["rows"], "item": inputs["cols"], "rating": inputs["values"]})
    train = Dataset.load_from_df(table, Reader(rating_scale=(-100, 100))).build_full_trainset()
    model = SVD(n_factors=int(inputs["rank"]), n_epochs=25, reg_all=0.1, lr_all=0.01, random_state=0).fit(train)
    pairs = zip(*(side.tolist() for side in where), strict=True)
    return np.array([model.predict(row, col).est for row, col in pairs])


BIASED_RATINGS = Row(
    name="ratings-150k-biased",
    title="150 000 ratings, rank 16 with biases, to about the same held-out error",
    inputs=ratings,
    ours={name: error_of(ours(name, ridge=8.0, bias=True, tol=0, max_iter=5)) for name in ("exact", "cg")},
    peers={"scikit-surprise": error_of(surprise)},
    tolerance=2e-2,
)


def whole_table() -> Inputs:
    """A quarter of the entries of a 300 x 300 matrix of rank 5, NaN elsewhere."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 300)) / np.sqrt(5)
    return {"table": np.where(rng.random((300, 300)) < 0.25, truth, np.nan)}


def our_table(inputs: Inputs) -> np.ndarray:
    """Our completion of the table."""
    from lrtheory.matrix_completion import complete

    return complete(inputs["table"], 5).block()


def iterative_svd(inputs: Inputs) -> np.ndarray:
    """The table completed by singular value decompositions, to the accuracy that they reach."""
    from fancyimpute import IterativeSVD

    solver = IterativeSVD(rank=5, convergence_threshold=1e-8, max_iters=400, verbose=False)
    return solver.fit_transform(inputs["table"].copy())


DENSE = Row(
    name="dense-300",
    title="300 x 300 table of rank 5 with three quarters missing",
    inputs=whole_table,
    ours={"exact": our_table},
    peers={"fancyimpute": iterative_svd},
    tolerance=5e-2,
)


def recovery(shape: tuple[int, int], *, seconds: float, gigabytes: float, large: bool = False) -> Goal:
    """Make a sparse matrix of rank 10 with a hundred entries a row, and complete it; both orientations count."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.matrix_completion import complete, make_low_rank

        m, n = inputs["shape"].tolist()
        problem = make_low_rank((m, n), 10, density=100 / n, rng=0)
        return complete(problem, 10, tol=1e-5).predict(*positions((m, n)))

    def error(inputs: Inputs, answer: np.ndarray) -> float:
        from lrtheory.matrix_completion import make_low_rank

        m, n = inputs["shape"].tolist()
        truth = make_low_rank((m, n), 10, density=0, rng=0).truth  # factors are drawn before the sample
        rows, cols = positions((m, n))
        wanted = (truth.U[rows] * truth.singular_values * truth.V[cols]).sum(axis=1)
        return float(np.linalg.norm(answer - wanted) / np.linalg.norm(wanted))

    m, n = shape
    return Goal(
        name=f"sparse-{100 * m:.0e}".replace("e+0", "e"),
        title=f"{m:,} x {n:,} of rank 10 from {100 * m:,} entries, made and completed",
        inputs=lambda: {"shape": np.array(shape)},
        solve=solve,
        error=error,
        seconds=seconds,
        gigabytes=gigabytes,
        tolerance=3e-4,
        large=large,
    )


MILLION = recovery((10_000, 1000), seconds=3.0, gigabytes=0.5)
TEN_MILLION = recovery((100_000, 10_000), seconds=35.0, gigabytes=1.5)
HUNDRED_MILLION = recovery((1_000_000, 100_000), seconds=600.0, gigabytes=10.0, large=True)
