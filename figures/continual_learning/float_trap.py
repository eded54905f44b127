"""One recursion in single precision, in four forms and as textbooks write it: errors of weights and of variances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline, log_ticks, stream
from lrtheory.continual_learning.makers import FLOAT_TRAPS, make_float_trap
from lrtheory.continual_learning.recursion.recursive_ridge import RecursiveRidge

if TYPE_CHECKING:
    import matplotlib.figure

SEED, PROBES, TRAP = 5, 8, "small-ridge"
FORMS = {
    "textbook": "covariance, a difference",
    "covariance": "covariance",
    "information": "information",
    "sqrt": "square root",
    "dual": "dual",
}
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"after": [1, 2, 5, 10, 16, 20, 30, 50, 70, 100, 150, 200, 500, 1000]},
    "full": {"after": [1, 2, 5, 8, 10, 12, 14, 16, 20, 30, 40, 50, 70, 100, 150, 200, 500, 1000, 2000, 5000]},
}


def exact(keys: np.ndarray, values: np.ndarray, ridge: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and variances of all edits at once, in double precision, by an orthogonal factorization."""
    d = keys.shape[1]
    R = np.linalg.qr(np.concatenate([keys, np.sqrt(ridge) * np.eye(d)]), mode="r")
    W = np.linalg.lstsq(
        np.concatenate([keys, np.sqrt(ridge) * np.eye(d)]), np.concatenate([values, np.zeros((d, values.shape[1]))])
    )[0]
    return W, np.sum(np.linalg.solve(R.T, x.T) ** 2, axis=0)


class Textbook:
    """The covariance form of textbooks, which subtracts from the covariance itself."""

    def __init__(self, W0: Any, ridge: float) -> None:
        self.weights = np.array(W0)
        self.C = np.eye(len(self.weights), dtype=self.weights.dtype) / self.weights.dtype.type(ridge)

    def update(self, K: Any, V: Any) -> None:
        """Write an edit; ValueError where a number is no longer finite."""
        F = self.C @ K.T
        H = np.eye(len(K), dtype=F.dtype) + K @ F
        self.weights = self.weights + F @ np.linalg.solve(H, V - K @ self.weights)
        self.C = self.C - F @ np.linalg.solve(H, F.T)
        if not (np.isfinite(self.weights).all() and np.isfinite(self.C).all()):
            raise ValueError("a number that is not finite")

    def variance(self, x: Any) -> Any:
        """Return x C x^T of rows x."""
        return np.einsum("ij,jk,ik->i", x, self.C, x)


def compute_float_trap(profile: str) -> dict[str, np.ndarray]:
    """By form and number of edits: relative errors of weights, smallest quotients of variances; and the last edits."""
    settings, trap = INPUTS[profile], FLOAT_TRAPS[TRAP]
    after = settings["after"]
    problem = make_float_trap(TRAP, n_edits=after[-1], rng=SEED)
    x = stream(SEED, 1).normal(size=(PROBES, trap.d)).astype(np.float32)
    keys, values = (np.concatenate([np.asarray(edit[i], float) for edit in problem.edits]) for i in (0, 1))
    ends = np.cumsum([len(edit[0]) for edit in problem.edits])
    truth = {n: exact(keys[: ends[n - 1]], values[: ends[n - 1]], trap.ridge, x.astype(float)) for n in after}
    error, variance = np.full((2, len(FORMS), len(after)), np.nan)
    refused = np.full(len(FORMS), np.inf)
    for i, form in enumerate(FORMS):
        state: Any = Textbook(problem.W0, trap.ridge)
        if form != "textbook":
            state = RecursiveRidge(problem.W0, ridge=trap.ridge, method=form, keep="nothing")  # type: ignore[arg-type]
        for n, (K, V) in enumerate(problem.edits, 1):
            try:
                with np.errstate(over="ignore", invalid="ignore"):
                    state.update(K, V)
                if n in truth:
                    found, j = np.asarray(state.weights, float), after.index(n)
                    error[i, j] = np.linalg.norm(found - truth[n][0]) / np.linalg.norm(truth[n][0])
                    variance[i, j] = np.min(np.asarray(state.variance(x), float) / truth[n][1])
            except ValueError:  # weights that are not finite, or a matrix that lost its definiteness
                refused[i] = n
                break
    return {"after": np.array(after), "error": error, "variance": variance, "refused": refused}


def trap_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as relative errors or as quotients of variances."""
    error, variance = (dict(zip(FORMS, arrays[name], strict=True)) for name in ("error", "variance"))
    refused, late = dict(zip(FORMS, arrays["refused"], strict=True)), arrays["after"] >= 100
    return {
        "the formula of textbooks says that a variance is negative": below(np.nanmin(variance["textbook"]), 0),
        "within 1000 edits its weights are no longer finite": below(refused["textbook"], 1000),
        "no form of the library says so, and none refuses an edit": below(
            np.isfinite(np.delete(arrays["refused"], list(FORMS).index("textbook"))).sum()
            - min(np.nanmin(variance[form]) for form in list(FORMS)[1:]),
            0,
        ),
        "the covariance form is never wrong by more than 0.01": below(error["covariance"], 0.01),
        "while keys are fewer than inputs, the information form is wrong by more than 0.01": below(
            0.01, error["information"][(arrays["after"] > 1) & (arrays["after"] <= 10)]
        ),
        "square root and dual are wrong by less than 1e-4, and from the hundredth edit on by less than 1e-5": below(
            np.concatenate([one for form in ("sqrt", "dual") for one in (error[form] / 10, error[form][late])]), 1e-5
        ),
        "the variances of the square root are right to a hundredth": below(np.abs(variance["sqrt"] - 1), 0.01),
    }


def draw_float_trap(arrays: Any) -> matplotlib.figure.Figure:
    """Draw errors and variances against the number of edits."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6), layout="constrained")
    for i, label in enumerate(FORMS.values()):
        look: dict[str, Any] = {"color": "gray", "marker": "x", "linestyle": ":", "markersize": 4}
        if i:  # the first one is none of the library's
            look |= {"color": COLORS[i - 1], "marker": MARKERS[i - 1], "linestyle": LINES[i - 1]}
        left.plot(arrays["after"], arrays["error"][i], label=label, **look)
        right.plot(arrays["after"], arrays["variance"][i], **look)
    left.set(yscale="log", ylabel="relative error of the weights")
    right.set_yscale("symlog", linthresh=1)
    right.set(ylabel="smallest variance / exact one", yticks=[0, -1e8, -1e16, -1e24])
    right.axhline(0, color="gray", linestyle=":", linewidth=1)
    for axis in (left, right):
        axis.set_xlabel("edits")
        log_ticks(axis, arrays["after"])
    figure.legend(*left.get_legend_handles_labels(), ncols=5, loc="outside lower center")
    trap = FLOAT_TRAPS[TRAP]
    headline(
        figure,
        f"One recursion in single precision: {trap.d} features, ridge {trap.ridge:g}. A covariance from which is "
        "subtracted loses its sign",
    )
    return figure


FLOAT_TRAP = Figure(
    name="float-trap",
    title="Errors of the recursion in single precision, in four forms and as textbooks write it.",
    compute=compute_float_trap,
    claims=trap_claims,
    draw=draw_float_trap,
    seed=SEED,
    inputs=INPUTS,
)
