"""Places and configurations that somebody writes in a hurry: what is found, and one sentence for what is wrong."""

import importlib
import json
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import lrtheory
from lrtheory._array import PACKAGES
from lrtheory.bounds import Registry, StatementError, load_evidence
from lrtheory.bounds.deciding.evidence import file_name
from lrtheory.bounds.finding.configuration import OURS, configured
from lrtheory.bounds.finding.registry import _names, located
from lrtheory.bounds.reporting import render
from lrtheory.cli import main
from tests.bounds.toys import GAUSS

ROOT = __file__.rpartition("tests")[0]
TOYS = "from dataclasses import replace\nfrom tests.bounds import toys\n"


def toy(name, id):
    return f"{name} = replace(toys.GAUSS, id={id!r})\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files into an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def call(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return tmp_path

    yield call
    for name, module in list(sys.modules.items()):  # or another test would meet a module of the same name
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (3, "`places` must be dotted modules, files and globs of files; got 3"),
        (None, "`places` must be dotted modules, files and globs of files; got None"),
        (b"x.py", "`places` must be dotted modules, files and globs of files; got b'x.py'"),
        ("", "there is no module ''"),
        (".relative", "there is no module '.relative'"),
        ("nothing_like_this", "there is no module 'nothing_like_this'"),
        ("bounds/other.py", "there is no file"),
        ("../other.py", "there is no file"),
        ("theorems/*.py", "no file matches the place 'theorems/*.py'"),
        ("/nowhere/*.py", "no file matches the place '/nowhere/*.py'"),
    ],
)
def test_what_is_no_place_is_refused(place, sentence, capsys):
    with pytest.raises((TypeError, StatementError)) as caught:
        Registry(place)
    assert str(caught.value).startswith(sentence)
    if isinstance(place, str) and place:
        assert main(["check", f"{place}::a/b"]) == 3
        assert sentence in capsys.readouterr().err


def test_places_of_every_form_lead_to_the_same_file(write):
    folder = write({"odd [1]/b.py": TOYS + toy("B", "a/b")})
    path = folder / "odd [1]" / "b.py"
    for place in (path, str(path), "odd [1]/b.py", "odd [1]/", "odd [[]1]/*.py", f"{folder}/*/b.py", "**/b.py"):
        assert Registry(place).places == [str(path)], place
        assert Registry(place).ids() == ["a/b"]


def test_a_module_beside_a_package_and_what_an_init_imports_are_found_once(write):
    write(
        {
            "mine/__init__.py": "from mine.deep.inner import D\n" + TOYS + toy("HERE", "a/here"),
            "mine/beside.py": TOYS + toy("B", "a/beside"),
            "mine/deep/__init__.py": "",
            "mine/deep/inner.py": TOYS + toy("D", "deep/inner"),
            "mine/zeta.py": "from mine.beside import B\n",
        }
    )
    registry = Registry("mine")
    assert registry.ids() == ["a/here", "a/beside", "deep/inner"]
    files = {id: Path(registry.file(id)).name for id in ("a/here", "a/beside")}
    assert files == {"a/here": "__init__.py", "a/beside": "beside.py"}
    assert Registry("mine")["deep/inner"].origin.collection == "mine"  # by the package that is called like its system


def test_statements_in_lists_and_tables_are_found(write):
    write({"many.py": TOYS + "MANY = [replace(toys.GAUSS, id=f'a/{i}') for i in range(3)]\nTABLE = {'x': MANY[0]}\n"})
    assert Registry("many.py").ids() == ["a/0", "a/1", "a/2"]


def test_a_statement_that_another_file_imports_is_one(write):
    write(
        {
            "a_more.py": "from common import ROOT\n" + TOYS + toy("MORE", "a/more"),
            "common.py": TOYS + toy("ROOT", "a/root"),
            "d_more.py": "from common import ROOT",
        }
    )
    assert Registry("*.py").ids() == ["a/root", "a/more"]
    write({"twice.py": TOYS + toy("A", "a/twice") + toy("B", "a/twice")})
    for _ in range(2):  # the same sentence when it is asked again
        with pytest.raises(StatementError, match=r"a/twice stands twice: in twice\.py and in twice\.py; one of them"):
            Registry("twice.py").ids()


def test_a_file_imports_what_lies_beside_it_and_its_evidence_rests_on_that(write):
    root = write(
        {
            "some/one.py": TOYS + "import helping, json\nassert helping.NUMBER == 3\n" + toy("ONE", "toy/ONE"),
            "some/helping.py": "from deeper.inner import NUMBER\n",
            "some/deeper/inner.py": "NUMBER = 3\n",
            "some/json.py": "raise ValueError('the library is meant')\n",
        }
    )
    registry = Registry("some/one.py")
    assert registry.ids() == ["toy/ONE"]
    resting = [str(Path(one).relative_to(root)) for one in registry["toy/ONE"].origin.sources]
    assert {"some/one.py", "some/helping.py", "some/deeper"} <= set(resting)


def test_two_files_with_different_helpers_of_one_name_are_refused(write):
    for folder, number in {"here": 1, "there": 2}.items():
        write(
            {
                f"{folder}/one.py": TOYS + "from common import NUMBER\n" + toy("ONE", f"toy/{folder}"),
                f"{folder}/common.py": f"NUMBER = {number}\n",
            }
        )
    with pytest.raises(StatementError, match=r"there/one.py imports 'common', and .*here/common.py is that already"):
        Registry("here/one.py", "there/one.py").ids()


@pytest.mark.parametrize("id", ["a/b::c", "a/[x]", "a/*", "a b/c", "noslash", "", "a/b~c", "a/b/c"])
def test_an_id_that_no_command_could_ask_for_is_refused(write, id):
    write({"odd.py": TOYS + toy("A", id)})
    with pytest.raises(StatementError, match=r"odd\.py: `id` must be <system>/<item> without"):
        Registry("odd.py").ids()


def test_a_script_that_ends_the_process_cannot_be_imported(write, capsys):
    write({"script.py": "import sys\nsys.exit(0)"})
    assert main(["check", "script.py::a/b"]) == 3
    assert "script.py, line 2): SystemExit: 0" in capsys.readouterr().err


def test_a_script_that_checks_what_it_holds_is_told_to_guard_that(write, capsys):
    write({"script.py": TOYS + toy("A", "a/b") + "import lrtheory\nlrtheory.check_all([A])"})
    assert main(["check", "script.py::a/b"]) == 3
    assert "put what it checks below `if __name__" in capsys.readouterr().err


def test_the_line_of_a_refusal_is_the_authors(write):
    write({"bad.py": "from lrtheory.bounds import saboteur\n\nX = saboteur('nothing')"})
    with pytest.raises(StatementError, match=r"bad\.py, line 3\): StatementError: the saboteur 'nothing'"):
        Registry("bad.py").ids()


def test_what_was_typed_in_has_no_place_and_an_archive_has(write):
    folder = write({})
    text = TOYS + toy("A", "a/b") + "import lrtheory\nfound = lrtheory.check(A)\nprint(found.place, found.replay)"
    typed = subprocess.run(
        [sys.executable, "-"], input=text, env={"PYTHONPATH": ROOT}, cwd=folder, capture_output=True, text=True
    )
    assert typed.stdout.startswith(" lrtheory.check(STATEMENT, budget='quick'"), typed.stderr
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.writestr("zipped.py", TOYS + toy("A", "a/b"))
    sys.path.insert(0, str(folder / "z.zip"))
    try:
        import zipped

        assert located(zipped.A).origin.place == "zipped"
        assert lrtheory.check(zipped.A).replay.startswith("lrtheory check zipped::a/b --instance ")
    finally:
        sys.path.remove(str(folder / "z.zip"))
        del sys.modules["zipped"]


@pytest.mark.parametrize(("variant", "named"), [({"saboteur": "one short"}, "saboteur='one short', "), ({}, "")])
def test_the_replay_of_what_stands_in_a_notebook_is_a_call_that_runs(variant, named):
    STATEMENT = replace(GAUSS, title="made in a cell")
    for instance in ({}, {"instance": 7}):
        found = lrtheory.check(STATEMENT, **variant, **instance)
        assert found.replay.startswith(f"lrtheory.check(STATEMENT, {named}budget='quick', rng=0, instance=")
        again = eval(found.replay)
        assert (again.verdict, again.worst["lhs"]) == (found.verdict, found.worst["lhs"])


def test_what_a_statement_lacks_is_said_by_every_check():
    found = lrtheory.check(replace(GAUSS, title="", hypotheses={}))
    assert found.verdict == "supported"
    assert "incomplete: title, TeX or source is missing; incomplete: no hypothesis is named" in found.message
    assert "incomplete" not in lrtheory.check(GAUSS).message


# --- the configuration ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[tool.lrtheory]\nstatement = ['x']", "has 'statement'; it may have evidence, report, sources, statements"),
        ("[tool.lrtheory]\nstatements = 'x'", "`statements` must be a list of strings; got 'x'"),
        ("[tool.lrtheory]\nstatements = [3]", r"`statements` must be a list of strings; got \[3\]"),
        ("[tool.lrtheory]\nevidence = 'x'", "names no `statements`"),
        ("[tool.lrtheory]\nstatements = ['x']\nreport = 3", "`report` must be a string; got 3"),
        ("[tool.lrtheory]\nstatements = ['x']\ntitle = {c = 3}", "`title` must be a string, or a table .* to strings"),
        ("[tool]\nlrtheory = 3", "`tool.lrtheory` must be a table; got 3"),
        ("[tool]\nlrtheory = 'x'", "`tool.lrtheory` must be a table; got 'x'"),
        ("[tool.lrtheory]\nstatements = ['x']\nsources = ['src/{foo}']", r"in which \{system\} alone stands in braces"),
        ("[tool.lrtheory]\nstatements = ['x']\nsources = ['src/{0}']", r"in which \{system\} alone stands in braces"),
        ("[tool.lrtheory]\nstatements = ['x']\nsources = ['{']", r"in which \{system\} alone stands in braces"),
        (
            "[tool.lrtheory]\nstatements = ['x']\nsources = ['scr']",
            "`sources` must be files and folders in .*; got 'scr'",
        ),
        ("[tool.lrtheory]\nstatements = ['x']\nsources = ['scr/{system}']", "`sources` must be files and folders in"),
        ("[tool.lrtheory]\nstatements = ['x']\nsources = ['data']", "folders with Python files; got 'data'"),
        ("[tool.lrtheory]\nstatements = ['x']\nevidence = 'data/d.json'", "`evidence` must be a folder; got"),
        ("[tool.lrtheory", "pyproject.toml: Expected"),
        ("title = 'é'".encode("latin-1"), "pyproject.toml: 'utf-8' codec can't decode"),
    ],
)
def test_a_table_that_is_not_well_formed(tmp_path, text, sentence):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "d.json").write_text("{}")
    (tmp_path / "pyproject.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StatementError, match=sentence):
        configured(tmp_path)


def test_a_table_may_name_what_is_there(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "d.json").write_text("{}")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("")
    text = "[tool.lrtheory]\nstatements = ['x']\nsources = ['data/d.json', 'src', '{system}']\nversions = ['numpy']\n"
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8-sig")  # with the mark that Windows writes
    assert configured(tmp_path / "src").sources == ("data/d.json", "src", "{system}")


@pytest.mark.parametrize("text", ["[tool.other]\nx = 1\n", "tool = 3", ""])
def test_without_a_table_the_statements_are_those_of_the_package(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    assert configured(tmp_path) is OURS


def test_sources_may_have_encodings_of_their_own_and_need_not_be_python(write):
    folder = write({"bounds_a.py": TOYS + toy("A", "a/b")})
    (folder / "src").mkdir()
    (folder / "src" / "__init__.py").write_bytes("# -*- coding: latin-1 -*-\nX = 'é'\n".encode("latin-1"))
    (folder / "d.json").write_text("1")
    table = "[tool.lrtheory]\nstatements = ['bounds_*.py']\nsources = ['src', 'd.json']\n"
    (folder / "pyproject.toml").write_text(table)
    before = evidence_of("a/b")
    (folder / "d.json").write_text("2")
    assert evidence_of("a/b")["digest"] != before["digest"]
    (folder / "d.json").write_text("1")
    assert evidence_of("a/b")["digest"] == before["digest"]


def evidence_of(id):
    """What a process of its own measures, since digests are computed once."""
    command = [sys.executable, "-m", "lrtheory.cli", "check", id, "--json"]
    done = subprocess.run(command, env={"PYTHONPATH": ROOT}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_a_report_names_a_distribution_that_is_not_installed(tmp_path):
    alone = replace(GAUSS, saboteurs=())
    found = lrtheory.check(alone)
    replace(found, versions={"numpy": "2.0", "netwrokx": "not installed"}).save(tmp_path)
    with pytest.raises(ValueError, match="toy/GAUSS: `versions` names 'netwrokx', which was not installed"):
        render([alone], tmp_path)


def test_every_id_and_variant_has_a_file_of_its_own():
    names = [
        file_name("g/a--b"),
        file_name("g--a/b"),
        file_name("g/a", "repair: x"),
        file_name("g/a", repair="x"),
        file_name("g/a", "x"),
        file_name("g/a"),
    ]
    assert len(set(names)) == len(names)


def test_evidence_of_another_statement_is_refused(tmp_path):
    alone = replace(GAUSS, saboteurs=())
    path = lrtheory.check(alone).save(tmp_path)
    other = replace(alone, id="toy/gauss")  # one file where capitals are small letters
    path.rename(path.with_name(file_name("toy/gauss")))
    assert load_evidence(path.with_name(file_name("toy/gauss"))).statement == "toy/GAUSS"
    with pytest.raises(ValueError, match="is the evidence of toy/GAUSS, and not that of toy/gauss"):
        render([other], tmp_path)


def test_the_search_for_a_statement_asks_nothing_of_objects_of_other_packages(tmp_path, monkeypatch):
    class Deprecated:
        @property
        def __class__(self):
            raise FutureWarning("use another one")

    (tmp_path / "of_somebody.py").write_text("from tests.bounds.toys import GAUSS\nFOUND = [GAUSS]\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("of_somebody")
    module.old, module.several = Deprecated(), [Deprecated()]
    assert _names(module, GAUSS) == [("GAUSS", 0), ("FOUND", 0)]
    monkeypatch.delitem(sys.modules, "of_somebody")


#: parts of the core that compute nothing: they check, read, show, start processes, or are words for types
WITHOUT_NUMBERS = {"_files", "_front.py", "_parallel.py", "_result", "_types.py", "_validation.py"}


def test_our_evidence_rests_on_the_core_that_computes() -> None:
    sources = {source.replace("{system}", system) for source in OURS.sources for system in lrtheory.SYSTEMS}
    assert all((PACKAGES / source).exists() for source in sources), "what is not there would be left out in silence"
    core = {path.name for path in (PACKAGES / "lrtheory").glob("_[a-z]*")}
    assert core == WITHOUT_NUMBERS | {source.removeprefix("lrtheory/") for source in sources} & core
    for statement in lrtheory.statements()[::50]:
        assert {str(PACKAGES / "lrtheory/_kernels"), str(PACKAGES / "proofs_checks/guards.py")} <= set(
            statement.origin.sources
        )
