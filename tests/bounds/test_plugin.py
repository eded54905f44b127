"""The pytest side of the bounds: what runs, on which workers, with which seed, and what an interruption leaves."""

import os
import re
import subprocess
import sys
import textwrap

import pytest

from tests.bounds.toys import TOYS

ROOT = __file__.rpartition("tests")[0]
TEST = """
    import os
    import pytest
    from lrtheory.bounds import check
    from tests.bounds.toys import TOYS

    GROUPS = [pytest.param(toy, index, marks=pytest.mark.xdist_group(toy.id)) for toy in TOYS for index in range(4)]

    @pytest.mark.bounds
    @pytest.mark.parametrize(("toy", "index"), GROUPS, ids=lambda value: getattr(value, "title", str(value)))
    def test_toy(toy, index, bounds_session, evidence_folder):
        evidence = check(toy, bounds_session)
        evidence.save(evidence_folder / str(index))
        with open("workers", "a") as file:
            file.write(f"{toy.id} {os.environ.get('PYTEST_XDIST_WORKER', 'main')} {bounds_session.seed}\\n")
        assert evidence.verdict == toy.due

    def test_not_a_bound():
        pass
"""


def run(folder, *arguments, test=TEST):
    (folder / "test_toys.py").write_text(textwrap.dedent(test))
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p proofs_checks.plugin -m 'not bounds'\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment["PYTHONPATH"] = ROOT
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def workers(folder):
    return [line.split() for line in (folder / "workers").read_text().splitlines()]


def test_plain_pytest_leaves_the_bounds_out(tmp_path):
    done = run(tmp_path)
    assert "1 passed, 16 deselected" in done.stdout, done.stdout + done.stderr


def test_a_group_runs_on_one_worker_and_all_see_one_seed(tmp_path):
    pytest.importorskip("xdist")
    done = run(tmp_path, "-m", "bounds", "--fresh")
    assert "16 passed" in done.stdout, done.stdout + done.stderr
    seed = re.search(r"--seed (\d+)", done.stdout).group(1)
    seen = workers(tmp_path)
    assert {line[2] for line in seen} == {seed}
    for toy in TOYS:
        assert len({line[1] for line in seen if line[0] == toy.id}) == 1
    assert {line[1] for line in seen} == {"gw0", "gw1"}


def test_options_of_a_run(tmp_path):
    done = run(tmp_path, "-m", "bounds", "-n", "0", "--seed", "7", "-k", "UNDERCOUNTING", "--evidence", "kept")
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    assert {(line[1], line[2]) for line in workers(tmp_path)} == {("main", "7")}
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 4
    assert "unrecognized" not in done.stderr
    assert run(tmp_path, "-m", "bounds", "--budget", "huge").returncode == 4
    assert run(tmp_path, "-m", "bounds", "--seed", "-1", "-n", "0").returncode == 4


def test_a_skip_is_no_pass(tmp_path):
    skipped = TEST.replace("assert evidence.verdict == toy.due", "pytest.skip('not today')")
    done = run(tmp_path, "-m", "bounds", "-n", "0", test=skipped)
    assert "16 skipped: a theorem that was not measured is no pass" in done.stdout
    assert done.returncode == 1


def test_an_interruption_keeps_the_evidence_so_far(tmp_path):
    interrupted = TEST.replace("assert evidence.verdict == toy.due", "if index: raise KeyboardInterrupt")
    done = run(tmp_path, "-m", "bounds", "-n", "0", test=interrupted)
    assert done.returncode == 2, done.stdout
    assert len(list((tmp_path / "evidence").rglob("*.json"))) == 2
