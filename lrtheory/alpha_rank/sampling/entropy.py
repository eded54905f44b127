r"""Estimators of the entropy of a discrete law, from how often each of its values was seen.

=======  ==============================================================================================
plug-in  entropy of the observed shares, too small on average as long as values are missing
nsb      mean of the entropy under a mixture of Dirichlet priors that is flat in the entropy itself [1]_
=======  ==============================================================================================

References
----------
.. [1] I. Nemenman, F. Shafee, W. Bialek, Entropy and Inference, Revisited, NeurIPS 2001.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory._array import arrays
from lrtheory._types import ArrayLike
from lrtheory._validation import array, must, real

__all__ = ["nsb_entropy", "plug_in_entropy"]

#: nodes of each of the two passes of the trapezoidal rule
NODES = 120
#: log weights this far below the largest one are left out
NEGLIGIBLE = 40.0


@arrays("host")
def plug_in_entropy(counts: ArrayLike) -> float:
    r"""Compute the entropy of the observed shares, -sum_i (n_i / N) log(n_i / N).

    Arrays: any (copied to the host)

    Parameters
    ----------
    counts : array of shape (n,)
        Number of observations of each value; not all 0.

    Returns
    -------
    float
        Entropy in nats, at least 0.

    Raises
    ------
    ValueError
        If a count is negative, or all are 0.

    Examples
    --------
    >>> round(plug_in_entropy([2, 1, 1]), 4)
    1.0397
    """
    share = _seen(counts)
    share = share / share.sum()
    return float(-(share * np.log(share)).sum()) + 0.0  # + 0.0, for a zero without sign


@arrays("host")
def nsb_entropy(counts: ArrayLike, *, n_categories: float) -> float:
    r"""Estimate the entropy as Nemenman, Shafee and Bialek do.

    Arrays: any (copied to the host)

    Under a Dirichlet prior with K parameters beta, kappa = K beta, and N samples, the entropy has the posterior mean

    .. math:: S_\beta = \psi(N + \kappa + 1) - \sum_{i=1}^K \frac{n_i + \beta}{N + \kappa} \psi(n_i + \beta + 1),

    and a prior mean xi(beta), which is the same at N = 0. One beta would nearly fix the entropy beforehand; so beta is
    drawn such that xi is uniform on (0, log K), and the estimate is

    .. math:: \frac{\int \rho\, S_\beta \, d\xi}{\int \rho \, d\xi}, \qquad
        \rho = \frac{\Gamma(\kappa)}{\Gamma(N + \kappa)} \prod_{i=1}^K \frac{\Gamma(n_i + \beta)}{\Gamma(\beta)}.

    Parameters
    ----------
    counts : array of shape (n,)
        Number of observations of each value, whole numbers, not all 0; values that were never seen may be left out.
    n_categories : float
        K, the number of values that there are, seen or not; a whole number that may be astronomic.

    Returns
    -------
    float
        Estimated entropy in nats, between 0 and log K.

    Raises
    ------
    ValueError
        If a count is negative or not a whole number, all are 0, or K is smaller than the number of values seen.

    Notes
    -----
    In u = log beta both integrands are analytic near the real line and fall off exponentially, so that the trapezoidal
    rule converges exponentially. A first pass finds where they are not negligible, a second one sums there.

    References
    ----------
    .. [1] I. Nemenman, F. Shafee, W. Bialek, Entropy and Inference, Revisited, NeurIPS 2001.

    Examples
    --------
    Ten samples, ten different values, of a hundred:

    >>> bool(plug_in_entropy([1] * 10) < nsb_entropy([1] * 10, n_categories=100) < np.log(100))
    True
    """
    seen, times = np.unique(_seen(counts), return_counts=True)
    if (seen % 1).any():
        raise must("counts", "whole numbers", float(seen[seen % 1 > 0][0]))
    categories = real("n_categories", n_categories, low=float(times.sum()), high=1e100)
    if categories % 1:
        raise must("n_categories", "a whole number", n_categories)
    if categories == 1:
        return 0.0
    # below the first node beta K is negligible beside 1, above the last one beta is large beside all counts: the parts
    # that are cut off have weight 1e-9
    nodes = np.linspace(np.log(1e-12 / categories), np.log(1e9 * max(1.0, float(seen.max()))), NODES)
    # first pass: where the integrand is not negligible; second pass: the same number of nodes there alone
    log_weights, _ = _dirichlet(nodes, seen, times, categories)
    near = np.flatnonzero(log_weights > log_weights.max() - NEGLIGIBLE)
    nodes = np.linspace(nodes[max(near[0] - 1, 0)], nodes[min(near[-1] + 1, NODES - 1)], NODES)
    log_weights, means = _dirichlet(nodes, seen, times, categories)
    weights = np.exp(log_weights - log_weights.max())
    return float(np.clip((weights * means).sum() / weights.sum(), 0.0, np.log(categories)))


def _seen(counts: Any) -> np.ndarray:
    """Check the counts and return the positive ones."""
    values = array("counts", counts, shape=(None,), low=0).astype(np.float64)
    if not values.any():
        raise must("counts", "not all 0", counts)
    return values[values > 0]


def _dirichlet(
    log_beta: np.ndarray, seen: np.ndarray, times: np.ndarray, categories: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return log(rho dxi / du) and S_beta at every u = log beta.

    `times[j]` values were seen `seen[j]` times each, and all others never: equal counts share one term of the sums.
    """
    from scipy.special import polygamma, psi  # here, so that importing a system stays quick

    beta = np.exp(log_beta)
    kappa, total = categories * beta, float(seen @ times)
    column = beta[:, None]
    evidence = _log_rising(column, seen) @ times - _log_rising(kappa, total)
    slope = categories * polygamma(1, kappa + 1) - polygamma(1, beta + 1)  # dxi / dbeta
    slope = np.where(beta > 1e7, (1 - 1 / categories) / (2 * beta**2), slope)  # where the two terms cancel
    unseen = categories - times.sum()
    inner = ((seen + column) * psi(seen + column + 1)) @ times + unseen * beta * psi(beta + 1)
    return evidence + np.log(slope) + log_beta, psi(total + kappa + 1) - inner / (total + kappa)


def _log_rising(x: np.ndarray, n: Any) -> np.ndarray:
    """Return log(Gamma(x + n) / Gamma(x)) for n > 0, without the cancellation at large x."""
    from scipy.special import betaln, gammaln

    return gammaln(n) - betaln(x, n)
