"""Single layers: low rank in the metric of their inputs, ranks of attention, of training steps, of scaled spectra."""
