"""Questions of a strategy, and their answers: which are taken, how one is repaired, and how votes become one.

A strategy is a generator that yields rounds of calls, and is sent their answers. A round is a list of arrays of
documents that may be asked at once. The answer to a call is the array of its documents, the best first, or an array of
one score. What the generator returns at last is the order of all documents.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from lrtheory._array import to_numpy
from lrtheory._validation import Words, must

__all__ = ["Scored", "Steps", "ahead", "checked", "decided"]


class Scored(NamedTuple):
    """An order of documents, and the score of each document by its number."""

    order: np.ndarray
    scores: np.ndarray


Steps: TypeAlias = Generator[list[np.ndarray], list[np.ndarray], "np.ndarray | Scored"]


def ahead(first: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The order that begins with some documents, the others behind them as they stood."""
    return np.concatenate([first, order[~np.isin(order, first)]]).astype(np.int64)


def checked(name: str, answer: Any, asked: np.ndarray, *, kind: str, repair: bool) -> tuple[np.ndarray, bool]:
    """The answer to a call as an array, and whether it had to be repaired.

    Parameters
    ----------
    name : str
        Name of the answer in an error.
    answer : sequence of int, or number
        Documents, the best first; for the kind "best" also the best one alone, and for "score" a number.
    asked : int64 array
        Documents of the call.
    kind : {"sort", "best", "score"}
        Kind of the question.
    repair : bool
        Whether what is no order of the documents is made one: others and repetitions are left out, and documents that
        lack are put behind, as they were asked.

    Returns
    -------
    answer : array
        Documents or one score.
    repaired : bool
        Whether the answer had to be repaired.
    """
    if kind == "score":
        return _score(name, answer, asked)
    found = _documents(name, answer, single=kind == "best")
    wanted = asked.tolist()
    if kind == "best" and len(found) == 1 and found[0] in wanted:
        found = [found[0], *(one for one in wanted if one != found[0])]
    if len(found) == len(wanted) and set(found) == set(wanted):
        return np.array(found, np.int64), False
    if not repair:
        rule = f"a permutation of the {len(wanted)} asked documents"
        strange = sorted(set(found) - set(wanted))
        words = f"document {strange[0]}, which was not asked" if strange else f"{len(set(found))} distinct ids"
        if not strange and len(found) > len(set(found)):
            words += f", some of them more than once, in {len(found)} places"
        raise must(name, rule if kind == "sort" else f"{rule}, or the best one", Words(words))
    kept = [one for one in dict.fromkeys(found) if one in set(wanted)]
    return np.array([*kept, *(one for one in wanted if one not in set(kept))], np.int64), True


def _score(name: str, answer: Any, asked: np.ndarray) -> tuple[np.ndarray, bool]:
    """One score; infinite ones sort, NaN does not."""
    given = to_numpy(answer)
    if isinstance(given, np.ndarray | Sequence) and not isinstance(given, str) and np.size(given) == 1:
        given = np.asarray(given).reshape(-1)[0]
    rule = f"the score of document {asked[0]}, a number"
    if isinstance(given, bool | np.bool_) or not isinstance(given, Real):
        raise must(name, rule, answer, TypeError)
    try:
        score = float(given)
    except OverflowError as error:
        raise must(name, f"{rule} in the range of doubles", answer) from error
    if np.isnan(score):
        raise must(name, rule, answer, TypeError)
    if isinstance(given, Integral) and int(given) != int(score):  # two such scores could tie
        raise must(name, f"{rule} that a double holds", answer)
    return np.array([score]), False


def _documents(name: str, answer: Any, *, single: bool) -> list[int]:
    given = to_numpy(answer)
    if single and not isinstance(given, bool) and isinstance(given, Integral):
        return [int(given)]
    if hasattr(given, "__array__"):
        given = np.asarray(given)
        if given.ndim == 1 and given.dtype.kind in "iu":
            return [int(one) for one in given]
        given = given.tolist() if given.dtype.kind == "O" else given
    whole = isinstance(given, list | tuple) and all(isinstance(one, Integral) for one in given)
    if not whole or any(isinstance(one, bool) for one in given):
        raise must(name, "a sequence of the asked documents, the best first", answer, TypeError)
    return [int(one) for one in given]


def decided(answers: Sequence[np.ndarray], asked: np.ndarray, kind: str) -> tuple[np.ndarray, bool]:
    """One answer out of several to the same call, and whether more than half of them gave it.

    Where no answer has more than half of the votes, the places of each document are added up; of documents that are
    asked for the best one, that with the most votes is taken. Of scores the mean is taken.
    """
    if kind == "score":
        return np.mean(answers, axis=0), True
    counted: dict[tuple[int, ...], int] = {}
    for answer in answers:
        key = tuple(answer[:1].tolist() if kind == "best" else answer.tolist())
        counted[key] = counted.get(key, 0) + 1
    key, most = max(counted.items(), key=lambda one: one[1])
    if 2 * most > len(answers):
        if kind == "best":
            return np.append(key[0], asked[asked != key[0]]).astype(np.int64), True
        return np.array(key, np.int64), True
    if kind == "best":
        votes = np.array([counted.get((int(one),), 0) for one in asked])
    else:
        places = {int(one): 0 for one in asked}
        for answer in answers:
            for place, one in enumerate(answer.tolist()):
                places[one] += place
        votes = -np.array([places[int(one)] for one in asked])
    return asked[np.argsort(-votes, kind="stable")], False
