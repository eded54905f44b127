"""An algorithm of the caller's own on the command line, and the file to start from."""

import shlex
import sys

import pytest

import lrtheory
from lrtheory.bounds import Recorded

LAW = """\
import numpy as np
from helper import half


def solve(chain, rng):
    return np.full(len(chain.rates), half())


def right(chain, rng):
    from lrtheory.alpha_rank import stationary_distribution

    return stationary_distribution(chain.rates, rational=True).pi


def short(chain):
    return 0


def wrong_shape(chain, rng):
    return np.zeros(77)


def falls(chain, rng):
    return deeper(chain)


def deeper(chain):
    raise RuntimeError("no idea")


CONSTANT = 5
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "law.py").write_text(LAW)
    (tmp_path / "helper.py").write_text("def half():\n    return 0.5\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("helper", None)  # one process has one module of a name, and the next test has another one


def test_an_algorithm_in_a_file_is_judged_and_replayed(run, here):
    code, out, _ = run("check ar-t8 --solve law.py:right")
    assert code == 0
    assert "supported" in out
    code, out, _ = run("check ar-t8 --solve law.py:solve --seed 3")
    assert code == 1
    replay = out.rpartition("replay")[2].strip()
    assert replay.startswith("lrtheory check alpha_rank/AR-T8 --solve law.py:solve --seed 3 --instance ")
    again = run(replay.removeprefix("lrtheory "))
    assert again[0] == 1
    assert out.splitlines()[3:5] == again[1].splitlines()[3:5]  # both sides


def test_an_algorithm_in_a_module(run):
    assert run("check ar-t8 --solve proofs_checks.alpha_rank.families.chains:exact_law")[0] == 0


@pytest.mark.parametrize(
    ("solve", "sentence"),
    [
        ("law.py", "`--solve` must be FILE.py:NAME or module:NAME; got 'law.py'"),
        (":solve", "`--solve` must be FILE.py:NAME"),
        ("law.py:", "`--solve` must be FILE.py:NAME"),
        ("nowhere.py:solve", "there is no file 'nowhere.py'"),
        ("no_such_module.at.all:solve", "there is no module 'no_such_module.at.all'"),
        ("law.py:nothing", "law.py has no 'nothing'; it has half, solve, right"),
        ("law.py:CONSTANT", "`--solve` must be something that can be called; got 5"),
        ("law.py:short", "`--solve` must be called as solve(chain, rng) -> outcome for alpha_rank/AR-T8"),
        ("law.py:wrong_shape", "`solve` must return array (2,) of Fraction"),
        ("law.py:falls", "RuntimeError: no idea (law.py, line 28), raised by `solve` on an instance of alpha_rank"),
        ("broken.py:solve", "broken.py, line 2"),
        ("raises.py:solve", "ZeroDivisionError"),
    ],
)
def test_every_mistake_is_one_sentence(run, here, solve, sentence):
    (here / "broken.py").write_text("x = 1\ndef solve(:\n")
    (here / "raises.py").write_text("1 / 0\n")
    code, out, err = run(f"check alpha_rank/AR-T8 --solve {solve}")
    # an outcome that cannot be judged is no verdict, and no wrong usage
    assert (code, out) == (2 if solve == "law.py:wrong_shape" else 3, "")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("check ar-t8 --solve law.py:solve --saboteur 1", "--solve goes without --saboteur"),
        ("check ar-t8 ar-t2 --solve law.py:solve", "go with one statement"),
        ("check alpha_rank/AR-T8* --solve law.py:solve", "go with one statement"),
    ],
)
def test_what_would_be_ignored_is_refused(run, here, line, sentence):
    code, _, err = run(line)
    assert code == 3
    assert sentence in err


def test_a_claim_about_a_formula_takes_no_algorithm(run, here):
    closed = next(one for one in lrtheory.statements() if one.closed)
    recorded = next(one for one in lrtheory.statements() if isinstance(one.claim, Recorded))
    for one in (closed, recorded):
        code, out, err = run(f"start {one.id}")
        assert (code, out) == (3, "")
        assert "puts no algorithm of your own to the test" in err
    for one in (closed, recorded):
        code, _, err = run(f"check {one.id} --solve law.py:solve")
        assert code == 3
        assert "must be left out" in err


@pytest.mark.parametrize("id", ["ar-t8", "mi-t2", "FSS-A2", "DMD-L4", "TC-S1", "MC-E2", "MC-D1", "LL-S4"])
def test_the_file_to_start_from_runs_and_says_what_to_do(run, tmp_path, monkeypatch, id):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(f"start {id}")
    assert code == 0
    (tmp_path / "my.py").write_text(out)
    compile(out, "my.py", "exec")
    assert max(map(len, out.splitlines())) <= 120
    for part in ("Parameters\n", "Returns\n", "# The first instance", "outcome ="):
        assert part in out
    line = next(line.strip() for line in out.splitlines() if "--solve my.py:solve" in line)
    code, _, err = run(shlex.join(shlex.split(line)[1:]))
    assert code == 3
    assert "NotImplementedError: fill in `solve` (my.py, line " in err
    assert err.count("\n") == 1


def test_the_file_to_start_from_becomes_a_solver(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = run("start ar-t8")[1]
    filled = "from lrtheory.alpha_rank import stationary_distribution as law"
    text = text.replace('raise NotImplementedError("fill in `solve`")', "return law(chain.rates, rational=True).pi")
    (tmp_path / "mine.py").write_text(text.replace("import numpy as np", filled))
    assert run("check ar-t8 --solve mine.py:solve")[0] == 0


def test_a_class_that_is_to_be_returned_is_imported(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = run("start DMD-L11-assortment")[1]
    line = "from proofs_checks.dual_mirror_descent.replies.assortments import Offer"
    assert f"import numpy as np\n\n{line}\n" in text
    assert line in run("show DMD-L11-assortment")[1]
    body = (
        "worth = offers.revenues - offers.prices\n"
        "    sets = [np.array(bits) for bits in np.ndindex(*[2] * len(worth)) if sum(bits) <= offers.k]\n"
        "    u = offers.weights\n"
        "    gain = [(s * worth * u).sum() / (offers.outside + (s * u).sum()) for s in sets]\n"
        "    return Offer(sets[int(np.argmax(gain))] > 0)"
    )
    (tmp_path / "mine.py").write_text(text.replace('raise NotImplementedError("fill in `solve`")', body))
    assert run("check DMD-L11-assortment --solve mine.py:solve")[0] == 0
    (tmp_path / "worse.py").write_text((tmp_path / "mine.py").read_text().replace("np.argmax", "np.argmin"))
    assert run("check DMD-L11-assortment --solve worse.py:solve")[0] == 1


def test_a_text_cannot_end_the_docstring():
    from lrtheory.cli.starting import _quoted

    assert '"""' not in _quoted('a """ b')
    assert eval('"""' + _quoted(r"a \n \pi") + '"""') == r"a \n \pi"
