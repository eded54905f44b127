"""Any order of edits, removals, replacements, merges and reloads leaves the batch solution of what is there."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lrtheory.continual_learning import EditProblem, RecursiveRidge
from tests.continual_learning.recursion.oracle import Stream, batch, cost

D, P = 5, 2
SEEDS = st.integers(0, 2**31)


class Edits(RuleBasedStateMachine):
    state: RecursiveRidge
    edits: dict[int | str, tuple[np.ndarray, np.ndarray, float]]

    @initialize(form=st.sampled_from(["sqrt", "covariance", "information", "dual"]), torch=st.booleans())
    def begin(self, form: Any, torch: bool) -> None:
        rng = np.random.default_rng(len(form))
        self.W0, self.anchors = rng.normal(size=(D, P)), rng.normal(size=(2, D))
        self.layout = "torch" if torch else "rows"
        self.options = {
            "ridge": 0.1,
            "anchors": self.anchors,
            "anchor_weight": 0.5,
            "method": form,
            "layout": self.layout,
        }
        self.state, self.edits = self.fresh(), {}

    def fresh(self) -> RecursiveRidge:
        return RecursiveRidge(self.W0.T if self.layout == "torch" else self.W0, **self.options)  # type: ignore[arg-type]

    def edit(self, seed: int) -> tuple[np.ndarray, np.ndarray, float]:
        rng = np.random.default_rng(seed)
        u = int(rng.integers(0, 4))
        K = rng.normal(size=(u, D)) * 10 ** rng.uniform(-1, 1)
        if u and self.edits and rng.random() < 0.3:  # a key that is there already
            known = next(iter(self.edits.values()))[0]
            K[:1] = known[:1] if len(known) else K[:1]
        return K, rng.normal(size=(u, P)), float(rng.uniform(0.5, 2))

    def label(self, seed: int) -> int | str:
        return list(self.edits)[seed % len(self.edits)]

    @rule(seed=SEEDS)
    def update(self, seed: int) -> None:
        K, V, w = self.edit(seed)
        report = self.state.update(K, V, weight=w)
        self.edits[report.name] = K, V, w

    @rule(seed=SEEDS)
    def update_many(self, seed: int) -> None:
        K, V, _ = self.edit(seed)
        names = self.state.update_many(K, V).names
        self.edits |= {name: (K[i : i + 1], V[i : i + 1], 1.0) for i, name in enumerate(names)}

    @precondition(lambda self: self.edits)
    @rule(seed=SEEDS, by_keys=st.booleans())
    def forget(self, seed: int, by_keys: bool) -> None:
        label = self.label(seed)
        K, V, _ = self.edits[label]
        found = self.state.forget(K, V).name if by_keys else self.state.forget(label).name
        del self.edits[found]  # of two equal edits the first one goes

    @precondition(lambda self: self.edits)
    @rule(seed=SEEDS)
    def replace(self, seed: int) -> None:
        label = self.label(seed)
        K, V, w = self.edits[label]
        V = np.random.default_rng(seed).normal(size=V.shape)
        self.state.replace(label, V)
        self.edits[label] = K, V, w

    @rule(seed=SEEDS)
    def merge(self, seed: int) -> None:
        other = self.fresh()
        K, V, w = self.edit(seed)
        other.update(K, V, weight=w)
        self.state.merge(other)
        (label,) = set(self.state.names) - set(self.edits)
        self.edits[label] = K, V, w

    @rule()
    def reload(self) -> None:
        other = self.fresh()
        other.set_state(self.state.get_state())
        self.state = other.copy()

    @rule(seed=SEEDS)
    def refused(self, seed: int) -> None:
        K, V, _ = self.edit(seed)
        before = self.state.get_state()
        try:
            self.state.update(K, np.append(V, [[np.nan] * P], axis=0))
        except ValueError:
            after = self.state.get_state()
            assert all(np.array_equal(before[key], after[key]) for key in before)

    @invariant()
    def is_the_batch_solution(self) -> None:
        given = Stream(self.W0, self.anchors, 0.1, 0.5, list(self.edits.values()))
        W, own = batch(given), np.asarray(self.state.weights)
        own = own.T if self.layout == "torch" else own
        assert np.abs(own - W).max() <= 1e-8 * (1 + np.abs(W).max())
        expected = cost(given, W)
        assert abs(float(self.state.cost) - expected) <= 1e-8 * (1 + cost(given, self.W0))
        assert self.state.names == tuple(self.edits)
        assert (self.state.n_edits, self.state.n_keys) == (len(self.edits), sum(len(K) for K, _, _ in given.edits))
        edits = [(K * np.sqrt(w), V * np.sqrt(w)) for K, V, w in given.edits]
        assert self.state.certificate is not None
        assert self.state.certificate.verify(EditProblem(self.W0, edits, anchors=self.anchors))


Edits.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestEdits = Edits.TestCase
