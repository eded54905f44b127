"""Instances as lines of JSON and back: classes, what is refused, and replays of whatever a family draws."""

import dataclasses
import shlex
import sys
from collections import OrderedDict
from dataclasses import InitVar, dataclass, field, replace
from enum import Enum, IntEnum
from fractions import Fraction
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from lrtheory.bounds import Family, Session, Sides, StatementError, check, defects
from lrtheory.bounds.running.encoding import decode, digest, encode
from tests.bounds.toys import GAUSS, inequality


class Point(NamedTuple):
    x: int
    y: Any = ()


@dataclass(frozen=True)
class Case:
    a: int
    inner: Any = None
    total: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", self.a + 1)


@dataclass(frozen=True)
class Scaled:
    a: int
    by: InitVar[int]


class Mode(IntEnum):
    ON = 1


class Kind(Enum):
    ONE = "one"


@pytest.mark.parametrize(
    "instance",
    [
        3, -(10**40), True, None, "ü\n:tight-9", 0.1, float("inf"), Fraction(1, 3), [1, [2.5]], (1, (2, "x")),
        Point(1, (Point(2), Fraction(1, 2))), Case(1, Point(2, [Case(3)])), {"a": (1, 2), 3: Case(4)},
        OrderedDict(b=1, a=2), {"tuple": 1}, {"mapping": {"float": 2}},
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_written_is_read_again(instance):
    again = decode(encode(instance))
    assert again == instance
    assert digest(again) == digest(instance)
    assert encode(again) == encode(instance)
    assert type(again) is (dict if isinstance(instance, dict) else type(instance))


def test_arrays_keep_their_type_and_shape():
    for array in (np.zeros((0, 3)), np.array([[1, 2]], np.int8), np.array([Fraction(1, 3), 2], object), np.array(5.0)):
        again = decode(encode(array))
        assert (again.dtype, again.shape, again.tolist()) == (array.dtype, array.shape, array.tolist())
    assert type(decode(encode(np.float32(1.5)))) is np.float32


def test_a_named_tuple_has_the_stream_of_its_items():
    """Streams are cited, so the class that a line now holds must not change them."""
    assert digest(Point(1, (2,))) == digest((1, (2,))) == 16652855560927721836
    assert digest(Case(1, Point(2))) == digest(Case(1, (2, ())))


@pytest.mark.parametrize(
    ("instance", "end"),
    [
        ({1, 2}, "got set"),
        (b"x", "got bytes"),
        (1 + 2j, "got complex"),
        (Mode.ON, "got Mode"),
        (Kind.ONE, "got Kind"),
        (lambda: 0, "got function"),
        (Scaled(1, 2), "got Scaled, which takes more than its fields to make"),
        (Case(1, (0, {"k": [Mode.ON]})), "got Mode at inner.1.k.0"),
        (Point(1, b"x"), "got bytes at y"),
    ],
)
def test_what_is_no_plain_data_is_refused_with_its_place(instance, end):
    for use in (encode, digest):
        with pytest.raises(TypeError, match="an instance must be plain data") as caught:
            use(instance)
        assert str(caught.value).endswith(end)
    family = Family("odd", always=(instance,), complete="one", members=1)
    with pytest.raises(StatementError, match="toy/GAUSS: an instance must be plain data"):
        check(replace(GAUSS, instances=family), Session())


def test_a_line_imports_nothing_and_calls_no_other_class():
    for line in (
        '{"dataclass":"subprocess:Popen","fields":{"args":"x"}}',
        '{"tuple":["x"],"class":"subprocess:Popen"}',
        '{"tuple":["x"],"class":"builtins:str"}',
        '{"dataclass":"antigravity:x","fields":{}}',
        '{"unknown":1}',
        "{",
        "",
    ):
        with pytest.raises(ValueError, match="must be an instance written by this package"):
            decode(line)
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("always", "draw"),
    [
        ((0, 1), lambda draws: draws.floats(2, 10)),
        ((Point(0),), lambda draws: Point(draws.integers(4, 9))),
        ((Case(0),), lambda draws: Case(draws.integers(4, 9))),
        (("x",), lambda draws: draws.choice(["x:tight-9", "", "ab:always-0"])),
    ],
    ids=["ints, then doubles", "named tuples", "dataclasses", "strings that look like labels"],
)
def test_what_a_search_finds_is_replayed(always, draw):
    def size(instance):
        return len(instance) if isinstance(instance, str) else getattr(instance, "x", getattr(instance, "a", instance))

    small = inequality(lambda instance, outcome: Sides(lhs=Fraction(size(instance)), rhs=1))
    statement = replace(GAUSS, instances=Family("found", always=always, draw=draw), solve=lambda i, rng: 0, claim=small)
    found = check(statement, Session())
    assert (found.verdict, found.worst["instance"][:5]) == ("refuted", "json:")
    words = shlex.split(found.replay)
    again = check(statement, Session(), instance=words[words.index("--instance") + 1])
    assert (again.verdict, again.lhs[0], again.rhs[0]) == (found.verdict, found.lhs[-1], found.rhs[-1])


def test_of_two_classes_of_one_name_the_familys_own_is_made():
    made = []
    for name in ("lrtheory_place_00000000_cases", "lrtheory_place_11111111_cases"):
        module = ModuleType(name)
        exec("from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Case:\n    a: int", vars(module))
        module.Case.__module__ = name
        sys.modules[name] = module
        made.append(module.Case)
    try:
        for cls in made:
            is_own = inequality(lambda case, outcome, cls=cls: Sides(lhs=int(type(case) is not cls), rhs=0))
            family = Family("own", always=(cls(1),))
            statement = replace(GAUSS, instances=family, solve=lambda case, rng: case.a, claim=is_own)
            assert check(statement, Session(), instance=f"json:{encode(cls(1))}").verdict == "supported"
    finally:
        for name in ("lrtheory_place_00000000_cases", "lrtheory_place_11111111_cases"):
            del sys.modules[name]


def test_labels_and_lines_that_mean_nothing_are_told():
    for label in ("toy-numbers:²", "toy-numbers:-1", "toy-numbers:x", "other:1", "", "toy-numbers:always-99"):
        with pytest.raises(ValueError, match="`instance` must be a label of the family toy-numbers"):
            check(GAUSS, Session(), instance=label)
    with pytest.raises(ValueError, match="`instance` must be of a type that the family toy-numbers has; got 'x'"):
        check(GAUSS, Session(), instance='json:"x"')


@pytest.mark.parametrize(
    ("name", "good"), [("json", False), ("a b", False), ("", False), ("a:b", False), ("a-B_1", True)]
)
def test_names_of_families(name, good):
    family = dataclasses.replace(GAUSS.instances, name=name)
    assert any("the family" in one for one in defects(replace(GAUSS, instances=family))) != good
