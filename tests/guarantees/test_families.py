"""Every ready family: well posed in a statement, deterministic, replayable, and made of plain data."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
import ready

from lrtheory.bounds import (
    Classical,
    FromGenerator,
    Inequality,
    Session,
    Sides,
    Statement,
    always,
    check,
    defects,
    saboteur,
)
from lrtheory.bounds.running.encoding import decode, encode
from lrtheory.bounds.running.handover import altered

FAMILIES = {
    "graphs": ready.graphs(),
    "graphs with numbers": ready.graphs(4, weights=(0, 9), lengths=(1, 3)),
    "connected graphs": ready.graphs(5, connected=True, lengths=(0, 2)),
    "disconnected graphs": ready.graphs(5, connected=False),
    "digraphs": ready.digraphs(),
    "strong digraphs": ready.digraphs(5, connected=True),
    "weak digraphs": ready.digraphs(4, connected=False),
    "metrics": ready.metrics(),
    "streams": ready.streams(),
    "binomials": ready.binomials(),
    "pools": ready.pools(),
    "tied pools": ready.pools(ties=True, least=2),
    "untied pools": ready.pools(6, ties=False),
}
each_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())


def sums(instance, rng):
    """The sum of all numbers in an instance, and how many there are."""
    return np.array([total(instance), size(instance)], object)


def total(value):
    if dataclasses.is_dataclass(value):
        return sum(total(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, np.ndarray):
        return sum(map(Fraction, value.ravel().tolist()))
    return sum(map(total, value)) if isinstance(value, tuple) else Fraction(value)


def size(value):
    if dataclasses.is_dataclass(value):
        return sum(size(getattr(value, field.name)) for field in dataclasses.fields(value))
    return value.size if isinstance(value, np.ndarray) else sum(map(size, value)) if isinstance(value, tuple) else 1


def toy(family):
    """A statement that holds on every instance: a solver repeats numbers that the claim computes again."""
    return Statement(
        id="toy/READY",
        title="Numbers of an instance",
        says="The solver returns the sum of the numbers x of an instance, and how many there are.",
        source=Classical("addition", "any book"),
        tex=r"\sum x",
        hypotheses={"none": always},
        instances=family,
        solve=sums,
        claim=Inequality(lambda one, found: Sides(found, sums(one, None)), unbounded="a toy"),
        saboteurs=(saboteur("one more", solve=lambda one, rng: sums(one, rng) + 1),),
    )


def plain(value):
    """Whether a value is plain data, with Python's own numbers outside of arrays."""
    if dataclasses.is_dataclass(value):
        fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
        return type(value).__dataclass_params__.frozen and all(map(plain, fields))
    if type(value) is tuple:
        return all(map(plain, value))
    return (type(value) is np.ndarray and value.dtype in (np.int64, np.float64)) or type(value) in (int, Fraction)


def some(family, count=30):
    """The fixed instances and some drawn ones, by label."""
    return dict(Session().instances(family, count))


@each_family
def test_a_family_is_well_posed(family):
    statement = toy(family)
    assert defects(statement) == []
    assert check(statement, Session()).verdict == "supported"
    assert check(statement.sabotaged("one more"), Session()).worst["instance"] == f"{family.name}:always-0"


@each_family
def test_instances_are_plain_data_and_no_two_fixed_ones_are_equal(family):
    assert all(map(plain, some(family).values()))
    lines = [encode(instance) for _, instance in family.fixed()]
    assert len(set(lines)) == len(lines)


@each_family
def test_instances_are_repeated_bit_by_bit(family):
    again = dataclasses.replace(family)
    assert {k: encode(v) for k, v in some(family).items()} == {k: encode(v) for k, v in some(again).items()}
    assert len({encode(v) for v in some(family).values()}) > len(family.smallest())  # draws find something new


@each_family
def test_instances_replay_by_label_and_by_line(family):
    statement = toy(family).sabotaged("one more")
    for label, instance in [*some(family, 3).items()][-4:]:
        line = encode(instance)
        assert altered(decode(line), instance) == []
        by_label = check(statement, Session(), instance=label)
        by_line = check(statement, Session(), instance=f"json:{line}")
        assert by_label.verdict == by_line.verdict == "refuted"
        assert (by_label.worst["lhs"], by_label.worst["rhs"]) == (by_line.worst["lhs"], by_line.worst["rhs"])


@each_family
def test_a_climb_moves_within_the_family_and_leaves_its_instance_alone(family):
    draws, seen = FromGenerator(np.random.default_rng(0)), set()
    for here in [*some(family, 5).values()][::9]:
        for _ in range(40):
            line = encode(here)
            neighbor = family.climb(here, draws)
            assert encode(here) == line
            assert type(neighbor) is type(here)
            assert plain(neighbor)
            seen.add(encode(neighbor))
            here = neighbor
    assert len(seen) > 10


# --- what the makers promise of their instances -----------------------------------------------------------------------


def reached(family, climbs=300):
    """Fixed and drawn instances, and what a climb meets."""
    draws, found = FromGenerator(np.random.default_rng(1)), [*some(family, 60).values()]
    here = found[-1]
    return found + [here := family.climb(here, draws) for _ in range(climbs)]


def test_points_lie_on_the_grid_and_some_coincide():
    found = reached(ready.metrics(5, bottom=2))
    assert {len(metric.points) for metric in found} == {2, 3, 4, 5}
    assert all(metric.points.min() >= 0 and metric.points.max() <= 4 for metric in found)
    assert sum((metric.distances == 0).sum() > len(metric.points) for metric in found) > 10
    for metric in found:
        d = metric.distances
        assert d.dtype == np.int64
        assert (
            d == [[sum(abs(a - b) for a, b in zip(x, y, strict=True)) for y in metric.points] for x in metric.points]
        ).all()


def test_metrics_on_corners_of_a_square_are_those_that_differ():
    # profiles of distances, which tell metrics on at most four corners apart: sorted rows, sorted
    profiles = [sorted(sorted(row) for row in metric.distances.tolist()) for metric in ready.metrics().smallest()[:16]]
    assert [len(profile) for profile in profiles] == [1] + [2] * 3 + [3] * 4 + [4] * 8
    assert all(profiles.count(profile) == 1 for profile in profiles)


def test_streams_are_of_the_kinds_that_are_promised():
    fixed = [stream.keys for stream in ready.streams(12, keys=4).smallest()]
    assert len([keys for keys in fixed if len(keys) <= 4]) == 1 + 2 + 5 + 15  # Bell numbers
    assert tuple(range(12)) in fixed
    assert (0,) * 12 in fixed
    assert sum(keys.count(0) == 6 and len(set(keys)) == 7 for keys in fixed) == 3
    assert all(1 <= len(one.keys) <= 12 for one in reached(ready.streams(12, keys=4)))
    assert ready.Stream((5, 5, 2)).frequencies == {2: 1, 5: 2}


def test_pools_are_tied_as_asked_and_never_constant():
    for ties in (None, True, False):
        found = reached(ready.pools(7, least=2, ties=ties))
        assert {pool.tied for pool in found} == ({True, False} if ties is None else {ties})
        assert all(len(set(pool.values)) > 1 and 2 <= pool.m <= len(pool.values) - 2 for pool in found)
        assert all(list(pool.values) == sorted(pool.values) for pool in found)
    # sorted ways in which four values tie: 2^3, one of which makes all equal
    assert len({pool.values for pool in ready.pools().smallest() if len(pool.values) == 4}) == 7


def test_binomials_hold_both_ends_and_probabilities_near_them():
    family = ready.binomials(2)
    ends = (0, Fraction(1, 2), 1)
    assert [(law.n, law.p) for law in family.smallest()] == [(n, p) for n in (1, 2) for p in ends]
    found = reached(family)
    assert all(0 <= law.p <= 1 and law.n in (1, 2) for law in found)
    assert len({law.p for law in found}) > 30
