"""Costs of a step of decoding, and of the arrays of an index, as the catalogue grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from figures import Beside, Figure, published
from figures._tools import COLORS, LINES, MARKERS, below, beside, between, headline, log_axes, stream
from lrtheory.constrained_decoding import TrieIndex, theory

if TYPE_CHECKING:
    import matplotlib.figure

KNOWN = published("constrained_decoding")["index"]
SEED, BEAMS = 0, 140
V, L, DENSE = 2048, 8, 2
INPUTS: dict[str, dict[str, Any]] = {
    "quick": {"items": [1_000, 10_000, 100_000, 1_000_000]},
    "full": {"items": [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]},
}


def compute_growth(profile: str) -> dict[str, np.ndarray]:
    """By number of items: sizes of the levels, bytes, and what a step reads for one beam, by level."""
    items = INPUTS[profile]["items"]
    sizes, held, gathers = [], [], []
    for number, n in enumerate(items):
        rng = stream(SEED, number)
        rows = rng.integers(0, V, (n, L))
        index = TrieIndex(rows, V)
        sizes.append(index.level_sizes)
        held.append(index.nbytes)
        beams = rows[rng.integers(0, n, BEAMS)]
        states, read = np.zeros(BEAMS, np.int64), []
        for token in beams.T:
            read.append(len(index.allowed(states).tokens) / BEAMS)
            states = index.advance(states, token)
        gathers.append(read)
    expected = [[theory.expected_nodes(n, vocab_size=V, length=length) for length in range(L + 1)] for n in items]
    return {
        "items": np.array(items),
        "sizes": np.array(sizes),
        "expected": np.array(expected, float),
        "bytes": np.array(held),
        "bound": np.array([bound_of(n) for n in items]),
        "gathers": np.array(gathers),
        "probes": np.array([theory.probes_ppv(n, vocab_size=V) for n in items], float),
    }


def bound_of(n: int) -> float:
    """The bytes that the paper allows its own arrays."""
    return float(theory.index_bytes(n, vocab_size=V, length=L, dense=DENSE))


def growth_claims(arrays: Any) -> dict[str, tuple[bool, float]]:
    """Return the claims of the figure, with margins as shares."""
    items, late = arrays["items"], arrays["gathers"][:, 3:]
    total, told = arrays["sizes"].sum(axis=1), arrays["expected"].sum(axis=1)
    decades = np.diff(arrays["probes"]) / np.diff(np.log10(items)) / V
    million = int(np.argmin(np.abs(items - 1_000_000)))
    return {
        "the numbers of prefixes are within 1 % of their expectation (ST-8)": below(abs(total / told - 1), 0.01),
        "from the fourth token on a beam reads at most a fifth more as the catalogue grows": below(
            late.max(axis=0) / late.min(axis=0), 1.2
        ),
        "binary search of all tokens takes 2.5 to 4.5 V more probes a beam for each decade of items": between(
            decades, 2.5, 4.5
        ),
        "from the fourth token on it takes more than 1,000 probes for each candidate that the index reads": below(
            1000, arrays["probes"][:, None] / late
        ),
        "a million items take less than 45 % of the bytes that the paper allows its arrays": below(
            arrays["bytes"][million] / arrays["bound"][million], 0.45
        ),
    }


def growth_beside(arrays: Any) -> list[Beside]:
    """The bound of the paper by our formula."""
    ours = [bound_of(n) / 1e9 for n in KNOWN["items"]]
    names = [f"gigabytes that are allowed for {n:,} items" for n in KNOWN["items"]]
    return beside(names, KNOWN["gigabytes"], ours, KNOWN["source"])


def draw_growth(arrays: Any) -> matplotlib.figure.Figure:
    """Draw reads of a step, and bytes, against the number of items."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator

    items = arrays["items"]
    figure, (steps, memory) = plt.subplots(1, 2, figsize=(8.6, 3.8), layout="constrained")
    reads = arrays["gathers"]
    shown = (
        (arrays["probes"], "binary search of all tokens: probes"),
        (reads[:, 1], "index: candidates, second token"),
        (reads[:, 2], "index: candidates, third token"),
        (reads[:, 3:].mean(axis=1), "index: candidates, later tokens"),
    )
    for i, (values, label) in enumerate(shown):
        look = {"color": COLORS[i], "marker": MARKERS[i], "linestyle": LINES[i % len(LINES)], "markersize": 5}
        steps.plot(items, values, label=label, **look)
    log_axes(steps, items)
    steps.yaxis.set_major_locator(LogLocator())
    steps.set(xlabel="items of the catalogue", ylabel="numbers read for one beam", title="one step")
    expected = arrays["expected"]
    edges, inner = expected[:, 1:].sum(axis=1), expected[:, :-1].sum(axis=1)
    memory.plot(items, arrays["bound"] / 1e6, color="gray", linestyle=":", label="allowed in the paper")
    memory.plot(items, (2 * edges + 4 * (inner + 1)) / 1e6, color=COLORS[1], label="expected (ST-7b, ST-8)")
    memory.plot(items, arrays["bytes"] / 1e6, color=COLORS[0], linestyle="", marker="o", label="measured")
    log_axes(memory, items)
    memory.set(xlabel="items of the catalogue", ylabel="megabytes", title="the arrays")
    steps.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    memory.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    headline(
        figure, "Uniform items of 8 tokens out of 2,048: a step reads what may follow, however large the catalogue"
    )
    return figure


GROWTH = Figure(
    name="growth",
    title="What a step of decoding reads, and what the index holds, as the catalogue grows.",
    compute=compute_growth,
    claims=growth_claims,
    draw=draw_growth,
    beside=growth_beside,
    seed=SEED,
    inputs=INPUTS,
)
