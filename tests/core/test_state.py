"""Solvers that go on step by step: copies, states and files go on alike; a state that is refused changes nothing."""

from __future__ import annotations

import importlib
import inspect
import io
import json
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import lrtheory
from lrtheory import alpha_rank as ar
from lrtheory import compatible_representations as cr
from lrtheory import constrained_decoding as cd
from lrtheory import continual_learning as cl
from lrtheory import dual_mirror_descent as dmd
from lrtheory import dynamic_submodular as ds
from lrtheory import low_rank_adapters as lra
from lrtheory import low_rank_optimizers as lro
from lrtheory import matrix_compression as mc
from lrtheory import reranking as rr
from lrtheory._result.states import Filed, Resumable
from lrtheory._validation import same_parameters, state_entry

GRADIENT = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
ADAPTER = lra.lora([[1.0], [0.5]], [[1.0, 0.0, -1.0]])


class Solver(NamedTuple):
    """How to make one, how to make one of other parameters, and one step, which gives what can be compared."""

    make: Callable[[], Any]
    make_other: Callable[[], Any]
    step: Callable[[Any], Any]


def optimizer(make: Callable[..., Any], **other: Any) -> Solver:
    return Solver(
        lambda: make(step_size=0.1), lambda: make(step_size=0.1, **other), lambda one: one.step(GRADIENT).update
    )


def sampled(learner: Any) -> Any:
    profile = learner.ask()
    learner.tell(profile, [0.75, 0.25])
    return profile, learner.n_samples.copy()


def stocked(live: Any) -> Any:
    number = live.n_known
    live.insert([[number % 5, number // 5, 4]])
    live.toggle([number // 2], False)
    return live.n_alive, live.sequences(np.arange(live.n_known))


def evolved(es: Any) -> Any:
    members = es.ask()
    return es.tell(np.arange(members.population_size) % 3.0).update


def voted(es: Any) -> Any:
    es.ask()
    es.tell(np.arange(16) % 3)
    return es.network.weights["head"].copy()


def judged(test: Any) -> Any:
    number = test.ask()
    test.tell(number % 3 > 0, number % 2 > 0)
    return number, test.verdict, test.evidence, test.won, test.lost


def sorted_once(run: Any) -> Any:
    calls = run.ask()
    run.tell({run.open_calls()[-1]: calls[run.open_calls()[-1]][::-1]})
    return calls, run.open_calls()


def switched(one: Any) -> Any:
    one.step(GRADIENT)
    return one.weight


SOLVERS: dict[str, Solver] = {
    "ReplacementTest": Solver(lambda: cr.ReplacementTest(margin=0.05), lambda: cr.ReplacementTest(margin=0.1), judged),
    "ResponseGraphUCB": Solver(
        lambda: ar.ResponseGraphUCB((2, 2), rng=0), lambda: ar.ResponseGraphUCB((2, 2), delta=0.2), sampled
    ),
    "FrequentDirections": Solver(
        lambda: cl.FrequentDirections(3, 1),
        lambda: cl.FrequentDirections(3, 2),
        lambda one: one.update(GRADIENT) or (one.components(1), one.missed),
    ),
    "RecursiveRidge": Solver(
        lambda: cl.RecursiveRidge(np.zeros((3, 2))),
        lambda: cl.RecursiveRidge(np.zeros((3, 2)), ridge=2.0),
        lambda one: one.update(GRADIENT, np.ones((2, 2))) and one.weights,
    ),
    "SubspaceProtector": Solver(
        lambda: cl.SubspaceProtector(3),
        lambda: cl.SubspaceProtector(3, side="output"),
        lambda one: (one.extend(GRADIENT, rank=1), one.basis.copy()),
    ),
    "DualMirrorDescent": Solver(
        lambda: dmd.DualMirrorDescent([1.0], 5, reward_bound=1.0, cost_bound=1.0),
        lambda: dmd.DualMirrorDescent([2.0], 5, reward_bound=1.0, cost_bound=1.0),
        lambda one: (one.decide([1.0, 0.5], [[0.5], [0.25]]), one.prices.copy()),
    ),
    "DynamicSubmodular": Solver(
        lambda: ds.DynamicSubmodular(ds.Coverage([[0], [1, 2], [3], [4]]), 1, rng=0),
        lambda: ds.DynamicSubmodular(ds.Coverage([[0], [1, 2], [3], [4]]), 2, rng=0),
        lambda one: one.update([len(one.present)]) and one.solution,
    ),
    "AdapterOptimizer": Solver(
        lambda: lra.AdapterOptimizer(ADAPTER, step_size=0.1),
        lambda: lra.AdapterOptimizer(ADAPTER, step_size=0.2),
        lambda one: one.step(GRADIENT) or one.adapter.dense(),
    ),
    "SwitchedLoRA": Solver(
        lambda: lra.SwitchedLoRA(np.ones((2, 3)), 1, step_size=0.1, horizon=10, rng=0),
        lambda: lra.SwitchedLoRA(np.ones((2, 3)), 1, step_size=0.2, horizon=10, rng=0),
        switched,
    ),
    "LiveIndex": Solver(
        lambda: cd.LiveIndex(cd.TrieIndex([[0, 0, 0], [1, 1, 1]], 5)),
        lambda: cd.LiveIndex(cd.TrieIndex([[0, 0, 0], [1, 1, 1]], 5), alpha=0.5),
        stocked,
    ),
    "IntegerES": Solver(
        lambda: lro.IntegerES(lro.IntegerRNN(2, 4, rng=0), population_size=16, rng=0),
        lambda: lro.IntegerES(lro.IntegerRNN(2, 4, rng=0), population_size=32, rng=0),
        voted,
    ),
    "LowRankES": Solver(
        lambda: lro.LowRankES([(2, 3)], sigma=0.5, population_size=4, rng=0),
        lambda: lro.LowRankES([(2, 3)], sigma=0.25, population_size=4, rng=0),
        evolved,
    ),
    "StackSketch": Solver(
        lambda: mc.StackSketch(1), lambda: mc.StackSketch(2), lambda one: one.update(GRADIENT) or one.singular_values
    ),
    "Reranker": Solver(
        lambda: rr.Reranker(9, 2, size=3, strategy="groupwise", rng=0),
        lambda: rr.Reranker(9, 2, size=4, strategy="groupwise", rng=0),
        sorted_once,
    ),
    "AdamW": optimizer(lro.AdamW, beta1=0.5),
    "AuON": optimizer(lro.AuON, momentum=0.5),
    "DCTAdamW": optimizer(lambda **o: lro.DCTAdamW(rank=1, **o), beta1=0.5),
    "Frugal": optimizer(lambda density=0.5, **o: lro.Frugal(density, rng=0, **o), density=0.75),
    "GaLore": optimizer(lambda **o: lro.GaLore(rank=1, **o), beta1=0.5),
    "MKOR": Solver(
        lambda: lro.MKOR(step_size=0.1),
        lambda: lro.MKOR(step_size=0.1, decay=0.5),
        lambda one: one.step(GRADIENT, activation=np.ones((1, 3)), output_gradient=np.ones((1, 2))).update,
    ),
    "Muon": optimizer(lro.Muon, momentum=0.5),
    "SGD": optimizer(lro.SGD, momentum=0.5),
    "Trion": optimizer(lambda **o: lro.Trion(rank=1, **o), momentum=0.5),
}


def public() -> dict[str, type]:
    """All public classes that go on step by step, apart from those that only others are made of."""
    modules = [importlib.import_module(f"lrtheory.{system}") for system in lrtheory.SYSTEMS]
    found = {name: getattr(module, name) for module in modules for name in module.__all__}
    return {
        name: one
        for name, one in found.items()
        if inspect.isclass(one) and issubclass(one, Resumable) and not inspect.isabstract(one)
    }


def through_npz(state: dict[str, Any]) -> dict[str, Any]:
    """A state after numpy.savez and numpy.load without pickling."""
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as read:
        return dict(read)


def test_every_class_that_goes_on_step_by_step_stands_above() -> None:
    assert sorted(SOLVERS) == sorted(public())


@pytest.fixture(params=SOLVERS)
def solver(request: pytest.FixtureRequest) -> Solver:
    return SOLVERS[request.param]


def test_copies_pickles_states_and_files_go_on_alike(solver: Solver, tmp_path: Any) -> None:
    first = solver.make()
    solver.step(first)
    state = first.get_state()
    holds_arrays = any(isinstance(value, np.ndarray) for value in state.values())
    others = [first.copy(), pickle.loads(pickle.dumps(first)), solver.make()]
    others[-1].set_state(through_npz(state) if holds_arrays else json.loads(json.dumps(state)))
    if isinstance(first, Filed):
        first.to_file(tmp_path / "kept.npz")
        others.append(type(first).from_file(tmp_path / "kept.npz"))
    expected = [solver.step(first) for _ in range(2)]
    for other in others:
        for value in expected:
            np.testing.assert_equal(solver.step(other), value)


def test_a_copy_has_a_life_of_its_own(solver: Solver) -> None:
    first = solver.make()
    solver.step(first)
    twin, before = first.copy(), pickle.dumps(first.get_state())
    solver.step(twin)
    assert pickle.dumps(first.get_state()) == before
    assert pickle.dumps(twin.get_state()) != before


def test_what_is_no_state_of_this_object_is_refused_and_changes_nothing(solver: Solver) -> None:
    one = solver.make()
    solver.step(one)
    state, before = one.get_state(), pickle.dumps(one.get_state())
    with pytest.raises(TypeError, match="`state` must be a mapping"):
        one.set_state(3)
    for key in state:
        with pytest.raises(ValueError, match=rf"`state` must be a mapping with the key '{key}'"):
            one.set_state({other: value for other, value in state.items() if other != key})
    with pytest.raises(ValueError, match="as of this object"):
        one.set_state(solver.make_other().get_state())
    assert pickle.dumps(one.get_state()) == before


def test_arrays_count_as_their_lists() -> None:
    same_parameters({"sizes": np.array([2, 3])}, {"sizes": [2, 3]})
    with pytest.raises(ValueError, match="`state\\['sizes'\\]` must be \\[2, 4\\], as of this object; got \\[2, 3\\]"):
        same_parameters({"sizes": np.array([2, 3])}, {"sizes": [2, 4]})
    assert state_entry({"sizes": 1}, "sizes") == 1
