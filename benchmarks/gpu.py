"""Dense functions on a GPU: ``python -m benchmarks.gpu`` tests them there and times them against the processor.

Where the machine has a CUDA device, CuPy is installed into the environment that runs this, and torch with CUDA where
there is room; then come the tests of array libraries on both, and the times. Where it has none, one sentence says so.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.dense_tasks import TASKS, Arrays, Task
from benchmarks.results import processor, versions

HERE = Path(__file__).resolve().parent
NONE = "This machine has no CUDA device, so there is nothing to test or to time."
FILE = Path("/dev/nvidia0")  # what the driver makes of the first device, also where nvidia-smi is missing
ROOM = 12e9  # bytes that torch with its CUDA libraries takes, unpacked and while it is being unpacked
TESTS = ("tests/core/test_array.py", "tests/core/test_backends.py", "tests/lora_limits")
#: Largest mean difference from the processor's answer, in units of the mean size of its entries; means, since a near
#: tie that rounding turns around changes single entries by as much as they are.
TOLERANCES = {"float64": 1e-10, "float32": 1e-4}


# --- the device and the libraries ------------------------------------------------------------------------------------


class Gpu(NamedTuple):
    """A CUDA device: its name, and the newest version of CUDA that its driver runs."""

    name: str
    cuda: str


def gpu() -> Gpu | None:
    """The first CUDA device, found without a library of CUDA; None where there is none."""
    found = shutil.which("nvidia-smi")
    if found is not None:
        names = _said([found, "--query-gpu=name", "--format=csv,noheader"])
        version = re.search(r"CUDA (?:UMD )?Version:\s*(\d+\.\d+)", _said([found]))
        if names:
            return Gpu(names.splitlines()[0].strip(), version.group(1) if version else "12.0")
    return Gpu("a CUDA device", "12.0") if FILE.exists() else None


def _said(command: list[str]) -> str:
    """What a command prints; nothing where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


class Library(NamedTuple):
    """An array library on a device: its name among the back-ends of the tests, how to bring arrays there and wait."""

    name: str
    version: str
    asarray: Callable[[np.ndarray], Any]
    wait: Callable[[], Any]


def cupy_library() -> Library:
    """CuPy on the first device."""
    import cupy

    cupy.zeros(1).get()  # raises where the driver or a library is missing
    return Library("cupy", cupy.__version__, cupy.asarray, lambda: cupy.cuda.Device().synchronize())


def torch_library() -> Library:
    """PyTorch on the first device."""
    import torch

    if not torch.cuda.is_available():
        raise ImportError("this torch was built without CUDA, or for a newer driver")
    return Library(
        "torch-cuda",
        torch.__version__,
        lambda array: torch.asarray(array, device="cuda"),
        torch.cuda.synchronize,
    )


#: by the names of the back-ends of the tests
LIBRARIES: dict[str, Callable[[], Library]] = {"cupy": cupy_library, "torch-cuda": torch_library}


def install(device: Gpu) -> None:
    """Install what is not yet usable; what cannot be installed is missing in the table.

    Parameters
    ----------
    device : Gpu
        The device; its version of CUDA says which CuPy fits.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    if not _is_usable("cupy"):
        subprocess.run([*pip, f"cupy-cuda{device.cuda.partition('.')[0]}x[ctk]>=14"], check=False)
    if _is_usable("torch-cuda"):
        return
    if shutil.disk_usage(sys.prefix).free < ROOM:
        print(f"torch with CUDA is left out: it needs {ROOM / 1e9:.0f} GB of room.", file=sys.stderr)
        return
    # a torch without CUDA would count as installed; its dependencies may stay
    subprocess.run([*pip, "--force-reinstall", "--no-deps", "torch>=2.4"], check=False)
    subprocess.run([*pip, "torch>=2.4"], check=False)


def _is_usable(name: str) -> bool:
    """Whether a library reaches the device, asked in a process of its own, which sees what was just installed."""
    call = f"from benchmarks.gpu import LIBRARIES; LIBRARIES[{name!r}]()"
    command = [sys.executable, "-c", call]
    return subprocess.run(command, cwd=HERE.parent, capture_output=True, check=False).returncode == 0


def tested(names: list[str]) -> str:
    """Run the tests of array libraries on those of the device: the last line of pytest, or an error that shows all."""
    command = [sys.executable, "-m", "pytest", "-q", "-k", " or ".join(names), *TESTS]
    environment = os.environ | {"LRTHEORY_REQUIRE": ",".join(names)}
    done = subprocess.run(command, cwd=HERE.parent, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{done.stdout}{done.stderr}The tests fail on the device, so nothing was timed.")
    return done.stdout.splitlines()[-1].strip(" =")


# --- times -----------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """One task on one library: seconds there, with both transfers, and on the processor; and whether answers agree."""

    title: str
    kind: str
    library: str
    there: float
    transfers: float
    processor: float
    words: str
    good: bool

    def row(self) -> str:
        """The line as a row of Markdown."""
        times = [f"{seconds:.3g} s" for seconds in (self.there, self.transfers, self.processor)]
        ratios = [f"{self.processor / seconds:.1f}x" for seconds in (self.there, self.transfers)]
        missing = math.isnan(self.there)
        cells = [*times[2:], *(["-"] * 4 if missing else [*times[:2], *ratios]), self.words]
        return "| " + " | ".join([self.title, self.kind, self.library, *cells]) + " |"


def seconds(call: Callable[[], Any], wait: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The median time of a call until the device is done, after one that is not counted, and the answer."""
    times, answer = [], call()
    wait()
    for _ in range(repeats):
        start = time.perf_counter()
        answer = call()
        wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times), answer


def lines(tasks: tuple[Task, ...], libraries: list[Library], *, small: bool, repeats: int) -> Iterator[Line]:
    """Every task in every kind of numbers on every library.

    Parameters
    ----------
    tasks : tuple of Task
        What is timed.
    libraries : list of Library
        Where.
    small : bool
        Whether the smaller of both sizes is taken.
    repeats : int
        Timed calls each.

    Yields
    ------
    Line
        One after the other. A task for which the device has too little memory is a line without times.
    """
    for task in tasks:
        size = task.sizes[0 if small else 1]
        made = task.inputs(size)
        for kind in TOLERANCES:
            host = {name: x.astype(kind) if x.dtype.kind == "f" else x for name, x in made.items()}
            own, expected = seconds(partial(task.solve, host), lambda: None, repeats)
            for library in libraries:
                fixed = task.title.format(size), kind, library.name
                try:
                    there, transfers, found = on_device(task, host, library, repeats)
                except (MemoryError, RuntimeError) as error:
                    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].replace("|", "/")
                    yield Line(*fixed, math.nan, math.nan, own, f"missing: {reason}", True)
                    continue
                difference = float(np.abs(found - expected).mean() / np.abs(expected).mean())
                good = difference <= TOLERANCES[kind]
                words = f"same to {difference:.0e}" if good else f"DIFFERS by {difference:.1e}"
                yield Line(*fixed, there, transfers, own, words, good)


def on_device(task: Task, host: Arrays, library: Library, repeats: int) -> tuple[float, float, np.ndarray]:
    """Seconds with the arrays there already, seconds with both transfers, and the answer."""
    from lrtheory._array import to_numpy

    def brought() -> Arrays:
        return {name: library.asarray(x) for name, x in host.items()}

    there, _ = seconds(partial(task.solve, brought()), library.wait, repeats)
    transfers, found = seconds(lambda: to_numpy(task.solve(brought())), library.wait, repeats)
    return there, transfers, found


_COLUMNS = "| task | numbers | library | processor | device | with transfers | ratio | with transfers | answers |"


def page(device: Gpu, libraries: list[Library], found: list[Line], tests: str) -> str:
    """The text of `GPU.md`.

    Parameters
    ----------
    device : Gpu
        On what was timed.
    libraries : list of Library
        In what.
    found : list of Line
        The times.
    tests : str
        What the tests of array libraries said.

    Returns
    -------
    str
        Markdown.
    """
    names = ", ".join(f"{library.name} {library.version}" for library in libraries)
    return "\n".join([
        "# Times on a GPU\n",
        "Written by `make gpu`. *Device*: with the arrays there already; *with transfers*: from NumPy arrays to a",
        "NumPy array; *ratio*: how many times longer the processor takes, with the threads that it has. Times are",
        "medians; answers are compared by their mean difference in units of their mean size.\n",
        f"Device: {device.name}, CUDA {device.cuda}. Processor: {processor()}, {os.cpu_count()} threads.",
        f"{versions()} On the device: {names}. Tests of array libraries there: {tests}.\n",
        _COLUMNS,
        "|" + " --- |" * (_COLUMNS.count("|") - 1),
        *(line.row() for line in found),
    ]) + "\n"  # fmt: skip


def usable() -> list[Library]:
    """The libraries that reach the device; of the others the reason is printed."""
    found = []
    for name, make in LIBRARIES.items():
        try:
            found.append(make())
        except Exception as error:  # a driver that is too old, a library that is missing: each raises its own
            print(f"{name} cannot be used: {error}", file=sys.stderr)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Install, test, time, and write the table.

    Parameters
    ----------
    arguments : list of str, optional
        The words of the command line.

    Returns
    -------
    int
        0, also without a device; 1 when no library reaches the device, tests fail or answers differ.
    """
    parser = argparse.ArgumentParser(prog="gpu", description="Test and time the dense functions on a CUDA device.")
    parser.add_argument("--repeats", type=int, default=5, help="timed calls each (default 5)")
    parser.add_argument("--small", action="store_true", help="small arrays, to see that everything runs")
    parser.add_argument("--write", type=Path, metavar="PATH", help="the table in Markdown")
    options = parser.parse_args(arguments)
    device = gpu()
    if device is None:
        print(NONE)
        return 0
    install(device)
    libraries = usable()
    if not libraries:
        print(f"No array library reaches {device.name}.", file=sys.stderr)
        return 1
    tests = tested([library.name for library in libraries])
    found = []
    for line in lines(TASKS, libraries, small=options.small, repeats=options.repeats):
        found.append(line)
        print(line.row(), flush=True)
    if options.write and all(line.good for line in found):
        options.write.write_text(page(device, libraries, found, tests), encoding="utf-8")
    return 0 if all(line.good for line in found) else 1


if __name__ == "__main__":
    sys.exit(main())
