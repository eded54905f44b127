"""Continual learning: words of an encoder, single precision, the quarter law, sketches, subspaces, permuted digits."""

from figures.continual_learning.encoder_edits import ENCODER_EDITS
from figures.continual_learning.float_trap import FLOAT_TRAP
from figures.continual_learning.permuted_digits import PERMUTED_DIGITS
from figures.continual_learning.quarter_law import QUARTER_LAW
from figures.continual_learning.sketch import SKETCH
from figures.continual_learning.whose_subspace import WHOSE_SUBSPACE

__all__ = ["ENCODER_EDITS", "FLOAT_TRAP", "PERMUTED_DIGITS", "QUARTER_LAW", "SKETCH", "WHOSE_SUBSPACE"]
