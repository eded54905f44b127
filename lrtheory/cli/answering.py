"""Run a verb of the shell: its options, its files, and its answer on the screen, in files and as a picture."""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import importlib
import json
import re
import sys
import time
import typing
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory.cli import USAGE
from lrtheory.cli.arguments import Parser
from lrtheory.cli.sentences import speaking
from lrtheory.cli.verbs import NUMBERS, REQUIRED, Parameter, Verb, verbs_of

__all__ = ["run"]

NO, OPEN = 1, 2
_WAY_ON = """
`lrtheory {system} VERB --help` explains one; `help(lrtheory.{system})` in Python teaches the system."""
_FORMS = "table (csv, tsv, ...), json, jsonl, npy, npz, xlsx, preflib, trec, safetensors or folder"

# --- from the arguments to the answer --------------------------------------------------------------------------------


def run(system: str, arguments: list[str]) -> int:
    """Run a verb of a system.

    Parameters
    ----------
    system : str
        Name of the system.
    arguments : list of str
        The verb and what follows; nothing, or ``--help``, lists the verbs.

    Returns
    -------
    int
        0 answered, or yes; 1 no; 2 undecided; 3 wrong usage.

    Raises
    ------
    Exception
        If the file or the verb refuses; the command line prints the sentence.
    """
    known = verbs_of(system)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: lrtheory {system} VERB FILE...\n")
        for verb in known.values():
            print(f"{verb.line:<64} {verb.summary}")
        print(_WAY_ON.format(system=system) if known else f"{system} has no verbs")
        return 0
    name = arguments[0].replace("-", "_")
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        meant = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(known) or 'none'}"
        print(f"lrtheory: {system} has no verb `{arguments[0]}`{meant}", file=sys.stderr)
        return USAGE
    verb = known[name]
    options = _parser(verb).parse_intermixed_args(arguments[1:])  # options may stand between two files
    with speaking(verb):
        _refuse_targets(verb, options)
        started = time.perf_counter()
        answer, told = _with_warnings(lambda: _answered(verb, options))
        if isinstance(answer, Iterator):
            return _print_lines(answer, told)
        return _show(verb, options, answer, told, time.perf_counter() - started)


def _parser(verb: Verb) -> Parser:
    parser = Parser(
        prog=f"lrtheory {verb.system} {verb.name.replace('_', '-')}",
        description=f"{verb.summary}\n\n{verb.text}".strip(),
        epilog="examples:\n" + "\n".join(f"  {line}" for line in verb.examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for one in verb.files:
        count = "*" if one.many else None if one.default is REQUIRED else "?"
        parser.add_argument(one.name, nargs=count, metavar=one.name.upper(), help=_escaped(one.help))
    for one in verb.options:
        _add_option(parser, one)
    if verb.reading:
        _add_reading(parser.add_argument_group("the file"), verb.reading)
    _add_answer(parser.add_argument_group("the answer"), verb)
    return parser


def _add_reading(reading: Any, known: tuple[str, ...]) -> None:
    """Add what can be said about the first file; a model has neither columns nor a header."""
    if "form" in known:
        reading.add_argument("-f", "--form", help=f"its form, where suffix and first line do not tell: {_FORMS}")
    if "columns" in known:
        reading.add_argument("--columns", help="its columns, by names or numbers: `--columns a,b,winner`")
    if "header" in known:
        reading.add_argument(
            "--no-header", dest="header", action="store_const", const=False, help="its first line is data"
        )


def _add_answer(answer: Any, verb: Verb) -> None:
    """Add what may be done with an answer; of a stream nothing is shown, whose lines are JSON and come at once."""
    says = {
        ("-o", "--output"): f"write {verb.writes} (.csv, .tsv, .json, .jsonl, .npz); - prints csv",
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
    required = one.default is REQUIRED
    says = one.help + ("" if required or one.default in (None, False) else f" (default: {one.default})")
    shared: dict[str, Any] = {"dest": one.name, "help": _escaped(says), "default": None if required else one.default}
    if one.kind == "bool":
        parser.add_argument(one.flag, action=argparse.BooleanOptionalAction if one.default else "store_true", **shared)
        return
    if one.plain_kind.startswith("Literal["):
        shared["choices"] = ast.literal_eval(one.plain_kind.removeprefix("Literal").replace("[", "(", 1)[:-1] + ",)")
    elif one.plain_kind in NUMBERS:
        shared["type"] = NUMBERS[one.plain_kind]
    metavar = {} if "choices" in shared else {"metavar": "FILE" if one.is_file else one.name.upper()}
    parser.add_argument(one.flag, required=required, **metavar, **shared)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _with_warnings(run: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Call a function; return its answer, and the sentences of its warnings to users. Other warnings stay."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", category=UserWarning)
        answer = run()
    ours = [one for one in caught if one.category is UserWarning]
    for one in caught:
        if one not in ours:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return answer, list(dict.fromkeys(str(one.message) for one in ours))


def _answered(verb: Verb, options: argparse.Namespace) -> Any:
    """Read the files, and call the function."""
    function = getattr(importlib.import_module(f"lrtheory.{verb.system}.commands"), verb.name)
    classes = typing.get_type_hints(function)
    given = {name: value for name in verb.reading if (value := getattr(options, name)) is not None}
    files: list[Any] = []
    for one in verb.files:
        path = getattr(options, one.name)
        for told in path if one.many else [path]:
            files.append(None if told is None else _read(classes[one.name], told, {} if files else given))
    keywords = {one.name: _value(one, getattr(options, one.name), classes) for one in verb.options}
    return function(*files, **keywords)


def _read(kind: Any, path: str, given: dict[str, Any]) -> Any:
    """The object of a class that stands in a file."""
    (made,) = [one for one in typing.get_args(kind) or (kind,) if one is not type(None)]
    return made.from_file(path, **given)


def _value(one: Parameter, given: Any, classes: dict[str, Any]) -> Any:
    """An option as the function wants it: an object from a file, words, pairs, or what argparse made."""
    if not isinstance(given, str) or one.plain_kind in NUMBERS:
        return given
    if one.is_file:
        return _read(classes[one.name], given, {})
    if one.plain_kind.startswith("tuple[str"):
        return tuple(word.strip() for word in given.split(","))
    pairs = re.fullmatch(r"Mapping\[str, (\w+)\]", one.plain_kind)
    return given if pairs is None else _pairs(one, given, NUMBERS[pairs[1]])


def _pairs(one: Parameter, given: str, read: Callable[[str], Any]) -> dict[str, Any]:
    """``f=2,m=1`` as a mapping."""
    try:
        return {name.strip(): read(value) for name, value in (pair.split("=") for pair in given.split(","))}
    except ValueError:
        raise ValueError(f"{one.flag} takes pairs such as f=2,m=1; got {given!r}") from None


# --- from the answer to the screen and to files ----------------------------------------------------------------------


def _print_lines(answers: Iterator[Any], told: list[str]) -> int:
    """One JSON object a line, each as soon as it is there; the facts that a generator returns go to standard error."""
    from lrtheory._result import json_safe

    if told:
        print(*told, sep="\n", file=sys.stderr)
    while True:
        try:
            one = next(answers)
        except StopIteration as end:
            if end.value:
                print(*end.value, sep="\n", file=sys.stderr)
            return 0
        print(json.dumps(json_safe(one)), flush=True)


def _show(verb: Verb, options: argparse.Namespace, answer: Any, told: list[str], seconds: float) -> int:
    from lrtheory._result import display

    columns, facts = display.plain(answer._columns()), [*answer._facts(), *told]
    piped = options.output == "-"
    facts = [*facts, *_written(answer, options)]
    if options.json:
        print(json.dumps(_as_json(verb, options, answer, told, seconds), indent=1))
    elif piped:
        from lrtheory._files import delimited

        sys.stdout.write(delimited(columns, zip(*columns.values(), strict=True), ","))
        print(*answer._lead(), *facts, sep="\n", file=sys.stderr)
    else:
        for sentence in answer._lead():
            print(sentence)
        print(*display.table(columns, rows=None if options.all else 20, width=_terminal()), sep="\n")
        print(*facts, sep="\n")
    decided = answer._decided() if verb.answers or (verb.decides and options.decided) else True
    return 0 if decided else OPEN if decided is None else NO


def _terminal() -> int:
    import shutil

    return max(40, shutil.get_terminal_size((100, 24)).columns)


def _sources(verb: Verb, options: argparse.Namespace) -> list[Path]:
    """The files that were read."""
    return [Path(path) for path in _named(verb, options) if path != "-"]


def _named(verb: Verb, options: argparse.Namespace) -> list[str]:
    """Return the words that were typed in the place of files."""
    told = [getattr(options, one.name) for one in (*verb.files, *verb.options) if one.is_file]
    return [path for one in told for path in (one if isinstance(one, list) else [one]) if isinstance(path, str)]


def _refuse_suffix(verb: Verb, path: str) -> None:
    """Refuse a form that the answer is not written in."""
    from lrtheory._files import SUFFIXES

    function = getattr(importlib.import_module(f"lrtheory.{verb.system}.commands"), verb.name)
    answer = typing.get_type_hints(function)["return"]
    # a verb may answer in two ways, whichever its options ask for
    known = (*SUFFIXES, *(form for one in typing.get_args(answer) or (answer,) for form in one._forms))
    if "" not in known and Path(path).suffix.lower() not in known:
        raise ValueError(f"{verb.writes} is written as one of {', '.join(known)}; got {Path(path).name!r}")


def _refuse_targets(verb: Verb, options: argparse.Namespace) -> None:
    """Refuse what cannot be written before anything is read, since an answer may take an hour."""
    from lrtheory._files import refuse_occupied

    if [path for path in _named(verb, options) if path == "-"][1:]:
        raise ValueError("standard input, `-`, can be one file alone")
    if verb.streams and (options.plot or options.output not in (None, "-")):
        raise ValueError(f"{verb.name} answers each change with a line at once; `> answers.jsonl` keeps them")
    for told in (options.output, options.plot):
        if told in (None, "-"):
            continue
        if any(path.resolve() == Path(told).resolve() for path in _sources(verb, options)):
            raise ValueError(f"{told} is what was read; nothing is written over it")
        refuse_occupied(told, force=options.force)
    if options.output not in (None, "-"):
        _refuse_suffix(verb, options.output)
    if options.plot and Path(options.plot).suffix.lower() not in (".png", ".svg", ".pdf"):
        raise ValueError(f"a picture is written as .png, .svg or .pdf; got {options.plot!r}")


def _written(answer: Any, options: argparse.Namespace) -> list[str]:
    """Write the answer and its picture, both or none, and say so."""
    from lrtheory._files import replacing

    output = None if options.output == "-" else options.output
    told = [f"wrote {output}"] * bool(output) + [f"drew {options.plot}"] * bool(options.plot)

    def write() -> None:
        if output:
            answer.to_file(output, force=options.force)

    if not options.plot:
        write()
        return told
    import matplotlib as mpl

    with mpl.rc_context({"backend": "agg"}):
        figure = answer.plot().figure

        def draw(target: Path) -> None:
            figure.savefig(target, dpi=150)
            write()  # the picture is there and gets its name only once the answer is written

        replacing(options.plot, draw, force=options.force)
    return told


def _files(sources: Iterable[Path]) -> Iterator[Path]:
    """The files among the sources, and those in folders among them."""
    for path in sources:
        yield from [path] if path.is_file() else sorted(p for p in path.glob("*") if p.is_file())


def _as_json(verb: Verb, options: argparse.Namespace, answer: Any, told: list[str], seconds: float) -> dict[str, Any]:
    """All that is known about the answer, with all digits."""
    from lrtheory._result import display, json_safe

    columns = display.plain(answer._columns())
    certificate = getattr(answer, "certificate", None)
    given = {one.name: getattr(options, one.name) for one in verb.options}
    hashes = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(_sources(verb, options))}
    return {
        "verb": f"{verb.system} {verb.name}",
        "version": lrtheory.__version__,
        "inputs": hashes,
        "options": json_safe(given),
        "columns": list(columns),
        "rows": json_safe(list(zip(*columns.values(), strict=True))),
        "facts": [*answer._lead(), *answer._facts(), *told],
        "certificate": json_safe(certificate),
        "seconds": round(seconds, 3),
    }
