"""All sequences of few requests of three kinds, in all orders of their arrival."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lrtheory.bounds import All
from proofs_checks.dual_mirror_descent.families.streams import Requests, requests

#: rewards and costs of two actions: a dear one is better at low prices and a cheap one at high ones, or both are equal
KINDS = (((0.75, 0.5), (1.0, 0.25)), ((0.5, 0.75), (0.25, 1.0)), ((0.5, 0.5), (0.25, 0.25)))
HORIZON = 4


def orders(scale: float = 1.0, **options: Sequence[Any]) -> Iterator[Requests]:
    """Yield all sequences of four requests for a budget of two units, with all choices of the options.

    Rewards and first prices are multiplied by the scale.
    """
    chosen: dict[str, Sequence[Any]] = {"step_size": (1.0,)} | options
    for kinds in itertools.product(KINDS, repeat=HORIZON):
        rewards, costs = (np.array([kind[side] for kind in kinds]) for side in (0, 1))
        for values in itertools.product(*chosen.values()):
            fields = dict(zip(chosen, values, strict=True))
            one = requests(rewards, costs[..., None], 0.5, geometry=fields.get("geometry", "euclidean"))
            yield replace(one, rewards=scale * one.rewards, init=scale * one.init, **fields)


def all_orders(
    words: str,
    as_instance: Callable[[Requests], Any] = lambda one: one,
    invisible: dict[str, str] | None = None,
    scale: float = 1.0,
    **options: Sequence[Any],
) -> All:
    """Return the set of all sequences of four requests, with the choices that the words name, as instances."""
    return All(
        f"sequences of four requests of three kinds of two actions, {words}",
        lambda: map(as_instance, orders(scale, **options)),
        members=len(KINDS) ** HORIZON * math.prod(map(len, options.values())),
        invisible=invisible or {},
    )


EAGER = all_orders("with eager steps of size 1")
EAGER_OR_LAZY = all_orders("with eager or lazy steps of size 1", lazy=(False, True))
CURVED = ("scaled-euclidean", "entropy", "capped-entropy")
ENTROPY = all_orders("with steps of size 1 of the entropy", geometry=("entropy",))
