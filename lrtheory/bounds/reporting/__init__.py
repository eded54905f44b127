"""The report: a page that people read, a page of details a system, and whether both still belong to the statements."""

from lrtheory.bounds.reporting.about import About, Finding, Published, Reading, Shown, Side
from lrtheory.bounds.reporting.costs import costs
from lrtheory.bounds.reporting.figures import read_records
from lrtheory.bounds.reporting.found import counts
from lrtheory.bounds.reporting.markdown import short
from lrtheory.bounds.reporting.opening import needs
from lrtheory.bounds.reporting.pages import DETAILS, PICTURES, Report, render
from lrtheory.bounds.reporting.staleness import stale

__all__ = [
    "DETAILS",
    "PICTURES",
    "About",
    "Finding",
    "Published",
    "Reading",
    "Report",
    "Shown",
    "Side",
    "costs",
    "counts",
    "needs",
    "read_records",
    "render",
    "short",
    "stale",
]
