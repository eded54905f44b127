"""Run the benchmarks: ``python -m benchmarks.run [name ...]``.

Each peer lives in an environment of its own under ``.venv-peers``. Both sides get the same arrays through an npz file
and the same number of threads, are timed inside their own process and take turns. A peer that cannot be installed is a
missing row with its reason.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import Goal, Row, rows
from benchmarks.results import Line, committed, fallen, shown, write
from facts import peers

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = HERE.parent / ".venv-peers"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# these steer OpenBLAS to kernels for another processor, and may be set for one side by accident
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


class MissingError(Exception):
    """A side that cannot run here, with the reason."""


def peer_python(name: str, folder: Path = ENVIRONMENTS) -> Path:
    """The Python of a peer's environment, which is made and filled where it is not yet there."""
    if name == "lrtheory":  # another method of our own
        return Path(sys.executable)
    peer = peers()[name]
    home = folder / name
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "installed.json"
    wanted = json.dumps(peer["packages"])
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {name} into {home}", file=sys.stderr)
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(home)],
            [str(python), "-m", "pip", "install", "--quiet", *peer["packages"]],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise MissingError(f"not installed: {last_line(done.stderr)}")
        stamp.write_text(wanted)
    return python


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason given")


class Side:
    """A process that solves one row in one way."""

    def __init__(self, process: subprocess.Popen[str], answer: Path, errors: Any) -> None:
        self.process, self.answer, self.errors = process, answer, errors
        self.heard()

    def heard(self) -> Any:
        """What the process says next."""
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            self.process.wait()
            self.errors.seek(0)
            raise MissingError(f"does not run: {last_line(self.errors.read())}")
        return json.loads(line)

    def seconds(self) -> float:
        """The time of one more solution, measured inside the process."""
        return self.seconds_and_memory()[0]

    def seconds_and_memory(self) -> tuple[float, float]:
        """The time of one more solution, and the gigabytes that the process has held at most so far."""
        self.process.stdin.write("again\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        seconds, memory = self.heard()
        return float(seconds), float(memory)

    def value(self) -> np.ndarray:
        """What it found."""
        with np.load(self.answer) as saved:
            return saved["value"]


@contextmanager
def started(python: Path, key: str, side: str, name: str, given: Path, threads: int) -> Iterator[Side]:
    """A side of a row, ready to be timed."""
    environment = {k: v for k, v in os.environ.items() if k not in UNSET} | dict.fromkeys(THREADS, str(threads))
    answer = given.with_name(f"{side}-{name}.npz")
    command = [str(python), str(HERE / "worker.py"), key, side, name, str(given), str(answer), str(threads)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, env=environment, stderr=errors, text=True, cwd=given.parent, **pipes)
        try:
            yield Side(process, answer, errors)
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            process.terminate()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]


def compare(key: str, row: Row, ours: str, peer: str, python: Path, options: Any) -> tuple[list[float], float]:
    """Ratios peer / ours of times taken in turns, and the largest difference of the answers."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        given = Path(folder) / "input.npz"
        try:
            np.savez(given, **row.inputs())
        except ImportError as error:  # data of a package that is not installed
            raise MissingError(str(error)) from error
        here = Path(sys.executable)
        mine = stack.enter_context(started(here, key, "ours", ours, given, options.threads))
        theirs = stack.enter_context(started(python, key, "peers", peer, given, options.threads))
        difference = float(np.abs(mine.value() - theirs.value()).max())
        times = []
        for turn in range(options.repeats):  # who goes first changes, so that neither always finds a warm machine
            if turn % 2:
                later = theirs.seconds()
                times.append((mine.seconds(), later))
            else:
                times.append((mine.seconds(), theirs.seconds()))
        return [other / own for own, other in times], difference


def lines(key: str, row: Row, options: Any) -> Iterator[Line]:
    """One line of the table for every way of ours and every peer."""
    for peer in row.peers:
        try:
            python = peer_python(peer)
        except MissingError as reason:
            yield Line(key, row.title, "-", peer, "missing", "", str(reason), True)
            continue
        for ours in row.ours:
            try:
                ratios, difference = compare(key, row, ours, peer, python, options)
            except MissingError as reason:
                yield Line(key, row.title, ours, peer, "missing", "", str(reason), True)
                continue
            same = difference <= row.tolerance
            words = f"same to {difference:.0e}" if same else f"DIFFERS by {difference:.1e}: not the same work"
            ratio = f"{shown(statistics.median(ratios))}x" if same else "-"
            yield Line(key, row.title, ours, peer, ratio, f"{shown(min(ratios))} to {shown(max(ratios))}", words, same)


def is_chosen(key: str, row: Row | Goal, names: list[str]) -> bool:
    """Whether a row runs: by its name, its system's or, without names, like all; large ones by their name alone."""
    if key in names:
        return True
    return not row.large and (not names or key.partition("/")[0] in names)


def reached(key: str, goal: Goal, options: Any) -> Line:
    """The line of a goal; one that was missed is said, and is no error, but a wrong answer is."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        given = Path(folder) / "input.npz"
        inputs = goal.inputs()
        np.savez(given, **inputs)
        side = stack.enter_context(started(Path(sys.executable), key, "ours", "goal", given, options.threads))
        turns = [side.seconds_and_memory() for _ in range(1 if goal.large else options.repeats)]
        error = goal.error(inputs, side.value())
    seconds, memory = statistics.median(turn[0] for turn in turns), turns[-1][1]
    right = error <= goal.tolerance
    words = [
        f"{seconds:.3g} s of {goal.seconds:g}" + (" MISSED" if seconds > goal.seconds else ""),
        f"{memory:.2f} GB of {goal.gigabytes:g}" + (" MISSED" if memory > goal.gigabytes else ""),
        f"error {error:.0e}" + ("" if right else f": WRONG, more than {goal.tolerance:g}"),
    ]
    return Line(key, goal.title, "goal", "", "", "", ", ".join(words), right)


def main(arguments: list[str] | None = None) -> int:
    """Run what is named and print the table; say which ratios are lower than those that were committed.

    Parameters
    ----------
    arguments : list of str, optional
        The words of the command line.

    Returns
    -------
    int
        0, 1 when two sides did not do the same work, 3 for an unknown name, 4 when a ratio has fallen by more than a
        fifth.
    """
    parser = argparse.ArgumentParser(prog="bench", description="Time this project against its peers.")
    parser.add_argument("names", nargs="*", metavar="name", help="<system>/<row> or <system>; without a name all")
    parser.add_argument("--repeats", type=int, default=7, help="timed turns a pair (default 7)")
    parser.add_argument("--threads", type=int, default=1, help="threads of either side (default 1)")
    parser.add_argument(
        "--write", type=Path, metavar="PATH", help="a table in Markdown, in which these rows are replaced"
    )
    options = parser.parse_args(arguments)
    chosen = {key: row for key, row in rows().items() if is_chosen(key, row, options.names)}
    if not chosen:
        print(f"No row is called {' '.join(options.names)}; there are {', '.join(rows())}.", file=sys.stderr)
        return 3
    print("Times of the peer in units of ours: median of the turns, then the smallest and the largest ratio.")
    print("Without a peer: median time and largest memory beside the goals, and the error of the answer.\n")
    found, before = [], committed(HERE / "RESULTS.md")
    for key, row in chosen.items():
        for line in lines(key, row, options) if isinstance(row, Row) else [reached(key, row, options)]:
            found.append(line)
            print(line, flush=True)
            if options.write:  # as it goes, so that an interruption loses nothing
                write(options.write, [one for one in found if one.key == key], options.threads)
    lost = fallen(before, found, options.threads)
    print("\n" + "\n".join(lost or ["No ratio has fallen by more than a fifth from what is committed for it."]))
    if not all(line.good for line in found):
        return 1
    return 4 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
