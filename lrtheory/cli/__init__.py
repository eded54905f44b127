"""The command ``lrtheory``: statements to list, show and check, verbs of the systems, and what a checkout holds.

Nothing of the library is imported before a command needs it, so that help and errors come at once.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Sequence

import lrtheory

__all__ = ["STARTED", "USAGE", "main"]

UNJUDGED, USAGE, TERMINATED = 2, 3, 143
#: when this process began to import the command: what has changed since may not be what was imported
STARTED = time.time()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str or None
        The arguments; None means those of the process.

    Returns
    -------
    int
        0 supported, recorded or answered, 1 refuted, 2 inconclusive or without a verdict, 3 wrong usage, 130
        interrupted, 143 ended.
    """
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    from lrtheory.cli.arguments import OUTSIDE

    if arguments[0] in OUTSIDE:
        from lrtheory.cli.project import run_folder

        return run_folder(arguments[0], arguments[1:])
    try:
        return _run(arguments, alone=argv is None)
    except SystemExit as stop:
        return int(stop.code or 0)
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("lrtheory: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if not _is_a_sentence(error):
            raise
        from lrtheory.cli.sentences import sentence

        print(f"lrtheory: {sentence(error)}", file=sys.stderr)
        return UNJUDGED if _is_an_outcome(error) else USAGE


def _run(arguments: list[str], *, alone: bool) -> int:
    """Run a verb of a system, or a command; `alone` says that the process is there for this command only."""
    from lrtheory.cli import arguments as known

    word = arguments[0]
    if word.replace("-", "_") in lrtheory.SYSTEMS:
        from lrtheory.cli import answering

        if alone:  # a process that is asked to end removes what it has half written, as one that is interrupted
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
        return answering.run(word.replace("-", "_"), arguments[1:])
    if not word.startswith("-") and word not in known.COMMANDS:
        print(f"lrtheory: {_not_a_command(word)}", file=sys.stderr)
        return USAGE
    options = known.parser().parse_args(arguments)
    options.alone, options.out = alone, sys.stdout
    # an algorithm, or a file on import, may print what it likes; beside JSON it goes to the standard error
    aside = contextlib.redirect_stdout(sys.stderr) if getattr(options, "json", False) else contextlib.nullcontext()
    with aside:
        return options.run(options)


def _not_a_command(word: str) -> str:
    """The sentence for a first word that is neither a command nor a system."""
    import difflib

    from lrtheory.cli import verbs
    from lrtheory.cli.arguments import COMMANDS

    told = verbs.hint(word)
    if told is not None:
        return told
    near = difflib.get_close_matches(word.lower(), [*COMMANDS, *lrtheory.SYSTEMS], n=1, cutoff=0.52)
    meant = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(COMMANDS)}"
    return f"`{word}` is no command; {meant}"


def _is_an_outcome(error: Exception) -> bool:
    """Whether an error says that an outcome cannot be judged, so that there is no verdict."""
    engine = sys.modules.get("lrtheory.bounds.errors")
    return engine is not None and isinstance(error, engine.OutcomeError)


def _is_a_sentence(error: Exception) -> bool:
    """Whether an error says in a sentence what the caller can do, and needs no traceback."""
    from lrtheory.cli.sentences import SAID

    if isinstance(error, SAID):
        return True
    engine = sys.modules.get("lrtheory.bounds.errors")  # its errors are raised by nobody before it is imported
    return engine is not None and isinstance(error, engine.StatementError)
