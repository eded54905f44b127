"""Merges whose target is no weighted sum, and adapters that other tools have merged."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory.cli import main
from lrtheory.matrix_compression.adapters.targets import elected

RNG = np.random.default_rng(0)
SHAPES = {"a": (12, 10), "b": (8, 9)}
WEIGHTS = [1.0, -0.5, 0.3]


def adapters(count: int = 3, unit: float = 1.0) -> list[mc.AdapterFile]:
    return [
        mc.AdapterFile({
            name: mc.AdapterModule(unit * RNG.normal(size=(m, 3)), RNG.normal(size=(3, n)), scale=0.7, dtype="F64")
            for name, (m, n) in SHAPES.items()
        })
        for _ in range(count)
    ]  # fmt: skip


def ties_by_entry(updates: list[np.ndarray], density: float) -> np.ndarray:
    """TIES by its three steps, an entry at a time."""
    kept = []
    for one in updates:
        least = sorted(map(abs, one.ravel()), reverse=True)[math.ceil(density * one.size) - 1]
        kept.append([x if abs(x) >= least else 0.0 for x in one.ravel()])
    found = []
    for column in zip(*kept, strict=True):
        total = sum(column)
        same = [x for x in column if x * total > 0]
        found.append(sum(same) / len(same) if same else 0.0)
    return np.array(found).reshape(updates[0].shape)


@pytest.mark.parametrize("unit", [1.0, 1e-100, 1e100])
@pytest.mark.parametrize("density", [0.05, 0.5, 1.0])
def test_ties_are_elected_entry_by_entry(density: float, unit: float) -> None:
    given = adapters(unit=unit)
    found = mc.merge_adapters(given, WEIGHTS, rank=4, combine="ties", density=density)
    for name in SHAPES:
        parts = [w * one.dense(name) for w, one in zip(WEIGHTS, given, strict=True)]
        target = ties_by_entry(parts, density)
        np.testing.assert_allclose(elected(parts, density), target, rtol=1e-12)
        values = np.linalg.svd(target, compute_uv=False)
        far = np.linalg.norm(target - found.adapter.dense(name))
        assert far == pytest.approx(np.linalg.norm(values[4:]), rel=1e-9)
    assert found.certificate.verify(given)
    assert not dataclasses.replace(found.certificate, weights=np.array([1.0, 0.5, 0.3])).verify(given)
    assert found.message.startswith("ties aims at a matrix ")
    told = found.certificate.target
    assert told is not None
    assert not dataclasses.replace(found.certificate, target=None).verify(given)


def test_entries_of_one_size_are_kept_alike() -> None:
    assert elected([np.ones((2, 3))], 0.2).tolist() == np.ones((2, 3)).tolist()
    assert elected([np.array([[1.0, 0.0]]), np.array([[-1.0, 2.0]])], 1.0).tolist() == [[0.0, 2.0]]


def test_dare_is_made_again_from_its_seed() -> None:
    given = adapters()
    found = mc.merge_adapters(given, WEIGHTS, rank=5, combine="dare", density=0.25, rng=3)
    again = mc.merge_adapters(given, WEIGHTS, rank=5, combine="dare", density=0.25, rng=3)
    other = mc.merge_adapters(given, WEIGHTS, rank=5, combine="dare", density=0.25, rng=4)
    assert found.error == again.error != other.error
    assert found.certificate.verify(given)
    assert found.certificate.target is not None
    wrong = dataclasses.replace(found.certificate.target, seed=1)
    assert not dataclasses.replace(found.certificate, target=wrong).verify(given)
    # all are kept, so that the target is the sum
    whole = mc.merge_adapters(given, WEIGHTS, rank=9, combine="dare", density=1.0, rng=0)
    assert whole.error == pytest.approx(mc.merge_adapters(given, WEIGHTS, rank=9).error, abs=1e-12)
    assert "dare aims at a matrix 0.00% of its norm away from the sum" in whole.message


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_slerp_is_a_sum_with_two_weights(share: float) -> None:
    given = adapters(2)
    found = mc.merge_adapters(given, [1 - share, share], rank=6, combine="slerp")
    one, other = (np.concatenate([a.dense(name).ravel() for name in SHAPES]) for a in given)
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    angle = math.acos(cosine)
    weights = [math.sin(part * angle) / math.sin(angle) for part in (1 - share, share)]
    made = np.concatenate([found.adapter.dense(name).ravel() for name in SHAPES])
    np.testing.assert_allclose(made, weights[0] * one + weights[1] * other, atol=1e-10)
    told = [float(word) for word in found.message.split() if word[:1].isdigit()]
    np.testing.assert_allclose(told, weights, atol=1e-12)
    np.testing.assert_allclose(found.certificate.weights, told)
    assert found.certificate.verify(given)


def test_almost_parallel_adapters_are_summed_as_asked() -> None:
    (one,) = adapters(1)
    found = mc.merge_adapters([one, one], [0.25, 0.75], rank=3, combine="slerp")
    assert found.certificate.verify((one, one))
    turned = mc.AdapterFile({name: dataclasses.replace(m, scale=-m.scale) for name, m in one.modules.items()})
    with pytest.raises(ValueError, match="do not point against each other"):
        mc.merge_adapters([one, turned], rank=3, combine="slerp")


def test_what_cannot_be_combined_is_refused() -> None:
    given = adapters()
    zero = mc.AdapterFile({"a": mc.AdapterModule(np.zeros((12, 1)), np.ones((1, 10)))})
    wrong = [
        (given, {"combine": "mean"}, "`combine` must be"),
        (given, {"combine": "slerp"}, "two adapters, for slerp"),
        (given[:2], {"combine": "slerp", "weights": [1.0, 1.0]}, "1 together, for slerp"),
        ([given[0], zero], {"combine": "slerp"}, "whose updates are not 0"),
        (given, {"combine": "ties", "density": 0.0}, r"`density` must be in \(0, 1\]"),
        (given, {"combine": "ties", "density": 1.5}, "`density` must be"),
        (given, {"density": 0.5}, "which does not use it"),
        (given[:2], {"combine": "slerp", "density": 0.5}, "which does not use it"),
        (given, {"combine": "dare", "method": "core"}, "`method` must be"),
    ]
    for some, options, said in wrong:
        with pytest.raises(ValueError, match=said):
            mc.merge_adapters(some, rank=2, **options)  # type: ignore[arg-type]


def test_a_merged_adapter_is_judged_by_the_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = adapters(2)
    for k, one in enumerate(given):
        one.to_peft(tmp_path / f"in-{k}")
    mc.merge_adapters(given, [0.5, 2.0], rank=4).to_file(tmp_path / "ours")
    # factors that are added up, as some tools do
    added = {
        name: mc.AdapterModule(
            sum(a.modules[name].B for a in given), sum(a.modules[name].A for a in given), dtype="F64"
        )
        for name in SHAPES
    }
    mc.AdapterFile(added).to_peft(tmp_path / "theirs")
    line = ["matrix_compression", "merge", str(tmp_path / "in-0"), str(tmp_path / "in-1"), "--weights", "0.5,2"]
    sums = {name: 0.5 * given[0].dense(name) + 2 * given[1].dense(name) for name in SHAPES}
    whole = math.sqrt(sum(np.sum(S**2) for S in sums.values()))
    for name in ("ours", "theirs"):
        made = mc.AdapterFile.from_peft(tmp_path / name)
        far = math.sqrt(sum(np.sum((S - made.dense(key)) ** 2) for key, S in sums.items()))
        assert main([*line, "--judge", str(tmp_path / name)]) == 0
        out = capsys.readouterr().out
        assert f"the copy is {far / whole:.4g} of the norm away" in out
        assert "compared with the weighted sum of 2 adapters" in out
    assert main([*line, "--judge", str(tmp_path / "ours"), "--rank", "4"]) == 3
    assert "`--rank` must be left out with" in capsys.readouterr().err
    assert main([*line, "--rank", "4", "--density", "0.5"]) == 3
    assert 'left out with `--method` "sum", which does not use it' in capsys.readouterr().err
