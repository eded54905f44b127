"""``lrtheory list`` and ``lrtheory show``: the statements in lines, and one of them in full."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lrtheory
from lrtheory.cli import index

if TYPE_CHECKING:
    from lrtheory.bounds import Statement

__all__ = ["listed", "named", "print_lines", "show"]

_MARKS = "*?["  # of a shell pattern
_SEARCHED = ("title", "claim", "source", "says", "notes", "hypotheses", "saboteurs")


# --- list ------------------------------------------------------------------------------------------------------------


def listed(options: Any) -> int:
    """Print the statements that have all of some words, those first whose id has them."""
    if options.installed:
        return _list_installed(options)
    words = options.words
    if any("::" in word for word in words):
        rows = _of_a_place(words)
    else:
        rows = _with(words, index.rows(alone=options.alone))
    if options.for_all:
        rows = [row for row in rows if row["for all"]]
    if not rows:
        raise ValueError(f"no statement matches {' '.join(words)!r}; {_elsewhere(words)}`lrtheory list` shows all")
    if options.json:
        print(
            json.dumps([{key: value for key, value in row.items() if key != "counts"} for row in rows], indent=1),
            file=options.out,
        )
        return 0
    print_lines(rows, sets=options.for_all)
    print(_counted(row["counts"] for row in rows))
    return 0


def print_lines(rows: Iterable[dict[str, Any]], *, sets: bool = False) -> None:
    """Print a line a statement, and below it the sets that it covers where they are asked for."""
    for row in rows:
        print(f"{row['id']:<44} {row['kind']:<12} {row['title']}")
        for told in row["for all"] if sets else ():
            print(f"    {told}")


def _of_a_place(words: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a place of the caller's own, which is in no index."""
    from lrtheory.bounds.reporting import counts
    from lrtheory.cli.describing import described

    if len(words) > 1:
        raise ValueError("a place with `::` is listed by itself, without other words")
    return [described(one) | {"counts": counts([one])} for one in lrtheory.statements(words[0])]


def _with(words: Sequence[str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that have all words; patterns are patterns of ids."""
    asked = [word.lower() for word in words]
    by_id = [row for row in rows if all(_fits(word, row["id"].lower()) for word in asked)]
    if any(mark in word for mark in _MARKS for word in asked):
        return by_id
    # a word of a sentence by its beginning, since "Elo" is no part of "below"
    begun = [re.compile(r"(?<![^\W_])" + re.escape(word)) for word in asked]
    texts = [" ".join(map(str, (row["id"], *(row[field] for field in _SEARCHED)))).lower() for row in rows]
    by_text = [row for row, text in zip(rows, texts, strict=True) if all(one.search(text) for one in begun)]
    return by_id + [row for row in by_text if row not in by_id]


def _elsewhere(words: Sequence[str]) -> str:
    """The functions of the systems that are named like the words, as the end of a sentence; nothing is imported."""
    found = []
    for system in lrtheory.SYSTEMS:
        source = (Path(lrtheory.__file__).parent / system / "__init__.py").read_text(encoding="utf-8")
        nodes = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
        names = [alias.name for node in nodes for alias in node.names]
        found += [f"lrtheory.{system}.{name}" for name in names if all(word.lower() in name.lower() for word in words)]
    return f"there is a function of that name, {', '.join(found[:3])}; " if found else ""


def _fits(word: str, id: str) -> bool:
    return fnmatch.fnmatchcase(id, word) if any(mark in word for mark in _MARKS) else word in id


def _counted(counts: Iterable[dict[str, int]]) -> str:
    """One line: theorems of papers, classical and derived ones, observations, and what is recorded without a check."""
    n: dict[str, int] = {}
    for one in counts:
        n = {name: n.get(name, 0) + one.get(name, 0) for name in {*n, *one}}
    count = lambda name: n.get(name, 0)
    several = lambda name, noun: f"{count(name)} {noun}{'' if count(name) == 1 else 's'}"
    hold, fail = ("holds" if count("kept") == 1 else "hold"), ("does" if count("violated") == 1 else "do")
    promises = f"{several('kept', 'documented promise')} that {hold}, {count('violated')} that {fail} not, "
    return (
        f"{several('theorems', 'theorem')} ({count('of the papers')} of the papers, {count('classical')} classical, "
        f"{count('derived here')} derived here), {promises if count('kept') + count('violated') else ''}"
        f"{several('observations', 'observation')}, {count('recorded')} recorded without a check, "
        f"{several('saboteurs', 'saboteur')}"
    )


def _list_installed(options: Any) -> int:
    """Collections that installed packages announce in the group of entry points; nothing is imported."""
    import importlib.metadata

    found = {one.name: one.value for one in importlib.metadata.entry_points(group="lrtheory.statements")}
    if options.json:
        print(json.dumps(found, indent=1), file=options.out)
    else:
        for name, module in found.items():
            print(f"{name:<28} lrtheory list {module}::*")
        if not found:
            print("no installed package announces statements (entry points of the group lrtheory.statements)")
    return 0


# --- by name ---------------------------------------------------------------------------------------------------------


def named(word: str) -> tuple[list[Statement], str]:
    """The statements that a word of the caller's means, and what it is where it means several.

    Parameters
    ----------
    word : str
        An id or a unique part of one, a system, or a pattern; in front of it may stand a place and ``::``.

    Returns
    -------
    statements : list of Statement
        Statements that are meant, at least one.
    kind : {"", "system", "pattern"}
        Empty for a single statement.

    Raises
    ------
    KeyError
        If no id, or more than one, has that part.
    ValueError
        If nothing matches the pattern.
    """
    from lrtheory._front import registry
    from lrtheory.bounds.finding.naming import several_named

    place, _, id = word.rpartition("::")
    pattern = any(mark in id for mark in _MARKS)
    rows = index.known() if not place and not pattern else None
    if rows is None:
        there = registry(place)
        try:  # the exact id costs the import of its own system alone
            found = there.matching(id) if pattern else [there[id]]
        except KeyError:
            found = [there[one] for one in several_named(id, there.ids())]
    else:  # the index knows the whole ids, so that one statement costs the import of its own system alone
        found = [registry()[one] for one in several_named(word, [row["id"] for row in rows])]
    if not found:
        raise ValueError(f"no statement matches {word!r}; `lrtheory list` shows all")
    if pattern:
        return found, "pattern"
    # an item that is called like its system means itself
    plain = [part.lower().replace("-", "_") for part in (id, *found[0].id.split("/", 1))]
    return found, "system" if plain[0] == plain[1] and (len(found) > 1 or plain[0] != plain[2]) else ""


# --- show ------------------------------------------------------------------------------------------------------------


def show(options: Any) -> int:
    """Print one statement in full, or those of a system in lines."""
    from lrtheory.bounds.statement.formulas import as_text
    from lrtheory.bounds.statement.letters import set_in
    from lrtheory.cli.describing import described, explained

    found, kind = named(options.id)
    if kind:
        return _show_several(options, found, kind)
    (statement,) = found
    told = described(statement)
    if options.json:
        types = {word: lines[0] for word, lines in explained(statement).items()}
        print(json.dumps(told | types, indent=1), file=options.out)
        return 0
    if not options.tex:
        told |= {
            "claim": _on_screen(as_text(statement.tex), statement.tex),
            "says": _on_screen(set_in(statement.says, as_text), statement.says),
        }
    told["saboteurs"] = [f"{i}. {name}" for i, name in enumerate(told["saboteurs"], start=1)]
    print(f"{told.pop('id')}  {told.pop('title')}")
    for word, value in (told | explained(statement)).items():
        for line in (value if isinstance(value, list) else [value]) or [""]:
            if line:
                print(f"    {word:<12} {line}")
    _print_source(statement)
    return 0


def _show_several(options: Any, found: Sequence[Statement], kind: str) -> int:
    from lrtheory.cli.describing import described

    rows = [described(statement) for statement in found]
    if options.json:
        print(json.dumps(rows, indent=1), file=options.out)
        return 0
    print(f"`{options.id}` is a {kind}, of {len(rows)} statements; `lrtheory show ID` shows one of them")
    print_lines(rows)
    return 0


def _on_screen(text: str, ascii_: str) -> str:
    """A text, or what says the same in ASCII where the screen lacks its letters."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return ascii_
    return text


def _print_source(statement: Statement) -> None:
    """Print our solver, where it is a function with a source and a user's own can take its place."""
    import inspect

    if inspect.isfunction(statement.solve):
        print("\nOurs is\n\n" + inspect.getsource(statement.solve).rstrip())
