"""The verbs of the shell, ``lrtheory SYSTEM VERB FILE...``: found on disk, read without importing a system, and run.

A verb is a public function of ``<system>/commands.py``. Its positional parameters are files, of the classes that their
annotations name, each with a ``from_file``; its keywords are options; its docstring is the help. What it returns is a
result, whose table, sentences and picture are printed and written here.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import functools
import hashlib
import importlib
import inspect
import json
import re
import sys
import time
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import lrtheory

__all__ = ["Parser", "Verb", "hint", "run", "verbs", "verbs_of"]

USAGE, NO, OPEN = 3, 1, 2
_REQUIRED = object()
_FOLDER = Path(__file__).resolve().parent.parent
_FORMS = "table (csv, tsv, ...), json, jsonl, npy, npz, preflib, trec, safetensors or folder"
_NUMBERS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str}


class Parser(argparse.ArgumentParser):
    """Argparse with the exit code of this command for wrong usage."""

    def error(self, message: str) -> Any:
        """Print the usage and a sentence, and end with the code for wrong usage.

        Parameters
        ----------
        message : str
            The sentence.

        Returns
        -------
        None
            Never.
        """
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


class Parameter(NamedTuple):
    """A parameter of a verb: its name, the text of its annotation, its default, its help, whether it takes several."""

    name: str
    kind: str
    default: Any
    help: str
    several: bool = False

    @property
    def plain_kind(self) -> str:
        """The annotation without ``| None``."""
        return self.kind.removesuffix(" | None")

    @property
    def is_file(self) -> bool:
        """Whether the annotation names a class that is read from a file."""
        return self.plain_kind not in _NUMBERS and re.fullmatch(r"[A-Z]\w*", self.plain_kind) is not None

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

    @property
    def line(self) -> str:
        """The line that a person types to run the verb."""
        files = " ".join(one.name.upper() + ("..." if one.several else "") for one in self.files)
        return f"lrtheory {self.system} {self.name.replace('_', '-')} {files}"


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
        In the order of the source.
    """
    path = _FOLDER / system / "commands.py"
    if not path.exists():
        return {}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    decides = _constant(tree, "DECIDES")
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return {node.name: _verb(system, node, node.name in decides) for node in functions}


def _constant(tree: ast.Module, name: str) -> tuple[str, ...]:
    """A tuple of words that a module assigns to a name; empty where it does not."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]:
            return tuple(ast.literal_eval(node.value))
    return ()


def _verb(system: str, node: ast.FunctionDef, decides: bool) -> Verb:
    docstring = ast.get_docstring(node) or ""
    summary, _, rest = docstring.partition("\n")
    described, arguments = _described(docstring), node.args
    defaults = [_REQUIRED] * (len(arguments.args) - len(arguments.defaults)) + [_literal(d) for d in arguments.defaults]
    files = [_parameter(one, default, described) for one, default in zip(arguments.args, defaults, strict=True)]
    if arguments.vararg is not None:
        files.append(_parameter(arguments.vararg, _REQUIRED, described)._replace(several=True))
    options = [
        _parameter(one, _REQUIRED if default is None else _literal(default), described)
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    examples = tuple(line.strip() for line in docstring.splitlines() if line.strip().startswith("lrtheory "))
    text = rest.split("\nParameters\n")[0].strip()
    streams = node.returns is not None and ast.unparse(node.returns).startswith("Iterator")
    return Verb(system, node.name, summary, text, tuple(files), tuple(options), examples, decides, streams)


def _parameter(one: ast.arg, default: Any, described: dict[str, str]) -> Parameter:
    kind = "" if one.annotation is None else ast.unparse(one.annotation)
    return Parameter(one.arg, kind, default, described.get(one.arg, ""))


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _described(docstring: str) -> dict[str, str]:
    """Read the words about each parameter in the section Parameters of a docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", docstring, re.MULTILINE | re.DOTALL)
    found: dict[str, str] = {}
    for head, body in re.findall(r"^([\w*, ]+) : .*\n((?:    .*\n?|\n)*)", section[1] if section else "", re.MULTILINE):
        for name in head.split(","):
            found[name.strip(" *")] = " ".join(body.split())
    return found


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
        What was typed after ``lrtheory``.

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


# --- from the arguments to the answer --------------------------------------------------------------------------------


def run(system: str, arguments: list[str]) -> int:
    """Run a verb of a system.

    Parameters
    ----------
    system : str
        Its name.
    arguments : list of str
        The verb and what follows; nothing, or ``--help``, lists the verbs.

    Returns
    -------
    int
        0 answered, or yes; 1 no; 2 undecided; 3 wrong usage.

    Raises
    ------
    Exception
        What the file or the verb has to say; the command line prints its sentence.
    """
    known = verbs_of(system)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: lrtheory {system} VERB FILE...\n")
        for verb in known.values():
            print(f"{verb.line:<64} {verb.summary}")
        print("" if known else f"{system} has no verbs")
        return 0
    name = arguments[0].replace("-", "_")
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        meant = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(known) or 'none'}"
        print(f"lrtheory: {system} has no verb `{arguments[0]}`{meant}", file=sys.stderr)
        return USAGE
    verb = known[name]
    options = _parser(verb).parse_intermixed_args(arguments[1:])  # options may stand between two files
    _refuse_targets(verb, options)
    started = time.perf_counter()
    answer = _answered(verb, options)
    if isinstance(answer, Iterator):
        return _print_lines(answer)
    return _show(verb, options, answer, time.perf_counter() - started)


def _parser(verb: Verb) -> Parser:
    parser = Parser(
        prog=f"lrtheory {verb.system} {verb.name.replace('_', '-')}",
        description=f"{verb.summary}\n\n{verb.text}".strip(),
        epilog="examples:\n" + "\n".join(f"  {line}" for line in verb.examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for one in verb.files:
        count = "+" if one.several else "?" if one.default is not _REQUIRED else None
        parser.add_argument(one.name, nargs=count, metavar=one.name.upper(), help=_escaped(one.help))
    for one in verb.options:
        _add_option(parser, one)
    reading = parser.add_argument_group("the file")
    reading.add_argument("-f", "--form", help=f"its form, where suffix and first line do not tell: {_FORMS}")
    reading.add_argument("--columns", help="its columns, by names or numbers: `--columns a,b,winner`")
    reading.add_argument("--no-header", action="store_true", help="its first line is data")
    _add_answer(parser.add_argument_group("the answer"), verb)
    return parser


def _add_answer(answer: Any, verb: Verb) -> None:
    """Add what may be done with an answer; of a stream nothing is shown, whose lines are JSON and come at once."""
    says = {
        ("-o", "--output"): "write it (.csv, .tsv, .json, .jsonl, .npz); - prints csv",
        ("--plot",): "draw it: .png, .svg, .pdf",
        ("--json",): "print JSON with all digits in place of text",
        ("--all",): "print all rows (default: 20)",
        ("--force",): "replace files that are there",
    }
    for flags, help_ in says.items():
        kind: dict[str, Any] = {"metavar": "PATH"} if flags[-1] in ("--output", "--plot") else {"action": "store_true"}
        answer.add_argument(*flags, **kind, help=argparse.SUPPRESS if verb.streams else help_)
    if verb.decides:
        answer.add_argument("--decided", action="store_true", help="exit with 1 for no and with 2 while it is open")


def _add_option(parser: Parser, one: Parameter) -> None:
    required = one.default is _REQUIRED
    says = one.help + ("" if required or one.default in (None, False) else f" (default: {one.default})")
    shared: dict[str, Any] = {"dest": one.name, "help": _escaped(says), "default": None if required else one.default}
    if one.kind == "bool":
        parser.add_argument(one.flag, action=argparse.BooleanOptionalAction if one.default else "store_true", **shared)
        return
    if one.plain_kind.startswith("Literal["):
        shared["choices"] = ast.literal_eval(one.plain_kind.removeprefix("Literal").replace("[", "(", 1)[:-1] + ",)")
    elif one.plain_kind in _NUMBERS:
        shared["type"] = _NUMBERS[one.plain_kind]
    metavar = {} if "choices" in shared else {"metavar": "FILE" if one.is_file else one.name.upper()}
    parser.add_argument(one.flag, required=required, **metavar, **shared)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _answered(verb: Verb, options: argparse.Namespace) -> Any:
    """Read the files, and call the function."""
    function = getattr(importlib.import_module(f"lrtheory.{verb.system}.commands"), verb.name)
    classes = typing.get_type_hints(function)
    reading = {"form": options.form, "columns": options.columns, "header": False if options.no_header else None}
    given = {name: value for name, value in reading.items() if value is not None}
    files: list[Any] = []
    for one in verb.files:
        paths = getattr(options, one.name)
        for path in paths if one.several else [paths]:
            files.append(path if path is None else _read(classes[one.name], path, given if not files else {}))
    keywords = {one.name: _value(one, getattr(options, one.name), classes) for one in verb.options}
    return function(*files, **keywords)


def _read(kind: Any, path: str, given: dict[str, Any]) -> Any:
    """The object of a class that stands in a file."""
    (made,) = [one for one in typing.get_args(kind) or (kind,) if one is not type(None)]
    accepted = inspect.signature(made.from_file).parameters
    for name in given:
        if name not in accepted:
            flag = "--no-header" if name == "header" else f"--{name}"
            raise ValueError(f"{flag} says nothing about {path}, which is read as {made.__name__}")
    return made.from_file(path, **given)


def _value(one: Parameter, given: Any, classes: dict[str, Any]) -> Any:
    """An option as the function wants it: an object from a file, words, pairs, or what argparse made."""
    if not isinstance(given, str) or one.plain_kind in _NUMBERS:
        return given
    if one.is_file:
        return _read(classes[one.name], given, {})
    if one.plain_kind.startswith("tuple[str"):
        return tuple(word.strip() for word in given.split(","))
    pairs = re.fullmatch(r"Mapping\[str, (\w+)\]", one.plain_kind)
    return given if pairs is None else _pairs(one, given, _NUMBERS[pairs[1]])


def _pairs(one: Parameter, given: str, read: Callable[[str], Any]) -> dict[str, Any]:
    """``f=2,m=1`` as a mapping."""
    try:
        return {name.strip(): read(value) for name, value in (pair.split("=") for pair in given.split(","))}
    except ValueError:
        raise ValueError(f"{one.flag} takes pairs such as f=2,m=1; got {given!r}") from None


# --- from the answer to the screen and to files ----------------------------------------------------------------------


def _print_lines(answers: Iterator[Any]) -> int:
    """One JSON object a line, each as soon as it is there."""
    from lrtheory._result import json_safe

    for one in answers:
        print(json.dumps(json_safe(one)), flush=True)
    return 0


def _show(verb: Verb, options: argparse.Namespace, answer: Any, seconds: float) -> int:
    from lrtheory._result import display

    columns, facts = display.plain(answer._columns()), answer._facts()
    piped = options.output == "-"
    if options.output and not piped:
        answer.to_file(options.output, force=options.force)
        facts = [*facts, f"wrote {options.output}"]
    if options.plot:
        _save_picture(answer, options)
        facts = [*facts, f"drew {options.plot}"]
    if options.json:
        print(json.dumps(_as_json(verb, options, answer, seconds), indent=1))
    elif piped:
        from lrtheory._files import delimited

        sys.stdout.write(delimited(columns, zip(*columns.values(), strict=True), ","))
        print(*facts, sep="\n", file=sys.stderr)
    else:
        print(*display.table(columns, rows=None if options.all else 20, width=_terminal()), sep="\n")
        print(*facts, sep="\n")
    decided = answer._decided() if verb.decides and options.decided else True
    return 0 if decided else OPEN if decided is None else NO


def _terminal() -> int:
    import shutil

    return max(40, shutil.get_terminal_size((100, 24)).columns)


def _sources(verb: Verb, options: argparse.Namespace) -> list[Path]:
    """The files that were read."""
    named = [getattr(options, one.name) for one in (*verb.files, *verb.options) if one.is_file]
    flat = [path for paths in named for path in (paths if isinstance(paths, list) else [paths])]
    return [Path(path) for path in flat if isinstance(path, str) and path != "-"]


def _refuse_targets(verb: Verb, options: argparse.Namespace) -> None:
    """Refuse what cannot be written before anything is read, since an answer may take an hour."""
    if verb.streams and (options.plot or options.output not in (None, "-")):
        raise ValueError(f"{verb.name} answers each change with a line at once; `> answers.jsonl` keeps them")
    for told in (options.output, options.plot):
        if told in (None, "-"):
            continue
        if any(path.resolve() == Path(told).resolve() for path in _sources(verb, options)):
            raise ValueError(f"{told} is what was read; nothing is written over it")
        if not Path(told).parent.is_dir():
            raise FileNotFoundError(f"there is no folder {str(Path(told).parent)!r}")
    if options.plot and Path(options.plot).suffix.lower() not in (".png", ".svg", ".pdf"):
        raise ValueError(f"a picture is written as .png, .svg or .pdf; got {options.plot!r}")


def _save_picture(answer: Any, options: argparse.Namespace) -> None:
    import matplotlib as mpl

    from lrtheory._files import replacing

    with mpl.rc_context({"backend": "agg"}):
        figure = answer.plot().figure
        replacing(options.plot, lambda target: figure.savefig(target, dpi=150), force=options.force)


def _as_json(verb: Verb, options: argparse.Namespace, answer: Any, seconds: float) -> dict[str, Any]:
    """All that is known about the answer, with all digits."""
    from lrtheory._result import display, json_safe

    columns = display.plain(answer._columns())
    certificate = getattr(answer, "certificate", None)
    given = {one.name: getattr(options, one.name) for one in verb.options}
    hashes = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in _sources(verb, options) if p.is_file()}
    return {
        "verb": f"{verb.system} {verb.name}",
        "version": lrtheory.__version__,
        "inputs": hashes,
        "options": json_safe(given),
        "columns": list(columns),
        "rows": json_safe(list(zip(*columns.values(), strict=True))),
        "facts": answer._facts(),
        "certificate": json_safe(certificate),
        "seconds": round(seconds, 3),
    }
