"""Errors that polynomials leave along the chain, and degrees that are chosen by a proof.

C1 are query inputs, C2 keys, C3 values with d columns, and Y labels. The chain is O = f C3, c = O - Y, q = c C3^T,
p_1 = f o q, p_2 = diag(r) f, p = p_1 - p_2 and G = beta C1^T p C2, with attention f and the row means r of q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from lrtheory.bounds import Derived, Draws, Family, Inequality, Sides, Statement, saboteur
from lrtheory.lora_limits import lora_gradients, theory
from proofs_checks.lora_limits.families.chains import PROJECTIONS, HeadCase, adapter_slopes, draw_head, gaussian_head
from proofs_checks.lora_limits.families.gradients import one_degree_less
from proofs_checks.lora_limits.families.propagation import ANYWHERE, bounds_of, of_outputs, of_products, of_rows
from proofs_checks.lora_limits.families.row_perturbation import (
    SURROGATES,
    Matrices,
    Surrogate,
    is_approximated,
    polynomial_chain,
    rows,
    surrogate_chain,
    truth,
)

#: matrices of the chain, and what bounds them; some by sums of rows
LINKS = {"f": "tilt", "c": "output", "q": "q", "p1": "p1", "row_means": "row_means", "p2": "p2", "p": "p"}


BY_ROWS = ("f", "p1", "p2", "p")


def all_links(case: Surrogate, found: Matrices, factor: float = 1.0) -> Sides:
    """Compare the error of every matrix, from one polynomial, with its bound, so that a broken link is located.

    Every matrix is compared with that of the polynomial, too. The trivial sides are how far any two attentions can be
    apart.
    """
    tilt, wanted = case.as_tilted, polynomial_chain(case)
    exact = truth(tilt)
    # eta is the polynomial's own error, so the bounds are those that a certificate states
    bounds, Q = bounds_of(tilt, exact), float(np.abs(exact.q).max())
    moved = {name: getattr(found, name) - getattr(exact, name) for name in LINKS}
    lhs = [rows(one).max() if name in BY_ROWS else np.abs(one).max() for name, one in moved.items()]
    unlike = [np.abs(getattr(found, name) - getattr(wanted, name)).max() for name in LINKS]
    # two rows of attention have sum 1 each, so they are at most 2 apart
    apart = {"f": 2.0, "c": of_outputs(tilt, Q), "q": of_products(tilt, Q)}
    rhs = [factor * getattr(bounds, field) for field in LINKS.values()]
    trivial = [apart.get(name, of_rows(tilt, Q)) for name in LINKS]
    return Sides([*lhs, *unlike], [*rhs, *np.zeros(7)], trivial=[*trivial, *[np.inf] * 7], rounding=case.rounding_bound)


LL_P5 = Statement(
    id="lora_limits/LL-P5",
    title="The links of the chain, one after the other, for a polynomial",
    says=(
        "With one polynomial of relative error below 1 in the place of exp, attention f, output error c, q = c C3^T, "
        "p_1 = f o q, the row means r, p_2 = diag(r) f and p = p_1 - p_2 each move by at most the bound of LL-E1 to "
        "LL-E7."
    ),
    source=Derived(theory.error_certificate),
    tex=r"f \to c \to q \to p_1 \to r \to p_2 \to p",
    hypotheses={"eta below 1": is_approximated},
    instances=SURROGATES,
    solve=surrogate_chain,
    claim=Inequality(all_links, unbounded=ANYWHERE),
    saboteurs=(
        # most links stay far below their bounds, so the saboteur asks for much less
        saboteur("a twentieth of the bounds", claim=Inequality(partial(all_links, factor=0.05))),
        saboteur("one degree less", solve=partial(surrogate_chain, made=one_degree_less)),
    ),
)


def in_single(case: HeadCase) -> HeadCase:
    """Return the head with every number rounded to single precision and stored in double."""
    near = lambda table: table.astype(np.float32).astype(np.float64)
    tables = {name: {x: near(one) for x, one in getattr(case, name).items()} for name in "XWAB"}
    return replace(case, Y=near(case.Y), **tables)


def small(case: HeadCase, factor: float) -> HeadCase:
    """Queries and keys scaled down, so that logits stay below about one."""
    return replace(case, X=case.X | {"Q": factor * case.X["Q"], "K": factor * case.X["K"]})


@dataclass(frozen=True)
class Adapted:
    """A head with small inputs, the error that is allowed, the method and its polynomial; a batch, the precision."""

    case: HeadCase
    epsilon: float
    method: str = "low-rank"
    polynomial: str = "taylor"
    n_entries: int = 1
    single: bool = False

    @property
    def entries(self) -> list[HeadCase]:
        """The entries of the batch, each with queries and keys of half the size; in numbers of the precision."""
        case = in_single(self.case) if self.single else self.case
        return [small(case, 0.5**k) for k in range(self.n_entries)]

    @property
    def exact(self) -> dict[str, np.ndarray]:
        """All gradients by the complex step in double precision, summed over the entries."""
        names = [(kind, x) for kind in "ABW" for x in PROJECTIONS]
        return {f"{kind}_{x}": sum(adapter_slopes(one, x, kind) for one in self.entries) for kind, x in names}

    @property
    def rounding_bound(self) -> np.ndarray:
        """Rounding of exact gradients."""
        return sum(one.rounding_bound for one in self.entries)


def by_certificate(adapted: Adapted, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """The low-rank gradients with a proved error, and their certificates."""
    entries, kind = adapted.entries, np.float32 if adapted.single else np.float64
    options = options or {"max_error": adapted.epsilon}
    tables = {"Y": [one.Y for one in entries]} | {x: [one.X[x] for one in entries] for x in PROJECTIONS}
    given = {x: np.array(table if len(entries) > 1 else table[0], dtype=kind) for x, table in tables.items()}
    inputs = {"XK": given["K"], "XV": given["V"], "method": adapted.method, "polynomial": adapted.polynomial}
    found = lora_gradients(entries[0].head, given["Q"], given["Y"], **inputs, adapt=PROJECTIONS, **options)
    gradients = {f"{kind}_{x}": getattr(found, kind)[x] for kind in "ABW" for x in PROJECTIONS}
    return {"gradients": gradients, "entries": dict(found.certificate.entries)}


def reachable(adapted: Adapted) -> float:
    """Return a power of two that is at least four times what a polynomial of degree 8 proves; 1 where that is 0.

    In single precision the rounding of sums, which no degree removes, grows with the inputs. A smaller target may lie
    below it, and is refused.
    """
    proved = max(by_certificate(adapted, degree=8)["entries"].values())
    # a factor of four is a margin above the rounding of sums, which is a part of what degree 8 proves
    return 2.0 ** math.ceil(math.log2(4 * proved)) if proved > 0 else 1.0


def draw_adapted(draws: Draws) -> Adapted:
    """A small head, or a batch of two; targets from 1/4 to 2^-20 in double precision, reachable ones in single."""
    case = small(draw_head(draws), 0.125)  # large logits are refused, since rounding hides what a polynomial proves
    logits = np.abs(case.chain.logits).max()
    # "low-rank" twice: the hybrid method takes the same passes and differs only where tokens are large
    kind, method = draws.choice(("taylor", "chebyshev", "minimax")), draws.choice(("low-rank", "low-rank", "hybrid"))
    n_entries, single = draws.choice((1, 1, 2)), draws.choice((False, False, True))
    # powers of two, so that a counterexample prints without rounding
    target = 2.0 ** -draws.choice((2, 10, 20))
    adapted = Adapted(small(case, float(1 / (1 + logits))), target, method, kind, n_entries, single)
    return replace(adapted, epsilon=reachable(adapted)) if single else adapted


ADAPTED = Family(
    "adapted",
    always=(
        # each precision, one head and batches, both methods, an easy target and one near what degree 8 proves
        Adapted(small(gaussian_head(6, 2, 2, 1), 0.25), 2.0**-4),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 2.0**-16),
        Adapted(small(gaussian_head(6, 2, 2, 1), 0.25), 0.25, single=True),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 1.0, single=True, n_entries=2),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 2.0**-16, n_entries=3),
        Adapted(small(gaussian_head(7, 16, 2, 1), 0.25), 2.0**-16, "hybrid", "minimax", 2),
    ),
    draw=draw_adapted,
)


def small_certificate(adapted: Adapted, rng: np.random.Generator, **options: Any) -> dict[str, Any]:
    """State a certificate that is too small; at degree 16 it consists of rounding alone."""
    # the bounds are many powers of ten above the errors, so that a slightly smaller certificate would still be true
    found, share = by_certificate(adapted, **options), 1e-6 if options else 1e-12
    return found | {"entries": {name: share * value for name, value in found["entries"].items()}}


def first_entry_certified(adapted: Adapted, rng: np.random.Generator) -> dict[str, Any]:
    """State the gradients of the first entry alone as those of the batch."""
    # for one entry nothing is wrong; the families always run batches of two and three
    return by_certificate(replace(adapted, n_entries=1))


def within_target(case: Adapted, found: dict[str, Any], share: float = 1.0) -> Sides:
    """Compare the error of every gradient with epsilon and its certificate, and the certificate with epsilon."""
    exact = case.exact
    lhs, rhs = [], []
    for name, wanted in exact.items():
        # a gradient or a bound that is missing counts as infinitely wrong
        worst = float(np.abs(found["gradients"].get(name, np.inf) - wanted).max())
        entry = found["entries"].get(name, np.inf)
        # three comparisons per gradient: the target, the certificate, and the certificate with the target
        lhs += [worst, worst, share * entry]
        rhs += [case.epsilon, entry, case.epsilon]
    return Sides(lhs, rhs, rounding=case.rounding_bound)


LL_E9 = Statement(
    id="lora_limits/LL-E9",
    title="A degree chosen from the bounds reaches its target",
    says=(
        "B is what tau is multiplied with in the bounds on the gradients' errors (LL-E8, LL-T2). If exp is "
        "approximated with the relative error eta that this formula makes of the target epsilon, every entry of the "
        "gradient G~ is within epsilon of the exact G."
    ),
    source=Derived(theory.relative_error_for),
    tex=(
        r"\eta = \frac{\tau}{1+\tau^2/4},\ \tau = \min(\varepsilon/B, 1) \Rightarrow \|\tilde G - "
        r"G\|_{\max} \le \varepsilon"
    ),
    hypotheses={"a positive target": lambda case: case.epsilon > 0},
    instances=ADAPTED,
    solve=by_certificate,
    claim=Inequality(within_target, unbounded="wrong gradients may be off by any amount"),
    decisions=("gradients.*", "entries.*"),
    saboteurs=(
        # its certificate is true, but far above the target
        saboteur("a degree of one", solve=partial(by_certificate, degree=1)),
        saboteur("a certificate that is too good", solve=small_certificate),
        saboteur("the first entry of a batch alone", solve=first_entry_certified),
        # at degree 16 the polynomial is exact in doubles, so the certificate consists of rounding
        saboteur("a millionth of the floor of rounding", solve=partial(small_certificate, degree=16)),
        saboteur("a million times better than asked", claim=Inequality(partial(within_target, share=2.0**20))),
    ),
    notes=(
        "Deterministic: no failure is allowed. The degree is two to four higher than needed. By low rank and hybrid, "
        "with the three polynomials, in double and in single precision, for one head and for batches."
    ),
)
