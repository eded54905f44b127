"""The figures on matrix completion: inner accuracy, samples, contraction, cost, sketches, noise, ratings, digits."""

from figures.matrix_completion.cost import COST
from figures.matrix_completion.digits import DIGITS
from figures.matrix_completion.half_steps import CONTRACTION, FLOOR
from figures.matrix_completion.inner import INNER
from figures.matrix_completion.noise import NOISE
from figures.matrix_completion.phase import PHASE
from figures.matrix_completion.ratings import RATINGS
from figures.matrix_completion.real import REAL
from figures.matrix_completion.sketches import DISTORTION, SKETCH_HELPS

__all__ = [
    "CONTRACTION",
    "COST",
    "DIGITS",
    "DISTORTION",
    "FLOOR",
    "INNER",
    "NOISE",
    "PHASE",
    "RATINGS",
    "REAL",
    "SKETCH_HELPS",
]
