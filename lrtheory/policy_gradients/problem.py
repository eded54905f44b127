"""Logs of answers to problems, and small problems whose laws are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lrtheory._array import read_only, to_numpy
from lrtheory._files import FromTable, Table, warn_alike
from lrtheory._files.cells import cell_text
from lrtheory._types import ArrayLike, Rng
from lrtheory._validation import Words, as_array, generator, integer, must, open_interval
from lrtheory.policy_gradients.exact.labels import listed, numbered

__all__ = ["AnswerLog", "Bandit", "make_bandit"]

YES, NO = ("1", "1.0", "true", "yes", "right", "correct"), ("0", "0.0", "false", "no", "wrong", "incorrect")


class AnswerLog(FromTable):
    """Answers to problems, and which of them are right.

    Files and frames have a row for each answer with the columns problem and correct, and perhaps answer; or a row for
    each problem with the columns problem, n (answers) and c (right ones).

    Parameters
    ----------
    problems : sequence of length n
        Problem of each answer, by any name.
    correct : sequence of length n
        Whether the answer is right: booleans, or 1 and 0.
    answers : sequence of length n, optional
        Answers themselves, such as final numbers: those of one problem that are equal are the same answer.

    Attributes
    ----------
    problems : tuple
        The different problems, in the order in which they first occur.
    n : int64 array of shape (problems,)
        Number of answers to each problem.
    c : int64 array of shape (problems,)
        Number of right ones.
    right : tuple of mappings, or None
        Number of times that each right answer to a problem occurs; None if answers are not known.

    Raises
    ------
    ValueError
        If lengths differ, `correct` holds something else, or an answer is right in one row and wrong in another.
    """

    __slots__ = ("c", "n", "problems", "right")

    def __init__(self, problems: ArrayLike, correct: ArrayLike, *, answers: ArrayLike | None = None) -> None:
        names = listed("problems", problems)
        place, at = numbered("problems", names)
        flags = as_array("correct", correct)
        if flags.shape != (len(names),):
            raise must("correct", f"one entry for each of {len(names)} answers", Words(f"shape {flags.shape}"))
        if flags.dtype.kind not in "biuf":
            raise must("correct", "booleans, or 1 and 0", correct, TypeError)
        wrong = ~np.isin(flags, (0, 1))
        if wrong.any():
            raise must("correct", "booleans, or 1 and 0", flags[wrong][0])
        told = flags.astype(bool)
        right = None if answers is None else _right(place, at, told, _answers(answers))
        self._set(
            tuple(place), np.bincount(at, minlength=len(place)), np.bincount(at[told], minlength=len(place)), right
        )

    def _set(self, problems: tuple[Any, ...], n: Any, c: Any, right: tuple[Mapping[Any, int], ...] | None) -> None:
        self.problems, self.right = problems, right
        self.n, self.c = (read_only(np.asarray(counts, np.int64)) for counts in (n, c))

    @classmethod
    def from_counts(cls, problems: ArrayLike, n: ArrayLike, c: ArrayLike) -> Self:
        """Make a log of counts.

        Parameters
        ----------
        problems : sequence
            Different names.
        n : array of int of shape (problems,)
            Number of answers to each problem.
        c : array of int of shape (problems,)
            Number of right ones.

        Returns
        -------
        AnswerLog
            Log without answers.

        Raises
        ------
        ValueError
            If a problem comes twice, lengths differ, or there are more right answers than answers.
        """
        names = listed("problems", problems)
        sizes, rights = read_counts(n, c)
        numbers = numbered("problems", names)[1]
        if (twice := _second(numbers)) is not None:
            raise must("problems", "different names", names[twice])
        if len(names) != len(sizes):
            raise must("problems", f"one name for each of {len(sizes)} counts", Words(f"{len(names)} names"))
        log = cls.__new__(cls)
        log._set(tuple(names), sizes, rights, None)
        return log

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        known = {name.strip().lower() for name in table.names}
        if ({"n", "c"} <= known and "correct" not in known) or (isinstance(columns, Mapping) and "n" in columns):
            names = table.pick(columns, {"problem": ("prompt", "task", "question"), "n": (), "c": ()})
            problems = table.text(names["problem"])
            warn_alike(problems, table.origin)
            n, c = (table.floats(names[role]) for role in ("n", "c"))
            whole, right = "a whole number from 0 to 2^53", "at most the number of answers of its row"
            for role, wrong, rule in (("n", ~_is_count(n), whole), ("c", ~_is_count(c), whole), ("c", c > n, right)):
                if wrong.any():
                    raise table.refuse(int(np.argmax(wrong)), names[role], rule)
            if (twice := _second(numbered("problems", problems)[1])) is not None:
                raise table.refuse(twice, names["problem"], "another one in each row of counts")
            return cls.from_counts(problems, n, c)
        customs = {
            "problem": ("prompt", "task", "question"),
            "correct": ("right", "passed", "reward"),
            "answer": ("answers", "solution"),
        }
        names = table.pick(columns, customs, optional=("answer",))
        problems = table.text(names["problem"])
        warn_alike(problems, table.origin)
        correct = table.each(names["correct"], _truth, "true or false, or 1 or 0")
        if not table.header and problems[0].lower() == "problem" and correct[0] == "right":
            raise table.refuse(0, names["correct"], "true or false, or the first line must have different names")
        told = np.array([flag == "right" for flag in correct], np.bool_)
        if columns is None and "n" in known and len(set(problems)) == len(problems):
            _refuse_counts(table, names["correct"])
        if "answer" not in names:
            return cls(problems, told)
        answers = [cell_text(cell) for cell in table.columns[names["answer"]]]
        bare = [row for row, answer in enumerate(answers) if told[row] and not answer]
        if bare:
            raise table.refuse(bare[0], names["answer"], "there, since it is right")
        return cls(problems, told, answers=answers)

    def __len__(self) -> int:
        return len(self.problems)


def _answers(answers: Any) -> list[Any]:
    """Answers of any kind as a list; None stands for an answer that was not found, which is wrong."""
    found = listed("answers", answers)
    numbered("answers", [one for one in found if one is not None])
    return found


def _right(
    place: Mapping[Any, int], at: np.ndarray, told: np.ndarray, answers: list[Any]
) -> tuple[dict[Any, int], ...]:
    """Count each right answer to a problem; an answer is right or wrong, not both."""
    if len(answers) != len(at):
        raise must("answers", f"one entry for each of {len(at)} rows", Words(f"{len(answers)} entries"))
    counts: tuple[dict[Any, int], ...] = tuple({} for _ in place)
    wrong: tuple[set[Any], ...] = tuple(set() for _ in place)
    for problem, is_right, answer in zip(at.tolist(), told.tolist(), answers, strict=True):
        if is_right and answer is None:
            raise must("answers", "there where they are right", None)
        if is_right:
            counts[problem][answer] = counts[problem].get(answer, 0) + 1
        else:
            wrong[problem].add(answer)
    for name, rights, wrongs in zip(place, counts, wrong, strict=True):
        both = rights.keys() & wrongs
        if both:
            rule = "right or wrong for a problem, and not both"
            raise must("answers", rule, Words(f"{min(both, key=str)!r} for problem {name!r}"))
    return counts


def _refuse_counts(table: Table, correct: str) -> None:
    """Refuse a row for each problem whose right answers are not called c; each row would count as one answer."""
    number = next(name for name in table.names if name.strip().lower() == "n")
    many = [row for row, cell in enumerate(table.columns[number]) if cell_text(cell) not in ("", "0", "1")]
    if many:
        rule = f"1 where `{correct}` says of one answer whether it is right; right ones of n answers are a column c"
        raise table.refuse(many[0], number, rule)


def _truth(cell: Any) -> str | None:
    """Whether a cell says right or wrong; None where it says something else."""
    word = str(cell).strip().lower()
    return "right" if word in YES else "wrong" if word in NO else None


def read_counts(n: Any, c: Any) -> tuple[np.ndarray, np.ndarray]:
    """Read numbers of answers and of right ones, of one length, as int64."""
    sizes, rights = _whole("n", n), _whole("c", c)
    if sizes.shape != rights.shape:
        raise must("c", f"of the shape of `n`, {sizes.shape}", Words(f"shape {rights.shape}"))
    over = rights > sizes
    if over.any():
        raise must("c", "at most `n`", Words(f"{int(rights[over][0])} of {int(sizes[over][0])}"))
    return sizes, rights


def _whole(name: str, values: Any) -> np.ndarray:
    """Counts as an int64 array with one axis; a single number counts as one problem."""
    found = np.atleast_1d(as_array(name, to_numpy(values)))
    if found.dtype.kind not in "iuf" or found.ndim != 1:
        raise must(
            name, "an array of whole numbers with one axis", values, TypeError if found.ndim == 1 else ValueError
        )
    found = found.astype(np.float64) if found.dtype == np.float16 else found
    wrong = ~_is_count(found)
    if wrong.any():
        raise must(name, "whole numbers from 0 to 2^53", found[wrong][0])
    return found.astype(np.int64)


def _is_count(found: np.ndarray) -> np.ndarray:
    """Which numbers are whole, not negative, and exact as doubles."""
    return np.asarray((found >= 0) & (found <= 2**53) & (found == np.floor(found)))


def _second(numbers: np.ndarray) -> int | None:
    """The first place of a number that stands before it too."""
    news = np.concatenate(([-1], np.maximum.accumulate(numbers)[:-1])) if len(numbers) else numbers
    twice = np.flatnonzero(numbers <= news)
    return int(twice[0]) if len(twice) else None


@dataclass(frozen=True, eq=False)
class Bandit:
    """A problem with a list of answers, and a policy.

    Parameters
    ----------
    p : array of shape (n_answers,)
        Probability of each answer.
    correct : bool array of shape (n_answers,)
        Whether an answer is right.
    """

    p: np.ndarray
    correct: np.ndarray

    def __iter__(self) -> Iterable[np.ndarray]:  # type: ignore[misc]
        return iter((self.p, self.correct))


def make_bandit(n_answers: int, n_correct: int, *, success: float = 0.5, rng: Rng = None) -> Bandit:
    """Make a problem whose right answers have a probability that is given, and are unequally likely.

    Parameters
    ----------
    n_answers : int
        Number of answers, at least 2.
    n_correct : int
        Number of right ones, which come first, in [1, n_answers - 1].
    success : float
        Probability of all right answers together, in (0, 1).
    rng : int, Generator or None
        Source of the shares of right and of wrong answers, which are uniform on their simplex.

    Returns
    -------
    Bandit
        Law and right answers.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from lrtheory.policy_gradients import make_bandit
    >>> bandit = make_bandit(5, 2, success=0.25, rng=0)
    >>> round(float(bandit.p[bandit.correct].sum()), 12)
    0.25
    """
    n = integer("n_answers", n_answers, low=2)
    right = integer("n_correct", n_correct, low=1, high=n - 1)
    chance, draws = open_interval("success", success, 0, 1), generator(rng)
    shares = [draws.dirichlet(np.ones(size)) * mass for size, mass in ((right, chance), (n - right, 1 - chance))]
    return Bandit(read_only(np.concatenate(shares)), read_only(np.arange(n) < right))
