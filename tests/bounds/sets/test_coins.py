"""All coins: every way in which draws can fall is run once, its chance is exact, and a continuum is refused."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import (
    Classical,
    Coins,
    Family,
    Identity,
    Law,
    Sides,
    Statement,
    StatementError,
    check,
    defects,
    saboteur,
)
from lrtheory.bounds.session import Session
from lrtheory.bounds.sets.coins import CoinTosses, Continuum, Uniform, Walk, all_coins, walked


def law_of(run: Callable[[Any], Any], limit: int = 1000) -> dict[Any, Fraction]:
    """The exact law of what a function of a generator returns."""
    found: Counter[Any] = Counter()
    for weight, outcome in all_coins(run, limit):
        found[outcome] += weight  # type: ignore[assignment]
    return dict(found)  # type: ignore[arg-type]


def test_dice_orders_and_sequences_have_their_laws() -> None:
    two = law_of(lambda rng: int(rng.integers(1, 7) + rng.integers(6, size=1)[0] + 1))
    assert two == {total: Fraction(6 - abs(total - 7), 36) for total in range(2, 13)}
    orders = law_of(lambda rng: tuple(rng.permutation(3).tolist()))
    assert len(orders) == 6
    assert set(orders.values()) == {Fraction(1, 6)}
    assert law_of(lambda rng: str(rng.choice(["a", "b"], p=[0.4, 0.6]))) == {"a": Fraction(2, 5), "b": Fraction(3, 5)}
    pairs = law_of(lambda rng: tuple(sorted(rng.choice(4, 2, replace=False).tolist())))
    assert len(pairs) == 6
    assert set(pairs.values()) == {Fraction(1, 6)}
    assert law_of(lambda rng: int(rng.integers(0, 1, endpoint=True, size=(2, 2)).sum())) == {
        k: Fraction(n, 16) for k, n in enumerate((1, 4, 6, 4, 1))
    }


def test_a_run_without_draws_is_certain_and_a_later_draw_may_hang_on_an_earlier_one() -> None:
    assert law_of(lambda rng: 7) == {7: 1}
    stopped = law_of(lambda rng: 0 if rng.integers(2) else 1 + int(rng.integers(3)))
    assert stopped == {0: Fraction(1, 2), **{k: Fraction(1, 6) for k in (1, 2, 3)}}


def asked_twice(uniform: Uniform) -> bool:
    return (uniform < 0.5) + (uniform < 0.25) > 1


CONTINUA: list[Callable[[Any], Any]] = [
    lambda rng: rng.random(),
    lambda rng: rng.normal(size=2),
    lambda rng: rng.shuffle([1]),
    lambda rng: rng.bytes(1),
    lambda rng: rng.bit_generator.random_raw(),
    lambda rng: rng.integers([1, 2]),
    lambda rng: rng.choice([[1, 2]], axis=1),
    lambda rng: rng.choice(3, 2, replace=False, shuffle=False),
    lambda rng: rng.permutation([[1, 2]], axis=1),
    lambda rng: rng.integers(2**63),
    lambda rng: asked_twice(Uniform(rng)),
]


@pytest.mark.parametrize("draw", CONTINUA)
def test_what_has_no_finite_law_is_refused(draw: Callable[[Any], Any]) -> None:
    with pytest.raises(Continuum):
        law_of(draw)
    assert isinstance(CoinTosses([]), np.random.Generator)


def test_too_many_ways_are_refused_and_so_are_chances_that_do_not_add_up() -> None:
    with pytest.raises(StatementError, match="more than 1,000 ways"):
        law_of(lambda rng: rng.integers(2, size=10).sum())
    with pytest.raises(StatementError, match="do not add up to 1"):
        law_of(lambda rng: rng.choice(2, p=[0.4, 0.5]))
    with pytest.raises(StatementError, match="without replacement by chances"):
        law_of(lambda rng: rng.choice(2, 1, replace=False, p=[0.5, 0.5]))


def test_a_run_that_remembers_an_earlier_one_is_noticed() -> None:
    seen: list[int] = []

    def forgets(rng: Any) -> int:
        seen.append(0)
        return int(rng.integers(2)) if len(seen) == 1 else 0

    with pytest.raises(StatementError, match="stopped drawing"):
        law_of(forgets)


def test_a_uniform_number_is_below_a_chance_with_that_chance() -> None:
    assert law_of(lambda rng: Uniform(rng) < 1 / 3) == {True: Fraction(1, 3), False: Fraction(2, 3)}
    for chance, answer in ((0.0, False), (-1.0, False), (1.0, True), (2.5, True)):
        assert law_of(lambda rng, chance=chance: Uniform(rng) < chance) == {answer: 1}  # type: ignore[misc]
    for chance in (float("nan"), float("inf")):
        with pytest.raises((ValueError, OverflowError)):
            law_of(lambda rng, chance=chance: Uniform(rng) < chance)  # type: ignore[misc]


# --- walks -----------------------------------------------------------------------------------------------------------


def urn(key: Callable[[Any], Any] = lambda balls: balls, n: int = 8) -> Walk:
    """Pólya's urn: a ball is drawn, and put back with another one of its color."""

    def step(balls: tuple[int, int], _: int, coins: CoinTosses) -> tuple[int, int]:
        red, blue = balls
        return (red + 1, blue) if coins.is_below(Fraction(red, red + blue)) else (red, blue + 1)

    return Walk((1, 1), range(n), step, key, lambda balls: balls[0])


def test_merged_states_have_the_law_of_the_whole_tree() -> None:
    merged = list(walked(urn(), 100))  # 36 steps
    assert sorted(outcome for _, outcome in merged) == list(range(1, 10))
    assert {weight for weight, _ in merged} == {Fraction(1, 9)}
    apart: Counter[int] = Counter()
    for weight, outcome in walked(urn(), 1000, merged=False):
        apart[outcome] += weight  # type: ignore[assignment]
    assert apart == {outcome: weight for weight, outcome in merged}
    with pytest.raises(StatementError, match="more than 100 steps"):
        list(walked(urn(), 100, merged=False))


@pytest.mark.parametrize("key", [lambda balls: 0, lambda balls: balls[0] > balls[1]])
def test_a_key_that_forgets_is_noticed(key: Callable[[Any], Any]) -> None:
    def by_walk(chosen: Callable[[Any], Any]) -> Statement:
        law = lambda m: [Fraction(0), *[Fraction(1, m + 1)] * (m + 1)]
        one = Coins("urns", [2, 5], 2, law=law, walk=lambda m: urn(chosen, m))
        claim = Law(
            category=lambda m, red: np.atleast_1d(red),
            probabilities=lambda m: np.array([0.0, *[1 / (m + 1)] * (m + 1)]),
            within=0.06,
        )
        return dataclasses.replace(DICE, solve=drawn_from_urn, for_all=(one,), claim=claim)

    assert check(by_walk(lambda balls: balls), Session()).verdict == "supported"
    with pytest.raises(StatementError, match="states with one key go on in different ways"):
        # the law that the key makes is not compared before, where its own one is stated
        check(with_law_of_its_key(by_walk(key)), Session())
    assert check(by_walk(key), Session()).verdict == "refuted"


def drawn_from_urn(n: int, rng: Any, runs: int) -> np.ndarray:
    return rng.integers(1, n + 2, size=runs)


def with_law_of_its_key(statement: Statement) -> Statement:
    """The statement whose stated law is the wrong one that the merged walk has."""

    def law(m: int) -> list[Fraction]:
        found = [Fraction(0)] * (m + 2)
        for weight, outcome in walked(one.walk(m), 1000):
            found[outcome] += weight
        return found

    one = statement.for_all[0]
    stated = lambda m: np.array([float(p) for p in law(m)])
    return dataclasses.replace(
        statement,
        solve=lambda m, rng, runs: rng.choice(m + 2, runs, p=stated(m)),
        claim=dataclasses.replace(statement.claim, probabilities=stated),
        for_all=(dataclasses.replace(one, law=law),),
    )


def test_an_identity_holds_of_the_outcome_of_every_way() -> None:
    def total(n: int, red: int) -> Sides:
        return Sides([red * (n + 2 - red) > 0], [1])

    every = Coins("urns", [2, 5], 2, walk=lambda m: urn(n=m))
    urns = dataclasses.replace(
        DICE, solve=lambda n, rng: int(rng.integers(1, n + 2)), claim=Identity(total), for_all=(every,), saboteurs=()
    )
    evidence = check(urns, Session())
    assert evidence.verdict == "supported"
    assert dict(evidence.lines())["all of"] == "2 urns, with all coins: the code"
    # of 120 ways one has all balls red, and a run is not likely to meet it
    rare = dataclasses.replace(urns, claim=Identity(lambda n, red: Sides([red < n + 1], [1])))
    found = check(rare, Session())
    assert found.sets[0]["verdict"] == "refuted" or found.verdict == "refuted"
    # a walk says nothing of another solver
    assert check(urns.with_solver(lambda n, rng: 1), Session()).sets[0]["verdict"] == "not checked here"


def test_a_law_is_stated_for_laws_alone() -> None:
    assert "by coins for laws" in defects(of(law=None))[0]


# --- sets ------------------------------------------------------------------------------------------------------------


def rolled(sides: int, rng: Any, n: int) -> np.ndarray:
    return rng.integers(sides, size=n)


def loaded(sides: int, rng: Any, n: int) -> np.ndarray:
    return np.maximum(rng.integers(sides, size=n), rng.integers(sides, size=n))


def waits(sides: int, rng: Any, n: int) -> np.ndarray:
    return (rng.random(n) ** 2 * sides).astype(int)


DICE = Statement(
    id="toys/dice",
    title="A die",
    says="A die with m sides shows each of them with the chance 1 in m.",
    source=Classical("a die", "any textbook"),
    tex="1/m",
    hypotheses={"sides": lambda sides: sides >= 2},
    instances=Family("dice", always=(2, 6), draw=lambda draws: draws.integers(2, 6)),
    for_all=(Coins("dice of 2 to 6 sides", range(2, 7), members=5, law=lambda m: [Fraction(1, m)] * m),),
    solve=rolled,
    claim=Law(category=lambda m, found: found, probabilities=lambda m: np.full(m, 1 / m), within=0.06),
    saboteurs=(saboteur("the larger of two", solve=loaded), saboteur("slow", solve=waits)),
)


def of(**changes: Any) -> Statement:
    return dataclasses.replace(DICE, for_all=(dataclasses.replace(DICE.for_all[0], **changes),))


def test_a_law_is_compared_with_that_of_all_coins() -> None:
    evidence = check(DICE, Session())
    assert evidence.verdict == "supported"
    assert dict(evidence.lines())["all of"] == "5 dice of 2 to 6 sides, with all coins: the code"
    assert defects(DICE) == []
    assert check(DICE.sabotaged("the larger of two"), Session()).sets[0]["verdict"] == "refuted"
    # it draws from a continuum, so that coins cannot measure it
    assert check(DICE.sabotaged("slow"), Session()).sets[0]["verdict"] == "not checked here"


def test_a_law_that_sampling_cannot_tell_apart_is_refuted_by_coins() -> None:
    nearly = [Fraction(1, 2) + Fraction(1, 10**9), Fraction(1, 2) - Fraction(1, 10**9)]
    evidence = check(of(instances=[2], members=1, law=lambda m: nearly), Session())
    assert (evidence.verdict, evidence.worst["instance"]) == ("refuted", "for-all-1:0")
    assert (evidence.worst["lhs"], evidence.worst["rhs"]) == ("1/2", "500000001/1000000000")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"law": lambda m: [1 / m] * m}, "must give Fractions that add up to 1"),
        ({"law": lambda m: [Fraction(1, 2)] * m}, "must give Fractions that add up to 1"),
        ({"law": lambda m: [Fraction(1)]}, "category 1 is none of the 1 of `law`"),
        ({"members": 4}, "the list has 5 members"),
        ({"instances": [1, 2], "members": 2}, "breaks the hypothesis 'sides'"),
    ],
)
def test_a_set_of_coins_that_is_none_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StatementError, match=sentence):
        check(of(**changes), Session())


def test_coins_see_a_claim_with_another_law() -> None:
    uneven = saboteur("the first side more often", claim=dataclasses.replace(DICE.claim, probabilities=tilted))
    found = check(dataclasses.replace(DICE, saboteurs=(uneven,)).sabotaged("the first side more often"), Session())
    assert found.sets[0]["verdict"] == "refuted"


def tilted(sides: int) -> np.ndarray:
    return np.full(sides, 1 / sides) + np.r_[1e-6, np.zeros(sides - 2), -1e-6]


def test_coins_are_for_laws_and_laws_for_coins() -> None:
    with pytest.raises(StatementError, match="must name things"):
        Coins("5 dice", range(2, 7), members=5, law=lambda m: [Fraction(1)])
    from tests.bounds.sets.test_all_of import EVERY

    assert "by coins for laws" in defects(dataclasses.replace(DICE, for_all=(EVERY,)))[0]
