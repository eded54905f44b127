"""Limits of low-rank gradients: ranks, degrees, accuracy, cost, the gadget, training, outliers, and real heads."""

from figures.lora_limits.accuracy import ACCURACY
from figures.lora_limits.cost import COST
from figures.lora_limits.degrees import DEGREES
from figures.lora_limits.exponents import EXPONENTS
from figures.lora_limits.gadget import GADGET
from figures.lora_limits.needed import NEEDED
from figures.lora_limits.outliers import OUTLIERS
from figures.lora_limits.real import REAL
from figures.lora_limits.training import TRAINING

__all__ = ["ACCURACY", "COST", "DEGREES", "EXPONENTS", "GADGET", "NEEDED", "OUTLIERS", "REAL", "TRAINING"]
