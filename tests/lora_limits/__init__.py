"""LoRA gradients against written-out matrices and automatic differentiation."""
