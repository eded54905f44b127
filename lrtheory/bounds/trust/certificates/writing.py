"""Certificates as a folder that a stranger checks without this package, and what the checkers here say to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lrtheory.bounds.deciding.evidence import Evidence
from lrtheory.bounds.errors import StatementError
from lrtheory.bounds.statement import Statement
from lrtheory.bounds.trust.certificates import coq
from lrtheory.bounds.trust.certificates.certificate import Certificate, certificates

__all__ = ["CHECKERS", "checked", "proved", "with_proofs", "write"]

#: programs that a stranger runs, which go with the files
CHECKERS = ("coq.py", "check.py")
_HERE = Path(__file__).parent
_README = """\
# Certificates

Each file is a theorem with its proof, for a program that is not ours. In this folder, type

    python3 coq.py
    python3 check.py

The first one reads theorems (`.v`) and needs Coq 8.20 (Debian: apt-get install coq), the second identities,
inequalities, counterexamples and linear programs (`.json`) and needs nothing but Python. Each prints a line a file, and
ends with 0 if all that is right was accepted and all files in `wrong/`, which are wrong on purpose, were rejected.
After `python3 coq.py --keep COMPILED`, Coq's second checker reads the same proofs again, with those of its standard
library, and prints the axioms, in half a minute: `coqchk -o -Q COMPILED Certificates Certificates.asked`.

A file has three parts: a head, definitions with a `claim` of at most 40 lines, and the proof. Whoever believes Coq
reads the second part alone. `coq.py` prints the claim back from Coq, and what its proof rests on.

- *the theorem*: the mathematical sentence, for all sizes.
- *the rule*: the same about a relation that the answers of an algorithm obey.
- An *anchor* is an instance on which the code ran: Coq finds that the hypotheses of the theorem hold for its answer,
  and that both sides are the numbers that were measured.

Nothing here is said about floating-point numbers or compiled code. That the code gave the answers of the anchors is
what this project says; Coq sees that they are what the theorem speaks of.
"""


def write(made: Iterable[Certificate], folder: str | Path, data: Mapping[str, str] | None = None) -> list[Path]:
    """Write certificates with their libraries, a manifest, and the programs that check them.

    Parameters
    ----------
    made : iterable of Certificate
        At least one; no two of one name.
    folder : path
        Made if missing. Equal certificates give equal bytes.
    data : mapping of str to str, or None
        Texts for `check.py`, by the names of their files.

    Returns
    -------
    list of Path
        The files, in the order of the manifest.

    Raises
    ------
    StatementError
        If two certificates would write one file.
    """
    place, rows = Path(folder), []
    texts: dict[str, str] = {}
    for one in made:
        for name, text, row in _files(one):
            if name in texts and (texts[name] != text or row["kind"] != "library"):
                raise StatementError(f"two certificates would write {name}")
            if name not in texts:
                encoded = text.encode("ascii")
                rows.append({"file": name, **row, "bytes": len(encoded), "sha256": coq.digest(encoded)})
            texts[name] = text
    for name, text in (data or {}).items():
        kind = "wrong" if name.startswith("wrong/") else "numbers"
        rows.append({"file": name, "kind": kind, "bytes": len(text), "sha256": coq.digest(text.encode("ascii"))})
        texts[name] = text
    if not rows:
        raise StatementError("there is no certificate to write")
    order = ("library", "theorem", "anchors", "numbers", "against", "wrong")
    rows.sort(key=lambda row: (order.index(row["kind"]), row["file"]))
    for name, text in texts.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(text.encode("ascii"))
    (place / "MANIFEST.json").write_text(json.dumps({"format": 1, "files": rows}, indent=1) + "\n")
    (place / "README.md").write_text(_README)
    for name in CHECKERS:
        shutil.copyfile(_HERE / name, place / name)
    return [place / row["file"] for row in rows]


def _files(one: Certificate) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, text and row of the manifest of each file of a certificate."""
    told = {"id": one.id, "words": one.words, "about": one.about}
    axioms = list(one.axioms)
    found: list[tuple[str, str, dict[str, Any]]] = [(n, text, {"kind": "library"}) for n, text in one.libraries.items()]
    theorem, anchors = f"{one.name}.v", f"{one.name}_anchors.v"
    text = one.head + one.claim + one.proof
    found.append((theorem, text, {"kind": "theorem", **told, "axioms": axioms, "claim": one.printed}))
    found.append((anchors, one.anchors, {"kind": "anchors", **told, "axioms": axioms, "anchors": one.n_anchors}))
    for name, (wrong, what) in one.wrong.items():
        if what == "against":
            found.append((name, wrong, {"kind": "against", "id": one.id, "axioms": axioms}))
        else:
            of = theorem if what == "claim" else anchors
            found.append((name, wrong, {"kind": "wrong", "id": one.id, "of": of, "saboteur_of": what}))
    return found


def checked(folder: str | Path, *, require: str | None = None) -> int:
    """Run the checkers that are installed over a folder, as a stranger would, and let them print.

    Parameters
    ----------
    folder : path
        Folder that `write` has made.
    require : {"coq"} or None
        The checker without which nothing counts as checked.

    Returns
    -------
    int
        0 where no checker objects, and 1 where one does, or the one that is required is missing.
    """
    checkers = list(CHECKERS)
    if not any(Path(folder).glob("*.v")):
        checkers.remove("coq.py")
    elif shutil.which("coqc") is None:
        print("written, not checked: no coqc (Debian: apt-get install coq)", flush=True)
        checkers.remove("coq.py")
    status = int(require == "coq" and "coq.py" not in checkers)
    for name in checkers:
        done = subprocess.run([sys.executable, str(Path(folder).resolve() / name), str(folder)])
        status = max(status, int(done.returncode != 0))
    return status


def proved(statement: Statement, coqc: str) -> list[dict[str, Any]]:
    """Let Coq check the proofs of a statement, with their anchors and all that must be rejected.

    Parameters
    ----------
    statement : Statement
        A statement with proofs.
    coqc : str
        The compiler of Coq.

    Returns
    -------
    list of dict
        For each proof an entry of `Evidence.sets`, which names the checker, the axioms and the digest of the file.

    Raises
    ------
    StatementError
        If a file is refused, or a wrong one is accepted.
    """
    found = []
    for one in certificates(statement):
        with tempfile.TemporaryDirectory() as place:
            write([one], place)
            reports = coq.check(Path(place), coqc)
        wrong = [each for each in reports if not each.as_due]
        if wrong:
            raise StatementError(f"{statement.id}: {wrong[0].file} is {wrong[0].said}")
        theorem = next(each for each in reports if each.kind == "theorem")
        text = (one.head + one.claim + one.proof).encode("ascii")
        found.append(
            {
                "words": one.words,
                "about": one.about,
                "how": "proved",
                "verdict": "supported",
                "checker": coq.version(coqc),
                "axioms": list(theorem.axioms),
                "digest": coq.digest(text),
                "bytes": len(text),
                "anchors": one.n_anchors,
                "seconds": sum(each.seconds for each in reports),
            }
        )
    return found


def with_proofs(evidence: Evidence, statement: Statement) -> Evidence:
    """Evidence in which the proofs of a statement were checked, where Coq is installed.

    Parameters
    ----------
    evidence : Evidence
        Evidence of the statement itself.
    statement : Statement
        The statement.

    Returns
    -------
    Evidence
        Evidence whose proofs name their checker; unchanged where there is no proof, or no Coq.

    Raises
    ------
    StatementError
        If Coq refuses a proof.
    """
    coqc = shutil.which("coqc")
    open_ = [i for i, one in enumerate(evidence.sets) if one["how"] == "proof"]
    if coqc is None or not open_:
        return evidence
    sets = list(evidence.sets)
    for i, entry in zip(open_, proved(statement, coqc), strict=True):
        sets[i] = entry
    return replace(evidence, sets=tuple(sets))
