"""The promises that do not hold, measured against promised: ``python figure.py`` draws them into promises.png.

It reads the evidence of the last run: a point is the left side over the right side at the counterexample, where the
right side is what the documentation allows. A promise that allows nothing, or ends in an error, has no ratio and a mark
of its own.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from lrtheory.bounds import Documented, Registry, load_evidence

HERE = Path(__file__).resolve().parent


def violations() -> list[tuple[str, float | None]]:
    """Ids of violated promises with their ratios, None where there is none; the largest last."""
    found = []
    for statement in Registry("promises/*.py"):
        if statement.violated is None or not isinstance(statement.source, Documented):
            continue
        name = statement.id.replace("/", "~") + ".json"
        path = next((HERE / "evidence").rglob(name), None)
        if path is None:
            raise FileNotFoundError(f"there is no evidence for {statement.id}; run `python -m pytest` first")
        evidence = load_evidence(path)
        sides = [number(evidence.worst.get(side, "")) for side in ("lhs", "rhs")]
        ratio = sides[0] / sides[1] if None not in sides and min(sides) > 0 else None
        found.append((statement.id, ratio))
    return sorted(found, key=lambda pair: (pair[1] is not None, pair[1] or 0.0))


def number(text: str) -> float | None:
    """A side of evidence as a double: a number, a fraction, or the middle of a ball; None for words."""
    text = text.strip("[]").partition("+/-")[0].strip()
    numerator, slash, denominator = text.partition("/")
    try:
        return int(numerator) / int(denominator) if slash else float(text)
    except ValueError:
        return None


def draw(found: list[tuple[str, float | None]]):
    """Draw one line per promise, on a logarithmic axis."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(7, 0.6 + 0.28 * len(found)), layout="constrained")
    for row, (_, ratio) in enumerate(found):
        if ratio is None:
            ax.plot(1, row, "x", color="tab:red")
        else:
            ax.plot([1, ratio], [row, row], color="lightgray")
            ax.plot(ratio, row, "o", color="tab:red")
    ax.axvline(1, color="black", linewidth=0.8)
    ax.set_xscale("log")
    ax.set_yticks(range(len(found)), [name for name, _ in found], fontsize=8)
    ax.set_xlabel("measured over promised (x: an error, or no ratio)")
    ax.set_title("Documented, and false")
    return figure


if __name__ == "__main__":
    mpl.use("Agg")
    draw(violations()).savefig(HERE / "promises.png", dpi=110)
