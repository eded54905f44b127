"""The Python function below what an author names, and its code with one text of its source replaced."""

from __future__ import annotations
import __future__

import ast
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any

from lrtheory.bounds.errors import StatementError

__all__ = ["REACHED", "Changed", "Found", "changed", "found"]

REACHED = "_reached_by_a_solver"  # a name in the globals of a changed function, which calls it first of all
_AROUND = "_around_a_function"
_KINDS = (MethodType, staticmethod, classmethod, property, functools.cached_property)  # ways to have a method


@dataclass(frozen=True)
class Found:
    """A function and what lies around it.

    Attributes
    ----------
    function : function
        The Python function itself, below decorators, methods and compilation.
    owner : module, type or None
        Module or class that has the function, perhaps decorated, under its name; None for a function within a function.
    compiled : object or None
        The kernel that was compiled from it.
    below : bool
        Whether the function was found below decorators, which stay in force.
    forget : tuple of callable
        Each empties a memory (`functools.cache`) that a decorator of it has.
    """

    function: FunctionType
    owner: Any
    compiled: Any
    below: bool
    forget: tuple[Callable[[], None], ...]

    @property
    def name(self) -> str:
        """The function's module and name."""
        return f"{self.function.__module__}.{self.function.__qualname__}"


def found(named: Any) -> Found:
    """Look below what an author names: a function, a method, a property, something decorated, a compiled kernel.

    Parameters
    ----------
    named : object
        Object that a statement names.

    Returns
    -------
    Found
        The function.

    Raises
    ------
    StatementError
        If there is no Python function with a name below it.
    """
    layers = list(_layers(named))
    function = layers[-1] if layers else None
    if not isinstance(function, FunctionType):
        kind = "a class; name one of its methods" if isinstance(named, type) else "and that has no source in Python"
        raise StatementError(f"a patch changes a function, a method or a kernel; got {named!r}, {kind}")
    if function.__name__ == "<lambda>":
        raise StatementError(f"a patch changes a function that has a name; got a lambda of {function.__module__}")
    # an author may name what is below the decorators, whose memories are found from the name in its module or class
    owner, outer = _by_name(function)
    around = list(_layers(outer))
    if not around or around[-1] is not function:
        owner, around = None, []
    outside = {id(layer): layer for layer in (*around, *layers) if layer is not function}.values()
    compiled = [layer for layer in outside if isinstance(getattr(layer, "py_func", None), FunctionType)]
    below = any(not isinstance(layer, _KINDS) and layer not in compiled for layer in outside)
    forget = tuple(layer.cache_clear for layer in outside if callable(getattr(layer, "cache_clear", None)))
    return Found(function, owner, compiled[0] if compiled else None, below, forget)


def _layers(value: Any) -> Iterator[Any]:
    """A value and what it wraps, from outside to inside."""
    seen: list[int] = []
    while value is not None and id(value) not in seen:
        seen.append(id(value))
        yield value
        if isinstance(value, (MethodType, staticmethod, classmethod)):
            value = value.__func__
        elif isinstance(value, property):
            value = value.fget
        elif isinstance(value, functools.cached_property):
            value = value.func
        elif isinstance(value, type):  # a class may have such attributes for its instances
            return
        else:
            value = getattr(value, "py_func", None) or getattr(value, "__wrapped__", None)


def _by_name(function: FunctionType) -> tuple[Any, Any]:
    """The module or class that should have a function, and what it has under that name."""
    owner, here = None, sys.modules.get(function.__module__)
    for part in function.__qualname__.split("."):
        owner, here = here, inspect.getattr_static(here, part, None)
    return owner, here


@dataclass(frozen=True)
class Changed:
    """Code and defaults of a function with a text of its source replaced."""

    code: CodeType
    defaults: tuple[Any, ...] | None
    keywords: dict[str, Any] | None


def changed(function: FunctionType, old: str, new: str) -> Changed:
    """Replace a text in the source of a function.

    Parameters
    ----------
    function : function
        A Python function, which stays as it is.
    old, new : str
        The text, which must occur exactly once, and its replacement.

    Returns
    -------
    Changed
        The code calls `REACHED` first of all, and has the variables of the functions around it in the same order, so
        that it can take the place of the function's own.

    Raises
    ------
    StatementError
        If the source cannot be read, has the text not once, or is not a function with the replacement.
    """
    name = function.__qualname__
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise StatementError(f"the source of {name} cannot be read: {error}") from error
    if source.count(old) != 1:
        raise StatementError(f"{old!r} occurs {source.count(old)} times in {name}, not once")
    try:
        before, after = _definition(source), _definition(source.replace(old, new))
    except (SyntaxError, ValueError) as error:
        raise StatementError(f"{name} is no function with {new!r} in place of {old!r}: {error}") from error
    defaults = function.__defaults__, function.__kwdefaults__
    if ast.dump(before.args) != ast.dump(after.args):
        defaults = _defaults(after.args, function)
    code = _compiled(after, function)
    if code.co_freevars != function.__code__.co_freevars:
        raise StatementError(f"{name} with {new!r} assigns to a variable of the function around it")
    return Changed(code, *defaults)


def _definition(source: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """The definition that a source begins with; a method is indented, and is read as if it stood in a block."""
    inner = source[:1].isspace()
    body: Any = ast.parse(f"if True:\n{source}" if inner else source).body
    definition = body[0].body[0] if inner else body[0]
    if not isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise ValueError("there is no `def`")
    return definition


def _defaults(arguments: ast.arguments, function: FunctionType) -> tuple[Any, Any]:
    """The defaults of changed arguments, which the code of a function does not hold."""

    def value(node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "<default>", "eval"), function.__globals__)

    try:
        by_place = tuple(value(node) for node in arguments.defaults)
        pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        by_name = {argument.arg: value(node) for argument, node in pairs if node is not None}
    except Exception as error:
        raise StatementError(f"the defaults of {function.__qualname__} cannot be computed: {error}") from error
    return by_place or None, by_name or None


def _compiled(definition: ast.FunctionDef | ast.AsyncFunctionDef, function: FunctionType) -> CodeType:
    """The code of a definition, compiled within the class and the variables that are around the function.

    Nothing is executed: decorators, annotations and defaults are left out, since the function has them already. Within
    a class of the same name `super()` and names with two underscores mean what they do in the original.
    """
    arguments = definition.args
    definition.decorator_list, definition.returns = [], None
    arguments.defaults, arguments.kw_defaults = [], [None] * len(arguments.kwonlyargs)
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    for argument in every:
        if argument is not None:
            argument.annotation = None
    variables = function.__code__.co_freevars
    # a branch that is never taken reads all variables around, so that a change that drops one keeps their number
    definition.body[:0] = ast.parse(f"{REACHED}() if True else ({''.join(f'{one}, ' for one in variables)})").body
    tree, depth = ast.Module([definition], []), 1
    owner = function.__qualname__.rpartition(".")[0].rpartition(".")[2]
    if owner not in ("", "<locals>"):
        tree, depth = _within(f"class {owner}: pass", tree), depth + 1
        variables = tuple(one for one in variables if one != "__class__")
    if variables:
        tree, depth = _within(f"def {_AROUND}({', '.join(variables)}): pass", tree), depth + 1
    # of the future features only this one changes what the body does: annotations within it are not computed
    flags = function.__code__.co_flags & __future__.annotations.compiler_flag
    code = compile(ast.fix_missing_locations(tree), f"<mutant of {definition.name}>", "exec", flags, dont_inherit=True)
    for _ in range(depth):  # each level holds the code of the next one alone
        code = next(constant for constant in code.co_consts if isinstance(constant, CodeType))
    return code


def _within(text: str, tree: ast.Module) -> ast.Module:
    """A tree whose statements are those of a class or a function."""
    around: Any = ast.parse(text)
    around.body[0].body = tree.body
    return around
