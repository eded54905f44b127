"""Logs as competitions, arenas and samplers publish them are ranked by the first command that one would type."""

import shlex

import pytest

from lrtheory.cli import main
from tests.rules.public_names import ROOT

FILES = ROOT / "tests" / "files"


@pytest.mark.parametrize(
    ("command", "code", "first", "told"),
    [
        # of a competition: winners in a column each, prompts with commas, quotes and ends of lines
        ("rank one_hot.csv --decided", 0, "first is certain: gpt-4o-mini", "300 battles of 6 models, 53 of them ties"),
        ("next one_hot.csv -n 10", 0, "model  against  play", "first is certain: gpt-4o-mini"),
        # of an arena: judges, one of whom voted often and for one model, both answers bad, seconds of the clock
        (
            "rank votes.csv",
            0,
            "first can be: gpt-4o-mini, claude-3-haiku, llama-3-70b",
            "--once judge counts the first",
        ),
        (
            "rank votes.csv --once judge",
            0,
            "first can be: gpt-4o-mini, claude-3-haiku (",
            "123 repeated by one `judge`",
        ),
        ("rank votes.csv --once judge --both-bad drop", 0, "first can be: ", "left out: 48 both bad, "),
        ("rank votes.csv --by language", 0, "first can be: gpt-4o-mini, ", "in the order of `tstamp`"),
        # of a sampler that looks at outcomes: rounds, dates, and rows that are not in their order
        ("rank sampled.csv", 0, "first is certain: gpt-4o-mini", "no outcome has chosen; else rank it with --any-sch"),
        ("rank sampled.csv --any-schedule", 0, "first is certain: gpt-4o-mini", "in the order of `timestamp`"),
        ("rank sampled.csv --batch round", 0, "first can be: gpt-4o-mini, claude-3-haiku (", "end of every `round`"),
        ("next sampled.csv --batch round -n 20", 0, "model", "first can be: gpt-4o-mini, claude-3-haiku"),
    ],
)
def test_the_first_command_answers(command, code, first, told, monkeypatch, capsys):
    monkeypatch.chdir(FILES)
    assert main(["alpha_rank", *shlex.split(command)]) == code
    shown = capsys.readouterr().out
    assert shown.startswith(first)
    assert told in shown
