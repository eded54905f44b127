"""Training: a step that cannot raise a rank, truncations that drift, scaled spectra as adapters: TR-*, SA-*."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Identity, Inequality, Sides, Statement, saboteur
from lrtheory.matrix_compression import theory
from lrtheory.matrix_compression.layers import training as library
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import energies, norm, product
from proofs_checks.matrix_compression.families.steps import (
    DRIFTS,
    SALTS,
    STEPS,
    TIMES,
    Salted,
    Step,
    as_adapter,
    cut,
    drifted,
    is_clear,
    is_salted,
    is_step,
    kept,
    pruned,
    tails,
)
from proofs_checks.matrix_compression.wrong_solvers import training as wrong


def no_larger(case: Step, found: dict[str, Any], factor: float = 1.0) -> Sides:
    """Compare the rank after a short step with that before, once the weight and all reports are what they must be."""
    before, moved = kept(case.W, case.share), case.start + case.D
    after, limit, length = kept(moved, case.share), case.limit, norm(case.D)
    made, allowed = np.asarray(found["W"], float), case.allowed
    least = norm(moved) * float(np.sqrt(tails(moved)[after]))
    wrongly = [norm(moved - made) - least, norm(cut(made, after) - made)]
    wrongly += [found["limit"] - limit, found["step_norm"] - length]
    counts = [found["rank"] - after, found["rank_before"] - before, bool(found["safe"]) - (length <= limit)]
    counts += [found["lost"] - tails(moved)[after]]
    short, most = length <= factor * limit, float(min(case.W.shape))
    return (
        unlike(np.array(wrongly), 8 * allowed)
        or unlike(np.array(counts, float), 1e-9)
        or Sides(float(after), float(before) if short else most, trivial=most, rounding=0.0)
    )


TR_1 = Statement(
    id="matrix_compression/TR-1",
    title="A short step cannot raise the rank",
    says=(
        "T is a weight that was truncated to the smallest rank k that leaves at most a share e of its squared norm. "
        "After a step D that is at most sqrt(e) |T| long, truncation of T + D by the same rule gives a rank of at most"
        " k. The weight, its rank and what is said of the step are those of this rule."
    ),
    source=Derived(theory.step_limit),
    tex=r"\|D\| \le \sqrt{e}\,\|T\| \Rightarrow \mathrm{rank}\,T_e(T + D) \le \mathrm{rank}\,T",
    hypotheses={"a weight, a step of its shape, a share in (0, 1)": is_step, "no rank on the last digits": is_clear},
    instances=STEPS,
    solve=pruned,
    claim=Inequality(no_larger),
    saboteurs=(
        saboteur("a thousandth longer", claim=Inequality(partial(no_larger, factor=1.001))),
        saboteur(
            "sqrt(e) / (1 - sqrt(e))",
            claim=Inequality(lambda case, found: no_larger(case, found, factor=1 / (1 - case.share**0.5))),
        ),
        saboteur("the last value below a limit is looked for, as released", solve=wrong.last_below, printed=True),
        saboteur(
            "values and not their squares",
            patch=(library._truncated, "np.cumsum(values[::-1] ** 2)", "np.cumsum(values[::-1])"),
        ),
        saboteur(
            "the step starts from the weight itself",
            patch=(library.prune_step, "np.ldexp(T, units[0] - unit)", "np.ldexp(given.astype(np.float64), -unit)"),
        ),
    ),
    notes="Sharp where sigma_k(T)^2 >= e / (1 - e) |T|^2 and T has not full rank. Longer steps claim nothing.",
)


def less_each_time(case: Step, found: list[np.ndarray], factor: int = 2, once: bool = False) -> Sides:
    """Compare the energy that is lost after each pair of truncations with its bound, once each is what it must be."""
    lhs, rhs, off, W = [], [], [], case.W
    for j, made in enumerate(found, start=1):
        for _ in range(2):
            W = cut(W, kept(W, case.share))
        off.append(norm(W - made))
        lhs.append(norm(case.W - made) ** 2)
        times = 1 if once else factor * j
        rhs.append(float(theory.drift_limit(times, case.share)) * norm(case.W) ** 2)
    total = norm(case.W) ** 2
    return unlike(np.array(off), 8 * case.allowed) or Sides(
        np.array(lhs), np.array(rhs), trivial=total, rounding=16 * case.allowed * norm(case.W)
    )


def stays_clear(case: Step) -> bool:
    """Decide whether no rank on the way hangs on the last digits."""
    W = case.W
    for _ in range(2 * TIMES):
        if not is_clear(Step(W, np.zeros_like(W), case.share)):
            return False
        W = cut(W, kept(W, case.share))
    return True


TR_4 = Statement(
    id="matrix_compression/TR-4",
    title="Truncating again and again drifts, but slowly",
    says=(
        "A weight W is truncated j times, each time to the smallest rank that leaves at most a share e of the squared "
        "norm it has then. All together lose at most the share 1 - (1 - e)^j of the squared norm of W; the rule is not "
        "idempotent, so that a second truncation can lose more."
    ),
    source=Derived(theory.drift_limit),
    tex=r"\|W - T_e^j(W)\|^2 \le (1 - (1 - e)^j)\,\|W\|^2",
    hypotheses={"a weight, a step of its shape, a share in (0, 1)": is_step, "no rank on the last digits": stays_clear},
    instances=DRIFTS,
    solve=drifted,
    claim=Inequality(less_each_time),
    saboteurs=(
        saboteur("the second truncation changes nothing", claim=Inequality(partial(less_each_time, once=True))),
        saboteur(
            "at least one value is dropped",
            patch=(
                library._truncated,
                "rank = int(np.argmax(left <= share * left[0]))",
                "rank = max(0, int(np.argmax(left <= share * left[0])) - 1)",
            ),
        ),
    ),
)


def of_parts(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare the norm of the adapter with that of both parts, and the adapter with the change of the weight."""
    made = product(found)
    energy = float(theory.salt_energy(case.s[: len(case.a)], case.a, case.b, rest=norm(case.X @ case.Y) ** 2))
    lhs = np.r_[norm(made), made.ravel()]
    return Sides(lhs, np.r_[np.sqrt(energy), case.update.ravel()], rounding=case.allowed)


def without_scale(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare the norm of the adapter with that of shifts and of X Y alone."""
    return Sides(norm(product(found)), float(np.hypot(norm(case.b), norm(case.X @ case.Y))), rounding=case.allowed)


SALTED = {"a decomposition, and parts that fit it": is_salted}
SA_1 = Statement(
    id="matrix_compression/SA-1",
    title="Scaled and shifted singular values change a weight by the sum of both parts",
    says=(
        "The singular values s_i of a weight W, up to the k-th, become a_i s_i + b_i, and X Y is added to the diagonal"
        " matrix of all others. The squared norm of the update W' - W is the sum of ((a_i - 1) s_i + b_i)^2 and of "
        "|X Y|^2, and the adapter B A that is written for it is that update."
    ),
    source=Derived(theory.salt_energy),
    tex=r"\|W' - W\|^2 = \textstyle\sum_{i \le k}((a_i - 1)s_i + b_i)^2 + \|XY\|^2",
    hypotheses=SALTED,
    instances=SALTS,
    solve=as_adapter,
    claim=Identity(of_parts),
    unread={"values": "SA-3 compares them with the spectrum"},
    may_vary=dict.fromkeys("BA", "of which rank the adapter is written is up to it, and the claim takes the product"),
    saboteurs=(
        saboteur("relu of the middle matrix, as one public layer has it", solve=wrong.rectified, printed=True),
        saboteur("shifts alone", claim=Identity(without_scale)),
        saboteur(
            "a shift is scaled, too", patch=(library.salt_to_adapter, "(a - 1) * s[:k] + b", "(a - 1 + b) * s[:k]")
        ),
    ),
)


def united_values(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare all singular values with those of both parts, and the error of the adapter with the tail of these."""
    lists = case.values, found["values"], np.sqrt(energies(case.update))
    n = max(map(len, lists))
    wanted, values, truth = (np.pad(x, (0, n - len(x))) for x in lists)
    return Sides(
        np.r_[norm(case.update - product(found)), values, truth],
        np.r_[norm(wanted[case.rank :]), wanted, wanted],
        rounding=case.allowed,
    )


def leading_alone(case: Salted, found: dict[str, Any]) -> Sides:
    """Compare the largest singular value with the largest change of a leading one: false where X Y is larger."""
    return Sides(found["values"].max(initial=0.0), np.abs(case.moved).max(initial=0.0), rounding=case.allowed)


SA_3 = Statement(
    id="matrix_compression/SA-3",
    title="Such an update is exactly an adapter, and its spectrum is known",
    says=(
        "The singular values s_i of a weight W, up to the k-th, become a_i s_i + b_i, and X Y, of rank r, is added to "
        "the others. The update has the singular values |(a_i - 1) s_i + b_i| and those of X Y, so it is an adapter of"
        " rank k + r, and one of rank j misses it by the root of the sum of the squares of all but the j largest."
    ),
    source=Derived(theory.salt_energy),
    tex=r"\sigma(W' - W) = \{|(a_i - 1)s_i + b_i|\} \cup \sigma(XY)",
    hypotheses=SALTED,
    instances=SALTS,
    solve=partial(as_adapter, whole=False),
    claim=Identity(united_values),
    saboteurs=(
        saboteur("leading values alone", claim=Identity(leading_alone)),
        saboteur("the others are scaled, too", patch=(library.salt_to_adapter, "U[:, k:] @ X", "U[:, k:] * s[k:] @ X")),
    ),
)
