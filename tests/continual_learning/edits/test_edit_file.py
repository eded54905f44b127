"""Copies of models with one matrix edited: every other byte stays, and nothing is written where it should not be."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._files import Tensors
from lrtheory._files.safetensors import encoded, write_tensors
from lrtheory.cli import main
from lrtheory.continual_learning import EditProblem, edit_safetensors, ridge_edit

FILES = Path(__file__).resolve().parents[2] / "files"
RNG = np.random.default_rng(6)
W, OTHER = RNG.normal(size=(3, 5)), RNG.normal(size=(4, 2))
EDITS = [(RNG.normal(size=(2, 5)), RNG.normal(size=(2, 3))), (RNG.normal(size=(1, 5)), RNG.normal(size=(1, 3)))]
ANCHORS = RNG.normal(size=(2, 5))
NAME = "model.layers.0.self_attn.q_proj.weight"


def saved(path: Path, dtype: str = "F32", weights: np.ndarray = W) -> Path:
    tensors = {"first": encoded(OTHER, "F16"), "w": encoded(weights, dtype), "last": encoded(OTHER, "BF16")}
    write_tensors(path, tensors, {"format": "pt", "note": "ä"})
    return path


def differing(one: Path, other: Path) -> np.ndarray:
    """The places at which two files of one length differ."""
    a, b = (np.frombuffer(path.read_bytes(), np.uint8) for path in (one, other))
    assert a.shape == b.shape
    return np.flatnonzero(a != b)


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_a_file_keeps_all_other_bytes(tmp_path, dtype):
    source, out = saved(tmp_path / "old.safetensors", dtype), tmp_path / "new.safetensors"
    before = source.read_bytes()
    done = edit_safetensors(source, "w", EDITS, out=out, anchors=ANCHORS, anchor_weight=2.0, ridge=0.5)
    assert source.read_bytes() == before
    old, new = Tensors(source), Tensors(out)
    assert (new.names, new.metadata, new.dtype("w")) == (old.names, {"format": "pt", "note": "ä"}, dtype)
    place, size = old.place("w")[1], len(old.stored("w").data)
    changed = differing(source, out)
    assert changed.size
    assert place <= changed.min() <= changed.max() < place + size
    due = ridge_edit(old["w"], EDITS, layout="torch", anchors=ANCHORS, anchor_weight=2.0, ridge=0.5)
    assert new.stored("w") == encoded(due.weights, dtype)
    np.testing.assert_array_equal(done.weights, new["w"])
    residuals = [np.linalg.norm(v - k @ new["w"].T.astype(float)) for k, v in EDITS]
    np.testing.assert_allclose(done.residual_norms, residuals, rtol=1e-12)
    assert done.certificate is not None
    assert ("rounded" in done.message) == (dtype in ("F16", "BF16"))


def test_what_rounding_loses_is_counted(tmp_path):
    source = saved(tmp_path / "old.safetensors", "BF16", np.ones((1, 4)))
    edits = [(np.eye(4)[:3], [[1.0 + 2.0**-12], [1.0 + 2.0**-4], [1.0]])]  # half of each is written
    done = edit_safetensors(source, "w", edits, out=tmp_path / "new.safetensors")
    assert (done.counts["changed"], done.counts["lost"]) == (2, 1)
    assert "rounded to BF16, which leaves 50.0% of the entries that change as they were" in done.message
    assert done.weights.tolist() == [[1.0, 1.0 + 2.0**-5, 1.0, 1.0]]


def test_the_trace_stays_when_the_map_is_rounded(tmp_path):
    source = saved(tmp_path / "old.safetensors", "F16")
    done = edit_safetensors(source, "w", EDITS, out=tmp_path / "new.safetensors", record=True)
    assert "rounded" in done.message
    assert len(done.trace["surprise"]) == len(EDITS)


def test_rows_and_columns(tmp_path):
    source = saved(tmp_path / "old.safetensors", "F64", W.T)
    done = edit_safetensors(source, "w", EDITS, out=tmp_path / "new.safetensors", layout="rows")
    due = edit_safetensors(saved(tmp_path / "t.safetensors", "F64"), "w", EDITS, out=tmp_path / "u.safetensors")
    np.testing.assert_allclose(done.weights.T, due.weights, rtol=1e-12)


@pytest.fixture
def model(tmp_path) -> Path:
    """A model in two files, with settings and a folder beside them."""
    folder = tmp_path / "model"
    (folder / "more").mkdir(parents=True)
    saved(folder / "model-1.safetensors")
    write_tensors(folder / "model-2.safetensors", {"v": encoded(OTHER, "F32")})
    weight_map = dict.fromkeys(("first", "w", "last"), "model-1.safetensors") | {"v": "model-2.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    (folder / "config.json").write_text("{}")
    (folder / "more" / "notes.txt").write_text("as it was")
    return folder


@pytest.mark.parametrize("given", ["", "model.safetensors.index.json"])
def test_a_folder_is_copied_with_all_that_is_in_it(model, tmp_path, given):
    out = tmp_path / "new"
    done = edit_safetensors(model / given if given else model, "v", [([[1.0, 0.0]], np.ones((1, 4)))], out=out)
    files = sorted(p.relative_to(model) for p in model.rglob("*"))
    assert {p.relative_to(out) for p in out.rglob("*")} == {*files, Path("lrtheory.json")}
    for name in files:
        if (model / name).is_file() and name.name != "model-2.safetensors":
            assert (model / name).read_bytes() == (out / name).read_bytes()
    np.testing.assert_array_equal(Tensors(out)["v"], done.weights)
    np.testing.assert_array_equal(Tensors(model)["v"], OTHER.astype(np.float32))


def test_links_are_followed_and_never_written_through(model, tmp_path):
    """A cache keeps files elsewhere and links to them; files may be read-only."""
    blob = tmp_path / "blob"
    shutil.move(model / "model-1.safetensors", blob)
    os.chmod(blob, 0o444)
    (model / "model-1.safetensors").symlink_to(blob)
    before = blob.read_bytes()
    edit_safetensors(model, "w", EDITS, out=tmp_path / "new")
    assert blob.read_bytes() == before
    assert not (tmp_path / "new" / "model-1.safetensors").is_symlink()
    assert (tmp_path / "new" / "model-1.safetensors").read_bytes() != before


def test_no_place_of_the_source_is_written(model, tmp_path):
    link, one = tmp_path / "link", saved(tmp_path / "one.safetensors")
    link.symlink_to(model)
    sideways = tmp_path / "other.safetensors"
    sideways.symlink_to(one)
    before = {path: path.read_bytes() for path in [one, *model.rglob("*")] if path.is_file()}
    for source, out in [(model, model), (model, link), (link, model / "sub"), (one, one), (one, sideways)]:
        with pytest.raises(ValueError, match="`out` must be another place than what is read"):
            edit_safetensors(source, "w", EDITS, out=out)
    taken = tmp_path / "taken"
    taken.write_text("x")
    with pytest.raises(FileExistsError, match="is there already"):
        edit_safetensors(one, "w", EDITS, out=taken)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        edit_safetensors(one, "w", EDITS, out=tmp_path / "nowhere" / "x.safetensors")
    assert all(path.read_bytes() == content for path, content in before.items())
    assert taken.read_text() == "x"


def test_links_without_an_end_are_refused(model, tmp_path):
    for target in ("gone", "..", "."):
        link = model / "more" / "link"
        link.symlink_to(target)
        with pytest.raises(ValueError, match="`path` must be a folder whose links lead to other files"):
            edit_safetensors(model, "w", EDITS, out=tmp_path / "new")
        link.unlink()
    assert not (tmp_path / "new").exists()


def test_a_refused_edit_leaves_nothing_behind(tmp_path):
    source = saved(tmp_path / "one.safetensors")
    for tensor, edits, options, rule in [
        ("x", EDITS, {}, "`tensor` must be the name of a matrix in one.safetensors, as"),
        ("w", [(np.ones((1, 3)), np.ones((1, 5)))], {}, "keys` must be of shape"),
        ("w", EDITS, {"ridge": -1.0}, "`ridge` must be"),
        ("w", EDITS, {"layout": "x"}, "`layout` must be one of"),
        ("first", [(np.eye(2), np.full((2, 4), 1e6))], {}, "`edits` must be such that the new weights fit F16"),
    ]:
        with pytest.raises(ValueError) as caught:
            edit_safetensors(source, tensor, edits, out=tmp_path / "new.safetensors", **options)
        assert rule in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["one.safetensors"]
    from lrtheory._files.safetensors import Stored

    whole = tmp_path / "whole.safetensors"
    write_tensors(whole, {"w": Stored("I8", (1, 2), b"\1\2"), "v": encoded(np.ones(3), "F32")})
    for tensor, rule in (("w", "`tensor` must be a matrix of one of F64"), ("v", "`tensor` must be the name")):
        with pytest.raises(ValueError, match=rule):
            edit_safetensors(whole, tensor, [([[1.0, 1.0]], [[1.0]])], out=tmp_path / "new.safetensors")


def test_what_is_no_path_and_no_name(tmp_path: Path) -> None:
    edits: Any = [([[1.0]], [[1.0]])]
    for path, tensor, out, rule in (
        (3, "w", tmp_path / "new", "`path` must be a path; got 3"),
        (FILES / "tiny-model", "w", None, "`out` must be a path; got None"),
        (FILES / "tiny-model", np.ones(2), tmp_path / "new", "`tensor` must be the name of a matrix; got"),
    ):
        with pytest.raises(TypeError, match=rule):
            edit_safetensors(path, tensor, edits, out=out)  # type: ignore[arg-type]  # that is the test


# --- the verbs -------------------------------------------------------------------------------------------------------


def test_the_verb_writes_the_copy_that_the_function_writes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(FILES)
    line = [
        "continual_learning",
        "edit",
        "tiny-model",
        "edits.npz",
        "--tensor",
        NAME.removesuffix(".weight"),
        "--ridge",
        "0.5",
    ]
    assert main([*line, "-o", str(tmp_path / "new")]) == 0
    out = capsys.readouterr().out
    for part in ("capital", "RL-4", "rounded to F16", f"{NAME} in tiny-model"):
        assert part in out
    due = tmp_path / "due"
    edit_safetensors("tiny-model", NAME, EditProblem.from_file("edits.npz"), out=due, ridge=0.5)
    for path in due.iterdir():
        assert path.read_bytes() == (tmp_path / "new" / path.name).read_bytes()
    assert main([*line, "--layout", "rows", "-o", str(tmp_path / "rows")]) == 0
    edits, options = EditProblem.from_file("edits.npz"), {"layout": "rows", "ridge": 0.5}
    turned = edit_safetensors("tiny-model", NAME, edits, out=tmp_path / "turned", **options)
    np.testing.assert_array_equal(Tensors(tmp_path / "rows")[NAME], turned.weights)
    assert main([*line, "-o", str(tmp_path / "table.csv")]) == 0
    assert (tmp_path / "table.csv").read_text().startswith("edit,surprise,residual_norm\ncapital,")
    shutil.copytree("tiny-model", tmp_path / "model")
    assert main(["continual_learning", "edit", str(tmp_path / "model"), *line[3:], "-o", str(tmp_path / "model/new")])
    assert "`-o` must be another place than what is read; got '" in capsys.readouterr().err
    assert not (tmp_path / "model/new").exists()
    file = "tiny-model/model.safetensors"
    assert main(["continual_learning", "edit", file, "edits.npz", "--tensor", NAME, "-o", str(tmp_path / "f.st")]) == 0
    np.testing.assert_array_equal(Tensors(tmp_path / "f.st").metadata, Tensors(file).metadata)


def edits_file(tmp_path, unit=1.0, **more):
    """Six random keys of size `unit` beside the projection of the model, whose values are 3 away from what it says."""
    random = np.random.default_rng(0)
    keys, W = unit * random.normal(size=(6, 8)), Tensors(FILES / "tiny-model")[NAME].astype(float)
    np.savez(tmp_path / "edits.npz", keys=keys, values=keys @ W.T + 3.0, **more)
    return str(tmp_path / "edits.npz")


def edited(capsys, file, *options):
    line = ["continual_learning", "edit", "tiny-model", file, "--tensor", NAME, "--json", *options]
    assert main(line) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_the_verb_picks_a_ridge_by_its_rule(tmp_path, monkeypatch, capsys, unit):
    monkeypatch.chdir(FILES)
    file = edits_file(tmp_path, unit)
    problem = EditProblem.from_file(file)
    whole = EditProblem(Tensors("tiny-model")[NAME], problem.edits, layout="torch")
    scale = np.mean([np.sum(K**2) for K, _ in problem.edits])
    left = {}
    for k in range(-8, 3):
        done = ridge_edit(whole, ridge=scale * 10.0**k)
        left[k] = np.linalg.norm(done.residual_norms) / np.linalg.norm(done.surprises)
    least = min(left.values())
    due = max(k for k, share in left.items() if share <= least + 0.1 * (1 - least))
    out = edited(capsys, file, "--ridge", "auto")
    assert f"--ridge {scale * 10.0**due:.6g} is the largest of 11 from" in out
    assert f"it leaves {left[due]:.1%} of all" in out
    assert 0 < left[due] < 0.2


def test_the_verb_says_that_most_of_the_surprise_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(FILES)
    file = edits_file(tmp_path, 0.1)
    assert "of the surprise is left; --ridge auto would leave " in edited(capsys, file)
    assert "surprise is left" not in edited(capsys, file, "--ridge", "1e-6")
    key = np.ones((1, 8))
    np.savez(tmp_path / "two.npz", keys=np.repeat(key, 2, axis=0), values=np.stack([np.full(8, 9.0), np.full(8, -9.0)]))
    assert "hardly less at any --ridge" in edited(capsys, str(tmp_path / "two.npz"))
    assert "it leaves" in edited(capsys, str(tmp_path / "two.npz"), "--ridge", "auto")
    assert main(["continual_learning", "edit", "tiny-model", file, "--tensor", NAME, "--ridge", "small"]) == 3
    assert "--ridge takes a number or auto; got 'small'" in capsys.readouterr().err
    np.savez(tmp_path / "anchor.npz", keys=key, values=key, anchor=key)
    assert main(["continual_learning", "edit", "tiny-model", str(tmp_path / "anchor.npz"), "--tensor", NAME]) == 3
    assert "arrays of edits are keys, values, edit, anchors, W0; got anchor" in capsys.readouterr().err


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_no_ridge_is_picked_whose_size_is_no_double(tmp_path, monkeypatch, capsys, unit):
    monkeypatch.chdir(FILES)
    np.savez(tmp_path / "edits.npz", keys=unit * np.eye(1, 8), values=np.ones((1, 8)))
    line = ["continual_learning", "edit", "tiny-model", str(tmp_path / "edits.npz"), "--tensor", NAME]
    assert main([*line, "--ridge", "auto"]) == 3
    assert "such that the squares of their norms are in the range of doubles" in capsys.readouterr().err
    if unit < 1:  # beside a ridge of 1 nothing is learned, and no other ridge can be named
        assert main(line) == 0
        assert "100.0% of the surprise is left" in capsys.readouterr().out


def test_the_help_of_the_verb_explains_its_words(capsys):
    assert main(["continual_learning", "edit", "--help"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for words in ("The surprise of an edit is", "The deviation is", '"auto" tries weights'):
        assert words in out


def test_the_verb_of_metrics(monkeypatch, capsys):
    monkeypatch.chdir(FILES)
    assert main(["continual_learning", "metrics", "accuracy.csv"]) == 0
    out = capsys.readouterr().out
    for part in ("digits", "average accuracy 0.843", "forgetting 0.1", "backward transfer"):
        assert part in out
