"""Importing a system is cheap: it compiles nothing and leaves the heavy neighbors alone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import lrtheory
from tests.rules.public_names import ROOT

HEAVY = (
    "scipy.sparse",
    "scipy.special",
    "scipy.optimize",
    "scipy.linalg",
    "scipy.stats",
    "numpy.testing",
    "flint",
    "matplotlib",
    "hypothesis",
    "pytest",
    "networkx",
    "torch",
    "jax",
    "sklearn",
    "joblib",
    "proofs_checks",
)
PROBE = """\
import json, sys, time
from numba.core import event
compiled = event.install_recorder("numba:compile")
start = time.perf_counter()
with compiled as recorded:
    from lrtheory import {system}
seconds = time.perf_counter() - start
print(json.dumps([sorted(sys.modules), len(recorded.buffer), seconds]))
"""
COLD = "import time; start = time.perf_counter()\nfrom lrtheory import {system}\nprint(time.perf_counter() - start)"


def in_a_fresh_process(script: str) -> str:
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return run.stdout


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_a_system_imports_lightly(system: str) -> None:
    modules, compilations, _ = json.loads(in_a_fresh_process(PROBE.format(system=system)))
    assert f"lrtheory.{system}" in modules
    assert sorted(set(HEAVY) & set(modules)) == []
    others = {f"lrtheory.{name}" for name in (*lrtheory.SYSTEMS, "bounds")} - {f"lrtheory.{system}"}
    assert sorted(others & set(modules)) == []
    assert compilations == 0
    best = min(float(in_a_fresh_process(COLD.format(system=system))) for _ in range(3))
    print(f"from lrtheory import {system}: {best:.2f} s")  # a number to read; a test of it would depend on the machine


def test_the_package_itself_imports_no_system() -> None:
    modules = json.loads(in_a_fresh_process("import json, sys, lrtheory; print(json.dumps(sorted(sys.modules)))"))
    assert [name for name in modules if name.startswith("lrtheory.")] == []
    assert "numba" not in modules


def test_names_are_found_and_unknown_ones_refused() -> None:
    assert set(lrtheory.SYSTEMS) <= set(dir(lrtheory))
    for name in lrtheory.__all__:
        assert getattr(lrtheory, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lrtheory.nothing  # noqa: B018
