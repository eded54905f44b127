"""Strategies behind one ask-and-tell object, which may be copied and kept while a judge answers elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from lrtheory._result.states import Resumable
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import as_array, generator, integer, must, state_entry, state_value
from lrtheory.reranking.strategies.answers import Scored, Steps, checked, decided
from lrtheory.reranking.strategies.certain import certain_prefix
from lrtheory.reranking.strategies.choosing import Choice, chosen
from lrtheory.reranking.strategies.results import Reranking, RerankingCertificate, worked

__all__ = ["Reranker", "start_order"]

Judge = Callable[[np.ndarray], Any]


class Reranker(Resumable):
    """A reranking that somebody else's loop drives: ask for calls, and tell their answers.

    Arrays: host.

    Parameters
    ----------
    n : int
        Number of documents 0, ..., n - 1.
    k : int
        Number of best documents that are wanted, in order.
    strategy : {"auto", "window", "merge", "tournament", "heap", "knockout", "groupwise", "pointwise"}
        As in `rerank`.
    size : int
        Most documents of a call, at least 2.
    step, passes : int, optional
        Places by which a window moves, and passes; by default those with the fewest calls that make k certain.
    partitions : int, optional
        Random partitions of "groupwise"; by default 5.
    votes : int
        Number of times that each call is asked, odd.
    order : array of shape (n,), optional
        Documents in the order in which they stand now; by default 0, ..., n - 1.
    repair : {"refuse", "append"}
        Treatment of an answer that is no permutation of its documents, as in `rerank`.
    rng : int, Generator, or None
        Source of the random groups.

    Raises
    ------
    ValueError
        If a number is outside its range, or the strategy cannot make the first k certain.

    Examples
    --------
    >>> from lrtheory.reranking import Reranker
    >>> run = Reranker(6, 2, size=3, strategy="tournament")
    >>> while not run.done:
    ...     run.tell([sorted(call, key=lambda one: -one) for call in run.ask()])
    >>> found = run.result()
    >>> found.order[:2].tolist(), found.certified, found.calls, found.rounds
    ([5, 4], 2, 4, 3)
    """

    def __init__(
        self,
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
    ) -> None:
        self.n, self.k = integer("n", n, low=0), integer("k", k, low=0)
        if self.k > self.n:
            raise must("k", f"at most n = {self.n}", k)
        self.votes = integer("votes", votes, low=1)
        if self.votes % 2 == 0:
            raise must("votes", "odd, so that two answers cannot tie", votes)
        if repair not in ("refuse", "append"):
            raise must("repair", 'one of "refuse", "append"', repair)
        self.repair = repair
        self._order = start_order(order, self.n)
        self._given = (strategy, step, passes, partitions)
        self._choice: Choice = chosen(
            strategy, self.n, self.k, size=size, step=step, passes=passes, partitions=partitions
        )
        self.size, self.strategy = int(size), self._choice.strategy
        draws = generator(rng)
        self._begin(int(draws.integers(2**62)) if self._choice.random else 0)

    def _begin(self, seed: int) -> None:
        """Start the strategy anew, with nothing answered."""
        self._seed = seed
        self._steps: Steps = self._choice.steps(self._order, np.random.default_rng(seed))
        self._rounds: list[list[np.ndarray]] = []
        self._answers: list[np.ndarray] = []
        self._told: list[dict[int, np.ndarray]] = []
        self._n_repaired = self._n_undecided = 0
        self._found: Scored | None = None
        self._advance(None)

    def _advance(self, answers: list[np.ndarray] | None) -> None:
        """Send the answers of a round, and take the next one, or the order at the end."""
        try:
            asked = next(self._steps) if answers is None else self._steps.send(answers)
            while not asked:  # a round in which nothing has to be asked
                asked = self._steps.send([])
        except StopIteration as end:
            self._found = end.value if isinstance(end.value, Scored) else Scored(end.value, np.zeros(0))
            return
        self._rounds.append([call for call in asked for _ in range(self.votes)])
        self._told.append({})

    @property
    def done(self) -> bool:
        """Whether nothing is left to ask."""
        return self._found is not None

    def ask(self) -> list[np.ndarray]:
        """The calls of the present round, which wait for none of each other.

        Returns
        -------
        list of int64 arrays
            Documents of each call; calls that were answered already are among them.

        Raises
        ------
        RuntimeError
            If nothing is left to ask.
        """
        self._is_open()
        return [call.copy() for call in self._rounds[-1]]

    def open_calls(self) -> list[int]:
        """The numbers, within the present round, of the calls that are not answered yet.

        Returns
        -------
        list of int
            Ascending; empty where nothing is left to ask.
        """
        return [] if self.done else [i for i in range(len(self._rounds[-1])) if i not in self._told[-1]]

    def tell(self, answers: Sequence[Any] | Mapping[int, Any]) -> None:
        """Give the answers of a round, or some of them; if one of them is refused, none is kept.

        Parameters
        ----------
        answers : sequence, or mapping of int to answer
            Answers to all calls of `ask` in their order, or those to some by their numbers. An answer is a sequence of
            the asked documents, the best first; for "heap" and "knockout" the best one is enough, and for "pointwise"
            it is the score of the document.

        Raises
        ------
        RuntimeError
            If nothing is left to ask.
        TypeError
            If an answer is of another kind.
        ValueError
            If an answer is no permutation of the asked documents, or answers a call that is not open.
        """
        self._is_open()
        calls, told = self._rounds[-1], self._told[-1]
        if not isinstance(answers, Mapping):
            if isinstance(answers, str) or not hasattr(answers, "__len__") or len(answers) != len(calls):
                got = len(answers) if hasattr(answers, "__len__") else answers
                raise must("answers", f"a sequence of {len(calls)} answers, one for each call", got)
            answers = dict(enumerate(answers))
        repair, found, repaired = self.repair == "append", {}, 0
        for number, answer in answers.items():
            at = integer("answers", number, low=0, high=len(calls) - 1)
            if at in told:
                raise must("answers", "of calls that are open", f"one of call {at}, which is answered")
            name = f"answers[{at}]"
            found[at], bad = checked(name, answer, calls[at], kind=self._choice.kind, repair=repair)
            repaired += bad
        if len(told) + len(found) == len(calls):
            self._choice.check_scores(calls, told | found, self.votes)
        told.update(found)
        self._n_repaired += repaired
        if len(told) == len(calls):
            self._close()

    def _close(self) -> None:
        """End a round: make one answer of the votes on each call."""
        calls, told = self._rounds[-1], self._told[-1]
        answers = []
        for first in range(0, len(calls), self.votes):
            given = [told[first + vote] for vote in range(self.votes)]
            answer, clear = decided(given, calls[first], self._choice.kind) if self.votes > 1 else (given[0], True)
            self._n_undecided += not clear
            answers.append(answer)
        self._answers += answers
        self._advance(answers)

    def run(self, oracle: Judge) -> Reranking:
        """Ask a judge call by call until nothing is left; what it answered is kept where it raises.

        Parameters
        ----------
        oracle : callable
            Takes an int64 array of documents and returns an answer as `tell` takes it.

        Returns
        -------
        Reranking
            The order.

        Raises
        ------
        TypeError
            If `oracle` is no function, or an answer is of another kind.
        ValueError
            If an answer is no permutation of the asked documents.
        """
        if not callable(oracle):
            raise must("oracle", "a function of documents", oracle, TypeError)
        while not self.done:
            calls = self._rounds[-1]
            for number in self.open_calls():
                self.tell({number: oracle(calls[number].copy())})
        return self.result()

    def result(self, *, record: bool = False) -> Reranking:
        """The order, with what is certain of it.

        Parameters
        ----------
        record : bool
            Whether the result lists what was asked.

        Returns
        -------
        Reranking
            The order of all documents.

        Raises
        ------
        RuntimeError
            If calls are open.
        """
        if self._found is None:
            raise RuntimeError(f"{len(self.open_calls())} calls of round {len(self._rounds)} are not answered yet")
        order, scores = self._found
        certified = self._certified(order, scores)
        calls = [call for one in self._rounds for call in one]
        return Reranking(
            order=order,
            certified=max(0, certified),
            calls=len(calls),
            rounds=len(self._rounds),
            documents=sum(map(len, calls)),
            scores=scores if len(scores) == self.n > 0 else None,
            transcript=self._rounds if record else [],
            method=self.strategy,
            reason=self._choice.reason,
            message=_said(certified, self.k, len(calls), len(self._rounds)),
            counts={"repaired": self._n_repaired, "undecided": self._n_undecided},
            certificate=self._certificate(order, certified),
        )

    def _certified(self, order: np.ndarray, scores: np.ndarray) -> int:
        if self._choice.kind == "score":  # places are certain down to the first tie
            falling = scores[order][:-1] > scores[order][1:]
            return self.n if falling.all() else int(falling.argmin())
        return certain_prefix(order, self._answers, best_alone=self._choice.kind == "best")

    def _certificate(self, order: np.ndarray, certified: int) -> RerankingCertificate | None:
        if self._choice.kind == "score":
            return None
        answers = np.concatenate(self._answers) if self._answers else np.zeros(0, np.int64)
        lengths = np.array([len(answer) for answer in self._answers], np.int64)
        achieved = min(self.k, max(0, certified))
        best = self._choice.kind == "best"
        return RerankingCertificate._of(achieved, self.k, "reranking/RK-V1", order, answers, lengths, self.size, best)

    def _is_open(self) -> None:
        if self.done:
            raise RuntimeError("nothing is left to ask")

    # --- copies and states -------------------------------------------------------------------------------------------

    def _parameters(self) -> dict[str, Any]:
        strategy, step, passes, partitions = self._given
        found = {"n": self.n, "k": self.k, "size": self.size, "votes": self.votes, "repair": self.repair}
        options = {"step": step or 0, "passes": passes or 0, "partitions": partitions or 0}
        return found | {"strategy": strategy, "order": self._order.tolist()} | options

    def _learned(self) -> dict[str, Any]:
        base, calls, answers, lengths = 0, [], [], []
        for asked, told in zip(self._rounds, self._told, strict=True):
            for number, answer in sorted(told.items()):
                calls.append(base + number)
                answers += answer.tolist()
                lengths.append(len(answer))
            base += len(asked)
        found = {"seed": self._seed, "calls": calls, "answers": answers, "lengths": lengths}
        return found | {"repaired": self._n_repaired}

    def _restore(self, state: Mapping[str, Any]) -> None:
        seed, repaired = (integer(f"state['{one}']", state_value(state, one), low=0) for one in ("seed", "repaired"))
        calls, lengths = (_numbers(state, one) for one in ("calls", "lengths"))
        answers = as_array("state['answers']", state_entry(state, "answers"))
        if len(calls) != len(lengths) or sum(lengths) != len(answers):
            raise must("state['answers']", f"of {sum(lengths)} entries, as lengths say", len(answers))
        if self._choice.kind == "score" and set(lengths) - {1}:
            raise must("state['lengths']", "1 for each call, as a document has one score", lengths)
        if seed and not self._choice.random:
            raise must("state['seed']", "0, as of this object", seed)
        other = Reranker.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._begin(seed)
        cut = np.split(answers, np.cumsum(lengths)[:-1]) if lengths else []
        base, past = 0, 0  # calls of the rounds that are over, and how many of these there are
        for call, answer in zip(calls, cut, strict=True):
            if other.done:
                raise must("state['calls']", "the calls of this strategy", call)
            while past < len(other._rounds) - 1:
                base, past = base + len(other._rounds[past]), past + 1
            other.tell({call - base: answer if other._choice.kind != "score" else float(answer[0])})
        other._n_repaired = repaired
        self.__dict__.update(other.__dict__)

    def _twin(self) -> Self:
        return _revived(type(self), self.get_state())

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (type(self), self.get_state())


def _revived(cls: type[Any], state: dict[str, Any]) -> Any:
    """A strategy is a generator, which nothing copies: it is run again on the answers that were told."""
    options = {name: state[name] or None for name in ("step", "passes", "partitions")}
    kept = {name: state[name] for name in ("strategy", "size", "votes", "repair")}
    made = cls(state["n"], state["k"], order=state["order"], rng=0, **kept, **options)
    made.set_state(state)
    return made


def _numbers(state: Mapping[str, Any], name: str) -> list[int]:
    found = as_array(f"state['{name}']", state_entry(state, name))
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise must(f"state['{name}']", "a list of integers", found)
    return [integer(f"state['{name}']", one, low=0) for one in found.tolist()]


def start_order(order: Any, n: int) -> np.ndarray:
    """The documents in the order in which they stand now."""
    if order is None:
        return np.arange(n)
    found = as_array("order", order)
    if found.dtype.kind not in "iu" and found.size:
        raise must("order", "an array of document numbers", order, TypeError)
    if found.shape != (n,) or not np.array_equal(np.sort(found), np.arange(n)):
        raise must("order", f"a permutation of 0, ..., {n - 1}", found)
    return found.astype(np.int64)


def _said(certified: int, k: int, calls: int, rounds: int) -> str:
    """One sentence on what is certain."""
    work = worked(calls, rounds)
    if certified < 0:
        return f"the answers of {work} contradict each other, so nothing is certain"
    if certified >= k:
        return f"the first {k} are certain if the judge is consistent, by {work}"
    return f"the first {certified} of the {k} that are wanted are certain if the judge is consistent, by {work}"
