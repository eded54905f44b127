"""The share of the inputs of a transformer's maps that lies in protected directions, by who chose these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Figure
from figures._tools import COLORS, LINES, MARKERS, below, headline, stream
from lrtheory._data.sentence_encoder import Encoder, gelu, load_encoder
from lrtheory._data.sentences import SENTENCES
from lrtheory.continual_learning.protection.protector import SubspaceProtector

if TYPE_CHECKING:
    import matplotlib.figure

SEED, RANK, LAYERS = 3, 192, 6
MAPS = {
    "attention.self.query": "query map, 384 inputs",
    "intermediate.dense": "first map after it, 384 inputs",
    "output.dense": "last map, 1536 inputs",
}
CHOICES = ("inputs of other sentences", "weights", "at random")
INPUTS: dict[str, dict[str, Any]] = {"quick": {"rank": RANK}, "full": {"rank": RANK}}


def inputs_of(encoder: Encoder, text: str) -> list[list[np.ndarray]]:
    """The inputs of the maps of a text, by map and layer."""
    found: list[list[np.ndarray]] = [[] for _ in MAPS]
    for name, x in encoder.inputs(encoder.pieces(text)[0]):
        if name:
            seen = encoder.norm(x + encoder.attention(x, f"{name}.attention"), f"{name}.attention.output.LayerNorm")
            for rows, one in zip(
                found, (x, seen, gelu(encoder.linear(seen, f"{name}.intermediate.dense"))), strict=True
            ):
                rows.append(one)
    return found


def shares(weight: np.ndarray, others: np.ndarray, held_out: np.ndarray, *key: int) -> list[float]:
    """The share of the energy of inputs that lies in the protected directions, by who chose them."""
    top = np.linalg.svd(weight, full_matrices=False)[2][:RANK]
    found = []
    for rows in (others, top, stream(SEED, *key).normal(size=(RANK, weight.shape[1]))):
        protector = SubspaceProtector(weight.shape[1])
        protector.extend(rows.astype(np.float64), rank=RANK)
        found.append(protector.protected_energy(held_out.astype(np.float64)))
    return found


def compute_whose_subspace(profile: str) -> dict[str, np.ndarray]:
    """Shares, (maps, layers, choices)."""
    encoder = load_encoder("load_encoder_edits")
    texts = [text for topic in SENTENCES.values() for text in topic]
    seen = [inputs_of(encoder, text) for text in texts]
    found = np.empty((len(MAPS), LAYERS, len(CHOICES)))
    for i, name in enumerate(MAPS):
        for layer in range(LAYERS):
            weight = encoder.weights[f"encoder.layer.{layer}.{name}.weight"]
            even, odd = (np.concatenate([one[i][layer] for one in seen[start::2]]) for start in (0, 1))
            found[i, layer] = shares(weight, even, odd, i, layer)
    return {"share": found}


def whose_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares of the energy."""
    inputs, weights, chance = np.moveaxis(arrays["share"], -1, 0)
    return {
        "on all 18 maps directions of inputs protect 0.2 more of the energy than directions of weights": below(
            0.2, inputs - weights
        ),
        "on maps with 384 inputs directions of weights are within 0.25 of random ones": below(
            np.abs(weights - chance)[:2], 0.25
        ),
    }


def draw_whose_subspace(arrays: Any) -> matplotlib.figure.Figure:
    """Draw shares by layer, a panel a map."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(8.6, 3.4), sharey=True, layout="constrained")
    for axis, found, label in zip(axes, arrays["share"], MAPS.values(), strict=True):
        for i, choice in enumerate(CHOICES):
            look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i], "markersize": 5}
            axis.plot(np.arange(LAYERS), found[:, i], label=choice, **look)
        axis.set(xlabel="layer", ylim=(0, 1.02), title=label)
    axes[0].set_ylabel("share of the inputs' energy")
    figure.legend(*axes[0].get_legend_handles_labels(), ncols=3, loc="outside lower center")
    headline(
        figure,
        f"{RANK} protected directions, and how much of the inputs of unseen sentences lies in them, by who chose",
    )
    return figure


WHOSE_SUBSPACE = Figure(
    name="whose-subspace",
    title="The share of a map's inputs that lies in protected directions, by who chose these.",
    compute=compute_whose_subspace,
    claims=whose_claims,
    draw=draw_whose_subspace,
    seed=SEED,
    inputs=INPUTS,
    data=("encoder_edits",),
)
