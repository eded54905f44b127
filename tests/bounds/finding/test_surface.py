"""Statements of somebody else: places, files, configuration, promises that do not hold, errors as outcomes, views."""

import json
import math
import shlex
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

import lrtheory
from lrtheory import _array, _front
from lrtheory.bounds import (
    Ball,
    Documented,
    Family,
    Inequality,
    Paper,
    Probability,
    Registry,
    Session,
    Sides,
    Statement,
    StatementError,
    Violated,
    check,
    defects,
    exp,
    load_evidence,
    log,
    repair,
    saboteur,
    sqrt,
)
from lrtheory.bounds.finding.configuration import OURS, configured
from lrtheory.bounds.provenance import origin
from lrtheory.cli import main
from tests.bounds.toys import GAUSS

MINE = """
from lrtheory.bounds import Classical, Family, Inequality, Sides, Statement, saboteur


def sides(x, square, less=FACTOR):
    return Sides(lhs=2 * x - less, rhs=square)


SQUARE = Statement(
    id="my-own.2/square",
    title="A square is at least twice its root less one",
    says="For every integer x twice x less one is at most its square.",
    source=Classical("(x - 1)^2 >= 0", "school"),
    tex=r"2x - 1 \\le x^2",
    hypotheses={"integer": lambda x: isinstance(x, int)},
    instances=Family("integers", always=(0, 1, 2), draw=lambda draws: draws.integers(-9, 9)),
    solve=lambda x, rng: x * x,
    claim=Inequality(sides, unbounded="a wrong square may be anything"),
    saboteurs=(
        saboteur("the root", solve=lambda x, rng: x - 1),
        saboteur("no less", claim=Inequality(lambda x, square: sides(x, square, less=0))),
    ),
)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a configuration and a file of statements, which is the current one."""
    (tmp_path / "bounds").mkdir()
    (tmp_path / "bounds" / "mine.py").write_text(MINE.replace("FACTOR", "1"))
    (tmp_path / "pyproject.toml").write_text("[tool.lrtheory]\nstatements = ['bounds/*.py']\nversions = ['numpy']\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- places ----------------------------------------------------------------------------------------------------------


def test_found_by_configuration_by_file_and_as_an_object(project):
    by_configuration = lrtheory.check("my-own.2/square")
    by_file = lrtheory.check("bounds/mine.py::my-own.2/square")
    by_object = lrtheory.check(Registry("bounds/mine.py")["my-own.2/square"])
    assert by_configuration.verdict == by_file.verdict == by_object.verdict == "supported"
    assert by_configuration.saboteurs == {"the root": "refuted", "no less": "refuted"} == by_object.saboteurs
    np.testing.assert_array_equal(by_configuration.lhs, by_file.lhs)
    assert by_configuration.replay.startswith("lrtheory check my-own.2/square --instance")
    assert by_file.replay.startswith("lrtheory check bounds/mine.py::my-own.2/square --instance")
    assert dict(by_configuration.versions) == {"numpy": np.__version__}
    assert [one.id for one in lrtheory.statements()] == ["my-own.2/square"]
    assert [one.verdict for one in lrtheory.check_all(["bounds/mine.py::my-own.2/square"])] == [
        "supported",
        "refuted",
        "refuted",
    ]


def test_a_statement_of_a_notebook_is_checked_with_its_saboteurs():
    made = replace(GAUSS, title="made in a cell")
    found = lrtheory.check(made)
    assert found.verdict == "supported"
    assert set(found.saboteurs.values()) == {"refuted"}
    with pytest.raises(ValueError, match="of statements that stand in a module or a file"):
        lrtheory.check_all([made])


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("nothing_like_this", "there is no module 'nothing_like_this'"),
        ("bounds/other.py", "there is no file"),
        ("theorems/*.py", "no file matches the place"),
    ],
)
def test_a_place_that_does_not_exist(project, place, sentence, capsys):
    with pytest.raises(StatementError, match=sentence):
        Registry(place)
    assert main(["check", f"{place}::my-own.2/square"]) == 3
    assert sentence in capsys.readouterr().err


def test_two_files_with_one_id_are_both_named(project):
    (project / "bounds" / "twice.py").write_text(MINE.replace("FACTOR", "1"))
    with pytest.raises(StatementError, match=r"stands twice: in bounds/mine\.py and in bounds/twice\.py"):
        lrtheory.statements()


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("statement = ['x']", "has 'statement'; it may have"),
        ("statements = 'x'", "`statements` must be a list of strings"),
        ("evidence = 'x'", "names no `statements`"),
        ("statements = ['x']\nreport = 3", "`report` must be a string"),
    ],
)
def test_a_table_that_is_not_well_formed(tmp_path, table, sentence):
    (tmp_path / "pyproject.toml").write_text(f"[tool.lrtheory]\n{table}\n")
    with pytest.raises(StatementError, match=sentence):
        configured(tmp_path)


def test_without_a_table_the_statements_are_those_of_the_package(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert configured(tmp_path) is OURS


# --- evidence --------------------------------------------------------------------------------------------------------


def kept(folder):
    """Check everything that the configuration names, and keep the evidence."""
    found = lrtheory.check_all([one.id for one in lrtheory.statements()])
    return [evidence.save(folder) for evidence in found]


def test_the_report_wants_fresh_evidence(project):
    paths = kept(project / "evidence")
    assert {path.parent.name for path in paths} == {"mine"}
    text = lrtheory.report()
    assert "A square is at least twice its root less one" in text
    assert "1 classical" in text
    (project / "bounds" / "mine.py").write_text(MINE.replace("FACTOR", "2"))
    for cached in (_front._registry, _front._registry_of, origin.evidence_digest, _array.source_digest):
        cached.cache_clear()
    with pytest.raises(ValueError, match="older than the sources or the versions"):
        lrtheory.report()


def test_every_replay_command_gives_the_same_sides(project, capsys):
    for path in kept(project / "evidence"):
        evidence = load_evidence(path)
        code = main([*shlex.split(evidence.replay)[1:], "--json"])
        again = json.loads(capsys.readouterr().out)
        assert code == (1 if evidence.saboteur else 0)
        assert (again["worst"]["lhs"], again["worst"]["rhs"]) == (evidence.worst["lhs"], evidence.worst["rhs"])
        assert evidence.rerun().verdict == evidence.verdict


def test_evidence_of_another_format_is_refused(project):
    path = kept(project / "evidence")[0]
    path.write_text(path.read_text().replace('"format": 1', '"format": 0'))
    with pytest.raises(ValueError, match="not an evidence file of format 1"):
        load_evidence(path)


# --- promises, repairs, errors, views --------------------------------------------------------------------------------


def off_by_one(n, rng):
    return n * (n + 1) // 2 - 1


PROMISE = replace(
    GAUSS,
    id="toy/promise",
    source=Documented("numpy", "sum", "the sum of the first integers"),
    solve=off_by_one,
    saboteurs=(),
    violated=Violated("The last integer is forgotten by one", "toy #1"),
    repairs=(repair("one more", solve=GAUSS.solve),),
)


def test_a_violated_promise_is_due_to_be_refuted_and_a_repair_to_hold():
    assert PROMISE.due == "refuted"
    assert defects(PROMISE) == []
    found = lrtheory.check(PROMISE)
    assert found.verdict == "refuted"
    assert dict(found.repairs) == {"one more": "supported"}
    assert "known to be violated: The last integer is forgotten by one (toy #1)." in found.message
    assert PROMISE.repaired("one more").due == "supported"
    with pytest.raises(KeyError, match="must be one of 'one more'"):
        PROMISE.repaired("two more")


def test_an_exact_probability_belongs_to_its_own_solver():
    coins = lambda chance: lambda n, rng, runs: rng.random(runs) < chance
    claim = Probability(lambda n, found: found, lambda n: 0.5, exact=lambda n: 0.75)
    mend, harm = repair("a fair coin", solve=coins(0.2)), saboteur("a worse coin", solve=coins(0.9))
    loaded = replace(PROMISE, claim=claim, solve=coins(0.75), repairs=(mend,), saboteurs=(harm,))
    assert check(loaded, Session()).verdict == "refuted"
    assert check(loaded.repaired("a fair coin"), Session()).verdict == "supported"
    assert "exact" not in check(loaded.sabotaged("a worse coin"), Session()).worst


def test_what_promises_owe():
    assert "`violated` does not say what goes wrong" in defects(replace(PROMISE, violated=Violated("bug")))
    assert "it has a repair, and nothing is violated" in defects(replace(GAUSS, repairs=PROMISE.repairs))
    with pytest.raises(StatementError, match="changes nothing"):
        repair("nothing")


def test_a_library_with_random_numbers_of_its_own_is_replayed_in_law():
    found = check(replace(GAUSS, randomness="the library's own"), Session())
    assert "the library's own; a replay repeats the law and not the draws" in found.message


def test_sources_print_their_kind():
    assert str(PROMISE.source) == f"documented: numpy {np.__version__}, sum: the sum of the first integers"
    assert Documented("no-such-library", "f", "x").version == "not installed"
    assert str(Paper("2306.09835", "Theorem 1", "full")).startswith("arXiv:2306.09835, Theorem 1")
    assert str(Paper("10.1145/12345", "Theorem 1", "full")).startswith("doi:10.1145/12345")
    assert str(Paper("Knuth 1997", "1.2.3", "recalled")) == "Knuth 1997, 1.2.3 (read: recalled)"


def test_an_error_of_a_library_refutes_and_names_the_instance():
    def raises(n, rng):
        if n == 3:
            raise KeyError("three")
        return n * (n + 1) // 2

    found = check(replace(GAUSS, solve=raises), Session())
    assert found.verdict == "refuted"
    assert "`solve` raised KeyError: 'three'" in str(found)
    assert found.counts["raised"] == 1


def test_an_error_of_ones_own_algorithm_comes_through_with_the_instance():
    def raises(n, rng):
        raise KeyError("three")

    with pytest.raises(KeyError) as caught:
        lrtheory.check("alpha_rank/AR-T8", solve=raises)
    assert "raised by `solve` on an instance of alpha_rank/AR-T8" in caught.value.__notes__[0]


@dataclass(frozen=True)
class Path:
    """A path with n nodes, as plain data."""

    n: int


def as_graph(path):
    import networkx

    return networkx.path_graph(path.n)


def test_solve_gets_the_view_and_the_claim_the_instance():
    seen = []

    def count(graph, rng):
        seen.append(type(graph).__name__)
        graph.add_node("mine")  # its own copy
        return graph.number_of_edges()

    edges = Inequality(lambda path, found: Sides(lhs=path.n - 1, rhs=found), unbounded="a count may be anything")
    family = Family("paths", always=(Path(1), Path(4)), draw=lambda d: Path(d.integers(1, 9)), view=as_graph)
    wrong = saboteur("nodes less two", solve=lambda graph, rng: graph.number_of_nodes() - 2)
    statement = Statement(
        id="toy/paths",
        title="Edges of a path",
        says="A path with n nodes has at least n - 1 edges.",
        source=GAUSS.source,
        tex="n - 1 \\le |E|",
        hypotheses={"a node": lambda path: path.n > 0},
        instances=family,
        solve=count,
        claim=edges,
        saboteurs=(wrong,),
    )
    assert defects(statement) == []
    found = lrtheory.check(statement)
    assert found.verdict == "supported"
    assert dict(found.saboteurs) == {"nodes less two": "refuted"}
    assert set(seen) == {"Graph"}


@pytest.mark.parametrize(
    ("id", "good"),
    [
        ("k8s/T1", True),
        ("scipy-2.x/T.1", True),
        ("a_b/t-1", True),
        ("K8s/T1", False),
        ("8k/T1", False),
        ("a/b/c", False),
    ],
)
def test_ids(id, good):
    assert ("the id is not" in " ".join(defects(replace(GAUSS, id=id)))) is not good


# --- logarithms of numbers of any kind -------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [2, 0.5, Fraction(3, 7), np.int64(5), np.float32(1.5)])
def test_functions_of_numbers_are_doubles_outside_of_balls(x):
    assert log(x) == pytest.approx(math.log(float(x)), rel=1e-15)
    assert exp(x) == pytest.approx(math.exp(float(x)), rel=1e-15)
    assert sqrt(x) == pytest.approx(math.sqrt(float(x)), rel=1e-15)


def test_functions_of_large_integers_and_of_arrays():
    assert log(10**400) == pytest.approx(400 * math.log(10))
    assert log(Fraction(1, 10**400)) == pytest.approx(-400 * math.log(10))
    np.testing.assert_allclose(log(np.array([[1, 2], [3, 4]])), np.log([[1, 2], [3, 4]]))
    np.testing.assert_allclose(sqrt([0, 4]), [0, 2])


def test_in_balls_integers_and_fractions_give_balls():
    seen = []

    def sides(x, y):
        seen.append((log(x), exp(Fraction(1, x)), sqrt([x])[0]))
        return Sides(lhs=log(x) + 1, rhs=exp(log(x + 3)) / 1, trivial=10**9)

    statement = replace(GAUSS, id="toy/log", claim=Inequality(sides, numbers=Ball), saboteurs=())
    assert check(statement, Session()).verdict == "supported"
    kinds = {tuple(isinstance(value, Ball) for value in values) for values in seen}
    assert kinds == {(False, False, False), (True, True, True)}
    with pytest.raises(ValueError, match="math domain|must be above 0"):
        log(0)
