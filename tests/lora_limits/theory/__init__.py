"""Formulas of `lora_limits`: their values, what they refuse, and their domains."""
