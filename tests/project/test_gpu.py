"""The command for a machine with a CUDA device, with libraries of the processor in the place of those of a device."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import gpu
from benchmarks.gpu import Gpu, Library
from tests.backends import BACKENDS
from tests.rules.public_names import ROOT

TOY = Gpu("Toy 9000", "13.0")
NUMPY = Library("numpy", np.__version__, np.array, lambda: None)
SAID = {"--query-gpu=name": "Toy 9000\nToy 9000\n", "": "| NVIDIA-SMI 1.0   CUDA Version: 13.0   |\n"}


def libraries() -> list[Library]:
    """NumPy, and torch on the processor where it is installed."""
    try:
        torch = BACKENDS["torch"]().namespace
    except ImportError:
        return [NUMPY]
    return [NUMPY, Library("torch", torch.__version__, torch.asarray, lambda: None)]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device on which nothing has to be installed and whose tests pass."""
    monkeypatch.setattr(gpu, "gpu", lambda: TOY)
    monkeypatch.setattr(gpu, "install", lambda device: None)
    monkeypatch.setattr(gpu, "usable", libraries)
    monkeypatch.setattr(gpu, "tested", lambda names: f"3 passed on {' and '.join(names)}")


def test_without_a_device_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def install(device: Gpu) -> None:
        raise AssertionError("there is nothing to install for")

    monkeypatch.setattr(gpu.shutil, "which", lambda name: None)
    monkeypatch.setattr(gpu, "FILE", tmp_path / "nvidia0")
    monkeypatch.setattr(gpu, "install", install)
    assert gpu.main(["--write", str(tmp_path / "GPU.md")]) == 0
    assert capsys.readouterr().out == "This machine has no CUDA device, so there is nothing to test or to time.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "file", "found"),
    [
        (SAID, False, TOY),
        (SAID | {"": "an older driver"}, True, Gpu("Toy 9000", "12.0")),
        ({}, True, Gpu("a CUDA device", "12.0")),
        ({}, False, None),  # the program is there, and finds no device
    ],
)
def test_the_device_is_what_the_driver_says(
    said: dict[str, str], file: bool, found: Gpu | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run(command: list[str], **_: Any) -> Any:
        assert command[0] == "nvidia-smi"
        words = "".join(command[1:2])
        return SimpleNamespace(returncode=0 if words in said else 9, stdout=said.get(words, "No devices were found"))

    monkeypatch.setattr(gpu.shutil, "which", lambda name: name)
    monkeypatch.setattr(gpu.subprocess, "run", run)
    monkeypatch.setattr(gpu, "FILE", ROOT if file else tmp_path / "nvidia0")
    assert gpu.gpu() == found


def test_nothing_heavy_is_imported_before_there_is_a_device() -> None:
    probe = "import sys, benchmarks.gpu; print(sorted({'torch', 'cupy', 'jax', 'scipy', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("room", [1e9, 1e12])
def test_what_fits_the_driver_and_the_disk_is_installed(
    room: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(gpu, "_is_usable", lambda name: False)
    monkeypatch.setattr(gpu.shutil, "disk_usage", lambda path: SimpleNamespace(free=room))
    monkeypatch.setattr(gpu.subprocess, "run", lambda command, **_: commands.append(command))
    gpu.install(TOY)
    assert commands[0][-1] == "cupy-cuda13x[ctk]>=14"
    assert [command[-1] for command in commands[1:]] == ([] if room < gpu.ROOM else ["torch>=2.4"] * 2)
    assert ("torch with CUDA is left out" in capsys.readouterr().err) is (room < gpu.ROOM)


def test_the_libraries_are_back_ends_of_the_tests() -> None:
    assert set(gpu.LIBRARIES) <= set(BACKENDS)
    assert all((ROOT / path).exists() for path in gpu.TESTS)


@pytest.mark.usefixtures("toy")
def test_every_task_runs_and_stands_in_the_table(tmp_path: Path) -> None:
    assert gpu.main(["--small", "--repeats", "1", "--write", str(tmp_path / "GPU.md")]) == 0
    text = (tmp_path / "GPU.md").read_text()
    names = [library.name for library in libraries()]
    assert "Device: Toy 9000, CUDA 13.0. Processor: " in text
    assert f"numpy {np.__version__}" in text
    assert f"Tests of array libraries there: 3 passed on {' and '.join(names)}." in text
    head, rule, *rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == len(gpu.TASKS) * 2 * len(names)
    assert {len(row) for row in (head, rule, *rows)} == {9}
    assert all(row[-1].startswith(" same to ") for row in rows)


def test_a_line_tells_times_and_ratios() -> None:
    line = gpu.Line("t", "float64", "toy", there=0.5, transfers=2.0, processor=4.0, words="same", good=True)
    assert line.row() == "| t | float64 | toy | 4 s | 0.5 s | 2 s | 8.0x | 2.0x | same |"


def only(library: Library) -> list[gpu.Line]:
    task = next(task for task in gpu.TASKS if task.title.startswith("complete_dense"))
    return list(gpu.lines((task,), [library], small=True, repeats=1))


def test_a_device_without_room_is_a_line_without_times() -> None:
    def full(array: np.ndarray) -> Any:
        raise MemoryError("out of memory\n| of the device")

    for line in only(NUMPY._replace(asarray=full)):
        assert line.good
        assert line.row().endswith(" | - | - | - | - | missing: out of memory |")


@pytest.mark.usefixtures("toy")
def test_another_answer_fails_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = NUMPY._replace(asarray=lambda array: 1.01 * array if array.dtype.kind == "f" else array)
    assert [line.words for line in only(wrong)] == ["DIFFERS by 1.0e-02"] * 2
    monkeypatch.setattr(gpu, "usable", lambda: [wrong])
    monkeypatch.setattr(gpu, "TASKS", gpu.TASKS[-2:])
    assert gpu.main(["--small", "--repeats", "1", "--write", str(tmp_path / "GPU.md")]) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("toy")
def test_a_device_that_no_library_reaches_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "usable", list)
    assert gpu.main([]) == 1
    assert capsys.readouterr().err == "No array library reaches Toy 9000.\n"


def test_tests_that_fail_stop_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    done = SimpleNamespace(returncode=1, stdout="1 failed\n", stderr="")
    monkeypatch.setattr(gpu.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(SystemExit, match=r"1 failed\nThe tests fail on the device"):
        gpu.tested(["cupy"])
    done.returncode, done.stdout = 0, "...\n===== 3 passed in 1s =====\n"
    assert gpu.tested(["cupy"]) == "3 passed in 1s"
