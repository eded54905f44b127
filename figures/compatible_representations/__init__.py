"""Compatible representations: versions, maps, the definition against the service, and galleries that change."""

from figures.compatible_representations.alignment import ALIGNMENT
from figures.compatible_representations.coverage import COVERAGE
from figures.compatible_representations.definition import DEFINITION
from figures.compatible_representations.growing import GROWING
from figures.compatible_representations.items import ITEMS
from figures.compatible_representations.layers import LAYERS
from figures.compatible_representations.migration import MIGRATION
from figures.compatible_representations.versions import VERSIONS

__all__ = ["ALIGNMENT", "COVERAGE", "DEFINITION", "GROWING", "ITEMS", "LAYERS", "MIGRATION", "VERSIONS"]
