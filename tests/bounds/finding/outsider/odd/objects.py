"""Instances that are no plain data."""

from dataclasses import replace

import networkx
from theorems import squares

from lrtheory.bounds import Family

GRAPHS = Family("odd-graphs", always=(networkx.path_graph(2),), complete="one", members=1)
OBJECTS = replace(squares.SQUARE, id="odd/objects", hypotheses={"none": lambda graph: True}, instances=GRAPHS)
