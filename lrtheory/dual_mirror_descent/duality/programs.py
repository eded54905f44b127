r"""Linear programs in hindsight are scaled for HiGHS, whose tolerances are absolute and which drops entries below 1e-9.

So nothing reaches it in the caller's units. A variable is the share of an action in the most that its requests and the
budget allow of it, the rewards are divided by the largest one of a whole such share, and each resource by its budget:
every number lies in [0, 1], and all units cancel. Rows and rewards are then multiplied by `MAGNITUDE`, which makes the
tolerances so much finer. Whole actions cannot be measured in shares, so in the program of whole requests the rows and
the rewards alone are scaled, and a solution that overdraws the budget within the tolerance of the solver is cut off.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lrtheory._array import sparse
from lrtheory.dual_mirror_descent.problem import TOLERANCE, RequestStream

__all__ = ["consumption", "fits", "relaxation", "whole_requests"]

#: rows and rewards of a scaled program have this size, so that an absolute tolerance of 1e-10 is one of 1e-13
MAGNITUDE = 1024.0
#: the size of rows and rewards in the program of whole requests, whose tolerance is 1e-6 and cannot be set
WHOLE_MAGNITUDE = 2.0**20
#: solutions of whole requests beyond the budget that are cut off before giving up
MOST_CUTS = 64
OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


class Table(NamedTuple):
    """A table lists actions row by row: rewards (N d,), costs (m, N d) as shares of the budget, times of rows (N,)."""

    gains: np.ndarray
    shares: sparse.csr_array
    times: np.ndarray
    width: int

    @property
    def most(self) -> np.ndarray:
        """Return how often each action could be taken if its requests alone limited it, (N d,)."""
        return np.repeat(self.times, self.width)


def consumption(stream: RequestStream, solution: np.ndarray) -> np.ndarray:
    """Compute the units of each resource that a solution (N, d) uses, (m,)."""
    if sparse.issparse(stream.costs):
        return stream.costs.T @ solution[:, 0]
    return np.tensordot(solution, stream.costs, axes=2)


def fits(stream: RequestStream, times: np.ndarray, solution: np.ndarray, slack: float = TOLERANCE) -> bool:
    """Tell whether a solution is at least 0, takes each row at most as often as it comes, and keeps the budget."""
    within = (consumption(stream, solution) <= stream.budget * (1 + slack)).all()
    return bool(within and (solution >= 0).all() and (solution.sum(axis=1) <= times * (1 + slack)).all())


def _table(stream: RequestStream, times: np.ndarray) -> Table:
    n, d = stream.rewards.shape
    costs = stream.costs if sparse.issparse(stream.costs) else stream.costs.reshape(n * d, -1).astype(np.float64)
    used = sparse.csr_array(costs.T, dtype=np.float64)
    with np.errstate(over="ignore"):
        used.data = used.data / np.repeat(stream.budget.astype(np.float64), np.diff(used.indptr))
    gains = np.maximum(stream.rewards.astype(np.float64).ravel(), 0.0)  # no optimum needs an action at a loss
    return Table(gains, used, np.asarray(times, dtype=np.float64), d)


def _scaled_columns(rows: sparse.csr_array, factors: np.ndarray) -> sparse.csr_array:
    """Multiply each column by its factor, where 0 times infinity is 0."""
    by = factors[rows.indices]
    data = np.where(by > 0, rows.data, 0.0) * by
    return sparse.csr_array((data, rows.indices, rows.indptr), shape=rows.shape)


def _once(table: Table, sizes: np.ndarray) -> sparse.csr_array:
    """Make one constraint per request: the shares of its actions sum to 1 at most."""
    n, d = len(table.times), table.width
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(table.most > 0, sizes / table.most, 0.0)
    return sparse.csr_array((parts, np.arange(n * d), np.arange(0, n * d + 1, d)), shape=(n, n * d))


def relaxation(stream: RequestStream, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the best allocation (N, d) where requests may be split, and the prices (m,) of the resources.

    Parameters
    ----------
    stream : RequestStream
        The tables and the budget.
    times : array of shape (N,)
        Number of requests of each row, at least 0.

    Returns
    -------
    solution : float64 array of shape (N, d)
        Within the budget, up to the rounding that solvers allow.
    prices : float64 array of shape (m,)
        Dual price of each resource, at least 0.

    Raises
    ------
    RuntimeError
        If HiGHS finds no optimum.
    """
    from scipy.optimize import linprog  # here, so that importing the system stays quick

    table = _table(stream, times)
    shape, m = stream.rewards.shape, stream.n_resources
    peaks = table.shares.max(axis=0).toarray().ravel()
    # a variable is a share of sizes[k], the most of action k that its requests (`most`) and the scarcest of its budgets
    # (1 / peaks[k]) allow, so its cost per whole share is at most 1 of any budget
    with np.errstate(divide="ignore"):
        sizes = np.minimum(table.most, 1 / peaks)
    top = table.gains.max()
    gains = sizes * (table.gains / top if top > 0 else table.gains)
    if not gains.max() > 0:
        return np.zeros(shape), np.zeros(m)
    unit = top * gains.max()  # the reward of the best action, as often as it can be taken
    rows, limits = _scaled_columns(table.shares, sizes), np.ones(m)
    if table.width > 1:
        rows, limits = sparse.vstack([rows, _once(table, sizes)]), np.ones(m + len(table.times))
    upper = np.where(sizes < table.most, np.inf, 1.0)  # else a row of the budget says so, and its price must be there
    found = linprog(
        -MAGNITUDE * gains / gains.max(),
        A_ub=MAGNITUDE * rows,
        b_ub=MAGNITUDE * limits,
        bounds=np.c_[0 * sizes, upper],
        method="highs",
        options=OPTIONS,
    )
    if found.status != 0:
        raise RuntimeError(f"HiGHS found no optimum: {found.message}")
    # HiGHS minimizes, so marginals of the budgets are at most 0; MAGNITUDE cancels, and unit / budget restores units
    prices = np.maximum(-found.ineqlin.marginals[:m], 0.0) * (unit / stream.budget.astype(np.float64))
    return _shrunk(stream, table.times, (np.maximum(found.x, 0) * sizes).reshape(shape)), prices


def _shrunk(stream: RequestStream, times: np.ndarray, solution: np.ndarray) -> np.ndarray:
    """Shrink the solution where the tolerance of HiGHS has let it overdraw requests or a budget."""
    # first each overdrawn request by itself, then everything by the worst budget: shrinking keeps it feasible
    taken = solution.sum(axis=1)
    over = taken > times * (1 + TOLERANCE)
    solution[over] *= (times[over] / taken[over])[:, None]
    used = consumption(stream, solution)
    worst = (used / stream.budget).max()
    return solution / worst if worst > 1 + TOLERANCE else solution


# --- whole requests ---------------------------------------------------------------------------------------------------


def whole_requests(stream: RequestStream, times: np.ndarray) -> np.ndarray:
    """Find the best allocation (N, d) where requests may not be split.

    Parameters
    ----------
    stream : RequestStream
        The tables and the budget.
    times : array of shape (N,)
        Number of requests of each row, at least 0.

    Returns
    -------
    array of shape (N, d)
        Whole numbers, within the budget up to the rounding that solvers allow.

    Raises
    ------
    RuntimeError
        If HiGHS finds no optimum, or none that keeps within the budget.
    """
    table = _table(stream, np.floor(times))
    possible = table.shares.max(axis=0).toarray().ravel() <= 1 + TOLERANCE
    sizes = np.where(possible, 1.0, 0.0)  # actions that never fit leave the program, with their coefficients
    most, top = table.most * sizes, (table.gains * sizes).max()
    if not (table.gains * most).max() > 0:
        return np.zeros(stream.rewards.shape)
    rows = sparse.vstack([WHOLE_MAGNITUDE * _scaled_columns(table.shares, sizes), _request_rows(table)])
    limits = np.r_[np.full(stream.n_resources, WHOLE_MAGNITUDE), table.times]
    gains = WHOLE_MAGNITUDE * (table.gains * sizes) / top
    # solutions that overdraw a budget within HiGHS's tolerance are cut off one by one, until one is within the budget
    cuts: list[np.ndarray] = []
    while len(cuts) <= MOST_CUTS:
        solution = _solve_whole(gains, rows, limits, most, cuts).reshape(stream.rewards.shape)
        if fits(stream, times, solution):
            return solution
        cuts.append(solution.ravel())
    raise RuntimeError(f"HiGHS found no optimum within the budget: {MOST_CUTS} solutions overdraw it by its tolerance")


def _request_rows(table: Table) -> sparse.csr_array:
    n, d = len(table.times), table.width
    return sparse.csr_array((np.ones(n * d), np.arange(n * d), np.arange(0, n * d + 1, d)), shape=(n, n * d))


def _solve_whole(gains: Any, rows: Any, limits: np.ndarray, most: np.ndarray, cuts: list[np.ndarray]) -> np.ndarray:
    """Call HiGHS once, with the solutions `cuts` excluded, which overdraw a budget.

    A solution that takes at least as much of every action overdraws it too. So at least one action i of each cut is to
    be taken less often, x_i <= cut_i - 1, and binary variables say which one.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    n, constraints = len(gains), []
    n_binary = sum(int((cut > 0).sum()) for cut in cuts)
    at = n  # first binary variable of the cut
    for cut in cuts:
        support = np.flatnonzero(cut > 0)
        k = np.arange(len(support))
        # x_i + (most_i - cut_i + 1) y_i <= most_i: y_i = 1 asks x_i <= cut_i - 1, y_i = 0 nothing; some y_i is 1
        less = sparse.csr_array(
            (
                np.r_[np.ones(len(k)), most[support] - cut[support] + 1],
                (np.r_[k, k], np.r_[support, at + k]),
            ),
            shape=(len(k), n + n_binary),
        )
        some = sparse.csr_array((np.ones(len(k)), (0 * k, at + k)), shape=(1, n + n_binary))
        constraints += [LinearConstraint(less, ub=most[support]), LinearConstraint(some, lb=1)]
        at += len(support)
    wide = sparse.hstack([rows, sparse.csr_array((rows.shape[0], n_binary))], format="csr")
    found = milp(
        -np.r_[gains, np.zeros(n_binary)],
        constraints=[LinearConstraint(wide, ub=limits), *constraints],
        bounds=Bounds(0, np.r_[most, np.ones(n_binary)]),
        integrality=np.ones(n + n_binary),
        options={"mip_rel_gap": 0.0},
    )
    if found.status != 0:
        raise RuntimeError(f"HiGHS found no optimum: {found.message}")
    return np.round(found.x[:n])
