"""Low-rank adapters as exact linear algebra: its statements, from kinds and distances to starts and steps."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.low_rank_adapters.freedom import derivatives
from proofs_checks.low_rank_adapters.freedom import dimensions
from proofs_checks.low_rank_adapters.freedom import random_subspaces
from proofs_checks.low_rank_adapters.freedom import shared_vectors
from proofs_checks.low_rank_adapters.freedom import grouped_lines
from proofs_checks.low_rank_adapters.freedom import randlora_ranks
from proofs_checks.low_rank_adapters.freedom import randlora_records
from proofs_checks.low_rank_adapters.freedom import ranks
from proofs_checks.low_rank_adapters.distances import frozen_factors
from proofs_checks.low_rank_adapters.distances import randlora_blocks
from proofs_checks.low_rank_adapters.distances import hadamard_products
from proofs_checks.low_rank_adapters.distances import tensor_networks
from proofs_checks.low_rank_adapters.distances import routed_atoms
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
    papers=(
        Reading(
            key="2411.19557",
            name="LoRA-SB, K. Ponkshe et al.",
            read="abstract, code",
            claims="A start from the first gradient simulates full fine-tuning with few numbers.",
            found=(
                "A start captures what factors of its rank can; from the signs of a gradient it can miss nearly all."
            ),
            ids=("SB-",),
            call="initialize",
        ),
        Reading(
            key="2505.12455",
            name="AltLoRA, X. Yu et al.",
            read="abstract, code",
            claims="Alternating projections approximate the full gradient, whatever the factors are.",
            found=(
                "Alternating steps do not see how a product is written; the released scale and damping are another"
                " step."
            ),
            ids=("AL-",),
            call="AdapterOptimizer",
        ),
        Reading(
            key="2506.00799",
            name="Uni-LoRA, K. Li et al.",
            read="abstract, lines of code",
            claims="One short vector, spread over all factors by an isometry, is enough.",
            found="The spread is an isometry, and a random assignment loses a known share.",
            ids=("UL-",),
            call="uni_lora",
        ),
        Reading(
            key="2406.06564",
            name="SwitchLoRA, K. Zhou et al.",
            read="abstract, code",
            claims="Switching vectors of the factors learns full rank in pretraining.",
            found="A switch leaves the weight as it is, and makes one gradient jump.",
            ids=("SW-",),
            call="SwitchedLoRA",
        ),
        Reading(
            key="2502.00987",
            name="RandLoRA, P. Albert et al.",
            read="abstract, code",
            claims="Sums of random bases with trained scales have full rank.",
            found="The rank is that of a union of matroids and can be one; full rank paid for flat spectra alone.",
            ids=("RA-",),
            call="randlora",
        ),
        Reading(
            key="2509.03234",
            name="TeRA, Y. Gu et al.",
            read="abstract",
            claims="Vectors in a random tensor network give updates of high rank with few numbers.",
            found="The rank of an update follows from the zeros of its core, and its distance lies between two bounds.",
            ids=("TE-",),
            call="tera",
        ),
        Reading(
            key="2603.29756",
            name="One-for-All",
            read="abstract",
            claims="Scaling by the root of the rank keeps training stable at every rank.",
            found="The first change does not depend on the rank then.",
            ids=("RS-",),
            call="lora",
        ),
        Reading(
            key="2409.13501",
            name="HUT, G. Zhang et al.",
            read="abstract",
            claims="Products with the weight, entry by entry, cost less than LoRA.",
            found="No pruned weight is revived; with a weight of rank one it is LoRA.",
            ids=("HU-",),
            call="hadamard",
        ),
        Reading(
            key="2605.08423",
            name="Queryable LoRA, O. B. Vaidya et al.",
            read="abstract",
            claims="A router mixes shared atoms of low rank, and follows an instruction.",
            found="Any point of the hull of its atoms bounds the distance from it; its routing has a closed form.",
            ids=("QL-",),
            call="queryable",
        ),
        Reading(
            key="2505.22922",
            name="Memory Efficient Pretraining, A. Glentis et al.",
            read="abstract",
            claims=(
                "Refactoring the weights and resetting momenta make pretraining of low rank better than other "
                "methods that save memory."
            ),
            found="Balanced factors allow the largest step, and momenta can be carried over.",
            ids=("RF-",),
            call="refactorize",
        ),
    ),
    errata=("RA-2", "SB-3"),
)
