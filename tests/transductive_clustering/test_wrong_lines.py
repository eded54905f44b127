"""Wrong lines of the updates and of rounding, each caught by values that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lrtheory import transductive_clustering as tc
from lrtheory._kernels import softmax_rows
from lrtheory.bounds.running.patching import Patch, patched
from lrtheory.transductive_clustering.clusters import prototypes
from lrtheory.transductive_clustering.updates import dense, rounding
from lrtheory.transductive_clustering.updates import sparse as sparse_bound
from lrtheory.transductive_clustering.updates.edges import csr_parts
from tests.transductive_clustering import oracles

RNG = np.random.default_rng(0)
A, W = oracles.problem(RNG)
START = oracles.rows(RNG, 6, 3)
CLAMP = np.array([-1, 2, -1, -1, -1, 0])


def dense_updates():
    return updates(W)


def sparse_updates():
    return updates(sparse.csr_array(W))


def updates(affinity):
    """Three whole steps with two held rows, and one that must be damped."""
    found = tc.bound_update(A, affinity, lam=1.5, init=START, clamp=CLAMP, damping=1.0, tol=0, max_iter=3, record=True)
    Z = np.where((CLAMP >= 0)[:, None], np.eye(3)[CLAMP], START)
    for i in range(4):
        if not np.allclose(found.trace["assignments"][i], Z, atol=1e-12):
            return False
        if not np.isclose(found.trace["energies"][i], oracles.energy(Z, A, W, 1.5, 1.0), atol=1e-12):
            return False
        Z = oracles.softmax_update(Z, A, W, 1.5, 1.0, CLAMP)
    swap = tc.make_two_points()
    pair = swap.affinity if affinity is W else type(affinity)(swap.affinity)
    damped = tc.bound_update(swap.costs, pair, lam=4.0, init=swap.init, record=True)
    return damped.damping == 0.5 and np.diff(damped.trace["energies"]).max() <= 1e-12


def sparse_blocks():
    """What a pass notes, from rows of all kinds and from rows with a single 1, whose largest move is down."""
    return noted_from(START) and noted_from(np.eye(3)[[0, 1, 2, 1, 0, 2]])


def noted_from(start):
    """What a pass notes of a block, for whole steps, short ones, and whole ones of which a part is taken back."""
    lam, temperature = 1.5, 0.7
    problem = sparse_bound.Problem(A, csr_parts(W), lam, temperature, CLAMP)
    Z = np.where((CLAMP >= 0)[:, None], np.eye(3)[CLAMP], start)
    goal = oracles.softmax_update(Z, A, W, lam, temperature, CLAMP)

    def noted(factor, new, notes):
        """Whether the new assignments and the three numbers of the block are those of a step so long."""
        wanted = Z + factor * (goal - Z)
        moves = np.abs(wanted - Z)
        due = oracles.energy(wanted, A, np.zeros((6, 6)), 0, temperature), (moves**2).sum(), moves.max()
        return np.allclose(new, wanted, atol=1e-13) and np.allclose(notes[0, 1:], due, atol=1e-12)

    for factor in (1.0, 0.375):
        new, notes = np.empty_like(Z), np.empty((1, 4))
        sparse_bound.update_rows(problem, sparse_bound.Step(factor, Z, new, notes), 0, 6)
        if not (noted(factor, new, notes) and np.allclose(notes[0, 0], (Z * (W @ Z)).sum(), atol=1e-13)):
            return False
    new, notes = np.empty_like(Z), np.empty((1, 4))
    sparse_bound.update_rows(problem, sparse_bound.Step(1.0, Z, new, notes), 0, 6)
    sparse_bound.shorten(problem, sparse_bound.Step(0.375, Z, new, notes))
    return noted(0.375, new, notes)


def shortened_runs():
    """Recorded squared steps of a run in which a step is taken back, on both codes, and where it is said to stand."""
    pair = tc.make_two_points()
    for affinity in (pair.affinity, sparse.csr_array(pair.affinity)):
        run = tc.bound_update(pair.costs, affinity, lam=4.0, init=pair.init, tol=1e-9, record=True)
        Z, steps = run.trace["assignments"], run.trace["steps"]
        if run.damping != 0.5 or not np.allclose(steps, ((Z[1:] - Z[:-1]) ** 2).sum((1, 2)), rtol=1e-9, atol=1e-15):
            return False
    return True


def turns():
    """Soft means after one turn."""
    X = np.array([[0.0], [1.0], [3.0], [4.0]])
    found = tc.cluster(X, 2, lam=0.0, init=[[0.0], [4.0]], max_iter=1)
    Z = oracles.softmax_update(np.zeros((4, 2)), (X - np.array([0.0, 4.0])) ** 2, np.zeros((4, 4)), 0, 1)
    return np.allclose(found.prototypes[:, 0], Z.T @ X[:, 0] / Z.sum(0))


def rounded():
    """Ties, the rows as they are then, and a diagonal that does not count."""
    zeros, swap = np.zeros((2, 2)), np.array([[0.0, 1.0], [1.0, 0.0]])
    in_turn = tc.round_assignments([[0.51, 0.49], [0.49, 0.51]], zeros, swap).tolist() == [1, 1]
    tie = tc.round_assignments(np.full((2, 2), 0.5), zeros, swap).tolist() == [0, 0]
    diagonal = tc.round_assignments([[0.1, 0.9]], [[0.0, 0.5]], [[5.0]]).tolist() == [0]
    return in_turn and tie and diagonal


MUTANTS = {
    "twice the pull": (dense.update, "bound.lam * pulled", "2 * bound.lam * pulled", dense_updates),
    "the support is not held": (dense.update, "return xp.where(bound.free, moved, Z)", "return moved", dense_updates),
    "lambda for lambda / 2": (dense.parts, "total(xp, Z * pulled) / 2", "total(xp, Z * pulled)", dense_updates),
    "no damping": (dense.descend, "factor = xp.where(rises, safe, factor)", "factor = factor", dense_updates),
    "whole steps for damped ones": (dense.mix, "(1 - factor) * Z + factor * goal", "goal", dense_updates),
    "half of the graph": (dense.pull, "bound.affinity @ Z", "xp.triu(bound.affinity) @ Z", dense_updates),
    "twice the pull, sparse": (
        softmax_rows.shift_rows,
        "lam * pulled[p, c] - costs[p, c]",
        "2 * lam * pulled[p, c] - costs[p, c]",
        sparse_updates,
    ),
    "the support is not held, sparse": (sparse_bound.hold_rows, "label < 0", "True", sparse_updates),
    "no damping, sparse": (sparse_bound.descend_sparse, "factor = safe\n", "break\n", sparse_updates),
    "the energy with lambda, sparse": (
        sparse_bound.descend_sparse,
        "float(notes[:, 0].sum()) / 2",
        "float(notes[:, 0].sum())",
        sparse_updates,
    ),
    "a squared step that is not shortened": (
        sparse_bound.shorten,
        "notes[block, 2] *= factor * factor",
        "pass",
        sparse_blocks,
    ),
    "a squared step shortened once": (
        sparse_bound.shorten,
        "notes[block, 2] *= factor * factor",
        "notes[block, 2] *= factor",
        shortened_runs,
    ),
    "a largest move that is not shortened": (sparse_bound.shorten, "notes[block, 3] *= factor", "pass", sparse_blocks),
    "a largest move shortened twice": (
        sparse_bound.shorten,
        "notes[block, 3] *= factor",
        "notes[block, 3] *= factor * factor",
        sparse_blocks,
    ),
    "the energy of the whole step": (
        sparse_bound.shorten,
        "notes[block, 1] = own_costs(",
        "own_costs(",
        sparse_blocks,
    ),
    "the move of the last cluster": (
        softmax_rows.step_rows,
        "far = max(far, abs(move))",
        "far = abs(move)",
        sparse_blocks,
    ),
    "moves with their signs": (
        softmax_rows.step_rows,
        "max(far, abs(move))",
        "max(far, move)",
        sparse_blocks,
    ),
    "the sum of the moves": (softmax_rows.step_rows, "square += move * move", "square += abs(move)", sparse_blocks),
    "steps before they are shortened": (
        softmax_rows.step_rows,
        "move = part * (goal - Z[p, c])",
        "move = goal - Z[p, c]",
        sparse_blocks,
    ),
    "held rows are said to move": (
        sparse_bound.hold_rows,
        "powers[p, c] = step.Z[start + p, c]",
        "pass",
        sparse_blocks,
    ),
    "means without weights": (
        prototypes.weighted_means,
        "xp.matrix_transpose(Z) @ X",
        "xp.matrix_transpose(xp.round(Z)) @ X",
        turns,
    ),
    "rounding with the old rows": (rounding.round_rows, "Z[p, c] = 1 * (c == best)", "pass", rounded),
    "ties go to the last label": (rounding.round_rows, "price < lowest", "price <= lowest", rounded),
    "the diagonal counts": (rounding.round_rows, "if q != p:", "if True:", rounded),
}


@pytest.mark.parametrize("check", [dense_updates, sparse_updates, sparse_blocks, shortened_runs, turns, rounded])
def test_the_code_is_right(check):
    assert check()


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name):
    kernel, old, new, check = MUTANTS[name]
    with patched(Patch(kernel, old, new)):
        assert not check()
