"""A recurrent network in integers, trained by votes alone: a Markov source with its entropy rate, and English text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, each, published
from figures._tools import COLORS, below, beside, headline
from lrtheory.low_rank_optimizers import IntegerES, IntegerRNN, load_text, make_markov_text, theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("low_rank_optimizers")["integer training"]
SEED, WIDTH, TOKENS = 6, 16, 32
#: the length of text that is learned from, and of fresh text that is asked about, of the Markov source
LENGTH, FRESH = 20_000, 4_000
TEXTS = ("markov", "text")
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"markov": (150, 64), "text": (100, 64)},
    "full": {"markov": (300, 256), "text": (600, 512)},
}


def texts(name: str) -> tuple[np.ndarray, np.ndarray, int, float, float]:
    """Text to learn, fresh text, number of symbols, entropy rate (NaN if unknown), entropy of single symbols."""
    problem = make_markov_text(LENGTH + FRESH, rng=SEED) if name == "markov" else load_text()
    symbols = np.asarray(problem.symbols)
    rate = np.nan if problem.truth is None else problem.truth
    return symbols[:-FRESH], symbols[-FRESH:], problem.n_symbols, rate, problem.unigram


def trained(name: str, n_steps: int, pairs: int) -> tuple[np.ndarray, float]:
    """Bits a symbol at every step, and those of the trained network on fresh text."""
    learned, fresh, n_symbols, _, _ = texts(name)
    es = IntegerES(IntegerRNN(n_symbols, WIDTH, rng=SEED), population_size=2 * pairs, rng=SEED + 1)
    found = es.train(learned, n_steps, n_tokens=TOKENS)
    return found.bits, es.network.score(fresh).bits


def compute_integer_training(profile: str) -> dict[str, np.ndarray]:
    """Bits by step, bits on fresh text, and entropies, for both texts."""
    runs = each(trained, [(name, *INPUTS[profile][name]) for name in TEXTS])
    known = [texts(name)[3:] for name in TEXTS]
    return {
        **{name: bits for name, (bits, _) in zip(TEXTS, runs, strict=True)},
        "fresh": np.array([fresh for _, fresh in runs]),
        "rate": np.array([rate for rate, _ in known]),
        "unigram": np.array([unigram for _, unigram in known]),
        "floor": np.array(float(theory.least_loss(known[0][0], theory.score_excess(np.arange(-127, 128))))),
        "pairs": np.array([INPUTS[profile][name][1] for name in TEXTS]),
    }


def integer_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as bits a symbol."""
    fresh, unigram = arrays["fresh"], arrays["unigram"]
    last = arrays["text"][-20:].mean()
    return {
        "on fresh symbols of the source the network needs 0.2 bits less than their frequencies tell": below(
            fresh[0], unigram[0] - 0.2
        ),
        "on fresh symbols of the source the network needs no fewer bits than the entropy rate allows": below(
            arrays["floor"], fresh[0]
        ),
        "on English text the network needs less than frequencies tell, in training and on fresh symbols": below(
            [last, fresh[1]], unigram[1]
        ),
    }


def integer_beside(arrays: Any) -> list[Beside]:
    """The last bits a symbol."""
    ours = [arrays[name][-20:].mean() for name in KNOWN["runs"]]
    what = [f"bits a symbol at the end, {name}" for name in KNOWN["runs"]]
    return beside(what, KNOWN["bits"], ours, KNOWN["source"])


def draw_integer_training(arrays: Any) -> matplotlib.figure.Figure:
    """Draw bits a symbol by step, a panel a text."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.5), layout="constrained")
    for i, (axis, name, label) in enumerate(zip(axes, TEXTS, ("Markov source", "English text"), strict=True)):
        bits = arrays[name]
        axis.plot(np.arange(1, len(bits) + 1), bits, color=COLORS[0], linewidth=1, label="in training")
        axis.plot(len(bits), arrays["fresh"][i], "D", color=COLORS[1], markersize=6, label="on fresh symbols")
        axis.axhline(arrays["unigram"][i], color=COLORS[2], linestyle="--", label="entropy of single symbols")
        if np.isfinite(arrays["rate"][i]):
            axis.axhline(arrays["rate"][i], color="black", linestyle=":", label="entropy rate")
        axis.set(xlabel="step", title=f"{label}, {arrays['pairs'][i]} pairs a step")
        axis.set_ylim(bottom=0.9 * min(np.nanmin(arrays["rate"][i : i + 1], initial=9), bits.min()))
    axes[0].set_ylabel("bits a symbol")
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=4, loc="outside lower center")
    headline(figure, "A recurrent network learns in integers of eight bits, by the votes of mirrored pairs alone")
    return figure


INTEGER_TRAINING = Figure(
    name="integer-training",
    title="Bits a symbol of a recurrent network in integers that is trained by votes, with the entropy rate below.",
    compute=compute_integer_training,
    claims=integer_claims,
    draw=draw_integer_training,
    beside=integer_beside,
    seed=SEED,
    inputs=INPUTS,
    data=("text",),
)
