"""Names of metrics, such as "ndcg@10" or "rbp.8": what is measured, up to which rank, and how patient a reader is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from lrtheory._validation import is_iterable, must

__all__ = ["AP", "DCG", "ERR", "NDCG", "PRECISION", "RBP", "RECALL", "RR", "Metric", "metric_of", "metrics_of"]

DCG, NDCG, AP, RR, PRECISION, RECALL, ERR, RBP = range(8)
_KINDS = {
    "dcg": DCG,
    "ndcg": NDCG,
    "ap": AP,
    "map": AP,
    "rr": RR,
    "mrr": RR,
    "recip_rank": RR,
    "p": PRECISION,
    "precision": PRECISION,
    "recall": RECALL,
    "err": ERR,
    "rbp": RBP,
}
#: the name of each kind, as answers write it
_SHOWN = ("dcg", "ndcg", "ap", "rr", "p", "recall", "err", "rbp")
_FORM = re.compile(r"([a-z_]+)(0?\.\d+)?(?:@(\d{1,9}))?")
_RULE = "dcg, ndcg, ap, rr, p@k, recall@k or err, each with @k or without it, or rbp.8 with the probability to read on"


class Metric(NamedTuple):
    """A metric: its name, what it measures, the last rank that counts (0 for all), and a probability to read on."""

    name: str
    kind: int
    cut: int
    patience: float


def metric_of(name: Any) -> Metric:
    """Read the name of a metric.

    Parameters
    ----------
    name : str
        "dcg", "ndcg", "ap", "rr", "p", "recall" or "err", with ``@k`` for the first k ranks; "rbp.8" is rank-biased
        precision of a reader who goes on with probability .8. "map", "mrr" and "precision" are understood too.

    Returns
    -------
    Metric
        The metric.

    Raises
    ------
    ValueError
        If there is no such metric, or precision has no cut.
    """
    found = _FORM.fullmatch(name.strip().lower()) if isinstance(name, str) else None
    kind = _KINDS.get(found[1]) if found else None
    if found is None or kind is None:
        raise must("metrics", _RULE, name)
    patience, cut = float(found[2] or 0.0), int(found[3] or 0)
    is_patient = kind == RBP
    if (found[3] is not None and cut == 0) or (kind == PRECISION and cut == 0) or is_patient != (0 < patience < 1):
        raise must("metrics", _RULE, name)
    digits = (found[2] or "").removeprefix("0").rstrip("0")
    shown = _SHOWN[kind] + digits + (f"@{cut}" if cut else "")
    return Metric(shown, kind, cut, patience)


def metrics_of(names: str | Sequence[str]) -> tuple[Metric, ...]:
    """Read a list of names, or one name.

    Parameters
    ----------
    names : str or sequence of str
        The names; one string may hold several with commas between them.

    Returns
    -------
    tuple of Metric
        The metrics, all different.

    Raises
    ------
    ValueError
        If there is none, one is unknown, or one comes twice.
    """
    if isinstance(names, str):
        names = names.split(",")
    if not is_iterable(names):
        raise must("metrics", "a list of names of metrics", names, TypeError)
    found = tuple(metric_of(name) for name in names)
    shown = [one.name for one in found]
    if not found or len(set(shown)) < len(shown):
        raise must("metrics", "some names of different metrics", shown)
    return found
