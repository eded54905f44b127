r"""Baselines that cluster without labels and without the energy; those of few-shot tasks are methods of `few_shot`."""

from __future__ import annotations

from lrtheory.transductive_clustering.baselines.hard_clusters import lloyd, spectral

__all__ = ["lloyd", "spectral"]
