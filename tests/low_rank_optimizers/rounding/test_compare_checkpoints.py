"""Two checkpoints compared, against loops over single weights and ranks of numpy."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._files.safetensors import Stored, encoded, write_tensors
from lrtheory.low_rank_optimizers import absorption, compare_checkpoints, rounded

RNG = np.random.default_rng(5)
BEFORE = {
    "layer.weight": np.asarray(rounded(RNG.normal(size=(12, 20)))).astype(np.float32),
    "layer.bias": np.asarray(rounded(RNG.normal(size=12))).astype(np.float32),
}


def trained(std, rng):
    """The weights after a normal step that is rounded to bfloat16."""
    return {
        name: np.asarray(rounded(w.astype(float) + std * rng.normal(size=w.shape))).astype(np.float32)
        for name, w in BEFORE.items()
    }


def code(x):
    """The place of a number of bfloat16 among all of them."""
    bits = int(np.float32(x).view(np.uint32)) >> 16
    return -(bits & 0x7FFF) if bits >> 15 else bits


def test_counts_are_those_of_a_loop():
    after, other = trained(0.004, RNG), trained(0.004, RNG)
    found = compare_checkpoints(BEFORE, after, other=other, atol=0.004)
    for i, name in enumerate(BEFORE):
        triples = list(zip(*(one[name].ravel().tolist() for one in (BEFORE, after, other)), strict=True))
        assert found.changed[i] == sum(a != b for a, b, _ in triples)
        assert found.n_beyond[i] == sum(abs(b - a) > 0.004 for a, b, _ in triples)
        assert found.n_one_ulp[i] == sum(abs(code(a) - code(b)) == 1 for a, b, _ in triples)
    weights = [w for name in BEFORE for w in zip(*(one[name].ravel() for one in (BEFORE, after, other)), strict=True)]
    first, second = ({i for i, (a, b, c) in enumerate(weights) if a != (b, c)[run]} for run in (0, 1))
    assert found.overlap == len(first & second) / len(first)
    assert found.chance == len(second) / len(weights)
    assert found.density == len(first) / len(weights)
    assert found.dtypes == ("BF16", "BF16")


@pytest.mark.parametrize(("m", "n", "rank"), [(8, 8, 3), (20, 4, 4), (5, 30, 2), (6, 6, 0)])
def test_ranks_are_those_of_numpy(m, n, rank):
    update = RNG.integers(-3, 4, (m, rank)) @ RNG.integers(-3, 4, (rank, n)) / 4.0
    update[1:3] = 0.0  # rows that did not move
    before = RNG.integers(-8, 8, (m, n)) / 4.0
    found = compare_checkpoints(before, before + update)
    assert found.ranks.tolist() == [np.linalg.matrix_rank(update)]
    assert compare_checkpoints(before, before + update, ranks=False).ranks.tolist() == [-1]


def test_steps_without_a_signal_explain_their_own_overlap():
    rng = np.random.default_rng(6)
    w = {"w": np.asarray(rounded(0.05 * rng.normal(size=200_000))).astype(np.float32)}
    runs = [
        {"w": np.asarray(rounded(w["w"].astype(float) + 1e-4 * rng.normal(size=200_000))).astype(np.float32)}
        for _ in range(2)
    ]
    found = compare_checkpoints(w, runs[0], other=runs[1])
    error = 6 * 0.5 / (found.density * 200_000) ** 0.5  # six deviations of a share of so many weights
    assert found.predicted_overlap == pytest.approx(found.overlap, abs=error)
    assert found.step_std == pytest.approx(1e-4, rel=0.02)
    assert found.predicted_overlap > 1.5 * found.chance
    same = absorption(w, step_std=found.step_std)
    assert same.predicted_density == pytest.approx(found.density, rel=1e-9)
    assert "would share" in " ".join(found._facts())


def test_a_tolerance_hides_small_changes_of_small_weights():
    before = np.float32([2.0**-10, 2.0**-8])
    after = before * np.float32(1 + 2.0**-7)
    found = compare_checkpoints(before, after, atol=1e-5)
    assert (found.density, found.beyond, found.one_ulp) == (1.0, 0.5, 1.0)
    assert "a tolerance of 1e-05 hides 1 change (low_rank_optimizers/RN-6)" in found._facts()


def test_files_are_compared_in_their_own_bits(tmp_path):
    after = trained(0.004, RNG)
    for folder, weights in (("before", BEFORE), ("after", after)):
        (tmp_path / folder).mkdir()
        stored = {name: encoded(w, "BF16") for name, w in weights.items()} | {"ids": Stored("I64", (1,), bytes(8))}
        write_tensors(tmp_path / folder / "model.safetensors", stored)
    expected = compare_checkpoints(BEFORE, after).to_dict()
    found = compare_checkpoints(tmp_path / "before", tmp_path / "after").to_dict()
    assert found.pop("message") == "1 tensor left out, as ids"
    assert expected.pop("message") == ""
    assert found == expected


@pytest.mark.parametrize(("dtype", "kind"), [(np.float16, "F16"), (np.float32, "F32"), (np.float64, "F64")])
def test_every_type_has_its_next_number(dtype, kind):
    before = RNG.normal(size=40).astype(dtype)
    after = before.copy()
    after[::2] = np.nextafter(before[::2], dtype(np.inf))
    found = compare_checkpoints(before, after)
    assert found.dtypes == (kind,)
    assert (found.density, found.one_ulp) == (0.5, 1.0)
    assert (found.predicted_overlap is None) == (kind != "F16")


def test_doubles_above_single_precision_and_at_both_ends_of_their_range():
    before, after = np.array([[1e300, 2.0], [1e-300, 3.0]]), np.array([[1e300, 2.5], [0.0, 3.0]])
    found = compare_checkpoints(before, after, atol=0.25)
    assert (found.dtypes, found.changed.tolist(), found.n_beyond.tolist()) == (("F64",), [2], [1])
    largest = np.finfo(float).max
    ends = compare_checkpoints(np.array([[largest, -largest]]), np.array([[-largest, largest]]), atol=1.0)
    assert (ends.n_beyond.tolist(), ends.ranks.tolist()) == ([2], [1])
    assert compare_checkpoints(np.zeros((3, 3)), np.full((3, 3), largest)).ranks.tolist() == [1]


def test_nothing_and_everything():
    same = compare_checkpoints(BEFORE, BEFORE)
    assert (same.density, same.one_ulp, same.overlap, same.chance) == (0.0, None, None, None)
    assert same.ranks.tolist() == [0, -1]
    assert "none or all of the weights changed" in same.message
    signs = compare_checkpoints([0.0, 1.0], [-0.0, 1.0])
    assert signs.density == 0.0
    for kind in (np.float16, np.float32, np.float64):
        least = np.nextafter(kind(0), kind(1))
        below = compare_checkpoints(np.array([0, 0.1], kind), np.array([-least, 0.1], kind))
        assert below.n_one_ulp.tolist() == [1]
    across = compare_checkpoints([2.0**-133, 1.0], [-(2.0**-133), 1.0])
    assert across.n_one_ulp.tolist() == [0]


def test_mixed_types_are_compared_in_the_wider_one():
    half, third = np.array([1 / 3], np.float16), np.array([1 / 3], np.float32)
    assert compare_checkpoints(half, third).dtypes == ("F32",)
    assert compare_checkpoints({"a": third}, {"a": half}).dtypes == ("F32",)


def test_both_short_types_meet_in_single_precision(tmp_path):
    for name, kind in (("one", "BF16"), ("other", "F16")):
        write_tensors(tmp_path / f"{name}.safetensors", {"a": encoded(np.array([1 / 3]), kind)})
    one, other = (tmp_path / f"{name}.safetensors" for name in ("one", "other"))
    assert compare_checkpoints(one, other).dtypes == compare_checkpoints(other, one).dtypes == ("F32",)


def test_a_tolerance_is_exact():
    before, after = np.array([1.0, 1.0]), np.array([1.5, 1.5 + 2.0**-40])
    assert compare_checkpoints(before, after, atol=0.5).n_beyond.tolist() == [1]


def test_two_runs_may_have_steps_of_two_sizes():
    rng = np.random.default_rng(8)
    w = {"w": np.asarray(rounded(rng.normal(size=100_000))).astype(np.float32)}
    small, large = (
        {"w": np.asarray(rounded(w["w"].astype(float) + std * rng.normal(size=100_000))).astype(np.float32)}
        for std in (1e-4, 3e-3)
    )
    found = compare_checkpoints(w, small, other=large, ranks=False)
    assert found.predicted_overlap == pytest.approx(found.overlap, abs=0.02)


def test_what_a_reader_sees():
    found = compare_checkpoints(BEFORE, trained(0.004, RNG), atol=1e-3)
    assert list(found._columns()) == ["tensor", "weights", "unchanged", "beyond", "one_ulp", "rank", "dtype"]
    assert found._columns()["rank"][1] is None
    pytest.importorskip("matplotlib").use("Agg")
    assert found.plot().get_xlabel() == "share of weights that changed"


def test_bad_input():
    many = {f"layer.{i}": np.ones(2) for i in range(6)}
    with pytest.raises(ValueError, match="none named layer.1, layer.2, layer.3 and 2 more"):
        compare_checkpoints(many, {"layer.0": np.ones(2)})
    with pytest.raises(ValueError, match=r"`other\['layer.bias'\]` must be of shape \(12,\); got \(3,\)"):
        compare_checkpoints(BEFORE, BEFORE, other={**BEFORE, "layer.bias": np.ones(3)})
    with pytest.raises(ValueError, match="must be finite; got nan"):
        compare_checkpoints([1.0], [np.nan])
    with pytest.raises(ValueError, match="`atol` must be in"):
        compare_checkpoints([1.0], [1.0], atol=-1.0)
    with pytest.raises(ValueError, match="`before` must be weights with at least one array of floats"):
        compare_checkpoints({}, {})
    with pytest.raises(FileNotFoundError):
        compare_checkpoints("no-such-model", [1.0])
