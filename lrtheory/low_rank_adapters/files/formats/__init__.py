"""How peft keeps the adapters of each kind that is no LoRA: their arrays and settings."""
