"""Errors as somebody at a shell reads them: one sentence, in the names that are typed there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lrtheory.cli.verbs import Verb

__all__ = ["SAID", "in_options", "sentence", "speaking"]

#: errors that say in a sentence what the caller can do, and need no traceback
SAID = (KeyError, ValueError, TypeError, ImportError, OSError, MemoryError)

#: a name of Python in a sentence, or several: `rank`, `weights[2]`, `rank, epsilon`
_NAMES = re.compile(r"`([A-Za-z_]\w*(?:\[[^\]`]*\])?(?:, [A-Za-z_]\w*)*)`")
#: what stands before the name of a column of a file, which is nobody's option: `log.csv:17: `, `the frame, row 3: `
_PLACE = re.compile(r"(?::\d+|, row \d+): $")


def sentence(error: Exception) -> str:
    """Return the sentence of an error, without the words of Python.

    Parameters
    ----------
    error : Exception
        Raised by a file or by a check of arguments.

    Returns
    -------
    str
        Errors of the operating system name their file first.
    """
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror[:1].lower() + error.strerror[1:]
        return reason if error.filename is None else f"{str(error.filename)!r}: {reason}"
    if isinstance(error, MemoryError):
        return f"this needs more memory than there is{f' ({error})' if str(error) else ''}"
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)


@contextmanager
def speaking(verb: Verb) -> Iterator[None]:
    """Let errors of a verb speak of its options.

    Parameters
    ----------
    verb : Verb
        Verb that runs inside.

    Yields
    ------
    None
        Once.

    Raises
    ------
    ValueError
        In place of an error that speaks of arguments.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except SAID as error:
        text = sentence(error)
        told = in_options(text, verb)
        if told == text:
            raise
        raise ValueError(told) from error


def in_options(text: str, verb: Verb) -> str:
    """A sentence about arguments of a function, in the names of the files and options of its verb.

    Parameters
    ----------
    text : str
        Sentence that has the names of arguments between backticks.
    verb : Verb
        Verb whose arguments are named.

    Returns
    -------
    str
        Sentence that has ``--at-most`` in place of ``at_most``; columns of files keep their names.
    """
    typed = {"path": "PATH", "folder": "PATH", "out": "-o"}
    typed |= {one.name: one.flag for one in verb.options} | {one.name: one.name.upper() for one in verb.files}
    typed |= {word: "--no-header" if word == "header" else f"--{word}" for word in verb.reading}
    typed |= {name: typed.get(word, word) for name, word in verb.renamed.items()}

    def put(found: re.Match[str]) -> str:
        if _PLACE.search(text[: found.start()]):
            return found[0]
        return "`" + re.sub(r"(?<![\w\[])[A-Za-z_]\w*", lambda name: typed.get(name[0], name[0]), found[1]) + "`"

    told = _NAMES.sub(put, text)
    # where a sentence gives both names, that of the shell is left
    told = re.sub(r"`(-[\w-]+)` \(\1\)", r"`\1`", told)
    told = re.sub(r"\b\w+=(?:\w+|\"[^\"]*\") \((-[^)]*)\)", r"\1", told)
    told = re.sub(r"(--[\w-]+) \(\w+=\w+\)", r"\1", told)
    either = re.search(r"one of these; got (.*)\.$", told)
    if either is None:
        return told
    return told[: either.start(1)] + re.sub(r"\w+", lambda name: typed.get(name[0], name[0]), either[1]) + "."
