"""What all optimizers share: refused gradients, copies, saved states, bytes, and arrays of other libraries."""

from __future__ import annotations

import gc
import io
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lrtheory import low_rank_optimizers as lro
from lrtheory.low_rank_optimizers.optimizers.base import Optimizer
from tests.backends import QUICK, backend

MAKERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": lambda: lro.SGD(step_size=0.1, momentum=0.9),
    "plain": lambda: lro.SGD(step_size=0.1),
    "adamw": lambda: lro.AdamW(step_size=0.1),
    "dct_adamw": lambda: lro.DCTAdamW(2, step_size=0.1, refresh_every=2),
    "feedback": lambda: lro.DCTAdamW(3, step_size=0.1, refresh_every=2, error_feedback=True),
    "trion": lambda: lro.Trion(2, step_size=0.1),
    "galore": lambda: lro.GaLore(2, step_size=0.1, refresh_every=2),
    "muon": lambda: lro.Muon(step_size=0.1),
    "auon": lambda: lro.AuON(step_size=0.1),
    "frugal": lambda: lro.Frugal(0.5, step_size=0.1, refresh_every=2, rng=0),
}
EVERY = pytest.mark.parametrize("make", list(MAKERS.values()), ids=list(MAKERS))
SHAPES = [(1, 1), (1, 5), (5, 1), (2, 3), (7, 4), (4, 7), (6, 6), (5,), (1,)]


def gradients(*shape: int, count: int = 5) -> list[np.ndarray]:
    return list(np.random.default_rng(4).normal(size=(count, *shape)))


def updates(optimizer: Optimizer, given: list[Any]) -> list[np.ndarray]:
    return [np.asarray(optimizer.step(G).update) for G in given]


@EVERY
@pytest.mark.parametrize("shape", SHAPES)
def test_the_formula_counts_the_bytes_that_are_kept(make: Callable[[], Optimizer], shape: tuple[int, ...]) -> None:
    for dtype, itemsize in ((np.float32, 4), (np.float64, 8)):
        optimizer = make()
        assert (optimizer.state_bytes, optimizer.state_formula) == (0, 0)
        for G in gradients(*shape, count=3):
            step = optimizer.step(G.astype(dtype))
            assert step.update.dtype == dtype
            assert step.update.shape == shape
            kept = {k: v for k, v in optimizer.get_state().items() if k.startswith("kept.")}
            assert optimizer.state_bytes == sum(value.nbytes for value in kept.values()) == optimizer.state_formula
            assert all(value.dtype.itemsize == itemsize for k, value in kept.items() if k != "kept.indices")


@EVERY
def test_a_rejected_gradient_changes_nothing(make: Callable[[], Optimizer]) -> None:
    given = gradients(10, 6)
    honest, tried = make(), make()
    due = updates(honest, given)
    bad = given[0].copy()
    bad[3, 5] = np.nan
    refused = [
        (bad, ValueError, r"`gradient` must be finite; got nan at \(3, 5\)\."),
        (given[0][:, :5], ValueError, r"`gradient` must be of shape \(10, 6\), as before; got \(10, 5\)\."),
        (given[0].astype(np.float32), ValueError, "`gradient` must be of type float64, as before; got float32."),
        (np.full((10, 6), "a"), TypeError, "`gradient` must be an array of real numbers"),
    ]
    for G, expected in zip(given, due, strict=True):
        if tried.n_steps:
            before = pickle.dumps(tried.get_state())
            for wrong, error, says in refused:
                with pytest.raises(error, match=says):
                    tried.step(wrong)
            with pytest.raises(ValueError, match=r"`weights` must be of shape \(10, 6\), as the gradient; got"):
                tried.step(G, np.zeros((6, 10)))
            assert pickle.dumps(tried.get_state()) == before
        np.testing.assert_array_equal(tried.step(G).update, expected)


@EVERY
def test_no_first_gradient_that_is_empty_or_not_finite(make: Callable[[], Optimizer]) -> None:
    optimizer = make()
    for wrong in (np.zeros((0, 3)), np.array(1.0)):
        with pytest.raises(ValueError, match="`gradient` must be a"):
            optimizer.step(wrong)
    for value in (np.inf, -np.inf):
        with pytest.raises(ValueError, match=rf"`gradient` must be finite; got {value} at \(1,\)"):
            optimizer.step([1.0, value])
    assert (optimizer.n_steps, optimizer.state_bytes) == (0, 0)
    assert optimizer.step([1.0, 2.0]).counts["steps"] == 1


@EVERY
@pytest.mark.parametrize("shape", [(5, 4), (3,)])
def test_copies_pickles_and_saved_states_go_on_alike(make: Callable[[], Optimizer], shape: tuple[int, ...]) -> None:
    given, optimizer = gradients(*shape), make()
    updates(optimizer, given[:3])
    file = io.BytesIO()
    np.savez(file, **optimizer.get_state())
    file.seek(0)
    restored = make()
    restored.step_size = 7.0
    with np.load(file) as state:
        restored.set_state(state)
    empty = make()
    empty.set_state(make().get_state())
    twins = [optimizer.copy(), pickle.loads(pickle.dumps(optimizer)), restored]
    due = updates(optimizer, given[3:])
    for twin in twins:
        assert twin.n_steps == 3
        for own, expected in zip(updates(twin, given[3:]), due, strict=True):
            np.testing.assert_array_equal(own, expected)
    optimizer.reset()
    for again in (optimizer, empty):
        assert (again.n_steps, again.state_bytes) == (0, 0)
        for own, expected in zip(updates(again, given), updates(make(), given), strict=True):
            np.testing.assert_array_equal(own, expected)


@EVERY
def test_nobody_shares_arrays(make: Callable[[], Optimizer]) -> None:
    optimizer, restored = make(), make()
    given = gradients(5, 4)
    due = updates(make(), given)
    for i, G in enumerate(given):
        passed = G.copy()
        update = optimizer.step(passed).update
        passed[:] = 7.0
        for name in ("error", "buffer", "indices"):
            shown = getattr(optimizer, name, None)
            if shown is not None:
                shown[:] = 7
        np.testing.assert_array_equal(update, due[i])
        state = optimizer.get_state()
        restored.set_state(state)
        for name, value in state.items():
            if name.startswith("kept."):
                value[:] = 7
        if i + 1 < len(given):
            np.testing.assert_array_equal(restored.step(given[i + 1]).update, due[i + 1])


@EVERY
def test_no_gradient_is_kept_alive(make: Callable[[], Optimizer]) -> None:
    optimizer, G = make(), np.ones((5, 4))
    gone = weakref.ref(G)
    optimizer.step(G)
    del G
    gc.collect()
    assert gone() is None


def test_wrong_states_are_refused_and_change_nothing() -> None:
    optimizer = MAKERS["dct_adamw"]()
    updates(optimizer, gradients(5, 4))
    good = optimizer.get_state()
    wrong = [
        (good | {"rank": 3}, "rank"),
        (good | {"optimizer": "GaLore"}, "optimizer"),
        (good | {"weight_decay": 0.5}, "weight_decay"),
        (good | {"n_steps": -1}, "n_steps"),
        (good | {"step_size": 0.0}, "step_size"),
        (good | {"dtype": "int8"}, "dtype"),
        (good | {"kept.mean": np.zeros((4, 2))}, "kept.mean"),
        (good | {"kept.indices": np.array([1, 4])}, r"kept.indices'\]` must be increasing integers in \[0, 3\]"),
        (good | {"kept.indices": np.array([-1, 2])}, "kept.indices"),
        (good | {"kept.indices": np.array([1, 1])}, "kept.indices"),
        (good | {"kept.square": -good["kept.square"]}, "kept.square"),
        (good | {"shape": []}, "shape"),
        (good | {"shape": [5, 4, 1]}, "shape"),
        (good | {"shape": {}}, "shape"),
        (good | {"n_steps": 0}, "shape"),
        (good | {"kept.square": np.full((5, 2), np.nan)}, "kept.square"),
        ({k: v for k, v in good.items() if k != "kept.indices"}, "kept.indices"),
    ]
    for state, word in wrong:
        with pytest.raises(ValueError, match=word):
            optimizer.set_state(state)
        assert pickle.dumps(optimizer.get_state()) == pickle.dumps(good)
    with pytest.raises(TypeError, match="`state` must be a mapping"):
        optimizer.set_state(3)  # type: ignore[arg-type]


def test_states_that_the_kept_types_do_not_hold_are_refused() -> None:
    optimizer = lro.DCTAdamW(2, step_size=0.1)
    optimizer.step(gradients(5, 4)[0].astype(np.float32))
    good = optimizer.get_state()
    wrong = [
        ("kept.mean", np.full((5, 2), 1e300), "numbers that the type float32 holds"),
        ("kept.indices", np.array([0.7, 2.7]), "numbers that the type int32 holds"),
        ("kept.indices", np.array([0, 2**32 + 1]), "numbers that the type int32 holds"),
        ("kept.indices", np.array([0, 1e300]), "numbers that the type int32 holds"),
    ]
    for key, value, says in wrong:
        with pytest.raises(ValueError, match=rf"`state\['{key}'\]` must be {says}"):
            optimizer.set_state(good | {key: value})
        assert pickle.dumps(optimizer.get_state()) == pickle.dumps(good)
    optimizer.set_state(good | {"kept.indices": good["kept.indices"].astype(float)})
    assert optimizer.get_state()["kept.indices"].dtype == np.int32


@EVERY
def test_a_zero_gradient_moves_nothing(make: Callable[[], Optimizer]) -> None:
    for shape in SHAPES:
        optimizer = make()
        for _ in range(2):
            assert not optimizer.step(np.zeros(shape)).update.any()


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in ("muon", "auon")])
def test_what_leaves_the_range_is_refused(name: str) -> None:
    optimizer = MAKERS[name]()
    optimizer.step_size = 1e300
    with pytest.raises(ValueError, match="finite"):
        optimizer.step(np.full((3, 2), 1e200))
    assert optimizer.n_steps == 0


def test_weights_decay_apart_from_the_step() -> None:
    W, G = gradients(4, 3, count=2)
    for name, options in (("SGD", {}), ("AdamW", {}), ("DCTAdamW", {"rank": 2}), ("Trion", {"rank": 2})):
        plain, decayed = (getattr(lro, name)(step_size=0.1, weight_decay=share, **options) for share in (0.0, 0.5))
        np.testing.assert_allclose(decayed.step(G, W).update, plain.step(G, W).update - 0.1 * 0.5 * W, atol=1e-15)
        with pytest.raises(ValueError, match="`weights` must be given where `weight_decay` is above 0; got None"):
            decayed.step(G)


@EVERY
@pytest.mark.parametrize("name", QUICK)
def test_updates_are_of_the_kind_of_the_gradient(make: Callable[[], Optimizer], name: str) -> None:
    if name == "strictest" and make is MAKERS["galore"]:
        pytest.skip("singular directions need linear algebra")
    xp = backend(name)
    for shape in ((5, 4), (3, 6), (3,)):
        own, due = make(), make()
        with xp.flags():
            for i, G in enumerate(gradients(*shape)):
                if i == 3:
                    own.set_state(own.get_state())
                step = own.step(xp.asarray(G))
                assert type(step.update) is type(xp.asarray(G))
                np.testing.assert_allclose(xp.to_numpy(step.update), due.step(G).update, atol=1e-12)
            assert own.state_bytes == due.state_bytes
            if xp.asarray(G) is not G and not isinstance(xp.asarray(G), np.ndarray):
                with pytest.raises(TypeError, match="`gradient` must be of the kind of array of the first one"):
                    own.step(G)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_step_sizes_that_are_refused(value: float) -> None:
    optimizer = lro.SGD(step_size=1.0)
    with pytest.raises(ValueError, match="`step_size` must be"):
        optimizer.step_size = value
    assert optimizer.step_size == 1.0
    assert repr(optimizer) == "SGD(step_size=1): no gradient yet, 0 steps"
    for name in ("GaLore", "DCTAdamW", "Trion"):
        assert repr(getattr(lro, name)(2, step_size=1)) == f"{name}(rank=2, step_size=1): no gradient yet, 0 steps"
    assert repr(lro.Frugal(0.25, step_size=1)) == "Frugal(density=0.25, step_size=1): no gradient yet, 0 steps"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: lro.SGD(step_size=1, momentum=1.0), r"`momentum` must be in \[0, 1\); got 1.0."),
        (lambda: lro.SGD(step_size=1, dampening="all"), "`dampening` must be one of"),
        (lambda: lro.AdamW(step_size=1, beta2=0), r"`beta2` must be in \(0, 1\); got 0."),
        (lambda: lro.AdamW(step_size=1, beta1=1), r"`beta1` must be in \[0, 1\); got 1."),
        (lambda: lro.AdamW(step_size=1, weight_decay=-1), "`weight_decay` must be finite and at least 0"),
        (lambda: lro.DCTAdamW(0, step_size=1), "`rank` must be an integer of at least 1; got 0."),
        (lambda: lro.DCTAdamW(1, step_size=1, refresh_every=0), "`refresh_every` must be an integer"),
        (lambda: lro.DCTAdamW(1, step_size=1, basis=np.eye(2), method="fft"), "`method` must be"),
        (lambda: lro.Trion(1, step_size=1, scaling="none"), "`scaling` must be one of"),
        (
            lambda: lro.Trion(1, step_size=1, basis=np.eye(2)).step(np.ones((3, 3))),
            r"`basis` must be of shape \(3, 3\)",
        ),
    ],
)
def test_bad_options(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


@EVERY
def test_gradients_of_three_axes_are_for_methods_without_columns(make: Callable[[], Optimizer]) -> None:
    optimizer, G = make(), np.ones((2, 3, 2))
    if isinstance(optimizer, (lro.SGD, lro.AdamW, lro.AuON)):
        assert optimizer.step(G).update.shape == G.shape
        assert optimizer.state_bytes == optimizer.state_formula
    else:
        with pytest.raises(ValueError, match=r"`gradient` must be a vector or a matrix with entries; got \(2, 3, 2\)"):
            optimizer.step(G)


@pytest.mark.parametrize("shape", [(6, 2), (2, 6)])
def test_ranks_above_the_smaller_side_are_that_side(shape: tuple[int, int]) -> None:
    for make in (lro.DCTAdamW, lro.Trion, lro.GaLore):
        few, many = make(2, step_size=0.1), make(9, step_size=0.1)
        for G in gradients(*shape):
            np.testing.assert_array_equal(few.step(G).update, many.step(G).update)
            many.set_state(many.get_state())
        assert few.state_bytes == many.state_bytes == many.state_formula


def test_what_is_no_number_is_said_so() -> None:
    with pytest.raises(ValueError, match="`beta1` must be a number; got nan"):
        lro.AdamW(step_size=0.1, beta1=float("nan"))
