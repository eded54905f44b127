"""Statements of somebody else: promises that do not hold, errors as outcomes, views, logarithms."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

import lrtheory
from lrtheory.bounds import (
    Ball,
    Documented,
    Family,
    Inequality,
    Paper,
    Probability,
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
from lrtheory.cli import main
from tests.bounds.toys import GAUSS


def test_a_statement_of_a_notebook_is_checked_with_its_saboteurs():
    made = replace(GAUSS, title="made in a cell")
    found = lrtheory.check(made)
    assert found.verdict == "supported"
    assert set(found.saboteurs.values()) == {"refuted"}
    with pytest.raises(ValueError, match="of statements that stand in a module or a file"):
        lrtheory.check_all([made])


def test_evidence_of_another_format_is_refused(tmp_path):
    path = check(GAUSS, Session()).save(tmp_path)
    path.write_text(path.read_text().replace('"format": 2', '"format": 0'))
    with pytest.raises(ValueError, match="not an evidence file of format 1 or 2"):
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


def test_a_violated_promise_that_holds_now_says_so(tmp_path, monkeypatch, capsys):
    now = check(replace(PROMISE, solve=GAUSS.solve, repairs=()), Session())
    assert now.verdict == "supported"
    assert "the promise holds now, and was known to be violated: The last integer is forgotten" in now.message
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bounds_x.py").write_text("from tests.bounds.finding.test_outside_statements import PROMISE")
    assert main(["check", "bounds_x.py::toy/*"]) == 0  # in a table a promise is refuted as is due, and its repair holds
    assert main(["check", "bounds_x.py::toy/promise"]) == 1
    assert "toy/promise" in capsys.readouterr().out


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

    both = lambda path, found: Sides(lhs=[path.n - 1, found], rhs=[found, path.n - 1])
    edges = Inequality(both, unbounded="a count may be anything")
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
