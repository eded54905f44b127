"""The choice behind `alpha_rank`: which method solves which chain, and why."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from lrtheory._validation import must
from lrtheory.alpha_rank.chains.profiles import ProfileChain, profile_neighbors
from lrtheory.alpha_rank.chains.response_graph import graph_of_chain
from lrtheory.alpha_rank.chains.single_population import GlobalChain
from lrtheory.alpha_rank.chains.transition import check_intensity, profile_chain
from lrtheory.alpha_rank.stationary import power
from lrtheory.alpha_rank.stationary.contraction import solve_levels
from lrtheory.alpha_rank.stationary.distribution import (
    MAX_DENSE,
    Reducible,
    StationaryResult,
    solve_gth,
    solve_leading,
    solve_log_gth,
    solve_power,
    stationary_answer,
)
from lrtheory.alpha_rank.stationary.lines import Rates, line_sinks, solve_lines, sorted_lines
from lrtheory.alpha_rank.stationary.orders import arc_orders, line_orders, sink_orders

__all__ = ["MAX_DEVIATIONS", "check_dense", "line_law", "table_law"]

#: beyond this many profiles "auto" looks for a single sink before it takes the leading terms of all profiles
FEW = 1000
#: a table of more deviations than this is refused (2 GiB)
MAX_DEVIATIONS = 2**27
POWER: dict[str, Any] = {"tol": power.TOL, "max_iter": power.MAX_ITER}
#: the limit of a game with several sinks needs a table of its deviations, several times over (1 GiB)
MAX_ARCS = 2**23
ONE_SINK = "one sink, so the limit is the law of the walk on it"
Law = tuple[StationaryResult, str, list[np.ndarray]]
Perturbation = float | Fraction | None  # None for finite alpha, and for limits


def check_dense(chain: ProfileChain, instead: str) -> None:
    """Refuse games whose dense matrix would be too large."""
    n = len(chain.neighbors)
    if n > MAX_DENSE:
        raise must("payoffs", f"a game of at most {MAX_DENSE} profiles here ({instead} takes more)", n)


# --- on sorted lines: infinite alpha, any number of profiles ----------------------------------------------------------


def line_law(tables: np.ndarray, m: int, limit: str, perturbation: Perturbation, method: str) -> Law:
    """Solve at infinite alpha on sorted lines, with no table of deviations; return law, reason of the method, sinks."""
    lines, n = sorted_lines(tables), tables[0].size
    sinks = line_sinks(lines)
    if perturbation is not None:
        rates = Rates(1 - float(perturbation), 0.5, float(perturbation))
        law = solve_lines(lines, rates, np.full(n, 1 / n), **POWER)
        return law, "chosen by the caller" if method == "power" else f"more than {MAX_DENSE} profiles", sinks
    if len(sinks) > 1 and method == "auto":
        _check_arcs(n * int((lines.sizes - 1).sum()))
        return *_limit(profile_chain(tables), limit, m, "leading", sinks), sinks
    sink = _only(sinks, n)
    if len(sink) <= MAX_DENSE:
        # only the rows of the sink are made: |sink| D entries, however many profiles there are
        neighbors, players = profile_neighbors(tables.shape[1:], sink)
        flat = tables.reshape(len(tables), -1)
        gains = flat[players, neighbors] - flat[players[None, :], sink[:, None]]
        law = _on_sink(ProfileChain(tables.shape[1:], neighbors, gains), sink, n, limit, m)
    else:
        # mass that starts on the sink stays there at rate 0 downhill, so the sweeps solve the walk on the sink
        start = np.zeros(n)
        start[sink] = 1 / len(sink)
        law = solve_lines(lines, Rates(1.0, 0.5 if limit == "perturbed" else 1 / m, 0.0), start, **POWER)
    order = line_orders(lines, tables, sink, 0.0 if limit == "perturbed" else m - 1.0)
    return replace(law, order=order), "chosen by the caller" if method == "sink" else ONE_SINK, sinks


def _only(sinks: list[np.ndarray], n: int) -> np.ndarray:
    """Return the only sink; refuse several, where the limit depends on the paths between them (statement AR-T7)."""
    if len(sinks) > 1:
        raise must("payoffs", 'a game with one sink for `method` "sink"', f"{len(sinks)} sinks, {n} profiles")
    return sinks[0]


def _check_arcs(n_arcs: int) -> None:
    """Refuse games whose leading terms would be too many."""
    if n_arcs > MAX_ARCS:
        rule = f'a game with one sink, or of at most {MAX_ARCS} deviations (`perturbation` and "power" take more)'
        raise must("payoffs", rule, n_arcs)


def _on_sink(rows: ProfileChain, sink: np.ndarray, n: int, limit: str, m: int) -> StationaryResult:
    r"""Compute the limit of a game with one sink: the law of the limit chain on it, 0 elsewhere (statement AR-T6).

    `rows` are the deviations from the profiles of the sink. The limit chain has one recurrent class, so its law is
    unique, and a limit of laws of chains is a law of the limit chain.
    """
    coefficients, orders = rows.perturbed_terms() if limit == "perturbed" else rows.alpha_terms(m)
    stays = np.asarray(orders == 0)  # moves that do not vanish in the limit stay in the sink
    matrix = np.zeros((len(sink), len(sink)), dtype=coefficients.dtype)
    x, d = np.nonzero(stays)
    matrix[x, np.searchsorted(sink, rows.neighbors[x, d])] = coefficients[x, d]
    inner = solve_gth(matrix)
    pi = np.full(n, 0 * inner.pi[0], dtype=inner.pi.dtype)
    pi[sink] = inner.pi
    # the terms are D times the rates, and so is their residual
    scale = max(rows.neighbors.shape[1], 1)
    message = f"exact on the sink of {len(sink)} profiles, 0 elsewhere"
    fields = {"n_iter": len(sink) - 1, "message": message}
    return stationary_answer("sink", pi, inner.residual_norm / scale, flops=inner.counts["flops"], **fields)


# --- on the table of all deviations -----------------------------------------------------------------------------------


def table_law(chain: ProfileChain, alpha: float, m: int, limit: str, perturbation: Perturbation, method: str) -> Law:
    """Solve a chain that is given by its deviations; return the law, the reason for the method, and the sinks."""
    check_intensity(chain, alpha, m)
    sinks = graph_of_chain(chain).markov_conley_chains()
    if math.isinf(alpha) and perturbation is None:
        return *_limit(chain, limit, m, method, sinks), sinks
    return *_law(chain, alpha, m, perturbation, method), sinks


def _limit(chain: ProfileChain, limit: str, m: int, method: str, sinks: list) -> tuple[StationaryResult, str]:
    """Compute the exact limit: on the sink where there is only one, else from the leading terms of the rates."""
    if method not in ("auto", "leading", "sink"):
        raise must("method", '"auto", "leading" or "sink" for a limit (give `perturbation` for the others)', method)
    n = len(chain.neighbors)
    # whether the response graph tells the limit chain
    walks = not isinstance(chain, GlobalChain) or limit == "perturbed"
    if method == "sink" or (method == "auto" and n > FEW and len(sinks) == 1 and walks):
        if not walks:
            raise must("method", '"leading" for general global fitness, whose limit has other sinks', method)
        sink = _only(sinks, n)
        if len(sink) > MAX_DENSE:
            rule = f"a game whose sink has at most {MAX_DENSE} profiles, or of doubles without `tie_tol`"
            raise must("payoffs", rule, len(sink))
        rows = ProfileChain(chain.sizes, chain.neighbors[sink], chain.differences[sink])
        order = sink_orders(chain.neighbors, arc_orders(chain, limit, m), sink)
        law = replace(_on_sink(rows, sink, n, limit, m), order=order)
        return law, "chosen by the caller" if method == "sink" else ONE_SINK
    if chain.exact:
        check_dense(chain, "payoffs in doubles")
    _check_arcs(chain.neighbors.size)
    coefficients, orders = chain.perturbed_terms() if limit == "perturbed" else chain.alpha_terms(m)
    # orders in epsilon are counts; those in exp(-alpha) are sums of payoff gaps, known up to rounding
    rounding = 0.0 if limit == "perturbed" or chain.exact else 1e-11 * float(orders.max(initial=0.0))
    if n > MAX_DENSE:
        law = solve_levels(chain.neighbors, coefficients, orders, tol=100 * rounding)
        return law, f"more than {MAX_DENSE} profiles, whose sinks are contracted"
    tol = rounding * len(orders)
    law = solve_leading(chain.dense(coefficients), chain.dense(orders, fill=math.inf), tol=tol)
    return law, "chosen by the caller" if method == "leading" else "a limit is exact on leading terms"


def _law(
    chain: ProfileChain, alpha: float, m: int, perturbation: Perturbation, method: str
) -> tuple[StationaryResult, str]:
    """Solve at finite alpha, or at a given perturbation; return the law and the reason for the method."""
    n = len(chain.neighbors)
    if method != "auto":
        try:
            return _solve(chain, alpha, m, perturbation, method), "chosen by the caller"
        except Reducible as error:  # as below: the chain is irreducible, and some of its rates underflow
            name, value, side = (
                ("alpha", alpha, "small") if perturbation is None else ("perturbation", perturbation, "large")
            )
            rule = f'{side} enough for the doubles of `method` "{method}" ("log-gth" takes any)'
            raise must(name, rule, value, Reducible) from error
    if n > MAX_DENSE:
        return _solve(chain, alpha, m, perturbation, "power"), f"more than {MAX_DENSE} profiles"
    try:
        return _solve(chain, alpha, m, perturbation, "gth"), "accurate in every entry"
    except Reducible:  # finite alpha is always irreducible (AR-T1): the doubles are at fault
        return _solve(chain, alpha, m, perturbation, "log-gth"), "rates underflow at this alpha"


def _solve(chain: ProfileChain, alpha: float, m: int, perturbation: Perturbation, method: str) -> StationaryResult:
    """Compute the law by the method that was chosen."""
    if method == "power":
        if perturbation is None:
            outgoing, incoming = chain.rates(alpha, m), chain.rates(alpha, m, incoming=True)
        else:
            outgoing, incoming = chain.perturbed_rates(perturbation), chain.perturbed_rates(perturbation, incoming=True)
        rates = power.regular_rates(chain, outgoing.astype(np.float64), incoming.astype(np.float64))
        return solve_power(rates, **POWER)
    check_dense(chain, '`method` "power"')
    if method == "log-gth":
        log_rates = (
            np.log(chain.perturbed_rates(perturbation).astype(np.float64))
            if perturbation is not None
            else chain.log_rates(alpha, m)
        )
        return solve_log_gth(chain.dense(log_rates, fill=-math.inf))
    return solve_gth(
        chain.dense(chain.perturbed_rates(perturbation) if perturbation is not None else chain.rates(alpha, m))
    )
