r"""Stationary distributions of finite Markov chains, from exact rationals to power iteration.

.. math:: \pi_y \sum_{x \ne y} A_{yx} = \sum_{x \ne y} \pi_x A_{xy}, \qquad \sum_y \pi_y = 1 .

=========  ====================================================  ==========================================
method     what it does                                          use it for
=========  ====================================================  ==========================================
gth        elimination without subtraction                       up to some thousand states; Fractions
log-gth    the same on logarithms                                rates that underflow
leading    the same on leading terms c x^p                       limits x -> 0 with several sinks, exactly
sparse     LU factors of a sparse matrix                         sparse chains, absolute accuracy is enough
power      power iteration of the lazy embedded jump chain       large sparse chains that mix
=========  ====================================================  ==========================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays, sparse
from lrtheory._result import Result, result
from lrtheory._types import ArrayLike, SparseArray
from lrtheory._validation import array, as_array, choice, flag, integer, must, real, refuse_unused
from lrtheory.alpha_rank.stationary import elimination, power

__all__ = ["MAX_DENSE", "StationaryResult", "stationary_distribution"]

#: the dense methods refuse more states than this (128 MiB, some seconds)
MAX_DENSE = 4096
#: the options that each method takes
OPTIONS: dict[str, set[str]] = {
    "gth": {"rational"},
    "log-gth": {"log"},
    "leading": {"rational", "order_tol"},
    "sparse": set(),
    "power": {"tol", "max_iter"},
}


class Reducible(ValueError):
    """The chain is not irreducible, at least not to the accuracy of doubles."""


@result
class StationaryResult(Result):
    r"""The stationary distribution that a solver found, and how.

    Attributes
    ----------
    pi : ndarray of shape (n,)
        The law; Fractions when computed exactly. For "leading" the limit as x -> 0.
    log_pi : float64 array of shape (n,)
        Natural logarithm of `pi`, also where `pi` underflows.
    coefficient, order : ndarray of shape (n,), or None
        For "leading": pi_x(s) ~ coefficient x^order, so the limit is the coefficient where the order is 0.
    residual_norm : float or Fraction
        sum_y \|inflow_y - outflow_y\| of the returned law; 0 exactly for Fractions. For "leading", in the chain of the
        terms of lowest order.
    method : str
        The method used.
    n_iter : int
        Sweeps of the power iteration, or states eliminated.
    converged : bool
        False only for a power iteration that was cut short.
    message : str
        Sentence about the accuracy that the method reached.
    counts : mapping
        ``flops``, the additions, multiplications and divisions of the elimination or of the sweeps; for "sparse" those
        of the triangular solves.
    """

    pi: np.ndarray
    log_pi: np.ndarray
    coefficient: np.ndarray | None
    order: np.ndarray | None
    residual_norm: float | Fraction
    method: str
    n_iter: int
    converged: bool
    message: str
    counts: Mapping[str, int]

    def _columns(self) -> dict[str, Any]:
        order = np.lexsort((np.arange(self.pi.size), -self.log_pi))
        shown: dict[str, Any] = {"state": order, "mass": self.pi[order]}
        return shown if self.order is None else shown | {"order": self.order[order]}

    def _facts(self) -> list[str]:
        return [f"residual {float(self.residual_norm):.2g} ({self.method})", self.message]


@arrays("host")
def stationary_distribution(
    chain: ArrayLike | SparseArray | tuple[ArrayLike, ArrayLike],
    *,
    method: Literal["gth", "log-gth", "leading", "sparse", "power"] = "gth",
    rational: bool = False,
    log: bool = False,
    order_tol: float | None = None,
    tol: float | None = None,
    max_iter: int | None = None,
) -> StationaryResult:
    r"""Compute the stationary distribution of an irreducible Markov chain.

    Arrays: any (copied to the host)

    Parameters
    ----------
    chain : array of shape (n, n), scipy sparse array, or pair of arrays
        Non-negative rates or probabilities from row to column; the diagonal is ignored. An object array of Fractions is
        solved exactly. For "leading" the pair (coefficients, orders) of rates c x^p, where c = 0 means no transition.
    method : {"gth", "log-gth", "leading", "sparse", "power"}
        See the table at the top of this module.
    rational : bool
        For "gth" and "leading": take every double as the fraction that it is, and solve exactly.
    log : bool
        For "log-gth": `chain` holds logarithms of rates, with -inf for none.
    order_tol : float or None
        For "leading": orders that differ by at most this much are equal. None means 0, which is right for integers and
        Fractions.
    tol : float or None
        For "power": l1 change of the last sweep. None means 1e-13.
    max_iter : int or None
        For "power": largest number of sweeps. None means 100 000.

    Returns
    -------
    StationaryResult
        The law `pi` and its logarithm `log_pi`, both of shape (n,), the l1 `residual_norm`, and the other fields of the
        class.

    Raises
    ------
    ValueError
        If the chain is not square, non-negative and irreducible, the numbers leave the range of doubles, or an option
        is given that the method does not take.

    Notes
    -----
    pi(s) is proportional to the sum, over spanning trees directed into s, of the products of their rates (statement
    AR-T8, exactly on Fractions). Each entry of "gth" has a relative error of O(n^3) roundings whatever the
    conditioning. "sparse" promises a small residual and nothing about small entries, which may come out at 1e-17
    instead of 1e-30; where sets of states hardly exchange mass even large entries may be wrong.

    References
    ----------
    .. [1] W. Grassmann, M. Taksar, D. Heyman, Operations Research 33, 1985.
    .. [2] J. Wicks, A. Greenwald, An algorithm for computing stochastically stable distributions, UAI 2005.

    Examples
    --------
    >>> stationary_distribution([[0, 1], [3, 0]]).pi.tolist()
    [0.75, 0.25]
    >>> stationary_distribution([[0, 1], [3, 0]], rational=True).pi.tolist()
    [Fraction(3, 4), Fraction(1, 4)]
    >>> x_and_two_x_squared = [[0, 1], [2, 0]], [[0, 1], [2, 0]]
    >>> stationary_distribution(x_and_two_x_squared, method="leading").order.tolist()
    [1.0, 0.0]
    """
    choice("method", method, OPTIONS)
    rational, log = flag("rational", rational), flag("log", log)
    given = {"rational": (rational, False), "log": (log, False), "order_tol": (order_tol, None)}
    refuse_unused(method, OPTIONS[method], **given, tol=(tol, None), max_iter=(max_iter, None))
    if method == "leading":
        order_tol = 0.0 if order_tol is None else real("order_tol", order_tol, low=0)
        return solve_leading(*_leading_terms(chain, rational), tol=order_tol)
    rates = _checked(chain, method, rational, log)
    if log or rates.dtype == object:
        return solve_log_gth(rates) if log else solve_gth(rates)
    rates, unit = _scaled(rates)
    if method == "power":
        tol = power.TOL if tol is None else real("tol", tol, low=0)
        max_iter = power.MAX_ITER if max_iter is None else integer("max_iter", max_iter, low=1)
        law = solve_power(power.sparse_rates(rates), tol=tol, max_iter=max_iter)
    elif method == "log-gth":
        with np.errstate(divide="ignore"):
            law = solve_log_gth(np.log(rates))
    else:
        law = solve_sparse(rates) if method == "sparse" else solve_gth(rates)
    return replace(law, residual_norm=law.residual_norm * unit)


def _scaled(rates: Any) -> tuple[Any, float]:
    """Drop the diagonal and divide by a power of two near the largest rate; return the rates and that unit.

    So the answer does not depend on the unit of time; powers of two divide without rounding, short of subnormals.
    """
    if sparse.issparse(rates):
        entries = sparse.coo_array(rates, dtype=np.float64)
        off = entries.row != entries.col
        rates = sparse.csr_array((entries.data[off], (entries.row[off], entries.col[off])), shape=entries.shape)
        largest = rates.data.max(initial=0.0)
    else:
        rates = np.where(np.eye(len(rates), dtype=bool), 0.0, rates)
        largest = rates.max()
    unit = 2.0 ** min(math.frexp(largest)[1], 1023) if largest > 0 else 1.0
    return rates / unit, unit


def _checked(chain: Any, method: str, rational: bool, log: bool) -> Any:
    """Check that the rates are square and non-negative; return them as a sparse, float64 or Fraction array."""
    chain = chain if sparse.issparse(chain) else as_array("chain", chain)
    shape = chain.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise must("chain", "square, with at least one state", shape)
    if method not in ("sparse", "power") and shape[0] > MAX_DENSE:
        rule = f'of at most {MAX_DENSE} states for a dense method (`method` "sparse" and "power" take more)'
        raise must("chain", rule, shape[0])
    low = -np.inf if log else 0.0
    if sparse.issparse(chain):
        array("chain", chain.data, low=low)
        if method in ("sparse", "power"):
            return chain
        chain = chain.toarray()
    rates = array("chain", chain, low=low, finite=not log)
    if log and np.isposinf(rates).any():
        raise must("chain", "below infinity", np.inf)
    return _doubles_or_fractions(rates, exact=rational or (rates.dtype == object and method in ("gth", "leading")))


def _leading_terms(chain: Any, rational: bool) -> tuple[np.ndarray, np.ndarray]:
    """Check and return the pair (coefficients, orders), with order infinity where there is no transition."""
    if not isinstance(chain, (tuple, list)) or len(chain) != 2:
        raise must("chain", 'a pair (coefficients, orders) for `method` "leading"', chain)
    coefficients = _checked(chain[0], "leading", False, False)
    orders = array("chain[1]", chain[1], shape=coefficients.shape, finite=False)
    none = np.asarray(coefficients == 0) | np.eye(len(coefficients), dtype=bool)
    if np.isinf(orders[~none].astype(np.float64)).any():
        raise must("chain[1]", "finite where there is a transition", np.inf)
    exact = rational or coefficients.dtype == object or orders.dtype == object
    orders = _doubles_or_fractions(np.where(none, 0, orders), exact=exact)
    return _doubles_or_fractions(coefficients, exact=exact), np.where(none, math.inf, orders)


def _doubles_or_fractions(values: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return the values as doubles or, if exact, as the Fractions that these doubles are."""
    if exact:
        return np.array([Fraction(value) for value in values.ravel().tolist()], dtype=object).reshape(values.shape)
    return values.astype(np.float64)


# --- one function per method; none of them changes its input ----------------------------------------------------------


def solve_gth(rates: np.ndarray) -> StationaryResult:
    """Solve by GTH on float64, or exactly on an object array of Fractions, where the kernels run interpreted."""
    eliminate, put_back, exact = elimination.eliminate, elimination.stationary, rates.dtype == object
    if exact:
        eliminate, put_back = eliminate.py_func, put_back.py_func
    eliminated, exits, pi = rates.copy(), _zeros(rates), _zeros(rates)
    pi[0] += 1
    _refuse_no_exit(eliminate(eliminated, exits))
    put_back(eliminated, pi)
    if not exact:
        _refuse_underflow(pi, exits[1:])
    _refuse_no_entry(pi != 0)
    pi = pi / pi.sum()
    return stationary_answer("gth", pi, residual(rates, pi), flops=_flops(len(pi)))


def solve_log_gth(log_rates: np.ndarray) -> StationaryResult:
    """Solve by GTH on logarithms of rates, which cannot underflow."""
    log_pi, exits = np.full(len(log_rates), -np.inf), np.empty(len(log_rates))
    log_pi[0] = 0.0
    _refuse_no_exit(elimination.eliminate_log(log_rates.copy(), exits, log_pi))
    _refuse_no_entry(log_pi > -np.inf)
    log_pi -= log_pi.max()  # the largest mass is 1 now, so the sum of all is in the range of doubles
    log_pi -= math.log(np.exp(log_pi).sum())
    pi = np.exp(log_pi)
    return stationary_answer("log-gth", pi, residual(np.exp(log_rates), pi), flops=_flops(len(pi)), log_pi=log_pi)


def solve_leading(coefficients: np.ndarray, orders: np.ndarray, *, tol: Any = 0.0) -> StationaryResult:
    """Solve by GTH on leading terms c x^p as x -> 0, exactly where coefficients and orders are Fractions."""
    eliminate, put_back = elimination.eliminate_leading, elimination.stationary_leading
    if coefficients.dtype == object:
        eliminate, put_back, tol = eliminate.py_func, put_back.py_func, Fraction(tol)
    c, p, exit_c, exit_p = coefficients.copy(), orders.copy(), _zeros(coefficients), _zeros(coefficients)
    c_pi, p_pi = _zeros(c), _zeros(c)
    c_pi[0] += 1  # the leading term 1 x^0 at state 0, zero = 0 x^inf elsewhere
    p_pi[1:] = math.inf
    _refuse_no_exit(eliminate(c, p, exit_c, exit_p, tol))
    put_back(c, p, c_pi, p_pi, tol)
    _refuse_no_entry(c_pi != 0)
    # the law is c_pi x^p_pi over its sum, whose leading order is the least one: only those states keep mass as x -> 0
    order = p_pi - p_pi.min()
    in_limit = np.asarray(order <= tol)
    coefficient = c_pi / c_pi[in_limit].sum()
    if not np.isfinite(coefficient.astype(np.float64)).all():
        raise must("chain", "within the range of doubles after elimination, or exact (`rational`)", "an overflow")
    pi = np.where(in_limit, coefficient, _zeros(c))
    lowest = np.where(orders <= orders.min() + tol, coefficients, 0 * coefficients)  # the chain at x = 0
    terms = {"coefficient": coefficient, "order": order}
    return stationary_answer("leading", pi, residual(lowest, pi), flops=_flops(len(pi)), **terms)


def solve_sparse(chain: Any) -> StationaryResult:
    """Solve the balance equations by sparse LU; the last one, which the others imply, becomes pi[-1] = 1."""
    from scipy.sparse.linalg import splu

    rates = sparse.csc_array(chain, dtype=np.float64)
    rates = rates - sparse.diags_array(rates.diagonal())
    # row y of `balance`: outflow of y less inflow; columns sum to 0, so one equation is redundant
    n, exits = rates.shape[0], rates.sum(axis=1)
    _refuse_no_exit(int(np.argmin(exits)) if n > 1 and exits.min() == 0 else -1)
    balance = sparse.csc_array(sparse.diags_array(exits) - rates.T)
    pi, fill = np.ones(n), 0
    if n > 1:
        try:
            factors = splu(balance[:-1, :-1])
        except RuntimeError as error:  # exactly singular
            raise must("chain", "irreducible", "a singular system of balance equations", Reducible) from error
        pi[:-1] = factors.solve(-balance[:-1, [-1]].toarray().ravel())
        fill = factors.L.nnz + factors.U.nnz
    if not np.isfinite(pi).all():
        rule = "irreducible, with masses in the range of doubles relative to the last state"
        raise must("chain", rule, "a system of balance equations without finite solution", Reducible)
    pi = np.maximum(pi, 0.0)  # LU subtracts: tiny masses may come out negative
    pi /= pi.sum()
    found = float(abs(balance @ pi).sum())
    message = "absolute accuracy only: small entries may have no correct digit"
    return stationary_answer("sparse", pi, found, flops=2 * fill, n_iter=1, message=message)


def solve_power(rates: power.IncomingRates, *, tol: float, max_iter: int) -> StationaryResult:
    """Solve by power iteration of the lazy embedded jump chain, see `power`."""
    exits, starts, sources, values = rates
    if len(exits) > 1:
        _refuse_no_exit(int(np.argmin(exits)) if exits.min() == 0 else -1)
    pi, n_iter, change = power.iterate(rates, tol=tol, max_iter=max_iter)
    pi = pi / pi.sum()
    # the residual is that of the balance equations, not the change of the last sweep, which may be small far away
    target = np.repeat(np.arange(len(exits)), np.diff(starts))[: len(values)]
    inflow = np.bincount(target, weights=pi[sources] * values, minlength=len(exits))
    found = float(abs(inflow - pi * exits).sum())
    message = f"the l1 change of the last sweep was {change:.1e}"
    flops = 2 * len(values) * n_iter
    return stationary_answer("power", pi, found, flops=flops, n_iter=n_iter, converged=change <= tol, message=message)


def residual(rates: np.ndarray, pi: np.ndarray) -> Any:
    """Return the sum over y of |inflow - outflow|, exact on Fractions; the diagonal of `rates` cancels."""
    total = abs(pi @ rates - pi * rates.sum(axis=1)).sum()
    return total if rates.dtype == object else float(total)


def stationary_answer(method: str, pi: np.ndarray, found: Any, *, flops: int, **fields: Any) -> StationaryResult:
    """Make a result with the residual `found`; fields that are not given get the values of an elimination."""
    with np.errstate(divide="ignore"):
        log_pi = np.log(pi.astype(np.float64))
    exact = "exact" if pi.dtype == object else "each entry is exact up to O(n^3) roundings"
    defaults = {"log_pi": log_pi, "coefficient": None, "order": None, "residual_norm": found, "n_iter": len(pi) - 1}
    defaults |= {"converged": True, "message": exact, "counts": {"flops": flops}}
    return StationaryResult(pi=pi, method=method, **(defaults | fields))


def _flops(n: int) -> int:
    """Count operations of GTH (AR-T10): 2 k^2 to remove state k, (2/3) n^3 in all, and 2 per pair on the way back."""
    return (n - 1) * n * (2 * n - 1) // 3 + n * (n - 1)


def _zeros(like: np.ndarray) -> np.ndarray:
    """Return a vector of zeros, of Fractions where the square array holds Fractions."""
    return np.full(len(like), Fraction(0) if like.dtype == object else 0.0, dtype=like.dtype)


# A chain is irreducible when every state reaches state 0 (seen by the elimination) and state 0 reaches every state.


def _refuse_no_exit(stuck: int) -> None:
    if stuck >= 0:
        raise must("chain", "irreducible", f"no way from state {stuck} to the states before it", Reducible)


def _refuse_no_entry(entered: np.ndarray) -> None:
    if not entered.all():
        raise must("chain", "irreducible", f"no way from state 0 to state {int(np.argmin(entered))}", Reducible)


def _refuse_underflow(pi: np.ndarray, exits: np.ndarray) -> None:
    """Refuse where underflow may have changed an entry.

    A rate that loses less than 5e-324 moves pi(s) by a factor of at most 5e-324 E[time to s]. The time to state 0 is at
    most n X, X = 1 / min(pi exits), because 1 / pi(k) bounds the time away from k; the time to s at most 2 n X /
    min(pi).
    """
    with np.errstate(invalid="ignore"):  # masses beyond all doubles are not safe either
        pi = pi / pi.max()
    safe = np.isfinite(pi).all() and pi.min() * min(1.0, exits.min(initial=1.0)) > 1e-140
    if not safe:
        rule = 'irreducible, with a law of more than 1e-140 at every state (`method` "log-gth" has no such limit)'
        raise must("chain", rule, "numbers that underflow", Reducible)
