"""A statement: hypotheses, two sides, and what would contradict it; how it reads in a notebook and in a terminal."""

from lrtheory.bounds.statement.defects import defects
from lrtheory.bounds.statement.statement import Statement, always
from lrtheory.bounds.statement.variants import Repair, Saboteur, Violated, repair, saboteur

__all__ = ["Repair", "Saboteur", "Statement", "Violated", "always", "defects", "repair", "saboteur"]
