"""The folder of somebody who has installed the wheel, and what is run there."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.warm import Warm

#: commands one after the other in one process, since starting one takes longer than most commands
ASK = """
import contextlib, io, json, sys
from lrtheory.cli import main
said = []
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    said.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(said))
"""


def environment_of(installed: Path, library: Path) -> dict[str, str]:
    """The environment in which the wheel and the library are those that are found."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    inherited["PATH"] = os.pathsep.join([str(installed / "bin"), inherited["PATH"]])
    return inherited | {"PYTHONPATH": os.pathsep.join([str(installed), str(library)])}


@dataclass(frozen=True)
class Project:
    """The folder of somebody else, and the folders where his packages are installed."""

    folder: Path
    installed: Path
    library: Path
    warm: Warm

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own; its name is looked up where the wheel put it first."""
        environment = environment_of(self.installed, self.library)
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def forked(self, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """What Python does with these words, in a fork of the process that has imported the wheel."""
        environment = environment_of(self.installed, self.library)
        return self.warm.run(*words, cwd=self.folder, environment=environment, told=told)

    def python(self, text: str) -> str:
        done = self.forked("-c", text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, *commands: str | Sequence[str]) -> list[tuple[int, str, str]]:
        """Exit code, output and errors of some commands, without the word ``lrtheory``."""
        words = [shlex.split(one) if isinstance(one, str) else list(one) for one in commands]
        done = self.forked("-c", ASK, told=json.dumps(words))
        assert done.returncode == 0, done.stderr
        return [tuple(one) for one in json.loads(done.stdout)]

    def pytest(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.forked("-m", "pytest", "-m", "bounds", *words)

    def evidence(self, folder: str = "evidence") -> dict[str, dict]:
        """The evidence files by their names, with the saboteur or repair in place of the hash of its name."""
        found = {}
        for path in sorted((self.folder / folder).rglob("*.json")):
            kept = json.loads(path.read_text())
            variant = kept["saboteur"] or kept["repair"]
            found[f"{path.parent.name}: {kept['statement']}" + (f" [{variant}]" if variant else "")] = kept
        return found


def copied(project: Project, folder: Path) -> Project:
    """The project, evidence included, where a test may change it."""
    shutil.copytree(project.folder, folder / "project")
    shutil.copytree(project.library, folder / "library")
    return replace(project, folder=folder / "project", library=folder / "library")
