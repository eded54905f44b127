"""Tests of low-rank adapters: what they reach, how they start and train, how they are converted and stored."""
