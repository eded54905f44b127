"""Every verb of the shell: short, with help, files of classes that read themselves, and an example that runs."""

import ast
import importlib
import inspect
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import lrtheory
from lrtheory._result import Result
from lrtheory.cli import answering, main, verbs
from lrtheory.cli.arguments import COMMANDS

FILES = Path(__file__).resolve().parents[1] / "files"
VERBS = [verb for system in lrtheory.SYSTEMS for verb in verbs.verbs_of(system).values()]
#: options behind which the name of a file stands that is written
WRITERS = ("-o", "--output", "--plot", "--rank-pattern")
EXAMPLES = [(verb, line) for verb in VERBS for line in verb.examples]


def named(verb):
    return f"{verb.system}-{verb.name}"


def typed(line):
    """The words of an example after `lrtheory`, without a pipe in front or behind."""
    return shlex.split(line.partition(" < ")[0].split(" | ")[0])[1:]


def unwritten(words):
    """The words without the files that the answer would be written to."""
    return [word for i, word in enumerate(words) if not {"-o", "--plot"} & {word, words[max(i - 1, 0)]}]


def function_of(verb):
    return getattr(importlib.import_module(f"lrtheory.{verb.system}.commands"), verb.name)


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_a_verb_is_a_door_and_no_solver(verb):
    tree = ast.parse(Path(function_of(verb).__code__.co_filename).read_text())
    (node,) = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == verb.name]
    body = node.body[1:]
    assert body[-1].end_lineno - body[0].lineno < 15


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_a_verb_explains_itself(verb):
    assert verb.summary.endswith(".")
    assert verb.name not in COMMANDS
    assert verb.examples, "an example line is needed"
    for one in (*verb.files, *verb.options):
        assert one.help, f"`{one.name}` has no help"
        assert one.kind, f"`{one.name}` has no annotation"


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_files_are_of_classes_that_read_themselves(verb):
    hints = typing.get_type_hints(function_of(verb))
    assert set(verbs.verbs_of(verb.system)) <= set(dir(importlib.import_module(f"lrtheory.{verb.system}.commands")))
    for one in (*verb.files, *(option for option in verb.options if option.is_file)):
        (kind,) = [k for k in typing.get_args(hints[one.name]) or (hints[one.name],) if k is not type(None)]
        assert callable(kind.from_file)


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_what_can_be_said_about_a_file_is_what_its_class_reads(verb):
    hint = typing.get_type_hints(function_of(verb))[verb.files[0].name]
    (kind,) = [k for k in typing.get_args(hint) or (hint,) if k is not type(None)]
    known = inspect.signature(kind.from_file).parameters
    assert verb.reading == tuple(word for word in ("form", "columns", "header") if word in known)


def test_a_model_has_no_columns(folder, capsys):
    assert main(["continual_learning", "edit", "tiny-model", "edits.npz", "--tensor", "x", "--columns", "a"]) == 3
    assert "unrecognized arguments: --columns" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_the_help_says_what_a_verb_writes(verb, capsys):
    answer = typing.get_type_hints(function_of(verb))["return"]
    answers = typing.get_args(answer) or (answer,)
    own = any(isinstance(one, type) and one._write is not Result._write for one in answers)
    assert (verb.writes != "a table") == own
    with pytest.raises(SystemExit):
        answering.run(verb.system, [verb.name, "--help"])
    assert verb.streams or f"write {verb.writes} (.csv," in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_the_list_of_verbs_ends_with_a_way_on(system, capsys):
    assert main([system, "--help"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"`lrtheory {system} VERB --help` explains one")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for path in FILES.iterdir():
        (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / path.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("verb", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_answers(verb, line, folder, capsys, monkeypatch):
    """What is typed runs; a pipe in front or behind is the shell's, and is tested where its verb is."""
    before = {path.name for path in folder.iterdir()}
    source, words = line.partition(" < ")[2], typed(line)
    if source:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path(source).read_bytes()), encoding="utf-8"))
    assert main(words) in (0, 1, 2)
    out, err = capsys.readouterr()
    assert out.strip()
    said = [one for one in err.splitlines() if not one.startswith("lrtheory: compiling, first run only")]
    # the lines of a stream are JSON alone, so its facts stand here
    assert bool(said) == verb.streams
    written = {words[i + 1] for i, word in enumerate(words) if word in WRITERS} - {"-"}
    assert {path.name for path in folder.iterdir()} - before == written


@pytest.mark.parametrize(("verb", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_the_answer_as_json_has_all_digits_and_the_hashes_of_its_files(verb, line, folder, capsys, monkeypatch):
    if " < " in line:
        pytest.skip("a stream prints JSON lines of its own")
    main([*unwritten(typed(line)), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert list(told) == [
        "verb", "version", "inputs", "options", "columns", "rows", "facts", "certificate", "seconds",
    ]  # fmt: skip
    assert told["rows"]
    assert all(len(row) == len(told["columns"]) for row in told["rows"])
    assert told["inputs"]


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_what_is_read_is_never_written_over(verb, folder, capsys):
    words = typed(verb.examples[0])
    source = next((w for w in words[2:] if (folder / w).is_file()), None)
    answer = typing.get_type_hints(function_of(verb))["return"]
    if source is None or not (isinstance(answer, type) and issubclass(answer, Result)):
        pytest.skip("it reads no file, or a stream")
    content = (folder / source).read_bytes()
    assert main([*unwritten(words), "-o", source, "--force"]) == 3
    assert "nothing is written over it" in capsys.readouterr().err
    assert (folder / source).read_bytes() == content


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (["-o", "nowhere/x.csv"], "there is no folder 'nowhere'"),
        (["--plot", "nowhere/x.png"], "there is no folder 'nowhere'"),
        (["--plot", "x.gif"], "written as .png, .svg or .pdf"),
        (["--plot", "graph.txt", "--force"], "nothing is written over it"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_read(options, rule, folder, capsys, monkeypatch):
    monkeypatch.setattr(answering, "_answered", lambda *_: pytest.fail("it was read"))
    assert main(["dynamic_submodular", "pick", "graph.txt", "-k", "2", *options]) == 3
    assert re.search(rule, capsys.readouterr().err)


def test_forms_in_the_help_are_those_that_are_read():
    from lrtheory._files.opening import FORMS

    assert set(re.findall(r"[a-z]+", re.sub(r"\(.*?\)", "", answering._FORMS))) - {"or"} == set(FORMS)


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_a_missing_file_is_one_sentence(verb, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if not verb.files:
        pytest.skip("it reads no file")
    assert main(typed(verb.examples[0])) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "there is no" in err


def test_help_of_a_verb_imports_no_system(tmp_path):
    verb = VERBS[0]
    code = (
        "import sys; from lrtheory.cli import answering\n"
        f"try: answering.run({verb.system!r}, [{verb.name!r}, '--help'])\n"
        "except SystemExit: pass\n"
        f"print('lrtheory.{verb.system}' in sys.modules, 'numba' in sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert ran.stderr.split() == ["False", "False"]
    assert "examples:" in ran.stdout
