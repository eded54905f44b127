"""Ask Coq whether the files of a folder prove what its manifest says: ``python3 coq.py [FOLDER] [--keep COMPILED]``.

Nothing but Python and ``coqc`` is needed. That ``coqc`` ends without an error is no acceptance: the theorem may rest on
an axiom, or on a guard that was switched off. So a last file of our own asks Coq for the type of the theorem, for the
claim as it stands, and for the assumptions of the proof, and all three are compared with the manifest. Files that are
wrong on purpose must fail within their proofs, and not before: without its proof, each of them must be in order.

Loading the real numbers takes Coq half a second. So all files on which no other file builds are read in one run, each
as a module of its own, and one by one only where that run fails.

With ``--keep`` the compiled files stay, and ``coqchk -o -Q COMPILED Certificates Certificates.asked`` reads all proofs
again by Coq's second checker, with those of its standard library, and prints the axioms.
"""

from __future__ import annotations

import argparse
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
    "Module|Instance|Hint|Admitted|admit|give_up|Axioms?|Parameters?|Conjectures?|Hypothes[ie]s|Variables?|Context|Notation|Infix|Coercion|"
    "Reserved|Unset|Load|Redirect|Drop|Cd|Extraction|Declare|LoadPath|bypass_check|Primitive|Canonical"
)
#: what no file may contain, comments included; options are set for implicit arguments alone
_FORBIDDEN = re.compile(rf"\b(?:{_WORDS}|Set(?!\s+Implicit\s+Arguments\b))\b|#\[")
#: in what Coq prints of a run, the line that failed as is due, and why
_FAILED = re.compile(
    r'^File "\./[^"]+", line (\d+), characters .*\nThe command has indeed failed with message:\n((?:(?!File ").*\n)*)',
    re.MULTILINE,
)
#: messages that come from no step of a proof
_NO_PROOF = re.compile(
    r"Syntax error|Lexical error|was not found in the current|Cannot find (?:a|module)|Unable to locate|"
    r"cannot leave open proofs"
)
_LIBRARIES = re.compile(r"^From (\w+) Require Import ([\w ]+)\.", re.MULTILINE)
#: an anchor: of the same arguments the hypotheses, and both sides as numbers
_ANCHOR = re.compile(
    r"^Example (\w+) :\n  hypotheses (.+) /\\\n  lhs \2 = \([-\d /]+\) /\\\n  rhs \2 = \([-\d /]+\)\.\nProof\.",
    re.MULTILINE,
)
#: what anchors may not bring with them
_OWN = re.compile(r"^\s*(?:Definition|Fixpoint|Lemma|Theorem|Ltac|Module|Section)\b", re.MULTILINE)
#: kinds of files whose theorems Coq is asked for
_ASKED = ("theorem", "anchors", "against")
#: kinds of files on which others build, which are compiled one by one
_BUILT_ON = ("library", "theorem")
_RULE = "------ "  # before each answer in the output of the last file


#: the module of a compiled file, the type that its theorem must have, and the names of its theorems
Question = tuple[str, str, list[str]]


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
        Axioms on which the proof of a theorem rests. Other kinds have those of all such files of the folder, where
        none is refused.
    module : str
        Name of the compiled module; empty for wrong files.
    seconds : float
        Processor time of Coq; a share of the time of all files that were read in one run.
    """

    file: str
    kind: str
    as_due: bool
    said: str
    claim: str = ""
    axioms: tuple[str, ...] = ()
    module: str = ""
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


def check(folder: Path, coqc: str, keep: Path | None = None) -> list[Report]:
    """Check all files of a folder against its manifest.

    Parameters
    ----------
    folder : Path
        Folder with a MANIFEST.json.
    coqc : str
        The compiler of Coq.
    keep : Path, optional
        A folder that does not exist yet, in which what was compiled stays.

    Returns
    -------
    list of Report
        One for each file, libraries first.

    Raises
    ------
    Refused
        If the manifest is not whole, or names other bytes than those that lie there, or `keep` exists.
    """
    rows, texts = _read(folder)
    if keep and keep.exists():
        raise Refused(f"{keep} exists")
    with tempfile.TemporaryDirectory() as place:
        root = keep or Path(place)
        for name, text in texts.items():  # what is compiled are the bytes that were compared
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(text)
        found = {row["file"]: _in_order(row, texts) for row in rows}
        for row in rows:
            if row["kind"] in _BUILT_ON and found[row["file"]].as_due:
                found[row["file"]] = _compiled_report(found[row["file"]], root, coqc)
        others = [row for row in rows if row["kind"] not in _BUILT_ON and found[row["file"]].as_due]
        found |= _read_together(others, found, texts, root, coqc)
        asked = [row for row in rows if row["kind"] in _ASKED and found[row["file"]].as_due]
        found |= _asked_together(asked, found, texts, root, coqc)
        return [found[row["file"]] for row in rows]


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


def _in_order(row: dict[str, Any], texts: dict[str, bytes]) -> Report:
    """The report of one file before Coq has seen it."""
    kind, name = row["kind"], row["file"]
    try:
        text = texts[name].decode("ascii")
        if forbidden(text):
            raise Refused(f"it has the word {forbidden(text)!r}")
        if kind in ("theorem", "against"):
            parts(text)
        elif kind == "anchors" and _OWN.search(text):
            raise Refused("its anchors speak of definitions of their own")
        elif kind == "wrong" and row.get("saboteur_of") != "anchors":
            right = texts[row["of"]].decode("ascii")
            (head, claim, proof), (right_head, right_claim, right_proof) = parts(text), parts(right)
            same = proof == right_proof and _LIBRARIES.findall(head) == _LIBRARIES.findall(right_head)
            if not same or not _one_change(claim, right_claim):
                raise Refused("it differs from the right file elsewhere than in one place of its definitions")
    except (Refused, UnicodeDecodeError, KeyError) as error:
        return Report(name, kind, False, f"refused: {error}")
    return Report(name, kind, True, "in order")


def _compiled_report(report: Report, root: Path, coqc: str) -> Report:
    """The report of a file after it was compiled."""
    since = _seconds()
    try:
        _compiled(report.file, root, coqc)
    except Refused as error:
        return replace(report, as_due=False, said=f"refused: {error}", seconds=_seconds() - since)
    return replace(report, said="compiled", module=_module(report.file), seconds=_seconds() - since)


def _module(file: str) -> str:
    return file.removesuffix(".v").rpartition("/")[2]


# --- files on which no other file builds -----------------------------------------------------------------------------


def _read_together(
    rows: list[dict[str, Any]], found: dict[str, Report], texts: dict[str, bytes], root: Path, coqc: str
) -> dict[str, Report]:
    """Let Coq read files in one run; each in a run of its own where that fails."""
    if not rows:
        return {}
    if len(rows) == 1 and rows[0]["kind"] != "wrong":  # so that Coq names the line
        return {rows[0]["file"]: _compiled_report(found[rows[0]["file"]], root, coqc)}
    since, name = _seconds(), f"together_{sum(1 for _ in root.glob('together_*.v'))}"
    lines = _session(rows, texts, root)
    (root / f"{name}.v").write_text("\n".join(lines) + "\n")
    try:
        told = _compiled(f"{name}.v", root, coqc, "-test-mode", seconds=SECONDS + 10 * (len(rows) - 1))
        why = {lines[int(line) - 1]: message for line, message in _FAILED.findall(told)}
        said = {row["file"]: _said(row, why) for row in rows}
    except Refused as error:
        if len(rows) > 1:
            return {file: one for row in rows for file, one in _read_together([row], found, texts, root, coqc).items()}
        file, told = rows[0]["file"], str(error)
        if "The command has not failed!" in told:
            told = "Coq accepts it, and it is wrong on purpose"
        else:
            told = f"it fails before its proof: {told}"
        return {file: replace(found[file], as_due=False, said=f"refused: {told}", seconds=_seconds() - since)}
    spent = (_seconds() - since) / len(rows)
    return {
        file: replace(found[file], said=words, module=f"{name}.{_module(file)}", seconds=spent)
        for file, words in said.items()
    }


def _session(rows: list[dict[str, Any]], texts: dict[str, bytes], root: Path) -> list[str]:
    """The lines of a run that reads files: right ones as modules, and wrong ones, which leave nothing behind."""
    used = {(place, one) for row in rows for place, names in _libraries(texts[row["file"]]) for one in names.split()}
    # before all, so that the libraries are read once; what a file imports is its own
    lines = [f"From {place} Require {library}." for place, library in sorted(used)]
    for row in rows:
        file, text = row["file"].removesuffix(".v"), texts[row["file"]].decode("ascii")
        if row["kind"] != "wrong":
            module = _module(row["file"])
            lines.append(f'Module {module}. Load "./{file}". End {module}.')
            continue
        if row.get("saboteur_of") == "anchors":
            told = re.sub(r"^Proof\..*", "Proof. Abort.", text, flags=re.MULTILINE)
        else:
            told = text[: text.index(MARKS[1])]
        (root / f"{file}_without_proof.v").write_text(told)
        lines += [f'Succeed Load "./{file}_without_proof".', _failing(row)]
    return lines


def _libraries(text: bytes) -> list[tuple[str, str]]:
    return _LIBRARIES.findall(text.decode("ascii"))


def _failing(row: dict[str, Any]) -> str:
    return f'Fail Load "./{row["file"].removesuffix(".v")}".'


def _said(row: dict[str, Any], why: dict[str, str]) -> str:
    """A sentence on a file that was read, by the lines that failed as is due."""
    if row["kind"] != "wrong":
        return "compiled"
    message = _line(why.get(_failing(row), ""))
    if not message or _NO_PROOF.search(message):
        raise Refused(message or "Coq does not say why")
    return f"rejected, as is due: {message[:80]}"


# --- what Coq is asked of files that it has compiled -----------------------------------------------------------------


def _asked_together(
    rows: list[dict[str, Any]], found: dict[str, Report], texts: dict[str, bytes], root: Path, coqc: str
) -> dict[str, Report]:
    """The reports of compiled files after Coq was asked in one run; each is asked in its own where that is refused."""
    since = _seconds()
    try:
        answers = _answers([_question(row, found, texts) for row in rows], root, coqc)
        reports = [_answered(row, found, answer) for row, answer in zip(rows, answers, strict=True)]
    except (Refused, KeyError) as error:
        if len(rows) > 1:
            return {row["file"]: _asked_together([row], found, texts, root, coqc)[row["file"]] for row in rows}
        reports = [replace(found[rows[0]["file"]], as_due=False, said=f"refused: {error}")]
    spent = (_seconds() - since) / max(1, len(rows))
    return {one.file: replace(one, seconds=one.seconds + spent) for one in reports}


def _answered(row: dict[str, Any], found: dict[str, Report], answer: tuple[str, str]) -> Report:
    """The report of a file whose claim and assumptions are as is due."""
    claim, axioms = answer[0], tuple(sorted(_assumptions(answer[1])))
    more = set(axioms) - set(row["axioms"])
    if more:
        raise Refused(f"it rests on {', '.join(sorted(more))}")
    if row["kind"] == "theorem" and claim != row["claim"]:
        raise Refused(f"Coq prints another claim than the manifest: {claim}")
    return replace(found[row["file"]], said=f"accepted, {len(axioms)} axioms", claim=claim, axioms=axioms)


def _seconds() -> float:
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])  # of the user and of the system


def _compiled(name: str, root: Path, coqc: str, *options: str, seconds: float = SECONDS) -> str:
    """Compile a file; the answers of Coq."""
    line = [coqc, "-q", "-w", "none", *options, "-Q", ".", "Certificates", "./" + name]
    try:
        done = subprocess.run(line, cwd=root, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Refused(f"Coq was stopped after {seconds} seconds") from None
    if done.returncode:
        raise Refused(_line(done.stderr))
    return done.stdout


def _question(row: dict[str, Any], found: dict[str, Report], texts: dict[str, bytes]) -> Question:
    """Write the questions on a compiled file: on its module, the type that its theorem must have, and its theorems."""
    module = found[row["file"]].module
    if row["kind"] == "theorem":
        return module, f"{module}.claim", ["certified"]
    if row["kind"] == "against":
        return module, f"~ {module}.claim", ["refuted"]
    theorems = [name for name, _ in _ANCHOR.findall(texts[row["file"]].decode("ascii"))]
    if len(theorems) != row["anchors"] or len(theorems) < 5:
        raise Refused(f"it has {len(theorems)} anchors")
    return module, "", theorems


def _answers(asked: list[Question], root: Path, coqc: str) -> list[tuple[str, str]]:
    """Read what Coq prints of compiled files: the claim, empty for anchors, and the assumptions of all theorems.

    Coq looks through all that it knows of real numbers for each question on assumptions. So a theorem is asked for its
    own, and all other files are asked together for what one of them rests on.
    """
    if not asked:
        return []
    rule = f'Goal True. idtac "{_RULE}". Abort.'
    lines = [f"From Certificates Require {module.partition('.')[0]}." for module, _, _ in asked]
    rest, groups = [], []
    for number, (module, type_, theorems) in enumerate(asked):
        together = f"Definition all_{number} := ({', '.join(f'{module}.{theorem}' for theorem in theorems)})."
        claim = f"Check ({module}.{theorems[0]} : {type_}).\n{rule}\nPrint {module}.claim." if type_ else rule
        lines += [rule, claim, together]
        own = theorems == ["certified"]
        groups.append(f"all_{number}" if own else "rest")
        rest += [f"all_{number}"] * (not own)
    named = sorted(set(groups))
    lines += [f"Definition rest := ({', '.join(rest)})."] * bool(rest)
    lines += [f"{rule}\nPrint Assumptions {group}." for group in named]
    (root / "asked.v").write_text("\n".join(lines) + "\n")
    try:
        told = _compiled("asked.v", root, coqc, seconds=SECONDS + len(asked))
    except Refused as error:
        raise Refused(f"the theorem is not of its claim: {error}") from None
    answers = told.split(_RULE.strip())[1:]
    if len(answers) != 2 * len(asked) + len(named):
        raise Refused("Coq gave other answers than those that were asked for")
    assumed = dict(zip(named, answers[2 * len(asked) :], strict=True))
    return [(" ".join(answers[2 * i + 1].split()), assumed[group]) for i, group in enumerate(groups)]


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
    parser = argparse.ArgumentParser(description="Ask Coq whether the files of a folder prove what its manifest says.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--keep", type=Path, metavar="COMPILED", help="a new folder for what is compiled, for coqchk")
    given = parser.parse_args()
    coqc = shutil.which("coqc")
    if coqc is None:
        print("not checked: no coqc (Debian: apt-get install coq)")
        return 2
    try:
        reports = check(given.folder, coqc, given.keep)
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
