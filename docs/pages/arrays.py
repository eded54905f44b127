"""The table of the functions that take arrays of any library, and where they compute."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

import lrtheory

__all__ = ["table_of_arrays"]


def table_of_arrays() -> str:
    """The page, as Markdown."""
    lines = [
        "# Arrays\n",
        "*On the device* are functions of array-API code: they compute where the caller's arrays are, and return the "
        "caller's kind. *Through the host* are those that bring arrays to NumPy and the answer back. All others take "
        "NumPy and SciPy.\n",
        "JAX by itself keeps every number in 32 bits. Here float32 stays float32, and what NumPy would give in float64 "
        "or int64 comes back so, whatever the mode of JAX; computing further with it in the mode of 32 bits rounds it. "
        "JAX compiles each operation for each shape at its first use. Calls inside of `jax.jit`, `jax.grad` and "
        "`jax.vmap` are refused, since functions look at their numbers.\n",
        "| function | arrays of any library |",
        "| --- | --- |",
        *(f"| `{name}` | {where} |" for name, where in sorted(functions_of_arrays())),
    ]
    return "\n".join(lines) + "\n"


def functions_of_arrays() -> Iterator[tuple[str, str]]:
    """Name of a public function, and where it computes."""
    words = {"device": "on the device", "host": "through the host"}
    for system in lrtheory.SYSTEMS:
        for submodule in ("", ".baselines"):
            module = importlib.import_module(f"lrtheory.{system}{submodule}")
            for name in getattr(module, "__all__", ()):
                value = getattr(module, name)
                if inspect.isfunction(value) and hasattr(value, "arrays"):
                    yield f"{system}{submodule}.{name}", words[value.arrays]
