"""A function with one text replaced: methods, decorators, closures, compiled callers; that it is undone; refusals."""

import functools
import inspect
import math
from collections import Counter
from dataclasses import dataclass, replace

import networkx as nx
import numpy as np
import pytest

from lrtheory.bounds import Session, StatementError, check, saboteur
from lrtheory.bounds.running.functions import REACHED, found
from lrtheory.bounds.running.patching import Patch, patched
from tests.bounds.running import kernels, leaves
from tests.bounds.toys import GAUSS, MISRA_GRIES, decremented

FACTOR = 2


def doubled(x, times=FACTOR):
    """Twice a number."""
    return FACTOR * x


def logged(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return "logged", function(*arguments)

    return wrapper


@logged
def decorated(x):
    return x + 1


@functools.cache
def remembered(x):
    return x + 1


class Base:
    """Everything that a class may have of functions."""

    __unit = 1

    def plain(self, x):
        return x + self.__unit

    def extended(self, x):
        return x + 1

    @classmethod
    def of_class(cls, x):
        return cls.__name__, x + 1

    @staticmethod
    def static(x):
        return x + 1

    @property
    def one(self):
        return 0 + 1

    @functools.cached_property
    def kept(self):
        return 0 + 1

    @logged
    def told(self, x):
        return x + 1


class Child(Base):
    """Inherits all, and extends one."""

    def extended(self, x):
        text = """
a line that is not indented"""
        return super().extended(x) + len(text) * 0


def adder(step, scale):
    def add(x):
        return scale * x + step

    return add


add_three = adder(3, 1)


def recursive(n):
    return 1 if n == 0 else n * recursive(n - 1)


def under(patch, run):
    """What a run gives before, within and after a patch, and whether the change was reached."""
    before = run()
    with patched(patch) as reached:
        within = run()
    assert run() == before
    return before, within, patch in reached


METHODS = {
    "of an object": (Base.plain, "x + self.__unit", "x + 2 * self.__unit", lambda: Base().plain(1), (2, 3)),
    "inherited": (Child.plain, "x + self.__unit", "x - self.__unit", lambda: (Child().plain(1), Base().plain(1)),
                  ((2, 2), (0, 0))),
    "with super()": (Child.extended, "super().extended", "-super().extended", lambda: Child().extended(1), (2, -2)),
    "below super()": (Base.extended, "x + 1", "x + 5", lambda: Child().extended(1), (2, 6)),
    "of a class": (Base.of_class, "x + 1", "x + 5", lambda: Child.of_class(1), (("Child", 2), ("Child", 6))),
    "of a class, inherited": (Child.of_class, "x + 1", "x + 5", lambda: Base.of_class(1), (("Base", 2), ("Base", 6))),
    "static": (Base.static, "x + 1", "x + 5", lambda: (Base.static(1), Child().static(1)), ((2, 2), (6, 6))),
    "as the class has it": (vars(Base)["static"], "x + 1", "x + 5", lambda: Base.static(1), (2, 6)),
    "a property": (Base.one, "0 + 1", "7", lambda: Child().one, (1, 7)),
    "a property that is kept": (Base.kept, "0 + 1", "7", lambda: Child().kept, (1, 7)),
    "decorated": (Base.told, "x + 1", "x + 5", lambda: Base().told(1), (("logged", 2), ("logged", 6))),
    "of the library": (Counter.most_common, "reverse=True", "reverse=False",
                       lambda: Counter("aab").most_common(), ([("a", 2), ("b", 1)], [("b", 1), ("a", 2)])),
}  # fmt: skip


@pytest.mark.parametrize(("named", "old", "new", "run", "due"), METHODS.values(), ids=METHODS.keys())
def test_methods(named, old, new, run, due):
    assert under(Patch(named, old, new), run) == (*due, True)


def default_of_doubled():
    return inspect.signature(doubled).parameters["times"].default


def cover_of_an_edge():
    return len(nx.approximation.min_weighted_vertex_cover(nx.path_graph(2)))


LOGGED = (("logged", 2), ("logged", 6))
FUNCTIONS = {
    "plain": (doubled, "FACTOR * x", "FACTOR * x + 1", lambda: doubled(3), (6, 7)),
    "its docstring alone": (doubled, "Twice a number.", "Twice.", lambda: doubled(3), (6, 6)),
    "below a decorator": (decorated, "x + 1", "x + 5", lambda: decorated(1), LOGGED),
    "named without it": (decorated.__wrapped__, "x + 1", "x + 5", lambda: decorated(1), LOGGED),
    "remembered": (remembered, "x + 1", "x + 5", lambda: (remembered(1), remembered(1)), ((2, 2), (6, 6))),
    "remembered, named without it": (remembered.__wrapped__, "x + 1", "x + 5", lambda: remembered(1), (2, 6)),
    "in another function": (add_three, "scale * x + step", "scale * x - step", lambda: add_three(1), (4, -2)),
    "a variable around is dropped": (add_three, "scale * x + step", "x", lambda: add_three(1), (4, 1)),
    "recursive": (recursive, "n * recursive", "2 * recursive", lambda: recursive(3), (6, 8)),
    "of networkx": (nx.approximation.min_weighted_vertex_cover, "return cover", "return set()", cover_of_an_edge,
                    (1, 0)),
}  # fmt: skip


@pytest.mark.parametrize(("named", "old", "new", "run", "due"), FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_functions(named, old, new, run, due):
    assert under(Patch(named, old, new), run) == (*due, True)


def test_a_default_is_changed_with_its_function():
    assert under(Patch(doubled, "times=FACTOR", "times=FACTOR + 1"), default_of_doubled) == (2, 3, False)


def test_a_change_is_seen_by_whoever_has_the_function():
    table, partial = {"double": doubled}, functools.partial(doubled, 3)
    patch = Patch(doubled, "FACTOR * x", "FACTOR * x + 1")
    assert under(patch, lambda: (table["double"](3), partial(), [doubled][0](3))) == ((6,) * 3, (7,) * 3, True)


def test_everything_is_undone_after_an_error():
    code, defaults = doubled.__code__, doubled.__defaults__
    with pytest.raises(ZeroDivisionError), patched(Patch(doubled, "times=FACTOR", "times=0")):
        raise ZeroDivisionError
    assert (doubled.__code__, doubled.__defaults__) == (code, defaults)
    assert REACHED not in globals()
    with pytest.raises(StatementError, match="0 times"), patched(Patch(doubled, "nowhere", "x")):
        pass
    assert REACHED not in globals()


# --- compiled callers -------------------------------------------------------------------------------------------------

CALLERS = {
    "itself": (lambda: leaves.leaf(1), 0),
    "by name": (lambda: kernels.by_name(1), 10),
    "by an attribute of its module": (lambda: kernels.by_attribute(1), 100),
    "at two removes": (lambda: kernels.at_two_removes(1), 1100),
    "in a cell": (lambda: kernels.in_a_cell(1), 10000),
}


@pytest.mark.parametrize(("run", "more"), CALLERS.values(), ids=CALLERS.keys())
def test_compiled_callers_see_a_changed_kernel(run, more):
    assert under(Patch(leaves.leaf, "x + 1", "x + 5"), run) == (2 + more, 6 + more, True)
    assert under(Patch(leaves.leaf.py_func, "x + 1", "x + 5"), run) == (2 + more, 6 + more, True)


def test_kernels_that_do_not_call_it_stay_compiled():
    with patched(Patch(leaves.leaf, "x + 1", "x + 5")):
        assert type(kernels.apart).__name__ == "CPUDispatcher"
        assert not hasattr(kernels.by_attribute, "signatures")
    assert all(hasattr(one, "signatures") for one in (kernels.by_attribute, kernels.in_a_cell, leaves.leaf))


def test_a_kernel_that_is_called_from_a_table_alone_is_not_reached():
    def solve(n, rng):
        return n * (n + 1) // 2 + 0 * kernels.TABLE["leaf"](1)

    statement = replace(GAUSS, solve=solve, saboteurs=(saboteur("x", patch=(leaves.leaf, "x + 1", "x + 5")),))
    with pytest.raises(StatementError, match="no run reached the changed kernel of 'x'"):
        check(statement.sabotaged("x"), Session())


def test_a_kernel_of_a_class_is_refused():
    sentence = r"Kernels.of_a_class is compiled, and is not what a module has under its name"
    with pytest.raises(StatementError, match=sentence), patched(Patch(kernels.Kernels.of_a_class, "x + 1", "x")):
        pass


# --- refusals and remarks ---------------------------------------------------------------------------------------------


@dataclass
class Made:
    """A class some of whose methods nobody wrote."""

    x: int


NOBODY_WROTE = Made.__init__
UNNAMED = lambda x: x + 1


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (list.append, r"got <method 'append' of 'list' objects>, and that has no source in Python"),
        (dict.fromkeys, "got <built-in method fromkeys of type object"),
        (math.exp, "got <built-in function exp>, and that has no source in Python"),
        (np.add, "got <ufunc 'add'>, and that has no source in Python"),
        (Base, "Base'>, a class; name one of its methods"),
        (property(), "got <property object"),
        (UNNAMED, "a function that has a name; got a lambda"),
        (None, "got None, and that has no source"),
        ("tests.bounds.toys:GAUSS", "got 'tests.bounds.toys:GAUSS', and that has no source"),
    ],
)
def test_what_has_no_function_is_refused_where_it_is_written(named, sentence):
    with pytest.raises(StatementError, match=sentence):
        saboteur("x", patch=(named, "x", "y"))


@pytest.mark.parametrize(
    ("patch", "sentence"),
    [
        ((doubled, "x"), r"`patch` must be \(function, old, new\)"),
        (doubled, r"`patch` must be \(function, old, new\)"),
        ((doubled, "x", "x"), "replaces a text by another one; got 'x' and 'x'"),
        ((doubled, "x", 3), "replaces a text by another one; got 'x' and 3"),
    ],
)
def test_a_patch_that_is_none_is_refused_where_it_is_written(patch, sentence):
    with pytest.raises(StatementError, match=sentence):
        saboteur("x", patch=patch)


@pytest.mark.parametrize(
    ("patch", "sentence"),
    [
        (Patch(NOBODY_WROTE, "x", "y"), r"the source of .*__init__.* cannot be read"),
        (Patch(doubled, "FACTOR", "2"), "'FACTOR' occurs 2 times in doubled, not once"),
        (Patch(Child.extended, "x + 1", "2"), "'x \\+ 1' occurs 0 times in Child.extended, not once"),
        (Patch(doubled, "return FACTOR * x", "return ("), r"doubled is no function with 'return \(' in place of"),
        (Patch(doubled, "times=FACTOR", "times=NOTHING"), "the defaults of doubled cannot be computed: name 'NOTHING'"),
        (Patch(add_three, "return", "step = 1; return"), "assigns to a variable of the function around it"),
    ],
)
def test_a_patch_that_does_not_fit_is_an_error_and_no_crash(patch, sentence):
    with pytest.raises(StatementError, match=sentence), patched(patch):
        pass


def test_evidence_says_that_what_is_changed_lies_below_decorators():
    def solve(n, rng):
        return decorated(n * (n + 1) // 2 - 1)[1]

    harm = saboteur("two more", patch=(decorated, "x + 1", "x + 2"))
    evidence = check(replace(GAUSS, solve=solve, saboteurs=(harm,)).sabotaged("two more"), Session())
    assert evidence.verdict == "refuted"
    assert f"what is changed is {__name__}.decorated below its decorators, which stay" in evidence.message
    plain = check(MISRA_GRIES.sabotaged("forgets everything"), Session())
    assert "decorators" not in plain.message
    assert not found(decremented).below
    assert not found(leaves.leaf).below
    assert not found(Base.of_class).below
