"""The array libraries under which the tests run, and what a test run was required to have."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from lrtheory._array import to_numpy
from lrtheory._data import state
from lrtheory._front import data_sets


@dataclass(frozen=True)
class Backend:
    """One array library on one device: how to bring an array there and back."""

    name: str
    namespace: Any
    asarray: Callable[[np.ndarray], Any]
    flags: Callable[[], AbstractContextManager[Any]] = field(default=nullcontext)

    def to_numpy(self, value: Any) -> np.ndarray:
        return to_numpy(value)


def _numpy() -> Backend:
    return Backend("numpy", np, np.array)


def _numpy_readonly() -> Backend:
    def asarray(value: np.ndarray) -> np.ndarray:
        array = np.array(value)
        array.flags.writeable = False
        return array

    return Backend("numpy-readonly", np, asarray)


def _strict() -> Backend:
    strict = importlib.import_module("array_api_strict")
    return Backend("strict", strict, lambda value: strict.asarray(np.array(value)))


def _strictest() -> Backend:
    """No boolean indexing, no data-dependent shapes, no extensions."""
    strict = importlib.import_module("array_api_strict")

    def flags() -> AbstractContextManager[Any]:
        return strict.ArrayAPIStrictFlags(boolean_indexing=False, data_dependent_shapes=False, enabled_extensions=())

    return Backend("strictest", strict, lambda value: strict.asarray(np.array(value)), flags)


def _strict_device() -> Backend:
    """On a second device, from which a hidden conversion to NumPy raises."""
    strict = importlib.import_module("array_api_strict")
    device = strict.Device("device1")
    return Backend("strict-device", strict, lambda value: strict.asarray(np.array(value), device=device))


def _torch() -> Backend:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)  # the tests run in as many processes as there are cores
    return Backend("torch", torch, lambda value: torch.asarray(np.array(value)))


def _torch_cuda() -> Backend:
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        raise ImportError("no GPU is present, or torch was built without CUDA")
    return Backend("torch-cuda", torch, lambda value: torch.asarray(np.array(value), device="cuda"))


def _jax() -> Backend:
    """On the processor and in double precision; by itself JAX keeps every number in 32 bits."""
    jax = importlib.import_module("jax")

    @contextmanager
    def flags() -> Iterator[None]:
        before = jax.config.jax_enable_x64
        jax.config.update("jax_enable_x64", True)
        try:
            yield
        finally:
            jax.config.update("jax_enable_x64", before)

    return Backend("jax", jax.numpy, lambda value: jax.numpy.asarray(np.array(value)), flags)


def _cupy() -> Backend:
    cupy = importlib.import_module("cupy")
    if not cupy.cuda.is_available():
        raise ImportError("no GPU is present")
    return Backend("cupy", cupy, cupy.asarray)


BACKENDS: dict[str, Callable[[], Backend]] = {
    "numpy": _numpy,
    "numpy-readonly": _numpy_readonly,
    "strict": _strict,
    "strictest": _strictest,
    "strict-device": _strict_device,
    "torch": _torch,
    "torch-cuda": _torch_cuda,
    "jax": _jax,
    "cupy": _cupy,
}


#: those that compile nothing at the first use of an operation, for tests on arrays of many shapes
QUICK = [name for name in BACKENDS if name != "jax"]


def required() -> set[str]:
    """What this run must have, from LRTHEORY_REQUIRE: back-ends and data sets with commas; "data" is every data set."""
    names = {name for name in os.environ.get("LRTHEORY_REQUIRE", "").split(",") if name}
    return (names - {"data"}) | {data.name for data in data_sets()} if "data" in names else names


def missing(name: str, reason: object) -> None:
    """Skip the test that needs what is not there; fail it where the run was required to have it."""
    if name in required():
        pytest.fail(f"{name} is named in LRTHEORY_REQUIRE and cannot be used: {reason}")
    pytest.skip(f"{name} cannot be used: {reason}")


def backend(name: str) -> Backend:
    """The back-end of this name, or a skip."""
    try:
        return BACKENDS[name]()
    except ImportError as error:
        missing(name, error)
        raise


def need_data(name: str) -> None:
    """Skip a test whose data set is not installed; fail it where the run was required to have it."""
    for data in data_sets():
        if data.name == name and state(data) != "present":
            missing(name, f"{data.path} of {data.package} is {state(data)}")
        if data.name == name and ".pkl" in data.path and importlib.util.find_spec("pandas") is None:
            missing(name, "pandas is missing: pip install '.[data]'")
