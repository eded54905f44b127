"""Every ready family: well posed in a statement, deterministic, replayable, and made of plain data."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

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
from lrtheory.bounds import instances as ready
from lrtheory.bounds.running.encoding import decode, encode
from lrtheory.bounds.running.handover import altered

FAMILIES = {
    "graphs": ready.graphs(),
    "graphs with numbers": ready.graphs(4, weights=(0, 9), lengths=(1, 3)),
    "connected graphs": ready.graphs(5, connected=True, lengths=(0, 2)),
    "disconnected graphs": ready.graphs(5, connected=False, loops=True),
    "graphs with loops": ready.graphs(5, loops=True, enumerated=3, name="looped"),
    "digraphs": ready.digraphs(),
    "strong digraphs": ready.digraphs(5, connected=True, weights=(-2, 2), lengths=(1, 9)),
    "weak digraphs": ready.digraphs(4, connected=False),
    "metrics": ready.metrics(),
    "metrics on a line": ready.metrics(7, dimension=1, side=2, bottom=2),
    "matrices": ready.matrices(),
    "doubles": ready.matrices((1, 3), (2, 4), low=0, high=1, per_unit=8),
    "symmetric matrices": ready.matrices(3, symmetric=True),
    "labels": ready.labels(),
    "labels of many classes": ready.labels(20, classes=5, parts=4, least=1),
    "streams": ready.streams(),
    "spread streams": ready.streams(12, keys=3, stride=64),
    "binomials": ready.binomials(),
    "rare events": ready.binomials(5, high=Fraction(1, 10), points=lambda n: [0.05, 1 / (20 * n), 0.5]),
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
    found = reached(ready.metrics(5, bottom=2, side=3))
    assert {len(metric.points) for metric in found} == {2, 3, 4, 5}
    assert all(metric.points.min() >= 0 and metric.points.max() <= 3 for metric in found)
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


def test_matrices_keep_shape_range_and_step():
    found = [one.entries for one in reached(ready.matrices((2, 3), 4, low=-1, high=2, per_unit=4))]
    assert {one.shape for one in found} == {(2, 4), (3, 4)}
    assert all(one.dtype == float and -1 <= one.min() and one.max() <= 2 and (4 * one % 1 == 0).all() for one in found)
    assert {0.25, -0.75, 1.5} <= {entry for one in found for entry in one.ravel().tolist()}
    square = [one.entries for one in reached(ready.matrices((1, 4), symmetric=True))]
    assert all((one == one.T).all() and one.dtype == np.int64 for one in square)
    extremes = [one.entries for one in ready.matrices(2, low=0, high=1).smallest()]
    assert [one.tolist() for one in extremes[:2]] == [[[0, 0], [0, 0]], [[0, 0], [0, 1]]]
    assert len(extremes) == 16  # zeros, ones, the unit matrix and the pattern are among the extreme ones


def test_labels_leave_enough_rows_of_every_class():
    found = reached(ready.labels(15, classes=4, parts=(2, 4)))
    assert {one.parts for one in found} == {2, 3, 4}
    assert all(min(one.sizes.values()) >= one.parts and len(one.classes) <= 15 for one in found)
    assert {len(one.sizes) for one in found} == {1, 2, 3, 4}
    few = reached(ready.labels(9, classes=3, parts=3, least=1))
    assert min(min(one.sizes.values()) for one in few) == 1
    assert all(len(one.classes) >= 3 for one in few)


def test_sizes_of_classes_are_counted_by_hand():
    # at most 3 classes of at least 2 rows each, up to 6 rows: 2; 3; 4, 22; 5, 32; 6, 42, 33, 222
    family = ready.labels(6, parts=2)
    sizes = [tuple(one.sizes.values()) for one in family.smallest()]
    assert list(dict.fromkeys(sizes)) == [(2,), (3,), (4,), (2, 2), (5,), (3, 2), (6,), (4, 2), (3, 3), (2, 2, 2)]
    assert [one.classes.tolist() for one in family.smallest() if tuple(one.sizes.values()) == (3, 2)] == [
        [0, 0, 0, 1, 1],
        [0, 1, 0, 1, 0],
    ]


def test_streams_are_of_the_kinds_that_are_promised():
    fixed = [stream.keys for stream in ready.streams(12, keys=4).smallest()]
    assert len([keys for keys in fixed if len(keys) <= 4]) == 1 + 2 + 5 + 15  # Bell numbers
    assert tuple(range(12)) in fixed
    assert (0,) * 12 in fixed
    assert sum(keys.count(0) == 6 and len(set(keys)) == 7 for keys in fixed) == 3
    found = reached(ready.streams(12, keys=4, stride=64))
    assert all(key % 64 == 0 and 1 <= len(one.keys) <= 12 for one in found for key in one.keys)
    assert ready.Stream((5, 5, 2)).frequencies == {2: 1, 5: 2}


def test_binomials_hold_both_ends_and_the_points_of_the_caller():
    family = ready.binomials(3, bottom=2, low=Fraction(1, 10), high=Fraction(1, 2), points=lambda n: [[0.3, np.inf]])
    fixed = [(law.n, law.p) for law in family.smallest()]
    points = [Fraction(1, 10), Fraction(3, 10), Fraction(1, 2), Fraction(0.3)]
    assert fixed == [(n, p) for n in (2, 3) for p in points]
    found = reached(family)
    assert all(Fraction(1, 10) <= law.p <= Fraction(1, 2) and law.n in (2, 3) for law in found)
    assert len({law.p for law in found}) > 30


def test_pools_are_tied_as_asked_and_never_constant():
    for ties in (None, True, False):
        found = reached(ready.pools(7, least=2, ties=ties))
        assert {pool.tied for pool in found} == ({True, False} if ties is None else {ties})
        assert all(len(set(pool.values)) > 1 and 2 <= pool.m <= len(pool.values) - 2 for pool in found)
        assert all(list(pool.values) == sorted(pool.values) for pool in found)
    # sorted ways in which four values tie: 2^3, one of which makes all equal
    assert len({pool.values for pool in ready.pools().smallest() if len(pool.values) == 4}) == 7


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ready.graphs(0), "`top` must be an integer of at least 1; got 0."),
        (lambda: ready.graphs(6.0), "`top` must be an integer; got 6.0."),
        (lambda: ready.graphs(9, enumerated=8), r"`enumerated` must be an integer in \[0, 7\]; got 8."),
        (
            lambda: ready.graphs(4, enumerated=5),
            "`enumerated` must be between `bottom` and `top`, here 1 and 4; got 5.",
        ),
        (lambda: ready.graphs(9, bottom=8), r"`bottom` must be an integer in \[1, 7\]; got 8."),
        (lambda: ready.graphs(weights=(9, 0)), r"`weights` must be a pair \(low, high\) with low <= high"),
        (lambda: ready.graphs(weights=(0, 1, 2)), r"`weights` must be an integer, or a pair \(low, high\)"),
        (lambda: ready.graphs(connected=1), "`connected` must be True, False or None; got 1."),
        (lambda: ready.graphs(loops=None), "`loops` must be True or False; got None."),
        (lambda: ready.digraphs(labeled=0), "`labeled` must be True or False; got 0."),
        (lambda: ready.digraphs(labeled=True, enumerated=4), r"`enumerated` must be an integer in \[0, 3\]; got 4."),
        (lambda: ready.graphs(name="a b"), "`name` must be letters, digits, - and _; got 'a b'."),
        (lambda: ready.graphs(name=3), "`name` must be letters, digits, - and _; got 3."),
        (lambda: ready.Graph(2, ((0, 2),)), r"`edges` must be pairs of nodes in 0..1; got \(0, 2\)."),
        (lambda: ready.Graph(2, ((0, 1), (1, 0))), "`edges` must be different from each other"),
        (lambda: ready.Graph(2, (), weights=(1,)), r"`weights` must be empty, or 2 numbers; got \(1,\)."),
        (lambda: ready.Graph(1, (), weights=("a",)), "`weights` must be real numbers; got 'a'."),
        (lambda: ready.metrics(dimension=4), r"`dimension` must be an integer in \[1, 3\]; got 4."),
        (lambda: ready.Metric(np.array([[0.5]])), "`points` must be an array of integers"),
        (lambda: ready.Metric([1, 2]), "`points` must be an array with two axes"),
        (lambda: ready.Matrix([[np.nan]]), "`entries` must be finite; got nan."),
        (lambda: ready.matrices(low=1, high=0), r"`\(low, high\)` must be a pair"),
        (lambda: ready.matrices(per_unit=3), "`per_unit` must be a power of two; got 3."),
        (lambda: ready.matrices(2, 3, symmetric=True), "`columns` must be left out where matrices are symmetric"),
        (lambda: ready.labels(2, parts=(2, 3)), "`top` must be at least 3, the rows that `parts` and `least` ask for"),
        (lambda: ready.Labels("aab", 2), "`classes` must be a sequence of integers; got 'aab'."),
        (lambda: ready.streams(keys=1), r"`keys` must be an integer in \[2, 65536\]; got 1."),
        (lambda: ready.Stream((0.5,)), r"`keys\[0\]` must be an integer; got 0.5."),
        (lambda: ready.binomials(low=0.5, high=0.25), "`high` must be at least `low`, here 1/2; got 0.25."),
        (lambda: ready.binomials(points=3), "`points` must be a function of the number of trials, or None; got 3."),
        (lambda: ready.Binomial(3, np.nan), r"`p` must be in \[0, 1\]; got nan."),
        (lambda: ready.Binomial(3, "1/2"), "`p` must be a Fraction, an integer or a double; got '1/2'."),
        (lambda: ready.pools(3, least=2), "`top` must be an integer of at least 4; got 3."),
        (lambda: ready.pools(ties="no"), "`ties` must be True, False or None; got 'no'."),
        (lambda: ready.Pool((1, 2), 3), r"`m` must be an integer in \[0, 2\]; got 3."),
    ],
)
def test_bad_input_is_refused_in_a_sentence(make, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        make()
