"""Conversions: balanced factors for the update of a LoRA, and the best LoRA of a rank for an adapter of any kind."""

from lrtheory.low_rank_adapters.convert.certificate import ConversionCertificate
from lrtheory.low_rank_adapters.convert.refactorize import Refactorized, refactorize
from lrtheory.low_rank_adapters.convert.to_lora import to_lora

__all__ = ["ConversionCertificate", "Refactorized", "refactorize", "to_lora"]
