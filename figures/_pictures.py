"""Pictures that pages show: small copies in ``docs/pictures``, each with the key of the figure from which it was made.

The names stand where the pictures are used: in what `proofs_checks` says of a paper, and in the README.
"""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures import _store
from figures._keys import source_key
from lrtheory._front import abouts

if TYPE_CHECKING:
    from figures import Figure

__all__ = ["LARGEST", "PICTURES", "file_of", "keep", "problems", "smaller", "wanted"]

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
LARGEST = 60_000  # bytes


@functools.cache
def wanted() -> frozenset[str]:
    """The figures that are shown, by ``<system>/<name>``."""
    told = {f"{system}/{name}" for system, about in abouts().items() for name in about.pictures}
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    return frozenset(
        told | {f"{system}/{name}" for system, name in re.findall(r"pictures/(\w+?)--([\w-]+)\.png", text)}
    )


def file_of(name: str) -> str:
    """The file of the picture of a figure."""
    return f"{name.replace('/', '--')}.png"


def keep(figure: Figure, name: str, profile: str, picture: Path, folder: Path = PICTURES) -> None:
    """Keep a picture that was just made if it is shown somewhere; those that nobody shows any more go."""
    if name not in wanted():
        return
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "pictures.json"
    known = {one: told for one, told in _store.read_record(index).items() if one in wanted()}
    key, target = source_key(figure, name, profile), folder / file_of(name)
    same = {"profile": profile, "key": key, "digest": _store.digest_of(target)}
    if known.get(name) != same:
        known[name] = {**same, "digest": _store.write(target, smaller(picture.read_bytes()))}
    for other in folder.glob("*.png"):
        if other.name not in map(file_of, wanted()):
            other.unlink()
    _store.write(index, (json.dumps(dict(sorted(known.items())), indent=1) + "\n").encode())


def smaller(content: bytes, largest: int = LARGEST) -> bytes:
    """A picture in few colors, and if need be with fewer points, so that it is not larger than `largest`.

    The colors are spread over all that occur, so that a line of few points keeps its own.
    """
    from PIL import Image

    picture = Image.open(io.BytesIO(content)).convert("RGB")
    while True:
        for colors in (128, 64, 48):
            buffer = io.BytesIO()
            picture.quantize(colors, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
                buffer, "PNG", optimize=True
            )
            if buffer.tell() <= largest:
                return buffer.getvalue()
        width, height = (int(0.85 * size) for size in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)


def problems(figures: Mapping[str, Figure], folder: Path = PICTURES) -> Iterator[str]:
    """Sentences about what is wrong with the pictures that are kept."""
    known: Mapping[str, Any] = _store.read_record(folder / "pictures.json")
    files = {path.name for path in folder.glob("*.png")}
    yield from (f"{name} is shown and is no figure" for name in sorted(wanted() - set(figures)))
    yield from (f"nobody shows {name}" for name in sorted(files - {file_of(name) for name in wanted()}))
    for name in sorted(wanted() & set(figures)):
        path, told = folder / file_of(name), known.get(name)
        if told is None or not path.exists():
            yield f"{name} is shown and was not made; run `make figures`"
        elif told["digest"] != _store.digest_of(path):
            yield f"{path.name} is not the file that was made"
        elif told["key"] != source_key(figures[name], name, told["profile"]):
            yield f"{path.name} was made from other sources; run `make figures`"
        elif path.stat().st_size > LARGEST:
            yield f"{path.name} is larger than {LARGEST} bytes"
