"""Every notebook runs from top to bottom in a fresh kernel; the assertions in it are its tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backends import missing
from tests.rules.public_names import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path, uses: Callable[[str], None]) -> None:
    try:
        import ipykernel  # noqa: F401 (the kernel that will run)
        import jupytext
        import nbclient
    except ImportError as error:
        missing("notebooks", f"{error}; pip install '.[notebooks]'")
    uses("notebooks")
    notebook = jupytext.read(path, fmt="py:percent")
    assert any(cell.cell_type == "markdown" for cell in notebook.cells), f"{path.name} tells no story"
    assert any("assert" in cell.source for cell in notebook.cells), f"{path.name} asserts nothing"
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
