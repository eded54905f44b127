"""The tasks that labels answer, drawn again from their seed, and the share of right labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrtheory.bounds.errors import OutcomeError
from proofs_checks.transductive_clustering.families.tasks import Answers, Tasks


def asked(law: Any, found: Answers) -> Tasks:
    """Draw the tasks that the labels answer again from their seed; there must be one label per query."""
    labels = np.asarray(found.labels)
    tasks = law.tasks(found.seed, len(labels)) if labels.ndim == 2 else None
    if tasks is None or labels.shape != tasks.truth.shape:
        raise OutcomeError(f"a label for each query of each task is due; got an array of shape {labels.shape}")
    return tasks


def right(tasks: Tasks, labels: np.ndarray) -> np.ndarray:
    """Return the share of right labels of each task; labels are compared as they are, and never matched."""
    return (np.asarray(labels) == tasks.truth).mean(1)
