"""The file that ``lrtheory new`` writes: a theorem that passes, with two saboteurs, to start from."""

from __future__ import annotations

import re
from pathlib import Path

from lrtheory._validation import must
from lrtheory.bounds.finding.configuration import OURS, configured
from lrtheory.bounds.finding.templates import TEMPLATES

__all__ = ["scaffold"]

_TABLE = """
[tool.lrtheory]
statements = ["bounds_*.py"]
"""


def scaffold(name: str, folder: Path, claim: str = "inequality") -> str:
    """Write ``bounds_NAME.py``, and a table in ``pyproject.toml`` where no file upwards has one.

    Parameters
    ----------
    name : str
        Small letters, digits and ``_``, beginning with a letter.
    folder : Path
        Folder of the new file.
    claim : {"inequality", "probability", "identity"}
        Whether the theorem bounds a value of each answer, or the chance that an answer of a random algorithm is wrong,
        or equals two numbers up to the rounding of doubles.

    Returns
    -------
    str
        Paths of the files that were written, and the three commands that come next.

    Raises
    ------
    ValueError
        If the name is not of that form.
    FileExistsError
        If there is such a file already; nothing is written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise must("name", "of small letters, digits and _, beginning with a letter", name)
    path = folder / f"bounds_{name}.py"
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    written = [path.name]
    # a table that stands further up already names places, and a second one would hide it
    if configured(folder) is OURS:
        table = folder / "pyproject.toml"
        before = table.read_text(encoding="utf-8") if table.exists() else ""
        table.write_text(before + (_TABLE if before else _TABLE.lstrip()), encoding="utf-8")
        written.append(table.name)
    statement, text = TEMPLATES[claim]
    path.write_text(text.replace("NAME", name), encoding="utf-8")
    return f"""wrote {" and ".join(written)}; next:
  lrtheory check {name}/{statement}
  pytest -p lrtheory.pytest -m bounds
  lrtheory report --path measured.md"""
