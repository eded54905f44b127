"""Tests of adapters in files, against updates that peft computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

PEFT = Path(__file__).parent / "peft"
#: the folders whose adapters are read
READ = ("lora", "rslora", "conv1d", "vera", "randlora", "unilora", "unilora-indices", "hira", "hira-conv1d")


def truth(name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The weights of the model as it keeps them, and the updates that peft adds, of shape (d_out, d_in)."""
    with np.load(PEFT / name / "truth.npz") as saved:
        weights, deltas = (
            {key.partition("/")[2]: saved[key] for key in saved.files if key.startswith(kind)}
            for kind in ("weight/", "delta/")
        )
    return weights, {key: value.T if "conv1d" in name else value for key, value in deltas.items()}
