"""The verbs of the shell: ``lrtheory matrix_completion complete ratings.csv``."""

from __future__ import annotations

from typing import Literal

from lrtheory.matrix_completion import completion
from lrtheory.matrix_completion.alternation.predictions import FilledMatrix, Recommendations
from lrtheory.matrix_completion.entries.reading import Pairs
from lrtheory.matrix_completion.problem import Observations

#: what -o writes, where it is more than the table that is printed, or another one
WRITES = {
    "complete": "the predictions of all empty cells or of the pairs",
    "recommend": "a TREC run (.run), or a table",
}
#: arguments of the functions that a verb calls, and its own names for them
RENAMED = {"recommend": {"rows": "user"}}


def complete(
    ratings: Observations,
    *,
    rank: str = "auto",
    ridge: float | None = None,
    pairs: Pairs | None = None,
    hold_out: Literal["random", "time"] = "random",
    rng: int = 0,
) -> FilledMatrix:
    """Complete a table of ratings, and say how large the error is on ratings that nothing has seen.

    A tenth of the ratings chooses rank and ridge, another tenth measures the error beside those of the mean and of the
    biases of users and items; then all are fitted. With -o the predictions of all empty cells are written, or of pairs.

    Parameters
    ----------
    ratings : Observations
        Ratings, one a line with user, item and perhaps time, or a table of users by items. The files of MovieLens are
        read as they are.
    rank : str
        The rank, or several to choose from, such as 1,2,4.
    ridge : float or None
        The weight of the penalty; what is left out is chosen.
    pairs : Pairs or None
        A table with a column of users and one of items, whose predictions are wanted.
    hold_out : {"random", "time"}
        Whether ratings are held out at random, or the last ones.
    rng : int
        The seed of what is held out at random.

    Returns
    -------
    FilledMatrix
        The errors, or the predictions of the pairs.

    Examples
    --------
    .. code-block:: sh

        lrtheory matrix_completion complete ratings.csv
        lrtheory matrix_completion complete ratings.csv --rank 1,2 -o all.csv
        lrtheory matrix_completion complete ratings.csv --pairs pairs.csv -o predicted.csv
    """
    done = completion.complete(ratings, _ranks(rank), ridge=ridge, hold_out=hold_out, n_jobs=-1, rng=rng)
    return done.fill(ratings if pairs is None else pairs)


def recommend(
    ratings: Observations,
    *,
    user: str | None = None,
    n: int = 10,
    rank: str = "auto",
    ridge: float | None = None,
    rng: int = 0,
) -> Recommendations:
    """Recommend the items with the largest predictions to one user, or to all.

    Items that a user has rated are left out. With -o a path that ends in .run gets a run as TREC evaluates it.

    Parameters
    ----------
    ratings : Observations
        Ratings, one a line or as a table, as for `complete`.
    user : str or None
        The id of a user; without it all users.
    n : int
        The number of items for each user.
    rank : str
        The rank, or several to choose from, such as 1,2,4.
    ridge : float or None
        The weight of the penalty; what is left out is chosen.
    rng : int
        The seed of what is held out at random.

    Returns
    -------
    Recommendations
        User, item and prediction, the best first.

    Examples
    --------
    .. code-block:: sh

        lrtheory matrix_completion recommend ratings.csv --user u7 -n 5
        lrtheory matrix_completion recommend ratings.csv --rank 2 -o all.run
    """
    done = completion.complete(ratings, _ranks(rank), ridge=ridge, n_jobs=-1, rng=rng)
    return done.recommend(None if user is None else [user], n, exclude=ratings)


def _ranks(rank: str) -> int | list[int] | Literal["auto"]:
    """The ranks that are typed: one, several between commas, or "auto"."""
    words = [word.strip() for word in rank.split(",")]
    if words == ["auto"]:
        return "auto"
    if not all(word.isdecimal() for word in words):
        raise ValueError(f"--rank takes a number, several such as 1,2,4, or auto; got {rank!r}")
    ranks = [int(word) for word in words]
    return ranks if len(ranks) > 1 else ranks[0]
