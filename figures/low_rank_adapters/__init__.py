"""Low-rank adapters: reach, conditioning, healing of a layer, captured energies, dead columns, sharpness."""

from figures.low_rank_adapters.conditioning import CONDITIONING
from figures.low_rank_adapters.dead_columns import DEAD_COLUMNS
from figures.low_rank_adapters.energies import ENERGIES
from figures.low_rank_adapters.healing import HEALING
from figures.low_rank_adapters.reach import REACH
from figures.low_rank_adapters.sharpness import SHARPNESS

__all__ = ["CONDITIONING", "DEAD_COLUMNS", "ENERGIES", "HEALING", "REACH", "SHARPNESS"]
