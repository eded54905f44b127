"""What a verb says of a wrong value names the option that was typed, and no argument of a function."""

import ast
import re
import shutil
import warnings
from pathlib import Path

import pytest

from lrtheory.cli import main
from lrtheory.cli.sentences import in_options
from tests.rules.test_commands import FILES, VERBS, function_of, named, typed, unwritten

#: values of each kind of an option of which some are always wrong
WRONG = {
    "int": ["-1", "0"],
    "float": ["-1", "nan", "inf", "0"],
    "str": ["", "nonsense"],
    "tuple[str, ...]": ["", "x,y"],
    "Mapping[str, int]": ["", "x", "x=1"],
}
#: pairs of options of which a verb takes one
EITHER = [("--rank=1", "--epsilon=.1"), ("--rank=1", "--budget=100"), ("--rank=1", "--keep-energy=.5")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for path in FILES.iterdir():
        (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without(words, flag):
    """The words of an example without an option and its value."""
    return [word for i, word in enumerate(words) if flag not in (word, words[max(i - 1, 0)])]


def columns(folder):
    """What the columns of the files are called, of which sentences speak too."""
    return set(re.findall(r"\w+", " ".join(path.read_text().split("\n")[0] for path in folder.glob("*.csv"))))


def wrong_lines(verb):
    """The first example of a verb with a wrong value of each option, one at a time."""
    words = unwritten(typed(verb.examples[0]))
    for one in verb.options:
        for value in WRONG.get(one.plain_kind, []):
            if not one.is_file:
                yield [*without(words, one.flag), f"{one.flag}={value}" if "--" in one.flag else f"{one.flag}{value}"]
    flags = {one.flag for one in verb.options}
    for pair in EITHER:
        if {word.partition("=")[0] for word in pair} <= flags:
            yield [*words, *pair]


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_a_wrong_value_is_told_by_the_name_of_its_option(verb, folder, capsys):
    known = columns(folder) | {one.name.upper() for one in verb.files} | {"PATH"}
    for words in wrong_lines(verb):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            code = main(words)
        err = capsys.readouterr().err
        if code != 3:
            continue
        for name in re.findall(r"`([^`]*)`", err):
            parts = set(re.split(r", |\[.*\]", name)) - {""}
            assert all(part.startswith("-") or part in known for part in parts), (words, err)


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_a_name_that_differs_is_one_that_the_verb_passes_on(verb):
    """`RENAMED` names options and files of the verb, and arguments that are not called so."""
    own = {one.name for one in (*verb.options, *verb.files)}
    assert set(verb.renamed.values()) <= own
    assert not set(verb.renamed) & own
    source = Path(function_of(verb).__code__.co_filename).read_text()
    names = {node.targets[0].id for node in ast.parse(source).body if isinstance(node, ast.Assign)}
    assert names <= {"__all__", "DECIDES", "ANSWERS", "WRITES", "RENAMED"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("`at_most` must be in [0, 1]; got 2.", "`--at-most` must be in [0, 1]; got 2."),
        ("`k` must be at most 3; got 4.", "`-k` must be at most 3; got 4."),
        ("log.csv:17: `k` must be a number; got 'x'", "log.csv:17: `k` must be a number; got 'x'"),
        ("the frame, row 3: `rule` must be there; got ''", "the frame, row 3: `rule` must be there; got ''"),
        ("name those by `columns` (--columns)", "name those by `--columns`"),
        ("say header=False (--no-header) if it is", "say --no-header if it is"),
        ("say --force (force=True) to replace it", "say --force to replace it"),
        ("`quota, at_least` must be exactly one of these; got quota and at_least.",
         "`--quota, --at-least` must be exactly one of these; got --quota and --at-least."),
        ("`at_most[2]` must be an integer; got x.", "`--at-most[2]` must be an integer; got x."),
        ("`votes` must be rankings; got 3.", "`VOTES` must be rankings; got 3."),
        ("`n_items` must be positive; got 0.", "`n_items` must be positive; got 0."),
    ],
)  # fmt: skip
def test_names_of_columns_stay_and_those_of_arguments_become_options(text, told):
    (verb,) = [one for one in VERBS if one.name == "choose"]
    assert in_options(text, verb) == told
