"""``lrtheory start``: a file with a solver to fill in for a statement that exists."""

from __future__ import annotations

import pprint
import textwrap
from typing import Any

from lrtheory.bounds import Statement
from lrtheory.cli.describing import arguments, explained, imports, signature, takes_and_returns
from lrtheory.cli.statements import named

__all__ = ["start"]

_LINES = 40  # of an example
_FILE = '''"""An algorithm of my own for {id}.

{title}.

    lrtheory check {asked} --solve my.py:solve

measures it, where this file is called my.py; `lrtheory show {asked}` prints the claim.
"""

{imports}


def solve({arguments}):
    """{says}

    Parameters
    ----------
    {instance}
{takes}
    rng : numpy.random.Generator
        Where all random numbers come from.{runs}

    Returns
    -------
    outcome
{returns}
    """
    raise NotImplementedError("fill in `solve`")


# The first instance, and what the algorithm of lrtheory returns for it{twice}:
#
{example}
'''
_RUNS = """
    n : int
        How many independent outcomes are asked for. A check calls `solve` for each run by itself, with n = 1 and a
        random stream of its own, so `n` may be left out of the arguments."""


def start(options: Any) -> int:
    """Print the file."""
    found, kind = named(options.id)
    if kind:
        raise ValueError(f"{options.id!r} is a {kind}, of {len(found)} statements; `lrtheory start` takes one")
    print(_file(found[0]), end="")
    return 0


def _file(statement: Statement) -> str:
    example = takes_and_returns(statement)
    if example is None:
        why = signature(statement).removeprefix("not offered: ") or "it is recorded without a check"
        raise ValueError(f"{statement.id} puts no algorithm of your own to the test: {why.rstrip('.')}")
    told, given = explained(statement), arguments(statement)
    random = len(given) == 3
    needed = ["import numpy as np", *imports(example[1])]
    return _FILE.format(
        imports="\n".join(needed[:1] + [""] * (len(needed) > 1) + needed[1:]),
        id=statement.id,
        asked=statement.origin.prefix + statement.id,
        title=_quoted(statement.title),
        says=_paragraph(statement.says, "    ").lstrip(),
        arguments=", ".join(given),
        instance=f"{given[0]} : {type(example[0]).__name__}",
        takes=_list(told["takes"]),
        returns=_list([line for line in told["returns"] if line.strip() not in needed]),
        runs=_RUNS if random else "",
        twice=" at n = 2" if random else "",
        example="\n".join(f"# {line}".rstrip() for line in _example(given[0], *example)),
    )


def _example(name: str, instance: Any, outcome: Any) -> list[str]:
    """An instance and an outcome as Python prints them."""
    lines = []
    for word, value in ((name, instance), ("outcome", outcome)):
        shown = pprint.pformat(value, width=100).splitlines()
        more = [f"... ({len(shown) - _LINES} more lines)"] if len(shown) > _LINES else []
        lines += [f"{word} ="] + [f"    {line}" for line in shown[:_LINES] + more]
    return lines


def _list(lines: list[str]) -> str:
    return "\n".join(_paragraph(line.strip(), "        ") for line in lines)


def _paragraph(text: str, indent: str) -> str:
    lines = textwrap.wrap(_quoted(text), width=100, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """A text within a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''")
