"""A model in a file: read back as an equal object, used without a fit, and extended by new users."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from lrtheory.cli import main
from lrtheory.matrix_completion import CompletionResult, Observations, commands, complete, completion, make_low_rank

FILES = Path(__file__).resolve().parents[3] / "tests" / "files"
RATINGS = str(FILES / "ratings.csv")
NAMES = {"user": ["Ægir", "Ægir", "愛", "愛"], "item": [7, 9, 7, 12], "rating": [1.0, 4.0, 5.0, 2.0]}


def same(one, other):
    """Whether two fields are equal: types, digits, and shapes and types of arrays."""
    if dataclasses.is_dataclass(one):
        fields = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(same(getattr(one, name), getattr(other, name)) for name in fields)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other)
    if isinstance(one, (tuple, list)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "items"):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and (one == other or one != one)


def models():
    problem = make_low_rank((12, 10), 2, density=0.8, rng=0)
    seen, given = problem.observations, (problem.observations.rows, problem.observations.cols)
    return {
        "ratings": complete(RATINGS, 2, record=True, rng=0),
        "searched": complete(RATINGS, [1, 2], ridge=2.0, rng=0),
        "plain": complete(problem, 2),
        "float32": complete(Observations(*given, seen.values.astype(np.float32), seen.shape), 2),
        "names": complete(NAMES, 1, ridge=1.0),
        "tiny": complete(Observations(*given, seen.values * 1e-150, seen.shape), 2),
        "one side named": complete(Observations([0, 1], [0, 0], [1.0, 2.0], (2, 1), names=(["a", "b"], None)), 1),
        "zeros": complete([[0.0, 0.0], [0.0, 0.0]], 1),
    }


@pytest.mark.parametrize("name", models())
def test_a_model_is_read_back_as_it_was(name, tmp_path):
    model, path = models()[name], tmp_path / "model.npz"
    model.to_file(path)
    again = CompletionResult.from_file(path)
    assert same(model, again)
    np.testing.assert_array_equal(model.block(), again.block())
    assert not again.U.flags.writeable


def test_other_files_are_no_models(tmp_path):
    model, path = complete(NAMES, 1, ridge=1.0), tmp_path / "model.npz"
    np.savez(path, U=np.eye(2))
    with pytest.raises(ValueError, match="no saved CompletionResult, but the arrays U"):
        CompletionResult.from_file(path)
    with pytest.raises(ValueError, match="no arrays of NumPy"):
        CompletionResult.from_file(RATINGS)
    model.to_file(path, force=True)
    with np.load(path) as arrays:
        kept = dict(arrays)

    shorter = {name: array[:-1] if array.ndim == 2 else array for name, array in kept.items()}
    renamed = {**kept, "lrtheory": np.array(str(kept["lrtheory"]).replace('"mean"', '"mena"'))}
    for wrong, sentence in ((renamed, "a damaged CompletionResult"), (shorter, "of different lengths")):
        np.savez(path, **wrong)
        with pytest.raises(ValueError, match=sentence):
            CompletionResult.from_file(path)


def test_new_rows_get_what_folding_in_gives_them():
    model = complete(RATINGS, 2, ridge=1.0)
    items = model.names[1]
    new = {
        "user": ["x", "y", "x", "y", "z", model.names[0][0]],
        "item": [items[0], items[1], items[2], items[5], "no such film", items[3]],
        "rating": [5.0, 1.0, 4.0, 2.0, 3.0, 1.0],
    }
    more = model.with_rows(new)
    assert (more.shape, more.names[0][-3:]) == ((63, 40), ("x", "y", "z"))
    factor, bias = model.fold_in([items[0], items[2]], [5.0, 4.0]), model.bias_of([items[0], items[2]], [5.0, 4.0])
    expected = np.clip(model.mean + bias + model.col_bias + model.V @ factor, *model.value_range)
    np.testing.assert_allclose(more.block(["x"])[0], expected, rtol=1e-12)
    np.testing.assert_allclose(
        more.block(["z"])[0], np.clip(model.mean + model.col_bias, *model.value_range), rtol=1e-12
    )
    np.testing.assert_array_equal(more.block(model.names[0]), model.block())
    assert "3 rows were folded in (x, y, z); 1 were known and stay as they are; 1 of their entries" in more.message
    with pytest.raises(ValueError, match=r"`ratings` must be in \[0.5, 5\], the range of the completion"):
        model.with_rows({"user": ["x"], "item": [items[0]], "rating": [90.0]})
    with pytest.raises(ValueError, match="whose rows and columns have ids"):
        complete(make_low_rank((12, 10), 2, rng=0), 2).with_rows(new)


@pytest.fixture
def saved(tmp_path, capsys):
    path = tmp_path / "model.npz"
    assert main(["matrix_completion", "fit", RATINGS, "--rank", "2", "--ridge", "1", "-o", str(path)]) == 0
    capsys.readouterr()
    return path


def test_verbs_with_a_model_fit_nothing(saved, tmp_path, capsys, monkeypatch):
    model = CompletionResult.from_file(saved)
    monkeypatch.setattr(completion, "complete", lambda *a, **k: pytest.fail("a model was fitted"))
    user = model.names[0][3]
    assert main(["matrix_completion", "recommend", RATINGS, "--model", str(saved), "--user", user, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    expected = model.recommend([user], 10, exclude=Observations.from_file(RATINGS))
    assert [row[1] for row in rows] == list(expected.cols)
    new = tmp_path / "new.csv"
    new.write_text(f"user,item,rating\nnew,{model.names[1][0]},5\nnew,{model.names[1][4]},1\n")
    assert main(["matrix_completion", "recommend", str(new), "--model", str(saved), "--user", "new", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row[0] for row in told["rows"]} == {"new"}
    assert not {model.names[1][0], model.names[1][4]} & {row[1] for row in told["rows"]}
    larger = tmp_path / "larger.npz"
    assert main(["matrix_completion", "fold-in", str(new), "--model", str(saved), "-o", str(larger)]) == 0
    assert CompletionResult.from_file(larger).shape == (61, 40)
    assert (
        main(["matrix_completion", "complete", str(new), "--model", str(saved), "-o", str(tmp_path / "all.csv")]) == 0
    )
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 1 + 61 * 40 - 2
    capsys.readouterr()
    assert main(["matrix_completion", "recommend", RATINGS, "--model", str(saved), "--rank", "3"]) == 3
    assert "with --model nothing is fitted" in capsys.readouterr().err


def test_what_is_wrong_is_told_before_a_fit(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(completion, "complete", lambda *a, **k: pytest.fail("a model was fitted"))
    assert main(["matrix_completion", "recommend", RATINGS, "--user", "nobody"]) == 3
    assert "among the ids of the 60 users" in capsys.readouterr().err
    assert main(["matrix_completion", "recommend", RATINGS, "-n", "0"]) == 3
    assert main(["matrix_completion", "fit", RATINGS, "-o", str(tmp_path / "model.xyz")]) == 3


@pytest.mark.parametrize(("typed", "rank"), [("2", 2), (" 3 ", 3), ("1, 2", [1, 2]), ("auto", "auto")])
def test_ranks_are_read_as_they_are_typed(typed, rank):
    assert commands._ranks(typed) == rank
