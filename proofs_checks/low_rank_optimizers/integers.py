"""Training in integers: sums that fit, moves of one, the same bits, scores from tables, votes, and sources: EI-*."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Identity, Inequality, Sides, Statement, exp, log, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_es import IntegerES
from proofs_checks.low_rank_optimizers.families import integer_sources as sources
from proofs_checks.low_rank_optimizers.families import integer_votes as votes
from proofs_checks.low_rank_optimizers.families import integers as cases
from proofs_checks.low_rank_optimizers.wrong_solvers import integers as wrong

Found = dict[str, Any]


def differ(found: Any, truth: Any) -> Sides | None:
    """Return sides that fail where integers are not what they have to be; None where all are."""
    found, truth = np.asarray(found), np.asarray(truth)
    if found.shape != truth.shape:
        return Sides([1], [0], trivial=2)
    off = (found != truth).astype(int).ravel()
    return Sides(off, 0 * off, trivial=2) if off.any() else None


# --- EI-1 ------------------------------------------------------------------------------------------------------------


def fits(case: cases.Product, found: Found, safe: int | None = None) -> Sides:
    """Bound exact products, and by the largest number of 32 bits where there are few enough inputs."""
    n, r = case.B.shape
    x, A, B = (array.astype(object) for array in (case.x, case.A, case.B))
    off = differ(found["inner"], x @ B) or differ(found["product"], (x @ B) @ A.T)
    if off is not None:
        return off
    sizes = [abs(int(value)) for value in found["product"]]
    bounds = [theory.largest_product(n, r)]
    if n * r <= (theory.safe_inputs(3) if safe is None else safe):
        bounds.append(2**31 - 1)
    lhs, rhs = zip(*((size, bound) for size in sizes for bound in bounds), strict=True)
    return Sides(np.array(lhs, object), np.array(rhs, object))


EI_1 = Statement(
    id="low_rank_optimizers/EI-1",
    title="Sums of low rank fit in 32 bits up to 1048 inputs times the rank",
    says=(
        "Activations x (n), and noise A (m, r) and B (n, r), have entries of at most 127 in absolute value. Then all "
        "entries of (x B) A^T are at most 127^3 n r, which is below 2^31 exactly where n r <= 1048."
    ),
    source=Derived(theory.largest_product),
    tex=r"|(xB)A^\top| \le 127^3\, n r,\qquad 127^3\, n r < 2^{31} \iff n r \le 1048",
    hypotheses={"entries of eight bits": cases.is_product},
    instances=cases.PRODUCTS,
    solve=cases.multiplied,
    claim=Inequality(fits, unbounded="a solver may say that a product is any number"),
    saboteurs=(
        saboteur("sums of 32 bits", solve=wrong.wrapped),
        saboteur(
            "2048 inputs are safe", claim=Inequality(partial(fits, safe=2048), unbounded="as the claim itself is")
        ),
        saboteur("A counts once", patch=(kernels.spread, "* A[i, k]", "* A[i, 0]")),
    ),
)

# --- EI-2, EI-2b -----------------------------------------------------------------------------------------------------


def travels(case: votes.Steps, path: np.ndarray, speed: Fraction = Fraction(1)) -> Sides:
    """Bound the distance from the first weights, the length of each move, and the weights."""
    T, first = len(case.differences), np.asarray(case.start.weights, int)
    off = differ(np.shape(path), (T + 1, len(first))) or differ(path[0], first)
    if off is not None:
        return off
    steps, weights = np.abs(np.diff(path, axis=0)), np.abs(path)
    far = np.abs(path - first)
    bound = np.array([[speed * theory.weight_travel(t)] * len(first) for t in range(T + 1)], object)
    lhs = [far[1:].ravel(), steps.ravel(), weights[1:].ravel()]
    rhs = [bound[1:].ravel(), 0 * steps.ravel() + 1, 0 * weights[1:].ravel() + cases.LIMIT]
    return Sides(np.concatenate(lhs), np.concatenate(rhs), trivial=255)


EI_2 = Statement(
    id="low_rank_optimizers/EI-2",
    title="A vote moves a weight by at most one",
    says=(
        "Weights of eight bits are trained for T steps by votes. No weight is further than T, or 254, from where it "
        "began, each step moves it by at most 1, and it stays between -127 and 127, whatever the members score."
    ),
    source=Derived(theory.weight_travel),
    tex=r"|W_T - W_0|_\infty \le \min(T, 254),\qquad |W_T|_\infty \le 127",
    hypotheses={"a network and differences of scores": votes.is_steps},
    instances=votes.STEPS,
    solve=votes.stepped,
    claim=Inequality(travels),
    decisions=("outcome",),
    saboteurs=(
        saboteur("moves of two", patch=(kernels.move, "step = 1 if", "step = 2 if")),
        saboteur(
            "clipped to -128", patch=(kernels.move, "clip(int(w[i]) + step)", "max(-128, min(127, int(w[i]) + step))")
        ),
        saboteur("begins at zeros", solve=wrong.still),
        saboteur("half a step", claim=Inequality(partial(travels, speed=Fraction(1, 2)))),
    ),
)


def same_bits(case: cases.Network, found: Found) -> Sides:
    """Compare compiled and interpreted logits with those of NumPy."""
    truth = cases.oracle(case)
    shapes = [np.shape(found[name]) for name in ("compiled", "interpreted")]
    if shapes != [truth.shape] * 2:
        return Sides([1], [0])
    return Sides(np.concatenate([found["compiled"].ravel(), found["interpreted"].ravel()]), np.tile(truth.ravel(), 2))


EI_2B = Statement(
    id="low_rank_optimizers/EI-2b",
    title="Compiled kernels, interpreted ones and NumPy give the same bits",
    says=(
        "The logits of a network of integers and of both members of a pair are defined by floors, shifts and clipping "
        "alone. Compiled kernels, interpreted ones and NumPy's arrays give the same integers for all weights and noise."
    ),
    source=Derived(theory.largest_divisor),
    tex=r"\ell_{\mathrm{compiled}} = \ell_{\mathrm{interpreted}} = \ell_{\mathrm{NumPy}}",
    hypotheses={"a network of eight bits, a text and noise": cases.is_network},
    instances=cases.NETWORKS,
    solve=cases.passed,
    claim=Identity(same_bits),
    saboteurs=(
        saboteur(
            "a quotient is truncated",
            patch=(kernels.quotient, "(inside * inverse >> 28) - 127", "clip(int(value / divisor))"),
        ),
        saboteur("the inverse is rounded down", patch=(kernels.multiply, "// divisor + 1", "// divisor")),
        saboteur(
            "the noise of the second member is rounded otherwise",
            patch=(kernels.multiply, "sign * outer[i] >> shift", "sign * (outer[i] >> shift)"),
        ),
        saboteur(
            "a norm divides by the mean plus one",
            patch=(kernels.normalize, "max(1, int(total) // len(x))", "1 + int(total) // len(x)"),
        ),
        saboteur("every symbol begins with a state of 0", solve=wrong.forgetful),
    ),
)

# --- EI-3 ------------------------------------------------------------------------------------------------------------


def brackets(case: sources.Logits, scores: np.ndarray, excess: int | None = None) -> Sides:
    """Bound each score by 16 log2 of the probability of its symbol from both sides."""
    logits = [int(value) for value in case.logits]
    off = differ(np.shape(scores), (len(logits),))
    if off is not None:
        return off
    # 2^(l / 16) relative to the largest, so that doubles do not overflow
    top = max(logits)
    total = sum((_power(value - top) for value in logits[1:]), _power(logits[0] - top))
    true = [value - top - 16 * (log(total) / log(2)) for value in logits]
    above = theory.score_excess(logits, log=log) if excess is None else excess
    told = [int(value) for value in scores]
    return Sides([*true, *told], [*told, *(value + above for value in true)])


def _power(sixteenths: int) -> Any:
    """Return 2^(k / 16)."""
    return exp(log(2) * Fraction(sixteenths, 16))


def of_scores(**options: Any) -> Inequality:
    """Return the claim, or that of a saboteur."""
    return Inequality(partial(brackets, **options), numbers=Ball, unbounded="a score may be any number")


EI_3 = Statement(
    id="low_rank_optimizers/EI-3",
    title="Scores from tables are never too low, and by at most 2.03 sixteenths of a bit too high",
    says=(
        "The score of a symbol is its logit + 128 minus floor(16 log2(S / 16)), with S the sum of the table entries "
        "floor(16 2^(x / 16)) of all x = logit + 128. It is at least 16 log2 of the symbol's probability under the "
        "logits, and above it by at most 1 + d, where d is the most that a logarithm loses by the floor of an entry."
    ),
    source=Derived(theory.score_excess),
    tex=r"0 \le s - 16\log_2\mathrm{softmax}_t(\ell) \le 1 + \max_i d(\ell_i)",
    hypotheses={"logits of eight bits": lambda case: np.ndim(case.logits) == 1 and cases.is_small(case.logits)},
    instances=sources.ROWS,
    solve=sources.scored,
    claim=of_scores(),
    decisions=("outcome",),
    saboteurs=(
        saboteur("as released: scores are bits of a probability", claim=of_scores(excess=0), printed=True),
        saboteur("at most one too high", claim=of_scores(excess=1)),
        saboteur(
            "one row too low in the table",
            patch=(kernels.score, "log_sum(total, logarithms)", "log_sum(total, logarithms) - 1"),
        ),
    ),
    notes="One symbol with the logit -123 scores 2 sixteenths of a bit, where its probability 1 is 0.",
)

# --- EI-4 ------------------------------------------------------------------------------------------------------------


def flips(case: votes.Vote, moves: np.ndarray) -> Sides:
    """Compare all moves with the rule, and the share of patterns that move a weight with the tail of its vote."""
    P = len(case.A)
    sizes = [n * m for n, m in votes.sizes_of_the_smallest()]
    products = np.repeat(case.A.astype(int) * case.B.astype(int), sizes, axis=1)
    off = differ(np.shape(moves), (2**P, products.shape[1]))
    if off is not None:
        return off
    bound = theory.vote_quantile(case.step) * math.isqrt(P) * 256
    patterns = 2 * np.array(list(product((0, 1), repeat=P))) - 1
    Z = patterns @ products
    due = np.sign(Z) * (16 * np.abs(Z) >= bound)
    places = np.cumsum([0, *sizes[:-1]])  # weights of one layer share their noise
    shares = [Fraction(int(np.count_nonzero(moves[:, i])), 2**P) for i in places]
    tails = [theory.flip_probability(products[:, i].tolist(), bound) for i in places]
    lhs = [*moves.ravel().tolist(), *shares]
    return Sides(np.array(lhs, object), np.array([*due.ravel().tolist(), *tails], object))


EI_4 = Statement(
    id="low_rank_optimizers/EI-4",
    title="Where scores say nothing, a weight moves with the probability of the tail of its vote",
    says=(
        "The members of each of P pairs have the same true score and independent noise of one law, without ties. Then "
        "the winners are fair coins, independent of the noise A_p, B_p of the weights, and a weight moves with the "
        "probability that Z = sum_p s_p A_p B_p^T, with fair signs s_p, is not 0 and 16 |Z| >= q isqrt(P) 256. All "
        "patterns of winners are enumerated."
    ),
    source=Derived(theory.flip_probability),
    tex=r"P(\Delta W \ne 0) = P\bigl(Z \ne 0,\ 16|Z| \ge q\,\mathrm{isqrt}(P)\,256\bigr)",
    hypotheses={"noise of one to ten pairs": votes.is_vote},
    instances=votes.VOTES,
    solve=votes.voted,
    claim=Identity(flips),
    decisions=("outcome",),
    saboteurs=(
        saboteur(
            "as released: votes that add up to 0 move by -1",
            patch=(kernels.move, " and votes[i] != 0", ""),
            printed=True,
        ),
        saboteur(
            "members for pairs", patch=(IntegerES.tell, "self.population_size // 2 * self.rank", "self.population_size")
        ),
        saboteur(
            "no square root", patch=(IntegerES.tell, "math.isqrt(self.population_size // 2 * self.rank)", "self.rank")
        ),
        saboteur("above the bound alone", patch=(kernels.move, "* 16 >= bound", "* 16 > bound")),
    ),
)

# --- EI-5 ------------------------------------------------------------------------------------------------------------


def no_better(case: sources.Source, found: Found, excess: Any = None) -> Sides:
    """Bound the mean loss over all texts of the source by its entropy rate, less what scores are too high by."""
    texts, P, k = sources.texts_of(case), case.transitions, len(case.transitions)
    shape = (len(texts), case.length)
    off = differ(np.shape(found["logits"]), (*shape, k)) or differ(np.shape(found["scores"]), shape)
    logits = np.array([int(value) for value in np.ravel(found["logits"])]).reshape(np.shape(found["logits"]))
    if off is None and not cases.is_small(logits):
        off = Sides([1], [0], trivial=2)
    off = off or differ(logits, found["logits"])
    off = off or differ(found["scores"], sources.exact_scores(logits, texts[:, 1:]))
    if off is not None:
        return off
    rows = [(int(a), [int(b) for b in after]) for a, *after in texts]
    first = sources.stationary(P)
    total = Fraction(0)
    for (start, after), scores in zip(rows, found["scores"], strict=True):
        p, before = first[start], start
        for symbol in after:
            p, before = p * P[before, symbol], symbol
        total -= p * Fraction(int(scores.sum()), 16 * case.length)
    above = theory.score_excess(np.unique(logits), log=log) if excess is None else excess
    bound = theory.least_loss(theory.entropy_rate(P, log=log), above)
    least = -theory.score_excess([-123], log=log) / 16
    return Sides([bound], [total], least=[least])


EI_5 = Statement(
    id="low_rank_optimizers/EI-5",
    title="No model that sees the past alone scores better than the entropy rate, up to 0.127 bit",
    says=(
        "A model gives logits before each symbol of a text of a stationary Markov chain, from earlier symbols alone. "
        "Its mean loss over all texts, by scores from tables, is at least the entropy rate of the chain minus (1 + d) "
        "/ 16 bit a symbol, with d as in EI-3. All texts of a few symbols are enumerated."
    ),
    source=Derived(theory.least_loss),
    tex=r"\mathbb E\bigl[-s/16\bigr] \ge h - (1 + d)/16",
    hypotheses={"a chain of positive transitions and a network": sources.is_source},
    instances=sources.SOURCES,
    solve=sources.predicted,
    claim=Inequality(no_better, numbers=Ball),
    decisions=("logits",),
    saboteurs=(
        saboteur("sees the symbol that comes", solve=wrong.peeking),
        saboteur("scores are bits of a probability", claim=Inequality(partial(no_better, excess=0), numbers=Ball)),
    ),
    notes="A fair coin whose logits are both -1 shows a loss of 15/16 bit.",
)
