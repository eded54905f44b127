"""Ids in and ids out: predictions, recommendations and files of a completion whose data came with ids."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lrtheory.matrix_completion import Observations, Pairs, complete, make_power_law

M, N = 50, 30


def listed(seen):
    """A list of the ratings with ids that are no numbers of lines: users 1000, 997, ..., and films by name."""
    users, items = 1000 - 3 * seen.rows, [f"film-{j:02d}" for j in seen.cols]
    return {"user": users.tolist(), "item": items, "rating": seen.values.tolist()}


@pytest.fixture(scope="module")
def ratings():
    return make_power_law((M, N), 2, n_observed=600, rng=0).observations


@pytest.fixture(scope="module")
def model(ratings):
    return complete(listed(ratings), 2, ridge=2.0)


@pytest.fixture(scope="module")
def plain(ratings):
    """The same completion on numbers of lines; the door sorts the users the other way round."""
    return complete(Observations(*positions(ratings), value_range=(0.5, 5.0)), 2, ridge=2.0)


def positions(ratings):
    return M - 1 - ratings.rows, ratings.cols, ratings.values, (M, N)


def user(row):
    return 1000 - 3 * (M - 1 - row)


def test_predictions_by_ids_are_those_by_numbers(model, plain):
    rows, cols = np.array([0, 7, 49, 7]), np.array([1, 0, 29, 29])
    expected = plain.predict(rows, cols)
    films = [f"film-{j:02d}" for j in cols]
    np.testing.assert_array_equal(model.predict(user(rows), films), expected)
    np.testing.assert_array_equal(model.predict([str(u) for u in user(rows)], films), expected)
    np.testing.assert_array_equal(model.predict(user(rows).astype(float), np.array(films)), expected)
    np.testing.assert_array_equal(model.predict(Pairs(list(user(rows)), films)), expected)
    np.testing.assert_array_equal(model.predict({"user": user(rows), "film": films}), expected)
    np.testing.assert_array_equal(model.block(user(rows), films), plain.block(rows, cols))
    assert model.predict(user(3), "film-04") == plain.predict(3, 4)


def test_the_best_columns_of_a_user(model, plain, ratings):
    seen = Observations.from_frame(listed(ratings))
    cols, values = plain.top(7, 5, exclude=Observations(*positions(ratings)))
    for given in (user(7), str(user(7)), np.int64(user(7))):
        films, stars = model.top(given, 5, exclude=seen)
        assert films.tolist() == [f"film-{j:02d}" for j in cols]
        np.testing.assert_array_equal(stars, values)
    found = model.recommend([user(7), user(0)], 5, exclude=seen)
    assert found.rows == (user(7),) * 5 + (user(0),) * 5
    assert list(found.cols[:5]) == films.tolist()
    assert len(model.recommend(n=2).rows) == 2 * M
    assert model.top(user(7), 1, exclude=["film-00"])[0][0] != "film-00"
    np.testing.assert_array_equal(model.fold_in(["film-03"], [4.0]), plain.fold_in([3], [4.0]))


def test_what_is_left_out_is_found_by_ids(model, ratings):
    """Another file of the same shape has its users at other places; what it has of others is not left out."""
    users, films = [user(3), user(7), 5], ["film-02", "film-04", "film-00"]
    frame = {"user": users, "item": films, "rating": [1.0, 2.0, 3.0]}
    for given in (frame, Observations.from_frame(frame)):
        found = model.recommend([user(3), user(7)], N, exclude=given)
        pairs = set(zip(found.rows, found.cols, strict=True))
        missing = {(u, f"film-{j:02d}") for u in users[:2] for j in range(N)} - pairs
        assert missing == {(user(3), "film-02"), (user(7), "film-04")}
        assert set(model.top(user(7), N, exclude=given)[0]) == {j for u, j in pairs if u == user(7)}
        cells = {(u, j) for u, j, _ in model.fill(Observations.from_frame(frame)).cells()}
        assert len(cells) == M * N - 2
        assert not missing & cells
    nothing = model.recommend([])
    assert (nothing.rows, nothing.cols, nothing.values.shape) == ((), (), (0,))
    assert "Recommendations" in repr(nothing)
    assert "film-02" not in model.recommend(n=N, exclude=["film-02"]).cols


def test_recommendations_are_those_of_every_row_alone(ratings):
    done = complete(ratings, 2, ridge=2.0, bias=True)
    found = done.recommend(n=4, exclude=ratings)
    for row in range(M):
        cols, values = done.top(row, 4, exclude=ratings)
        here = [i for i, one in enumerate(found.rows) if one == row]
        assert [found.cols[i] for i in here] == cols.tolist()
        np.testing.assert_allclose(found.values[here], values, rtol=1e-12)


def test_predictions_above_the_scale_keep_their_order():
    """Two of them are five stars when they are moved, and the better one still comes first."""
    U, V = np.ones((8, 1)), np.array([[1.0], [3.0], [2.0], [5.0]])
    seen = Observations.from_dense(2 * U @ V.T)
    moved = replace(complete(seen, 1), value_range=(0.0, 5.0))
    cols, stars = moved.top(0, 4)
    assert cols.tolist() == [3, 1, 2, 0]
    np.testing.assert_allclose(stars, [5, 5, 4, 2], rtol=1e-9)
    assert moved.recommend([0], 4).cols == (3, 1, 2, 0)
    clipped = complete(seen, 1, clip=True)
    assert clipped.value_range == (2.0, 10.0)


def test_unknown_ids(model, plain):
    for call, sentence in (
        (lambda: model.predict([5], ["film-00"]), "`rows` must be among the ids of the 50 rows of the data; got 5"),
        (
            lambda: model.predict([user(0)], ["gone"]),
            "`cols` must be among the ids of the 30 columns of the data; got 'gone'",
        ),
        (lambda: model.top("nobody", 3), "`row` must be among the ids of the 50 rows of the data; got 'nobody'"),
        (lambda: plain.predict(Pairs(["a"], ["b"])), "`rows` must be numbers, since rows and columns"),
        (lambda: model.recommend(["nobody"]), "`rows` must be among the ids"),
        (lambda: model.predict([user(0)], ["film-0"]), "30 columns of the data, such as 'film-[0-9]{2}'; got 'film-0'"),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
    with pytest.raises(TypeError, match="`rows` must be Observations, Pairs, a frame or a path"):
        model.predict(3)
    # in a list of pairs somebody may be new: the mean and what bias is known
    new = model.predict(Pairs(["nobody", user(0), "nobody"], ["film-00", "gone", "gone"]))
    assert new[0] == pytest.approx(model.mean + model.col_bias[0])
    assert new[1] == pytest.approx(model.mean + model.row_bias[0])
    assert new[2] == pytest.approx(model.mean)


def test_names_that_a_caller_gave_are_found_and_numbers_stay_numbers():
    data = Observations([0, 1, 1], [0, 0, 1], [1.0, 2.0, 4.0], (2, 2), names=(("a", "b"), ("x", "y")))
    done = complete(data, 1)
    assert done.predict(["b"], ["x"])[0] == done.predict([1], [0])[0]
    assert done.top("a", 1)[0].tolist() == ["y"]
    assert done.top(0, 1)[0].tolist() == [1]
    assert done._columns()["highest"] == ["y, x"]


def test_files_of_predictions(model, ratings, tmp_path):
    seen = Observations.from_frame(listed(ratings))
    filled = model.fill(seen)
    for suffix in (".csv", ".tsv", ".jsonl", ".json", ".npz"):
        filled.to_file(tmp_path / f"all{suffix}")
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert lines[0] == "user,item,prediction"
    assert len(lines) == 1 + M * N - seen.n_observed
    cells = [line.split(",") for line in lines[1:]]
    assert not {(int(u), i) for u, i, _ in cells} & set(
        zip(listed(ratings)["user"], listed(ratings)["item"], strict=True)
    )
    expected = model.predict([u for u, _, _ in cells], [i for _, i, _ in cells])
    np.testing.assert_allclose([float(x) for _, _, x in cells], expected, rtol=1e-12)
    assert (tmp_path / "all.tsv").read_text().replace("\t", ",").splitlines() == lines
    records = json.loads((tmp_path / "all.json").read_text())
    assert records == [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [str(one["user"]) for one in records] == [u for u, _, _ in cells]
    assert np.load(tmp_path / "all.npz")["prediction"].tolist() == [one["prediction"] for one in records]
    pairs = model.fill(Pairs([user(0), "new"], ["film-01", "film-02"]))
    assert (
        list(pairs._columns()["prediction"]) == model.predict(Pairs([user(0), "new"], ["film-01", "film-02"])).tolist()
    )
    with pytest.raises(ValueError, match="`cells` must be of shape"):
        model.fill(Observations([0], [0], [1.0], (3, 3)))


def test_a_trec_run(model, ratings, tmp_path):
    found = model.recommend(n=3, exclude=Observations.from_frame(listed(ratings)))
    found.to_file(tmp_path / "all.run")
    lines = [line.split() for line in (tmp_path / "all.run").read_text().splitlines()]
    assert len(lines) == 3 * M
    for i in range(0, len(lines), 3):
        some = lines[i : i + 3]
        assert [(one[1], one[3], one[5]) for one in some] == [("Q0", str(j), "lrtheory") for j in (1, 2, 3)]
        scores = [float(one[4]) for one in some]
        assert scores == sorted(scores, reverse=True)
    titled = complete({"user": [1, 2], "item": ["The Matrix", "x"], "rating": [1.0, 2.0]}, 1, ridge=1.0)
    with pytest.raises(ValueError, match="a TREC run holds ids without blanks; got 'The Matrix'"):
        titled.recommend(n=2).to_file(tmp_path / "titles.run")


def test_what_notebooks_show(model, ratings):
    for shown in (model, model.recommend(n=2), model.fill(Observations.from_frame(listed(ratings)))):
        assert len(repr(shown)) < 1000
        assert "<script" not in shown._repr_html_()
    pytest.importorskip("matplotlib")
    for shown in (
        model,
        model.recommend([user(0)], 3),
        complete(ratings, 2, record=True),
        model.score(ratings_of(ratings)),
    ):
        assert shown.plot().figure is not None


def ratings_of(ratings):
    return Observations.from_frame(listed(ratings))
