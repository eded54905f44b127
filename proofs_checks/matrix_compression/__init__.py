"""Compressing matrices and adapters: its statements, from stacks of blocks to adapters, budgets and layers."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.matrix_compression.blocks import known_spectra
from proofs_checks.matrix_compression.blocks import clusterings
from proofs_checks.matrix_compression.sketches import brackets
from proofs_checks.matrix_compression.sketches import single_values
from proofs_checks.matrix_compression.subspaces import projections
from proofs_checks.matrix_compression.subspaces import copies
from proofs_checks.matrix_compression.subspaces import thin_blocks
from proofs_checks.matrix_compression.adapters import best_factors
from proofs_checks.matrix_compression.adapters import random_ranges
from proofs_checks.matrix_compression.adapters import written_factors
from proofs_checks.matrix_compression.adapters import merged_factors
from proofs_checks.matrix_compression.adapters import one_for_several
from proofs_checks.matrix_compression.adapters import dropped_entries
from proofs_checks.matrix_compression.adapters import turned_rows
from proofs_checks.matrix_compression.budgets import equal_costs
from proofs_checks.matrix_compression.budgets import greedy_ranks
from proofs_checks.matrix_compression.budgets import worst_matrix
from proofs_checks.matrix_compression.budgets import prices
from proofs_checks.matrix_compression.budgets import nearly_orthogonal
from proofs_checks.matrix_compression.layers import known_inputs
from proofs_checks.matrix_compression.layers import heads
from proofs_checks.matrix_compression.layers import truncated_steps
from proofs_checks.matrix_compression.layers import scaled_spectra
from proofs_checks.matrix_compression.adapters import inner_products

ABOUT = About(
    paper=(
        "M. Shamrai, *Concatenated Matrix SVD: Compression Bounds, Incremental Approximation, and Error-Constrained "
        "Clustering*, arXiv 2601.11626; LoRA-Squeeze, 2602.10993; AdaLoRA, 2303.10512; Dynamic Rank Reinforcement "
        "Learning, 2512.15973; Trained Rank Pruning, 1812.02402; PELA, 2310.10700; SALT, 2503.16055."
    ),
    claims="""\
The paper bounds the error of a common basis of many matrices before it is computed, follows it in one pass, and
clusters matrices so that no cluster errs too much. Its public code was read: one of its bounds fails for blocks wider
than the rank, and a bound from all spectra is never looser. Brackets of every pass, best ranks of adapters under a
budget, and a bound from any copy are proved here.""",
    pictures=("bracket", "ranks"),
    papers=(
        Reading(
            key="2601.11626",
            name="Concatenated Matrix SVD, M. Shamrai",
            read="abstract, code",
            claims="Bounds known beforehand, one pass, and clusters whose error stays allowed.",
            found="One bound fails for blocks wider than the rank; one from all spectra is never looser.",
            ids=("CM-",),
            call="compress_stack",
        ),
        Reading(
            key="2602.10993",
            name="LoRA-Squeeze, I. Vulic et al.",
            read="abstract, notes of others",
            claims="A large rank that is squeezed after training beats a small one.",
            found="The best factors come from a core as small as the old rank.",
            ids=("SQ-", "MG-"),
            call="compress_adapter",
        ),
        Reading(
            key="2303.10512",
            name="AdaLoRA, Q. Zhang et al.",
            read="abstract, code",
            claims="One budget of ranks is spread over all matrices by importance.",
            found="Where ranks cost the same the largest values are best; a threshold is not.",
            ids=("AB-",),
            call="allocate_ranks",
        ),
        Reading(
            key="2512.15973",
            name="Dynamic Rank, C. Erden",
            read="abstract, code",
            claims="A learned policy chooses ranks of attention within a bound of perturbation.",
            found="A row moves by at most tanh(osc/4) diam(V); the tail that the code tests is another number.",
            ids=("DR-",),
            call="attention_rank",
        ),
        Reading(
            key="1812.02402",
            name="Trained Rank Pruning, Y. Xu et al.",
            read="abstract, code",
            claims="Truncating in training keeps a network of low rank.",
            found="A short step cannot raise the rank again.",
            ids=("TR-",),
            call="prune_step",
        ),
        Reading(
            key="2310.10700",
            name="PELA, Y. Guo et al.",
            read="abstract, code",
            claims="Low rank with distilled features loses little.",
            found="The best weight truncates in the metric of its inputs.",
            ids=("PE-",),
            call="truncate",
        ),
        Reading(
            key="2503.16055",
            name="SALT",
            read="abstract, one public layer",
            claims="Scaling and shifting large singular values, and LoRA for the rest.",
            found="Such an update is exactly an adapter.",
            ids=("SA-",),
            call="salt_to_adapter",
        ),
    ),
    errata=("CM-1", "MG-1", "DR-7"),
)
