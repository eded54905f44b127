"""Low-rank adapters as exact linear algebra: its statements, from kinds and distances to starts and steps."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.low_rank_adapters.freedom import derivatives
from proofs_checks.low_rank_adapters.freedom import dimensions
from proofs_checks.low_rank_adapters.freedom import random_subspaces
from proofs_checks.low_rank_adapters.freedom import shared_vectors
from proofs_checks.low_rank_adapters.freedom import grouped_lines
from proofs_checks.low_rank_adapters.freedom import randlora_ranks
from proofs_checks.low_rank_adapters.freedom import randlora_records
from proofs_checks.low_rank_adapters.distances import frozen_factors
from proofs_checks.low_rank_adapters.distances import randlora_blocks
from proofs_checks.low_rank_adapters.distances import hadamard_products
from proofs_checks.low_rank_adapters.distances import best_lora
from proofs_checks.low_rank_adapters.projections import projected_steps
from proofs_checks.low_rank_adapters.projections import captured_energies
from proofs_checks.low_rank_adapters.projections import floors
from proofs_checks.low_rank_adapters.alternation import decreases
from proofs_checks.low_rank_adapters.alternation import two_half_steps
from proofs_checks.low_rank_adapters.alternation import transport
from proofs_checks.low_rank_adapters.alternation import rates
from proofs_checks.low_rank_adapters.alternation import stability
from proofs_checks.low_rank_adapters.products import balance
from proofs_checks.low_rank_adapters.products import switches

ABOUT = About(
    paper=(
        "K. Ponkshe et al., *Initialization using Update Approximation is a Silver Bullet for Extremely Efficient "
        "Low-Rank Fine-Tuning*, arXiv 2411.19557; AltLoRA, 2505.12455; Uni-LoRA, 2506.00799; SwitchLoRA, 2406.06564; "
        "RandLoRA, 2502.00987; TeRA, 2509.03234; One-for-All, 2603.29756; HUT, 2409.13501; Queryable LoRA, 2605.08423; "
        "A. Glentis et al. on pretraining, 2505.22922."
    ),
    claims="""\
The papers propose adapters with fewer numbers or higher rank than LoRA, starts that capture a gradient, and steps that
do not depend on how an update is factored. Abstracts and parts of the code were read, no theorems. What of this is
linear algebra is proved here: how near each kind comes to a target, how many free numbers it has, what a start or a
step captures, and which steps are stable. In draws full rank paid for flat spectra alone, and a start from signs of a
gradient can miss nearly all of it.""",
    pictures=("reach", "healing"),
)
