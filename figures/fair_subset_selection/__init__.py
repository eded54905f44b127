"""Fair subset selection: swaps, quotas against none, utilities, rankings needed, blindness, smoothness, real panels."""

from figures.fair_subset_selection.blind import BLIND
from figures.fair_subset_selection.real import REAL
from figures.fair_subset_selection.sizes import SIZES
from figures.fair_subset_selection.smooth import SMOOTHNESS
from figures.fair_subset_selection.swaps import SWAPS
from figures.fair_subset_selection.ties import TIES_FIGURE
from figures.fair_subset_selection.utilities import UTILITIES

__all__ = ["BLIND", "REAL", "SIZES", "SMOOTHNESS", "SWAPS", "TIES_FIGURE", "UTILITIES"]
