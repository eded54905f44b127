"""Scores from tables, and what no causal model can beat."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from itertools import product
from typing import Any

import numpy as np

from lrtheory.bounds import Ball, Derived, Draws, Family, Inequality, Sides, Statement, exp, log, saboteur
from lrtheory.low_rank_optimizers import theory
from lrtheory.low_rank_optimizers.integer import kernels
from lrtheory.low_rank_optimizers.integer.integer_es import IntegerES
from lrtheory.low_rank_optimizers.integer.integer_rnn import IntegerRNN
from lrtheory.low_rank_optimizers.integer.lookup_tables import logarithms, powers
from proofs_checks.low_rank_optimizers.families.integers import LARGEST, differ, is_small


@dataclass(frozen=True)
class Logits:
    """Logits (symbols,) in sixteenths of log2."""

    logits: np.ndarray


def scored(case: Logits, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the score of every symbol."""
    row, tables = case.logits.astype(np.int8), (powers(), logarithms())
    return np.array([kernels.score(row, target, *tables) for target in range(len(row))], np.int64)


def rows() -> tuple[Logits, ...]:
    """Return single symbols, for which the table is worst, and rows of all sizes."""
    chance = np.random.default_rng(3)
    singles = [Logits(np.array([logit])) for logit in (-123, -127, 0, 127)]
    return (*singles, *(Logits(chance.integers(-s, s + 1, V)) for V, s in ((2, 3), (4, 127), (32, 40), (64, 127))))


ROWS = Family(
    "integer-logits",
    always=rows,
    draw=lambda draws: Logits(
        draws.integers(-LARGEST, draws.integers(-LARGEST, LARGEST), shape=(draws.integers(1, 40),))
    ),
)


def _power(sixteenths: int) -> Any:
    """Return 2^(k / 16)."""
    return exp(log(2) * Fraction(sixteenths, 16))


def brackets(case: Logits, scores: np.ndarray, excess: int | None = None) -> Sides:
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
    hypotheses={"logits of eight bits": lambda case: np.ndim(case.logits) == 1 and is_small(case.logits)},
    instances=ROWS,
    solve=scored,
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


@dataclass(frozen=True)
class Source:
    """A Markov chain by Fractions (symbols, symbols), a network for its symbols, and how many symbols are predicted."""

    transitions: np.ndarray
    width: int
    weights: np.ndarray
    length: int


def is_source(case: Source) -> bool:
    """Decide whether two or three rows of positive Fractions add up to 1, and the network fits."""
    P = np.asarray(case.transitions)
    if (
        P.ndim != 2
        or P.shape not in ((2, 2), (3, 3))
        or P.dtype != object
        or case.width < 1
        or not 1 <= case.length <= 4
    ):
        return False
    chain = all(isinstance(p, Fraction) and p > 0 for p in P.flat) and all(sum(row) == 1 for row in P.tolist())
    size = IntegerRNN(len(P), case.width, rng=0).n_weights
    return bool(chain and is_small(case.weights) and np.shape(case.weights) == (size,))


def texts_of(case: Source) -> np.ndarray:
    """Return every text (k^(length + 1), length + 1) in lexicographic order."""
    return np.array(list(product(range(len(case.transitions)), repeat=case.length + 1)))


def predicted(case: Source, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the logits before each symbol of every text but its first, and the scores of these symbols."""
    network = IntegerRNN(len(case.transitions), case.width, rng=0)._with(case.weights)
    texts = texts_of(case)
    logits = np.stack([network.logits(text[:-1]) for text in texts])
    scores = np.stack([network.score(text).scores for text in texts])
    return {"logits": logits.astype(np.int64), "scores": scores}


def chain_of(parts: Any) -> np.ndarray:
    """Return the chain whose transitions are proportional to positive integers."""
    rows = [[Fraction(int(part), int(sum(row))) for part in row] for row in np.asarray(parts).tolist()]
    return np.array(rows, object)


@lru_cache(maxsize=1)
def sources() -> tuple[Source, ...]:
    """Return fair coins under a network of logits -1, and chains under networks that know nothing or were trained."""
    timid = IntegerRNN(2, 1, rng=0)
    constants = {name: np.zeros(size, int) for name, size in timid.shapes.items()}
    constants |= {"embedding": np.full((2, 1), 16), "norm": np.full((1, 1), 16), "head": np.full((1, 2), -1)}
    cases = [Source(chain_of([[1, 1], [1, 1]]), 1, timid.replaced(constants)._flat, 2)]
    for parts, length in (([[1, 7], [3, 1]], 3), ([[1, 12, 3], [8, 1, 1], [1, 2, 13]], 2)):
        P, chance = chain_of(parts), np.random.default_rng(4)
        text = [0]
        for _ in range(2000):
            text.append(int(chance.choice(len(P), p=P[text[-1]].astype(float))))
        blank = IntegerRNN(len(P), 4, rng=0)
        es = IntegerES(blank, population_size=64, noise_size=1 << 14, rng=0)
        es.train(text, 120, n_tokens=12)
        cases += [Source(P, 4, network._flat, length) for network in (blank, es.network)]
    return tuple(cases)


def draw_source(draws: Draws) -> Source:
    """Draw a chain of two or three symbols and a network that knows nothing."""
    k, width = draws.integers(2, 3), draws.integers(1, 3)
    chance = np.random.default_rng(draws.integers(0, 2**31))
    size = IntegerRNN(k, width, rng=0).n_weights
    weights = chance.integers(-LARGEST, LARGEST + 1, size)
    return Source(chain_of(chance.integers(1, 20, (k, k))), width, weights, draws.integers(1, 3))


SOURCES = Family("integer-sources", always=sources, draw=draw_source)


def peeking(case: Source, rng: Any = None) -> dict[str, np.ndarray]:
    """Give the symbol that comes the largest logit, and all others the smallest."""
    texts = texts_of(case)
    k = len(case.transitions)
    logits = np.where(texts[:, 1:, None] == np.arange(k), LARGEST, -LARGEST)
    scores = [
        [scored(Logits(row))[target] for row, target in zip(rows, text[1:], strict=True)]
        for rows, text in zip(logits, texts, strict=True)
    ]
    return {"logits": logits, "scores": np.array(scores)}


@lru_cache(maxsize=256)
def _entry(x: int) -> int:
    """Return floor(16 2^(x / 16)) by bisection."""
    low, high = 0, 32 << (x // 16)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**16 <= 2**x * 16**16 else (low, middle)
    return low


def _exact_score(row: list[int], target: int) -> int:
    total = sum(_entry(int(value) + 128) for value in row)
    k = 0
    while 2 ** (k + 1) * 16**16 <= total**16:
        k += 1
    return int(row[target]) + 128 - k


def exact_scores(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return scores by powers of integers: the floor of 16 log2(S / 16) is the largest k with 2^k 16^16 <= S^16."""
    found = [
        _exact_score(row.tolist(), int(t))
        for rows, ts in zip(logits, targets, strict=True)
        for row, t in zip(rows, ts, strict=True)
    ]
    return np.array(found).reshape(targets.shape)


def stationary(P: np.ndarray) -> list[Any]:
    """Return the stationary law of two or three states, by the Markov chain tree theorem."""
    if len(P) == 2:
        weights = [P[1, 0], P[0, 1]]
    else:
        weights = []
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            weights.append(P[j, i] * P[k, i] + P[j, k] * P[k, i] + P[k, j] * P[j, i])
    return [weight / sum(weights[1:], weights[0]) for weight in weights]


Found = dict[str, Any]


def no_better(case: Source, found: Found, excess: Any = None) -> Sides:
    """Bound the mean loss over all texts of the source by its entropy rate, less what scores are too high by."""
    texts, P, k = texts_of(case), case.transitions, len(case.transitions)
    shape = (len(texts), case.length)
    off = differ(np.shape(found["logits"]), (*shape, k)) or differ(np.shape(found["scores"]), shape)
    logits = np.array([int(value) for value in np.ravel(found["logits"])]).reshape(np.shape(found["logits"]))
    if off is None and not is_small(logits):
        off = Sides([1], [0], trivial=2)
    off = off or differ(logits, found["logits"])
    off = off or differ(found["scores"], exact_scores(logits, texts[:, 1:]))
    if off is not None:
        return off
    rows = [(int(a), [int(b) for b in after]) for a, *after in texts]
    first = stationary(P)
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
    hypotheses={"a chain of positive transitions and a network": is_source},
    instances=SOURCES,
    solve=predicted,
    claim=Inequality(no_better, numbers=Ball),
    decisions=("logits",),
    saboteurs=(
        saboteur("sees the symbol that comes", solve=peeking),
        saboteur("scores are bits of a probability", claim=Inequality(partial(no_better, excess=0), numbers=Ball)),
    ),
    notes="A fair coin whose logits are both -1 shows a loss of 15/16 bit.",
)
