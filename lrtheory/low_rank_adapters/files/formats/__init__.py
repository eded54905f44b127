"""Adapters of each kind that is no LoRA, in the arrays and settings in which peft keeps them."""
