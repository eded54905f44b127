"""All edits at once against normal equations in Fractions, in all layouts, forms, precisions and units."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lrtheory.continual_learning import EditProblem, RecursiveRidge, make_edit_stream, ridge_edit
from lrtheory.continual_learning.baselines import hard_write

RNG = np.random.default_rng(3)
FORMS = ("auto", "sqrt", "covariance", "information", "dual")


def solved(A: list[list[Fraction]], B: list[list[Fraction]]) -> list[list[Fraction]]:
    """The solution of A X = B by elimination, exactly."""
    n, rows = len(A), [[*a, *b] for a, b in zip(A, B, strict=True)]
    for i in range(n):
        pivot = next(k for k in range(i, n) if rows[k][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(n):
            if k != i:
                rows[k] = [x - rows[k][i] * y for x, y in zip(rows[k], rows[i], strict=True)]
    return [row[n:] for row in rows]


def minimizer(problem: EditProblem, ridge: Fraction, weight: Fraction) -> np.ndarray:
    """The map of all edits from (ridge I + weight K_0^T K_0 + K^T K) W = right-hand side, in Fractions."""
    exact = lambda a: np.vectorize(Fraction, otypes=[object])(np.asarray(a))
    W0 = exact(problem.W0 if problem.layout == "rows" else np.asarray(problem.W0).T)
    M = np.array([[ridge if i == j else Fraction(0) for j in range(len(W0))] for i in range(len(W0))], dtype=object)
    if problem.anchors is not None:
        M = M + weight * exact(problem.anchors).T.dot(exact(problem.anchors))
    B = M.dot(W0)
    for keys, values in problem.edits:
        M, B = M + exact(keys).T.dot(exact(keys)), B + exact(keys).T.dot(exact(values))
    return np.array(solved(M.tolist(), B.tolist()), dtype=object).astype(float)


def integers(layout: str = "rows", n_edits: int = 3) -> EditProblem:
    draw = lambda *shape: RNG.integers(-3, 4, size=shape).astype(float)
    W0 = draw(4, 3)
    edits = [(draw(u, 4), draw(u, 3)) for u in (2, 1, 3)][:n_edits]
    return EditProblem(W0 if layout == "rows" else W0.T, edits, anchors=draw(2, 4), layout=layout)


@pytest.mark.parametrize("layout", ["rows", "torch"])
@pytest.mark.parametrize("method", FORMS)
@pytest.mark.parametrize("record", [False, True])
def test_the_map_is_the_one_of_the_normal_equations(method, layout, record):
    problem = integers(layout)
    due = minimizer(problem, Fraction(1, 4), Fraction(4))
    found = ridge_edit(problem, ridge=0.25, anchor_weight=4.0, method=method, record=record)
    assert found.weights.shape == problem.W0.shape
    W = found.weights if layout == "rows" else found.weights.T
    np.testing.assert_allclose(W, due, rtol=1e-9, atol=1e-9)
    W0 = problem.W0 if layout == "rows" else problem.W0.T
    residuals = [np.linalg.norm(V - K @ due) for K, V in problem.edits]
    np.testing.assert_allclose(found.residual_norms, residuals, rtol=1e-8)
    np.testing.assert_allclose(found.surprises, [np.linalg.norm(V - K @ W0) for K, V in problem.edits])
    drift, moved = np.linalg.norm(due - W0), np.linalg.norm(problem.anchors @ (due - W0))
    assert found.drift == pytest.approx(drift)
    assert found.anchor_drift == pytest.approx(moved)
    assert found.cost == pytest.approx(np.sum(np.square(residuals)) + drift**2 / 4 + 4 * moved**2)
    assert found.certificate.verify(problem)


def test_the_trace_is_that_of_the_recursion():
    problem = make_edit_stream(5, 2, n_edits=6, n_anchors=3, rng=1)
    found = ridge_edit(problem, ridge=0.5, record=True)
    state = RecursiveRidge(problem.W0, ridge=0.5, anchors=problem.anchors)
    for t, (keys, values) in enumerate(problem.edits):
        report = state.update(keys, values)
        for name in ("surprise", "residual_norm", "weights_change", "interference"):
            assert found.trace[name][t] == pytest.approx(getattr(report, name), rel=1e-9)
        assert found.trace["cost"][t] == pytest.approx(state.cost)
    assert found.cost == pytest.approx(found.trace["cost"][-1])
    assert ridge_edit(problem).trace is None


def other_anchors(problem: EditProblem) -> EditProblem:
    return EditProblem(problem.W0, problem.edits, anchors=problem.anchors + 1)


def test_a_problem_its_parts_and_edits_of_a_problem_are_the_same():
    problem = integers()
    whole = ridge_edit(problem)
    parts = ridge_edit(problem.W0, problem.edits, anchors=problem.anchors)
    other = ridge_edit(problem.W0, EditProblem(problem.W0 * 0, problem.edits, anchors=problem.anchors, names="abc"))
    alone = EditProblem(problem.W0, problem.edits)
    given, held = (ridge_edit(problem.W0, e, anchors=problem.anchors) for e in (alone, other_anchors(problem)))
    for one in (parts, other, given, held):
        np.testing.assert_array_equal(whole.weights, one.weights)
    assert (whole.names, other.names) == ((0, 1, 2), ("a", "b", "c"))
    turned = ridge_edit(EditProblem(problem.W0.T, problem.edits, anchors=problem.anchors, layout="torch"))
    np.testing.assert_array_equal(whole.weights, turned.weights.T)


def test_many_keys_are_written_in_blocks():
    problem = make_edit_stream(3, 2, n_edits=700, keys_per_edit=1, rng=2)
    X = np.concatenate([*(k for k, _ in problem.edits), np.eye(3)])
    Y = np.concatenate([*(v for _, v in problem.edits), problem.W0])
    np.testing.assert_allclose(ridge_edit(problem).weights, np.linalg.lstsq(X, Y, rcond=None)[0], rtol=1e-9)


def test_single_precision_is_kept_and_computed_in_double():
    problem = integers()
    single = EditProblem(problem.W0.astype(np.float32), problem.edits, anchors=problem.anchors)
    found = ridge_edit(single, ridge=1e-6, anchor_weight=0.0)
    assert found.weights.dtype == np.float32
    exact = ridge_edit(problem, ridge=1e-6, anchor_weight=0.0).weights
    np.testing.assert_array_equal(found.weights, exact.astype(np.float32))
    assert ridge_edit([[1, 0], [0, 1]], [([[1, 0]], [[2, 2]])]).weights.dtype == np.float64


@pytest.mark.parametrize("c", [1e-12, 1e12])
def test_other_units_of_keys_and_values(c):
    problem = make_edit_stream(4, 3, n_anchors=2, rng=4)
    due = ridge_edit(problem)
    moved = [(keys * c, values) for keys, values in problem.edits]
    found = ridge_edit(problem.W0 / c, moved, anchors=problem.anchors * c, ridge=c * c)
    np.testing.assert_allclose(found.weights * c, due.weights, rtol=1e-9)
    assert found.cost == pytest.approx(due.cost)


def test_auto_takes_the_dual_form_for_wide_maps_alone():
    assert ridge_edit(make_edit_stream(20, 2, n_edits=2, rng=0)).method == "dual"
    assert ridge_edit(make_edit_stream(20, 2, n_edits=8, rng=0)).method == "sqrt"
    loud = ridge_edit(np.zeros((9, 1)), [(1e30 * np.ones((1, 9)), np.ones((1, 1)))])
    assert (loud.method, loud.residual_norms[0]) == ("dual", pytest.approx(0, abs=1e-9))
    full = ridge_edit(np.zeros((4, 1)), [], anchors=np.eye(4), ridge=0.0)
    assert (full.method, full.drift, full.cost) == ("sqrt", 0.0, 0.0)


def test_no_edits_no_keys_and_zero_keys_change_nothing():
    W0 = RNG.normal(size=(3, 2))
    for edits in ([], [(np.zeros((0, 3)), np.zeros((0, 2)))], [(np.zeros((2, 3)), np.ones((2, 2)))]):
        for record in (False, True):
            found = ridge_edit(W0, edits, record=record)
            np.testing.assert_array_equal(found.weights, W0)
            assert found.drift == 0
            np.testing.assert_allclose(found.residual_norms, [np.linalg.norm(v) for _, v in edits])


def test_the_answer_as_a_table_and_a_picture():
    from matplotlib.figure import Figure

    found = ridge_edit(integers())
    assert [len(column) for column in found._columns().values()] == [3, 3, 3]
    assert any("RL-4" in fact for fact in found._facts())
    assert found.plot(Figure().subplots()).has_data()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"W0": [1.0, 2.0]}, "`W0` must be"),
        ({"W0": [[np.nan, 0.0], [0.0, 0.0]]}, "`W0` must be finite"),
        ({"edits": [([[1.0, 2.0, 3.0]], [[1.0, 1.0]])]}, "keys` must be of shape"),
        ({"edits": [([[1.0, 2.0]], [[1.0, 1.0], [0.0, 0.0]])]}, "values` must be"),
        ({"edits": [([[1.0, np.inf]], [[1.0, 1.0]])]}, "must be finite"),
        ({"edits": [([[1.0, 1.0]],)]}, "must be a pair"),
        ({"edits": 3}, "`edits` must be"),
        ({"ridge": -1.0}, "`ridge` must be in"),
        ({"ridge": np.inf}, "`ridge` must be finite"),
        ({"ridge": 0.0}, "`ridge` must be positive unless the anchors have full column rank 2; got 0.0 with rank 0."),
        ({"ridge": 0.0, "anchors": [[1.0, 1.0]]}, "full column rank 2; got 0.0 with rank 1."),
        ({"ridge": 0.0, "anchors": np.eye(2), "method": "dual"}, "`ridge` must be positive in the dual form; got 0.0."),
        ({"anchor_weight": 2.0}, "`anchor_weight` must be left out without anchors"),
        ({"anchor_weight": -1.0, "anchors": np.eye(2)}, "`anchor_weight` must be in"),
        ({"anchors": np.eye(3)}, "`anchors` must be of shape"),
        ({"method": "batch"}, "`method` must be one of"),
        ({"layout": "columns"}, "`layout` must be one of"),
        ({"record": "no"}, "`record` must be True or False"),
    ],
)
def test_bad_input_is_one_sentence(change, rule):
    given = {"W0": np.eye(2), "edits": [([[1.0, 2.0]], [[1.0, 1.0]])], **change}
    W0, edits = given.pop("W0"), given.pop("edits")
    with pytest.raises((ValueError, TypeError)) as caught:
        ridge_edit(W0, edits, **given)
    assert rule in str(caught.value)


@pytest.mark.parametrize("option", [{"edits": []}, {"anchors": np.eye(2)}, {"layout": "torch"}])
def test_what_a_problem_holds_is_not_given_twice(option):
    with pytest.raises(ValueError, match="must be left out beside an `EditProblem`"):
        ridge_edit(EditProblem(np.eye(2), []), **option)


def test_maps_of_fractions_are_edited_in_doubles():
    """The map is that of the same numbers as doubles, and its entries are not Python objects."""
    third, edits = np.array([[Fraction(1, 3)], [Fraction(0)]]), [([[Fraction(1), Fraction(0)]], [[Fraction(4)]])]
    for solve in (ridge_edit, hard_write):
        found = solve(third, edits)
        assert found.weights.dtype == np.float64
        np.testing.assert_array_equal(found.weights, solve(third.astype(float), [([[1.0, 0.0]], [[4.0]])]).weights)
