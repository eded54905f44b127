"""Heads of attention: changed logits, truncated logits, and centered keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lrtheory.bounds import (
    Classical,
    Derived,
    Draws,
    Family,
    Inequality,
    Sides,
    Statement,
    Tight,
    saboteur,
)
from lrtheory.matrix_compression import attention_rank
from lrtheory.matrix_compression.layers import attention as library
from lrtheory.matrix_compression.theory import tanh_bound
from proofs_checks.guards import unlike
from proofs_checks.matrix_compression.families.exact import best_error, energies, norm
from proofs_checks.matrix_compression.families.updates import allowance, regauged


@dataclass(frozen=True)
class Head:
    """Q (L, d), K (n, d), V (n, width), a mask of what each query sees, and the rank r of new logits."""

    Q: np.ndarray
    K: np.ndarray
    V: np.ndarray
    mask: np.ndarray
    rank: int

    @property
    def scale(self) -> float:
        """1 / sqrt(d)."""
        return float(1 / np.sqrt(self.Q.shape[1]))

    @property
    def logits(self) -> np.ndarray:
        """S = Q K^T / sqrt(d)."""
        return self.scale * np.asarray(self.Q @ self.K.T)

    @property
    def diameter(self) -> float:
        """The largest distance of two rows of V."""
        return float(np.sqrt(((self.V[:, None] - self.V[None]) ** 2).sum(2)).max())

    @property
    def allowed(self) -> float:
        """The rounding in doubles of logits, centered or not, in the Frobenius norm."""
        wide = np.abs(self.K) + np.abs(self.K).mean(0)
        return self.scale * 2 * allowance(self.Q, wide.T, gram=False)


def ranked(case: Head, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Return the library's queries and keys of every rank, with the errors and bounds of all of them."""
    given = {"mask": case.mask} | options
    first = attention_rank(case.Q, case.K, case.V, rank=0, **given)
    # as many ranks as the logits can have
    others = [attention_rank(case.Q, case.K, case.V, rank=r, **given) for r in range(1, len(first.max_errors))]
    found = [first, *others]
    return {
        "Q": [one.Q for one in found],
        "K": [one.K for one in found],
        "errors": found[0].max_errors,
        "bounds": found[0].bounds,
    }


def draw_head(draws: Draws) -> Head:
    """Draw up to five queries and keys of up to three dimensions, with a mask for some."""
    L, n, d, width = draws.integers(1, 5), draws.integers(1, 5), draws.integers(1, 3), draws.integers(1, 3)
    Q, K = (draws.integers(-4, 4, shape=shape) / 2.0 for shape in ((L, d), (n, d)))
    mask = np.ones((L, n), bool)
    if draws.choice((False, True)):
        mask = draws.integers(0, 1, shape=(L, n)).astype(bool)
        mask[:, draws.integers(0, n - 1)] = True
    V = draws.integers(-3, 3, shape=(n, width)).astype(float)
    return Head(Q, K, V, mask, draws.integers(0, max(0, min(L, n, d) - 1)))  # a rank that leaves an error


def climb_head(case: Head, draws: Draws) -> Head:
    """Change one entry of Q by an eighth."""
    Q = np.array(case.Q)
    Q[draws.integers(0, Q.shape[0] - 1), draws.integers(0, Q.shape[1] - 1)] += draws.choice((-0.125, 0.125))
    return replace(case, Q=Q)


def two_keys(t: float) -> Head:
    """Make one query whose logits t and -t become 0 and 0 at rank 0."""
    return Head(np.array([[t]]), np.array([[1.0], [-1.0]]), np.array([[0.0], [1.0]]), np.ones((1, 2), bool), 0)


def heads() -> tuple[Head, ...]:
    """Return two keys, a mask, keys with a mean, logits of rank 1, an uneven gauge, and logits that fall together."""
    Q, K = np.array([[1.0, 0.5], [-1.0, 2.0]]), np.array([[2.0, 1.0], [0.0, -1.0], [1.0, 1.0]])
    V = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
    one = Head(Q, K, V, np.ones((2, 3), bool), 1)
    uneven, other = regauged(Q, K.T.copy(), 64)
    return (
        two_keys(1.0),
        one,
        replace(one, K=K[::-1] + 4.0, V=2 * V),
        replace(one, rank=2),  # all of it
        replace(one, mask=np.array([[True, False, True], [True, True, True]])),
        # A of low rank, from queries and keys that have a larger one: truncating these errs, and the tail of A is 0
        Head(np.eye(2), np.array([[3.0, 3.0], [3.0, 3.0], [0.0, 0.0]]), V, np.ones((2, 3), bool), 1),
        # a key that no query sees changes most
        Head(
            np.array([[1.0, 0.0]]),
            np.array([[2.0, 0.0], [2.0, 0.5], [9.0, 0.0]]),
            V,
            np.array([[True, True, False]]),
            0,
        ),
        # queries and keys in a gauge of which Gram matrices lose most digits
        replace(one, Q=uneven, K=other.T.copy()),
        # two keys whose logits fall by as much: the changes are large, and do not differ
        Head(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0], [2.0, 0.5]]), V[:2], np.ones((1, 2), bool), 0),
    )


HEADS = Family(
    "truncated-heads", always=heads, tight=(Tight(two_keys(2.0**-6), 0.999, 1),), draw=draw_head, climb=climb_head
)


def is_head(case: Head) -> bool:
    """Decide whether the arrays are finite and fit, every query sees a key, and the logits have such a rank."""
    Q, K, V, mask = (np.asarray(getattr(case, name)) for name in ("Q", "K", "V", "mask"))
    fits = Q.ndim == K.ndim == V.ndim == 2 and Q.shape[1] == K.shape[1] and len(V) == len(K) and 0 not in Q.shape
    fits = bool(fits and len(K) and mask.shape == (len(Q), len(K)) and mask.dtype == bool and mask.any(axis=1).all())
    return bool(fits and all(np.isfinite(X).all() for X in (Q, K, V)) and 0 <= case.rank <= min(*Q.shape, len(K)))


def has_small_logits(case: Head) -> bool:
    """Decide whether logits stay below 100, so that their rounding is small."""
    return bool(np.abs(case.logits).max() <= 100)


GIVEN = {"queries, keys, values and a mask that fit": is_head, "logits below 100": has_small_logits}


def attention(logits: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the softmax of each row over the keys that its query sees."""
    powers = np.where(mask, np.exp(logits - np.max(np.where(mask, logits, -np.inf), axis=1, keepdims=True)), 0.0)
    return np.asarray(powers / powers.sum(1, keepdims=True))


def logits_of(case: Head, found: dict[str, Any]) -> list[np.ndarray]:
    """Return the logits of each rank."""
    pairs = zip(found["Q"], found["K"], strict=True)
    return [case.scale * (np.asarray(Q) @ np.asarray(K).T) for Q, K in pairs]


def moves(case: Head, found: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each rank and query what the output moves, and the range and size of the changes of its logits."""
    before, moved, ranges, sizes = attention(case.logits, case.mask), [], [], []
    for logits in logits_of(case, found):
        moved.append(np.linalg.norm((attention(logits, case.mask) - before) @ case.V, axis=1))
        # a centered logit differs by a constant in each row, which no weight sees, and which the range does not
        change = np.where(case.mask, logits - case.logits, np.nan)
        ranges.append(np.nanmax(change, axis=1) - np.nanmin(change, axis=1))
        sizes.append(np.nanmax(np.abs(change), axis=1))
    return np.array(moved), np.array(ranges), np.array(sizes)


def by_rows(case: Head, found: dict[str, Any], divisor: float = 4.0, sized: bool = False) -> Sides:
    """Compare the move of every row of the output with its bound, once errors and bounds are those of all ranks."""
    moved, ranges, sizes = moves(case, found)
    width, allowed = case.diameter, 8 * (case.allowed + 2.0**-44) * (1 + norm(case.V))
    bounds = tanh_bound(ranges, width)
    wrongly = np.r_[found["errors"] - moved.max(1), found["bounds"] - bounds.max(1), moved[-1]]
    claimed = tanh_bound((sizes if sized else ranges) * (4 / divisor), width)
    return unlike(wrongly, allowed) or Sides(moved, claimed, trivial=width, rounding=allowed)


def by_tail(case: Head, found: dict[str, Any]) -> Sides:
    """Compare the move of the output with the tail of the attention matrix times the norm of the values."""
    before, lhs, rhs = attention(case.logits, case.mask), [], []
    for r, logits in enumerate(logits_of(case, found)):
        lhs.append(norm((attention(logits, case.mask) - before) @ case.V))
        rhs.append(norm(np.linalg.svd(before, compute_uv=False)[r:]) * norm(case.V))
    return Sides(np.array(lhs), np.array(rhs), trivial=np.inf, rounding=1e-9)


def by_tail_of_factors(case: Head, found: dict[str, Any]) -> Sides:
    """Compare queries and keys that are truncated one by one, which are made here, with the tail of the attention."""
    return by_tail(case, ranked(case, method="factors"))


DR_7 = Statement(
    id="matrix_compression/DR-7",
    title="New logits move a row by at most tanh(osc / 4) diam(V)",
    says=(
        "Logits S become S', and osc_i is the difference of the largest and the least change in row i, over the keys "
        "that its query sees. The output O_i moves by at most tanh(osc_i / 4) times diam(V), the largest distance of "
        "two rows of the values V. Errors and bounds of all ranks are reported as they are."
    ),
    source=Derived(tanh_bound),
    tex=r"\|O'_i - O_i\| \le \tanh(\mathrm{osc}_i/4)\,\mathrm{diam}(V)",
    hypotheses=GIVEN,
    instances=HEADS,
    solve=ranked,
    claim=Inequality(by_rows),
    saboteurs=(
        saboteur("an eighth of the range", claim=Inequality(lambda case, found: by_rows(case, found, divisor=8.0))),
        # subtle: right wherever changes have both signs
        saboteur("half of the largest change", claim=Inequality(lambda case, found: by_rows(case, found, sized=True))),
        saboteur(
            "keys that are not seen count",
            patch=(library.attention_rank, "np.where(seen, new - logits, np.nan)", "new - logits"),
        ),
        saboteur(
            "the tail of the attention matrix, as the published code tests it",
            claim=Inequality(by_tail_of_factors, unbounded="outputs of other logits may move by any amount"),
            printed=True,
        ),
        saboteur(
            "the mean over the rows",
            patch=(library.attention_rank, "widest = float(np.max(", "widest = float(np.mean("),
        ),
    ),
    notes=(
        "Attained by two keys in the limit of small logits. Vacuous where the range is large: tanh(osc / 4) is 1. "
        "Never above |d Pi| |Pi V|_2 / 2, the bound by norms, where d is the change of a row and Pi subtracts the mean "
        "over its keys: osc is at most sqrt(2) |d Pi|, and diam(V) at most sqrt(2) |Pi V|_2."
    ),
)


def truncated(case: Head, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the truncated product with all its singular values, and truncated queries and keys, all of rank r."""
    product = attention_rank(case.Q, case.K, rank=case.rank, center=False)
    factors = attention_rank(case.Q, case.K, rank=case.rank, center=False, method="factors")
    logits = case.scale * (product.Q @ product.K.T)
    return {"logits": logits, "Q": factors.Q, "K": factors.K, "values": product.singular_values}


def one_by_one(case: Head, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Answer with truncated queries and keys where the truncated product is asked for."""
    found = truncated(case)
    return found | {"logits": case.scale * (found["Q"] @ found["K"].T)}


def product_first(case: Head, found: dict[str, Any], rank: int = 0) -> Sides:
    """Compare the error of the truncated product with that of truncated queries and keys, all of them the best ones."""
    off = norm(case.logits - found["logits"])
    other = norm(case.logits - case.scale * (found["Q"] @ found["K"].T))
    wrongly = [off - case.scale * best_error(case.Q @ case.K.T, case.rank)]
    wrongly += [
        case.scale * (norm(X - found[name]) - best_error(X, case.rank))
        for name, X in zip("QK", (case.Q, case.K), strict=True)
    ]
    spectrum = case.scale * np.sqrt(energies(case.Q @ case.K.T))
    values = np.pad(found["values"], (0, len(spectrum) - len(found["values"])))
    wrongly += (values - spectrum).tolist()
    least = case.scale * best_error(case.Q @ case.K.T, max(0, case.rank - rank))
    return unlike(np.array(wrongly), case.allowed + 2.0**-44 * (norm(case.Q) + norm(case.K))) or Sides(
        least, other, least=0.0, rounding=case.allowed
    )


DR_5 = Statement(
    id="matrix_compression/DR-5",
    title="Truncating logits is never worse than truncating queries and keys",
    says=(
        "S = Q K^T / sqrt(d) are the logits of a head. Their best approximation of rank r is at least as near to them "
        "as Q_r K_r^T / sqrt(d), the product of the best approximations of queries Q and keys K."
    ),
    source=Classical(
        "the theorem of Eckart and Young", "R. Horn, C. Johnson, Matrix Analysis, 2nd edition, 2013, 7.4.2"
    ),
    tex=r"\|S - S_r\| \le \|S - Q_rK_r^\top/\sqrt d\|",
    hypotheses=GIVEN,
    instances=HEADS,
    solve=truncated,
    claim=Inequality(product_first),
    saboteurs=(
        saboteur("even with one rank less", claim=Inequality(lambda case, found: product_first(case, found, rank=1))),
        saboteur("queries and keys for the product", solve=one_by_one),
    ),
)


def centered(case: Head, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the logits of rank r after the keys are centered, and those of full rank."""
    found = [attention_rank(case.Q, case.K, rank=r) for r in (case.rank, min(case.logits.shape + case.Q.shape))]
    return {name: case.scale * (one.Q @ one.K.T) for name, one in zip(("logits", "whole"), found, strict=True)}


def unseen_mean(case: Head, found: dict[str, Any], rank: int = 0) -> Sides:
    """Compare the error of centered logits with that of plain ones, once no weight of attention has changed."""
    moved = case.Q @ (case.K - case.K.mean(0)).T * case.scale
    own, plain = best_error(moved, case.rank), best_error(case.logits, case.rank + rank)
    weights = (attention(found["whole"], case.mask) - attention(case.logits, case.mask)).ravel()
    wrongly = np.r_[weights, norm(moved - found["logits"]) - own, norm(moved - found["whole"])]
    return unlike(wrongly, 8 * case.allowed + 2.0**-44) or Sides(own, plain, least=0.0, rounding=case.allowed)


DR_6 = Statement(
    id="matrix_compression/DR-6",
    title="Softmax does not see the mean of the keys",
    says=(
        "The mean of the keys is subtracted from each of them. No weight of attention changes, and the error E_r of "
        "the best logits of rank r does not grow: Pi = I - 1 1^T / n projects onto rows of sum 0, and E_r(S Pi) <= "
        "E_r(S) for logits S of n keys."
    ),
    source=Classical(
        "singular values of a projected matrix", "R. Horn, C. Johnson, Topics in Matrix Analysis, 1991, theorem 3.3.16"
    ),
    tex=r"\mathrm{softmax}(S\Pi) = \mathrm{softmax}(S),\quad E_r(S\Pi) \le E_r(S)",
    hypotheses=GIVEN,
    instances=HEADS,
    solve=centered,
    claim=Inequality(unseen_mean),
    saboteurs=(
        saboteur("one rank is gained", claim=Inequality(lambda case, found: unseen_mean(case, found, rank=1))),
        saboteur(
            "keys lose the mean of their entries",
            patch=(library.centered, "scaled.mean(axis=0)", "scaled.mean(axis=1, keepdims=True)"),
        ),
    ),
)
