"""Fixtures of certificates: a folder with the toy, and Coq where it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lrtheory.bounds.trust.certificates.certificate import certificates
from lrtheory.bounds.trust.certificates.writing import write
from tests.backends import missing
from tests.bounds.sets.squares import toy


@pytest.fixture
def coqc(uses: Callable[[str], None]) -> str:
    """The compiler of Coq, without which nothing is proved."""
    found = shutil.which("coqc")
    if found is None:
        missing("coq", "there is no coqc (Debian: apt-get install coq)")
    uses("coq")
    return str(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(certificates(toy(tmp_path / "author")), tmp_path / "made")
    return tmp_path / "made"
