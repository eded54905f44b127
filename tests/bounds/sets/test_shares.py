"""Sharper constants: known answers are found, and false ones are not proposed."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import pytest

from lrtheory.bounds import Classical, Dual, Family, Inequality, Program, Sides, Statement, StatementError, saboteur
from lrtheory.bounds.session import Session
from lrtheory.bounds.sets.dual import ONE
from lrtheory.bounds.sets.shares import corners, largest_share, most
from lrtheory.bounds.trust.sharpening import sharpen
from lrtheory.cli import main
from proofs_checks.dynamic_submodular.families.offline import Offline, optima
from proofs_checks.dynamic_submodular.selection.greedy import DS_T14_GREEDY, all_functions

SINGLE = {1: 1}  # f of the first element that greedy selection takes, the best single one


def test_the_constants_of_greedy_selection_are_found() -> None:
    assert largest_share(all_functions(4, 2)) == Fraction(3, 4)
    assert largest_share(all_functions(5, 3)) == Fraction(19, 27)


def test_twice_the_value_is_at_least_the_best_single_element_and_the_optimum() -> None:
    assert (Fraction(1, 2), Fraction(1, 2)) in corners(all_functions(4, 2), SINGLE)


def test_what_is_false_for_three_elements_is_not_proposed() -> None:
    found = corners(all_functions(5, 3), SINGLE)
    assert found
    # 3 f(S) >= best single + 2 OPT: below this line, as one may see between the corners on its sides
    assert all(r < Fraction(2, 3) or s < Fraction(1, 3) for r, s in found)
    below, above = max(p for p in found if p[0] <= Fraction(2, 3)), min(p for p in found if p[0] > Fraction(2, 3))
    at = below[1] + (above[1] - below[1]) * (Fraction(2, 3) - below[0]) / (above[0] - below[0])
    assert at < Fraction(1, 3)


def test_all_corners_hold_on_the_instances_of_the_statement() -> None:
    pairs = {2: corners(all_functions(4, 2), SINGLE), 3: corners(all_functions(5, 3), SINGLE)}
    for case in DS_T14_GREEDY.instances.smallest():
        if not isinstance(case, Offline) or case.k not in pairs or case.function.n > 9:
            continue
        values, left, chosen = case.function.values, set(range(case.function.n)), 0
        for _ in range(case.k):
            v = max(sorted(left), key=lambda one: values[chosen | 1 << one])
            chosen, left = chosen | 1 << v, left - {v}
        single = max(values[1 << v] for v in range(case.function.n))
        best = max(values[sum(1 << v for v in S)] for S in itertools.combinations(range(case.function.n), case.k))
        assert best == optima(case.function, [[True] * case.function.n], case.k)[0]
        assert all(values[chosen] >= float(r) * best + float(s) * single - 1e-9 for r, s in pairs[case.k])


@pytest.mark.parametrize("n_phases", [2, 4])
def test_the_constant_of_all_policies_is_found(n_phases: int) -> None:
    epsilon, claimed = Fraction(1, 128), Fraction(1, n_phases) + Fraction(1, 128)
    facts: dict[str, dict[str, Fraction | int]] = {"Budget": {ONE: 1} | {f"s{j}": -1 for j in range(n_phases)}}
    facts |= {f"Spent {j}": {f"s{j}": 1} for j in range(n_phases)}
    for i in range(n_phases):
        facts[f"Share {i}"] = {f"s{j}": epsilon ** (i - j) for j in range(i + 1)} | {"t": -1}
    more = most(Program(facts, {ONE: claimed, "t": -1}), {ONE: 1})
    assert more is not None
    assert claimed - more == 1 / (n_phases - (n_phases - 1) * epsilon)


def test_a_term_without_a_largest_share_is_not_proposed() -> None:
    free = Program({"x": {"x": 1}}, {"x": 1})
    assert most(free, {"x": -1}) is None
    assert most(free, {"y": 1}) == 0
    unknown = Dual("points", lambda: [free], anchors=(1,))
    assert largest_share(unknown) is None
    assert corners(unknown, {"x": 1}) == []


# --- the command -----------------------------------------------------------------------------------------------------

SQUARES = Statement(
    id="toys/squares",
    title="Squares",
    says="The square of a number from 0 to 8, divided by 8, is at most two times it.",
    source=Classical("squares", "any textbook"),
    tex="n^2 / 8 <= 2 n",
    hypotheses={"small": lambda n: 0 <= n <= 8},
    instances=Family("numbers", always=(1, 2), draw=lambda draws: draws.integers(0, 8)),
    solve=lambda n, rng: n * n / 8,
    claim=Inequality(lambda n, found: Sides(found, 2 * n), unbounded="a toy"),
    saboteurs=(saboteur("nine times", solve=lambda n, rng: 9 * n * n),),
)


def test_the_worst_instance_is_met() -> None:
    found = sharpen(SQUARES, Session())
    assert found.factor == 0.5  # at 8
    assert "largest lhs/rhs 0.5" in str(found)


def test_what_cannot_be_sharpened_is_refused_with_its_reason() -> None:
    with pytest.raises(StatementError, match="refuted at seed 0"):
        sharpen(dataclasses.replace(SQUARES, solve=lambda n, rng: 9 * n * n), Session())
    nothing = dataclasses.replace(SQUARES, claim=Inequality(lambda n, found: Sides(-found, 0 * n), unbounded="a toy"))
    assert "no factor is known" in str(sharpen(nothing, Session()))


def test_the_command_prints_what_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sharpen", "DS-T14-greedy"]) == 0
    told = capsys.readouterr().out
    assert "the best share is 19/27, which is claimed" in told
    assert "1/2 of OPT and 1/2 of the best single element hold together" in told
    assert main(["sharpen", "AR-T8"]) != 0
    assert "no inequality" in capsys.readouterr().err
