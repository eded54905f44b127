"""A head is fine-tuned on digits: its logits grow out of the cheap region, and the degree has to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure, each
from figures._tools import COLORS, MARKERS, below, headline, stream
from figures.lora_limits._dense import softmax
from lrtheory.lora_limits import AttentionProblem, LoRAHead, lora_gradients, theory
from lrtheory.transductive_clustering import load_digits_features

if TYPE_CHECKING:
    import matplotlib.figure

SEED, D, RANK = 6, 8, 2
RUNS = ("exact", "degree by tolerance", "degree 2 throughout")
TEACHER = 16.0  # size of what the teacher adds to the queries' weight
RATE, MOMENTUM, TOL = 1.0, 0.9, 1e-3
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"n_tokens": 360, "steps": 60},
    "full": {"n_tokens": 1797, "steps": 60},
}


def digits(n_tokens: int) -> np.ndarray:
    """Eight principal components of images, entries up to 1."""
    X = np.asarray(load_digits_features().features, float)
    left, sizes, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    Z = left[:, :D] * sizes[:D]
    return (Z / np.abs(Z).max())[stream(SEED, 0).permutation(len(Z))[:n_tokens]]


def trained(run: str, n_tokens: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True losses a token, bounds on the logits and degrees along training with momentum; NaN once it is refused."""
    rng, Z, one = stream(SEED, 1), digits(n_tokens), np.eye(D)
    values, first = 2 * rng.normal(size=(D, D)), rng.normal(size=(RANK, D)) / np.sqrt(D)
    teacher = one + TEACHER * (rng.normal(size=(D, RANK)) @ first).T
    Y = softmax(Z @ teacher @ Z.T / D) @ Z @ values
    adapter = [rng.uniform(-1, 1, size=(RANK, D)) / np.sqrt(D), np.zeros((D, RANK))]
    speed = [np.zeros_like(part) for part in adapter]
    wish = {"exact": {"method": "tiled"}, RUNS[1]: {"method": "low-rank", "tol": TOL}}
    losses, reach, degrees = np.full((3, steps), np.nan)
    for step in range(steps):
        head = LoRAHead(one, one, values, adapters={"Q": tuple(adapter)}, alpha=RANK, beta=1 / D)
        problem = AttentionProblem(head, Z, Y)
        options = wish.get(run, {"method": "low-rank", "degree": 2})
        try:
            found = lora_gradients(problem, adapt=("Q",), full_gradient=False, **options)
        except ValueError:  # refused: the logits have grown too large for any polynomial
            break
        true = lora_gradients(problem, adapt=("Q",), full_gradient=False, method="tiled").loss / n_tokens
        losses[step], reach[step], degrees[step] = true, found.logit_bound, found.degree or 0
        for part, velocity, slope in zip(adapter, speed, (found.A["Q"], found.B["Q"]), strict=True):
            velocity *= MOMENTUM
            velocity += slope / n_tokens
            part -= RATE * velocity
    return losses, reach, degrees


def compute_training(profile: str) -> dict[str, np.ndarray]:
    """Losses, bounds on logits and degrees, (runs, steps)."""
    n, steps = INPUTS[profile]["n_tokens"], INPUTS[profile]["steps"]
    runs = each(trained, [(run, n, steps) for run in RUNS])
    losses, reach, degrees = (np.array([run[i] for run in runs]) for i in range(3))
    return {"n_tokens": np.array(n), "loss": losses, "logit_bound": reach, "degree": degrees}


def features(arrays: Any) -> np.ndarray:
    """Columns of the factors along the run whose degree follows."""
    return np.array([theory.n_features(D, abs(int(g))) for g in arrays["degree"][1]], float)


def training_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return what the figure shows, as booleans with margins."""
    loss, reach, degree = arrays["loss"], arrays["logit_bound"], arrays["degree"]
    last = int(np.flatnonzero(np.isfinite(loss[2]))[-1])
    even = [theory.break_even_length(D, int(k), rank=RANK) for k in features(arrays)]
    return {
        "exact gradients take nine tenths off the loss": below(loss[0, -1] / loss[0, 0], 0.1),
        "in training the bound on the logits grows tenfold": below(10, reach[0].max() / reach[0, 0]),
        "the degree for an accuracy of one in a thousand climbs from at most 2 to at least 6": below(
            [degree[1, 0], -degree[1].max()], [2.5, -5.5]
        ),
        "with an accuracy of one in a thousand the loss follows the exact one within 1 % of its start": below(
            np.abs(loss[1] - loss[0]), loss[0, 0] / 100
        ),
        "the number of features grows thirtyfold in training": below(30, features(arrays).max() / features(arrays)[0]),
        "features would pay at the start of training and do not at its end": below(
            [even[0], -max(even)], [arrays["n_tokens"], -arrays["n_tokens"]]
        ),
        "with degree 2 throughout the loss is twice the exact one at the end, or where degree 2 is refused": below(
            2 * loss[0, last], loss[2, last]
        ),
    }


def draw_training(arrays: Any) -> matplotlib.figure.Figure:
    """Losses, logits, degrees and columns."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.2, 4), layout="constrained")
    steps = np.arange(arrays["loss"].shape[1])
    for i, run in enumerate(RUNS):
        line = {"color": COLORS[i], "linestyle": ("-", "--", ":")[i], "linewidth": 2, "label": run}
        left.plot(steps, arrays["loss"][i], **line)
        middle.plot(steps, arrays["logit_bound"][i], **line)
    left.set(yscale="log", ylabel="loss a token")
    middle.set(yscale="log", ylabel="bound M on the logits")
    right.plot(steps, features(arrays), color=COLORS[1], marker=MARKERS[1], markersize=3, label="columns needed")
    even = int(arrays["n_tokens"])
    pays = max(k for k in range(1, 10**5) if theory.break_even_length(D, k, rank=RANK) <= even)
    right.axhline(pays, color="black", linewidth=1, label=f"as dear as exact at {even:,} tokens")
    right.set(yscale="log", ylabel="columns of the factors")
    for step in (0, len(steps) // 2, len(steps) - 1):
        degree = int(arrays["degree"][1, step])
        right.annotate(f"degree {degree}", (step, features(arrays)[step]), (0, 8), textcoords="offset points",
                       fontsize=8, ha="left" if step == 0 else "right")  # fmt: skip
    for axis in (left, middle):
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter(NullFormatter())
    left.set_ylim(top=5 * np.nanmax(arrays["loss"]))
    middle.set_ylim(top=5 * np.nanmax(arrays["logit_bound"]))
    right.set_ylim(1, 1000 * features(arrays).max())
    for axis in (left, middle, right):
        axis.set(xlabel="step")
        axis.legend(loc="upper right")
    headline(
        figure,
        f"{even:,} digits as tokens, {D} principal components, a teacher whose query weight differs by rank {RANK}; "
        f"adapters of rank {RANK} from B = 0, tolerance {TOL:g}",
    )
    return figure


TRAINING = Figure(
    name="training",
    title="Fine-tuning moves a head out of the region where polynomials pay.",
    compute=compute_training,
    claims=training_claims,
    draw=draw_training,
    seed=SEED,
    inputs=INPUTS,
    data=("digits_features",),
)
