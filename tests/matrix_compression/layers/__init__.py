"""Tests of single layers: truncation in a metric, attention, steps of training, scaled spectra."""
