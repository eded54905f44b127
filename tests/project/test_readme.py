"""The README's examples print what it says; its commands exist."""

import re
from pathlib import Path

import pytest

import lrtheory
from facts import tables
from lrtheory.cli import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
VERDICTS = (ROOT / "docs" / "verdicts.md").read_text()


def test_the_first_lines_print_what_the_page_says(capsys):
    first, *_ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
    exec(first, {})
    assert capsys.readouterr().out == shown


def test_a_theorem_of_ones_own_prints_what_the_page_says(capsys):
    _, own, _ = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(own, {})
    assert f"prints `{capsys.readouterr().out.strip()}`" in README


def test_the_page_for_authors_prints_what_it_says(capsys):
    page = (ROOT / "docs" / "authors.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(example, {"__name__": "authors"})
    assert f"prints `{capsys.readouterr().out.strip()}`" in page


def test_the_promises_are_counted_as_their_report_counts_them():
    counted = re.search(
        r"\*\*(\d+) promises\*\* .* and \*\*(\d+)\*\* do not", (ROOT / "guarantees" / "measured.md").read_text()
    )
    told = re.search(r"\*\*(\d+) documented\s+promises .* beside (\d+)", README, re.DOTALL)
    assert counted.groups() == told.groups()[::-1]


def test_the_ten_lines_run(capsys):
    *_, example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(example.strip().splitlines()) <= 12
    exec(example, {})
    printed = capsys.readouterr().out
    assert "alpha_rank/RG-T2p  supported" in printed
    assert "refuted lrtheory.check('alpha_rank/AR-T8', solve=...," in printed


def test_the_commands_do_what_they_say(capsys, tmp_path, monkeypatch):
    lines = re.findall(r"^lrtheory (list|show.*?|check.*?) +#", VERDICTS, re.MULTILINE)
    assert len(lines) == 5
    codes = [main(line.split()) for line in lines[:4]]
    assert codes == [0, 0, 0, 1]
    assert main(["list", "kuhn"]) == 0
    (started, file) = re.findall(r"^lrtheory (start .*?) > (\S+) +#", VERDICTS, re.MULTILINE)[0]
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(started.split()) == 0
    Path(file).write_text(capsys.readouterr().out)
    assert main(lines[4].split()) == 3  # as it stands it says that it wants to be filled in
    assert "NotImplementedError: fill in `solve` (my.py, line" in capsys.readouterr().err


def test_the_table_names_the_systems_that_stand():
    assert re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE) == list(lrtheory.SYSTEMS)


def test_what_stands_here_is_counted_as_the_command_counts_it(capsys):
    main(["list"])
    assert f"counts it: {capsys.readouterr().out.splitlines()[-1]}." in " ".join(README.split())


def test_the_modules_that_the_architecture_names_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = {name for name in re.findall(r"`([\w/]+\.py)`", text) if "/" in name}
    assert len(named) > 20
    places = (ROOT, ROOT / "lrtheory", ROOT / "lrtheory" / "bounds")
    assert not sorted(name for name in named if not any((place / name).exists() for place in places))


def test_the_readme_is_read_in_a_few_minutes():
    assert len(README.encode()) <= 12_000


# --- what is made: systems from their facts, verbs from their docstrings, the counts from the statements -------------


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda page: page.name)
def test_the_tables_are_current(page):
    text = page.read_text()
    assert tables.with_facts(page.name, text) == text, "run `python -m facts`"


def test_every_row_of_a_verb_is_short_enough_for_a_table():
    assert tables.verb_rows()
    for row in tables.verb_rows():
        assert max(map(len, row.strip("| ").split(" | "))) <= 110, row


@pytest.mark.parametrize(
    ("name", "head"), [("README.md", "| system |"), ("README.md", "What stands here"), ("files.md", "| I have |")]
)
def test_a_page_without_what_is_made_is_refused(name, head):
    (page,) = (page for page in tables.PAGES if page.name == name)
    with pytest.raises(ValueError, match=f"{re.escape(name)} has no part that begins with"):
        tables.with_facts(name, page.read_text().replace(head, "| else |"))
