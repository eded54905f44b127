"""Low-rank optimizers: bias and variance by rank, budgets, integer training."""

from figures.low_rank_optimizers.bias_of_rank import BIAS_OF_RANK
from figures.low_rank_optimizers.budget import BUDGET

__all__ = ["BIAS_OF_RANK", "BUDGET"]
