"""Tasks: the compiled path against array code, every method against what it must find."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lrtheory import transductive_clustering as tc
from lrtheory.transductive_clustering.few_shot import OPTIONS
from lrtheory.transductive_clustering.tasks import many_tasks
from lrtheory.transductive_clustering.tasks.methods import METHODS
from tests.rules.certificates.forging import with_gap


@pytest.fixture(scope="module")
def batch(points):
    return tc.make_episodes(*points, n_tasks=40, way=4, shot=2, query=6, rng=1)


def solve(batch, **options):
    options = {"base_mean": batch.base_mean, **options}
    return tc.few_shot(batch.support, batch.support_labels, batch.query, **options)


def with_used(options, **more):
    """The options, and those of `more` that the method uses."""
    return {name: value for name, value in more.items() if name in OPTIONS[options.get("method", "slk")]} | options


def inner(options, n):
    """The options with at most n updates per turn, where the method has turns."""
    if options["method"] != "slk":
        return options
    return options | {"turns": dataclasses.replace(options.get("turns", tc.Turns()), max_inner_iter=n)}


PATHS = [
    {"method": "nearest"},
    {"method": "nearest", "normalize": "l2", "query_shift": False},
    {"method": "laplacian-shot"},
    {"method": "laplacian-shot", "prototype": "rectified", "turns": tc.Turns(symmetrize="max")},
    {"method": "laplacian-shot", "turns": tc.Turns(symmetrize=None), "lam": 2.0},
    {"method": "laplacian-shot", "lam": 4.0},
    {"method": "laplacian-shot", "lam": 4.0, "turns": tc.Turns(damping=1.0)},
    {"method": "k-means"},
    {"method": "slk"},
    {"method": "slk", "lam": 2.0},
    {"method": "slk", "turns": tc.Turns(hard=True), "lam": 0.7, "temperature": 1.0},
    {"method": "slk", "turns": tc.Turns(clamp=False), "base_mean": None},
    {"method": "slk", "lam": 0.0, "turns": tc.Turns(damping=0.5), "max_iter": 3},
    {"method": "slk", "turns": tc.Turns(damping=0.5), "max_iter": 3},
    {"method": "slk", "n_neighbors": 0, "max_iter": 3},
    {"method": "tim"},
    {"method": "tim", "temperature": 0.5, "tol": 1e-2},
    {"method": "pt-map"},
    {"method": "pt-map", "temperature": 0.5, "max_iter": 3},
]


@pytest.mark.parametrize("options", PATHS, ids=str)
@pytest.mark.parametrize("masked", [False, True])
def test_both_paths_agree_on_two_tasks(points, monkeypatch, options, masked):
    """So few that their kernels can run interpreted."""
    few = tc.make_episodes(*points, n_tasks=2, way=3, shot=1, query=3, rng=2)
    mask = np.ones((2, 9), bool)
    mask[1, [0, 5, 8]] = not masked
    options = with_used(options, max_iter=3, record=True) | {"query_mask": mask}
    compiled = solve(few, **options)
    monkeypatch.setattr(many_tasks, "is_compiled", lambda *_: False)
    plain = solve(few, **options)
    for name in ("probabilities", "energy", "prototypes"):
        np.testing.assert_allclose(getattr(compiled, name), getattr(plain, name), rtol=1e-9, atol=1e-10, err_msg=name)
    if plain.trace is not None:
        np.testing.assert_allclose(compiled.trace["energies"], plain.trace["energies"], rtol=1e-10)
        np.testing.assert_allclose(compiled.certificate.gap, plain.certificate.gap, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(compiled.certificate.contraction, plain.certificate.contraction, rtol=1e-9)


@pytest.mark.parametrize("options", PATHS, ids=str)
@pytest.mark.parametrize("masked", [False, True])
def test_both_paths_agree(batch, monkeypatch, options, masked):
    if masked:
        mask = np.random.default_rng(0).random(batch.query.shape[:2]) < 0.7
        mask[:, 0] = True
        options = {**options, "query_mask": mask}
    options = with_used(options, record=True)
    compiled = solve(batch, n_jobs=2, **options)
    monkeypatch.setattr(many_tasks, "is_compiled", lambda *_: False)
    plain = solve(batch, **options)
    np.testing.assert_allclose(compiled.probabilities, plain.probabilities, atol=1e-10)
    np.testing.assert_array_equal(compiled.labels, plain.labels)
    np.testing.assert_allclose(compiled.energy, plain.energy, rtol=1e-10)
    np.testing.assert_allclose(compiled.damping, plain.damping, rtol=1e-12)
    np.testing.assert_allclose(compiled.prototypes, plain.prototypes, atol=1e-10)
    if plain.certificate is None:
        assert compiled.certificate is compiled.trace is plain.trace is None
        assert "no certificate" in plain.message
    else:
        one, other = compiled.certificate, plain.certificate
        for name in ("gap", "contraction", "monotone", "assignments"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-6, atol=1e-9, err_msg=name)
        steps = min(len(compiled.trace["energies"]), len(plain.trace["energies"]))
        np.testing.assert_allclose(*(f.trace["energies"][:steps] for f in (compiled, plain)), rtol=1e-10)
    assert (compiled.n_iter, compiled.converged, compiled.message) == (plain.n_iter, plain.converged, plain.message)
    # inner updates run until nothing moves, and the last digit decides whether a task is updated once more
    spread = 1 if options.get("n_neighbors") == 0 else 0.02
    assert compiled.counts["updates"] == pytest.approx(plain.counts["updates"], rel=spread)
    assert (plain.counts["updates"] >= 40) == (options["method"] not in ("nearest", "tim", "pt-map"))


@pytest.mark.parametrize("options", [o for o in PATHS if o.get("n_neighbors") != 0], ids=str)
def test_both_paths_count_alike_where_no_last_digit_decides(batch, monkeypatch, options):
    """Two inner updates at most, far from where nothing moves any more."""
    options = inner(options, 2)
    compiled = solve(batch, **options)
    monkeypatch.setattr(many_tasks, "is_compiled", lambda *_: False)
    assert dict(compiled.counts) == dict(solve(batch, **options).counts)


@pytest.mark.parametrize("method", [*METHODS, "modes"])
def test_every_task_is_solved_as_if_alone(batch, method):
    options = {"method": "slk", "prototype": "mode"} if method == "modes" else {"method": method}
    together = solve(batch, **options)
    for e in (0, 7):
        support, labels, query = batch.support[e], batch.support_labels[e], batch.query[e]
        alone = tc.few_shot(support, labels, query, base_mean=batch.base_mean[e], **options)
        np.testing.assert_array_equal(alone.labels, together.labels[e])
        np.testing.assert_allclose(alone.probabilities, together.probabilities[e], atol=1e-10)


WAYS = [(method, None) for method in METHODS]
WAYS += [("slk", "mode"), ("k-means", "mode"), ("laplacian-shot", "rectified")]


@pytest.mark.parametrize(("method", "prototype"), WAYS)
def test_every_method_beats_chance_and_returns_probabilities(batch, method, prototype):
    found = solve(batch, method=method, prototype=prototype)
    assert (found.labels == batch.query_labels).mean() > 0.6
    np.testing.assert_allclose(found.probabilities.sum(-1), 1, rtol=1e-9)
    assert (np.take_along_axis(found.classes, found.probabilities.argmax(-1), 1) == found.labels).all()


@pytest.mark.parametrize("compiled", [True, False])
def test_queries_that_swap_their_sides_for_ever_are_updated_no_further(monkeypatch, compiled):
    """Two neighbors across the boundary, each pulled to the side of the other one by whole steps."""
    if not compiled:
        monkeypatch.setattr(many_tasks, "is_compiled", lambda *_: False)
    support, query = np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([[-0.02, 0.0], [0.02, 0.0]])
    options = {"lam": 8.0, "n_neighbors": 1, "normalize": None, "turns": tc.Turns(damping=1.0), "max_iter": 500}
    found = tc.few_shot(support, [0, 1], query, method="laplacian-shot", prototype="mean", **options)
    assert (found.n_iter, found.converged) == (7, False)
    assert found.certificate.gap > 1


@pytest.mark.parametrize(("method", "at_once"), [("tim", False), ("pt-map", True)])
def test_methods_with_a_prior_tell_whether_they_stand_still(method, at_once):
    rng = np.random.default_rng(0)
    task = ([[-1.0, 0.0], [1.0, 0.0]], [0, 1], rng.normal(size=(10, 2)))
    assert tc.few_shot(*task, method=method, max_iter=1000).converged
    assert tc.few_shot(*task, method=method, max_iter=1).converged == at_once


def test_the_nearest_prototype_takes_one_turn_and_no_update(batch):
    found = solve(batch, method="nearest")
    assert (found.converged, found.n_iter, dict(found.counts)) == (True, 1, {"tasks": 40, "updates": 0})
    assert (found.damping == 1).all()


def test_nearest_is_the_definition(batch):
    found = solve(batch, method="nearest", normalize="l2", query_shift=False)
    for e in range(5):
        unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (batch.support[e], batch.query[e])]
        classes = np.unique(batch.support_labels[e])
        means = np.stack([unit[0][batch.support_labels[e] == c].mean(0) for c in classes])
        apart = ((unit[1][:, None] - means) ** 2).sum(-1)
        np.testing.assert_array_equal(found.labels[e], classes[apart.argmin(1)])


def test_laplacian_shot_is_bound_update(batch):
    """The same graph, costs and updates through the public functions."""
    found = solve(batch, method="laplacian-shot", normalize=None, query_shift=False, lam=0.4, temperature=2.0, tol=0.0)
    two = solve(batch, method="laplacian-shot", tol=0.0, max_iter=2)
    assert dict(two.counts) == {"tasks": 40, "updates": 40 * 2}
    for e in range(3):
        query, labels = batch.query[e], batch.support_labels[e]
        means = np.stack([batch.support[e][labels == c].mean(0) for c in np.unique(labels)])
        costs = ((query[:, None] - means) ** 2).sum(-1)
        W = tc.knn_affinity(query, n_neighbors=2)
        one = tc.bound_update(costs, W, lam=0.4, temperature=2.0, tol=0, max_iter=20)
        np.testing.assert_allclose(found.probabilities[e], one.assignments, atol=1e-10)
        assert found.energy[e] == pytest.approx(one.energy, rel=1e-10)


def test_slk_is_cluster_with_held_support(batch):
    e, options = 3, {"lam": 0.5, "temperature": 2.0, "tol": 1e-6}
    found = solve(batch, normalize=None, query_shift=False, **options)
    X = np.concatenate([batch.support[e], batch.query[e]])
    classes, index = np.unique(batch.support_labels[e], return_inverse=True)
    clamp = np.concatenate([index, np.full(len(batch.query[e]), -1)])
    one = tc.cluster(X, len(classes), n_neighbors=2, clamp=clamp, rng=0, **options)
    np.testing.assert_allclose(found.probabilities[e], one.assignments[len(index) :], atol=1e-9)
    assert found.energy[e] == pytest.approx(one.energy, rel=1e-10)


CERTIFIED = [
    {"method": "slk"},
    {"method": "slk", "lam": 2.0},
    {"method": "slk", "turns": tc.Turns(clamp=False, symmetrize="max")},
    {"method": "slk", "prototype": "mode"},
    {"method": "k-means"},
    {"method": "laplacian-shot", "prototype": "rectified"},
    {"method": "laplacian-shot", "turns": tc.Turns(symmetrize=None), "normalize": "l2", "query_shift": False},
]


@pytest.mark.parametrize("options", CERTIFIED, ids=str)
@pytest.mark.parametrize("masked", [False, True])
def test_certificates_are_verified_and_forged_ones_refuted(batch, options, masked):
    mask = np.ones(batch.query.shape[:2], bool)
    mask[1:, 2] = not masked
    given = {"base_mean": batch.base_mean, "query_mask": mask}
    found = tc.few_shot(batch, **given, **options)
    problem, proof = found.assignment_problem(batch, **given), found.certificate
    assert proof.verify(problem)
    again = tc.bound_update(problem, lam=proof.lam, temperature=proof.temperature, init=proof.assignments, max_iter=0)
    np.testing.assert_allclose(again.energy, found.energy, rtol=1e-9)
    lies = {"achieved": proof.gap / 2 + 1, "contraction": proof.contraction + 0.5}
    lies |= {"fixed_point_distance": proof.gap * 0 + 1e9, "bound": proof.gap + 1}
    lies |= {
        "monotone": ~proof.monotone,
        "assignments": proof.assignments[:, :, ::-1],
        "temperature": 2 * proof.temperature,
    }
    for name, value in lies.items():
        assert not with_gap(proof, **{name: value}).verify(problem), name
    moved = dataclasses.replace(found, prototypes=found.prototypes + 0.1)
    assert not proof.verify(moved.assignment_problem(batch, **given))
    support, labels, query = batch.support[3], batch.support_labels[3], batch.query[3]
    one = tc.few_shot(support, labels, query, base_mean=batch.base_mean[3], query_mask=mask[3], **options)
    own = one.assignment_problem(support, labels, query, base_mean=batch.base_mean[3], query_mask=mask[3])
    assert isinstance(one.certificate.gap, float)
    assert one.certificate.verify(own)
    assert not dataclasses.replace(one.certificate, gap=one.certificate.gap + 0.1).verify(own)


def test_single_precision_has_certificates(batch):
    tasks = batch.support.astype(np.float32), batch.support_labels, batch.query.astype(np.float32)
    found = tc.few_shot(*tasks)
    assert found.certificate.verify(found.assignment_problem(*tasks))


def test_small_probabilities_are_no_zeros(batch, monkeypatch):
    """Not even where they are far below the rounding of what a step starts from."""
    options = {"temperature": 0.02, "lam": 0.01, "max_iter": 2}
    compiled = solve(batch, **options)
    assert 0 < compiled.probabilities.min() < 1e-25
    monkeypatch.setattr(many_tasks, "is_compiled", lambda *_: False)
    np.testing.assert_allclose(compiled.probabilities, solve(batch, **options).probabilities, rtol=1e-9)


def test_recorded_energies_fall(batch):
    for options in ({"lam": 2.0}, {"method": "laplacian-shot", "lam": 4.0}):
        found = solve(batch, record=True, **options)
        energies = found.trace["energies"]
        assert energies.shape[1] == 40
        assert (np.diff(energies, axis=0) <= 1e-9 * (1 + abs(energies[:-1]))).all()
        np.testing.assert_allclose(energies[-1], found.energy)
        alone = tc.few_shot(
            batch.support[5],
            batch.support_labels[5],
            batch.query[5],
            base_mean=batch.base_mean[5],
            record=True,
            **options,
        )
        steps = len(alone.trace["energies"])
        np.testing.assert_allclose(alone.trace["energies"], energies[:steps, 5], rtol=1e-10)
        np.testing.assert_allclose(energies[steps:, 5], energies[-1, 5])
    assert solve(batch).trace is None
    with pytest.raises(ValueError, match="`method` must be one that lowers an energy"):
        solve(batch, method="tim").assignment_problem(batch)


def test_a_mask_is_a_shorter_task(batch):
    mask = np.ones(batch.query.shape[:2], bool)
    mask[:, -3:] = False
    for method in METHODS:
        masked = solve(batch, method=method, query_mask=mask)
        short = tc.few_shot(
            batch.support, batch.support_labels, batch.query[:, :-3], method=method, base_mean=batch.base_mean
        )
        np.testing.assert_array_equal(masked.labels[:, :-3], short.labels)
        np.testing.assert_allclose(masked.probabilities[:, :-3], short.probabilities, atol=1e-9)
        assert (masked.labels[:, -3:] == -1).all()
        assert (masked.probabilities[:, -3:] == 0).all()


def test_labels_are_those_of_the_caller(batch):
    named = np.array(["zero", "one", "two", "three", "four", "five", "six"])
    numbers = solve(batch)
    names = tc.few_shot(batch.support, named[batch.support_labels], batch.query, base_mean=batch.base_mean)
    assert (names.labels == named[numbers.labels]).mean() == 1
    assert names.to_dict()["labels"][0][0] in named
    order = np.array([3, 1, 0, 2])
    one = tc.few_shot(np.eye(4), order, np.eye(4)[::-1], normalize=None)
    assert one.labels.tolist() == order[::-1].tolist()


def test_workers_change_nothing(batch):
    one, two = solve(batch), solve(batch, n_jobs=-1)
    np.testing.assert_array_equal(one.probabilities, two.probabilities)


def test_float32_stays(batch):
    single = tc.few_shot(batch.support.astype(np.float32), batch.support_labels, batch.query.astype(np.float32))
    assert single.probabilities.dtype == np.float32
    double = tc.few_shot(batch.support, batch.support_labels, batch.query)
    assert (single.labels == double.labels).mean() > 0.99


@pytest.mark.parametrize("method", METHODS)
def test_degenerate_points_have_an_answer(method):
    with pytest.warns(UserWarning, match="6 rows have no direction") as told:
        same = tc.few_shot(np.ones((2, 3)), np.array([0, 1]), np.ones((4, 3)), method=method)
    assert told[0].filename == __file__  # of the caller
    assert np.isfinite(same.probabilities).all()
    assert set(same.labels.tolist()) <= {0, 1}
    single = tc.few_shot(np.array([[1.0, 0.0]]), np.array([5]), np.array([[0.0, 1.0], [0.0, 0.0]]), method=method)
    assert single.labels.tolist() == [5, 5]


def test_support_can_flip_where_it_is_not_held():
    support = np.array([[0.0], [1.0], [0.9]])
    labels, query = np.array([0, 1, 0]), np.array([[1.0], [1.1], [0.1]])
    options = {"normalize": None, "query_shift": False, "temperature": 0.05, "lam": 0.2}
    held = tc.few_shot(support, labels, query, **options)
    loose = tc.few_shot(support, labels, query, turns=tc.Turns(clamp=False), **options)
    assert held.energy != pytest.approx(loose.energy)
