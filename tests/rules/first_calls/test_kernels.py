"""What Numba has compiled for the kernels of the package, read from its cache."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest

import lrtheory
from lrtheory import _array

# Where a kernel assigns a slice to a slice, Numba compiles the sentence of an error that names both shapes: functions
# on strings, two seconds of the first call in a process. A loop over the entries compiles at once and is as fast.
SENTENCE = (b"concat_impl", b"_pick_kind")

#: systems whose work is all done by linear algebra
WITHOUT = {"compatible_representations", "matrix_compression"}
#: kernels that still do so, to become fewer; one that is compiled and no longer does must leave the list
LEFT = {
    "alpha_rank": {"information._laws"},
    "fair_subset_selection": {"bias.swap"},
}


def compiled(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield module and name of the compiled functions in a cache, and whether they hold that sentence."""
    for path in folder.rglob("*.nbc"):
        code = path.read_bytes()
        yield path.name.partition("-")[0], any(name in code for name in SENTENCE)


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_no_kernel_assigns_slices_to_slices(system: str) -> None:
    lrtheory.warmup(system)
    if numba.config.CACHE_DIR:
        pytest.skip("NUMBA_CACHE_DIR is one folder for all, which may hold kernels as they once were")
    cache = _array._digest_folder(Path(lrtheory.__file__).parent / system)
    kernels = list(compiled(cache))
    assert bool(kernels) == (system not in WITHOUT)
    found, left = {name for name, copies in kernels if copies}, LEFT.get(system, set())
    assert not found - left, "these assign a slice to a slice: write a loop over the entries"
    mended = {name for name, _ in kernels} & left - found
    assert not mended, "these no longer do: take them off the list"


def test_a_kernel_that_assigns_slices_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "toy.py").write_text(
        "import numba\n"
        "import numpy as np\n"
        "@numba.njit(cache=True)\n"
        "def slices(A):\n"
        "    A[0] = A[1]\n"
        "@numba.njit(cache=True)\n"
        "def loops(A):\n"
        "    for c in range(A.shape[1]):\n"
        "        A[0, c] = A[1, c]\n"
        "slices(np.eye(2))\n"
        "loops(np.eye(2))\n"
    )
    spec = importlib.util.spec_from_file_location("toy", tmp_path / "toy.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert dict(compiled(tmp_path / "cache")) == {"toy.slices": True, "toy.loops": False}
