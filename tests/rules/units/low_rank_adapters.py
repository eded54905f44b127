"""Updates, gradients and data in other units: shares stay, norms carry one, squares two."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory import low_rank_adapters as lra
from lrtheory.low_rank_adapters import baselines

RNG = np.random.default_rng(5)
B, A, D, W, G, X = (RNG.normal(size=shape) for shape in ((6, 2), (2, 5), (6, 5), (6, 5), (6, 5), (9, 5)))
FROZEN = lra.lora_xs(B, np.eye(2), A)
BASES, ROWS = RNG.normal(size=(2, 6, 2)), RNG.normal(size=(2, 4))
LAMBDAS, GAMMAS = RNG.normal(size=(2, 2)), RNG.normal(size=(2, 4))
ATOMS = RNG.normal(size=(3, 2, 2))
GROUPS = np.arange(22) % 7
KINDS = ("lora", "lora-fa", "lora-xs", "vera", "randlora", "tera", "hadamard", "full")


def kind(name: str) -> lra.Adapter:
    return lra.make_adapter(name, (6, 5), rank=2, rng=0, weight=W if name == "hadamard" else None)


def reached(c: float, name: str) -> Any:
    found = lra.distance(kind(name), D * c)
    assert found.certificate.verify(D * c)
    return found.lower / c, found.upper / c, found.captured, np.asarray(found.nearest.dense()) / c


def routed(c: float) -> Any:
    found = lra.distance(lra.queryable(B, A, atoms=ATOMS * c, weights=[0.5, 0.25, 0.25]), D * c)
    return found.lower / c, found.upper / c, found.captured, found.nearest.params["weights"]


def fitted(found: lra.FitResult, c: float) -> Any:
    return found.loss / c / c, found.captured, np.asarray(found.adapter.dense()) / c


def compared(c: float) -> Any:
    rows = lra.compare(D * c, max_parameters=20, rng=0).rows
    return [row.lower / c for row in rows], [row.upper / c for row in rows], [row.loss / c / c for row in rows]


def energies(c: float) -> Any:
    found = lra.captured_energies(lra.lora(B * c, A / c), G * c)
    return [value / c / c for value in (found.xs, found.a_step, found.b_step, found.tangent, found.total)]


def started(c: float, method: str) -> Any:
    found = lra.initialize(FROZEN, G * c, method=method, rng=0)
    assert found.certificate.verify(G * c)
    return found.captured, found.optimum, found.certificate.bound


def trained(c: float, method: str) -> Any:
    """Updates and gradients in units c, all of which the left factor carries."""
    found = lra.train(
        lra.lora(B * c, A), lambda delta: delta - D * c, method=method, step_size=0.3, max_iter=5, tol=0.0
    )
    return np.asarray(found.adapter.dense()) / c, found.gradient_norms / c


def told(c: float) -> Any:
    optimizer = lra.AdapterOptimizer(lra.lora(B * c, A), step_size=0.3, momentum=0.5)
    for _ in range(4):
        optimizer.step(np.asarray(optimizer.adapter.dense()) - D * c)
    return np.asarray(optimizer.adapter.dense()) / c


def balanced(c: float) -> Any:
    found = lra.refactorize(lra.lora(B * c, A), momentum={"B": 2 * c * B, "A": A})
    assert found.momentum is not None
    left, right = (np.asarray(found.adapter.params[name]) for name in "BA")
    moved = left @ np.asarray(found.momentum["A"]) + np.asarray(found.momentum["B"]) @ right
    return left @ right / c, moved / c, found.sharpness_after / c


def stored(c: float) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        lra.save_peft({"layer": lra.lora(B * c, A, scale=0.5)}, Path(folder) / "adapter")
        return np.asarray(lra.load_peft(Path(folder) / "adapter")["layer"].dense()) / c


def used(adapter: lra.Adapter, c: float, inputs: np.ndarray = X) -> Any:
    """The update, and what it adds to outputs."""
    return np.asarray(adapter.dense()) / c, np.asarray(adapter.apply(inputs)) / c


UNITS: dict[str, Callable[[float], Any]] = {
    **{f"distance: target, {name}": lambda c, name=name: reached(c, name) for name in KINDS},
    "AdapterOptimizer: updates": told,
    "captured_energies: gradient and gauge": energies,
    "captured_energies: shares": lambda c: list(lra.captured_energies(lra.lora(B * c, A / c), G * c).shares.values()),
    "compare: target": compared,
    "fit: target": lambda c: fitted(lra.fit(FROZEN, D * c), c),
    "fit: inputs": lambda c: fitted(lra.fit(FROZEN, X=X * c, Y=X @ D.T), 1 / c)[1:],
    "fit: outputs": lambda c: fitted(lra.fit(lra.lora(B, A), X=X, Y=X @ D.T * c), c),
    "baselines: svd": lambda c: fitted(baselines.truncated_svd(lra.lora(B, A), D * c), c),
    "full: update": lambda c: used(lra.full(D * c), c),
    "hadamard: weight": lambda c: used(lra.hadamard(W * c, B, A), c),
    "initialize: gradient": lambda c: started(c, "gradient"),
    "initialize: signs": lambda c: started(c, "sign"),
    "lora: scale": lambda c: used(lra.lora(B, A, scale=c), c),
    "lora_fa: frozen factor": lambda c: used(lra.lora_fa(B, A * c), c),
    "lora_xs: small matrix": lambda c: used(lra.lora_xs(B, c * np.eye(2), A), c),
    "queryable: atoms": lambda c: used(lra.queryable(B, A, atoms=ATOMS * c, weights=[0.5, 0.25, 0.25]), c),
    "queryable: atoms and target": lambda c: routed(c),
    "randlora: bases": lambda c: used(lra.randlora(BASES * c, ROWS, lambdas=LAMBDAS, gammas=GAMMAS), c, X[:, :4]),
    "refactorize: factors": balanced,
    "save_peft: factors": stored,
    "tera: core": lambda c: used(lra.tera([B], [A.T], c * np.eye(2), d=[[1.0, 2.0]], e=[[3.0, -1.0]]), c),
    "to_lora: factors": lambda c: fitted(lra.to_lora(lra.lora(B * c, A), rank=1), c),
    "to_lora: Gram matrix": lambda c: fitted(lra.to_lora(lra.full(D * c), rank=2), c),
    "to_lora: decomposition": lambda c: fitted(lra.to_lora(lra.full(D * c), rank=2, method="svd"), c),
    "train: updates, altlora": lambda c: trained(c, "altlora"),
    "train: updates, scaled": lambda c: trained(c, "scaled"),
    "uni_lora: scale": lambda c: used(lra.uni_lora(np.arange(1.0, 8.0), (6, 5), 2, assignment=GROUPS, scale=c), c),
    "vera: vector": lambda c: used(lra.vera(B, A, b=c * np.arange(6.0), d=[1.0, -2.0]), c),
}
UNITLESS: dict[str, str] = {
    "balanced_assignment": "it draws groups of entries and sees no numbers of a user",
    "SwitchedLoRA": "its plain gradient steps have a step size whose unit depends on that of the factors",
}
#: rows whose answers are squares, or are verified in squares, which end at 1e154
SQUARES = (
    "distance: target, ",
    "captured_energies: gradient",
    "compare",
    "fit: target",
    "fit: outputs",
    "baselines",
    "to_lora",
)
FAR = {name: (1e-150, 1e150) if name.startswith(SQUARES) else (1e-300, 1e-150, 1e150, 1e300) for name in UNITS}
