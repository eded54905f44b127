"""The figures: what they compute, what they claim, how they are drawn.

A figure is a module-level `Figure` in ``figures/<system>.py``, or in a package of that name. ``python -m figures``
makes all of them and leaves four files each: the picture as PNG and as PDF, the arrays that were drawn, and a record
with inputs, seed, data, versions, commit and claims. What was made from the same code and parameters is not made again.
Pictures of the quick profile that the report or the README shows are kept in ``docs/pictures`` too, in a smaller form,
and the claims of the full profile in ``figures/full``.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import pkgutil
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from figures import _full, _pictures, _store
from figures._keys import figure_key, provenance
from figures._store import each
from figures._style import style
from lrtheory._parallel import cluster
from lrtheory._result import json_safe

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["PROFILES", "Beside", "Figure", "arrays", "each", "figures", "main", "make", "published"]

PROFILES = ("quick", "full")
ROOT = Path(__file__).resolve().parent
OUT = ROOT / "out"
SUFFIXES = (".npz", ".png", ".pdf")

Arrays = Mapping[str, np.ndarray]
Claims = Mapping[str, tuple[bool, float]]


class Beside(NamedTuple):
    """A published number and ours."""

    what: str
    published: float
    ours: float
    source: str  # where it stands, and every difference of data or setting


@dataclass(frozen=True)
class Figure:
    """One figure.

    Parameters
    ----------
    name : str
        Name of the figure within the system; letters, digits, ``_`` and ``-``.
    title : str
        Subject of the figure, in one sentence.
    compute : callable
        ``compute(profile)`` returns the arrays that are drawn, by name. ``"quick"`` takes seconds, ``"full"`` what it
        takes. Randomness comes from `seed` alone.
    claims : callable
        ``claims(arrays)`` returns, for every sentence that the figure supports, whether it holds and by which margin:
        ``{"GTH stays below the power method": (True, 0.3)}``. A margin is positive where the claim holds.
    draw : callable
        ``draw(arrays)`` returns a Matplotlib figure and computes nothing.
    seed : int
        The seed that `compute` uses; recorded.
    inputs : mapping
        For each profile the numbers that `compute` starts from; recorded.
    beside : callable or None
        ``beside(arrays)`` returns a list of `Beside`, where somebody has published numbers; they enter the record.
    data : tuple of str
        The data sets that `compute` loads (``lrtheory data``). Where one is not installed the figure is left out, and
        the reason printed.
    """

    name: str
    title: str
    compute: Callable[[str], Arrays]
    claims: Callable[[Arrays], Claims]
    draw: Callable[[Arrays], matplotlib.figure.Figure]
    seed: int = 0
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    data: tuple[str, ...] = ()
    beside: Callable[[Arrays], Sequence[Beside]] | None = None


def figures() -> dict[str, Figure]:
    """All figures by ``<system>/<name>``, in the order in which their files define them."""
    found = {}
    for module in pkgutil.iter_modules([str(ROOT)]):
        if not module.name.startswith("_"):
            for value in vars(importlib.import_module(f"figures.{module.name}")).values():
                if isinstance(value, Figure):
                    found[f"{module.name}/{value.name}"] = value
    return found


def published(system: str) -> dict[str, Any]:
    """Numbers and settings that papers print, from ``figures/published/<system>.json``; each entry names its source."""
    return json.loads((ROOT / "published" / f"{system}.json").read_text())


def make(name: str, *, profile: str = "quick", out: Path = OUT, n_jobs: int | None = None) -> Claims:
    """Make one figure and its files.

    Parameters
    ----------
    name : str
        ``<system>/<name>``.
    profile : {"quick", "full"}
        Extent of the computation.
    out : Path
        The folder of the files.
    n_jobs : int or None
        Number of processes for points that are computed by `each`; None means 1, -1 all processors.

    Returns
    -------
    mapping
        The claims of the figure, with their margins.

    Raises
    ------
    KeyError
        If there is no figure of this name.
    ImportError
        If the data of the figure are not installed.
    """
    figure = figures()[name]
    stem, key = out / profile / name, figure_key(figure, name, profile)
    record = _store.read_record(stem.with_suffix(".json"))
    files = record.get("files", {}) if record.get("key") == key else {}
    if set(files) == set(SUFFIXES) and all(_store.digest_of(stem.with_suffix(s)) == files[s] for s in SUFFIXES):
        if record.get("full") != _full.known(name):
            _write_record(stem, record | {"full": _full.known(name)})
        return {claim: (kept["holds"], float(kept["margin"])) for claim, kept in record["claims"].items()}
    stem.parent.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(figure, stem, key, profile, n_jobs)
    claims = {claim: (bool(holds), float(margin)) for claim, (holds, margin) in figure.claims(arrays).items()}
    with style():
        _save(figure.draw(arrays), stem)
    files = {suffix: _store.digest_of(stem.with_suffix(suffix)) for suffix in SUFFIXES}
    beside = [json_safe(row._asdict()) for row in figure.beside(arrays)] if figure.beside else []
    told = {"beside": beside, "full": _full.known(name), "key": key, "files": files}
    record = _record(figure, name, profile, claims) | told
    _write_record(stem, record)  # the last one: it says that the others are whole
    return claims


def arrays(name: str, *, profile: str = "quick", out: Path = OUT) -> Arrays:
    """The arrays of a figure: those that are kept under its key, or else made now and kept.

    Parameters
    ----------
    name : str
        ``<system>/<name>``.
    profile : {"quick", "full"}
        Extent of the computation.
    out : Path
        The folder of the files.

    Returns
    -------
    mapping
        The arrays by their names.

    Raises
    ------
    KeyError
        If there is no figure of this name.
    ImportError
        If the data of the figure are not installed.
    """
    figure = figures()[name]
    path, key = (out / profile / name).with_suffix(".npz"), figure_key(figure, name, profile)
    if (known := _kept(path, key)) is not None:
        return known
    path.parent.mkdir(parents=True, exist_ok=True)
    # without the folder of points, which one process removes while another, as of parallel tests, still fills it
    made = _computed(figure, profile)
    _store.write_arrays(path, {**made, "key": np.array(key)})
    return made


def _arrays(figure: Figure, stem: Path, key: str, profile: str, n_jobs: int | None) -> Arrays:
    """The arrays of a figure, kept under its key; an interrupted computation goes on from the points that were kept."""
    path = stem.with_suffix(".npz")
    if (known := _kept(path, key)) is not None:
        return known
    folder = stem.parent / f".{stem.name}-{key}"
    with _store.storing(folder, n_jobs):
        made = _computed(figure, profile)
    _store.write_arrays(path, {**made, "key": np.array(key)})
    shutil.rmtree(folder)
    return made


def _computed(figure: Figure, profile: str) -> Arrays:
    return {name: np.asarray(value) for name, value in figure.compute(profile).items()}


def _kept(path: Path, key: str) -> Arrays | None:
    """The arrays of a file that belong to a key."""
    known = _store.read_arrays(path)
    return known if known is not None and str(known.pop("key", "")) == key else None


def _record(figure: Figure, name: str, profile: str, claims: Claims) -> dict[str, Any]:
    """Provenance and claims."""
    said = {claim: {"holds": holds, "margin": json_safe(margin)} for claim, (holds, margin) in claims.items()}
    return {"title": figure.title, **provenance(figure, name, profile), "commit": _store.commit(), "claims": said}


def _write_record(stem: Path, record: Mapping[str, Any]) -> None:
    _store.write(stem.with_suffix(".json"), (json.dumps(record, indent=1) + "\n").encode())


def _save(drawn: matplotlib.figure.Figure, stem: Path) -> None:
    """The picture for screens and for paper."""
    import matplotlib.pyplot as plt

    for suffix, metadata in ((".png", {"Software": None}), (".pdf", {"CreationDate": None})):
        buffer = io.BytesIO()
        drawn.savefig(buffer, format=suffix[1:], dpi=150, metadata=metadata)
        _store.write(stem.with_suffix(suffix), buffer.getvalue())
    plt.close(drawn)


def main(arguments: list[str] | None = None) -> int:
    """Make figures from the command line.

    Parameters
    ----------
    arguments : list of str, optional
        The words after ``python -m figures``; without them those of the process.

    Returns
    -------
    int
        0 when every claim holds, 1 when one fails, 130 when interrupted; 3 for an unknown name, and where a figure that
        was named is left out, since its data are not installed.
    """
    parser = argparse.ArgumentParser(prog="figures", description="Make figures, with their arrays and claims.")
    parser.add_argument("names", nargs="*", metavar="name", help="<system>/<name>, a pattern, or <system>; else all")
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    parser.add_argument("--out", type=Path, default=OUT, help="the folder of the files (default: figures/out)")
    parser.add_argument("--jobs", type=int, help="processes for the points of a sweep; -1 for all processors")
    parser.add_argument("--cluster", help="address of the scheduler of a Dask cluster, for the points of a sweep")
    options = parser.parse_args(arguments)
    import matplotlib

    matplotlib.use("Agg")  # files, and no windows
    everything = figures()
    unknown = [name for name in options.names if not any(_meant(name, known) for known in everything)]
    if unknown:
        near = get_close_matches(unknown[0], everything, n=3, cutoff=0)
        print(f"No figure is called {unknown[0]}; near: {', '.join(near)}.", file=sys.stderr)
        return 3
    meant = [name for name in everything if not options.names or any(_meant(wanted, name) for wanted in options.names)]
    try:
        with cluster(options.cluster):
            made = [_made(name, everything[name], options) for name in meant]
    except KeyboardInterrupt:
        print("figures: interrupted; what is done is kept, and the same command goes on from there", file=sys.stderr)
        return 130
    left_out = [name for name, holds in zip(meant, made, strict=True) if holds is None]
    if left_out:
        print(f"figures: left out: {', '.join(left_out)}; the lines above say what brings their data", file=sys.stderr)
    return 3 if left_out and options.names else int(False in made)


def _made(name: str, figure: Figure, options: argparse.Namespace) -> bool | None:
    """Make a figure and print its claims; whether all of them hold, None where its data are not installed."""
    print(name, flush=True)
    try:
        n_jobs = -1 if options.cluster is not None and options.jobs is None else options.jobs
        claims = make(name, profile=options.profile, out=options.out, n_jobs=n_jobs)
    except ImportError as error:
        if not figure.data:
            raise
        print(f"  left out: {error}")
        return None
    if options.out == OUT:
        if options.profile == "full":  # the report shows pictures of the profile that it tells
            _full.keep(name, claims)
        else:
            _pictures.keep(figure, name, options.profile, OUT / options.profile / f"{name}.png")
    for claim, (holds, margin) in claims.items():
        print(f"  {'holds' if holds else 'FAILS'}  {claim} (margin {margin:.3g})")
    return all(holds for holds, _ in claims.values())


def _meant(wanted: str, name: str) -> bool:
    """Whether a word of the command means a figure: its name, its system, or a pattern."""
    return wanted in (name, name.partition("/")[0]) or fnmatchcase(name, wanted)
