"""The verbs of the shell: ``lrtheory matrix_completion complete ratings.csv``."""

from __future__ import annotations

import itertools
from typing import Literal

from lrtheory._validation import integer
from lrtheory.matrix_completion import completion
from lrtheory.matrix_completion.alternation.predictions import FilledMatrix, Recommendations
from lrtheory.matrix_completion.alternation.result import CompletionResult
from lrtheory.matrix_completion.entries.ids import numbers_of
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
    model: CompletionResult | None = None,
    hold_out: Literal["random", "time"] = "random",
    rng: int = 0,
) -> FilledMatrix:
    """Complete a table of ratings, and say how large the error is on ratings that nothing has seen.

    A tenth of the ratings chooses rank and ridge, another tenth measures the error beside those of the mean and of the
    biases of users and items; then all are fitted. With -o the predictions of all empty cells are written, or of pairs.

    Parameters
    ----------
    ratings : Observations
        Ratings, one per line with user, item and perhaps time, or a table of users by items. The files of MovieLens are
        read as they are.
    rank : str
        The rank, or several to choose from, such as 1,2,4.
    ridge : float or None
        The weight of the penalty; what is left out is chosen.
    pairs : Pairs or None
        A table with a column of users and one of items, whose predictions are wanted.
    model : CompletionResult or None
        A model that `fit` wrote, with which nothing is fitted: users whom it does not know are folded in.
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
        lrtheory matrix_completion complete new_ratings.csv --model ratings_model.npz -o predicted.csv
    """
    done = _model(ratings, model, rank, ridge, hold_out, rng)
    return done.fill(ratings if pairs is None else pairs)


def fit(
    ratings: Observations,
    *,
    rank: str = "auto",
    ridge: float | None = None,
    hold_out: Literal["random", "time"] = "random",
    rng: int = 0,
) -> CompletionResult:
    """Fit a model of ratings, and keep it in a file for `complete`, `recommend` and `fold-in`.

    Parameters
    ----------
    ratings : Observations
        Ratings, one per line or as a table, as for `complete`.
    rank : str
        The rank, or several to choose from, such as 1,2,4.
    ridge : float or None
        The weight of the penalty; what is left out is chosen.
    hold_out : {"random", "time"}
        Whether ratings are held out at random, or the last ones.
    rng : int
        The seed of what is held out at random.

    Returns
    -------
    CompletionResult
        The factors, with the items at their ends; -o writes the whole model where the path ends in .npz.

    Examples
    --------
    .. code-block:: sh

        lrtheory matrix_completion fit ratings.csv --rank 2 --ridge 1 -o model.npz
    """
    return _model(ratings, None, rank, ridge, hold_out, rng)


def recommend(
    ratings: Observations,
    *,
    user: str | None = None,
    n: int = 10,
    model: CompletionResult | None = None,
    rank: str = "auto",
    ridge: float | None = None,
    rng: int = 0,
) -> Recommendations:
    """Recommend the items with the largest predictions to one user, or to all.

    Items that a user has rated are left out. With -o a path that ends in .run gets a run as TREC evaluates it.

    Parameters
    ----------
    ratings : Observations
        Ratings, one per line or as a table, as for `complete`.
    user : str or None
        The id of a user; without it all users.
    n : int
        The number of items for each user.
    model : CompletionResult or None
        A model that `fit` wrote, with which nothing is fitted: users whom it does not know are folded in.
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
        lrtheory matrix_completion recommend new_ratings.csv --model ratings_model.npz --user u90
    """
    n = integer("n", n, low=1)
    if user is not None:  # before a fit, which may take a while
        known = [one.names[0] or () for one in (ratings, model) if one is not None and one.names is not None]
        numbers_of("user", user, [*itertools.chain(*known)], "users")
    done = _model(ratings, model, rank, ridge, "random", rng)
    return done.recommend(None if user is None else [user], n, exclude=ratings)


def fold_in(ratings: Observations, *, model: CompletionResult) -> CompletionResult:
    """Add new users to a model, each fitted from its own ratings; nothing else is fitted anew.

    Parameters
    ----------
    ratings : Observations
        Ratings of the new users, one per line or as a table, as for `complete`. Users whom the model knows stay as they
        are.
    model : CompletionResult
        A model that `fit` wrote.

    Returns
    -------
    CompletionResult
        The model with more users, which -o writes where the path ends in .npz.

    Examples
    --------
    .. code-block:: sh

        lrtheory matrix_completion fold-in new_ratings.csv --model ratings_model.npz -o larger.npz
    """
    return model.with_rows(ratings)


def _model(
    ratings: Observations,
    model: CompletionResult | None,
    rank: str,
    ridge: float | None,
    hold_out: Literal["random", "time"],
    rng: int,
) -> CompletionResult:
    """The model of a file with new users folded in, or one that is fitted."""
    if model is None:
        return completion.complete(ratings, _ranks(rank), ridge=ridge, hold_out=hold_out, n_jobs=-1, rng=rng)
    if rank != "auto" or ridge is not None:
        raise ValueError("--rank and --ridge are of a fit, and with --model nothing is fitted: leave them out")
    return model.with_rows(ratings)


def _ranks(rank: str) -> int | list[int] | Literal["auto"]:
    """The ranks that are typed: one, several between commas, or "auto"."""
    words = [word.strip() for word in rank.split(",")]
    if words == ["auto"]:
        return "auto"
    if not all(word.isdecimal() for word in words):
        raise ValueError(f"--rank takes a number, several such as 1,2,4, or auto; got {rank!r}")
    ranks = [int(word) for word in words]
    return ranks if len(ranks) > 1 else ranks[0]
