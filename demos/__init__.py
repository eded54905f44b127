"""Teaching demos: one page a system, on which a bound meets what it bounds, and breaks.

``lrtheory demo SYSTEM`` serves ``demos/<system>.py``, a marimo app, on a free port of this machine, and nothing that it
shows comes from elsewhere. ``--export PATH`` writes the page with its pictures computed ahead: it opens without Python.
"""

from __future__ import annotations

import argparse
import importlib
import os
import socket
import sys
import webbrowser
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

__all__ = ["export", "main", "serve", "systems"]

ROOT = Path(__file__).resolve().parent
_USAGE = 3


def systems() -> list[str]:
    """The systems that have a demo."""
    return sorted(path.stem for path in ROOT.glob("[a-z]*.py"))


def serve(system: str, *, port: int = 0, headless: bool = False) -> None:
    """Serve a demo to this machine alone until the process is stopped, which ends here; port 0 is a free one."""
    import marimo
    import uvicorn

    demo = importlib.import_module(f"demos.{system}")
    demo.measure(**{name: one.start for name, one in demo.SLIDERS.items()}, saboteur=False)  # compiles what is cold
    app = marimo.create_asgi_app(quiet=True, session_ttl=10).with_app(path="/", root=str(ROOT / f"{system}.py")).build()
    with socket.create_server(("127.0.0.1", port)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        print(f"{system} at {url}, until Ctrl-C", flush=True)
        if not headless:
            webbrowser.open(url)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            os._exit(0)  # kernels of pages that were open wait in threads that Python would join


def export(system: str, path: Path) -> None:
    """Write a demo as one file."""
    from demos import _page

    _page.export(importlib.import_module(f"demos.{system}"), path)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve a demo, or write it as a page.

    Returns
    -------
    int
        0, or 3 for wrong usage.
    """
    parser = argparse.ArgumentParser(prog="lrtheory demo", description="A theorem with sliders and a saboteur.")
    parser.add_argument("system", choices=systems(), metavar="SYSTEM", help=", ".join(systems()))
    parser.add_argument("--export", metavar="PATH", type=Path, help="write a page that opens without Python")
    parser.add_argument("--port", type=int, default=0, help="port of this machine (default: a free one)")
    parser.add_argument("--headless", action="store_true", help="open no browser")
    try:
        options = parser.parse_args(argv)
    except SystemExit as stop:
        return _USAGE if stop.code else 0
    if find_spec("marimo") is None:
        print("lrtheory demo: marimo is missing; pip install '.[demos]' in the checkout of lrtheory", file=sys.stderr)
        return _USAGE
    try:
        if options.export:
            export(options.system, options.export)
            print(f"wrote {options.export}")
        else:
            serve(options.system, port=options.port, headless=options.headless)
    except OSError as error:
        print(f"lrtheory demo: {error}", file=sys.stderr)
        return _USAGE
    except KeyboardInterrupt:
        pass
    return 0
