"""Ready families of instances for statements of your own: graphs, metrics, matrices, sequences and samples.

Each function returns a `Family` of small frozen dataclasses of plain data. The smallest and the enumerated instances
come first and always run, then come drawn ones, and a climb proposes neighbors of the worst. An instance that is known
to be tight for your claim is added by ``dataclasses.replace(family, tight=(Tight(instance, 1, 1),))``.
"""

from lrtheory.bounds.instances.networks import Digraph, Graph, digraphs, graphs, is_connected
from lrtheory.bounds.instances.samples import Binomial, Pool, binomials, pools
from lrtheory.bounds.instances.sequences import Labels, Stream, labels, streams
from lrtheory.bounds.instances.tables import Matrix, Metric, matrices, metrics

__all__ = [
    "Binomial",
    "Digraph",
    "Graph",
    "Labels",
    "Matrix",
    "Metric",
    "Pool",
    "Stream",
    "binomials",
    "digraphs",
    "graphs",
    "is_connected",
    "labels",
    "matrices",
    "metrics",
    "pools",
    "streams",
]
