"""Transductive clustering: energies, two points, rates, accuracies beside papers, options, real tasks, sizes."""

from figures.transductive_clustering.accuracy import ACCURACY
from figures.transductive_clustering.energies import ENERGIES
from figures.transductive_clustering.papers import PAPERS
from figures.transductive_clustering.rates import RATES
from figures.transductive_clustering.real import REAL
from figures.transductive_clustering.scaling import SCALING
from figures.transductive_clustering.sensitivity import SENSITIVITY
from figures.transductive_clustering.shapes import SHAPES_FIGURE
from figures.transductive_clustering.two_points import TWO_POINTS
from figures.transductive_clustering.unequal import UNEQUAL

__all__ = [
    "ACCURACY",
    "ENERGIES",
    "PAPERS",
    "RATES",
    "REAL",
    "SCALING",
    "SENSITIVITY",
    "SHAPES_FIGURE",
    "TWO_POINTS",
    "UNEQUAL",
]
