"""Instances."""

from __future__ import annotations

from proofs_checks.transductive_clustering.families.definitions import is_symmetric

SYMMETRIC = {"a symmetric affinity": is_symmetric}
