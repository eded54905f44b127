r"""Elimination of states without subtraction: the kernels behind exact and entrywise accurate stationary laws.

Removing state k from a chain with rates A leaves a chain on the other states with rates

.. math:: A_{ij} \leftarrow A_{ij} + \frac{A_{ik}}{\sigma_k} A_{kj}, \qquad \sigma_k = \sum_{j<k} A_{kj},

whose stationary law is the old one, restricted (Grassmann, Taksar and Heyman [1]_). Sums, products and quotients of
non-negative numbers only: nothing cancels, so each entry has a relative error of O(n^3) roundings whatever the
conditioning, and the same bodies run exactly on Fractions (``eliminate.py_func``). The diagonal is never read.

The same is done in three arithmetics: numbers, logarithms, and leading terms c x^p as x -> 0.

References
----------
.. [1] W. Grassmann, M. Taksar, D. Heyman, Regenerative analysis and steady state distributions for Markov chains,
   Operations Research 33, 1985.
"""

from __future__ import annotations

import math

from lrtheory._array import kernel

__all__ = ["eliminate", "eliminate_leading", "eliminate_log", "hitting_times", "stationary", "stationary_leading"]

#: rows that are updated together, so that a pivot row is read from memory once for all of them
BLOCK = 8

# Kernels of one arithmetic leave the same trace: above the diagonal A[i, k] / sigma_k, the weight of k seen from i;
# below it the rates A[k, j] of the chain on 0..k; sigma in `exits`. They return a state without exit, or -1.


@kernel
def eliminate(A, exits):
    """Remove the states n-1, ..., 1 in place. Loops run over rows first, the textbook order over states exchanged."""
    n = A.shape[0]
    # rows low .. top - 1 are brought up to date together; rows from top on are final, and serve as pivots only
    for top in range(n, 0, -BLOCK):
        low = max(0, top - BLOCK)
        for k in range(n - 1, low - 1, -1):
            if 0 < k < top:  # row k has seen all of its pivots, k + 1 .. n - 1, so sigma_k can be summed
                total = A[k, 0]
                for j in range(1, k):
                    total += A[k, j]
                if total == 0:
                    return k
                exits[k] = total
            for i in range(low, min(top, k)):
                A[i, k] /= exits[k]
                weight = A[i, k]
                # j = i writes to the diagonal, which nothing reads: cheaper than a branch in this loop
                for j in range(k):
                    A[i, j] += weight * A[k, j]
    return -1


@kernel
def stationary(A, pi):
    """Put the states back: pi enters as (1, 0, ..., 0) and leaves as the stationary law, not normalized."""
    # pi_k sigma_k = sum_{i<k} pi_i A_ik in the chain on 0..k, and A[i, k] holds A_ik / sigma_k
    n = A.shape[0]
    for i in range(n):
        for k in range(i + 1, n):
            pi[k] += pi[i] * A[i, k]


@kernel
def hitting_times(A, exits, costs):
    """Compute the expected cost on the way to state 0; `costs` enters as the cost of a unit of time in each state.

    The times h solve sigma_i h_i = costs_i + sum_j A_ij h_j with h_0 = 0; with costs of 1 they are mean hitting times.
    """
    n = A.shape[0]
    # forward: a visit to i is charged for the detours through the states that were removed
    for k in range(n - 1, 0, -1):
        for i in range(1, k):
            costs[i] += A[i, k] * costs[k]
    costs[0] -= costs[0]  # a zero of the same type, Fraction or float
    # backward: in the chain on 0..k the times of the states below k are known already
    for k in range(1, n):
        for j in range(1, k):
            costs[k] += A[k, j] * costs[j]
        costs[k] /= exits[k]


# --- logarithms -------------------------------------------------------------------------------------------------------


@kernel
def log_add(x, y):
    """Return log(e^x + e^y); a term below half an ulp of the other is left out, since e^-37 < 2^-53."""
    if x < y:
        x, y = y, x
    return x if x - y > 37.0 or y == -math.inf else x + math.log1p(math.exp(y - x))


@kernel
def eliminate_log(A, exits, log_pi):
    """Run `eliminate`, then `stationary`, on logarithms of rates; log_pi enters as (0, -inf, ..., -inf)."""
    n = A.shape[0]
    for top in range(n, 0, -BLOCK):
        low = max(0, top - BLOCK)
        for k in range(n - 1, low - 1, -1):
            if 0 < k < top:
                total = -math.inf
                for j in range(k):
                    # a sum of positive rates, never a difference: every digit of the answer is right (Grassmann,
                    # Taksar, Heyman)
                    total = log_add(total, A[k, j])
                if total == -math.inf:
                    return k
                exits[k] = total
            for i in range(low, min(top, k)):
                A[i, k] -= exits[k]
                weight = A[i, k]
                if weight != -math.inf:
                    for j in range(k):
                        A[i, j] = log_add(A[i, j], weight + A[k, j])
    for i in range(n):
        for k in range(i + 1, n):
            log_pi[k] = log_add(log_pi[k], log_pi[i] + A[i, k])
    return -1


# --- leading terms ----------------------------------------------------------------------------------------------------
# c x^p + d x^q keeps the smaller order, and adds the coefficients when the orders agree within tol.
# Zero is 0 x^inf. Orders never cancel because coefficients are positive, so the leading term of the answer is exact.


@kernel
def eliminate_leading(C, P, exit_c, exit_p, tol):
    """Run `eliminate` on leading terms, with coefficients C and orders P, in place."""
    n = C.shape[0]
    for top in range(n, 0, -BLOCK):
        low = max(0, top - BLOCK)
        for k in range(n - 1, low - 1, -1):
            if 0 < k < top:
                c, p = C[k, 0], P[k, 0]
                for j in range(1, k):
                    d, q = C[k, j], P[k, j]
                    c = c if q > p + tol else (d if q < p - tol else c + d)
                    p = min(p, q)
                if c == 0:
                    return k
                exit_c[k], exit_p[k] = c, p
            for i in range(low, min(top, k)):
                C[i, k] /= exit_c[k]
                P[i, k] -= exit_p[k]
                weight, order = C[i, k], P[i, k]
                if weight != 0:
                    for j in range(k):
                        c, p = C[i, j], P[i, j]
                        d, q = weight * C[k, j], order + P[k, j]
                        C[i, j] = c if q > p + tol else (d if q < p - tol else c + d)
                        P[i, j] = min(p, q)
    return -1


@kernel
def stationary_leading(C, P, c_pi, p_pi, tol):
    """Run `stationary` on leading terms; c_pi enters as (1, 0, ..., 0), p_pi as (0, inf, ..., inf)."""
    n = C.shape[0]
    for i in range(n):
        for k in range(i + 1, n):
            d, q = c_pi[i] * C[i, k], p_pi[i] + P[i, k]
            c, p = c_pi[k], p_pi[k]
            c_pi[k] = c if q > p + tol else (d if q < p - tol else c + d)
            p_pi[k] = min(p, q)
