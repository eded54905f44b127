"""Ready families of instances for the promises beside this folder, and truths by brute force (`oracles`).

Each function returns a `Family` of small frozen dataclasses of plain data. The smallest and the enumerated instances
come first and always run, then come drawn ones, and a climb proposes neighbors of the worst. An instance that is known
to be tight for a claim is added by ``dataclasses.replace(family, tight=(Tight(instance, 1, 1),))``.
"""

from ready.metrics import Metric, metrics
from ready.networks import Digraph, Graph, digraphs, graphs, is_connected
from ready.samples import Binomial, Pool, binomials, pools
from ready.streams import Stream, streams

__all__ = [
    "Binomial",
    "Digraph",
    "Graph",
    "Metric",
    "Pool",
    "Stream",
    "binomials",
    "digraphs",
    "graphs",
    "is_connected",
    "metrics",
    "pools",
    "streams",
]
