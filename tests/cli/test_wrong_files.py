"""Every verb is given a file of every wrong kind, in the place of each of its files: it answers in one sentence."""

import re
import shutil
import warnings
from pathlib import Path

import pytest

from lrtheory.cli import main
from tests.cli.wrong_files import may_be_read, write_all
from tests.rules.test_commands import FILES, VERBS, named, typed, unwritten

#: words of Python and of its libraries, in which nobody says what is wrong with a file
PYTHON = re.compile(
    r"Traceback|\w+Error\b|\[Errno|codec|has no attribute|object is not|invalid literal|could not convert|NoneType"
    r"|unhashable|subscript|positional|out of range|maximum recursion|sys\.|Expecting value: line"
)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """The files of the examples, and a folder with the wrong ones."""
    folder = tmp_path_factory.mktemp("files")
    for path in FILES.iterdir():
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
    (folder / "wrong").mkdir()
    write_all(folder / "wrong")
    return folder


def places(verb, folder):
    """The examples of a verb with the place of each file in them, every file of the verb once."""
    seen = set()
    for line in verb.examples:
        words = unwritten(typed(line))
        words += [line.partition(" < ")[2]] * (" < " in line)  # a file that an example pipes may also be named
        for i, word in enumerate(words):
            place = words[i - 1] if words[i - 1].startswith("--") else i
            if i >= 2 and (folder / word).exists() and place not in seen:
                seen.add(place)
                yield words, i


def said(words, capsys):
    """The exit code, and what was printed on both sides."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = main(words)
    out, err = capsys.readouterr()
    return code, out, [line for line in err.splitlines() if not line.startswith("lrtheory: compiling, first run only")]


def is_one_sentence(code, out, err, verb):
    told = code == 3 and len(err) == 1 and err[0].startswith("lrtheory: ") and not PYTHON.search(err[0])
    return told and (verb.streams or not out)


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_a_wrong_file_is_one_sentence(verb, room, capsys, monkeypatch):
    monkeypatch.chdir(room)
    wrong = []
    for words, i in places(verb, room):
        for path in sorted(Path("wrong").iterdir()):
            put = [*words[:i], str(path), *words[i + 1 :]]
            code, out, err = said(put, capsys)
            answered = code in (0, 1, 2) and may_be_read(path.name)
            if not answered and not is_one_sentence(code, out, err, verb):
                wrong.append((" ".join(put), code, err))
    assert not wrong


@pytest.mark.parametrize("verb", VERBS, ids=named)
def test_a_file_that_may_not_be_read_is_one_sentence(verb, room, capsys, monkeypatch):
    """Permissions say nothing to whoever runs as root, so the operating system is played."""
    monkeypatch.chdir(room)
    opened = Path.open
    for words, i in places(verb, room):
        closed = Path(words[i])

        def refuse(path, *args, closed=closed, **kwargs):
            if closed == path or closed in path.parents:
                raise PermissionError(13, "Permission denied", str(path))
            return opened(path, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            code, out, err = said(words, capsys)
        assert is_one_sentence(code, out, err, verb), (words, code, err)
        assert "permission denied" in err[0]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "graph.txt/inside"], ids=["long", "with a zero", "inside a file"])
def test_a_path_that_cannot_be_one_is_one_sentence(name, room, capsys, monkeypatch):
    monkeypatch.chdir(room)
    for verb in VERBS:
        for words, i in places(verb, room):
            code, out, err = said([*words[:i], name, *words[i + 1 :]], capsys)
            assert is_one_sentence(code, out, err, verb), (words, code, err)
