"""Samples of a catalogue: weights that estimate the model's mass, exact samples, and rejection.

p is the model's law, P its mass of the catalogue C, and p_C = p / P its law given C. Sampling under the mask has the
law q = p / W, with W(x) the product of the allowed masses on the way of x, and z(root) the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from lrtheory.bounds import (
    Derived,
    Draws,
    Expectation,
    Family,
    Law,
    Number,
    Statement,
    formula,
    saboteur,
)
from lrtheory.constrained_decoding import sample
from proofs_checks.constrained_decoding.families.languages import indexed
from proofs_checks.constrained_decoding.families.models import PAIR, Laws, Weighed, draw_weighed, is_positive, laws

#: three items, with a first token that is not allowed
THREE = Weighed(((0, 0), (0, 1), (1, 1)), 3, ((4, 5, 3), (6, 3, 3), (2, 8, 2)), 12)


# --- an estimate of the mass -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part(Weighed):
    """A language and a model, and the number of items, from the first one on, that make the set S."""

    first: int


def part(case: Weighed, first: int) -> Part:
    """Make a case of a set of items."""
    return Part(case.rows, case.n_tokens, case.weights, case.denominator, first)


def draw_part(draws: Draws) -> Part:
    """Draw a language with a model, and a set of its items."""
    case = draw_weighed(draws, n_tokens=3, length=2)
    return part(case, draws.integers(1, len(case.items)))


PARTS = Family("parts-of-catalogues", always=(part(PAIR, 2), part(THREE, 3), part(THREE, 1)), draw=draw_part)


@dataclass(frozen=True)
class Sampled:
    """The item of each run, and its W."""

    items: np.ndarray
    weights: np.ndarray


def masked(case: Part, rng: np.random.Generator, n: int) -> Sampled:
    """Let the library sample under the mask."""
    found = sample(indexed(case), case.model, n, method="masked", rng=rng)
    return Sampled(found.items, np.exp(found.log_weights))


def drawn(case: Part, rng: np.random.Generator, n: int, *, given: bool = False, root: bool = True) -> Sampled:
    """Draw items from q, or from p_C if `given`, with their W, or without its factor of the root."""
    true = laws(case)
    law = np.array([float(x) for x in (true.given if given else true.q)])
    z = sum(case.table[()][token] for token in case.tree[()])
    weights = np.array([float(w if root else w / z) for w in true.W])
    items = rng.choice(len(law), size=n, p=law / law.sum())
    return Sampled(items, weights[items])


def weight_in_part(case: Part, found: Sampled) -> np.ndarray:
    """Return W where an item of S was drawn, and 0 elsewhere; a weight other than that of its item counts as 1."""
    true, items = laws(case), np.asarray(found.items)
    inside = (items >= 0) & (items < len(true.W))
    due = np.array([float(w) for w in true.W])[np.where(inside, items, 0)]
    right = inside & (np.abs(found.weights - due) <= 1e-9)
    return np.where(right, np.where(items < case.first, found.weights, 0.0), 1.0)


@formula(q="k in [0, 1]", W="k in [0, 1]")
def mean_weight(q: np.ndarray, W: np.ndarray) -> Number:
    """The mean of W over masked samples that fall into S, for q and W of the items of S.

    Proof
    -----
    Assumes: q = p / W on the items (statement ST-4), and W > 0.

    Proof: the mean of W(x) 1[x in S] under q is the sum of q W = p over S, which is p(S), and P where S is all of C. W
    is a product of masses, so it lies in [0, 1]; the mean of n samples is therefore an unbiased estimate, whatever n.
    """
    return (q * W).sum()


def estimated() -> Expectation:
    """Return the claim that the mean of W on S is p(S), up to a twentieth."""
    return Expectation(
        sample=weight_in_part,
        support=lambda case: (0.0, 1.0),
        equals=lambda case: float(_mean(case, laws(case))),
        within=lambda case: 0.05,
    )


def _mean(case: Part, true: Laws) -> Number:
    return mean_weight(np.array(true.q[: case.first], float), np.array(true.W[: case.first], float))


ST_4S = Statement(
    id="constrained_decoding/ST-4s",
    title="Weights of masked samples estimate the model's mass of any set of items",
    says=(
        "For an item x that is sampled under the mask, with W the product of the allowed masses on its way, the mean "
        "of W over x in S is p(S), the model's mass of the set S of items, and so P for S = C, whatever the number of "
        "samples."
    ),
    source=Derived(mean_weight),
    tex=r"\mathbb E_q\, W(x) 1[x \in S] = p(S)",
    hypotheses={"a positive probability for every item": is_positive},
    instances=PARTS,
    solve=masked,
    claim=estimated(),
    saboteurs=(
        saboteur("the mass of the root is forgotten", solve=partial(drawn, root=False)),
        saboteur("samples of the model itself", solve=partial(drawn, given=True)),
    ),
    notes="An estimate of how much of the model's mass is in stock, with an interval at any time.",
)

# --- the right law ---------------------------------------------------------------------------------------------------


def draw_few(draws: Draws) -> Weighed:
    """Draw a language of two or three sequences of two tokens, with a model."""
    case = draw_weighed(draws, most=3, n_tokens=3, length=2)
    return case if len(case.items) > 1 else THREE


FEW = Family("few-items", always=(PAIR, THREE), draw=draw_few)


def exact(case: Weighed, rng: np.random.Generator, n: int) -> np.ndarray:
    """Let the library sample by backward sums."""
    return sample(indexed(case), case.model, n, method="exact", rng=rng).items


def under_the_mask(case: Weighed, rng: np.random.Generator, n: int) -> np.ndarray:
    """Sample under the mask."""
    return sample(indexed(case), case.model, n, method="masked", rng=rng).items


@formula(p="[0, P]", P="(0, 1]")
def conditional_probability(p: Number, P: Number) -> Number:
    """The probability of an exact sample, for p of the item, and P of the catalogue.

    Proof
    -----
    Assumes: a step at s takes the token v with probability p(v | s) B(s v) / B(s), with the backward sums B (ST-4).

    Proof: B of a whole item is 1 and B of the empty prefix is P, so that the product of the steps to x telescopes to
    p(x) / P.
    """
    return p / P


def law_of(case: Weighed) -> np.ndarray:
    """Return p_C."""
    true = laws(case)
    return np.array([float(conditional_probability(p, true.P)) for p in true.p])


ST_4E = Statement(
    id="constrained_decoding/ST-4e",
    title="Exact samples have the model's law within the catalogue",
    says=(
        "Sampling by backward sums, which takes each token in proportion to the model's mass of what may still come, "
        "returns an item x with the probability p_C(x) = p(x) / P, P being the sum of p over the catalogue."
    ),
    source=Derived(conditional_probability),
    tex=r"\Pr[x] = p(x) / P",
    hypotheses={"a positive probability for every item": is_positive},
    instances=FEW,
    solve=exact,
    decisions=("outcome",),
    claim=Law(category=lambda case, items: items, probabilities=law_of, within=0.06),
    saboteurs=(saboteur("sampling under the mask", solve=under_the_mask),),
)


@dataclass(frozen=True)
class Accepted:
    """The item of each run, and the number of masked samples that were drawn until it was accepted."""

    items: np.ndarray
    proposed: np.ndarray


def rejected(case: Weighed, rng: np.random.Generator, n: int) -> Accepted:
    """Let the library accept masked samples with probability W / c, one item at a time."""
    index, model = indexed(case), case.model
    found = [sample(index, model, 1, method="rejection", rng=rng) for _ in range(n)]
    return Accepted(np.array([one.items[0] for one in found]), np.array([one.n_proposed for one in found]))


def by_mean_weight(case: Weighed, rng: np.random.Generator, n: int) -> Accepted:
    """Accept with probability W over its mean, or surely where that is above 1."""
    true = laws(case)
    q, W = (np.array([float(x) for x in one]) for one in (true.q, true.W))
    share = np.minimum(1.0, W / (q @ W))
    tries = rng.geometric(q @ share, size=n)
    return Accepted(rng.choice(len(q), size=n, p=q * share / (q @ share)), tries)


@formula(p="[0, c]", c="(0, 1]")
def accepted_as(p: Number, c: Number) -> Number:
    """The probability that the first masked sample is accepted and is a given item, for its p, and c >= W.

    Proof
    -----
    Assumes: q = p / W (statement ST-4), and W <= c on all items.

    Proof: x is drawn with probability q(x) and accepted with W(x) / c <= 1, so that both happen with probability
    q(x) W(x) / c = p(x) / c. The first sample is accepted with probability P / c, and tries are alike and independent:
    the item that is accepted has the law p_C. W is z(root) times masses that are at most 1, so c = z(root) will do.
    """
    return p / c


def first_tries(case: Weighed) -> np.ndarray:
    """Return the probability that the first try gives each item, with c = z(root), and that it is refused."""
    true = laws(case)
    z = sum(case.table[()][token] for token in case.tree[()])
    accepted = np.array([float(accepted_as(p, z)) for p in true.p])
    return np.append(accepted, max(0.0, 1 - accepted.sum()))


def tried(case: Weighed, found: Accepted) -> np.ndarray:
    """Return the item where the first try was accepted, and the number of items where it was refused."""
    return np.where(found.proposed == 1, found.items, len(case.items)).astype(np.int64)


ST_5 = Statement(
    id="constrained_decoding/ST-5",
    title="Rejection by the weights has the right law, and accepts P / c of the samples",
    says=(
        "If masked samples are accepted with probability W / c, where c is at least the largest W, the first one is "
        "accepted and is x with probability p(x) / c, so that P / c of them are accepted, and accepted items have the "
        "law p_C = p / P. The mass that is allowed at the root, z(root), serves as c."
    ),
    source=Derived(accepted_as),
    tex=r"\Pr[\text{accept } x] = p(x) / c",
    hypotheses={"a positive probability for every item": is_positive},
    instances=FEW,
    solve=rejected,
    claim=Law(category=tried, probabilities=first_tries, within=0.06),
    saboteurs=(saboteur("accepted by W over its mean", solve=by_mean_weight),),
    notes="With c = 1 the share is that of drawing whole sequences of the model until one is in the catalogue.",
)
