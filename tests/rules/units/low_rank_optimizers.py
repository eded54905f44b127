"""Gradients, weights and objectives in other units: estimates follow their objective, steps their gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import low_rank_optimizers as lro

RNG = np.random.default_rng(11)
SCORES = np.random.default_rng(5).normal(size=8)
GRADIENT = RNG.normal(size=(6, 9))


def chosen(c: float, rule: str) -> Any:
    found = lro.select_columns(GRADIENT * c, 3, rule=rule)
    assert found.certificate.verify(GRADIENT * c)
    certificate = found.certificate
    return (
        found.indices,
        found.coefficients / c,
        found.captured / c / c,
        certificate.achieved / c / c,
        certificate.bound / c / c,
    )


def stepped(c: float, optimizer: Any, power: int = 0) -> Any:
    """Updates of three steps, which carry a power of the units of gradients."""
    gradients = GRADIENT, GRADIENT[::-1], GRADIENT**2
    return [optimizer.step(gradient * c, GRADIENT * c**power).update / c**power for gradient in gradients]


def damped(c: float) -> Any:
    """The loss in units c, which all gradients carry, and activations in units 1 / c."""
    optimizer, gradients = lro.MKOR(step_size=0.1, normalize=True, decay=0.5), (GRADIENT, GRADIENT[::-1], GRADIENT**2)
    taken = [optimizer.step(G * c, activation=G / c, output_gradient=G[:, :6] * c).update / c for G in gradients]
    return taken, optimizer.get_state()["kept.left"]


def waved(c: float) -> Any:
    """Weights in units 1 / c, so that gradients are in units c."""
    found = lro.sine_gradient((GRADIENT * (c / 8), GRADIENT / (8 * c)), sigma=0.5 / c, rank=2)
    return found.gradient / c, found.bias / c, found.variance / c / c, found.second_moment / c / c


def averaged(c: float, w: float) -> Any:
    """The objective in units c, and weights in units w."""
    p = lro.make_cubic((2, 2), rng=0)
    M, G = p.M * w, p.gradient * (c / w)
    problem = lro.PolynomialProblem(M, G, p.hessian * (c / w / w), cubic=p.cubic * (c / w / w / w))
    found = lro.exact_gradient(problem, sigma=0.5 * w, rank=1)
    return found.gradient * (w / c), found.bias * (w / c), found.variance * (w / c) ** 2, found.mse * (w / c) ** 2


def planned(c: float, w: float, **options: Any) -> Any:
    """Fitness in units c, and weights in units w."""
    if "singular_values" in options:
        options["singular_values"] = np.array(options["singular_values"]) / w
    found = lro.plan_population((6, 9), n_evaluations=1000, pilot=GRADIENT[0] * c, sigma=0.5 * w, **options)
    errors = found.bias * (w / c), found.variance * (w / c) ** 2, found.mse * (w / c) ** 2
    return found.rank, found.pairs, found.gradient_norm * (w / c), *errors


def bounded(c: float) -> Any:
    found = lro.bias_bound((6, 9), rank=2, sigma=0.5 / c, hessian_lipschitz=c**2)
    return found.bound, found.gap


def differing(c: float) -> Any:
    before, after = {"w": GRADIENT * c}, {"w": GRADIENT * c * (1 + np.outer(np.arange(6.0), np.ones(9)) / 8)}
    found = lro.compare_checkpoints(before, after, atol=0.1 * c)
    return found.density, found.beyond, found.ranks


def evolved(c: float, v: float, **options: Any) -> Any:
    """Weights in units c, which sigma has too, and values in units v."""
    es = lro.LowRankES([(6, 9), (9,)], sigma=0.5 * c, rank=2, population_size=8, rng=0, **options)
    generation = es.ask()
    weights = [GRADIENT * c, GRADIENT[0] * c]
    values = [float(sum((W / c).sum() ** 2 for W in generation.member(i, weights))) * v for i in range(8)]
    outputs = generation.forward(GRADIENT, GRADIENT * c, 0) / c
    step = es.tell(values)
    power = v if options["shaping"] == "raw" else 1.0
    return outputs, *(update * (c / power) for update in step.update), step.pair_differences / v


def estimated(c: float, v: float) -> Any:
    found = lro.es_gradient(
        lambda W: float((W / c).sum() ** 2) * v, GRADIENT * c, sigma=0.5 * c, population_size=8, rng=0
    )
    return found.gradient * (c / v), found.differences / v, found.standard_error * (c / v)


def perturbed(c: float, v: float) -> Any:
    generation = lro.Perturbations([GRADIENT[:, :, None]], [GRADIENT[:, :3, None]], scale=c)
    W = GRADIENT[:, :3].T @ GRADIENT * c
    moved = generation.member(1, [W.T])[0] / c, generation.forward(GRADIENT[:, :3], W.T, 0) / c
    return *moved, generation.gradient(GRADIENT[:, 0] * v)[0] * (c / v), generation.sigma / c


def told(c: float) -> Any:
    """Votes of members whose scores have units c."""
    es = lro.IntegerES(lro.IntegerRNN(2, 3, rng=0), population_size=8, noise_size=256, rng=0)
    es.ask()
    step = es.tell(SCORES * c)
    return np.concatenate([value.ravel() for value in es.network.weights.values()]), step.counts["moved"]


UNITS: dict[str, Callable[[float], Any]] = {
    "IntegerES": told,
    "LowRankES": lambda c: evolved(c, 1.0, shaping="raw"),
    "LowRankES:values": lambda c: evolved(1.0, c, shaping="raw"),
    "LowRankES:standardized": lambda c: evolved(1.0, c, shaping="standardized"),
    "LowRankES:ranks": lambda c: evolved(c, c, shaping="ranks"),
    "Perturbations": lambda c: perturbed(c, 1.0),
    "Perturbations:values": lambda c: perturbed(1.0, c),
    "es_gradient": lambda c: estimated(c, 1.0),
    "es_gradient:values": lambda c: estimated(1.0, c),
    "compare_checkpoints": differing,
    "bias_bound": bounded,
    "exact_gradient:objective": lambda c: averaged(c, 1.0),
    "exact_gradient:weights": lambda c: averaged(1.0, c),
    "plan_population:fitness": lambda c: planned(c, 1.0),
    "plan_population:fitness of a sine": lambda c: planned(c, 1.0, singular_values=[1.0, 2.0]),
    "plan_population:weights": lambda c: planned(1.0, c, singular_values=[1.0, 2.0]),
    "sine_gradient": waved,
    "PolynomialProblem": lambda c: lro.PolynomialProblem(GRADIENT, GRADIENT * c)(2 * GRADIENT) / c,
    "SineProblem": lambda c: lro.SineProblem(GRADIENT * c, GRADIENT / c).truth / c,
    "AdamW": lambda c: stepped(c, lro.AdamW(step_size=0.1, epsilon_root=1e-8 * c, weight_decay=0.1)),
    "DCTAdamW": lambda c: stepped(c, lro.DCTAdamW(2, step_size=0.1, epsilon_root=0.0, refresh_every=2)),
    "DCTAdamW:error feedback": lambda c: stepped(
        c, lro.DCTAdamW(2, step_size=0.1, epsilon_root=0.0, error_feedback=True)
    ),
    "GaLore": lambda c: stepped(c, lro.GaLore(2, step_size=0.1, epsilon_root=0.0)),
    "AuON:paper": lambda c: stepped(c, lro.AuON(step_size=0.1, epsilon_norm=0.0)),
    "AuON:released": lambda c: stepped(c, lro.AuON(step_size=0.1, epsilon_norm=0.0, method="released"), 1),
    "Frugal": lambda c: stepped(c, lro.Frugal(0.5, step_size=0.1, epsilon_root=0.0, refresh_every=2, rng=0)),
    "MKOR": damped,
    "Muon": lambda c: stepped(c, lro.Muon(step_size=0.1)),
    "newton_schulz": lambda c: lro.newton_schulz(GRADIENT * c),
    "update_curvature": lambda c: lro.update_curvature(np.eye(9) / c / c, GRADIENT[0] * c, decay=0.5) * c * c,
    "SGD": lambda c: stepped(c, lro.SGD(step_size=0.1, momentum=0.9, nesterov=True, weight_decay=0.1), 1),
    "Trion": lambda c: stepped(c, lro.Trion(2, step_size=0.1)),
    "select_columns": lambda c: chosen(c, "l2"),
    "select_columns:l1": lambda c: chosen(c, "l1"),
}
UNITLESS: dict[str, str] = {
    "IntegerRNN": "weights and activations are integers, in which 16 is 1",
    "IntegerMembers": "weights and activations are integers, in which 16 is 1",
    "ClassifierProblem": "logits have no unit",
    "TextProblem": "symbols have no unit",
    "absorb_adapter": "the gaps of a format change with the units but for powers of two",
    "absorption": "the gaps of a format change with the units but for powers of two",
    "adam_step_bound": "decays and numbers of steps have no unit",
    "rounded": "the gaps of a format change with the units but for powers of two",
    "dct_basis": "a basis of unit vectors",
    "spectral_image": "singular values over their norm",
}
WHOLE, HALF, QUARTER = (1e-300, 1e-150, 1e150, 1e300), (1e-150, 1e150), (1e-75, 1e75)
#: answers that are squares, or steps that divide by the root of a mean of squares, end at 1e154
SQUARES = (
    "bias_bound",
    "sine_gradient",
    "AdamW",
    "DCTAdamW",
    "GaLore",
    "Frugal",
    "Trion",
    "select_columns",
    "update_c",
)
#: derivatives of order three are in a unit to the third power; a plan refuses numbers whose squares are no numbers
CUBES = ("exact_gradient",)
FAR = {
    name: QUARTER if name.startswith(CUBES) else HALF if name.startswith((*SQUARES, "es_gradient")) else WHOLE
    for name in UNITS
    if not name.startswith("plan_population")
}
