"""The verbs of the shell, ``lrtheory SYSTEM VERB FILE...``: found on disk, and read without importing a system.

A verb is a public function of ``<system>/commands.py``. Its positional parameters are files, of the classes that their
annotations name, each with a ``from_file``, and ``*others`` any number of them; its keywords are options; its docstring
is the help. What it returns is a result, whose table, sentences and picture `answering` prints and writes. A verb that
the module names in `DECIDES` has the option ``--decided``, and one in `ANSWERS` always exits with its yes or no. What a
verb writes with ``-o``, where that is not the table that it prints, stands in `WRITES` as the help says it. Arguments
of the functions that a verb calls, whose names are not those of its options, stand in `RENAMED`, so that errors name
options.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import lrtheory
from lrtheory.cli.docstrings import entries

__all__ = ["NUMBERS", "REQUIRED", "Parameter", "Verb", "hint", "verbs", "verbs_of"]

REQUIRED = object()
_FOLDER = Path(__file__).resolve().parent.parent
NUMBERS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str}


class Parameter(NamedTuple):
    """A parameter of a verb: its name, the text of its annotation, its default, and its help."""

    name: str
    kind: str
    default: Any
    help: str
    many: bool = False

    @property
    def plain_kind(self) -> str:
        """The annotation without ``| None``."""
        return self.kind.removesuffix(" | None")

    @property
    def is_file(self) -> bool:
        """Whether the annotation names a class that is read from a file."""
        return self.plain_kind not in NUMBERS and re.fullmatch(r"[A-Z]\w*", self.plain_kind) is not None

    @property
    def flag(self) -> str:
        """The option of the shell."""
        return f"-{self.name}" if len(self.name) == 1 else "--" + self.name.replace("_", "-")


class Verb(NamedTuple):
    """A verb as its source describes it."""

    system: str
    name: str
    summary: str
    text: str
    files: tuple[Parameter, ...]
    options: tuple[Parameter, ...]
    examples: tuple[str, ...]
    decides: bool
    streams: bool = False
    answers: bool = False
    writes: str = "a table"
    renamed: Mapping[str, str] = MappingProxyType({})

    @property
    def line(self) -> str:
        """The line that a person types to run the verb."""
        files = " ".join(one.name.upper() + "..." * one.many for one in self.files)
        return f"lrtheory {self.system} {self.name.replace('_', '-')} {files}"

    @property
    def reading(self) -> tuple[str, ...]:
        """The options that its first file takes: some of form, columns and header."""
        known = _reading_options(f"lrtheory.{self.system}.commands", self.files[0].plain_kind) if self.files else ()
        return tuple(word for word in ("form", "columns", "header") if word in known)


# --- what stands in the sources --------------------------------------------------------------------------------------


@functools.cache
def verbs_of(system: str) -> dict[str, Verb]:
    """The verbs of a system by the name of their function, read from its source; empty if it has none.

    Parameters
    ----------
    system : str
        The name of a system.

    Returns
    -------
    dict of str to Verb
        Verbs by name, in the order of the source.
    """
    path = _FOLDER / system / "commands.py"
    if not path.exists():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    decides, answers, writes, renamed = (_constant(tree, name) for name in ("DECIDES", "ANSWERS", "WRITES", "RENAMED"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    found = [_verb(system, node) for node in functions]
    return {
        one.name: one._replace(
            decides=one.name in decides,
            answers=one.name in answers,
            writes=dict(writes).get(one.name, one.writes),
            renamed=dict(renamed).get(one.name, {}),
        )
        for one in found
    }


def _constant(tree: ast.Module, name: str) -> Any:
    """A tuple or a dictionary of words that a module assigns to a name; empty where it does not."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]:
            return ast.literal_eval(node.value)
    return ()


def _verb(system: str, node: ast.FunctionDef) -> Verb:
    docstring = ast.get_docstring(node) or ""
    summary, _, rest = docstring.partition("\n")
    described, arguments = _described(docstring), node.args
    defaults = [REQUIRED] * (len(arguments.args) - len(arguments.defaults)) + [_literal(d) for d in arguments.defaults]
    files = [_parameter(one, default, described) for one, default in zip(arguments.args, defaults, strict=True)]
    if arguments.vararg is not None:
        files.append(_parameter(arguments.vararg, None, described)._replace(many=True))
    options = [
        _parameter(one, REQUIRED if default is None else _literal(default), described)
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    examples = tuple(line.strip() for line in docstring.splitlines() if line.strip().startswith("lrtheory "))
    text = rest.split("\nParameters\n")[0].strip()
    streams = node.returns is not None and ast.unparse(node.returns).startswith("Iterator")
    return Verb(system, node.name, summary, text, tuple(files), tuple(options), examples, False, streams)


def _parameter(one: ast.arg, default: Any, described: dict[str, str]) -> Parameter:
    kind = "" if one.annotation is None else ast.unparse(one.annotation)
    return Parameter(one.arg, kind, default, described.get(one.arg, ""))


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _described(docstring: str) -> dict[str, str]:
    """Return what the section Parameters of a docstring says of each parameter."""
    return {name: body for name, _, body in entries(docstring, "Parameters")}


def _reading_options(module: str, name: str) -> tuple[str, ...]:
    """The keywords of the ``from_file`` of a class that a module defines or imports; empty if it has none."""
    if module.partition(".")[0] != "lrtheory":
        return ()
    for node in _parsed(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _of_class(module, node)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _reading_options(node.module or "", alias.name)
    return ()


def _of_class(module: str, node: ast.ClassDef) -> tuple[str, ...]:
    """The keywords of the class's own ``from_file``, or of the one that it inherits."""
    for one in node.body:
        if isinstance(one, ast.FunctionDef) and one.name == "from_file":
            return tuple(keyword.arg for keyword in one.args.kwonlyargs)
    inherited = (_reading_options(module, base.id) for base in node.bases if isinstance(base, ast.Name))
    return next((found for found in inherited if found), ())


@functools.cache
def _parsed(module: str) -> ast.Module:
    path = _FOLDER.joinpath(*module.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(source.read_text(encoding="utf-8"))


def verbs() -> int:
    """Print the verbs of all systems, a line each.

    Returns
    -------
    int
        The exit code 0.
    """
    for system in lrtheory.SYSTEMS:
        for verb in verbs_of(system).values():
            print(f"{verb.line:<64} {verb.summary}")
    return 0


def hint(word: str) -> str | None:
    """The sentence for a word that is no command and may be a verb.

    Parameters
    ----------
    word : str
        Word that was typed after ``lrtheory``.

    Returns
    -------
    str or None
        None where no system has such a verb.
    """
    name = word.replace("-", "_")
    homes = [system for system in lrtheory.SYSTEMS if name in verbs_of(system)]
    if not homes:
        return None
    lines = " or ".join(verbs_of(system)[name].line for system in homes)
    return f"`{word}` is a verb of {' and of '.join(homes)}: {lines}"
