"""Single layers: their inputs, attention and training."""
