"""The commands with their options and help; the modules that carry them out are imported when they run."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Any

import lrtheory
from lrtheory.cli import USAGE

__all__ = ["BUDGETS", "COMMANDS", "DETAILS", "OUTSIDE", "SEED", "Parser", "parser"]

#: folders of a checkout that are run as commands, by the module that is run
OUTSIDE = {"figures": "figures", "bench": "benchmarks.run", "demo": "demos"}
COMMANDS = (
    "list",
    "show",
    "check",
    "sharpen",
    "certificates",
    "start",
    "report",
    "data",
    "new",
    "warmup",
    "verbs",
    *OUTSIDE,
)

# What the engine calls BUDGETS, DEFAULT_SEED and DETAILS: its import would take longer than the help itself.
BUDGETS = ("quick", "thorough")
SEED = 0
DETAILS = "docs/evidence"

_EXAMPLES = """\
examples:
  lrtheory list alpha_rank                       the statements of one system
  lrtheory list Markov                           those that have the word
  lrtheory show mi-t2                            what alpha_rank/MI-T2 claims, and what an algorithm must return
  lrtheory check mi-t2                           measure it, and every saboteur
  lrtheory check mi-t2 --saboteur n16            the saboteur N/16 alone: refuted
  lrtheory start ar-t8 > my.py                   a file with a `solve` to fill in, and then
  lrtheory check ar-t8 --solve my.py:solve       the same theorem on an algorithm of your own
  lrtheory check bounds/cover.py::cover/two      a statement in a file of your own

exit codes of `check`:
  0  supported, or recorded without a check
  1  refuted
  2  inconclusive: also where a saboteur is not refuted, a lie about the outcome is supported, or an outcome has
     another form than is due
  3  wrong usage
  130  interrupted

exit codes of a verb:
  0  answered, or yes where it decides a question (`--at-most`, `--decided`)
  1  no
  2  open
  3  wrong usage, or a file that cannot be read
  130  interrupted

`lrtheory SYSTEM VERB FILE...` answers a question about files of yours; `lrtheory verbs` lists the verbs.
In a checkout there are also `figures`, `bench` and `demo`."""

_ID = "A statement: its id, or a part that no other id has (mi-t2)."
_IDS = "Statements: ids, parts of ids, patterns; a system means all of its statements. Several give a table."


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


class _Run:
    """A function of a module of this package, which is imported when the function is called."""

    def __init__(self, place: str) -> None:
        self.module, _, self.name = place.partition(":")

    def __call__(self, options: argparse.Namespace) -> int:
        return getattr(importlib.import_module(f"lrtheory.cli.{self.module}"), self.name)(options)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; what it returns has a function `run`.

    Returns
    -------
    ArgumentParser
        Ends the process with the code for wrong usage where the arguments are wrong.
    """
    as_written = argparse.RawDescriptionHelpFormatter
    made = Parser(prog="lrtheory", description="Theorems, measured.", epilog=_EXAMPLES, formatter_class=as_written)
    made.add_argument("--version", action="version", version=f"%(prog)s {lrtheory.__version__}")
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, place: str, text: str, *, machine: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, epilog=_EXAMPLES, formatter_class=as_written)
        added.set_defaults(run=_Run(place))
        if machine:
            added.add_argument("--json", action="store_true", help="Print JSON in place of text.")
        return added

    _add_list(command("list", "statements:listed", "List the statements, or those that have some words."))
    _add_show(command("show", "statements:show", "Print a statement with its hypotheses, saboteurs, and `solve`."))
    _add_check(command("check", "checking:check", "Measure statements and their saboteurs, or an algorithm of yours."))
    sharper = command("sharpen", "checking:sharpen", "Propose a sharper constant of an inequality.", machine=False)
    sharper.add_argument("id", help=_ID)
    sharper.add_argument("--budget", choices=BUDGETS, default=BUDGETS[0], help="How many instances are looked at.")
    sharper.add_argument(
        "--seed", type=int, default=SEED, help="Seed of the first of five checks (default: %(default)s)."
    )
    told = "Write theorems with proofs that Coq checks, and identities and linear programs that a short program checks."
    _add_certificates(command("certificates", "project:certificates", told, machine=False))
    start = command("start", "starting:start", "Print a file with a `solve` of a statement to fill in.", machine=False)
    start.add_argument("id", help=_ID)
    _add_report(command("report", "project:report", "Render the evidence of a run of the bounds.", machine=False))
    command("data", "project:data", "List the data sets that come as packages, with their licenses and terms.")
    new = command("new", "project:new", "Write a file with a theorem that passes, to start from.", machine=False)
    new.add_argument("name", help="A name in small letters; the file is called bounds_NAME.py.")
    new.add_argument(
        "--claim",
        choices=("inequality", "probability", "identity"),
        default="inequality",
        help="A bound on the value of each answer (default), or on the chance that a random algorithm fails, or an "
        "equality of doubles up to a stated rounding.",
    )
    ahead = "Compile the kernels ahead, which otherwise happens on first use."
    warmup = command("warmup", "project:warmup", ahead, machine=False)
    warmup.add_argument("system", nargs="?", help="The system whose kernels are compiled (default: all).")
    command("verbs", "project:verbs", "List what the systems answer about files.", machine=False)
    return made


def _add_list(listing: argparse.ArgumentParser) -> None:
    """The arguments of `lrtheory list`."""
    listing.add_argument("--installed", action="store_true", help="List the collections of installed packages instead.")
    listing.add_argument("--for-all", action="store_true", help="List those that cover whole sets, with the sets.")
    listing.add_argument(
        "words",
        nargs="*",
        help="Words that all occur in id, title, claim, source, sentence, notes, hypotheses or saboteurs, or a shell "
        "pattern of an id (default: all). Statements whose id has the words come first.",
    )


def _add_show(show: argparse.ArgumentParser) -> None:
    """The arguments of `lrtheory show`."""
    show.add_argument("--tex", action="store_true", help="Print formulas as TeX and not as Unicode text.")
    show.add_argument("id", help=_ID + " A system gives a table of its statements.")


def _add_check(check: argparse.ArgumentParser) -> None:
    """The arguments of `lrtheory check`."""
    check.add_argument("ids", nargs="+", metavar="id", help=_IDS)
    check.add_argument(
        "--budget",
        choices=BUDGETS,
        default=BUDGETS[0],
        help="How many instances and runs are looked at; thorough takes several times longer (default: quick).",
    )
    check.add_argument("--seed", type=int, default=SEED, help="Seed of all random numbers (default: %(default)s).")
    check.add_argument(
        "--solve",
        metavar="FILE.py:NAME",
        help="Check an algorithm of yours, a function in a file or module:NAME; `lrtheory start ID` writes one. A "
        "verdict is about a solver that does not try to deceive. Whoever does not trust a solver runs it in another "
        "process, and checks a `solve` that reads the answers.",
    )
    check.add_argument(
        "--saboteur",
        help="Check under this wrong variant alone: its number from 1, its name, or a part of the name.",
    )
    check.add_argument("--repair", help="Check a violated promise under this repair alone.")
    check.add_argument("--instance", help="Check on one instance alone: FAMILY:NUMBER or json:LINE.")
    check.add_argument(
        "--no-forger",
        action="store_true",
        help="Leave out the lies about the outcome of a statement outside of lrtheory, none of which may be supported: "
        "a solver that says nothing, and fields that are zero, huge, negated, cut short or of another instance. They "
        "take five seconds at most; where they were left out, the evidence says so.",
    )
    check.add_argument(
        "--jobs", type=int, help="Number of processes, -1 for all processors (default: 1); gives a table."
    )
    check.add_argument("--cluster", help="Address of the scheduler of a Dask cluster that computes; gives a table.")


def _add_certificates(certificates: argparse.ArgumentParser) -> None:
    """The arguments of `lrtheory certificates`."""
    certificates.add_argument("ids", nargs="*", help="Statements or patterns (default: all that others can check).")
    certificates.add_argument("-o", dest="folder", required=True, metavar="DIR", help="The folder; made if missing.")
    certificates.add_argument(
        "--check", action="store_true", help="Let the checkers that are installed read the files."
    )
    certificates.add_argument("--require", choices=("coq",), help="With --check: that Coq is missing is an error.")


def _add_report(report: argparse.ArgumentParser) -> None:
    """The arguments of `lrtheory report`."""
    report.add_argument("ids", nargs="*", help="Ids of the statements (default: all).")
    report.add_argument("--evidence", help="Folder of the evidence files (default: that of the configuration).")
    report.add_argument("--figures", help="Folder of the records of figures, such as figures/out/quick.")
    report.add_argument("--path", help="The file of the main page (default: it is printed).")
    report.add_argument(
        "--details", default=DETAILS, help="Folder of the details beside that file (default: %(default)s)."
    )
    report.add_argument(
        "--rerun", type=int, default=0, metavar="N", help="Measure N statements again, drawn at random, and compare."
    )
    report.add_argument("--costs", action="store_true", help="Print processor seconds by system instead.")
