"""Arrays of other libraries: two forms stay on the device, two go through the host and come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory.continual_learning import RecursiveRidge
from tests.backends import BACKENDS, backend
from tests.continual_learning.recursion.oracle import stream

FORMS = ("sqrt", "covariance", "information", "dual")


def answers(state: RecursiveRidge, edits: Any, x: Any) -> list[Any]:
    for K, V, w in edits:
        state.update(K, V, weight=w)
    state.update_many(*edits[0][:2])
    state.replace(1, edits[1][1])
    state.forget(0)
    other = state.copy()
    other.rebase()
    arrays = [state.weights, state.predict(x), state.variance(x), state.covariance, state.leave_one_out(2)]
    adapter = state.as_adapter(1)
    return [*arrays, adapter.A, adapter.B, adapter.singular_values, other.weights]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in BACKENDS if name != "strictest"])  # the forms need linear algebra
def test_same_as_numpy(name: str, form: Any) -> None:
    library = backend(name)
    given = stream(np.random.default_rng(1), 4, 2)
    x = np.random.default_rng(2).normal(size=(3, 4))
    options = {"ridge": 0.5, "anchor_weight": 2.0, "method": form, "layout": "torch"}
    known = answers(RecursiveRidge(given.W0.T, anchors=given.anchors, **options), given.edits, x)  # type: ignore[arg-type]
    put = library.asarray
    with library.flags():
        assert given.anchors is not None
        W0, anchors = put(np.ascontiguousarray(given.W0.T)), put(given.anchors)
        state = RecursiveRidge(W0, anchors=anchors, **options)
        found = answers(state, [(put(K), put(V), w) for K, V, w in given.edits], put(x))
        for own, expected in zip(found, known, strict=True):
            assert type(own) is type(W0)
            assert own.device == W0.device if hasattr(W0, "device") else True
            assert np.abs(np.abs(library.to_numpy(own)) - np.abs(np.asarray(expected))).max() < 1e-9
        twin = RecursiveRidge(W0, anchors=anchors, **options)
        twin.set_state(state.get_state())
        assert np.array_equal(library.to_numpy(twin.weights), library.to_numpy(state.weights))


@pytest.mark.parametrize("form", FORMS)
def test_half_precision_of_torch(form: Any) -> None:
    torch = backend("torch").namespace
    state = RecursiveRidge(torch.ones((2, 3), dtype=torch.bfloat16, requires_grad=True), layout="torch", method=form)
    state.update(torch.tensor([[1.0, 0.0, 0.0]]), np.array([[3.0, 5.0]]))
    assert state.weights.dtype == torch.bfloat16  # type: ignore[attr-defined]
    assert state.weights.tolist() == [[2.0, 1.0, 1.0], [3.0, 1.0, 1.0]]  # type: ignore[attr-defined]
    assert state.certificate is not None
    assert state.certificate.unit == 2.0**-24


@pytest.mark.parametrize("form", FORMS)
def test_a_parameter_that_changes_in_place(form: Any) -> None:
    torch = backend("torch").namespace
    W0, anchors = torch.ones((2, 3), dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    state = RecursiveRidge(W0, layout="torch", method=form, anchors=anchors)
    for tensor in (W0, anchors):
        tensor.copy_(tensor * 5)
    state.update(torch.ones((1, 3)), torch.ones((1, 2)))
    expected = RecursiveRidge(np.ones((2, 3)), layout="torch", method=form, anchors=np.eye(3))
    expected.update(np.ones((1, 3)), np.ones((1, 2)))
    assert np.asarray(state.weights) == pytest.approx(np.asarray(expected.weights))
    assert (state.drift, state.anchor_drift) == pytest.approx((expected.drift, expected.anchor_drift))


def test_a_singular_matrix_of_torch() -> None:
    torch = backend("torch").namespace
    state = RecursiveRidge(torch.zeros((2, 1)), method="information", ridge=1e-20)
    state.update(torch.ones((1, 2)), torch.ones((1, 1)))
    with pytest.raises(ValueError, match='`method` must be "sqrt" for an information that is singular'):
        state.variance(torch.ones((1, 2)))


@pytest.mark.parametrize("form", FORMS)
def test_answers_that_change_in_place(form: Any) -> None:
    torch = backend("torch").namespace
    state = RecursiveRidge(torch.ones((3, 2), dtype=torch.float64), method=form)
    state.update(torch.ones((1, 3)), torch.zeros((1, 2)))
    known = state.get_state()
    for answer in (state.weights, state.covariance):
        answer.mul_(0)  # type: ignore[attr-defined]
    assert all(np.array_equal(known[key], value) for key, value in state.get_state().items())


def test_files_of_half_precision_of_torch(tmp_path: Path) -> None:
    torch = backend("torch").namespace
    state = RecursiveRidge(torch.ones((2, 3), dtype=torch.bfloat16), layout="torch")
    state.update([[1.0, 0.0, 0.0]], [[3.0, 5.0]])
    state.to_file(tmp_path / "a.npz")
    loaded = RecursiveRidge.from_file(tmp_path / "a.npz")
    assert loaded.weights.dtype == np.float32
    assert np.asarray(loaded.weights).tolist() == state.weights.tolist()  # type: ignore[attr-defined]
