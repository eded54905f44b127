"""Distances to RandLoRA: RA-5, and a formula that counts two singular values of each block."""

import marimo

app = marimo.App(width="medium", app_title="Low-rank adapters: when does full rank pay?")

with app.setup:
    import marimo as mo
    import numpy as np

    from demos import _parts as parts
    from lrtheory.low_rank_adapters.theory import crossover_exponent
    from proofs_checks.low_rank_adapters.distances.randlora_blocks import RA_5, split
    from proofs_checks.low_rank_adapters.families.adapters import Case
    from proofs_checks.low_rank_adapters.families.targets import aimed, reached

    STORY = parts.Story(
        title="When does an adapter of full rank pay?",
        plain="LoRA makes updates of low rank and leaves the small singular values of the update that is needed. "
        "RandLoRA makes updates of full rank: N random bases, and for each of them a product of two trained vectors. "
        "Where the bases are orthonormal and its other frozen factor has entries 1 and -1, its least error is known, "
        "and the two numbers must agree:",
        formula=r"\min\|D-\Delta\|^2=\|D\|^2-\sum_j\sigma_1(A\circ B_j^\top D)^2",
        statement=RA_5,
        switch="two singular values of each block are counted in the place of one",
        measured="squared relative error of the nearest RandLoRA, measured",
        bound="the error that the formula says",
    )
    SLIDERS = {
        "decay": parts.Slider("decay a of the singular values 1/i^a", (0.0, 0.125, 0.25, 0.5, 1.0, 2.0), 0.25),
        "side": parts.Slider("side of the update", (8, 12, 16, 24), 16),
        "rank": parts.Slider("rank of the bases", (1, 2, 4), 2),
        "numbers": parts.Slider("number of bases", (2, 3, 4), 4),
        "tilt": parts.Slider("how far bases are from orthonormal", (0.0, 0.25, 1.0), 0.0),
    }
    DECAYS = np.linspace(0, 2, 9)


@app.function
def case_of(decay, side, rank, numbers, tilt):
    """RandLoRA with bases that may be tilted, and an update with singular values 1/i^a between random vectors."""
    m, r, N = int(side), int(rank), min(int(numbers), int(side) // int(rank))
    rng = np.random.default_rng(5)
    U, V, joint = (np.linalg.qr(rng.normal(size=(m, m)))[0] for _ in range(3))
    joint = joint[:, : N * r] + tilt * rng.normal(size=(m, N * r)) / np.sqrt(m)
    bases = np.ascontiguousarray(joint.reshape(m, N, r).swapaxes(0, 1))
    signs = rng.choice([-1.0, 1.0], size=(r, m))
    trained = np.zeros((N, r)), np.zeros((N, m))
    D = U * np.arange(1.0, m + 1) ** -decay @ V.T
    return aimed(Case("randlora", trained, (bases, signs), 1.0, (m, m)), D)


@app.function
def found_in(case, *, saboteur):
    """What the library finds; the saboteur subtracts two squared singular values of each block in the formula."""
    found = reached(case)
    if saboteur:
        _, _, blocks = split(case)
        values = [np.linalg.svd(case.named["A"] * block, compute_uv=False)[:2] for block in blocks]
        found["lower"] = float(np.sqrt(max(0.0, case.total - sum(np.sum(s * s) for s in values))))
    return found


@app.function
def measure(*, decay, side, rank, numbers, tilt, saboteur):
    """Errors and what the formula says by decay, those of LoRA with no more free numbers, and of random adapters."""
    sizes = {"side": side, "rank": rank, "numbers": numbers, "tilt": tilt}
    m, r = int(side), int(rank)
    N = min(int(numbers), m // r)
    free = N * (r + m - 1)
    q = max((k for k in range(1, m) if k * (2 * m - k) <= free), default=0)
    rows = []
    for a in (*DECAYS, decay):
        case = case_of(a, **sizes)
        found = found_in(case, saboteur=saboteur)
        energies = np.arange(1.0, m + 1) ** (-2 * a)
        error = case.moved(found["nearest"]).error / case.total
        rows.append([error, found["lower"] ** 2 / case.total, energies[q:].sum() / energies.sum()])
    measured, bound, lora = np.transpose(rows)
    verdict = parts.judge(RA_5, lambda one, rng=None: found_in(one, saboteur=saboteur), [case])
    more = {"lora": lora[:-1], "rank": q, "chance": 1 - (q * (2 * m - q) if q else free) / m**2, "decay": decay}
    more["level"] = crossover_exponent(m, q) if q else None
    return parts.Reading(DECAYS, measured[:-1], bound[:-1], (float(measured[-1]), float(bound[-1])), verdict, more)


@app.function
def draw(reading):
    """Errors by decay, with marks at the decay of the slider and where LoRA draws level with random adapters."""
    figure, axis = parts.axes(xlabel="decay a of the singular values", ylabel="squared relative error")
    parts.curves(axis, reading, "RandLoRA, the nearest", "RandLoRA, by the formula")
    more = reading.more
    if more["rank"]:
        axis.plot(reading.x, more["lora"], color=parts.OTHER, linestyle="--", label=f"LoRA of rank {more['rank']}")
        axis.axvline(more["level"], color=parts.OTHER, linestyle=":", linewidth=1)
    axis.axhline(more["chance"], color="gray", linestyle=":", label="random linear adapters of LoRA's size")
    axis.axvline(more["decay"], color="gray", linewidth=0.8)
    axis.set_ylim(bottom=0)
    parts.legend(axis)
    return figure


@app.cell
def _():
    mo.Html(parts.head(STORY))
    return


@app.cell
def _():
    controls = parts.controls(STORY, SLIDERS)
    parts.row(controls)
    return (controls,)


@app.cell
def _(controls):
    reading = measure(**controls.value)
    mo.Html(parts.body(STORY, reading, draw(reading)))
    return (reading,)


if __name__ == "__main__":
    app.run()
