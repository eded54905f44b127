"""Tests of the formulas on adapters, budgets and layers."""
