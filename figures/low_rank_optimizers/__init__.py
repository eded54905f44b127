"""Low-rank optimizers: bias, budgets, integers, columns, curvature, orthogonalization, splits, rounding, memory."""

from figures.low_rank_optimizers.bias_of_rank import BIAS_OF_RANK
from figures.low_rank_optimizers.budget import BUDGET
from figures.low_rank_optimizers.captured_energy import CAPTURED_ENERGY
from figures.low_rank_optimizers.curvature_gain import CURVATURE_GAIN
from figures.low_rank_optimizers.integer_training import INTEGER_TRAINING
from figures.low_rank_optimizers.memory import MEMORY
from figures.low_rank_optimizers.resplit import RESPLIT
from figures.low_rank_optimizers.rounding import ROUNDING
from figures.low_rank_optimizers.singular_values import SINGULAR_VALUES
from figures.low_rank_optimizers.variance import VARIANCE

__all__ = [
    "BIAS_OF_RANK",
    "BUDGET",
    "CAPTURED_ENERGY",
    "CURVATURE_GAIN",
    "INTEGER_TRAINING",
    "MEMORY",
    "RESPLIT",
    "ROUNDING",
    "SINGULAR_VALUES",
    "VARIANCE",
]
