"""The figures: what they compute, what they claim, how they are drawn.

A figure is a module-level `Figure` in ``figures/<system>.py``, or in a package of that name. ``python -m figures``
makes all of them and leaves three files each: the picture, the arrays that were drawn, and a record with inputs,
versions, seed and claims.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

import lrtheory
from lrtheory._result import json_safe

if TYPE_CHECKING:
    import matplotlib.figure

__all__ = ["PROFILES", "Figure", "figures", "main", "make", "published"]

PROFILES = ("quick", "full")
OUT = Path(__file__).resolve().parent / "out"

Arrays = Mapping[str, np.ndarray]
Claims = Mapping[str, tuple[bool, float]]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Parameters
    ----------
    name : str
        Its name within the system; letters, digits, ``_`` and ``-``.
    title : str
        What it shows, in one sentence.
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


def figures() -> dict[str, Figure]:
    """All figures by ``<system>/<name>``, in the order in which their files define them."""
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            for value in vars(importlib.import_module(f"figures.{module.name}")).values():
                if isinstance(value, Figure):
                    found[f"{module.name}/{value.name}"] = value
    return found


def published(system: str) -> dict[str, Any]:
    """Numbers and settings that papers print, from ``figures/published/<system>.json``; each entry names its source."""
    return json.loads((Path(__file__).resolve().parent / "published" / f"{system}.json").read_text())


def make(name: str, *, profile: str = "quick", out: Path = OUT) -> Claims:
    """Make one figure and its files.

    Parameters
    ----------
    name : str
        ``<system>/<name>``.
    profile : {"quick", "full"}
        How much is computed.
    out : Path
        The folder of the files.

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
    arrays = {key: np.asarray(value) for key, value in figure.compute(profile).items()}
    claims = {key: (bool(holds), float(margin)) for key, (holds, margin) in figure.claims(arrays).items()}
    stem = out / profile / name
    stem.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(stem.with_suffix(".npz"), **arrays)
    stem.with_suffix(".json").write_text(json.dumps(_record(figure, name, profile, claims), indent=1) + "\n")
    _save(figure.draw(arrays), stem.with_suffix(".png"))
    return claims


def _record(figure: Figure, name: str, profile: str, claims: Claims) -> dict[str, Any]:
    """What is needed to make the same figure again."""
    libraries = ("numpy", "scipy", "numba", "matplotlib")
    versions = {library: importlib.import_module(library).__version__ for library in libraries}
    return {
        "figure": name,
        "title": figure.title,
        "profile": profile,
        "seed": figure.seed,
        "inputs": json_safe(dict(figure.inputs.get(profile, {}))),
        "claims": {key: {"holds": holds, "margin": json_safe(margin)} for key, (holds, margin) in claims.items()},
        "versions": {"python": platform.python_version(), "lrtheory": lrtheory.__version__, **versions},
    }


def _save(drawn: matplotlib.figure.Figure, path: Path) -> None:
    import matplotlib.pyplot as plt

    drawn.savefig(path, dpi=150, metadata={"Software": None})
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
        0 when every claim holds, 1 when one fails, 3 for an unknown name.
    """
    parser = argparse.ArgumentParser(prog="figures", description="Make figures, with their arrays and claims.")
    parser.add_argument("names", nargs="*", metavar="name", help="<system>/<name> or <system>; without a name all")
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    parser.add_argument("--out", type=Path, default=OUT, help="the folder of the files (default: figures/out)")
    options = parser.parse_args(arguments)
    import matplotlib

    matplotlib.use("Agg")  # files, and no windows
    everything = figures()
    unknown = [name for name in options.names if not any(_meant(name, known) for known in everything)]
    if unknown:
        print(f"No figure is called {', '.join(unknown)}; there are {', '.join(everything)}.", file=sys.stderr)
        return 3
    failed = False
    for name in everything:
        if not options.names or any(_meant(wanted, name) for wanted in options.names):
            print(name)
            try:
                claims = make(name, profile=options.profile, out=options.out)
            except ImportError as error:
                if not everything[name].data:
                    raise
                print(f"  left out: {error}")
                continue
            for claim, (holds, margin) in claims.items():
                failed |= not holds
                print(f"  {'holds' if holds else 'FAILS'}  {claim} (margin {margin:.3g})")
    return int(failed)


def _meant(wanted: str, name: str) -> bool:
    return wanted in (name, name.partition("/")[0])
