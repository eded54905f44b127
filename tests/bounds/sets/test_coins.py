"""All coins: every way in which draws can fall is run once, its chance is exact, and a continuum is refused."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import Classical, Coins, Family, Law, Statement, StatementError, check, defects, saboteur
from lrtheory.bounds.session import Session
from lrtheory.bounds.sets.coins import CoinTosses, Continuum, all_coins


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
