"""The same update in other factors: balanced ones, and those of the best LoRA of a rank for any kind."""

from lrtheory.low_rank_adapters.convert.refactorize import Refactorized, refactorize
from lrtheory.low_rank_adapters.convert.to_lora import to_lora

__all__ = ["Refactorized", "refactorize", "to_lora"]
