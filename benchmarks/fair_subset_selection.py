"""Fair subset selection against facility location in C++, approval-based committees, and samplers of rankings."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import Goal, Inputs, Row, ready


def panel(n: int, m: int, k: int) -> Callable[[], Inputs]:
    """Positions of m items in n uniform rankings, the worst case for lazy evaluation: all items are nearly alike."""

    def make() -> Inputs:
        positions = np.random.default_rng(0).permuted(np.tile(np.arange(m), (n, 1)), axis=1)
        return {"positions": positions, "k": np.array(k)}

    return make


def rankings(inputs: Inputs) -> Any:
    """Our rankings, checked when they are made, outside of the timing like the profile and the table of the peers.

    So are their positions in one byte each, which bloc reads and the first call keeps. The values of items to rankings,
    which are the peer's table, are made anew in every call of beta-CC.
    """
    from lrtheory.fair_subset_selection import Rankings

    return ready("rankings", inputs, lambda: Rankings(inputs["positions"]))


# --- beta-CC: every ranking is represented by its best item ----------------------------------------------------------


def our_borda_cc(inputs: Inputs) -> np.ndarray:
    """Greedy beta-CC in compact integers."""
    from lrtheory.fair_subset_selection import ScoreRule, select

    return np.array([select(rankings(inputs), ScoreRule("borda-cc"), int(inputs["k"]), method="lazy").score], float)


def our_borda_cc_floats(inputs: Inputs) -> np.ndarray:
    """Greedy beta-CC in doubles, like the peer's."""
    from lrtheory.fair_subset_selection import ScoreRule, select

    weights = np.arange(inputs["positions"].shape[1])[::-1].astype(np.float64)
    rule = ScoreRule("owa", position_weights=weights, owa=[1.0])
    return np.array([select(rankings(inputs), rule, int(inputs["k"]), method="lazy").score])


def submodlib(inputs: Inputs) -> np.ndarray:
    """Lazy greedy facility location; its table of similarities is made outside of the timing."""
    from submodlib import FacilityLocationFunction

    n, m = inputs["positions"].shape
    options: dict[str, Any] = {"mode": "dense", "separate_rep": True}

    def make() -> Any:
        return FacilityLocationFunction(n=m, n_rep=n, sijs=(m - 1.0 - inputs["positions"]), **options)

    chosen = ready("submodlib", inputs, make).maximize(
        budget=int(inputs["k"]), optimizer="LazyGreedy", stopIfZeroGain=False, verbose=False, show_progress=False
    )
    return np.array([sum(gain for _, gain in chosen)])


def borda_cc(n: int, m: int, k: int) -> Row:
    """A row of greedy beta-CC without quotas."""
    return Row(
        name=f"borda-cc-{n}x{m}",
        title=f"{k} of {m} items by greedy beta-CC on {n} rankings, no quotas",
        inputs=panel(n, m, k),
        ours={"integers": our_borda_cc, "float64": our_borda_cc_floats},
        peers={"submodlib": submodlib},
        tolerance=0,
    )


BORDA_CC = borda_cc(10_000, 1000, 50)
SMALL_BORDA_CC = borda_cc(1000, 100, 10)

# --- approval of the first ten ---------------------------------------------------------------------------------------

DEPTH = 10


def our_approval(kind: str) -> Callable[[Inputs], np.ndarray]:
    """The items that l-Bloc or greedy l-CC chooses, by number."""

    def solve(inputs: Inputs) -> np.ndarray:
        from lrtheory.fair_subset_selection import ScoreRule, select

        method = "lazy" if kind == "cc" else "auto"
        return np.sort(select(rankings(inputs), ScoreRule(kind, depth=DEPTH), int(inputs["k"]), method=method).items)

    return solve


def from_positions(solve: Callable[[Inputs], np.ndarray]) -> Callable[[Inputs], np.ndarray]:
    """A solver that checks the rankings in every call and keeps nothing between calls."""

    def fresh(inputs: Inputs) -> np.ndarray:
        return solve(dict(inputs))  # other inputs, for which nothing is ready

    return fresh


def abcvoting(rule: str) -> Callable[[Inputs], np.ndarray]:
    """The items that a package for approval ballots chooses; its profile is made outside of the timing."""

    def solve(inputs: Inputs) -> np.ndarray:
        from abcvoting import abcrules
        from abcvoting.preferences import Profile

        def make() -> Any:
            profile = Profile(inputs["positions"].shape[1])
            profile.add_voters([np.flatnonzero(row).tolist() for row in inputs["positions"] < DEPTH])
            return profile

        profile = ready("profile", inputs, make)
        return np.sort(list(abcrules.compute(rule, profile, committeesize=int(inputs["k"]), resolute=True)[0]))

    return solve


def approval(name: str, kind: str, rule: str) -> Row:
    """A row on the first ten of 10^4 rankings of 100 items; "from-arrays" also checks that they are rankings."""
    solve = our_approval(kind)
    return Row(
        name=name,
        title=f"10 of 100 items by {name} on the first {DEPTH} of 10,000 rankings",
        inputs=panel(10_000, 100, 10),
        ours={"select": solve, "from-arrays": from_positions(solve)},
        peers={"abcvoting": abcvoting(rule)},
        tolerance=0,
    )


BLOC = approval("bloc", "bloc", "av")
CC = approval("greedy-cc", "cc", "seqcc")

# --- samplers --------------------------------------------------------------------------------------------------------

PHI = 0.5


def size() -> Inputs:
    """1000 rankings of 50 items."""
    return {"size": np.array([1000, 50])}


def footrule(table: np.ndarray) -> np.ndarray:
    """Mean distance of positions to those of the center, which is the same for positions and orders."""
    return np.abs(table - np.arange(table.shape[1])).sum(axis=1).mean(keepdims=True)


def our_mallows(inputs: Inputs) -> np.ndarray:
    """Our sample."""
    from lrtheory.fair_subset_selection import sample_rankings

    n, m = inputs["size"].tolist()
    return footrule(sample_rankings("mallows", n, m, phi=PHI).positions)


def prefsampling(inputs: Inputs) -> np.ndarray:
    """A sample of the same law by a package of samplers."""
    from prefsampling.ordinal import mallows

    n, m = inputs["size"].tolist()
    return footrule(np.asarray(mallows(n, m, PHI)))


MALLOWS = Row(
    name="mallows-1000x50",
    title=f"1000 Mallows rankings of 50 items, phi = {PHI}: the same mean distance to the center",
    inputs=size,
    ours={"sample": our_mallows},
    peers={"prefsampling": prefsampling},
    tolerance=3.0,  # of about 81; the standard error of the difference of two samples is about a half
)

# --- without a peer: rankings that never exist at once ---------------------------------------------------------------


def stream(inputs: Inputs) -> np.ndarray:
    """Borda scores of uniform rankings, drawn in blocks."""
    from lrtheory.fair_subset_selection import ScoreRule, item_scores, ranking_blocks

    n, m = inputs["size"].tolist()
    return item_scores(ranking_blocks("impartial-culture", n, m, rng=0), ScoreRule("borda"))


def stream_error(inputs: Inputs, answer: np.ndarray) -> float:
    """How far scores are from those of n uniform rankings: their sum is known, and each within standard deviations."""
    n, m = inputs["size"].tolist()
    mean, deviation = n * (m - 1) / 2, np.sqrt(n * (m * m - 1) / 12)
    total = abs(int(answer.sum()) - n * m * (m - 1) // 2)
    return float(total + np.abs(answer - mean).max() / deviation)


def streaming(n: int, *, seconds: float, large: bool) -> Goal:
    """A goal for n rankings of 10^4 items."""
    return Goal(
        name=f"stream-{n:.0e}x1e4".replace("e+0", "e"),
        title=f"Borda scores of {n:,} rankings of 10,000 items, {4e-5 * n:g} GB of rankings that never exist at once",
        inputs=lambda: {"size": np.array([n, 10_000])},
        solve=stream,
        error=stream_error,
        seconds=seconds,
        gigabytes=0.5,
        tolerance=6.5,  # standard deviations, of 10^4 scores
        large=large,
    )


STREAM = streaming(10_000, seconds=1.5, large=False)
LARGE_STREAM = streaming(100_000, seconds=15.0, large=True)

# --- without a peer: a large file ------------------------------------------------------------------------------------


def voters(n: int, m: int) -> Inputs:
    """The ballot of each of n voters, which is one of ten thousand orders of m alternatives."""
    rng = np.random.default_rng(0)
    return {"orders": rng.permuted(np.tile(np.arange(m), (10_000, 1)), axis=1), "rows": rng.integers(10_000, size=n)}


def file_of(inputs: Inputs) -> Any:
    """A PrefLib file with a line for each voter, which is there as long as the object is."""
    m = inputs["orders"].shape[1]
    lines = [f"1: {','.join(map(str, order))}\n" for order in (inputs["orders"] + 1).tolist()]
    file = tempfile.NamedTemporaryFile("w", suffix=".soc")
    file.write(f"# NUMBER ALTERNATIVES: {m}\n# NUMBER VOTERS: {len(inputs['rows'])}\n")
    file.writelines(f"# ALTERNATIVE NAME {number}: {number}\n" for number in range(1, m + 1))
    file.writelines(lines[row] for row in inputs["rows"])
    file.flush()
    return file


def read_file(inputs: Inputs) -> np.ndarray:
    """Sums of the positions in a hundred blocks of voters."""
    from lrtheory.fair_subset_selection import Rankings

    file = ready("file", inputs, lambda: file_of(inputs))
    positions = Rankings.from_file(file.name).positions
    return positions.reshape(100, -1, positions.shape[1]).sum(axis=1, dtype=np.float64)


def file_error(inputs: Inputs, answer: np.ndarray) -> float:
    """The largest difference to the sums that the orders have, each position looked up."""
    positions = np.argsort(inputs["orders"], axis=1)
    expected = [positions[rows].sum(axis=0) for rows in np.split(inputs["rows"], 100)]
    return float(np.abs(answer - expected).max())


FILE = Goal(
    name="preflib-1e6",
    title="1,000,000 strict ballots on 20 items from a PrefLib file of 54 MB, a line for each voter",
    inputs=lambda: voters(1_000_000, 20),
    solve=read_file,
    error=file_error,
    seconds=1.0,
    gigabytes=0.5,
    tolerance=0.0,
    large=False,
)
