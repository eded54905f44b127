"""Which stricter bounds are refuted by what was measured anyway."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory.bounds import (
    Expectation,
    Family,
    Probability,
    Session,
    Sides,
    Statement,
    check,
    load_evidence,
)
from lrtheory.bounds.claims import SHARPER
from lrtheory.bounds.reporting.found import Found
from lrtheory.bounds.reporting.sharpened import sharpened_table
from tests.bounds.toys import GAUSS, MISRA_GRIES, TOYS, UNIFORM, inequality

FEW = Family("few", always=(1, 2, 3, 4))


def toy(claim: Any, solve: Any = lambda n, rng: n, **changes: Any) -> Statement:
    return dataclasses.replace(GAUSS, instances=FEW, saboteurs=(), solve=solve, claim=claim, **changes)


def stated(share: float, *, sign: int = 1, below: bool = False, **further: Any) -> Any:
    """Sides at a share of the bound, which is rhs, or lhs where the claim bounds from below."""
    bound = 8.0 * sign
    other = bound * (share if sign > 0 else 2 - share) if not below else bound * (2 - share if sign > 0 else share)
    return inequality(lambda n, o: Sides(*((bound, other) if below else (other, bound)), rounding=0.0, **further))


@pytest.mark.parametrize("further", [{}, {"trivial": 99.0}, {"least": -99.0}])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("share", "due"), [(1.0, 0.02), (0.99, 0.02), (0.97, 0.1), (0.91, 0.1), (0.85, 0.0), (0.1, 0)])
def test_the_least_part_that_is_refuted(share: float, due: float, sign: int, further: dict[str, float]) -> None:
    found = check(toy(stated(share, sign=sign, below="least" in further, **further)), Session())
    assert (found.verdict, found.sharper) == ("supported", due)


def test_a_stricter_claim_is_refuted_where_the_rows_say_so() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        rhs = rng.choice([-1, 1], size=(5, 4)) * rng.uniform(1, 9, size=(5, 4))
        lhs, allowed = rhs - np.abs(rhs) * rng.uniform(0, 0.4, size=(5, 4)), 0.05 * rng.integers(0, 3)
        sides = lambda n, part: Sides(lhs[n], rhs[n] - part * abs(rhs[n]), rounding=allowed)  # noqa: B023
        part = check(toy(inequality(lambda n, o: sides(n, 0.0))), Session()).sharper  # noqa: B023
        verdicts = [check(toy(inequality(lambda n, o, s=s: sides(n, s))), Session()).verdict for s in SHARPER]  # noqa: B023
        refuted = [one for one, verdict in zip(SHARPER, verdicts, strict=True) if verdict == "refuted"]
        assert part == min(refuted, default=0.0)


def test_rounding_speaks_for_the_bound_and_vacuous_entries_tell_nothing() -> None:
    sides = lambda n, o: Sides(
        np.array([9.95, 1.0]), np.array([10.0, 1.0]), trivial=np.array([99.0, 1.0]), rounding=0.5
    )
    assert check(toy(inequality(sides)), Session()).sharper == 0.1
    assert check(toy(inequality(lambda n, o: Sides(0.0, 0.0, rounding=0.0))), Session()).sharper == 0.0


def test_reports_and_equalities_have_no_constant() -> None:
    half = np.array([0.5, 0.7, -0.7])
    sides = lambda n, o: Sides(half, [1.0, 0.7, -0.7], rounding=0.0)
    assert check(toy(inequality(sides)), Session()).sharper == 0.0
    swapped = lambda n, o: Sides([0.5, 0.7, 0.7 + 1e-9], [1.0, 0.7 + 1e-9, 0.7], rounding=1e-6)
    assert check(toy(inequality(swapped)), Session()).sharper == 0.0
    reported = lambda n, o: Sides([0.5, 3.0], [1.0, 3.0], trivial=[2.0, np.inf], rounding=0.0)
    assert check(toy(inequality(reported)), Session()).sharper == 0.0
    attained = lambda n, o: Sides([0.5, 3.0], [1.0, 3.0], rounding=0.0)
    assert check(toy(inequality(attained)), Session()).sharper == 0.02


def test_probabilities_and_means() -> None:
    coins = lambda p: lambda n, rng, runs: rng.random(runs) < p
    bound = Probability(lambda n, x: x, lambda n: 0.5)
    known = dataclasses.replace(bound, exact=lambda n: 0.46)
    assert check(toy(known, coins(0.4)), Session()).sharper == 0.1
    assert check(toy(dataclasses.replace(known, exact=lambda n: 0.495), coins(0.4)), Session()).sharper == 0.02
    assert check(toy(bound, coins(0.1)), Session()).sharper == 0.0
    mean = Expectation(lambda n, x: x.astype(float), lambda n: (0.0, 1.0), at_most=lambda n: 0.5)
    assert check(toy(mean, coins(0.1)), Session()).sharper == 0.0
    sure = dataclasses.replace(mean, at_most=lambda n: 1.01, support=lambda n: (0.0, 2.0))
    assert check(toy(sure, coins(1.0)), Session()).sharper == 0.02
    equal = Expectation(lambda n, x: x.astype(float), lambda n: (0.0, 1.0), equals=lambda n: 0.5, within=lambda n: 0.1)
    assert check(toy(equal, coins(0.5)), Session()).sharper is None
    assert check(UNIFORM, Session()).sharper is check(GAUSS, Session()).sharper is None


def test_evidence_keeps_it_and_prints_it(tmp_path: Path) -> None:
    found = check(MISRA_GRIES, Session())
    assert dict(found.lines())["stricter"] == "a bound that is stricter by 2 % is refuted"
    path = found.save(tmp_path)
    assert load_evidence(path).sharper == found.sharper == 0.02
    data = json.loads(path.read_text())
    for value in (0.05, 1, -0.02):
        data["rows"][0]["sharper"] = value
        path.write_text(json.dumps(data))
        with pytest.raises(ValueError, match="contradicts itself: .* stricter by"):
            load_evidence(path)
    loose = check(toy(stated(0.5)), Session())
    assert dict(loose.lines())["stricter"].startswith("not shown to be tight: no instance refutes")
    middle = check(toy(stated(0.95)), Session())
    assert dict(middle.lines())["stricter"] == "a bound that is stricter by 10 % is refuted, and by 2 % is not"
    assert check(MISRA_GRIES.sabotaged("9/10 of the bound"), Session()).sharper is None


def test_the_table_counts_what_is_not_shown_to_be_tight() -> None:
    some = [*TOYS, toy(stated(0.5)), toy(stated(0.95))]
    page = sharpened_table([Found(one, check(one, Session()), {}, {}) for one in some])
    assert "Of 4 bounds 1 are refuted from 2 % on, 1 are refuted from 10 % on, and 2 are not shown to be tight." in page
    rows = [line for line in page.splitlines() if line.startswith("|[")]
    assert len(rows) == 4
    assert rows[0].startswith("|[MG](#mg)|Undercounting after every update|2 %|")
    assert rows[2].endswith("|-|-|")
    assert rows[3].endswith("|10 %|4 of 4|")
    assert sharpened_table([Found(GAUSS, check(GAUSS, Session()), {}, {})]) == ""
