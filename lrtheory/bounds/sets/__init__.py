"""Sets that are covered as a whole: what is said of every member of a named set, and not of some that were tried.

A set only proves. A member that contradicts the claim is an instance of the statement's own type, which the check
judges like any other, with both sides and a replay.
"""

from lrtheory.bounds.sets.all_of import All
from lrtheory.bounds.sets.box import Box
from lrtheory.bounds.sets.coins import Coins, CoinTosses, Uniform, Walk
from lrtheory.bounds.sets.dual import Dual, Program
from lrtheory.bounds.sets.entry import Entry
from lrtheory.bounds.sets.generic import Generic, Square
from lrtheory.bounds.sets.proof import Proof, Wrong

__all__ = [
    "All",
    "Box",
    "CoinTosses",
    "Coins",
    "Dual",
    "Entry",
    "Generic",
    "Program",
    "Proof",
    "Square",
    "Uniform",
    "Walk",
    "Wrong",
]
