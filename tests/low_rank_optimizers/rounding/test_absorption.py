"""Weights that steps cannot move, against rounding each sum, and against draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lrtheory._files.safetensors import Stored, encoded, write_tensors
from lrtheory.low_rank_optimizers import absorption, rounded
from lrtheory.low_rank_optimizers.commands import absorb
from lrtheory.low_rank_optimizers.rounding.checkpoint import Checkpoint
from tests.rules.certificates.forging import with_gap

RNG = np.random.default_rng(4)
WEIGHTS = RNG.normal(size=(30, 20)) * 2.0 ** RNG.integers(-6, 3, (30, 20))


def by_sums(weights, step, dtype):
    """Shares of weights that two sums leave alone, and that both sums change, one weight after another."""
    w = np.asarray(rounded(np.ravel(weights), dtype=dtype))
    up, down = (np.asarray(rounded(w + d, dtype=dtype)) != w for d in (step, -step))
    return float((~up & ~down).mean()), float((up & down).mean())


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("step", [0.0, 2.0**-12, 2.0**-9, 0.003, 0.1, 8.0])
def test_certain_shares_are_those_of_rounded_sums(dtype, step):
    found = absorption(WEIGHTS, step_bound=step, dtype=dtype)
    assert (found.certain_unchanged, found.certain_changed) == by_sums(WEIGHTS, step, dtype)
    assert found.certificate.verify(WEIGHTS)
    assert found.certificate.gap == pytest.approx(1 - sum(by_sums(WEIGHTS, step, dtype)), abs=1e-12)


@pytest.mark.parametrize(
    ("dtype", "largest", "gap"), [("float16", 65504.0, 32.0), ("bfloat16", 255.0 * 2**120, 2.0**120)]
)
def test_the_largest_number_has_a_neighbor_beyond_the_range(dtype, largest, gap):
    weights = [largest, -largest, 1.0]
    for step in (gap / 4, gap / 2, gap):
        found = absorption(weights, step_bound=step, dtype=dtype)
        with np.errstate(over="ignore"):
            assert (found.certain_unchanged, found.certain_changed) == by_sums(weights, step, dtype)
        assert found.certificate.verify(weights)


def test_wrong_certificates_and_inexact_weights_are_noticed():
    found = absorption(WEIGHTS, step_bound=0.01)
    assert found.counts["rounded"] == int((np.asarray(rounded(WEIGHTS)) != WEIGHTS).sum()) > 0
    for change in ({"bound": found.certificate.bound - 0.1}, {"achieved": found.certificate.achieved + 0.1}):
        assert not with_gap(found.certificate, **change).verify(WEIGHTS)
    few = absorption([1.0, 2.0, 0.001, 5.0], step_bound=1e-3).certificate
    for other in ([3.0], [1.0, 2.0, 0.001], [1.0, 2.0, 0.001, 5.0] * 2, [1.0] * 4, []):  # shares may be the same
        assert not few.verify(other)
    for change in (
        {"n_weights": 1},
        {"n_weights": 8},
        {"bound": np.nextafter(few.bound, 1)},
        {"achieved": few.bound + 1e-9},
    ):
        assert not with_gap(few, **change).verify([1.0, 2.0, 0.001, 5.0])
    assert few.verify([1.0, 2.0, 0.001, 5.0])
    middle = len(found.curve["step"]) // 2
    assert found.curve["step"][middle] == pytest.approx(0.01)
    assert found.curve["certain_unchanged"][middle] == pytest.approx(found.certain_unchanged, abs=0.01)


def test_ties_are_absorbed_by_even_numbers_alone():
    gap = 2.0**-7  # of bfloat16 between 1 and 2
    found = absorption({"even": [1 + 2 * gap], "odd": [1 + gap], "power": [1.0]}, step_bound=gap / 2)
    assert found.tensors["certain_unchanged"].tolist() == [1.0, 0.0, 0.0]
    assert found.tensors["certain_changed"].tolist() == [0.0, 1.0, 0.0]
    below = absorption([1.0], step_bound=gap / 4)  # towards 0 the gap is half as wide, and 1 is even
    assert below.certain_unchanged == 1.0


def test_zeros_and_numbers_below_the_normal_ones():
    least = 2.0**-133
    found = absorption([0.0, -0.0, least, 2 * least], step_bound=least / 2)
    assert found.certain_unchanged == 0.75  # the one odd number is changed by a tie
    assert found.certain_changed == 0.25
    assert found.certificate.verify([0.0, -0.0, least, 2 * least])


def test_predictions_are_those_of_draws():
    w, std, n = np.asarray(rounded(WEIGHTS)).ravel(), 0.002, 4000
    found = absorption(WEIGHTS, step_std=std)
    runs = [np.asarray(rounded(w + std * RNG.normal(size=(n, w.size)))) != w for _ in range(2)]
    density, both = runs[0].mean(), (runs[0] & runs[1]).mean()
    error = 6 * 0.5 / math.sqrt(n * w.size)  # six deviations of a mean of so many coins
    assert found.predicted_density == pytest.approx(density, abs=error)
    assert found.predicted_overlap * found.predicted_density == pytest.approx(both, abs=error)
    assert found.chance == found.predicted_density
    assert found.predicted_overlap > found.chance


def test_powers_of_two_are_changed_by_shorter_steps():
    std = 2.0**-9

    def tail(x):
        return math.erfc(x / math.sqrt(2)) / 2

    found = absorption([1.0, -1.0], step_std=std)
    assert found.predicted_density == pytest.approx(tail(1) + tail(2), rel=1e-12)


def test_sums_over_tensors_are_the_whole():
    parts = {"a": WEIGHTS[:10], "b": WEIGHTS[10:], "ids": np.arange(3)}
    found, whole = (absorption(one, step_bound=0.01, step_std=0.01) for one in (parts, WEIGHTS))
    assert found.names == ("a", "b")
    assert "1 tensor without floats left out" in found.message
    for name in ("certain_unchanged", "certain_changed", "predicted_density"):
        assert getattr(found, name) == pytest.approx(getattr(whole, name), rel=1e-12)
        mean = found.n_weights @ found.tensors[name] / found.n_weights.sum()
        assert mean == pytest.approx(getattr(whole, name), rel=1e-12)


def test_arrays_files_and_folders_give_the_same(tmp_path):
    stored = {"w": encoded(WEIGHTS, "BF16"), "ids": Stored("I64", (1,), bytes(8))}
    write_tensors(tmp_path / "model.safetensors", stored)
    array = np.asarray(rounded(WEIGHTS))
    expected = absorption({"w": array}, step_bound=0.01).to_dict()
    for source in (tmp_path, tmp_path / "model.safetensors", str(tmp_path)):
        found = absorption(source, step_bound=0.01).to_dict()
        assert found.pop("message") == "1 tensor without floats left out"
        assert found == {key: value for key, value in expected.items() if key != "message"}
    assert absorption([array[:3], array[3:]], step_bound=0.01).names == ("weights[0]", "weights[1]")


def test_tensors_of_torch_in_bfloat16_are_read():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(WEIGHTS).to(torch.bfloat16)
    found = absorption({"w": tensor}, step_bound=0.01)
    assert found.counts["rounded"] == 0
    assert found.certain_unchanged == absorption(WEIGHTS, step_bound=0.01).certain_unchanged


def test_arrays_of_jax_in_bfloat16_are_read():
    jax_numpy = pytest.importorskip("jax.numpy")
    array = jax_numpy.asarray(WEIGHTS).astype(jax_numpy.bfloat16)
    for given in (array, {"w": array}, [array]):
        assert absorption(given, step_bound=0.01).counts["rounded"] == 0


def test_what_a_reader_sees():
    found = absorption(WEIGHTS, step_bound=0.01, step_std=0.02)
    facts = " ".join(found._facts())
    assert "no step up to 0.01 changes" in facts
    assert "(low_rank_optimizers/RN-4)" in facts
    assert list(found.to_dict()["curve"]) == ["step", "certain_unchanged", "certain_changed"]
    kept = found.curve["certain_unchanged"]
    assert (np.diff(kept) <= 0).all()
    alone = absorption(WEIGHTS, step_std=0.02)
    assert alone.certain_unchanged is None
    assert "nothing is certain" in alone.message
    pytest.importorskip("matplotlib").use("Agg")
    assert found.plot().get_xlabel() == "size of a step"


def test_a_step_is_rounded_to_the_type_that_the_file_has(tmp_path):
    for kinds, wanted in (("F16", "float16"), ("BF16", "bfloat16"), (("F16", "F32"), "float16"), ("F32", "bfloat16")):
        stored = {
            f"w{i}": encoded(WEIGHTS, kind) for i, kind in enumerate([kinds] if isinstance(kinds, str) else kinds)
        }
        path = tmp_path / "model.safetensors"
        write_tensors(path, stored)
        found = absorb(Checkpoint.from_file(path), step=0.01)
        assert found.dtype == wanted
        assert (found.counts["rounded"] == 0) == ("F32" not in kinds)
        path.unlink()
    assert absorb(Checkpoint({"w": WEIGHTS}), step=0.01, dtype="float16").dtype == "float16"


def test_bad_input():
    with pytest.raises(ValueError, match="`step_bound` must be given, unless `step_std` is; got None"):
        absorption([1.0])
    with pytest.raises(ValueError, match="`step_bound` must be in"):
        absorption([1.0], step_bound=-1.0)
    with pytest.raises(ValueError, match="`step_std` must be above 0; got 0"):
        absorption([1.0], step_std=0)
    with pytest.raises(ValueError, match="`step_bound` must be finite; got inf"):
        absorption([1.0], step_bound=math.inf)
    with pytest.raises(ValueError, match="`weights` must be finite; got nan"):
        absorption([1.0, np.nan], step_bound=1.0)
    with pytest.raises(ValueError, match="must be no larger than the numbers of float16; got 70000"):
        absorption({"w": np.array([70000.0])}, step_bound=1.0, dtype="float16")
    with pytest.raises(ValueError, match="`weights` must be at least one number"):
        absorption(np.zeros((0, 2)), step_bound=1.0)
    for ids in ({"ids": np.arange(2)}, Checkpoint({"ids": np.arange(2)})):
        with pytest.raises(ValueError, match=r"at least one array of floats; got the arrays \['ids'\]"):
            absorption(ids, step_bound=1.0)
    with pytest.raises(FileNotFoundError):
        absorption("no-such-model", step_bound=1.0)
