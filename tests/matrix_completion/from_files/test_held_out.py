"""What is held out: nothing that chose is shown as error, intervals hold, and defaults stay in the range seen."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lrtheory.cli import main
from lrtheory.matrix_completion import Observations, complete, make_low_rank, make_power_law
from lrtheory.matrix_completion.alternation import finish, scores
from lrtheory.matrix_completion.alternation.model_choice import search

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def ratings():
    return make_power_law((120, 80), 2, n_observed=2500, rng=0).observations


def as_ratings(seen):
    return Observations(seen.rows, seen.cols, seen.values, seen.shape, value_range=(0.5, 5.0))


def test_all_defaults_stay_in_the_range_of_the_ratings(ratings):
    """Without a scale the same call predicts what no rating can be, and says so."""
    plain = complete(ratings, 8)
    assert plain.ridge == 0
    assert plain.block().max() > 20
    assert "leave the range of the observations, [0.5, 5]: a ridge or `clip` keeps them nearer" in plain.message
    clipped = complete(ratings, 8, clip=True)
    assert (clipped.block().min(), clipped.block().max()) == (0.5, 5.0)
    assert "are moved to the range of the ratings, [0.5, 5]" in clipped.message
    np.testing.assert_array_equal(clipped.U, plain.U)
    done = complete(as_ratings(ratings), 8, rng=0)
    assert done.ridge > 0
    assert done.row_bias is not None
    assert 0.5 <= done.block().min() < done.block().max() <= 5
    assert done.tested.rmse[-1] < done.tested.rmse[1] < done.tested.rmse[0]
    free = complete(as_ratings(ratings), 8, ridge=0.0, bias=False, clip=False)
    np.testing.assert_array_equal(free.U, plain.U)
    assert free.tested is None


def test_recovery_without_noise_needs_no_word_about_ranges():
    assert "range" not in complete(make_low_rank((60, 50), 2, rng=0), 2).message


def test_predictions_at_the_ends_of_the_range_do_not_leave_it():
    rated = np.repeat([[1.0, 4.0]], 4, axis=0)
    rows, cols = (side.ravel() for side in np.indices(rated.shape))
    seen = Observations(rows, cols, rated.ravel(), rated.shape, value_range=(1.0, 4.0))
    done = complete(seen, 1, ridge=0.0, bias=False, clip=False)

    def said(last: float, U: np.ndarray | None = None) -> list[str]:
        U = np.ones((4, 1)) if U is None else U
        kept = replace(done, U=U, V=np.array([[1.0], [last]]), value_range=seen.value_range)
        return list(finish._leaving(seen, kept))

    assert said(4.0) == []
    assert said(5.0) == ["50 % of predictions, as far as 5, are moved to the range of the ratings, [1, 4]"]
    assert said(0.5) == ["50 % of predictions, as far as 0.5, are moved to the range of the ratings, [1, 4]"]
    for row in range(4):  # none is left out of so small a matrix
        one = said(4.0, np.where(np.arange(4) == row, 2.0, 1.0)[:, None])
        assert one == ["12.5 % of predictions, as far as 8, are moved to the range of the ratings, [1, 4]"]


def test_the_test_part_has_seen_nothing(ratings, monkeypatch):
    """Each fit is recorded: neither those that choose nor the one that is tested holds an entry of the test."""
    from lrtheory.matrix_completion.alternation import one_rank

    fitted, original = [], one_rank.completed
    monkeypatch.setattr(one_rank, "completed", lambda seen, *a, **k: fitted.append(seen) or original(seen, *a, **k))
    tested, measured = [], scores.measured
    monkeypatch.setattr(scores, "measured", lambda values, *a, **k: tested.append(values) or measured(values, *a, **k))
    done = complete(ratings, "auto", rng=0)
    *choosing, before, last = fitted
    n = ratings.n_observed
    assert [len(one.values) for one in (choosing[0], before, last)] == [round(0.8 * n), round(0.9 * n), n]
    (values,) = tested
    assert len(values) == round(0.1 * n)
    whole = {(i, j) for i, j in zip(ratings.rows.tolist(), ratings.cols.tolist(), strict=True)}
    kept = {(i, j) for i, j in zip(before.rows.tolist(), before.cols.tolist(), strict=True)}
    missing = whole - kept
    assert len(missing) == len(values)
    for one in choosing:
        assert not missing & set(zip(one.rows.tolist(), one.cols.tolist(), strict=True))
    assert done.row_degrees.sum() == n


def test_the_error_is_that_of_the_same_recipe(ratings):
    done = complete(ratings, [1, 2], rng=3, record=True)
    rng = np.random.default_rng(3)
    both, test = ratings.split(0.1, rng=rng)
    again = complete(both, done.rank, ridge=done.ridge, bias=False)
    assert done.tested.rmse[-1] == pytest.approx(again.score(test).rmse[-1], rel=1e-9)
    assert done.tried["rank"].tolist().count(1) > 1
    best = np.argmin(done.tried["rmse"])
    assert (done.rank, done.ridge) == (done.tried["rank"][best], done.tried["ridge"][best])
    whole = complete(ratings, done.rank, ridge=done.ridge)
    np.testing.assert_allclose(done.block(), whole.block(), rtol=1e-9)
    assert "have the smallest held-out error, on 250 observations" in done.message
    assert "tested on 250 others, held out at random" in done.message
    assert done.validation_rmse is None  # what chose is not shown as error


@pytest.mark.parametrize(
    ("ranks", "ridges", "sentence"),
    [
        ([2], [3.0], "rank 2 and ridge 3 have"),
        ([2, 2], [1.0, 3.0], "rank 2 and ridge 3 of 1 to 3 have"),
        ([4, 1, 2, 2], [1.0, 1.0, 1.0, 3.0], "rank 2 of 1, 2, 4 and ridge 3 of 1 to 3 have"),
        ([1, 2], [3.0, 3.0], "rank 2 of 1, 2 and ridge 3 have"),
    ],
)
def test_the_sentence_says_what_was_chosen_and_among_which(ranks, ridges, sentence):
    errors = np.linspace(1, 0.5, len(ranks))  # the last one is the best
    found = search.Choice(ranks[-1], ridges[-1], np.array(ranks), np.array(ridges), errors, None)
    assert found.reason == f"{sentence} the smallest held-out error"


def test_ridge_is_chosen_well(ratings):
    """The chosen ridge is nearly as good as the best one of a fine grid, on observations that nobody has seen."""
    train, test = as_ratings(ratings).split(0.2, rng=1)
    done = complete(train, 2, rng=0)
    grid = [complete(train, 2, ridge=ridge).score(test).rmse[-1] for ridge in 2.0 ** np.arange(-3, 8)]
    assert done.score(test).rmse[-1] <= min(grid) + 0.02
    assert max(grid) > min(grid) + 0.1


def test_the_last_ones_are_held_out_by_time(ratings):
    done = complete(as_ratings(ratings), 2, ridge=4.0, hold_out="time")
    both, test = as_ratings(ratings).split(0.1, by="time")
    assert done.tested.rmse[-1] == pytest.approx(complete(both, 2, ridge=4.0).score(test).rmse[-1], rel=1e-9)
    assert "held out as the last ones in time, or in the file" in done.message


def test_the_verb_holds_out_by_time(capsys):
    """With the ratings of the file sorted by hand: the last tenth of them is what is tested on."""
    path = ROOT / "tests" / "files" / "ratings.csv"
    assert main(["matrix_completion", "complete", str(path), "--rank=1", "--ridge=4", "--hold-out=time", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    head, *lines = path.read_text().split()
    lines.sort(key=lambda line: float(line.split(",")[3]))
    columns = list(zip(*(line.split(",") for line in lines), strict=True))
    frame = dict(zip(head.split(",")[:3], columns, strict=False))
    frame["rating"] = [float(one) for one in frame["rating"]]
    in_order = complete(Observations.from_frame(frame), 1, ridge=4.0, hold_out="time")
    assert len(set(columns[3])) == len(lines)
    assert "tested on 72 others, held out as the last ones in time" in " ".join(facts)
    by_file = complete(Observations.from_file(path), 1, ridge=4.0, hold_out="time")
    assert by_file.tested.rmse[-1] == pytest.approx(in_order.tested.rmse[-1], rel=1e-9)


def test_what_validation_says_is_used(ratings):
    train, test = as_ratings(ratings).split(0.2, rng=1)
    done = complete(train, [1, 2], validation=test)
    assert done.tested is None
    assert f"on {test.n_observed} observations" in done.message
    old = complete(ratings, [1, 2], validation=test)
    assert (old.ridge, old.tested) == (0.0, None)
    both = complete(train, [1, 2], ridge=4.0, validation=test, hold_out="random", rng=0)
    assert both.tested.counts["tested"] == round(0.1 * train.n_observed)


def test_validation_from_another_file_is_matched_by_ids():
    train = {"user": [5, 5, 7, 7, 9], "item": ["a", "b", "a", "c", "b"], "rating": [1.0, 2.0, 3.0, 4.0, 5.0]}
    test = {"user": [9, 8], "item": ["a", "a"], "rating": [4.0, 1.0]}
    done = complete(train, 1, ridge=1.0, validation=test)
    assert done.validation_rmse == pytest.approx(abs(done.predict([9], ["a"])[0] - 4.0))
    score = done.score(test)
    assert score.counts == {"tested": 2, "rows": 2, "unknown": 1}
    expected = [done.predict(9, "a"), done.mean + done.col_bias[0]]
    assert score.rmse[-1] == pytest.approx(math.sqrt(np.mean((np.array(expected) - [4.0, 1.0]) ** 2)))
    with pytest.raises(ValueError, match="`validation` must be ratings by users, or of items, of the data"):
        complete(train, 1, ridge=1.0, validation={"user": [1], "item": ["z"], "rating": [1.0]})


def test_too_few_to_hold_out():
    with pytest.raises(ValueError, match="4 observations are too few to hold out some of them"):
        complete([[1.0, 2.0], [3.0, 4.0]])


def test_the_callback_stops_a_search(ratings):
    states = []

    def callback(intermediate_result):
        states.append(intermediate_result)
        if len(states) == 3:
            raise StopIteration

    done = complete(as_ratings(ratings), "auto", callback=callback, rng=0)
    assert (len(states), done.converged) == (3, False)
    assert "the callback asked to stop" in done.message


def test_a_matrix_without_noise_gets_its_rank_and_no_ridge():
    problem = make_low_rank((60, 50), 4, density=0.6, rng=0)
    done = complete(problem, rng=0)
    assert (done.rank, done.ridge) == (4, 0.0)
    assert abs(done.block() - problem.truth.dense()).max() < 1e-4


def test_errors_are_those_of_their_models(ratings):
    train, test = as_ratings(ratings).split(0.2, rng=1)
    done = complete(train, 2, ridge=4.0)
    score = done.score(test)
    values = test.values
    of_rows, of_cols = done.biases_alone
    biases = np.clip(done.mean + of_rows[test.rows] + of_cols[test.cols], 0.5, 5)
    predicted = {"mean": train.values.mean(), "biases": biases, "rank 2": done.predict(test.rows, test.cols)}
    assert score.models == tuple(predicted)
    expected = [math.sqrt(np.mean((found - values) ** 2)) for found in predicted.values()]
    np.testing.assert_allclose(score.rmse, expected, rtol=1e-12)
    assert score.gain == pytest.approx(expected[1] - expected[2])
    assert (score.lower < score.rmse).all()
    assert (score.rmse < score.upper).all()
    assert score.gain_lower < score.gain < score.gain_upper
    with pytest.raises(ValueError, match="`delta` must be in"):
        done.score(test, delta=1.0)


def bootstrapped(squares, rows, rng):
    """The standard deviation of the root mean square over rows drawn with replacement, another way to the width."""
    sums, sizes = np.bincount(rows, squares), np.bincount(rows)
    draws = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=4000)
    return np.sqrt(draws @ sums / (draws @ sizes)).std()


def test_intervals_are_as_wide_as_the_bootstrap_says(ratings):
    rng = np.random.default_rng(0)
    rows = np.sort(rng.integers(0, 150, 3000))
    errors = rng.normal(size=3000) * (0.5 + rng.random(150)[rows])
    found = scores.measured(np.zeros(3000), {"mean": errors, "rank 1": errors / 2}, rows, delta=0.05, unknown=0)
    deviation = bootstrapped(errors**2, rows, rng)
    assert found.upper[0] - found.lower[0] == pytest.approx(2 * 1.976 * deviation, rel=0.06)
    # a model with half of the errors: the gain is half of the first error, and so is its spread
    assert found.gain == pytest.approx(found.rmse[0] / 2)
    assert found.gain_upper - found.gain_lower == pytest.approx((found.upper[0] - found.lower[0]) / 2, rel=0.02)


@pytest.mark.parametrize("clustered", [True, False])
def test_intervals_hold_where_ratings_of_one_user_are_alike(clustered):
    """Errors share a scale within a row; an interval for independent entries misses half of the time there."""
    rng, missed, naive, runs = np.random.default_rng(1), 0, 0, 400
    # the mean of the squares of a uniform number in [1/2, 3/2], which is the size of all errors of a row
    truth, rows = math.sqrt(13 / 12) if clustered else 1.0, np.repeat(np.arange(80), 20)
    for _ in range(runs):
        errors = np.repeat(0.5 + rng.random(80), 20) if clustered else rng.normal(size=1600)
        for groups in (rows, np.arange(1600)):
            found = scores.measured(np.zeros(1600), {"a": errors, "b": errors}, groups, delta=0.1, unknown=0)
            miss = not found.lower[0] <= truth <= found.upper[0]
            missed, naive = (missed + miss, naive) if groups is rows else (missed, naive + miss)
    assert 0.05 < missed / runs < 0.16
    assert (naive / runs > 0.4) == clustered


def test_one_row_shows_no_spread():
    found = scores.measured(
        np.zeros(3), {"mean": np.ones(3), "rank 1": np.ones(3)}, np.zeros(3, int), delta=0.05, unknown=0
    )
    assert np.isnan(found.lower).all()
    assert "one row shows no spread" in found.message
    assert "nan" in repr(found)


@pytest.mark.parametrize(
    ("errors", "sentence"),
    [
        ((1.0, 0.5), "rank 1 has a smaller error than biases"),
        ((0.5, 1.0), "rank 1 has a larger error than biases"),
    ],
)
def test_the_sentence_says_which_model_is_better(errors, sentence):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=400)
    predicted = {"mean": 2 * noise, "biases": errors[0] * noise, "rank 1": errors[1] * noise}
    size = np.sqrt(np.mean(noise**2))
    found = scores.measured(np.zeros(400), predicted, np.arange(400), delta=0.05, unknown=0)
    assert abs(found.gain) == pytest.approx(0.5 * size)
    assert sentence in found.message
    sign = 1 if found.gain > 0 else -1
    low, high = sorted((sign * found.gain_lower, sign * found.gain_upper))
    assert found.message.endswith(f", by {sign * found.gain:.4g} [{low:.4g}, {high:.4g}]")
    same = scores.measured(
        np.zeros(400), {"biases": noise, "rank 1": noise[::-1]}, np.arange(400), delta=0.05, unknown=0
    )
    assert "whether rank 1 is better than biases is open" in same.message
    assert same.message.endswith(f"differ by {same.gain:.4g} [{same.gain_lower:.4g}, {same.gain_upper:.4g}]")
    equal = scores.measured(np.zeros(400), {"biases": noise, "rank 1": noise}, np.arange(400), delta=0.05, unknown=0)
    assert equal.message.endswith("whether rank 1 is better than biases is open: the errors differ by 0 [0, 0]")
