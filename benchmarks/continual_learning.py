"""Recursive least squares against filters and re-solving, and sketches of rows against incremental PCA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Inputs, Row, ready

RIDGE = 1.0

# --- keys that arrive one by one, with one number as the value -------------------------------------------------------


def stream(d: int, n_keys: int) -> Callable[[], Inputs]:
    """Gaussian keys, and values of a map with noise."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        keys = rng.normal(size=(n_keys, d))
        return {"keys": keys, "values": keys @ rng.normal(size=d) + 0.1 * rng.normal(size=n_keys)}

    return inputs


def model_of(inputs: Inputs) -> Any:
    """Our recursion from the map 0, in the form that is safe."""
    from lrtheory.continual_learning import RecursiveRidge

    W0 = np.zeros((inputs["keys"].shape[1], 1))
    return RecursiveRidge(W0, ridge=RIDGE, method="sqrt", keep="nothing")


def all_at_once(inputs: Inputs) -> np.ndarray:
    """Every key its own edit, in one call."""
    model = model_of(inputs)
    model.update_many(inputs["keys"], inputs["values"][:, None])
    return np.asarray(model.weights)[:, 0]


def one_by_one(inputs: Inputs) -> np.ndarray:
    """A call with its report for every key."""
    model, values = model_of(inputs), inputs["values"][:, None]
    for i in range(len(values)):
        model.update(inputs["keys"][i : i + 1], values[i : i + 1])
    return np.asarray(model.weights)[:, 0]


def padasip(inputs: Inputs) -> np.ndarray:
    """Its filter of recursive least squares, whose eps is the ridge weight."""
    from padasip.filters import FilterRLS

    keys = inputs["keys"]
    filtered = FilterRLS(keys.shape[1], mu=1.0, eps=RIDGE, w="zeros")
    filtered.run(inputs["values"], keys)
    return np.asarray(filtered.w)


def filterpy(inputs: Inputs) -> np.ndarray:
    """A Kalman filter of a state that stands still, without its prediction step, which would do nothing."""
    from filterpy.kalman import KalmanFilter

    keys, values = inputs["keys"], inputs["values"]
    d = keys.shape[1]
    filtered = KalmanFilter(dim_x=d, dim_z=1)
    filtered.x, filtered.P, filtered.R = np.zeros((d, 1)), np.eye(d) / RIDGE, np.eye(1)
    for i in range(len(keys)):
        filtered.H = keys[i : i + 1]
        filtered.update(values[i])
    return np.asarray(filtered.x)[:, 0]


def river(inputs: Inputs) -> np.ndarray:
    """Its linear regression on dictionaries, which are made outside of the timing."""
    from river.linear_model import BayesianLinearRegression

    keys, values = inputs["keys"], inputs["values"].tolist()
    rows = ready("river", inputs, lambda: [dict(enumerate(row)) for row in keys.tolist()])
    model = BayesianLinearRegression(alpha=RIDGE, beta=1.0)
    for row, value in zip(rows, values, strict=True):
        model.learn_one(row, value)
    units = [dict.fromkeys(range(keys.shape[1]), 0.0) | {i: 1.0} for i in range(keys.shape[1])]
    return np.array([model.predict_one(unit) for unit in units])


def solved_again(inputs: Inputs) -> np.ndarray:
    """A Cholesky factorization of all keys so far, after each key."""
    from scipy.linalg import cho_factor, cho_solve

    keys, values = inputs["keys"], inputs["values"]
    d = keys.shape[1]
    M, b, w = RIDGE * np.eye(d), np.zeros(d), np.zeros(d)
    for key, value in zip(keys, values, strict=True):
        M += key[:, None] * key
        b += value * key
        w = cho_solve(cho_factor(M, check_finite=False), b, check_finite=False)
    return np.asarray(w)


def stream_row(d: int, n_keys: int) -> Row:
    """Recursive least squares with one output."""
    return Row(
        name=f"keys-{d}",
        title=f"{n_keys} keys of {d} entries with one value each, the map after each of them; ours with a certificate",
        inputs=stream(d, n_keys),
        ours={"update_many": all_at_once, "update": one_by_one},
        peers={"padasip": padasip, "filterpy": filterpy, "river": river, "numpy-loop": solved_again},
        tolerance=1e-8,
    )


KEYS_16, KEYS_64, KEYS_256 = stream_row(16, 2000), stream_row(64, 1000), stream_row(256, 300)


# --- facts for a layer of a transformer ------------------------------------------------------------------------------

INPUTS, OUTPUTS, BATCHES, BATCH = 1536, 384, 4, 15


def facts() -> Inputs:
    """Edits of 15 keys for a map of 1536 inputs and 384 outputs."""
    rng = np.random.default_rng(0)
    return {
        "W0": rng.normal(size=(INPUTS, OUTPUTS)) / 40,
        "keys": rng.normal(size=(BATCHES, BATCH, INPUTS)),
        "values": rng.normal(size=(BATCHES, BATCH, OUTPUTS)),
    }


def edited(form: str) -> Callable[[Inputs], np.ndarray]:
    """The map after each edit, in one of our forms; a corner of it is compared."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.continual_learning import RecursiveRidge

        model = RecursiveRidge(inputs["W0"], ridge=RIDGE, method=form, keep="nothing")
        for keys, values in zip(inputs["keys"], inputs["values"], strict=True):
            model.update(keys, values)
        return np.asarray(model.weights)[:64, :64]

    return solve


def edited_anew(inputs: Inputs) -> np.ndarray:
    """A Cholesky factorization of all keys so far, after each edit."""
    from scipy.linalg import cho_factor, cho_solve

    M, b, W = RIDGE * np.eye(INPUTS), RIDGE * inputs["W0"], inputs["W0"]
    for keys, values in zip(inputs["keys"], inputs["values"], strict=True):
        M += keys.T @ keys
        b += keys.T @ values
        W = cho_solve(cho_factor(M, check_finite=False), b, check_finite=False)
    return np.asarray(W[:64, :64])


FACTS = Row(
    name="edits-1536x384",
    title="4 edits of 15 keys for a map of 1536 x 384, the map after each of them; ours with certificates",
    inputs=facts,
    ours={"sqrt": edited("sqrt"), "auto": edited("auto")},
    peers={"numpy-loop": edited_anew},
    tolerance=1e-9,
)


# --- sketches of rows ------------------------------------------------------------------------------------------------

LEADING = 8


def rows_of(n: int, rank: int) -> Callable[[], Inputs]:
    """Forty batches of rows with mean 0, whose singular values fall as 1 / i between random directions."""

    def inputs() -> Inputs:
        rng, n_rows = np.random.default_rng(0), 80 * rank
        directions = np.linalg.qr(rng.normal(size=(n, n)))[0]
        half = rng.normal(size=(n_rows // 2, n)) / np.arange(1, n + 1) @ directions.T
        rows = np.stack([half, -half], axis=1).reshape(n_rows, n)  # every batch has mean 0, which the peer takes off
        return {"rows": rows, "rank": np.array(rank)}

    return inputs


def directions(inputs: Inputs) -> np.ndarray:
    """The shares of the squared norm along the leading directions of our sketch, from one pass in batches."""
    from lrtheory.continual_learning import FrequentDirections

    rank, rows = int(inputs["rank"]), inputs["rows"]
    stream = FrequentDirections(rows.shape[1], rank)
    for start in range(0, len(rows), 2 * rank):
        stream.update(rows[start : start + 2 * rank])
    return np.asarray(np.sum(stream.sketch[:LEADING] ** 2, axis=1) / stream.mass)


def incremental_pca(inputs: Inputs) -> np.ndarray:
    """The same shares by updates of a singular value decomposition, which promises nothing."""
    from sklearn.decomposition import IncrementalPCA

    rank, rows = int(inputs["rank"]), inputs["rows"]
    model = IncrementalPCA(n_components=rank)
    for start in range(0, len(rows), 2 * rank):
        model.partial_fit(rows[start : start + 2 * rank])
    return np.asarray(model.singular_values_[:LEADING] ** 2 / np.sum(rows**2))


def sketch_row(n: int, rank: int) -> Row:
    """A sketch of a stream of rows."""
    return Row(
        name=f"sketch-{n}-{rank}",
        title=f"{rank} rows for {80 * rank} rows of {n} in batches of {2 * rank}; ours with a bound on what is lost",
        inputs=rows_of(n, rank),
        ours={"FrequentDirections": directions},
        peers={"scikit-learn": incremental_pca},
        tolerance=0.02,  # of shares: ours shrinks all of them a little
    )


SKETCH_512, SKETCH_1536 = sketch_row(512, 32), sketch_row(1536, 64)
