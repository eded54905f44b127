"""A probe for counterexamples of monotonicity and submodularity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lrtheory.bounds import All, Classical, Draws, Family, Identity, Probability, Sides, Statement, saboteur
from lrtheory.dynamic_submodular import probe_submodular
from proofs_checks.dynamic_submodular.families.all_functions import SMALL, whole_functions
from proofs_checks.dynamic_submodular.families.functions import (
    by_values,
    draw_function,
    is_monotone,
    is_submodular,
    mask_of,
    members,
)
from proofs_checks.dynamic_submodular.families.offline import Suspect, cut
from proofs_checks.dynamic_submodular.families.streams import cardinalities, modular, spoilsport

INNOCENT = Family(
    "innocent",
    always=(Suspect(modular([1.0, 1.0])),),
    draw=lambda draws: Suspect(draw_function(draws, draws.integers(3, 5)), 60),
)

SQUARE = Family("a-square", always=(Suspect(cardinalities(2, n=4)),))


def complaint(suspect: Suspect, rng: np.random.Generator) -> int:
    """Return 0 where the probe found nothing, 1 where it found a counterexample."""
    return int(probe_submodular(suspect.function.objective(), n_probes=suspect.n_probes, rng=rng).kind is not None)


def complaints_with_control(suspect: Suspect, rng: np.random.Generator) -> tuple[int, int]:
    """Return whether the probe accuses the function, and whether it accuses a square, which it must."""
    return complaint(suspect, rng), complaint(SQUARE.smallest()[0], rng)


def accuses_all(suspect: Suspect, rng: np.random.Generator) -> tuple[int, int]:
    """Accuse every function, the control too."""
    return 1, 1


DS_P6 = Statement(
    id="dynamic_submodular/DS-P6",
    title="The probe accuses no function that is monotone and submodular",
    says="If f(v|A) >= f(v|B) >= 0 for all sets A inside B and all v outside B, the probe reports no counterexample.",
    source=Classical("submodularity", "definition"),
    tex=r"f(v|A) \ge f(v|B) \ge 0 \text{ for } A \subseteq B \Rightarrow \text{no counterexample}",
    hypotheses={
        "monotone": lambda suspect: is_monotone(suspect.function),
        "submodular": lambda suspect: is_submodular(suspect.function),
    },
    instances=INNOCENT,
    for_all=(
        All(
            f"{SMALL.format(2)}, probed 20 times each",
            lambda: (Suspect(function, 20) for function in whole_functions(3, 2)),
            members=115,
        ),
    ),
    solve=complaints_with_control,
    claim=Identity(lambda suspect, found: Sides(np.array(found), np.array([0, 1]))),
    decisions=("0", "1"),
    saboteurs=(
        saboteur("accuses everybody", solve=accuses_all),
        saboteur("a square", breaks="submodular", instances=SQUARE),
    ),
    # a probe that never accuses anybody would pass, were it not for the square beside each function
    notes="Beside each function runs a square of the cardinality, which must be found.",
)


@dataclass(frozen=True)
class Accusations:
    """The counterexamples of n runs: sets A inside B as bit masks, and the element v; v = -1 for none."""

    A: np.ndarray
    B: np.ndarray
    v: np.ndarray


def accusations(suspect: Suspect, rng: np.random.Generator, n: int) -> Accusations:
    """Return the findings of n runs of the probe."""
    objective = suspect.function.objective()
    found = [probe_submodular(objective, n_probes=suspect.n_probes, rng=rng) for _ in range(n)]
    columns = ([mask_of(one.A) for one in found], [mask_of(one.B) for one in found], [one.v for one in found])
    return Accusations(*map(np.array, columns))


def misses(suspect: Suspect, found: Accusations) -> np.ndarray:
    """Return whether a run has named no counterexample, or a false one."""
    n, f = suspect.function.n, suspect.function.values

    def is_true(A: int, B: int, v: int) -> bool:
        if not (0 <= v < n and 0 <= B < 1 << n and A & B == A and not B >> v & 1):
            return False
        rise = f[B | 1 << v] - f[B]
        return bool(rise < 0 if A == B else f[A | 1 << v] - f[A] < rise)

    triples = zip(found.A, found.B, found.v, strict=True)
    return np.array([not is_true(*map(int, triple)) for triple in triples])


def draw_suspect(draws: Draws) -> Suspect:
    """Draw a power of the cardinality, a function with a spoiler, a cut, or a sum over pairs."""
    n, kind = draws.integers(3, 5), draws.choice(("power", "spoiler", "cut", "pairs"))
    if kind == "power":
        return Suspect(cardinalities(draws.choice((1.5, 2.0, 3.0)), n=n), 40)
    if kind == "spoiler":
        return Suspect(spoilsport(n), 40)
    weights = draws.integers(0, 3, shape=(n, n)).astype(float) * (1 - np.eye(n))
    inside = members(np.arange(1 << n), n).astype(float)
    return Suspect(cut(weights) if kind == "cut" else by_values(np.einsum("su,uv,sv->s", inside, weights, inside)), 40)


GUILTY = Family("guilty", always=(Suspect(cardinalities(2, n=4), 40), Suspect(spoilsport(4), 40)), draw=draw_suspect)
MODULAR = Family("a-sum", always=(Suspect(modular([1.0, 1.0])),))


def one_probe(suspect: Suspect, rng: np.random.Generator, n: int) -> Accusations:
    """Probe once instead of as often as the suspect says."""
    return accusations(replace(suspect, n_probes=1), rng, n)


DS_P6_FINDS = Statement(
    id="dynamic_submodular/DS-P6-finds",
    title="The probe finds a function that is not",
    says="If one probe in ten or more meets a counterexample, 40 probes meet none with probability at most 1/20.",
    source=Classical("submodularity", "definition"),
    tex=r"P[\text{no counterexample in 40 probes}] \le 1/20",
    hypotheses={"one probe in ten meets a counterexample": lambda suspect: suspect.chance >= Fraction(1, 10)},
    instances=GUILTY,
    solve=accusations,
    # (9/10)^40 is less than 0.015
    claim=Probability(event=misses, at_most=lambda suspect: 0.05, exact=lambda suspect: suspect.miss),
    decisions=("A", "B", "v"),
    saboteurs=(
        # about half of the probes of a square meet a counterexample, so one probe alone misses it too often
        saboteur("one probe", solve=one_probe),
        saboteur("innocent functions", breaks="one probe in ten meets a counterexample", instances=MODULAR),
    ),
)
