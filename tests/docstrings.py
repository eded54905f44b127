"""Validate the docstrings of everything public: ``python -m tests.docstrings``, a part of ``make lint``."""

from __future__ import annotations

import inspect
import sys
import warnings

from numpydoc.validate import validate

from lrtheory._result import Result
from tests.rules.walk import Entry, all_entries

#: what is not asked for: extended summaries, cross references, examples of methods, prose about returns, the order of
#: sections (a proof is a section of this house), and capitals at the start (a summary may start with a formula)
IGNORED = {"ES01", "EX01", "GL01", "GL02", "GL03", "GL06", "GL07", "GL08", "RT02", "RT03", "RT04", "RT05"}
IGNORED |= {"PR05", "PR06", "PR07", "PR08", "PR09", "SA01", "SS02", "SS04", "SS05", "SS06"}


def problems(entry: Entry) -> list[str]:
    """What numpydoc finds wrong with one public object."""
    name = f"lrtheory.{entry.id}"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown section Proof")
        found = validate(name)["errors"]
    # the fields of a result are its attributes, and nobody calls its constructor
    ignored = IGNORED | ({"PR01"} if inspect.isclass(entry.value) and issubclass(entry.value, Result) else set())
    return [f"{name}: {code} {text}" for code, text in found if code not in ignored]


def main() -> int:
    """Print all problems; 1 when there are some."""
    entries = all_entries()
    found = [line for entry in entries for line in problems(entry)]
    print("\n".join([*found, f"{len(entries)} docstrings, {len(found)} problems"]))
    return int(bool(found) or not entries)


if __name__ == "__main__":
    sys.exit(main())
