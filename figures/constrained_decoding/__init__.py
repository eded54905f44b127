"""Constrained decoding: growing catalogues, wider beams, masked against exact sampling, catalogues that change."""

from figures.constrained_decoding.days import DAYS
from figures.constrained_decoding.growth import GROWTH
from figures.constrained_decoding.masked import MASKED
from figures.constrained_decoding.width import WIDTH

__all__ = ["DAYS", "GROWTH", "MASKED", "WIDTH"]
