"""The loops written for vector registers against plain Numba: ``python -m benchmarks.lanes`` prints the ratios.

The script runs itself twice, once with LRTHEORY_PLAIN_NUMBA=1, several times in turn; a ratio is that of the fastest
calls of either side, since everything that slows a call down comes from outside. `lrtheory/_kernels/lanes.py`,
`nearest.py` and `softmax_rows.py` beside it, and `padded_rows.py` in the package `entries.regressions` of matrix
completion, quote the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

TURNS = 5
CALLS = 400


def least_seconds(call: Callable[[], object]) -> float:
    """The time of the fastest of many calls; the first one compiles and does not count."""
    call()
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def measured() -> dict[str, float]:
    """Seconds of each loop in this process: sums of weighted rows of k columns, and thin products."""
    from lrtheory._array import kernel
    from lrtheory._kernels.lanes import columns, product, weighted_sum

    @kernel
    def sums_of_rows(table, starts, rows, weights, sums):
        for p in range(len(starts) - 1):
            weighted_sum(table, rows, weights, starts[p], starts[p + 1], sums, p)

    rng, found = np.random.default_rng(0), {}
    starts = np.arange(0, 20001, 10)  # two thousand sums of ten rows each, as of a graph with ten neighbors
    for kind in (np.float64, np.float32):
        name = np.dtype(kind).name
        for k in (5, 10, 16):
            table, weights = rng.normal(size=(2000, k)).astype(kind), rng.normal(size=20000).astype(kind)
            given = table, starts, rng.integers(0, 2000, 20000).astype(np.uint32), weights, np.empty((2000, k), kind)
            found[f"weighted_sum, {k} columns, {name}"] = least_seconds(lambda given=given: sums_of_rows(*given))
        A = rng.normal(size=(512, 128)).astype(kind)
        B, out = rng.normal(size=(128, columns(kind))).astype(kind), np.empty((512, columns(kind)), kind)
        found |= descent(kernel, kind)
        found[f"product, 512 x 128, {name}"] = least_seconds(
            lambda A=A, B=B, out=out: product(A, B, out, 0, 128, False)
        )
    return found | sweeps(rng) | comparisons(rng) | softmaxes(kernel, rng)


def softmaxes(kernel: Callable[..., object], rng: np.random.Generator) -> dict[str, float]:
    """Seconds of what a softmax and a step to it take besides exponentials, for blocks of rows of K numbers."""
    from lrtheory._kernels.softmax_rows import add_rows, row_width, shift_rows, step_rows

    @kernel
    def width(table):
        return row_width(table)

    @kernel
    def stepped(costs, pulled, powers, sums, new):
        shift_rows(costs, pulled, costs.dtype.type(1), costs.dtype.type(1), powers, sums[0])
        add_rows(powers, costs.shape[0], sums[1])
        return step_rows(costs, pulled, powers, sums[1], costs.dtype.type(1), new)

    found = {}
    for kind in (np.float64, np.float32):
        for K in (3, 5, 10, 16):
            costs = rng.random((144, K)).astype(kind)
            pulled, powers = np.zeros((2, 144, width(costs)), kind)
            given = costs, pulled, powers, np.empty((2, 144), kind), np.empty_like(costs)
            found[f"rows, {K} columns, {np.dtype(kind).name}"] = least_seconds(partial(stepped, *given))
    return found


def comparisons(rng: np.random.Generator) -> dict[str, float]:
    """Seconds of the nearest of K means to two thousand points of 16 coordinates."""
    from lrtheory._kernels.nearest import nearest_means, padded_means, tiled

    tiles, found = tiled(rng.normal(size=(2000, 16)), np.zeros(16)), {}
    for K in (3, 5, 10, 16):
        given = tiles, *padded_means(rng.normal(size=(K, 16))), np.empty(2000, np.int64), np.empty(2000)
        found[f"nearest_means, {K} means, float64"] = least_seconds(partial(nearest_means, *given))
    return found


def sweeps(rng: np.random.Generator) -> dict[str, float]:
    """Seconds of the sweeps over a panel of 400 rows, as completions of rank k take them."""
    from lrtheory._array import kernel
    from lrtheory.matrix_completion.entries.regressions import padded_rows

    @kernel
    def gathered(F, chosen, x, panel, vectors):
        return padded_rows.gathered(F, chosen, x, panel, vectors[0], vectors[1], vectors[2])

    @kernel
    def multiplied(panel, d, vectors):
        return padded_rows.squared(panel, d, vectors[0], vectors[1][0], vectors[1])

    @kernel
    def squares(panel, d, k, G):
        padded_rows.gram(panel, d, k, G)

    @kernel
    def reduced(G, k):
        for c in range(k):
            padded_rows.eliminated(G, c)

    found, d = {}, 400
    for kind in (np.float64, np.float32):
        name = np.dtype(kind).name
        for k in (16, 20, 50):
            F, x = padded_rows.padded(rng.normal(size=(1000, k)), kind), rng.normal(size=d).astype(kind)
            panel, vectors = (
                padded_rows.padded(rng.normal(size=(d, k)), kind),
                padded_rows.padded(np.zeros((3, k)), kind),
            )
            G, chosen = (
                padded_rows.aligned((padded_rows.height(k), padded_rows.width(k, kind)), kind),
                rng.integers(0, 1000, d),
            )
            calls = {
                "gathered": (gathered, F, chosen.astype(np.int32), x, panel, vectors),
                "squared": (multiplied, panel, d, vectors),
                "gram": (squares, panel, d, k, G),
                "eliminated": (reduced, G * 0, k),
            }
            for sweep, (function, *given) in calls.items():
                found[f"{sweep}, rank {k}, {name}"] = least_seconds(partial(function, *given))
    return found


def descent(kernel: Callable[..., object], kind: type) -> dict[str, float]:
    """Seconds of the loops of dual mirror descent over 100 resources, for costs of either precision in a cache."""
    from lrtheory.dual_mirror_descent.prices import steps
    from lrtheory.dual_mirror_descent.runs.setup import prepare

    @kernel
    def priced_rows(costs, state):
        total = 0.0
        for row in range(costs.shape[0]):
            for action in range(costs.shape[1]):
                total += steps.priced(costs, row, action, state)
        return total

    rng, name = np.random.default_rng(0), np.dtype(kind).name
    costs = rng.integers(0, 2, (40, 1, 100)).astype(kind)
    options = {"reward_bound": 1, "cost_bound": 1, "step_size": 0.02}
    setup = prepare(np.full(100, 15.0), 40, 1e-12, **options)
    decisions, totals = np.empty((2, 40), np.int64), np.zeros((2, 2))
    ledger = steps.Ledger(*decisions, np.zeros((2, 4, 100)), totals, np.zeros(3, np.int64), np.zeros((0, 100)))
    menus, gradient = steps.Menus(rng.random((40, 1)), costs, steps.NO_TYPES), steps.gradient_of(setup)
    return {
        f"priced, 100 resources, {name}": least_seconds(lambda: priced_rows(costs, setup.state)),
        f"serve, 1 action, 100 resources, {name}": least_seconds(lambda: steps.serve(menus, setup, ledger, gradient)),
    }


def in_a_process(plain: bool) -> dict[str, float]:
    """What `measured` finds in a process of its own, with or without the loops for vector registers."""
    command = [sys.executable, "-m", "benchmarks.lanes", "--measure"]
    chosen = os.environ | {"LRTHEORY_PLAIN_NUMBA": str(int(plain))}
    done = subprocess.run(command, env=chosen, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Print how many times longer plain Numba takes, for each loop."""
    if "--measure" in sys.argv:
        print(json.dumps(measured()))
        return
    turns = {plain: [] for plain in (False, True)}
    for _ in range(TURNS):
        for plain, seconds in turns.items():
            seconds.append(in_a_process(plain))
    for name in turns[False][0]:
        ours, theirs = (min(turn[name] for turn in turns[plain]) for plain in (False, True))
        print(f"{name:<40}{theirs / ours:5.2f}")


if __name__ == "__main__":
    main()
