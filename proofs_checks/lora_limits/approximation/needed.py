"""The degrees that gradients need, measured: a table, and how they grow with the norms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from lrtheory.bounds import Draws, Family, Inequality, Measured, OutcomeError, Sides, Statement, saboteur
from lrtheory.lora_limits import theory
from proofs_checks.lora_limits.families.growing_lengths import Shared, from_whole_matrices, three_gradients

MOST = 20  # the number of degrees that are tried, from 0 on


@cache
def exact_gradient(case: Scaled, bound: float) -> np.ndarray:
    """dLoss/dW_Q with exp itself."""
    one = case.shared(bound, 0)
    return from_whole_matrices(one, powers=np.exp(one.logits))["Q"]


@dataclass(frozen=True)
class Scaled:
    """L uniform tokens of width d, Gaussian values, labels 0, and the bounds Gamma on the entries; beta is 1 / d."""

    n_tokens: int
    d: int
    bounds: tuple[float, ...]
    seed: int

    def shared(self, bound: float, degree: int) -> Shared:
        """The input with entries up to a bound."""
        rng = np.random.default_rng(self.seed)
        # one seed for all bounds: the same tokens are scaled, so that degrees of different norms can be compared
        queries, keys = bound * rng.uniform(-1, 1, size=(2, self.n_tokens, self.d))
        values = rng.normal(size=(self.n_tokens, self.d))
        return Shared(queries / self.d, keys, values, np.zeros_like(values), degree)

    def excess(self, bound: float, gradient: Callable[[Shared], np.ndarray], degree: int) -> float:
        """The error of the gradient of a degree, in units of |G| / L; infinite where a row has no positive sum."""
        one, exact = self.shared(bound, degree), exact_gradient(self, bound)
        if one.powers.sum(1).min() <= 0:  # no attention: a polynomial of odd degree below its zero
            return np.inf
        return float(self.n_tokens * np.abs(gradient(one) - exact).max() / np.abs(exact).max())


def needed_degrees(case: Scaled, rng: np.random.Generator | None = None, allowed: float = 1.0) -> np.ndarray:
    """Return for each bound the first degree at which the low-rank gradient is within |G| / L, times `allowed`."""
    by_library = lambda one: three_gradients(one)["Q"]
    return np.array(
        [next(g for g in range(MOST) if case.excess(bound, by_library, g) <= allowed) for bound in case.bounds]
    )


#: the smallest and the largest degree that was needed, by length and norm
TABLE = {
    (256, 0.25): (1, 1),
    (256, 0.5): (1, 1),
    (256, 1.0): (1, 3),
    (256, 1.5): (3, 4),
    (256, 2.0): (4, 6),
    (1024, 0.5): (1, 2),
    (1024, 1.0): (3, 3),
}


def is_tabled(case: Scaled) -> bool:
    """Return whether the table has the length, the width and every norm."""
    return case.d == 8 and all((case.n_tokens, bound) in TABLE for bound in case.bounds)


NORMS = (0.25, 0.5, 1.0, 1.5, 2.0)


def draw_tabled(draws: Draws) -> Scaled:
    """Draw 256 other tokens, at two neighboring norms of the table."""
    first = draws.integers(0, len(NORMS) - 2)
    return Scaled(256, 8, NORMS[first : first + 2], draws.integers(0, 2**20))


TABLED = Family(
    "scaled-table",
    always=(Scaled(256, 8, NORMS, 1), Scaled(256, 8, NORMS, 2), Scaled(1024, 8, (0.5, 1.0), 1)),
    draw=draw_tabled,
)


# half of the width has fewer features at the same degree, so the table does not hold for it
OTHER = Family("scaled-other", always=(Scaled(256, 4, NORMS, 0),))


def one_more_needed(case: Scaled, rng: np.random.Generator) -> np.ndarray:
    """State one degree more for every norm."""
    # the degree is enough, so only the comparison with the errors of lower degrees refutes it
    return needed_degrees(case) + 1


ANY_DEGREE = "a degree that is too low may be off by any amount"


def by_whole_matrices(one: Shared) -> np.ndarray:
    """dLoss/dW_Q from the L x L matrix of the polynomial."""
    return from_whole_matrices(one)["Q"]


def is_first(case: Scaled, found: np.ndarray) -> Sides:
    """Compare the error of each degree with |G| / L, and |G| / L with the errors of all lower degrees.

    Errors are those of whole matrices, so that a degree is right whatever the low-rank passes do.
    """
    lhs, rhs = [], []
    for bound, degree in zip(case.bounds, np.asarray(found).tolist(), strict=True):
        if degree < 0:
            raise OutcomeError(f"a degree is a number from 0 on; got {degree}")
        # degrees above 30 are not tried: there the error is rounding, so a lower degree is enough and refutes them
        # all lower degrees, since errors need not fall with the degree
        errors = [case.excess(bound, by_whole_matrices, g) for g in range(min(int(degree), 30) + 1)]
        lhs += [errors[-1], *np.ones(len(errors) - 1)]
        rhs += [1.0, *errors[:-1]]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))


def as_in_the_table(case: Scaled, found: np.ndarray) -> Sides:
    """Check the least degrees as `is_first` does, and that the features of each are in the range of the table."""
    least, ends = is_first(case, found), [TABLE[case.n_tokens, bound] for bound in case.bounds]
    low, high = ([theory.n_features(case.d, one) for one in side] for side in zip(*ends, strict=True))
    features = [theory.n_features(case.d, int(g)) for g in found]
    lhs, rhs = [*least.lhs, *low, *features], [*least.rhs, *features, *high]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))


LL_T3 = Statement(
    id="lora_limits/LL-T3",
    title="Features that are needed on uniform tokens",
    says=(
        "For L = 256 uniform tokens of width d with entries up to Gamma, these are the numbers of monomials at the "
        "least degree of Taylor's polynomial with which the gradient G~ is within max |G| / L of the exact gradient "
        "G; beta scales the logits."
    ),
    source=Measured(
        what="how many features an error of |G| / L needs",
        where="256 and 1024 uniform tokens of width 8 at five norms",
        command="lrtheory check lora_limits/LL-T3",
    ),
    tex=(
        r"d = 8,\ \beta = 1/d,\ \|\tilde G - G\| \le \|G\|/L,\ L = 256:\ 9, 9, 9..165, 165..495, 495..3003 "
        r"\text{ features at } \Gamma = \tfrac14, \tfrac12, 1, \tfrac32, 2"
    ),
    hypotheses={"a length, a width and norms of the table": is_tabled},
    instances=TABLED,
    solve=needed_degrees,
    claim=Inequality(as_in_the_table, unbounded=ANY_DEGREE),
    saboteurs=(
        saboteur("one degree more", solve=one_more_needed),
        saboteur("another width", breaks="a length, a width and norms of the table", instances=OTHER),
        # saves a degree at some norms, where the error of the stated degree is then too large
        saboteur("ten times the error", solve=partial(needed_degrees, allowed=10.0)),
    ),
    notes=(
        "Near a threshold the degree differs by one between draws: of 400 inputs of 256 tokens, 31 needed 45 features "
        "at norm 1, the others 165; 70 needed 495 at norm 3/2, the others 165; and 1 needed 3003 at norm 2, the "
        "others 1287. Rarer inputs need fewer: 495 at norm 2 (seed 5484). L = 1024 needs 9 or 45 features at 1/2 and "
        "165 at 1."
    ),
)


def draw_many(draws: Draws) -> Scaled:
    """128 to 160 tokens in two to six coordinates, at three norms."""
    # three neighboring norms from 3/8 on, of which the largest is 3
    first = draws.integers(1, 6)
    norms = tuple(0.375 * (first + k) for k in range(3))
    return Scaled(draws.integers(128, 160), draws.integers(2, 6), norms, draws.integers(0, 2**20))


MANY = Family(
    "scaled",
    always=tuple(Scaled(128, 4, tuple(0.375 * k for k in range(1, 9)), seed) for seed in range(3)),
    draw=draw_many,
)


# found by trying seeds: with sixteen tokens the errors of a low degree can cancel at a larger norm
FEW = Family("scaled-few-tokens", always=(Scaled(16, 2, (1.5, 1.75, 2.0), 194), Scaled(16, 2, (1.5, 1.75, 2.0), 538)))


def needed_backwards(case: Scaled, rng: np.random.Generator) -> np.ndarray:
    """State the degrees in the reverse order of the norms."""
    return needed_degrees(case)[::-1]


def falls_by_one(case: Scaled, found: np.ndarray) -> Sides:
    """Check the least degrees as `is_first` does, and compare each with one more than that of the next larger norm."""
    least, degrees = is_first(case, found), [int(g) for g in found]
    lhs, rhs = [*least.lhs, *degrees[:-1]], [*least.rhs, *(g + 1 for g in degrees[1:])]
    return Sides(lhs, rhs, rounding=np.zeros(len(lhs)))


LL_T4 = Statement(
    id="lora_limits/LL-T4",
    title="The degree that is needed grows with the norms",
    says=(
        "When one input of L tokens is scaled so that its entries reach a larger Gamma, the least degree g of "
        "Taylor's polynomial with which the gradient G~ is within max |G| / L of the exact gradient G falls by at "
        "most one."
    ),
    source=Measured(
        what="that the least degree falls by at most one as the norms grow",
        where="128 to 160 uniform tokens of width 2 to 6, norms from 3/8 to 3",
        command="lrtheory check lora_limits/LL-T4",
    ),
    tex=r"L \ge 128:\ \Gamma \mapsto \min\{g : \|\tilde G - G\| \le \|G\|/L\} \text{ falls by at most } 1",
    hypotheses={"128 tokens or more": lambda case: case.n_tokens >= 128},
    instances=MANY,
    solve=needed_degrees,
    claim=Inequality(falls_by_one, unbounded=ANY_DEGREE),
    saboteurs=(
        saboteur("16 tokens", breaks="128 tokens or more", instances=FEW),
        # every degree is right for some other norm
        saboteur("norms in the wrong order", solve=needed_backwards),
        saboteur("one degree more", solve=one_more_needed),
    ),
    notes=(
        "With few tokens errors of a low degree can cancel. With 128 tokens or more the degree seldom falls; with the "
        "seed 768612058 the instance scaled:32 needs degree 9, and at a larger norm 8. The degree that is proved does "
        "not fall (LL-T4-bound)."
    ),
)
