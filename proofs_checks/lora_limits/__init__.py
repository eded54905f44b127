"""Limits of low-rank adapters: the exact gradient, polynomials for exp, their errors, almost linear time, hardness."""

# ruff: noqa: F401, I001
from lrtheory.bounds.reporting import About
from proofs_checks.lora_limits import gradient
from proofs_checks.lora_limits import exact_computation
from proofs_checks.lora_limits.approximation import polynomials
from proofs_checks.lora_limits.approximation import degrees
from proofs_checks.lora_limits.approximation import features
from proofs_checks.lora_limits import propagation
from proofs_checks.lora_limits import certificates
from proofs_checks.lora_limits import almost_linear
from proofs_checks.lora_limits.approximation import needed
from proofs_checks.lora_limits import hardness
from proofs_checks.lora_limits import cube
from proofs_checks.lora_limits import beyond_attention
from proofs_checks.lora_limits import proof_steps

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
)
