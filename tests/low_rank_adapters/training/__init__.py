"""Tests of starts, training steps and switches."""
