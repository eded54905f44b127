"""Dynamic submodular maximization: queries and values, bounds over time, the tight instance, an adversary, real data.

The figures of the paper could not be read; the setting is that of the code of the algorithm that it improves on.
"""

from figures.dynamic_submodular.attack import ATTACK
from figures.dynamic_submodular.burst import BURST
from figures.dynamic_submodular.companion import COMPANION
from figures.dynamic_submodular.frontier import FRONTIER
from figures.dynamic_submodular.latency import LATENCY
from figures.dynamic_submodular.real import REAL
from figures.dynamic_submodular.sweeps import ACCURACY, LENGTH, SIZE
from figures.dynamic_submodular.tight import TIGHT

__all__ = ["ACCURACY", "ATTACK", "BURST", "COMPANION", "FRONTIER", "LATENCY", "LENGTH", "REAL", "SIZE", "TIGHT"]
