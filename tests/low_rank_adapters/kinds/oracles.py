"""Small adapters with whole numbers, and their updates written out entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lrtheory.low_rank_adapters.kinds.base import Adapter
from lrtheory.low_rank_adapters.kinds.hadamard import hadamard
from lrtheory.low_rank_adapters.kinds.lora import full, lora, lora_fa, lora_xs
from lrtheory.low_rank_adapters.kinds.make import mode_sizes
from lrtheory.low_rank_adapters.kinds.randlora import randlora
from lrtheory.low_rank_adapters.kinds.tera import tera
from lrtheory.low_rank_adapters.kinds.uni_lora import uni_lora
from lrtheory.low_rank_adapters.kinds.vera import vera

PRIME = 2**31 - 1
#: what a case of a library or of a unit does to each array
Change = Callable[[np.ndarray], Any]


def same(array: np.ndarray) -> Any:
    return array


def draw(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Whole numbers other than zero, so that every hypothesis about zeros holds."""
    return rng.integers(1, 5, shape) * rng.choice([-1.0, 1.0], shape)


def squares(m: int, n: int, r: int) -> tuple[np.ndarray, np.ndarray]:
    """Groups of 1, 4, 1, 4, .. entries, the last one of what is left, with sizes whose roots are whole numbers."""
    groups = np.repeat(np.arange(m + n + r), np.resize([1, 4], m + n + r))[: r * (m + n)]
    return groups, np.resize([1, 4], groups[-1] + 1)


MAKERS: dict[str, Callable[[np.random.Generator, int, int, int, float, Change], Adapter]] = {
    "lora": lambda g, m, n, r, s, c: lora(c(draw(g, m, r)), c(draw(g, r, n)), scale=s),
    "lora-fa": lambda g, m, n, r, s, c: lora_fa(c(draw(g, m, r)), c(draw(g, r, n)), scale=s),
    "lora-xs": lambda g, m, n, r, s, c: lora_xs(c(draw(g, m, r)), c(draw(g, r, r + 1)), c(draw(g, r + 1, n)), scale=s),
    "vera": lambda g, m, n, r, s, c: vera(
        c(draw(g, m, r)), c(draw(g, r, n)), b=c(draw(g, m)), d=c(draw(g, r)), scale=s
    ),
    "randlora": lambda g, m, n, r, s, c: terms(g, m, n, r, s, c),
    "randlora-transposed": lambda g, m, n, r, s, c: terms(g, n, m, r, s, c, transposed=True),
    "uni-lora": lambda g, m, n, r, s, c: one_vector(g, m, n, r, s, c),
    "tera": lambda g, m, n, r, s, c: network(g, m, n, r, s, c),
    "hadamard": lambda g, m, n, r, s, c: hadamard(c(draw(g, m, n)), c(draw(g, m, r)), c(draw(g, r, n)), scale=s),
    "full": lambda g, m, n, _, s, c: full(c(draw(g, m, n)), scale=s),
}


def terms(
    g: np.random.Generator, big: int, side: int, r: int, scale: float, change: Change, *, transposed: bool = False
) -> Adapter:
    n_bases = max(1, big // r)
    arrays = [change(draw(g, *shape)) for shape in ((n_bases, big, r), (r, side), (n_bases, r), (n_bases, side))]
    return randlora(*arrays[:2], lambdas=arrays[2], gammas=arrays[3], transposed=transposed, scale=scale)


def one_vector(g: np.random.Generator, m: int, n: int, r: int, scale: float, change: Change) -> Adapter:
    assignment, sizes = squares(m, n, r)
    theta = change(draw(g, len(sizes)))
    return uni_lora(theta, (m, n), r, assignment=g.permutation(assignment), sizes=sizes, scale=scale)


def network(g: np.random.Generator, m: int, n: int, r: int, scale: float, change: Change) -> Adapter:
    """Two factors on the left and one on the right."""
    left = [change(draw(g, size, min(r, size))) for size in mode_sizes(m, 2)]
    right = [change(draw(g, n, min(r, n)))]
    (rows, columns), one = (int(np.prod([one.shape[1] for one in side])) for side in (left, right)), draw
    d, e = ([change(one(g, each.shape[1])) for each in side] for side in (left, right))
    return tera(left, right, change(draw(g, rows, columns)), d=d, e=e, scale=scale)


def update(adapter: Adapter, params: dict[str, np.ndarray] | None = None) -> np.ndarray:
    """The update by sums over the inner indices, from the definition of the kind."""
    p = {**{name: np.asarray(value) for name, value in adapter.params.items()}, **(params or {})}
    f = {name: np.asarray(value) for name, value in adapter.frozen.items()}
    (m, n), s = adapter.shape, adapter.scale
    if adapter.kind == "vera":
        return s * np.einsum("i,ik,k,kc->ic", p["b"], f["B"], p["d"], f["A"])
    if adapter.kind == "randlora":
        total = np.einsum("jik,jk,kc,jc->ic", f["bases"], p["lambdas"], f["A"], p["gammas"])
        return s * (total.T if adapter.transposed else total)  # type: ignore[attr-defined]
    if adapter.kind == "uni-lora":
        entries = [p["theta"][j] / np.sqrt(f["sizes"][j]) for j in f["assignment"]]
        r = len(entries) // (m + n)
        A = [[entries[k * n + c] for c in range(n)] for k in range(r)]
        B = [[entries[r * n + i * r + k] for k in range(r)] for i in range(m)]
        return s * np.einsum("ik,kc->ic", B, A)
    if adapter.kind == "tera":
        left, right = np.ones((1, 1)), np.ones((1, 1))
        for name in f:
            if name[0] == "U":
                left = np.kron(left, f[name] * p["d" + name[1:]])
            if name[0] == "V":
                right = np.kron(right, f[name] * p["e" + name[1:]])
        return s * np.einsum("ij,jk,lk->il", left, f["C"], right)
    if adapter.kind == "lora-xs":
        return s * np.einsum("ik,kl,lc->ic", f["B"], p["R"], f["A"])
    if adapter.kind == "full":
        return s * p["D"]
    product = np.einsum("ik,kc->ic", p["B"], {**f, **p}["A"])
    return s * (f["W"] * product if adapter.kind == "hadamard" else product)


def directions(adapter: Adapter) -> Iterator[tuple[str, tuple[int, ...], np.ndarray]]:
    """For every trained number, the derivative of the update in it: exact, as the degree is at most two."""
    for name, value in adapter.params.items():
        for place in np.ndindex(*value.shape):
            up, down = np.array(value), np.array(value)
            up[place] += 1
            down[place] -= 1
            yield name, place, (update(adapter, {name: up}) - update(adapter, {name: down})) / 2


def rank_mod_p(rows: list[list[int]]) -> int:
    """The rank of an integer matrix modulo a large prime, which is at most its rank."""
    rest, rank = [[entry % PRIME for entry in row] for row in rows], 0
    for c in range(len(rest[0])):
        pivot = next((row for row in rest if row[c]), None)
        if pivot is None:
            continue
        rest.remove(pivot)
        rank += 1
        inverse = pow(pivot[c], -1, PRIME)
        for row in rest:
            if row[c]:
                factor = row[c] * inverse % PRIME
                row[:] = [(a - factor * b) % PRIME for a, b in zip(row, pivot, strict=True)]
    return rank


def generic_dimension(adapter: Adapter, *, scale: int = 4) -> int:
    """The rank of the derivative of the update at the adapter's own arrays, whose multiples by `scale` are whole."""
    rows = [scale * change.ravel() for _, _, change in directions(adapter)]
    assert all((row == np.rint(row)).all() for row in rows)
    return rank_mod_p([[int(entry) for entry in row] for row in rows])
