"""Tests of policy gradients: advantages, updates, training, and what logs of answers tell."""
