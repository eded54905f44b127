"""Low-rank adapters as exact linear algebra: its statements, from kinds and distances to starts and steps."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.low_rank_adapters import adapters
from proofs_checks.low_rank_adapters import uni_lora
