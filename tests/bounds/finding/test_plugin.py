"""The pytest side of the bounds: what is collected, on which workers, with which seed; what an interruption leaves."""

import json
import re
import textwrap

import pytest

TOYS = """
    from tests.bounds.toys import GAUSS, HEDGE, MISRA_GRIES
"""
VARIANTS = 3  # statements, which have saboteurs


@pytest.fixture
def run(tmp_path, warm):
    """Run pytest on a folder with files of statements, as their author would."""

    def call(*arguments, files=None, table=""):
        for name, text in (files or {"bounds_toys.py": TOYS}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        (tmp_path / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\naddopts = '-p lrtheory.pytest'\n{table}")
        return warm.run("-m", "pytest", *arguments, cwd=tmp_path)

    return call


def evidence_files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json"))


def test_statements_saboteurs_and_repairs_are_items(run, tmp_path):
    done = run("-m", "bounds", "--collect-only", "-q")
    items = [line for line in done.stdout.splitlines() if "::" in line]
    assert "bounds_toys.py::GAUSS" in items, done.stdout + done.stderr
    assert "bounds_toys.py::GAUSS[one short]" in items
    assert sum("[" not in item for item in items) == VARIANTS
    assert "no tests collected" in run("-m", "not bounds", "--collect-only", "-q").stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_group_runs_on_one_worker_and_all_see_one_seed(run, tmp_path, workers):
    pytest.importorskip("xdist")
    done = run("-m", "bounds", *workers, "--bounds-fresh", "-k", "GAUSS or HEDGE", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    seed = int(re.search(r"--bounds-seed (\d+)", done.stdout).group(1))
    kept = [json.loads(path.read_text()) for path in (tmp_path / "evidence").rglob("*.json")]
    assert {one["seed"] for one in kept} == {seed}
    assert len({worker for worker, _ in re.findall(r"\[(gw\d)\].*::(GAUSS|HEDGE)", done.stdout)}) == 1  # one system


def test_systems_whose_claims_are_about_chance_run_first(run):
    pytest.importorskip("xdist", minversion="3.8")  # earlier ones begin with the system that has the most items
    text = """
        from dataclasses import replace
        from tests.bounds import toys
        FEW = replace(toys.GAUSS, id="exact/few")
        MANY = replace(toys.GAUSS, id="larger/many")
        MORE = replace(toys.GAUSS, id="larger/more")
        CHANCE = replace(toys.UNIFORM, id="random/chance")
    """
    done = run("-m", "bounds", "-n", "1", "--dist", "loadgroup", "-v", files={"bounds_toys.py": text})
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line for line in done.stdout.splitlines() if "PASSED" in line]
    order = [re.search(r"::(few|many|more|chance)", line).group(1) for line in passed]
    assert (order[0], order[-1]) == ("chance", "few"), done.stdout


def test_options_of_a_run(run, tmp_path):
    done = run("-m", "bounds", "-n", "0", "--bounds-seed", "7", "-k", "MG and not forgets", "--bounds-evidence", "kept")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(name.startswith("bounds_toys/toy~MG") for name in evidence_files(tmp_path / "kept"))
    assert run("-m", "bounds", "--bounds-budget", "huge").returncode == 4
    assert run("-m", "bounds", "--bounds-seed", "-1", "-n", "0").returncode == 4
    again = run("-m", "bounds", "-n", "0", "--lf", "-k", "GAUSS", "--junit-xml", "out.xml")
    assert again.returncode == 0
    assert 'name="GAUSS"' in (tmp_path / "out.xml").read_text()


def test_a_statement_that_does_not_hold_fails_with_its_evidence(run):
    text = """
        from dataclasses import replace
        from tests.bounds.toys import GAUSS
        WRONG = replace(GAUSS.sabotaged("one short"), sabotage="", saboteurs=GAUSS.saboteurs, id="toy/wrong")
        """
    done = run("-m", "bounds", "-n", "0", "-k", "wrong and not short", files={"bounds/mine.py": text})
    assert done.returncode == 1
    assert "refuted, and supported is due" in done.stdout
    assert "lrtheory check bounds/mine.py::toy/wrong --instance" in done.stdout


def test_configured_places_are_collected_once(run, tmp_path):
    table = "[tool.lrtheory]\nstatements = ['mine.theorems', 'bounds_toys.py', 'test_named.py']\n"
    files = {
        "bounds_toys.py": "from tests.bounds.toys import HEDGE",
        "mine/__init__.py": "",
        "mine/theorems.py": "from tests.bounds.toys import GAUSS",
        "test_named.py": "from tests.bounds.toys import MISRA_GRIES",
    }
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    for words, due in (
        ((), ["bounds_toys.py::HEDGE", "mine/theorems.py::GAUSS", "test_named.py::MG"]),
        (("link/theorems.py",), ["link/theorems.py::GAUSS"]),
    ):
        done = run("-m", "bounds", "--collect-only", "-q", *words, files=files, table=table)
        items = [line for line in done.stdout.splitlines() if "::" in line and "[" not in line]
        assert items == due, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1\n\n1 / 0", r"bounds_bad.py, line 3\): ZeroDivisionError"),
        ("def f(:", r"bounds_bad.py, line 1\): SyntaxError"),
        ("import sys\nsys.exit(0)", r"bounds_bad.py, line 2\): SystemExit"),
    ],
)
def test_a_file_with_an_error_is_one_sentence_with_its_line(run, text, sentence):
    done = run("-m", "bounds", "-n", "0", files={"bounds_bad.py": text})
    assert done.returncode == 2
    assert re.search(sentence, done.stdout), done.stdout


def test_a_file_of_a_library_that_is_missing_leaves_the_others_alone(run):
    table = "[tool.lrtheory]\nstatements = ['mine/*.py']\n"
    files = {"mine/good.py": "from tests.bounds.toys import GAUSS", "mine/bad.py": "import nothing_like_this"}
    done = run("-m", "bounds", "-n", "0", "mine/good.py", "-k", "short", files=files, table=table)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_place_that_is_not_there_is_wrong_usage(run):
    done = run("-m", "bounds", "-n", "0", table="[tool.lrtheory]\nstatements = ['nothing_like_this']\n")
    assert done.returncode == 4
    assert "there is no module 'nothing_like_this'" in done.stderr


def test_a_skip_is_no_pass(run):
    skipped = "import pytest\n@pytest.mark.bounds\ndef test_it():\n    pytest.skip('not today')\n"
    done = run("-m", "bounds", "-n", "0", files={"test_it.py": skipped})
    assert "1 skipped: a theorem that was not measured is no pass" in done.stdout
    assert done.returncode == 1


def test_a_file_of_tests_that_lacks_its_library_holds_no_theorem(run):
    files = {
        "test_it.py": "import pytest\npytest.importorskip('no_such_library')\n",
        "test_that.py": "import pytest\n@pytest.mark.bounds\ndef test_that():\n    pass\n",
    }
    for workers in ("0", "1"):
        done = run("-m", "bounds", "-n", workers, files=files)
        assert "is no pass" not in done.stdout
        assert (done.returncode, "1 passed, 1 skipped" in done.stdout) == (0, True)
    place = "[tool.lrtheory]\nstatements = ['test_it.py']\n"
    done = run("-m", "bounds", "-n", "0", files=files, table=place)  # a place of theorems, whatever its name
    assert done.returncode != 0, done.stdout


def test_an_interruption_keeps_the_evidence_so_far(run, tmp_path):
    text = """
        from dataclasses import replace
        from tests.bounds.toys import GAUSS
        def stop(instance, rng):
            raise KeyboardInterrupt
        B = replace(GAUSS, id="toy/B", solve=stop)
        """
    done = run("-m", "bounds", "-n", "0", files={"bounds_toys.py": text})
    assert done.returncode == 2, done.stdout
    assert "bounds_toys/toy~GAUSS.json" in evidence_files(tmp_path / "evidence")


def test_two_files_with_one_id_are_an_error_that_names_both(run):
    changed = TOYS + "    import dataclasses\n    GAUSS = dataclasses.replace(GAUSS, notes='another one')\n"
    done = run("-m", "bounds", "--collect-only", "-q", files={"bounds_a.py": TOYS, "bounds_b.py": changed})
    assert re.search(r"toy/GAUSS stands twice: in \S*bounds_a.py and in \S*bounds_b.py; one of them", done.stdout)
    assert "toy/HEDGE stands twice" not in done.stdout
