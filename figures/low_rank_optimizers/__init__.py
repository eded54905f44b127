"""Low-rank optimizers: bias, budgets, integers, columns, curvature, orthogonalization, splits, rounding, memory."""

from figures.low_rank_optimizers.bias_of_rank import BIAS_OF_RANK
from figures.low_rank_optimizers.budget import BUDGET
from figures.low_rank_optimizers.captured_energy import CAPTURED_ENERGY
from figures.low_rank_optimizers.integer_training import INTEGER_TRAINING
from figures.low_rank_optimizers.rounding import ROUNDING
from figures.low_rank_optimizers.singular_values import SINGULAR_VALUES
from figures.low_rank_optimizers.variance import VARIANCE

__all__ = ["BIAS_OF_RANK", "BUDGET", "CAPTURED_ENERGY", "INTEGER_TRAINING", "ROUNDING", "SINGULAR_VALUES", "VARIANCE"]
