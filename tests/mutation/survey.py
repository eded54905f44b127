"""Which test of a system calls which of its functions, and for how long it runs; kept until something changes."""

from __future__ import annotations

import base64
import functools
import gc
import hashlib
import importlib
import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from numba.core.dispatcher import Dispatcher

from tests.mutation.exchange import Order, kernels_named, named, names_in
from tests.mutation.forks import in_processes, silent

ROOT = Path(__file__).resolve().parent.parent.parent


class Survey:
    """What tests call, from a file as far as that is of now.

    Parameters
    ----------
    kept : Path
        Where it is kept. What a test calls is read from there while its own file, the files beside that hold no tests,
        and the library of the system stay as they are.
    folder : Path
        The library of the system.
    items : dict
        The tests by their names.
    """

    def __init__(self, kept: Path, folder: Path, items: dict[str, pytest.Item]) -> None:
        self.kept, self.folder, self.items = kept, folder, items
        self.tests: dict[str, dict[str, Any]] = {}
        self.names: dict[str, list[str]] = {}
        self.modules: list[str] = []
        self.signatures: dict[str, list[str]] = {}
        shared = [path for path in sorted((ROOT / "tests").rglob("*.py")) if not path.name.startswith("test_")]
        library = [path for path in sorted(folder.rglob("*.py"))]
        self.base = digest([path for path in shared if "mutation" not in path.parts] + library)
        self._remembering: list[Any] | None = None

    def seconds(self, name: str) -> float:
        """The time of a test."""
        return self.tests[name]["seconds"] if name in self.tests else 0.0

    def complete(self, run: Callable[[pytest.Item], bool], jobs: int) -> None:
        """Read what is kept, and run in forks the tests of which nothing is."""
        digests = {str(item.path): digest([item.path]) + self.base for item in self.items.values()}
        of_now = {name: digests[str(item.path)] for name, item in self.items.items()}
        self._read(of_now)
        missing = [name for name in of_now if name not in self.tests]
        blocks = [missing[i : i + 40] for i in range(0, len(missing), 40)]
        parts = [self.kept.with_suffix(f".{number}.part") for number in range(len(blocks))]
        for part in parts:
            part.unlink(missing_ok=True)
        in_processes(len(blocks), jobs, lambda i: parts[i].write_text(json.dumps(self._seen(blocks[i], run))))
        for part in parts:
            found = json.loads(part.read_text())
            for name, test in found["tests"].items():
                self.tests[name] = test | {"of": of_now[name]}
            self.names |= found["names"]
            self.modules = sorted({*self.modules, *found["modules"]})
            for key, types in found["signatures"].items():
                self.signatures[key] = sorted({*self.signatures.get(key, ()), *types})
            part.unlink()
        whole = {"tests": self.tests, "names": self.names, "modules": self.modules, "signatures": self.signatures}
        self.kept.write_text(json.dumps(whole))

    def _read(self, of_now: dict[str, str]) -> None:
        if self.kept.exists():
            whole = json.loads(self.kept.read_text())
            self.names, self.modules, self.signatures = whole["names"], whole["modules"], whole["signatures"]
            self.tests = {name: test for name, test in whole["tests"].items() if of_now.get(name) == test["of"]}

    def callers(self, order: Order) -> list[str]:
        """The tests that pass and call a region, or a function that names a constant; the fastest first."""
        key = order.key
        if order.kind == "constant":
            wanted = {one for one, names in self.names.items() if order.name in names}
        else:
            wanted = {key}
        found = [name for name, test in self.tests.items() if test["passed"] and wanted & set(test["calls"])]
        return sorted(found, key=lambda name: self.tests[name]["seconds"])

    def remembering(self) -> list[Any]:
        """The functions of the library and of the tests that remember answers; data from files may stay."""
        if self._remembering is None:
            every = [one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper]
            ours, kept = ("lrtheory.", "tests.", "proofs_checks."), ("lrtheory._array", "lrtheory._data")
            modules = [(one, getattr(one, "__module__", "")) for one in every]
            self._remembering = [one for one, m in modules if m.startswith(ours) and not m.startswith(kept)]
        return self._remembering

    def forget(self) -> None:
        """Empty what functions of the library and of the tests remember."""
        for one in self.remembering():
            one.cache_clear()

    def _seen(self, names: list[str], run: Callable[[pytest.Item], bool]) -> dict[str, Any]:
        """Run tests, and say what they call; kernels are called by whoever names them."""
        codes: dict[CodeType, dict[str, Any]] = {}
        own = str(self.folder) + os.sep
        ours = tuple({str(ROOT) + os.sep, own, *(f"{item.path.parent}{os.sep}" for item in self.items.values())})
        calls_of: dict[tuple[CodeType, int], set[str]] = {}
        bodies: dict[str, CodeType] = {}
        silent()

        def see(frame: FrameType, event: str, _: Any) -> None:
            if event == "call":
                code = frame.f_code
                if code not in codes and code.co_filename.startswith(ours):
                    codes[code] = frame.f_globals

        tests: dict[str, dict[str, Any]] = {}
        for name in names:
            self.forget()
            codes.clear()
            start = time.process_time()
            sys.settrace(see)  # which, unlike a profile, is told of no calls of C
            try:
                passed = run(self.items[name])
            finally:
                sys.settrace(None)
            seconds = time.process_time() - start
            given = kernels_given(self.items[name], own)
            calls = {key_of(one.__code__) for one in given if one.__code__.co_filename.startswith(own)}
            bodies |= {key_of(one.__code__): one.__code__ for one in given}
            loaded = len(sys.modules)
            for code, names_there in codes.items():
                if (code, loaded) not in calls_of:
                    kernels = kernels_named(code, names_there) | kernels_called(names_in(code), own)
                    reached = {body.__code__ for body in kernels} | {code}
                    reached = {one for one in reached if one.co_filename.startswith(own)}
                    calls_of[code, loaded] = {key_of(one) for one in reached}
                    bodies |= {key_of(one): one for one in reached}
                calls |= calls_of[code, loaded]
            tests[name] = {"seconds": seconds, "passed": passed, "calls": sorted(calls)}
        ours_too = ("lrtheory", "tests", "proofs_checks", "figures", "benchmarks", "test_", "__main__", "jax")
        modules = [name for name, one in list(sys.modules.items()) if one is not None and not name.startswith(ours_too)]
        used = {key: sorted(names_in(code)) for key, code in bodies.items()}
        return {"tests": tests, "names": used, "modules": modules, "signatures": signatures()}


def kernels_called(used: set[str], folder: str) -> set[FunctionType]:
    """The bodies of kernels below a folder that go by one of some names, and what these name.

    A function may import the module of a kernel when it runs; then its own module holds no name of the kernel.
    """
    files = [(vars(one), getattr(one, "__file__", None)) for one in list(sys.modules.values())]
    holding = [names for names, file in files if file and file.startswith(folder)]
    values = [names[name] for names in holding for name in used & names.keys()]
    found = {one.py_func for one in values if issubclass(type(one), Dispatcher)}
    return found.union(*map(named, found))


def kernels_given(item: pytest.Item, folder: str) -> set[FunctionType]:
    """The bodies of kernels that are parameters of a test, or whose names are, and what these name; no code names them.

    A name is looked up below a folder.
    """
    parameters = list(item.callspec.params.values()) if hasattr(item, "callspec") else []
    found = {one.py_func for one in parameters if issubclass(type(one), Dispatcher)}
    return found.union(*map(named, found), kernels_called({one for one in parameters if type(one) is str}, folder))


def key_of(code: CodeType) -> str:
    """The name of a code, as `Order.key` has it."""
    return f"{code.co_filename}:{code.co_qualname}:{code.co_firstlineno}"


def digest(paths: Iterable[Path]) -> str:
    """A digest of files by name and content."""
    found = hashlib.sha256()
    for path in paths:
        found.update(str(path).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:12]


def signatures() -> dict[str, list[str]]:
    """For each kernel of a module the types for which it is compiled, as far as they can be written down."""
    found: dict[str, list[str]] = {}
    for one in gc.get_objects():
        if issubclass(type(one), Dispatcher) and one.overloads:
            kept = found.setdefault(key_of(one.py_func.__code__), [])
            for signature in one.nopython_signatures:
                try:
                    kept.append(base64.b64encode(pickle.dumps(signature.args)).decode())
                except (AttributeError, TypeError, pickle.PicklingError):  # as of a type that is made in a function
                    continue
    return found


def modules_below(folder: Path) -> list[str]:
    """The modules of a library: also those that only the tests import, before a mutant takes its place in them."""
    roots = [Path(one).resolve() for one in sys.path if one and folder.is_relative_to(Path(one).resolve())]
    root = max(roots, key=lambda one: len(one.parts), default=ROOT)
    parts = [path.relative_to(root).with_suffix("").parts for path in sorted(folder.rglob("*.py"))]
    return [".".join(part[:-1] if part[-1] == "__init__" else part) for part in parts if part[-1] != "__main__"]


def warmed(modules: Iterable[str], compiled: dict[str, list[str]]) -> None:
    """Import what the tests import, and load the kernels that they use."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:  # what cannot be imported by itself is imported where it is used
            continue
    kernels = {key_of(one.py_func.__code__): one for one in gc.get_objects() if issubclass(type(one), Dispatcher)}
    for key, types in compiled.items():
        for arguments in types if key in kernels else ():
            try:
                kernels[key].compile(pickle.loads(base64.b64decode(arguments)))
            except Exception:  # it is compiled where it is used
                continue
