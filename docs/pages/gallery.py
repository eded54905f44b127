"""The figures that were made, with the sentences that they support; else the pictures that are kept in ``pictures``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lrtheory
from pages.markup import escaped, heading, sentence, title

__all__ = ["Picture", "gallery", "pictures"]

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / "figures" / "out" / "quick"


@dataclass(frozen=True)
class Picture:
    """A figure among the sources of the pages: system and name, what it shows, and the claims that hold."""

    system: str
    name: str
    shows: str
    claims: tuple[str, ...]

    @property
    def file(self) -> str:
        """Its file in the folder ``gallery``."""
        return f"{self.system}--{self.name}.png"

    def figure(self, indent: str = "") -> str:
        """The directive: picture, a sentence for who does not see it, title, claims."""
        claims = "\n".join(f"   - {escaped(sentence(claim))}" for claim in self.claims)
        alt = sentence(self.shows)
        # a picture with a width leads to its own file, where it is as large as it was drawn
        lines = f".. figure:: /gallery/{self.file}\n   :alt: {alt}\n   :loading: lazy\n   :width: 100%\n"
        text = f"{lines}\n   {escaped(alt)}\n\n{claims}\n"
        return "\n".join(indent + line if line else "" for line in text.splitlines()) + "\n"


def pictures(docs: Path, system: str, records: list[Mapping[str, Any]]) -> list[Picture]:
    """The pictures of a system, copied among the sources.

    Parameters
    ----------
    docs : Path
        The folder of the sources.
    system : str
        Its folder.
    records : list of mapping
        The records of the figures that were made.

    Returns
    -------
    list of Picture
        In the order of the records. If no figure was made, the kept ones, with their titles and without claims.
    """
    found = []
    for record in records:
        name = record["figure"].partition("/")[2]
        if (RECORDS / system / f"{name}.png").exists():
            claims = tuple(claim for claim, said in record["claims"].items() if said["holds"])
            picture = Picture(system, name, record["title"], claims)
            shutil.copyfile(RECORDS / system / f"{name}.png", docs / "gallery" / picture.file)
            found.append(picture)
    return found or kept(docs, system)


def kept(docs: Path, system: str) -> list[Picture]:
    """The few pictures that the repository keeps."""
    from figures import figures

    found = []
    for name, figure in figures().items():
        picture = Picture(system, figure.name, figure.title, ())
        if name == f"{system}/{figure.name}" and (docs / "pictures" / picture.file).exists():
            shutil.copyfile(docs / "pictures" / picture.file, docs / "gallery" / picture.file)
            found.append(picture)
    return found


def gallery(found: Mapping[str, list[Picture]]) -> str:
    """All pictures in a grid, by system."""
    parts = [heading("Gallery", "=")]
    if any(not picture.claims for one in found.values() for picture in one):
        parts.append("These are the pictures that the repository keeps. ``make figures`` makes all of them.\n")
    else:
        parts.append("Below each figure stand the sentences that its numbers support. ``make figures`` checks them.\n")
    for system in lrtheory.SYSTEMS:
        if found[system]:
            cells = "\n".join(f"   .. grid-item::\n\n{picture.figure('      ')}" for picture in found[system])
            parts += [heading(title(system), "-"), f":doc:`The lecture </papers/{system}>`\n"]
            parts.append(f".. grid:: 1 1 2 2\n   :gutter: 4\n   :class-container: gallery\n\n{cells}")
    return "\n".join(parts)
