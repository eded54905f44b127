"""A small certificate of each class of lora_limits, its problem, another answer, and other data."""

from __future__ import annotations

from typing import Any

from lrtheory import lora_limits as ll
from tests.rules.certificates.certified import case


@case
def GradientCertificate() -> Any:
    problem = ll.make_uniform(8, 2, bound=0.1, rng=0)
    proof = ll.lora_gradients(problem, method="low-rank").certificate
    gradients = {name: one + 10 * proof.entries[name] for name, one in proof.gradients.items()}
    return proof, problem, {"gradients": gradients}, ll.make_uniform(8, 2, bound=0.2, rng=0)
