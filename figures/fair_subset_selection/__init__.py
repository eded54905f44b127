"""Fair subset selection: swaps, quotas, utilities, rankings needed, blindness, smoothness, panels and applicants."""

from figures.fair_subset_selection.applicants import APPLICANTS
from figures.fair_subset_selection.blind import BLIND
from figures.fair_subset_selection.real import REAL
from figures.fair_subset_selection.sizes import SIZES
from figures.fair_subset_selection.smooth import SMOOTHNESS
from figures.fair_subset_selection.swaps import SWAPS
from figures.fair_subset_selection.ties import TIES_FIGURE
from figures.fair_subset_selection.utilities import UTILITIES

__all__ = ["APPLICANTS", "BLIND", "REAL", "SIZES", "SMOOTHNESS", "SWAPS", "TIES_FIGURE", "UTILITIES"]
