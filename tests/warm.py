"""Commands of Python in forks of a process that has imported what they share, which takes longer than most of them.

What a command does to modules, folder and environment ends with its fork, as it would with a process of its own. What
starts processes itself, or must begin with nothing imported, is no command for this.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["SHARED", "Warm"]

#: what the command line and the plugin of pytest import sooner or later; the plugin itself is for pytest to import
SHARED = ("pytest", "lrtheory.bounds", "lrtheory.cli", "lrtheory._front", "scipy.special", "networkx")


class Warm:
    """A process that forks for each command.

    Parameters
    ----------
    *modules
        What it imports.
    environment
        The environment in which it does.
    """

    def __init__(self, *modules: str, environment: Mapping[str, str]) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.environment = dict(environment)
        command = [sys.executable, __file__, *modules]
        self.process = subprocess.Popen(command, env=self.environment, text=True, **pipes)  # type: ignore[call-overload]

    def run(
        self, *words: str, cwd: Path, environment: Mapping[str, str] | None = None, told: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """What ``python words`` does in a folder: ``-c program ...`` or ``-m module ...``; `told` is its input."""
        environment = self.environment if environment is None else environment
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "in").write_text(told, encoding="utf-8")
            order = {"words": words, "cwd": str(cwd), "environment": dict(environment), "folder": folder}
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            code = int(self.process.stdout.readline())
            out, err = ((Path(folder) / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess([sys.executable, *words], code, out, err)

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def obey(order: Mapping[str, Any]) -> None:
    """Run a command in this process, in the folder, with the environment and on the files of an order."""
    os.chdir(order["cwd"])
    before, after = (one.get("PYTHONPATH", "").split(os.pathsep) for one in (os.environ, order["environment"]))
    sys.path[:] = [*after, *(path for path in sys.path if path not in before)]
    os.environ.clear()
    os.environ.update(order["environment"])
    for number, name in enumerate(("in", "out", "err")):
        os.dup2(os.open(Path(order["folder"]) / name, os.O_RDWR | os.O_CREAT), number)
    kind, what, *rest = order["words"]
    sys.path.insert(0, order["cwd"] if kind == "-m" else "")
    sys.argv = [kind, *rest]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


def forked(order: Mapping[str, Any]) -> int:
    """The exit code of a command that runs in a fork."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code: Any = 0
    try:
        obey(order)
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if code is None else code if isinstance(code, int) else 1)


def serve(modules: list[str]) -> None:
    """Import modules, then obey the lines of the input until it ends."""
    del sys.path[0]  # the folder of this file
    for name in modules:
        importlib.import_module(name)
    while line := sys.stdin.readline():
        print(forked(json.loads(line)), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1:])
