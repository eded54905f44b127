"""Laws of requests whose objective also rewards that all resources are filled alike."""

from __future__ import annotations

from dataclasses import dataclass

from proofs_checks.dual_mirror_descent.families.laws import RequestLaw


@dataclass(frozen=True)
class FairLaw(RequestLaw):
    """A law of requests with `fairness`, the weight of the least filled resource in the objective."""

    fairness: float = 0.0
