"""Put documents into order by a judge that sees a few of them at a time, and say how much of the order is certain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import flag, must
from lrtheory.reranking.strategies.reranker import Reranker
from lrtheory.reranking.strategies.results import Reranking, RerankingCertificate

__all__ = ["Reranker", "Reranking", "RerankingCertificate", "rerank"]


def rerank(
    oracle: Callable[[np.ndarray], Any],
    n: int,
    k: int,
    *,
    strategy: str = "auto",
    size: int = 20,
    step: int | None = None,
    passes: int | None = None,
    partitions: int | None = None,
    votes: int = 1,
    order: ArrayLike | None = None,
    repair: str = "refuse",
    rng: Rng = None,
    record: bool = False,
) -> Reranking:
    """Put the best k of n documents first by calls of a judge, and count the prefix that is certain.

    ==============  =================================================  ================================================
    strategy        a call                                             the first k are certain
    ==============  =================================================  ================================================
    ``window``      sorts; the next one waits for it                   always, by as many passes as that takes
    ``merge``       sorts groups, then heads, then the rest            where the last call has room for all candidates
    ``tournament``  sorts groups, of which the best k go on            where k < `size`
    ``heap``        names the best of a document and its children      always
    ``knockout``    names the best of a group                          where k is 1
    ``groupwise``   sorts random groups                                by chance; scores are mean places
    ``pointwise``   scores one document                                where scores differ
    ==============  =================================================  ================================================

    Arrays: host

    Parameters
    ----------
    oracle : callable
        The judge: ``oracle(documents)`` takes an int64 array of at most `size` documents and returns them, the best
        first. For "heap" and "knockout" the best one alone is enough; for "pointwise" it returns the score of the one
        document that it gets.
    n : int
        Number of documents 0, ..., n - 1.
    k : int
        Number of best documents that are wanted, in order, n at most.
    strategy : {"auto", "window", "merge", "tournament", "heap", "knockout", "groupwise", "pointwise"}
        "auto" takes that of the first three with the fewest calls, then the fewest rounds, in the worst case.
    size : int
        Most documents of a call, at least 2.
    step, passes : int, optional
        Places by which a window moves, below `size`, and passes; by default those with the fewest calls that make the
        first k certain.
    partitions : int, optional
        Random partitions of "groupwise"; by default 5.
    votes : int
        Number of times that each call is asked, odd. The answer that more than half of them give counts. Where there is
        none, places are added up, or of documents that are named best the one with the most votes is taken.
    order : array of shape (n,), optional
        Documents in the order in which they stand now, the best first; by default 0, ..., n - 1.
    repair : {"refuse", "append"}
        Treatment of an answer that is no permutation of its documents. "append" leaves out documents that were not
        asked or come twice, puts those that lack behind, as they were asked, and counts the answer.
    rng : int, Generator, or None
        Source of the random groups.
    record : bool
        Whether the result lists what was asked.

    Returns
    -------
    Reranking
        The order, the prefix that follows from the answers, and a certificate that asks the judge again.

    Raises
    ------
    TypeError
        If `oracle` is no function, or an answer is of another kind.
    ValueError
        If a number is outside its range, the strategy cannot make the first k certain, or an answer is no permutation
        of the asked documents. What was answered until then, or until the judge raised or was interrupted, is kept: the
        exception has the `Reranker` in its attribute ``reranker``, whose ``run`` goes on.

    Examples
    --------
    Ten of a hundred documents, which windows make certain by nine calls in nine rounds:

    >>> from lrtheory.reranking import make_oracle, rerank
    >>> judge = make_oracle(range(99, -1, -1))
    >>> for strategy in ("window", "tournament", "merge"):
    ...     found = rerank(judge, 100, 10, strategy=strategy)
    ...     print(strategy, found.certified, found.calls, found.rounds, found.certificate.verify(judge))
    window 10 9 9 True
    tournament 10 9 4 True
    merge 10 7 3 True
    """
    flag("record", record)
    if not callable(oracle):
        raise must("oracle", "a function of documents", oracle, TypeError)
    run = Reranker(
        n,
        k,
        strategy=strategy,
        size=size,
        step=step,
        passes=passes,
        partitions=partitions,
        votes=votes,
        order=order,
        repair=repair,
        rng=rng,
    )
    try:
        run.run(oracle)
    except BaseException as error:  # Ctrl-C too: calls cost money
        error.reranker = run  # type: ignore[attr-defined]
        raise
    return run.result(record=record)
