"""Limits of low-rank adapters: the exact gradient, polynomials for exp, their errors, almost linear time, hardness."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About, Reading
from proofs_checks.lora_limits.chain import exact_gradients
from proofs_checks.lora_limits.chain import computations
from proofs_checks.lora_limits.approximation import polynomials
from proofs_checks.lora_limits.approximation import degrees
from proofs_checks.lora_limits.approximation import degree_orders
from proofs_checks.lora_limits.approximation import features
from proofs_checks.lora_limits.approximation import exponents
from proofs_checks.lora_limits.errors import attention_rows
from proofs_checks.lora_limits.errors import outputs
from proofs_checks.lora_limits.errors import gradients
from proofs_checks.lora_limits.errors import certificates
from proofs_checks.lora_limits.errors import chain_ranks
from proofs_checks.lora_limits.almost_linear import operations
from proofs_checks.lora_limits.almost_linear import factorizations
from proofs_checks.lora_limits.almost_linear import break_even
from proofs_checks.lora_limits.approximation import needed
from proofs_checks.lora_limits.hardness import reductions
from proofs_checks.lora_limits.hardness import norms
from proofs_checks.lora_limits.hardness import pairs
from proofs_checks.lora_limits.hardness import polynomial_pairs
from proofs_checks.lora_limits.cube import spectra
from proofs_checks.lora_limits.cube import rank_limits
from proofs_checks.lora_limits.cube import transforms
from proofs_checks.lora_limits.beyond_attention import linear_targets
from proofs_checks.lora_limits.beyond_attention import spurious_minima
from proofs_checks.lora_limits.beyond_attention import scalings
from proofs_checks.lora_limits.chain import proof_steps

ABOUT = About(
    paper=(
        "J. Y.-C. Hu, M. Su, E.-J. Kuo, Z. Song, H. Liu, *Computational Limits of Low-Rank Adaptation (LoRA) "
        "Fine-Tuning for Transformer Models*, arXiv 2406.03136."
    ),
    claims="""\
The gradient of a low-rank adapter of an attention head costs the square of the number of tokens L. The paper claims
that polynomials in the place of exp approximate it in almost linear time while entries stay below the order of
sqrt(log L), and that above it no algorithm does so for every input unless SETH fails (Theorem 4.1, recorded). It was
read in full: its lemmas on the exact gradient are checked as they stand, its error chain is replaced by bounds with
constants, and its hardness is met by inputs whose rank is known exactly.""",
    pictures=("rank-exponents", "real-heads"),
    papers=(
        Reading(
            key="2406.03136",
            name="Computational Limits of LoRA, J. Y.-C. Hu et al.",
            read="full text",
            claims=(
                "Gradients are approximated in almost linear time below norms of order sqrt(log L), and above it "
                "by no algorithm unless SETH fails."
            ),
            found="Large norms alone are not hard, and no head of a small language model pays for polynomials.",
            ids=("LL-",),
            call="lora_gradients",
        ),
    ),
    errata=("LL-P4", "LL-H3", "LL-H6-cost"),
)
