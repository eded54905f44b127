"""Formulas of ridge regression: least squares, costs by definition, streams without an edit, and refusals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import theory
from lrtheory.continual_learning.theory.ridge import information_matrix
from proofs_checks.continual_learning.ledger.costs import innovation_cost, interference, ledger_cost
from proofs_checks.continual_learning.ledger.quarter_laws import deviation_bound, interference_bound
from proofs_checks.continual_learning.ledger.residuals import edit_residual
from proofs_checks.continual_learning.maps.adapters import adapter_excess
from proofs_checks.continual_learning.maps.dual_solutions import dual_solution
from proofs_checks.continual_learning.maps.unlearning import leave_one_out

RIDGE, WEIGHT = 0.25, 4.0


def stream(seed: int) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Return a map of 4 inputs and 3 outputs, five edits, and two anchors."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(0, 4, 5)
    edits = [(rng.standard_normal((u, 4)), rng.standard_normal((u, 3))) for u in sizes]
    return rng.standard_normal((4, 3)), edits, rng.standard_normal((2, 4))


def objective(
    W: Any, W0: Any, edits: Any, *, ridge: Any = 1, anchors: Any = None, anchor_weight: Any = 1, decay: Any = 1
) -> Any:
    """Add up the cost of a map by its definition."""
    change, T = np.asarray(W) - W0, len(edits)
    kept = ridge * (change**2).sum() + (0 if anchors is None else anchor_weight * ((anchors @ change) ** 2).sum())
    errors = (decay ** (T - 1 - i) * ((np.asarray(K) @ W - V) ** 2).sum() for i, (K, V) in enumerate(edits))
    return decay**T * kept + sum(errors)


def least_squares(W0: np.ndarray, edits: Any, anchors: np.ndarray, decay: float = 1.0) -> np.ndarray:
    """Solve one least squares problem of weighted rows."""
    T = len(edits)
    rows = [decay ** ((T - 1 - i) / 2) * K for i, (K, _) in enumerate(edits)]
    aims = [decay ** ((T - 1 - i) / 2) * V for i, (_, V) in enumerate(edits)]
    prior = decay ** (T / 2) * np.vstack([RIDGE**0.5 * np.eye(4), WEIGHT**0.5 * anchors])
    return np.asarray(np.linalg.lstsq(np.vstack([prior, *rows]), np.vstack([prior @ W0, *aims]), rcond=None)[0])


@pytest.mark.parametrize("decay", [1.0, 0.5])
@pytest.mark.parametrize("seed", range(5))
def test_the_solution_is_that_of_least_squares(seed: int, decay: float) -> None:
    W0, edits, anchors = stream(seed)
    options: Any = {"ridge": RIDGE, "anchors": anchors, "anchor_weight": WEIGHT}
    W = theory.ridge_solution(W0, edits, decay=decay, **options)
    np.testing.assert_allclose(W, least_squares(W0, edits, anchors, decay), atol=1e-11)
    least = objective(W, W0, edits, decay=decay, **options)
    for step in np.random.default_rng(seed).standard_normal((20, 4, 3)) / 10:
        assert least <= objective(W + step, W0, edits, decay=decay, **options)
        # the cost is quadratic, with the information as its matrix
        M = information_matrix(W0, edits, decay=decay, **options)
        rise = objective(W + step, W0, edits, decay=decay, **options) - least
        assert rise == pytest.approx(np.trace(step.T @ M @ step))
    if decay == 1:
        np.testing.assert_allclose(dual_solution(W0, edits, **options), W, atol=1e-11)


@pytest.mark.parametrize("seed", range(5))
def test_the_ledger_is_that_of_batch_solutions(seed: int) -> None:
    W0, edits, anchors = stream(seed)
    options: Any = {"ridge": RIDGE, "anchors": anchors, "anchor_weight": WEIGHT}
    maps = [least_squares(W0, edits[:t], anchors) for t in range(len(edits) + 1)]
    cost = lambda t, W: objective(W, W0, edits[:t], **options)
    surprises, leverages = [], []
    for t, (K, V) in enumerate(edits):
        E = V - K @ maps[t]
        P = K @ np.linalg.inv(information_matrix(W0, edits[:t], **options)) @ K.T
        np.testing.assert_allclose(edit_residual(E, P), V - K @ maps[t + 1], atol=1e-11)
        paid = interference(E, P)
        assert paid == pytest.approx(cost(t, maps[t + 1]) - cost(t, maps[t]), abs=1e-10)
        assert innovation_cost(E, P) == pytest.approx(cost(t + 1, maps[t + 1]) - cost(t, maps[t]), abs=1e-10)
        assert 0 <= paid <= interference_bound((E**2).sum())
        surprises.append(E)
        leverages.append(P)
    assert ledger_cost(surprises, leverages) == pytest.approx(cost(5, maps[-1]))
    D = maps[-1] - W0
    moved = RIDGE * (D**2).sum() + WEIGHT * ((anchors @ D) ** 2).sum()
    assert moved <= deviation_bound(sum(((V - K @ W0) ** 2).sum() for K, V in edits))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_out_is_what_a_stream_without_it_gets_wrong(seed: int) -> None:
    W0, edits, anchors = stream(seed)
    options: Any = {"ridge": RIDGE, "anchors": anchors, "anchor_weight": WEIGHT}
    W, C = least_squares(W0, edits, anchors), np.linalg.inv(information_matrix(W0, edits, **options))
    for i, (K, V) in enumerate(edits):
        without = least_squares(W0, edits[:i] + edits[i + 1 :], anchors)
        np.testing.assert_allclose(leave_one_out(V - K @ W, K @ C @ K.T), V - K @ without, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_no_change_of_a_rank_costs_less(seed: int) -> None:
    W0, edits, anchors = stream(seed)
    options: Any = {"ridge": RIDGE, "anchors": anchors, "anchor_weight": WEIGHT}
    W, rng = least_squares(W0, edits, anchors), np.random.default_rng(seed)
    R = np.linalg.cholesky(information_matrix(W0, edits, **options)).T
    U, s, Vt = np.linalg.svd(R @ (W - W0), full_matrices=False)
    least = objective(W, W0, edits, **options)
    for rank in range(4):
        excess = adapter_excess(s, rank)
        best = np.linalg.solve(R, (U[:, :rank] * s[:rank]) @ Vt[:rank])
        assert objective(W0 + best, W0, edits, **options) == pytest.approx(least + excess)
        for _ in range(20):
            other = best + 0.1 * rng.standard_normal((4, rank)) @ rng.standard_normal((rank, 3)) if rank else best
            left, values, right = np.linalg.svd(other, full_matrices=False)
            change = (left[:, :rank] * values[:rank]) @ right[:rank]
            assert objective(W0 + change, W0, edits, **options) >= least + excess - 1e-10


def test_values_stay_exact() -> None:
    half, edit = Fraction(1, 2), ([[1]], [[3]])
    assert theory.ridge_solution([[1]], [edit], ridge=half).tolist() == [[Fraction(7, 3)]]
    assert information_matrix([[1]], [edit, edit], decay=half).tolist() == [[Fraction(7, 4)]]
    assert dual_solution([[1]], []).tolist() == [[1]]
    assert interference([[3]], [[1]]) == Fraction(9, 4) == interference_bound(9)
    assert leave_one_out([[1]], [[half]]).tolist() == [[2]]
    assert ledger_cost([], []) == 0
    assert deviation_bound(3) == Fraction(3, 4)


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_units_do_not_matter(factor: float) -> None:
    W0, edits, anchors = stream(0)
    W = theory.ridge_solution(W0, edits, ridge=RIDGE, anchors=anchors)
    scaled = [(factor * K, V) for K, V in edits]
    other = theory.ridge_solution(W0 / factor, scaled, ridge=RIDGE * factor**2, anchors=factor * anchors)
    np.testing.assert_allclose(other * factor, W, rtol=1e-9)


#: a map, and an edit that leaves a direction free
FREE = ([[1], [1]], [([[1, 2]], [[1]])])
FREE_IN_DOUBLES = ([[1.0], [1.0]], [([[1, 2]], [[1]])])
#: function, its arguments, its options, and what the sentence says
REFUSED: list[tuple[Any, tuple[Any, ...], dict[str, Any], str]] = [
    (theory.ridge_solution, ([1], []), {}, r"`W0` must be of shape \(d, p\)"),
    (theory.ridge_solution, ([[1]], [([[1, 2]], [[1]])]), {}, r"`keys` must be of shape \(u, 1\)"),
    (theory.ridge_solution, ([[1]], [([[1]], [[1], [2]])]), {}, r"`values` must be of shape \(1, 1\)"),
    (theory.ridge_solution, ([[1]], [[1, 2, 3]]), {}, r"`edits\[0\]` must be a pair"),
    (theory.ridge_solution, ([[1]], []), {"anchors": [[1, 2]]}, r"`anchors` must be of shape \(m, 1\)"),
    (theory.ridge_solution, FREE, {"ridge": 0}, "`ridge` must be positive where anchors"),
    (theory.ridge_solution, FREE_IN_DOUBLES, {"ridge": 0}, "`ridge` must be positive where anchors"),
    (dual_solution, ([[1]], [([[1]], [[1]])]), {"ridge": 0}, "`ridge` must be positive where anchors"),
    (ledger_cost, ([[[1]]], []), {}, "`leverages` must be a sequence of 1"),
    (leave_one_out, ([[1]], [[1]]), {}, "`P` must be without the eigenvalue 1"),
    (adapter_excess, ([1, 2], 1), {}, "`s` must be in descending order"),
]


@pytest.mark.parametrize(("formula", "given", "options", "words"), REFUSED)
def test_what_no_domain_says_is_refused(
    formula: Any, given: tuple[Any, ...], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        formula(*given, **options)


@pytest.mark.parametrize("wrong", [3, None, "abc", np.array(3.0)])
def test_what_is_no_sequence_is_refused(wrong: Any) -> None:
    for formula in (dual_solution, theory.ridge_solution):
        with pytest.raises(TypeError, match="`edits` must be a sequence; got"):
            formula([[1]], wrong)
    for given, name in (((wrong, []), "surprises"), (([], wrong), "leverages")):
        with pytest.raises(TypeError, match=f"`{name}` must be a sequence; got"):
            ledger_cost(*given)
