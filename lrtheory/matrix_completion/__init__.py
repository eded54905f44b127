r"""Low-rank matrix completion by alternating minimization, with regressions that are solved approximately on purpose.

A matrix M of rank k is seen at a random sample Omega of its entries. Alternating minimization fixes one factor, solves
a small regression for every line of the other one, and exchanges the two:

.. math:: M \approx U V^\top, \qquad v_j = \arg\min_v \sum_{i \in \Omega^j} (u_i^\top v - M_{ij})^2 .

When the singular vectors are spread out (*incoherent*) and the sample is large enough, the distance between column
spaces shrinks by a constant factor in each half-step. The theorem of this package says that this survives regressions
that are solved only approximately, as long as their error is small against the distance that is left; then the whole
takes time proportional to \|Omega\| k.

* What completes a matrix?                                 `complete`; `complete_dense` on any device
* How large is the error, and what to recommend?           the result's `score`, `tested`, `recommend`, `fill`
* What happens in one half-step, and what does it cost?    `half_step`, `theory.contraction_bound`
* How is one regression solved to high accuracy?           `sketched_lstsq`
* Can this sample determine the matrix at all?             `finitely_completable`, `spectral_gap`, `incoherence`
* How far is the answer from the best one?                 the result's `certificate`, `duality_gap`

Examples
--------
Recover a matrix from a fifth of its entries:

>>> from lrtheory import matrix_completion
>>> problem = matrix_completion.make_low_rank((300, 200), 3, density=0.2, rng=0)
>>> done = matrix_completion.complete(problem, 3)
>>> bool(abs(done.block() - problem.truth.dense()).max() < 1e-4)
True

From ratings to an answer: a file or a frame with a rating a line, or a table of users by items, is read with its ids.
Some ratings are held out: a part chooses rank and ridge, and another one, which has chosen nothing, measures the error
beside those of the mean and of biases. ``complete("ratings.csv")`` does the same, and so does the shell
(``lrtheory matrix_completion complete ratings.csv``).

>>> made = matrix_completion.make_power_law((300, 200), 2, n_observed=6000, rng=0).observations
>>> frame = {"user": made.rows + 1000, "item": [f"film-{j}" for j in made.cols], "rating": made.values}
>>> model = matrix_completion.complete(frame, rng=0)
>>> model.rank, model.tested.models
(2, ('mean', 'biases', 'rank 2'))
>>> bool(model.tested.gain_lower > 0)  # better than biases, with the confidence of the interval
True
>>> films, stars = model.top(1000, 3, exclude=matrix_completion.Observations.from_frame(frame))
>>> len(films), bool(stars.max() <= 5)
(3, True)

Each step by hand, on numbers of rows and columns:

>>> train, test = made.split(0.1, rng=0)
>>> model = matrix_completion.complete(train, [1, 2, 4], ridge=8.0, bias=True, validation=test)
>>> model.rank, model.predict([0, 1], [2, 3]).shape
(2, (2,))
"""

from __future__ import annotations

from lrtheory.matrix_completion import baselines, theory
from lrtheory.matrix_completion.alternation.certificates import CompletionCertificate, duality_gap, objective
from lrtheory.matrix_completion.alternation.predictions import FilledMatrix, Recommendations
from lrtheory.matrix_completion.alternation.result import CompletionResult, CompletionState
from lrtheory.matrix_completion.alternation.scores import Score
from lrtheory.matrix_completion.alternation.start import SpectralInit, spectral_init
from lrtheory.matrix_completion.completion import complete
from lrtheory.matrix_completion.dense import DenseCompletion, complete_dense
from lrtheory.matrix_completion.entries.reading import Pairs
from lrtheory.matrix_completion.half_steps import HalfStep, half_step
from lrtheory.matrix_completion.loaders import load_digits_matrix, load_lecture_ratings, load_movielens_100k
from lrtheory.matrix_completion.makers import make_coherent, make_low_rank, make_power_law, sample_mask
from lrtheory.matrix_completion.problem import CompletionProblem, LowRank, Observations, split_mask
from lrtheory.matrix_completion.sketching import LstsqResult, sketch, sketched_lstsq
from lrtheory.matrix_completion.spectral import (
    finitely_completable,
    incoherence,
    rank_one_components,
    spectral_gap,
    subspace_distance,
)

__all__ = [
    "CompletionCertificate",
    "CompletionProblem",
    "CompletionResult",
    "CompletionState",
    "DenseCompletion",
    "FilledMatrix",
    "HalfStep",
    "LowRank",
    "LstsqResult",
    "Observations",
    "Pairs",
    "Recommendations",
    "Score",
    "SpectralInit",
    "baselines",
    "complete",
    "complete_dense",
    "duality_gap",
    "finitely_completable",
    "half_step",
    "incoherence",
    "load_digits_matrix",
    "load_lecture_ratings",
    "load_movielens_100k",
    "make_coherent",
    "make_low_rank",
    "make_power_law",
    "objective",
    "rank_one_components",
    "sample_mask",
    "sketch",
    "sketched_lstsq",
    "spectral_gap",
    "spectral_init",
    "split_mask",
    "subspace_distance",
    "theory",
]


def _warmup() -> None:
    """Compile every kernel, for both float types, by completing a matrix of four entries."""
    import numpy as np

    for kind in (np.float64, np.float32):
        table = np.array([[1, 2], [3, 6]], dtype=kind)
        half_step(table, np.ones((2, 1)))
        for method in ("auto", "exact", "cg"):
            complete(table, 1, method=method, max_iter=1)
    finitely_completable(table, 1, rng=0)
