"""Evolution strategies against torcheggroll, evosax and dense NumPy; columns against the projector of galore-torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Inputs, Row, ready

SIGMA, STEP_SIZE = 0.02, 1e-3


# --- one step of an evolution strategy -------------------------------------------------------------------------------


def layer(m: int, n: int, batch: int, members: int, rank: int) -> Callable[[], Inputs]:
    """Weights of one layer, a batch with targets, and what is asked of the strategy."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        arrays = {"W": rng.normal(size=(m, n)) / np.sqrt(n), "X": rng.normal(size=(batch, n))}
        arrays["targets"] = arrays["X"] @ (rng.normal(size=(n, m)) / np.sqrt(n))
        single = {name: value.astype(np.float32) for name, value in arrays.items()}
        return single | {"members": np.array(members), "rank": np.array(rank)}

    return inputs


def slope(inputs: Inputs) -> np.ndarray:
    """The direction in which the loss falls fastest."""
    X = inputs["X"]
    gradient = (inputs["targets"] - X @ inputs["W"].T).T @ X
    return np.asarray(gradient / np.linalg.norm(gradient))


def seen(loss: float, update: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """What two strategies with other noise share: the mean loss, and the cosine of a step with the slope."""
    return np.array([loss, np.vdot(update, direction) / np.sqrt(np.vdot(update, update))])


def low_rank_step(inputs: Inputs) -> np.ndarray:
    """Sampling, forward passes, losses and the update, with sign factors."""
    from lrtheory.low_rank_optimizers import LowRankES

    def make() -> Any:
        options = {"rank": int(inputs["rank"]), "population_size": int(inputs["members"]), "shaping": "standardized"}
        es = LowRankES([inputs["W"].shape], sigma=SIGMA, step_size=STEP_SIZE, rng=0, **options)
        outputs = np.empty((es.population_size, *inputs["targets"].shape), np.float32)
        return es, inputs["W"].copy(), outputs, slope(inputs)

    es, W, outputs, direction = ready("ours", inputs, make)
    es.ask().forward(inputs["X"], W, 0, out=outputs)
    outputs -= inputs["targets"]
    errors = outputs.reshape(len(outputs), -1)
    losses = np.vecdot(errors, errors) / errors.shape[1]
    update = es.tell(-losses).update[0]
    W += update
    return seen(float(losses.mean()), update, direction)


def torcheggroll_step(inputs: Inputs) -> np.ndarray:
    """The same by torcheggroll, which forms the perturbation of every member, with normal factors."""
    import torch
    from torcheggroll import TorchEggrollES

    def make() -> Any:
        m, n = inputs["W"].shape
        model = torch.nn.Linear(n, m, bias=False)
        model.weight.data = torch.from_numpy(inputs["W"].copy())
        options = {"pop_size": int(inputs["members"]), "rank": int(inputs["rank"])}
        es = TorchEggrollES(model, sigma=SIGMA, lr=STEP_SIZE, **options)
        return es, model.weight, torch.from_numpy(inputs["X"]), torch.from_numpy(inputs["targets"]), slope(inputs)

    es, weight, X, targets, direction = ready("torcheggroll", inputs, make)
    before = weight.detach().clone()
    fitness = es.step(X, torch.nn.functional.mse_loss, targets)
    return seen(-fitness, (weight.detach() - before).numpy(), direction)


def step_row(m: int, n: int, batch: int, members: int, rank: int) -> Row:
    """One step for one layer."""
    return Row(
        name=f"es-step-{m}x{n}-{members}-rank-{rank}",
        title=f"one step of {members} members of rank {rank} for a layer of {m} x {n}, batch {batch}, losses included",
        inputs=layer(m, n, batch, members, rank),
        ours={"LowRankES": low_rank_step},
        peers={"torcheggroll": torcheggroll_step},
        tolerance=0.05,
    )


STEP_784, STEP_784_4 = step_row(128, 784, 64, 256, 1), step_row(128, 784, 64, 256, 4)
STEP_256 = step_row(256, 256, 64, 512, 1)


# --- sampling and update alone ---------------------------------------------------------------------------------------


def fitness_of(m: int, n: int, members: int) -> Callable[[], Inputs]:
    """Fitness that a simulator would give."""

    def inputs() -> Inputs:
        fitness = np.random.default_rng(0).normal(size=members).astype(np.float32)
        return {"fitness": fitness, "shape": np.array([m, n])}

    return inputs


def low_rank_update(inputs: Inputs) -> np.ndarray:
    """Factors of all members, and the update by ranks; the length of the update is compared."""
    from lrtheory.low_rank_optimizers import LowRankES

    def make() -> Any:
        shape, members = tuple(int(side) for side in inputs["shape"]), len(inputs["fitness"])
        return LowRankES([shape], sigma=1.0, population_size=members, shaping="ranks", rng=0)

    es = ready("ours", inputs, make)
    es.ask().factors(0)
    update = es.tell(inputs["fitness"]).update[0]
    return np.sqrt(np.vdot(update, update) / update.size)


def low_rank_members(inputs: Inputs) -> np.ndarray:
    """The same where the simulator wants the dense weights of each member."""
    from lrtheory.low_rank_optimizers import LowRankES

    def make() -> Any:
        shape, members = tuple(int(side) for side in inputs["shape"]), len(inputs["fitness"])
        es = LowRankES([shape], sigma=1.0, population_size=members, shaping="ranks", rng=0)
        return es, [np.zeros(shape, np.float32)]

    es, weights = ready("members", inputs, make)
    generation = es.ask()
    for i in range(generation.population_size):
        generation.member(i, weights)
    update = es.tell(inputs["fitness"]).update[0]
    return np.sqrt(np.vdot(update, update) / update.size)


def evosax_update(inputs: Inputs) -> np.ndarray:
    """The strategy of OpenAI in evosax, compiled by JAX, with full normal noise."""
    import jax
    from evosax.algorithms import Open_ES

    def make() -> Any:
        m, n = (int(side) for side in inputs["shape"])
        fitness = inputs["fitness"]
        es = Open_ES(population_size=len(fitness), solution=jax.numpy.zeros((m, n)))
        key, paired = jax.random.key(0), np.concatenate([fitness[::2], fitness[1::2]])  # its pairs are halves
        state = es.init(key, jax.numpy.zeros((m, n)), es.default_params)
        return es, key, state, jax.numpy.asarray(paired)

    es, key, state, fitness = ready("evosax", inputs, make)
    population, state = es.ask(key, state, es.default_params)
    state, _ = es.tell(key, population, fitness, state, es.default_params)
    update = np.asarray(state.mean.block_until_ready()) / 1e-3  # its step size
    return np.sqrt(np.vdot(update, update) / update.size)


def update_row(m: int, n: int, members: int) -> Row:
    """Sampling and update for one layer."""
    return Row(
        name=f"es-update-{m}x{n}-{members}",
        title=f"noise of {members} members and the update of {m} x {n} weights, fitness given; `members` forms each",
        inputs=fitness_of(m, n, members),
        ours={"LowRankES": low_rank_update, "members": low_rank_members},
        peers={"evosax": evosax_update},
        tolerance=2e-3,
    )


UPDATE_784, UPDATE_256 = update_row(128, 784, 256), update_row(64, 256, 512)


# --- forward passes of all members -----------------------------------------------------------------------------------


def given_factors(m: int, n: int, batch: int, members: int, rank: int) -> Callable[[], Inputs]:
    """Weights, inputs and factors, so that both sides have the same members."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        shapes = {"W": (m, n), "X": (batch, n), "A": (members // 2, m, rank), "B": (members // 2, n, rank)}
        return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}

    return inputs


def low_rank_forward(inputs: Inputs) -> np.ndarray:
    """Without a perturbation that is formed."""
    from lrtheory.low_rank_optimizers import Perturbations

    generation = ready("ours", inputs, lambda: Perturbations([inputs["A"]], [inputs["B"]], scale=SIGMA))
    return generation.forward(inputs["X"], inputs["W"], 0)


def dense_forward(inputs: Inputs) -> np.ndarray:
    """One product with dense weights for each member."""
    W, X = inputs["W"], inputs["X"]
    outputs = np.empty((2 * len(inputs["A"]), len(X), len(W)), np.float32)
    for p, (A, B) in enumerate(zip(inputs["A"], inputs["B"], strict=True)):
        E = np.float32(SIGMA) * (A @ B.T)
        np.matmul(X, (W + E).T, out=outputs[2 * p])
        np.matmul(X, (W - E).T, out=outputs[2 * p + 1])
    return outputs


def forward_row(m: int, n: int, batch: int, members: int, rank: int) -> Row:
    """Outputs of one layer."""
    return Row(
        name=f"es-forward-{m}x{n}-{members}-rank-{rank}",
        title=f"outputs of {members} members of rank {rank} of a layer of {m} x {n}, batch {batch}",
        inputs=given_factors(m, n, batch, members, rank),
        ours={"forward": low_rank_forward},
        peers={"numpy-loop": dense_forward},
        tolerance=1e-3,
    )


FORWARD_784, FORWARD_784_4 = forward_row(128, 784, 64, 256, 1), forward_row(128, 784, 64, 256, 4)
FORWARD_256 = forward_row(256, 256, 16, 256, 1)


# --- columns of a gradient -------------------------------------------------------------------------------------------


def gradient(m: int, n: int, rank: int) -> Callable[[], Inputs]:
    """A gradient whose right singular vectors are cosines, so that both sides have the same best directions."""

    def inputs() -> Inputs:
        rng = np.random.default_rng(0)
        j = np.arange(n)
        Q = np.sqrt(2 / n) * np.cos(np.pi * np.outer(2 * j + 1, j) / (2 * n))
        Q[:, 0] = np.sqrt(1 / n)
        left = np.linalg.qr(rng.normal(size=(m, n)))[0]
        return {"G": (left * (1 + rng.permutation(n)) @ Q.T).astype(np.float32), "rank": np.array(rank)}

    return inputs


def selected_columns(method: str) -> Callable[[Inputs], np.ndarray]:
    """Coefficients in the best columns, with a certificate; the share of the squares that they hold is compared."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.low_rank_optimizers import select_columns

        found = select_columns(inputs["G"], int(inputs["rank"]), method=method)
        return np.array(found.captured / (found.captured + found.certificate.achieved))

    return solve


def galore_projection(inputs: Inputs) -> np.ndarray:
    """The projector of GaLore, an SVD in torch; loaded by its path, since its package asks for CUDA's."""
    import importlib.util
    from pathlib import Path

    import torch

    def make() -> Any:
        found = importlib.util.find_spec("galore_torch")
        assert found is not None
        assert found.submodule_search_locations
        path = Path(found.submodule_search_locations[0]) / "galore_projector.py"
        spec = importlib.util.spec_from_file_location("galore_projector", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.GaLoreProjector(int(inputs["rank"])), torch.from_numpy(inputs["G"])

    projector, G = ready("galore-torch", inputs, make)
    coefficients = projector.project(G, 0)  # at step 0 it decomposes anew
    return np.array(float((coefficients**2).sum() / (G**2).sum()))


def columns_row(m: int, n: int, rank: int) -> Row:
    """The best directions of one gradient."""
    return Row(
        name=f"columns-{m}x{n}-{rank}",
        title=f"choose {rank} of {n} directions of a gradient of {m} x {n}, and its coefficients in them",
        inputs=gradient(m, n, rank),
        ours={method: selected_columns(method) for method in ("auto", "fft", "gemm")},
        peers={"galore-torch": galore_projection},
        tolerance=1e-3,
    )


COLUMNS_512, COLUMNS_256, COLUMNS_1024 = (
    columns_row(512, 512, 64),
    columns_row(256, 256, 32),
    columns_row(1024, 512, 64),
)
