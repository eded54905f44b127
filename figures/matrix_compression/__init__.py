"""Compressing matrices and adapters: what is foretold, clusters, brackets, re-ranking, merging, budgets, training."""

from figures.matrix_compression.bracket import BRACKET
from figures.matrix_compression.clusters import CLUSTERS
from figures.matrix_compression.merging import MERGING
from figures.matrix_compression.prediction import PREDICTION
from figures.matrix_compression.ranks import RANKS
from figures.matrix_compression.squeezing import SQUEEZING
from figures.matrix_compression.training import TRAINING

__all__ = ["BRACKET", "CLUSTERS", "MERGING", "PREDICTION", "RANKS", "SQUEEZING", "TRAINING"]
