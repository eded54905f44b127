"""For each rule about outcomes a statement of a foreign package that breaks it, by the command and the plugin."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lrtheory.bounds.finding.scaffold import scaffold
from lrtheory.bounds.finding.templates import TEMPLATES
from lrtheory.cli import main
from tests.warm import Warm

FILE = Path(__file__).parent / "foreign" / "bounds_mine.py"

#: what both say of a statement whose claim believes a lie
WORDS = {
    "pair": """\
mine/pair[forger]: still supported after a lie about the outcome
    the whole outcome: zero in every place    the claim is satisfied by zeros: compare the outcome with a number that \
the instance gives
    the whole outcome: of another instance    the claim does not hold the outcome against the instance: compute what \
is due from the instance""",
    "cover": """\
mine/cover[forger]: still supported after a lie about the outcome
    the whole outcome: zero in every place                      the claim is satisfied by zeros: compare the outcome \
with a number that the instance gives
    the whole outcome: of another instance                      the claim does not hold the outcome against the \
instance: compute what is due from the instance
    chosen: empty, the first entry alone, the first left out    the claim accepts an empty `chosen`: demand its length
    chosen: zero, the first item repeated                       the claim does not look at `chosen`: judge it by the \
instance, or list it in `unread`
    value: one more                                             the claim believes `value`: compute it from `chosen`, \
or list it in `unread`
    chosen: negated                                             the claim does not see the sign of `chosen`: compare \
it with the instance, or list it in `free`""",
    "unread": """\
mine/unread[forger]: still supported after a lie about the outcome
    chosen: is declared unread, and is read    a side depends on `chosen`: take it off `unread`
    value: is declared unread, and is read     a side depends on `value`: take it off `unread`""",
    "free": """\
mine/free[forger]: still supported after a lie about the outcome
    outcome: its sign is declared free, and is read    a side depends on the sign of `outcome`: take it off `free`""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody else's with the statements."""
    made = tmp_path_factory.mktemp("foreign")
    shutil.copy(FILE, made)
    (made / "pyproject.toml").write_text('[tool.lrtheory]\nstatements = ["bounds_*.py"]\n')
    return made


@pytest.fixture(scope="module")
def measured(folder: Path, warm: Warm) -> str:
    """What pytest prints about the forger's items."""
    words = ["-p", "lrtheory.pytest", "-m", "bounds", "-n", "0", "-q", "-k", "forger"]
    done = warm.run("-m", "pytest", *words, cwd=folder, environment=warm.environment | {"COLUMNS": "200"})
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", WORDS)
def test_a_claim_that_believes_a_lie_fails_in_the_command_and_in_pytest(name, folder, measured, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert main(["check", f"mine/{name}"]) == 2
    said = capsys.readouterr().out
    assert said.startswith(f"? mine/{name}  inconclusive")
    assert WORDS[name] in said
    assert WORDS[name] in measured
    assert main(["check", f"mine/{name}", "--no-forger"]) == 0
    assert "the forger and the solver that says nothing were left out" in capsys.readouterr().out


def test_a_claim_that_believes_nothing_passes(folder, measured, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert main(["check", "mine/sum"]) == 0
    assert re.search(r"forger +none of \d+ lies about the outcome is supported\n", capsys.readouterr().out)
    assert "mine/sum" not in measured


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            "mine/sum --solve bounds_mine.py:doubled",
            2,
            "`outcome` must be an integer; got an array of shape (2,) of integers",
        ),
        ("mine/sum --solve bounds_mine.py:real", 2, "`outcome` must be an integer; got a real number"),
        ("mine/cover --solve bounds_mine.py:nothing", 2, "`value` must be an integer; got a real number"),
        (
            "mine/inexact",
            3,
            "close sides are computed again from Fractions, in arrays of objects, which such a function does not take: "
            "write it for exact numbers, or say what doubles may err by, as in `Sides(lhs, rhs, "
            "rounding=rounding(n, size))` for n operations on numbers up to size",
        ),
        (
            "mine/tosses --solve bounds_mine.py:heads",
            2,
            'where a length belongs to the solver, the statement says so: may_vary={"*": "the reason"}',
        ),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_sentence_with_the_remedy(
    words, code, sentence, folder, monkeypatch, capsys
):
    monkeypatch.chdir(folder)
    assert main(["check", *words.split()]) == code
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("claim", TEMPLATES)
def test_the_templates_pass_their_own_forger(claim, tmp_path, monkeypatch, capsys):
    scaffold("my", tmp_path, claim)
    monkeypatch.chdir(tmp_path)
    assert main(["check", f"my/{TEMPLATES[claim][0]}"]) == 0
    assert re.search(r"forger +none of \d+ lies", capsys.readouterr().out)
