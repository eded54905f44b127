"""The Python call that repeats a worst instance, for statements that no command of the shell can name."""

from __future__ import annotations

from typing import Any

from lrtheory.bounds.deciding.evidence import Evidence
from lrtheory.bounds.running.encoding import encode

__all__ = ["call"]


def call(evidence: Evidence, measured: str, instance: Any = None) -> str:
    """Write the call of `lrtheory.check` that repeats the worst instance.

    Parameters
    ----------
    evidence : Evidence
        Evidence whose worst instance the call repeats.
    measured : str
        The first arguments, as they are written in the call.
    instance : object or None
        The one instance that was asked for, if it was not a label.

    Returns
    -------
    str
        Call that names the saboteur or the repair, the budget and the seed of the evidence.
    """
    label = evidence.worst.get("instance")
    label = f"json:{encode(instance)}" if label == "given" else label
    given: dict[str, Any] = {"saboteur": evidence.saboteur or None, "repair": evidence.repair or None}
    given |= {"budget": evidence.budget, "rng": evidence.seed, "instance": label}
    options = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
    return f"lrtheory.check({measured}{options})"
