"""LoRA gradients in other units: of inputs, of keys and beta, of values and targets, of the adapters' two factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory import lora_limits as ll

LETTERS = ("Q", "K", "V")
RNG = np.random.default_rng(0)
XQ, XK, XV = RNG.uniform(-1, 1, (3, 40, 3))
XK = XK / 4
Y = RNG.normal(size=(40, 2))
WEIGHTS = dict(zip(LETTERS, RNG.normal(size=(3, 3, 2)), strict=True))
PAIRS = {letter: (RNG.normal(size=(2, 3)), RNG.normal(size=(2, 2))) for letter in LETTERS}
SPIKY = XK.copy()
SPIKY[3] *= 160.0
METHODS: dict[str, dict[str, Any]] = {
    "dense": {"method": "dense"},
    "tiled": {"method": "tiled"},
    "low-rank": {"method": "low-rank", "degree": 8},
    "low-rank of a tolerance": {"method": "low-rank", "tol": 1e-4},
    "hybrid": {"method": "hybrid", "tol": 1e-4},
}


def problem(inputs: float = 1.0, outputs: float = 1.0, beta: float = 1.0, *, XK: Any = XK) -> ll.AttentionProblem:
    """Inputs times a factor, weights divided by it; values and Y times one; beta times one, queries divided by it."""
    carried = {"Q": 1 / (beta * inputs), "K": 1 / inputs, "V": outputs / inputs}  # of a weight, and of B beside it
    weights = (carried[letter] * WEIGHTS[letter] for letter in LETTERS)
    pairs = {letter: (A, carried[letter] * B) for letter, (A, B) in PAIRS.items()}
    head = ll.LoRAHead(*weights, adapters=pairs, alpha=0.25, beta=0.125 * beta)
    return ll.AttentionProblem(head, inputs * XQ, outputs * Y, XK=inputs * XK, XV=inputs * XV)


def adapted(first: float = 1.0, scale: float = 1.0, *, XK: Any = XK) -> ll.AttentionProblem:
    """A times a factor and B divided by it; alpha times a factor and B divided by it."""
    pairs = {letter: (first * A, B / (first * scale)) for letter, (A, B) in PAIRS.items()}
    head = ll.LoRAHead(*WEIGHTS.values(), adapters=pairs, alpha=0.25 * scale, beta=0.125)
    return ll.AttentionProblem(head, XQ, Y, XK=XK, XV=XV)


def solved(given: ll.AttentionProblem, gradients: dict[str, float], loss: float = 1.0, **options: Any) -> list[Any]:
    """Loss and gradients with the factors that names such as "W_Q" carry divided out, degree, what is proved of them.

    Gradients of A carry no unit of a weight, where W and B do; one factor a letter is for W and B.
    """
    found = ll.lora_gradients(given, adapt=LETTERS, **options)
    named = {f"{kind}_{letter}": table for kind in "ABW" for letter, table in getattr(found, kind).items()}
    units = {name: gradients.get(name, 1.0) for name in named}
    answer = [found.loss / loss, found.degree or 0, found.n_outliers, found.logit_bound, found.counts["flops"]]
    answer += [table / units[name] for name, table in named.items()]
    if found.certificate is not None:
        answer += [found.certificate.eta, *(bound / units[name] for name, bound in found.certificate.entries.items())]
        answer.append(found.certificate.verify(given))
    return answer


def keys(options: dict[str, Any]) -> dict[str, Any]:
    """Keys with a large one among them, for the method that is made for it."""
    return {"XK": SPIKY if options["method"] == "hybrid" else XK}


def by_inputs(f: float, options: dict[str, Any]) -> list[Any]:
    """All inputs in another unit: weights and B carry its inverse, so gradients of W and B carry it."""
    units = {f"{kind}_{letter}": f for kind in "WB" for letter in LETTERS}
    return solved(problem(f, **keys(options)), units, **options)


def by_outputs(f: float, options: dict[str, Any]) -> list[Any]:
    """Values and targets in another unit: the loss carries its square, and so does what is no weight of a value."""
    units = {f"{kind}_{letter}": f if letter == "V" and kind != "A" else f * f for kind in "ABW" for letter in LETTERS}
    return solved(problem(outputs=f, **keys(options)), units, f * f, **options)


def by_beta(f: float, options: dict[str, Any]) -> list[Any]:
    """beta in another unit, of which the weight of the queries carries the inverse."""
    return solved(problem(beta=f, **keys(options)), {"W_Q": f, "B_Q": f}, **options)


def by_factors(f: float, options: dict[str, Any]) -> list[Any]:
    """One factor of the adapters in another unit, the other in its inverse."""
    units = {f"A_{letter}": 1 / f for letter in LETTERS} | {f"B_{letter}": f for letter in LETTERS}
    return solved(adapted(first=f, **keys(options)), units, **options)


def by_scale(f: float, options: dict[str, Any]) -> list[Any]:
    """alpha in another unit, of which B carries the inverse."""
    return solved(adapted(scale=f, **keys(options)), {f"B_{letter}": f for letter in LETTERS}, **options)


KINDS = {
    "inputs": by_inputs,
    "values and targets": by_outputs,
    "beta": by_beta,
    "the factors of adapters": by_factors,
    "the scale of adapters": by_scale,
}


def chained(f: float) -> list[Any]:
    """Every matrix of a chain: keys carry a unit and beta its inverse, values and targets carry another."""
    C1, C2, C3, W = XQ, SPIKY @ WEIGHTS["K"], f * (XV @ WEIGHTS["V"]), WEIGHTS["Q"]
    found = ll.gradient_chain(C1, f * C2, C3, f * Y, W, beta=0.125 / f)
    square = [found.q, found.p, found.p1, found.p2, found.row_means, found.gradient, found.loss]
    return [found.f, found.c / f, *(one / (f * f) for one in square)]


def diagnosed(f: float) -> list[Any]:
    """Numbers of a diagnosis, of inputs in another unit whose weights carry the inverse."""
    found = ll.diagnose(problem(f), epsilon=1e-4)
    return [found.degree, found.n_outliers, found.logit_bound, found.sampled_logit, *found.norms.values()]


def factored(f: float) -> Any:
    """The attention of a polynomial, of queries in another unit whose keys carry the inverse."""
    U, V = ll.attention_factors(f * XQ, SPIKY / f, ll.exp_polynomial(2.0, degree=4))
    return U @ V.T


def random_features(f: float) -> list[Any]:
    """A baseline, of values and targets in another unit."""
    found = ll.baselines.truncated_svd(problem(outputs=f), n_features=4)
    return [found.loss / f**2, found.W["Q"] / f**2, found.W["V"] / f]


UNITS: dict[str, Callable[[float], Any]] = {
    f"lora_gradients: {kind}, {method}": lambda f, solve=solve, options=options: solve(f, options)
    for kind, solve in KINDS.items()
    for method, options in METHODS.items()
} | {
    "gradient_chain: keys and beta, values and targets": chained,
    "diagnose: inputs": diagnosed,
    "attention_factors: queries and keys": factored,
    "baselines: values and targets": random_features,
}
UNITLESS = {
    "HiddenStates": "numbers as they stand in a file; nothing is computed",
    "diagnose_model": "`diagnose` of each head, which is tried",
    "exp_polynomial": "logits and errors of exp have no units",
}
#: gradients and losses are products of several of these units; monomials of degree four end at 1e77
FAR = {name: (1e-75, 1e75) if name.startswith("attention_factors") else (1e-150, 1e150) for name in UNITS}
FAR |= {f"lora_gradients: inputs, {method}": (1e-150, 1e150, 1e200, 1e300) for method in ("dense", "tiled")}
