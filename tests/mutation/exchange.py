"""A mutant takes the place of the code of a running process: of functions, of constants, and of compiled kernels.

Every function whose code the change touches gets the changed code, whoever holds the function. A compiled kernel that
is changed, or that calls what is changed, runs interpreted from then on, and so do the compiled kernels that call it.
What reads sources, as patches do, reads the changed file.
"""

from __future__ import annotations

import ast
import functools
import gc
import linecache
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numba
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic
from scipy import special


class Order(NamedTuple):
    """A mutant as a process is told of it: the file and its changed source, the region, and what kind it is of."""

    path: str
    source: str
    name: str
    first: int
    kind: str

    @property
    def key(self) -> str:
        """The key of the region, as the survey knows it."""
        return f"{self.path}:{self.name}:{self.first}"


class Process:
    """The functions and kernels that a process holds below a folder.

    Parameters
    ----------
    folder : Path
        Holds the library.
    """

    def __init__(self, folder: Path) -> None:
        self.functions: dict[str, dict[CodeType, list[FunctionType]]] = defaultdict(lambda: defaultdict(list))
        self.kernels: list[Any] = []
        for one in gc.get_objects():
            if type(one) is FunctionType and one.__code__.co_filename.startswith(str(folder)):
                self.functions[one.__code__.co_filename][one.__code__].append(one)
            elif issubclass(type(one), Dispatcher):
                self.kernels.append(one)

    @functools.cached_property
    def callees(self) -> dict[int, set[int]]:
        """For each kernel what it names: the ids of functions and of the bodies of kernels."""
        return {id(one): {id(body) for body in named(one.py_func)} for one in self.kernels}

    def interpreters(self, changed: set[int], name: str = "") -> list[Any]:
        """The kernels that have changed or name something changed, or a name, their callers, and whom all these call.

        Whom they call would be compiled anew, since a part of a kernel has no code that Python can call.
        """
        found = {id(one): one for one in self.kernels if id(one.py_func) in changed}
        found |= {id(one): one for one in self.kernels if name and name in names_in(one.py_func.__code__)}
        while True:
            bodies = changed | {id(one.py_func) for one in found.values()}
            more = {id(one): one for one in self.kernels if id(one) not in found and self.callees[id(one)] & bodies}
            if not more:
                break
            found |= more
        below = set().union(*(self.callees[key] for key in found))
        found |= {id(one): one for one in self.kernels if id(one.py_func) in below and not machine_code(one.py_func)}
        return list(found.values())

    def changed(self, order: Order) -> list[tuple[FunctionType, CodeType]]:
        """The functions that a mutant touches, each with its changed code."""
        before = compile(Path(order.path).read_text(), order.path, "exec", dont_inherit=True)
        after = compile(order.source, order.path, "exec", dont_inherit=True)
        here = self.functions[order.path]
        return [(one, new) for old, new in pairs(before, after) for one in here.get(old, ())]

    def exchange(self, order: Order, *, really: bool = True) -> list[Any]:
        """Put a mutant into place; return the kernels that are interpreted from now on.

        Parameters
        ----------
        order : Order
            The mutant.
        really : bool
            Whether the code changes. Without it the same kernels are interpreted, and nothing else happens.
        """
        touched = self.changed(order)
        constant = order.name if order.kind == "constant" else ""
        if not touched and not constant:
            touched = [(one, one.__code__) for one in self._in_region(order)]
        kernels = self.interpreters({id(function) for function, _ in touched}, constant)
        if really:
            for function, code in touched:
                function.__code__ = code
            for function in self._in_region(order):
                set_defaults(function, order)
            if constant:
                set_constant(order)
            lines = order.source.splitlines(keepends=True)
            linecache.cache[order.path] = (len(order.source), None, lines, order.path)
        interpret(kernels)
        return kernels

    def _in_region(self, order: Order) -> Iterator[FunctionType]:
        for functions in list(self.functions[order.path].values()):
            for one in functions:
                if (one.__code__.co_qualname, one.__code__.co_firstlineno) == (order.name, order.first):
                    yield one


def pairs(before: CodeType, after: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The codes within two codes of one form which differ, from the outermost to the innermost."""
    inner = [[one for one in code.co_consts if isinstance(one, CodeType)] for code in (before, after)]
    for old, new in zip(*inner, strict=True):
        if old != new:
            yield old, new
            yield from pairs(old, new)


def set_defaults(function: FunctionType, order: Order) -> None:
    """Give a function the defaults of its changed definition; those that stay are not computed again."""
    old, new = (_arguments(ast.parse(text), order) for text in (Path(order.path).read_text(), order.source))

    def value(was: ast.expr, now: ast.expr, default: Any) -> Any:
        if ast.dump(was) == ast.dump(now):
            return default
        return eval(compile(ast.Expression(now), order.path, "eval"), function.__globals__)

    if function.__defaults__:
        places = zip(old.defaults, new.defaults, function.__defaults__, strict=True)
        function.__defaults__ = tuple(value(*place) for place in places)
    if function.__kwdefaults__:
        given = zip(new.kwonlyargs, old.kw_defaults, new.kw_defaults, strict=True)
        changed = {one.arg: (was, now) for one, was, now in given if was is not None and now is not None}
        kept = function.__kwdefaults__
        function.__kwdefaults__ = {name: value(*pair, kept[name]) for name, pair in changed.items()}


def _arguments(tree: ast.Module, order: Order) -> ast.arguments:
    last = order.name.rpartition(".")[2]
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == last:
            if min([node.lineno, *(one.lineno for one in node.decorator_list)]) == order.first:
                return node.args
    raise LookupError(f"{order.name} is not at line {order.first} of {order.path}")


def set_constant(order: Order) -> None:
    """Compute a constant of a module anew, and put it wherever the old one is known by its name."""
    module = next(one for one in list(sys.modules.values()) if getattr(one, "__file__", None) == order.path)
    node = next(one for one in ast.parse(order.source).body if one.lineno == order.first)
    names, old = dict(vars(module)), getattr(module, order.name)
    exec(compile(ast.Module([node], []), order.path, "exec", dont_inherit=True), names)
    for other in list(sys.modules.values()):
        if isinstance(other, ModuleType) and vars(other).get(order.name, order) is old:
            setattr(other, order.name, names[order.name])


# --- kernels ---------------------------------------------------------------------------------------------------------


def names_in(code: CodeType) -> set[str]:
    """The names of globals and attributes in a code and in the functions within it."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(names_in, inner))


def named(function: FunctionType) -> set[FunctionType]:
    """The functions, and the bodies of kernels, that a function names, at any remove through kernels."""
    found: set[FunctionType] = set()
    to_do = [function]
    while to_do:
        body = to_do.pop()
        cells = tuple(cell.cell_contents for cell in body.__closure__ or () if cell != CellType())
        for one, compiled in _values(body.__code__, body.__globals__, cells):
            if one not in found:
                found.add(one)
                to_do += [one] if compiled else []
    return found


def kernels_named(code: CodeType, names: dict[str, Any]) -> set[FunctionType]:
    """The bodies of kernels that a code names in its module, and what these name."""
    found = {one for one, compiled in _values(code, names, ()) if compiled}
    return found.union(*map(named, found))


def _values(code: CodeType, names: dict[str, Any], cells: tuple[Any, ...]) -> Iterator[tuple[FunctionType, bool]]:
    """The functions that a code can reach by its names, and whether each is compiled."""
    used = names_in(code)
    to_do = [*(names[name] for name in used if name in names), *cells]
    seen: set[int] = set()
    while to_do:
        value = to_do.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        kind = type(value)  # to ask a value itself for its class makes some warn that they are deprecated
        if issubclass(kind, Dispatcher):
            yield value.py_func, True
        elif kind is FunctionType:
            yield value, False
        elif issubclass(kind, (ModuleType, type)):  # any name of the code may be an attribute: too many do no harm
            to_do += [vars(value)[name] for name in used if name in vars(value)]
        elif issubclass(kind, (list, tuple, dict)) and len(value) < 100:
            to_do.extend(value.values() if issubclass(kind, dict) else value)  # `+=` may make a list of its kind
        elif issubclass(kind, functools.partial):
            to_do.append(value.func)


def machine_code(function: FunctionType) -> bool:
    """Whether a function names an intrinsic of Numba, which nothing but the compiler can run."""
    return any(isinstance(function.__globals__.get(name), _Intrinsic) for name in names_in(function.__code__))


@functools.cache
def _interpreter(kind: type) -> type:
    """The dispatchers of a kind, except that they call their body, and that they compile to it."""

    def call(self: Any, *args: Any, **options: Any) -> Any:
        return self.body(*args, **options)

    def body(self: Any, _: Any) -> Any:
        return self.body

    return type(f"Interpreted{kind.__name__}", (kind,), {"__call__": call, "compile": body})


def interpret(kernels: list[Any]) -> None:
    """Let kernels run without the compiler, with the mathematics and the constants that compiled code has."""
    for one in kernels:
        function, names = one.py_func, dict(one.py_func.__globals__)
        if names.get("math") is math:
            names["math"] = COMPILED_MATH
        body = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
        body.__kwdefaults__ = function.__kwdefaults__
        one.body, one.__class__ = body, _interpreter(type(one))
    # what kernels call by the name of a symbol is a function of SciPy under that name
    external = numba.types.ExternalFunction
    external.__call__ = lambda self, *args: getattr(special, self.symbol.split("_")[-1])(*args[:-1])


def compiled(plain: Callable[..., float], pole: float | None = None) -> Callable[..., float]:
    """A function of `math` that returns what compiled code does where Python raises: infinities, and else NaN."""

    def function(*args: Any) -> float:
        try:
            return plain(*args)
        except OverflowError:
            return math.inf
        except ValueError:
            return -math.inf if args[0] == pole else math.nan

    return function


COMPILED_MATH = SimpleNamespace(
    **vars(math)
    | {name: compiled(getattr(math, name)) for name in ("cos", "exp", "expm1", "sqrt")}
    | {"log": compiled(math.log, 0), "log1p": compiled(math.log1p, -1)}
)
