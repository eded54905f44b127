"""One small call of every public function of `low_rank_adapters`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lrtheory.low_rank_adapters.kinds.lora import lora
from tests.backends import need_data
from tests.examples import Call, call
from tests.low_rank_adapters.files import PEFT

B = np.array([[3.0, 1.0], [0.0, 2.0], [1.0, 0.0]])
A = np.array([[1.0, 0.5, 0.0, -1.0], [0.0, 2.0, 1.0, 0.25]])
TARGET = np.array([[4.0, 1.0, 0.0, -2.0], [0.0, 3.0, 1.0, 1.0], [1.0, 0.0, 2.0, 0.5]])
LORA = lora(B, A, scale=0.5)


def loaded(name: str, *args: object, **options: object) -> Call:
    need_data(name)
    return call(*args, **options)


CALLS: dict[str, Callable[[], Call]] = {
    "balanced_assignment": lambda: call(7, 3, rng=0),
    "baselines.peft_convert_like": lambda: call(LORA, rank=1),
    "baselines.random_linear": lambda: call(LORA, TARGET, rng=0),
    "baselines.ridge_then_svd": lambda: call(LORA, X=np.eye(3, 4), Y=TARGET[:, :3].copy()),
    "baselines.truncated_svd": lambda: call(LORA, TARGET),
    "captured_energies": lambda: call(LORA, TARGET),
    "compare": lambda: call(TARGET, max_parameters=8, rng=0),
    "distance": lambda: call(LORA, TARGET),
    "fit": lambda: call(LORA, TARGET),
    "full": lambda: call(TARGET),
    "hadamard": lambda: call(TARGET + 5, B, A),
    "initialize": lambda: call(LORA, TARGET, rng=0),
    "load_peft": lambda: call(PEFT / "lora"),
    "load_update": lambda: loaded("update", layer=0),
    "lora": lambda: call(B, A, scale=0.5),
    "lora_fa": lambda: call(B, A),
    "lora_xs": lambda: call(B, np.eye(2), A),
    "make_adapter": lambda: call("hadamard", (3, 4), rank=2, weight=TARGET + 5, rng=0),
    "make_update": lambda: call("power", (4, 3), rng=0),
    "queryable": lambda: call(B, A, atoms=np.stack([np.eye(2), -np.eye(2)]), weights=np.array([0.75, 0.25])),
    "randlora": lambda: call(np.stack([B, B[::-1]]), A[:, :3].copy(), lambdas=np.ones((2, 2)), gammas=np.ones((2, 3))),
    "refactorize": lambda: call(LORA, momentum={"B": B, "A": A}),
    "save_peft": lambda: call({"layer": LORA}, Path(tempfile.mkdtemp()) / "adapter"),
    "tera": lambda: call([B], [A.T.copy()], np.eye(2), d=[np.ones(2)], e=[np.ones(2)]),
    "theory.balanced_sharpness": lambda: call(3.0),
    "theory.crossover_exponent": lambda: call(8, 2),
    "theory.crossover_rank": lambda: call([4.0, 2.0, 1.0], (3, 4)),
    "theory.dead_share": lambda: call(4, 2),
    "theory.empty_groups": lambda: call(3, 2),
    "theory.routing_objective": lambda: call([0.5, 0.5], logits=[1.0, 0.0], prior=[1.0, 3.0]),
    "theory.routing_weights": lambda: call([1.0, 0.0], prior=[1.0, 3.0]),
    "theory.sharpness": lambda: call(3.0, 1.0),
    "to_lora": lambda: call(LORA, rank=1),
    "train": lambda: call(LORA, lambda update: 0.5 * update, method="sgd", step_size=0.25, max_iter=3, record=True),
    "uni_lora": lambda: call(np.array([2.0, 1.0]), (1, 2), 1, assignment=np.array([0, 1, 0])),
    "vera": lambda: call(B, A, b=np.ones(3), d=np.ones(2)),
}

#: calls of formulas of rooms whose arguments do not follow from their domains
OF_ROOMS: dict[str, Callable[[], Call]] = {
    "adapter_dimension": lambda: call("lora", (6, 5), 2),
    "captured_limit": lambda: call([3.0, 2.0, 1.0], 2),
    "changed_gauge": lambda: call(B, A, [[2, 1], [0, 1]]),
    "conversion_energy": lambda: call([3.0, 2.0, 1.0], 1),
    "expected_group_residual": lambda: call([1, 3, 5], 2),
    "group_residual": lambda: call([1, 3, 5], [0, 0, 1], 2),
    "hadamard_rank_one_energy": lambda: call([3.0, 2.0, 1.0], 1),
    "joint_change": lambda: call(TARGET, B, A, 0.5),
    "least_factor_energy": lambda: call([3.0, 2.0]),
    "projected": lambda: call(TARGET, B, A),
    "projection_gram": lambda: call([0, 0, 1, 0], [3, 2]),
    "pseudo_inverse": lambda: call(B),
    "randlora_bracket": lambda: call(1.0, 2.0, (1.0, 3.0), (1.0, 2.0)),
    "randlora_energy": lambda: call(14.0, [3.0, 1.0]),
    "randlora_rank": lambda: call([[1, 1, 0]], 2, 3),
    "random_capture": lambda: call(7, (5, 6)),
    "regression_energy": lambda: call(2.0, [3.0, 1.0], 1),
    "sign_capture": lambda: call([3, 1], [1, 1]),
    "sketch_floor": lambda: call(10.0, [3.0], 1, 1.0, 1.0),
    "split_energies": lambda: call(TARGET, B, A),
    "struck_rank": lambda: call([[1, 2], [2, 4]], [1, 0], [1, 1]),
    "subspace_capture": lambda: call(2, (5, 6)),
    "switched_rank": lambda: call((8, 6), 2, 3),
    "switched_weight": lambda: call(TARGET, B[:, 0], A[0], A[1]),
    "training_floor": lambda: call(TARGET, B, A),
    "transported": lambda: call(B, B[::-1].copy(), A),
    "transported_momenta": lambda: call([[2, 1], [0, 1]], B, A),
    "two_steps_suffice": lambda: call(B, TARGET),
}
