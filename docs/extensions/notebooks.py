"""Notebooks while the pages are built: a line for each, since executing them takes most of the time; quiet kernels."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from sphinx.application import Sphinx

__all__ = ["setup"]

#: kernels remark that they talk over TCP without encryption, which on one machine nobody needs to hear for each of them
_KERNEL = "c.IPKernelApp.log_level = 40\n"
_STARTED: dict[str, float] = {}


def _quiet(app: Sphinx) -> None:
    """Give the kernels settings of their own, so that those of whoever builds the pages do not count either."""
    settings = Path(app.outdir).parent / "ipython" / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(_KERNEL, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(settings.parent.parent)


def _starts(app: Sphinx, name: str, source: list[str]) -> None:
    if name.startswith("notebooks/"):
        _STARTED[name] = time.monotonic()


def _ends(app: Sphinx, doctree: object) -> None:
    name = app.env.docname
    if name in _STARTED:
        print(f"{name}: {time.monotonic() - _STARTED.pop(name):.0f} s", file=sys.stderr, flush=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Watch how the notebooks are read."""
    app.connect("builder-inited", _quiet)
    app.connect("source-read", _starts)
    app.connect("doctree-read", _ends)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
