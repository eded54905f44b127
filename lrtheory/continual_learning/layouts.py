"""The two ways in which a map is stored, and the hint for an array that fits the other one."""

from __future__ import annotations

from lrtheory._validation import must

__all__ = ["LAYOUTS", "wrong_shape"]

#: a row x is mapped to x W, or W is stored transposed, as (outputs, inputs)
LAYOUTS = ("rows", "torch")


def wrong_shape(name: str, wanted: str, shape: tuple[int, ...], *, turned: bool) -> Exception:
    """The exception for an array of another shape; `turned` says that it would fit in the other layout."""
    error = must(name, f"of shape {wanted}", shape)
    return type(error)(f"{error} Is `layout` right?") if turned else error
