r"""May queries be encoded by the new encoder, while the gallery stays as it is? Yes, no, or not decided yet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from lrtheory._array import arrays, to_numpy
from lrtheory._numbers.confidence import mean_interval
from lrtheory._result import Certificate, Result, result
from lrtheory._result.states import Resumable
from lrtheory._types import ArrayLike
from lrtheory._validation import (
    Words,
    as_array,
    below_one,
    choice,
    integer,
    must,
    open_interval,
    real,
    state_entry,
    state_value,
    unmasked,
)
from lrtheory.compatible_representations.search.features import (
    check_width,
    classes_of,
    exclusions,
    notes_on_norms,
    on_host,
)
from lrtheory.compatible_representations.search.hits import METRICS, Metric, hits_of, unanswerable
from lrtheory.compatible_representations.theory.decisions import difference_limits, is_better, planned

__all__ = ["Replacement", "ReplacementCertificate", "ReplacementTest", "check_replacement", "compare_hits"]

Verdict = Literal["yes", "no", "undecided"]
#: probability that a planned number of queries does not decide
MISS = 0.1
#: what a bettor stakes, as shares of the most that leaves nothing to lose
STAKES = tuple(0.9 * 0.5**k for k in range(10))


@result
class ReplacementCertificate(Certificate):
    r"""Proof of the lower limit of a difference of accuracies, which both columns of hits give again.

    Attributes
    ----------
    achieved : float
        Mean score of the new encoder minus that of the old one, on the queries that were asked.
    bound : float
        Lower limit of the same difference over the law of queries.
    won, lost : int
        Queries that the new encoder alone, and that the old one alone, answers better.
    n_queries : int
        Queries.
    upper : float
        Upper limit.
    margin, delta : float
        Loss of accuracy that is accepted, and the probability of an error.
    verdict : {"yes", "no", "undecided"}
        Answer.
    """

    achieved: float
    bound: float
    gap: float
    won: int
    lost: int
    n_queries: int
    upper: float
    margin: float
    delta: float
    verdict: str

    _statements = ("compatible_representations/SX-9", "compatible_representations/SX-20")

    def verify(self, problem: tuple[Any, Any]) -> bool:
        """Count the hits again, and compare both limits and the answer.

        Parameters
        ----------
        problem : tuple
            Scores of the new encoder and of the old one, as `compare_hits` takes them.

        Returns
        -------
        bool
            Whether all of it is as stated.

        Raises
        ------
        TypeError
            If it is no pair.
        """
        if not isinstance(problem, tuple) or len(problem) != 2:
            raise must("problem", "the pair of the hits of both encoders", problem, TypeError)
        if not self._is_sound():
            return False
        try:
            again = compare_hits(*problem, margin=self.margin, delta=self.delta).certificate
        except (TypeError, ValueError):  # options that no call takes
            return False
        return all(getattr(self, name) == getattr(again, name) for name in again.to_dict())


@result
class Replacement(Result):
    """Whether one encoder may take the place of another.

    Attributes
    ----------
    verdict : {"yes", "no", "undecided"}
        Yes: the difference of the accuracies is above -margin. No: it is below. Each answer is wrong with probability
        delta at most.
    difference : float
        Accuracy, or mean score, of the new encoder minus that of the old one.
    lower, upper : float
        Limits of the difference over the law of queries, each of which fails with probability delta at most.
    won, lost : int
        Queries that the new encoder alone, and that the old one alone, answers right; of scores, better.
    n_queries : int
        Queries.
    margin, delta : float
        Loss of accuracy that is accepted, and the probability of an error.
    new_hits, old_hits : array of shape (n,)
        Hits or scores.
    unanswerable : int
        Queries without an item of their class in the gallery, which count as wrong for both.
    method : {"sign", "limits", "betting"}
        Way to the answer: the exact test of won against lost queries, the limits, or limits by bets for scores between
        0 and 1.
    message : str
        Sentence on norms, on queries without an item of their class, and on queries that find themselves, if any.
    certificate : ReplacementCertificate
        Proof of the lower limit.
    """

    verdict: Verdict
    difference: float
    lower: float
    upper: float
    won: int
    lost: int
    n_queries: int
    margin: float
    delta: float
    new_hits: np.ndarray
    old_hits: np.ndarray
    unanswerable: int
    method: str
    message: str
    certificate: ReplacementCertificate

    @property
    def queries_needed(self) -> int | None:
        """Queries, in all, of a fresh test that decides with probability 0.9 if the measured shares are the true ones.

        None where the answer is there, or where hits cannot decide: both encoders are as good as each other, up to the
        margin. Queries that were looked at once do not count again; `ReplacementTest` is the test that may be looked at
        after every query.
        """
        if self.verdict != "undecided":
            return None
        new, old = (np.asarray(to_numpy(hits)) for hits in (self.new_hits, self.old_hits))
        return _planned(new, old, self.won, self.lost, self.margin, self.delta, self.method)

    def _columns(self) -> dict[str, Any]:
        needed = self.queries_needed
        return {
            "verdict": [self.verdict],
            "difference": [self.difference],
            "lower": [self.lower],
            "upper": [self.upper],
            "won": [self.won],
            "lost": [self.lost],
            "queries": [self.n_queries],
            "queries_needed": ["-" if needed is None else needed],
        }

    def _facts(self) -> list[str]:
        return [self._answer(), *([self.message] if self.message else [])]

    def _answer(self) -> str:
        least = f"loses less than {self.margin:g} of accuracy" if self.margin else "is better"
        sure = f"with probability {1 - self.delta:g}"
        if self.verdict == "yes":
            return f"yes: the new encoder {least}, {sure}"
        if self.verdict == "no":
            return f"no: the new encoder {f'loses more than {self.margin:g}' if self.margin else 'is worse'}, {sure}"
        needed = self.queries_needed
        if needed is None:
            return (
                f"undecided: {self.won} queries won and {self.lost} lost; at such shares no number of queries decides"
            )
        fresh = f"a fresh test of {needed} queries decides with probability {1 - MISS:g}"
        return f"undecided after {self.n_queries} queries: {fresh} if the measured shares are the true ones"

    def _decided(self) -> bool | None:
        return {"yes": True, "no": False, "undecided": None}[self.verdict]


@arrays("host")
def check_replacement(
    new: ArrayLike,
    old: ArrayLike,
    gallery: ArrayLike,
    *,
    query_labels: ArrayLike,
    gallery_labels: ArrayLike,
    exclude: ArrayLike | None = None,
    metric: Metric = "nearest",
    margin: float = 0.0,
    delta: float = 0.05,
) -> Replacement:
    """Decide whether queries may be encoded by a new encoder and searched in the gallery of the old one.

    A query is a hit if the item, or the template, with the largest cosine is of its class. Hits of both encoders on the
    same queries are compared by `compare_hits`.

    Arrays: any (copied to the host)

    Parameters
    ----------
    new, old : array of shape (n, d)
        Queries by the new encoder, and the same queries by the old one.
    gallery : array of shape (m, d)
        The gallery, by the old encoder.
    query_labels, gallery_labels : sequence of n and of m labels
        Classes, by labels of any kind.
    exclude : array of shape (n,), optional
        For queries that are items of the gallery, the number of that item; -1 for others.
    metric : {"nearest", "template"}
        Whether the nearest item decides, or the class whose normalized mean is nearest.
    margin, delta : float
        As in `compare_hits`.

    Returns
    -------
    Replacement
        The answer with its limits.

    Raises
    ------
    TypeError
        If entries are not real numbers, or `exclude` holds no integers.
    ValueError
        If shapes do not fit, a row is zero or not finite, no query has a class of the gallery, or an option is out of
        range.

    Examples
    --------
    >>> from lrtheory import compatible_representations as cr
    >>> problem = cr.make_rays(5, old_length=0.5, new_length=0.9, n_queries=300, n_gallery=100, rng=0)
    >>> cr.check_replacement(*problem.features, **problem.labels, metric="template").verdict
    'yes'
    """
    F, B, G = (on_host(name, one) for name, one in (("new", new), ("old", old), ("gallery", gallery)))
    check_width("new", F, "old", B)
    check_width("gallery", G, "old", B)
    if len(F) != len(B):
        raise must("new", f"of as many rows as `old`, {len(B)}", len(F))
    choice("metric", metric, METRICS)
    classes = classes_of(query_labels, gallery_labels, len(B), len(G))
    skipped = exclusions(exclude, len(B), len(G))
    lost_cause = unanswerable(classes, skipped)
    way_out = "`exclude` names their items" if exclude is None else ""
    message = remarks(F, B, G, lost_cause, way_out)
    hits = (hits_of(one, G, classes, metric, skipped) for one in (F, B))
    return decided(*hits, margin=margin, delta=delta, lost_cause=lost_cause, message=message)


def remarks(new: np.ndarray, old: np.ndarray, gallery: np.ndarray, lost_cause: int, way_out: str) -> str:
    """Sentences on data of which an answer says less than its caller may think.

    Parameters
    ----------
    new, old, gallery : array of shape (n, d), (n, d) and (m, d)
        Queries by both encoders, and the gallery by the old one.
    lost_cause : int
        Queries without an item of their class.
    way_out : str
        Sentence on naming the items that queries are; empty where that was done.

    Returns
    -------
    str
        Sentences on unlike norms, classes without items, and queries that find themselves; empty where all is well.
    """
    notes = [notes_on_norms(new=new, old=old, gallery=gallery)]
    if lost_cause:
        notes.append(f"{lost_cause} of {len(old)} queries have no item of their class in the gallery")
    if way_out and (twice := repeated(old, gallery)):
        notes.append(f"{twice} queries are rows of the gallery and find themselves; {way_out}")
    return "; ".join(filter(None, notes))


def repeated(queries: np.ndarray, gallery: np.ndarray) -> int:
    """Queries that equal a row of the gallery in the precision of the gallery."""
    there = {hash((row + 0.0).tobytes()) for row in gallery}  # of zeros with one sign
    return sum(hash((row + 0.0).tobytes()) in there for row in queries.astype(gallery.dtype, copy=False))


@arrays("host")
def compare_hits(new_hits: ArrayLike, old_hits: ArrayLike, *, margin: float = 0.0, delta: float = 0.05) -> Replacement:
    r"""Compare two searches by their hits on the same queries, whoever has counted them (statements SX-9 and SX-9e).

    Without a margin, won and lost queries are compared with a fair coin, exactly. With a margin the answer follows from
    the limits: yes if the lower one is above -margin, no if the upper one is below it. For scores between 0 and 1, such
    as nDCG, the limits come from bets.

    Arrays: any (copied to the host)

    Parameters
    ----------
    new_hits, old_hits : array of shape (n,)
        Hits as truth values, 0 and 1, or scores in [0, 1]; an entry for each query, in the same order. Queries are
        taken to be independent draws of one law.
    margin : float
        Loss of accuracy that is accepted, in [0, 1); above 0 this is a test of non-inferiority.
    delta : float
        Probability that a yes is wrong, and the same for a no, in (0, 1).

    Returns
    -------
    Replacement
        The answer with its limits.

    Raises
    ------
    TypeError
        If entries are not numbers.
    ValueError
        If the lengths differ, there are no queries, a score is NaN or outside [0, 1], or an option is out of range.

    Examples
    --------
    >>> found = compare_hits([1, 1, 1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1])
    >>> found.verdict, found.won, found.lost
    ('yes', 6, 0)
    >>> compare_hits([1, 1, 1, 0], [0, 0, 1, 1], delta=0.1).verdict
    'undecided'
    """
    return decided(new_hits, old_hits, margin=margin, delta=delta)


def decided(
    new_hits: Any, old_hits: Any, *, margin: Any, delta: Any, lost_cause: int = 0, message: str = ""
) -> Replacement:
    """Do `compare_hits`, with what is known about the queries."""
    new, old = scores_of("new_hits", new_hits), scores_of("old_hits", old_hits)
    if len(new) != len(old):
        raise must("new_hits", f"of as many entries as `old_hits`, {len(old)}", len(new))
    if not len(new):
        raise must("new_hits", "hits of at least one query", Words("none"))
    most, risk = checked_margin(margin), open_interval("delta", delta, 0, 1)
    won, lost, n = int((new > old).sum()), int((new < old).sum()), len(new)
    if is_count(new) and is_count(old):
        difference = (won - lost) / n
        lower, upper = difference_limits(won, lost, n, delta=risk)
        method, statement = ("limits" if most else "sign"), "compatible_representations/SX-9"
    else:
        moved = new - old
        difference = float(moved.mean())
        low, high = mean_interval((moved + 1.0) / 2.0, min(2 * risk, 1 - 2.0**-53))  # half of it on each side
        lower, upper, method, statement = 2 * low - 1, 2 * high - 1, "betting", "compatible_representations/SX-20"
    if method == "sign":
        verdict: Verdict = "yes" if is_better(won, lost, risk) else "no" if is_better(lost, won, risk) else "undecided"
    else:
        verdict = "yes" if lower > -most else "no" if upper < -most else "undecided"
    proof = ReplacementCertificate._of(
        difference, lower, statement, won=won, lost=lost, n_queries=n, upper=upper, margin=most, delta=risk,
        verdict=verdict,
    )  # fmt: skip
    return Replacement(
        verdict=verdict,
        difference=difference,
        lower=lower,
        upper=upper,
        won=won,
        lost=lost,
        n_queries=n,
        margin=most,
        delta=risk,
        new_hits=new,
        old_hits=old,
        unanswerable=lost_cause,
        method=method,
        message=message,
        certificate=proof,
    )


def checked_margin(value: Any) -> float:
    """A loss of accuracy in [0, 1)."""
    return below_one("margin", value)


def scores_of(name: str, value: Any) -> np.ndarray:
    """Truth values, or scores in [0, 1]."""
    found = as_array(name, unmasked(name, value))
    if found.ndim != 1:
        raise must(name, "an array with an entry for each query", found.shape)
    if found.dtype.kind == "b":
        return found
    if found.dtype.kind not in "iuf" and found.dtype != object:
        raise must(name, "truth values, or scores in [0, 1]", value, TypeError)
    try:
        scores: np.ndarray = found.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise must(name, "truth values, or scores in [0, 1]", value, TypeError) from error
    outside = ~((scores >= 0) & (scores <= 1))
    if outside.any():
        raise must(name, "truth values, or scores in [0, 1]", float(scores[outside][0]))
    return scores


def is_count(scores: np.ndarray) -> bool:
    """Whether all scores are 0 or 1."""
    return scores.dtype.kind == "b" or bool(((scores == 0) | (scores == 1)).all())


def _planned(
    new: np.ndarray, old: np.ndarray, won: int, lost: int, margin: float, delta: float, method: str
) -> int | None:
    """Queries of a fresh test, towards the side on which the measured difference lies."""
    n = len(new)
    if method == "betting":
        moved = new.astype(np.float64) - old
        distance = float(moved.mean()) + margin
        if distance == 0:
            return None
        roots = math.sqrt(2 * math.log(1 / delta)) + math.sqrt(2 * math.log(1 / MISS))
        return math.ceil(max(float(moved.var()) * (roots / distance) ** 2, roots**2 / (2 * abs(distance))))
    distance = (won - lost) / n + margin
    if distance == 0:
        return None
    if distance > 0:
        return planned(won / n, lost / n, -margin, delta, MISS)
    return planned(lost / n, won / n, margin, delta, MISS)


class ReplacementTest(Resumable):
    r"""A test that may be looked at after every query: each asks both encoders, and the test says when to stop.

    It bets against "the new encoder loses at least `margin`", and against the reverse. Whoever bets has a capital whose
    expectation does not grow while the hypothesis is true, so it is ever as large as 1 / delta with probability delta
    at most [1]_; therefore queries may be added until there is an answer.

    Parameters
    ----------
    margin : float
        Loss of accuracy that is accepted, in [0, 1).
    delta : float
        Probability that a yes is ever given wrongly, and the same for a no.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    .. [1] A. Ramdas, P. Gruenwald, V. Vovk, G. Shafer, Game-Theoretic Statistics and Safe Anytime-Valid Inference,
       Statistical Science 38, 2023.

    Proof
    -----
    Assumes: the queries are independent with one law, or at least each has a mean difference of at most -margin given
    the earlier ones, where the hypothesis is true (the caller).

    Proof: a query's difference d lies in [-1, 1]. A bettor who stakes the share s of the capital multiplies it by
    1 + s (d + margin) / (1 - margin), which is not negative for s <= 1, and has expectation at most 1 where
    E d <= -margin. The mean of the capitals for several shares is such a process too. By Ville's inequality it ever
    reaches 1 / delta with probability delta at most. Against the reverse hypothesis the factor is
    1 - s (d + margin) / (1 + margin).

    Examples
    --------
    >>> test = ReplacementTest(delta=0.05)
    >>> while test.ask() is not None:
    ...     _ = test.tell(True, False)
    >>> test.verdict, test.n_queries
    ('yes', 8)
    """

    def __init__(self, *, margin: float = 0.0, delta: float = 0.05) -> None:
        self.margin = checked_margin(margin)
        self.delta = open_interval("delta", delta, 0, 1)
        self._better = np.zeros(len(STAKES))
        self._worse = np.zeros(len(STAKES))
        self.won = self.lost = self.n_queries = 0
        self.verdict: Verdict = "undecided"

    def ask(self) -> int | None:
        """Say which query comes next.

        Returns
        -------
        int or None
            Number of the query, from 0, or None if there is an answer.
        """
        return self.n_queries if self.verdict == "undecided" else None

    def tell(self, new_hit: float, old_hit: float) -> Verdict:
        """Tell how both encoders did on the query.

        Parameters
        ----------
        new_hit, old_hit : bool or float
            Hit, or score in [0, 1].

        Returns
        -------
        str
            The answer so far: "yes", "no" or "undecided". Once there is one it stays.

        Raises
        ------
        TypeError
            If a score is not a number.
        ValueError
            If it is outside [0, 1], or there is an answer already.
        """
        new, old = (
            float(one) if isinstance(one, (bool, np.bool_)) else real(name, one, low=0, high=1)
            for name, one in (("new_hit", new_hit), ("old_hit", old_hit))
        )
        if self.verdict != "undecided":
            raise must("test", "undecided when a query is told", Words(f"one that said {self.verdict}"))
        moved = new - old + self.margin
        stakes = np.array(STAKES)
        self._better = self._better + np.log1p(stakes * moved / (1 - self.margin))
        self._worse = self._worse + np.log1p(-stakes * moved / (1 + self.margin))
        self.n_queries += 1
        self.won += new > old
        self.lost += new < old
        goal = -math.log(self.delta)
        if _log_mean(self._better) >= goal:
            self.verdict = "yes"
        elif _log_mean(self._worse) >= goal:
            self.verdict = "no"
        return self.verdict

    @property
    def evidence(self) -> tuple[float, float]:
        """The capital that has been won by bets on the new encoder, and by bets against it; both begin at 1."""
        return tuple(math.exp(min(_log_mean(one), 700.0)) for one in (self._better, self._worse))  # type: ignore[return-value]

    def _parameters(self) -> dict[str, Any]:
        return {"margin": self.margin, "delta": self.delta}

    def _learned(self) -> dict[str, Any]:
        return {
            "better": self._better.tolist(),
            "worse": self._worse.tolist(),
            "won": self.won,
            "lost": self.lost,
            "n_queries": self.n_queries,
            "verdict": self.verdict,
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        capitals = [_capitals(name, state_entry(state, name)) for name in ("better", "worse")]
        n = integer("state['n_queries']", state_value(state, "n_queries"), low=0)
        won, lost = (integer(f"state[{k!r}]", state_value(state, k), low=0, high=n) for k in ("won", "lost"))
        verdict = choice("state['verdict']", state_value(state, "verdict"), ("yes", "no", "undecided"))
        if won + lost > n:
            raise must("state['n_queries']", f"at least {won + lost}, the queries won and lost", n)
        self._better, self._worse = capitals
        self.won, self.lost, self.n_queries, self.verdict = won, lost, n, verdict


def _capitals(name: str, value: Any) -> np.ndarray:
    found = np.asarray(value, np.float64)
    if found.shape != (len(STAKES),) or not (found < math.inf).all():
        raise must(f"state[{name!r}]", f"{len(STAKES)} logarithms of capital", value)
    return found


def _log_mean(logs: np.ndarray) -> float:
    """The logarithm of the mean of numbers that are given by logarithms."""
    return float(np.logaddexp.reduce(logs)) - math.log(len(logs))
