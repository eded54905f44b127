"""Dual mirror descent: the paper's experiments, five input models on one page, and policies for an airline."""

from figures.dual_mirror_descent.assortment import ASSORTMENT
from figures.dual_mirror_descent.matching import MATCHING
from figures.dual_mirror_descent.online_lp import ONLINE_LP
from figures.dual_mirror_descent.pacing import PACING
from figures.dual_mirror_descent.policies import AIRLINE
from figures.dual_mirror_descent.real import REAL
from figures.dual_mirror_descent.worlds import WORLDS

__all__ = ["AIRLINE", "ASSORTMENT", "MATCHING", "ONLINE_LP", "PACING", "REAL", "WORLDS"]
