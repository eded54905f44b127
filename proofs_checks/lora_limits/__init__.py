"""Limits of low-rank adapters: the exact gradient, polynomials for exp, their errors, almost linear time, hardness."""

# ruff: noqa: F401, I001
from proofs_checks.lora_limits import gradient
from proofs_checks.lora_limits import degrees
from proofs_checks.lora_limits import features
from proofs_checks.lora_limits import propagation
from proofs_checks.lora_limits import certificates
from proofs_checks.lora_limits import almost_linear
from proofs_checks.lora_limits import needed
from proofs_checks.lora_limits import hardness
from proofs_checks.lora_limits import cube
from proofs_checks.lora_limits import side
from proofs_checks.lora_limits import steps

PAPER = (
    "J. Y.-C. Hu, M. Su, E.-J. Kuo, Z. Song, H. Liu, *Computational Limits of Low-Rank Adaptation (LoRA) Fine-Tuning "
    "for Transformer Models*, arXiv 2406.03136."
)
