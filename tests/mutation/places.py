"""Where a mutant may stand: the code of a system that an answer can depend on.

What counts is the bodies of functions and methods, the defaults of their arguments, and constants of modules. What does
not count, since no answer depends on it:

- annotations, decorators, overloads for type checkers, abstract methods and branches for type checkers;
- whatever is raised or warned, and assertions, which tell type checkers what is so; conditions of refusals do count;
- texts: f-strings, and all of `__repr__`, `__str__`, `_repr_html_`, `_facts` and `_draw`;
- ``strict=`` of `zip`, which finds errors of our own, and stars that unpack, which are no operators;
- ``|`` of types, in constants and in `isinstance`;
- what runs in the compiler alone: functions with Numba's ``overload`` or ``intrinsic``, and modules that write machine
  code with llvmlite. Bodies of classes, which run at the import alone, are left out too.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

Place = tuple[tuple[int, int], tuple[int, int]]
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: methods that make texts and pictures
SHOWN = frozenset({"__repr__", "__str__", "_repr_html_", "_facts", "_draw"})
#: decorators of functions whose bodies never run, or run in the compiler
UNRUN = frozenset({"overload", "intrinsic", "abstractmethod"})


class Region(NamedTuple):
    """A function, a method or a constant: where it stands, what it is called, and a digest of its code."""

    path: Path
    name: str
    first: int
    last: int
    kind: str
    digest: str

    @property
    def key(self) -> str:
        """A name that no other one has: properties share theirs with their setters, and not their lines."""
        return f"{self.path}:{self.name}:{self.first}"


class Places:
    """The regions of a file, and which of them a place belongs to.

    Parameters
    ----------
    path : Path
        A file of Python.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.inside: list[tuple[Place, Region]] = []
        self.outside: list[Place] = []
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not any("llvmlite" in name for name in imported(tree)):
            self._module(tree)

    def region(self, place: Place) -> Region | None:
        """The innermost region that holds a place; None where a mutant may not stand."""
        if any(start <= place[0] and place[1] <= end for start, end in self.outside):
            return None
        found = [(start, one) for (start, end), one in self.inside if start <= place[0] and place[1] <= end]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def regions(self) -> list[Region]:
        """All regions, in the order of the file."""
        return list(dict.fromkeys(region for _, region in self.inside))

    def _module(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and (name := constant(node)):
                assert node.value is not None
                region = Region(self.path, name, node.lineno, node.end_lineno or 0, "constant", digest(node))
                self.inside.append((self._span(node.value), region))
                self._leave_out(node)
                self.outside += [self._span(one) for one in unions(node)]
        self._functions(tree, "")

    def _functions(self, parent: ast.AST, prefix: str) -> None:
        """The functions within a node, under the names that the compiler gives them."""
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, DEFINITIONS):
                self._function(node, prefix + node.name)
                self._functions(node, f"{prefix}{node.name}.<locals>.")
            elif isinstance(node, ast.ClassDef):
                self._functions(node, f"{prefix}{node.name}.")
            else:
                self._functions(node, prefix)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> None:
        decorators = {word for one in node.decorator_list for word in words(one)}
        if node.name in SHOWN or decorators & UNRUN:
            self.outside.append(self._span(node))
            return
        # the compiler counts the decorators to a function, a tree does not
        first = min(node.lineno, *(one.lineno for one in node.decorator_list), node.lineno)
        kind = "kernel" if "kernel" in decorators else "plain"
        region = Region(self.path, name, first, node.end_lineno or 0, kind, digest(node))
        values = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
        for part in (*node.body, *values):
            self.inside.append((self._span(part), region))
        self.outside += [self._span(one) for one in node.decorator_list]
        self._leave_out(node)

    def _leave_out(self, node: ast.AST) -> None:
        self.outside += [*(self._span(one) for one in idle(node)), *self._stars(node)]

    def _stars(self, node: ast.AST) -> Iterator[Place]:
        """Where stars stand that unpack something."""
        for one in ast.walk(node):
            if isinstance(one, ast.Starred):
                yield self._span(one)[0], self._span(one.value)[0]
            unpacked = [given.value for given in getattr(one, "keywords", ()) if given.arg is None]
            if isinstance(one, ast.Dict):
                unpacked += [value for key, value in zip(one.keys, one.values, strict=True) if key is None]
            for line, column in (self._span(value)[0] for value in unpacked):
                stars = self.lines[line - 1].rfind("**", 0, column)
                yield (line, stars), (line, stars + 2)

    def _span(self, node: ast.AST) -> Place:
        """Where a node stands, in letters, while the compiler counts bytes."""

        def letters(line: int, column: int) -> tuple[int, int]:
            return line, len(self.lines[line - 1].encode()[:column].decode())

        return letters(node.lineno, node.col_offset), letters(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


def idle(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a function or a constant that no answer depends on."""
    for one in ast.walk(node):
        if isinstance(one, (ast.Raise, ast.Assert, ast.JoinedStr)):
            yield one
        elif isinstance(one, ast.Call) and words(one.func) & {"warn", "cast"}:
            yield one
        elif isinstance(one, ast.Call) and words(one.func) == {"isinstance"}:
            yield from unions(one)
        elif isinstance(one, ast.Call):
            yield from (given.value for given in one.keywords if given.arg == "strict")
        elif isinstance(one, ast.If) and "TYPE_CHECKING" in words(one.test):
            yield one
        elif isinstance(one, (ast.arg, ast.AnnAssign)) and one.annotation is not None:
            yield one.annotation
        elif isinstance(one, DEFINITIONS) and one.returns is not None:
            yield one.returns


def unions(node: ast.AST) -> Iterator[ast.AST]:
    """What is joined by ``|`` within a node."""
    return (one for one in ast.walk(node) if isinstance(one, ast.BinOp) and isinstance(one.op, ast.BitOr))


def constant(node: ast.Assign | ast.AnnAssign) -> str:
    """The name that a statement of a module gives to a value; empty where it is none that could be exchanged."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if len(targets) != 1 or not isinstance(targets[0], ast.Name) or node.value is None:
        return ""
    return "" if targets[0].id.startswith("__") else targets[0].id


def digest(node: ast.AST) -> str:
    """A digest of code without its comments, its docstrings and its place."""
    kept = ast.parse(ast.unparse(node))
    for one in ast.walk(kept):
        if isinstance(one, (*DEFINITIONS, ast.ClassDef)) and ast.get_docstring(one) is not None:
            one.body = one.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(kept).encode()).hexdigest()[:12]


def words(node: ast.expr) -> set[str]:
    """The names and attributes in an expression."""
    return {
        one.id if isinstance(one, ast.Name) else one.attr
        for one in ast.walk(node)
        if isinstance(one, (ast.Name, ast.Attribute))
    }


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
