"""Ask Coq whether the files of a folder prove what its manifest says: ``python3 coq.py [FOLDER]``.

Nothing but Python and ``coqc`` is needed. That ``coqc`` ends without an error is no acceptance: the theorem may rest on
an axiom, or on a guard that was switched off. So a last file of our own asks Coq for the type of the theorem, for the
claim as it stands, and for the assumptions of the proof, and all three are compared with the manifest. Files that are
wrong on purpose must fail within their proofs, and not before.
"""

from __future__ import annotations

import hashlib
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

__all__ = ["MARKS", "THEOREM", "Refused", "Report", "check", "digest", "forbidden", "parts", "version"]

#: the lines that begin the second and the third part of a file
MARKS = ("(* --- definitions and claim --- *)", "(* --- proof --- *)")
#: within the proof, the line after which the theorem is proved; what stands before it is needed for anchors too
THEOREM = "(* --- theorem --- *)"
LONGEST = 40  # lines of definitions and claim that a reader is asked to read
SECONDS = 120  # that one file may take
_WORDS = (
    "Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|Hypothes[ie]s|Variables?|Context|Notation|Infix|Coercion|"
    "Reserved|Unset|Load|Redirect|Drop|Cd|Extraction|Declare|LoadPath|bypass_check|Primitive|Canonical"
)
#: what no file may contain, comments included; options are set for implicit arguments alone
_FORBIDDEN = re.compile(rf"\b(?:{_WORDS}|Set(?!\s+Implicit\s+Arguments\b))\b|#\[")
_PLACE = re.compile(r'^File "\./(?P<file>[^"]+)", line (?P<line>\d+), characters', re.MULTILINE)
_NO_PROOF = re.compile(
    r"Syntax error|Lexical error|was not found in the current|Cannot find (?:a|module)|Unable to locate"
)
#: an anchor: of the same arguments the hypotheses, and both sides as numbers
_ANCHOR = re.compile(
    r"^Example (\w+) :\n  hypotheses (.+) /\\\n  lhs \2 = \([-\d /]+\) /\\\n  rhs \2 = \([-\d /]+\)\.\nProof\.",
    re.MULTILINE,
)
#: what anchors may not bring with them
_OWN = re.compile(r"^\s*(?:Definition|Fixpoint|Lemma|Theorem|Ltac|Module|Section)\b", re.MULTILINE)
#: kinds of files whose theorems Coq is asked for
_ASKED = ("theorem", "anchors", "against")
_RULE = "------ "  # before each answer in the output of the last file


class Refused(Exception):
    """A file is not what the manifest says."""


@dataclass(frozen=True)
class Report:
    """The answer of Coq to one file.

    Attributes
    ----------
    file, kind : str
        The file, and whether it is a library, a theorem, anchors, wrong, or against a wrong claim.
    as_due : bool
        True for a right file that was accepted, and for a wrong one that was rejected at its proof.
    said : str
        One sentence.
    claim : str
        The claim as Coq prints it; empty for other kinds than theorems.
    axioms : tuple of str
        Axioms on which the proofs rest.
    seconds : float
        Processor time of Coq.
    """

    file: str
    kind: str
    as_due: bool
    said: str
    claim: str = ""
    axioms: tuple[str, ...] = ()
    seconds: float = 0.0


def version(coqc: str) -> str:
    """The checker with its version, such as "Coq 8.20.1"."""
    told = subprocess.run([coqc, "--print-version"], capture_output=True, text=True, check=True).stdout.split()
    return f"Coq {told[0]}"


def digest(text: bytes) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(text).hexdigest()


def forbidden(text: str) -> str:
    """The first word of a file that none may contain; empty if there is none."""
    found = _FORBIDDEN.search(text)
    return found.group() if found else ""


def parts(text: str) -> tuple[str, str, str]:
    """Head, definitions with the claim, and proof of a file.

    Raises
    ------
    Refused
        If the three parts do not stand there once and in this order, or the second one is too long.
    """
    lines = text.splitlines(keepends=True)
    at = [[i for i, line in enumerate(lines) if line.strip() == mark] for mark in MARKS]
    if [len(found) for found in at] != [1, 1] or at[0][0] >= at[1][0]:
        raise Refused("it has not a head, definitions and a proof, each once and in this order")
    (claim,), (proof,) = at
    if sum(bool(line.strip()) for line in lines[claim + 1 : proof]) > LONGEST:
        raise Refused(f"its definitions and its claim have more than {LONGEST} lines")
    return "".join(lines[:claim]), "".join(lines[claim:proof]), "".join(lines[proof:])


def check(folder: Path, coqc: str) -> list[Report]:
    """Check all files of a folder against its manifest.

    Parameters
    ----------
    folder : Path
        Folder with a MANIFEST.json.
    coqc : str
        The compiler of Coq.

    Returns
    -------
    list of Report
        One for each file, libraries first.

    Raises
    ------
    Refused
        If the manifest is not whole, or names other bytes than those that lie there.
    """
    rows, texts = _read(folder)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for name, text in texts.items():  # what is compiled are the bytes that were compared
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text)
        found = [_compiled_report(row, texts, root, coqc) for row in rows]
        asked = [i for i, row in enumerate(rows) if found[i].as_due and row["kind"] in _ASKED]
        since = _seconds()
        try:  # all in one file, since most of the time goes into loading the real numbers
            answers = _answers([_question(rows[i], texts) for i in asked], root, coqc)
        except Refused:
            answers = []
        spent = (_seconds() - since) / max(1, len(asked))
        for number, i in enumerate(asked):
            given = [answers[number]] if answers else []
            found[i] = _asked_report(found[i], rows[i], texts, root, coqc, given, spent)
        return found


def _read(folder: Path) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """The rows of the manifest and the bytes of their files."""
    manifest = json.loads((folder / "MANIFEST.json").read_text(), object_pairs_hook=_once)
    if manifest.get("format") != 1:
        raise Refused("MANIFEST.json is not of format 1")
    rows = [row for row in manifest["files"] if row["file"].endswith(".v")]
    names = [row["file"] for row in rows]
    if not any(row["kind"] == "theorem" for row in rows):
        raise Refused("MANIFEST.json names no theorem")
    if len(set(names)) < len(names) or any(".." in name or name.startswith("/") for name in names):
        raise Refused("MANIFEST.json names a file twice, or one outside of its folder")
    unnamed = {path.relative_to(folder).as_posix() for path in folder.rglob("*.v")} - set(names)
    if unnamed:
        raise Refused(f"{min(unnamed)} does not stand in MANIFEST.json")
    texts = {}
    for row in rows:
        texts[row["file"]] = (folder / row["file"]).read_bytes()
        if digest(texts[row["file"]]) != row["sha256"]:
            raise Refused(f"{row['file']} has other bytes than those of MANIFEST.json")
    return rows, texts


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise Refused("MANIFEST.json gives a key twice")
    return dict(pairs)


def _compiled_report(row: dict[str, Any], texts: dict[str, bytes], root: Path, coqc: str) -> Report:
    """The report of one file after it was compiled, or rejected as is due."""
    since, kind, name = _seconds(), row["kind"], row["file"]
    try:
        text = texts[name].decode("ascii")
        if forbidden(text):
            raise Refused(f"it has the word {forbidden(text)!r}")
        if kind == "wrong":
            said = _rejected(row, texts, root, coqc)
        else:
            if kind in ("theorem", "against"):
                parts(text)
            elif kind == "anchors" and _OWN.search(text):
                raise Refused("its anchors speak of definitions of their own")
            status, _, errors = _compiled(name, root, coqc)
            if status:
                raise Refused(_line(errors))
            said = "compiled"
    except (Refused, UnicodeDecodeError, KeyError) as error:
        return Report(name, kind, False, f"refused: {error}", seconds=_seconds() - since)
    return Report(name, kind, True, said, seconds=_seconds() - since)


def _asked_report(
    report: Report,
    row: dict[str, Any],
    texts: dict[str, bytes],
    root: Path,
    coqc: str,
    given: list[tuple[str, str]],
    spent: float,
) -> Report:
    """The report of a compiled file after Coq was asked for its claim and its assumptions."""
    seconds = report.seconds + spent
    try:
        question = _question(row, texts)
        ((claim, assumed),) = given or _answers([question], root, coqc)
        axioms = tuple(sorted(_assumptions(assumed)))
        more = set(axioms) - set(row["axioms"])
        if more:
            raise Refused(f"it rests on {', '.join(sorted(more))}")
        if row["kind"] == "theorem" and claim != row["claim"]:
            raise Refused(f"Coq prints another claim than the manifest: {claim}")
    except (Refused, KeyError) as error:
        return replace(report, as_due=False, said=f"refused: {error}", seconds=seconds)
    return replace(report, said=f"accepted, {len(axioms)} axioms", claim=claim, axioms=axioms, seconds=seconds)


def _seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _compiled(name: str, root: Path, coqc: str) -> tuple[int, str, str]:
    """Compile a file; the status of Coq, its answers, its errors."""
    line = [coqc, "-q", "-Q", ".", "Certificates", "./" + name]
    try:
        done = subprocess.run(line, cwd=root, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(f"Coq was stopped after {SECONDS} seconds") from None
    return done.returncode, done.stdout, done.stderr


def _question(row: dict[str, Any], texts: dict[str, bytes]) -> tuple[str, str, list[str]]:
    """Write the questions on a compiled file: on its module, the type that its theorem must have, and its theorems."""
    module = row["file"].removesuffix(".v").rpartition("/")[2]
    if row["kind"] == "theorem":
        return module, f"{module}.claim", ["certified"]
    if row["kind"] == "against":
        return module, f"~ {module}.claim", ["refuted"]
    theorems = [name for name, _ in _ANCHOR.findall(texts[row["file"]].decode("ascii"))]
    if len(theorems) != row["anchors"] or len(theorems) < 5:
        raise Refused(f"it has {len(theorems)} anchors")
    return module, "", theorems


def _answers(asked: list[tuple[str, str, list[str]]], root: Path, coqc: str) -> list[tuple[str, str]]:
    """Read what Coq prints of compiled files: the claim, empty for anchors, and the assumptions of all theorems."""
    if not asked:
        return []
    rule = f'Goal True. idtac "{_RULE}". Abort.'
    lines = [f"From Certificates Require {' '.join(module for module, _, _ in asked)}."]
    for number, (module, type_, theorems) in enumerate(asked):
        together = f"Definition all_{number} := ({', '.join(f'{module}.{theorem}' for theorem in theorems)})."
        claim = f"Check ({module}.{theorems[0]} : {type_}).\n{rule}\nPrint {module}.claim." if type_ else rule
        lines += [rule, claim, together, rule, f"Print Assumptions all_{number}."]
    (root / "asked.v").write_text("\n".join(lines) + "\n")
    status, told, errors = _compiled("asked.v", root, coqc)
    if status:
        raise Refused("the theorem is not of its claim: " + _line(errors))
    answers = told.split(_RULE.strip())[1:]
    if len(answers) != 3 * len(asked):
        raise Refused("Coq gave other answers than those that were asked for")
    return [(" ".join(answers[3 * i + 1].split()), answers[3 * i + 2]) for i in range(len(asked))]


def _line(errors: str) -> str:
    return " ".join(errors.split())[:300]


def _assumptions(told: str) -> set[str]:
    """The names of the axioms in an answer; a line that is none, as on a guard that was off, stands for itself."""
    if told.strip() == "Closed under the global context":
        return set()
    first, *lines = [line for line in told.splitlines() if line.strip()]
    if first.strip() != "Axioms:" or not lines:
        return {told.strip()}
    named = [re.match(r"([\w.']+)(?: :.*)?$", line) for line in lines if not line.startswith(" ")]
    return {line.group(1) if line else told.strip() for line in named}


def _rejected(row: dict[str, Any], texts: dict[str, bytes], root: Path, coqc: str) -> str:
    """A sentence on a wrong file that Coq rejects as it should: within the proof of the right one."""
    name = row["file"]
    text, right = texts[name].decode("ascii"), texts[row["of"]].decode("ascii")
    if row.get("saboteur_of") == "anchors":
        proofs = {i for i, line in enumerate(text.splitlines(), start=1) if line.startswith("Proof.")}
    else:
        (_, claim, proof), (_, right_claim, right_proof) = parts(text), parts(right)
        if proof != right_proof or not _one_change(claim, right_claim):
            raise Refused("it differs from the right file elsewhere than in one place of its definitions")
        begins = text[: text.index(MARKS[1])].count("\n") + 1
        proofs = set(range(begins, text.count("\n") + 2))
    status, _, errors = _compiled(name, root, coqc)
    if not status:
        raise Refused("Coq accepts it, and it is wrong on purpose")
    place = _PLACE.findall(errors)
    if not place or place[-1][0] != name or int(place[-1][1]) not in proofs or _NO_PROOF.search(errors):
        raise Refused("it fails before its proof: " + _line(errors))
    return f"rejected, as is due, at line {place[-1][1]}"


def _one_change(text: str, right: str) -> bool:
    """Whether two texts differ, and in one place of a few words alone."""
    words, others = text.split(), right.split()
    while words and others and words[0] == others[0]:
        words, others = words[1:], others[1:]
    while words and others and words[-1] == others[-1]:
        words, others = words[:-1], others[:-1]
    return 0 < max(len(words), len(others)) <= 12


def main() -> int:
    """Check a folder, print a line a file and the claims; 1 if a file is not as is due."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    coqc = shutil.which("coqc")
    if coqc is None:
        print("not checked: no coqc (Debian: apt-get install coq)")
        return 2
    try:
        reports = check(folder, coqc)
    except Refused as error:
        print(f"refused: {error}")
        return 1
    print(version(coqc))
    for one in reports:
        print(f"{'ok ' if one.as_due else 'NOT'} {one.file:<48} {one.seconds:5.1f} s  {one.said}")
        if one.claim and one.kind == "theorem":
            print(f"      {one.claim}\n      rests on: {', '.join(one.axioms) or 'nothing'}")
    return 0 if all(one.as_due for one in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
