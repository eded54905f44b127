"""Where a statement was found, and on what besides the engine its evidence rests."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from lrtheory._array import PACKAGES, source_digest
from lrtheory.bounds.provenance.sources import version_of

__all__ = ["API", "UNKNOWN", "Origin", "evidence_digest"]

#: Number of the interface of `lrtheory.bounds`. Within one number the names in its `__all__` stay, fields of
#: statements, families and sides are only added, and verdicts, exit codes and the names of random streams keep their
#: meaning.
API = 1


@dataclass(frozen=True)
class Origin:
    """Where a statement was found.

    Attributes
    ----------
    collection : str
        Name of the package or file; the evidence of each collection has a folder of its own.
    place : str
        Place that a command writes before ``::`` and the id; empty where the configuration of the folder names the
        place.
    sources : tuple of str
        Files and folders of Python sources; a change in one of them makes evidence old.
    versions : tuple of str
        Distributions whose version is a part of the evidence.
    """

    collection: str = ""
    place: str = ""
    sources: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """The part of a command before an id."""
        return f"{self.place}::" if self.place else ""

    def installed(self) -> dict[str, str]:
        """The installed versions of the distributions that are named."""
        return {name: version_of(name) for name in self.versions}


UNKNOWN = Origin()


@functools.cache
def evidence_digest(origin: Origin) -> str:
    """A digest of everything that evidence rests on.

    Parameters
    ----------
    origin : Origin
        Origin of a statement.

    Returns
    -------
    str
        Changes with the engine, the number of its interface, the sources, and the versions that are named.
    """
    engine = PACKAGES / "lrtheory" / "bounds"
    files = {path for name in origin.sources for path in _python_files(Path(name))} | set(engine.rglob("*.py"))
    files -= set((engine / "reporting").rglob("*.py"))  # how the report reads changes no verdict
    versions = "".join(f" {name} {version}" for name, version in origin.installed().items())
    return source_digest(*sorted(files), also=f"API {API}{versions}")


def _python_files(source: Path) -> set[Path]:
    """The Python files of a source, without those that only word the report (`__init__` with `ABOUT`)."""
    if not source.is_dir():
        return {source}
    # as bytes, since a source may have an encoding of its own
    wordings = {path for path in source.rglob("__init__.py") if b"\nABOUT" in path.read_bytes()}
    return set(source.rglob("*.py")) - wordings
