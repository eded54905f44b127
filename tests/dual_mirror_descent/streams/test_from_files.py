"""From a file to an answer: names survive, and every bad file is one sentence that says where."""

import numpy as np
import pytest

from lrtheory import dual_mirror_descent as dmd

LOG = {
    "request": ["r1", "r1", "r2", "r3"],
    "action": ["early", "late", "late", "early"],
    "reward": [3.0, 2.0, 1.0, 5.0],
    "seats": [1.0, 1.0, 1.0, 1.0],
    "bags": [0.0, 2.0, 0.5, 0.0],
}


def written(path, columns, delimiter=","):
    rows = [tuple(columns), *zip(*columns.values(), strict=True)]
    path.write_text("\n".join(delimiter.join(map(str, row)) for row in rows) + "\n")
    return path


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_log_becomes_the_arrays_that_one_would_write(delimiter, tmp_path):
    for log in (dmd.Requests.from_file(written(tmp_path / "log.csv", LOG, delimiter)), dmd.Requests.from_frame(LOG)):
        assert log.names == (("r1", "r2", "r3"), ("early", "late"), ("seats", "bags"))
        np.testing.assert_array_equal(log.rewards, [[3, 2], [0, 1], [5, 0]])
        np.testing.assert_array_equal(log.costs[..., 1], [[0, 2], [0, 0.5], [0, 0]])


def test_names_reach_the_answer_and_change_nothing():
    log = dmd.Requests.from_frame(LOG)
    found = dmd.allocate(log.stream({"bags": 3, "seats": 2}), geometry="scaled-euclidean")
    bare = dmd.allocate(log.rewards, log.costs, [2, 3], geometry="scaled-euclidean")
    np.testing.assert_array_equal(found.actions, bare.actions)
    np.testing.assert_array_equal(found.prices, bare.prices)
    assert found._columns()["request"] == ("r1", "r2", "r3")
    assert found._columns()["action"] == ["early", "late", None]
    assert bare._columns()["action"] == [0, 1, None]
    assert "seats: used 2 of 2" in repr(found)
    assert f"no allocation in hindsight earns more than {found.certificate.bound:.6g}" in repr(found)
    assert dmd.baselines.greedy(log.stream([2, 3])).names == log.names


def test_an_action_that_is_not_offered_is_never_taken(tmp_path):
    rng = np.random.default_rng(0)
    offered = rng.random((200, 5)) < 0.5
    rows = np.argwhere(offered)
    frame = {"request": rows[:, 0], "action": rows[:, 1], "reward": rng.random(len(rows)), "unit": np.ones(len(rows))}
    log = dmd.Requests.from_frame(frame)
    found = dmd.allocate(log.stream(40.0))
    requests, actions = np.array(log.names.requests, int), np.array(log.names.actions, int)
    for t, action in enumerate(found.actions):
        assert action == -1 or offered[requests[t], actions[action]]


def test_rows_without_request_and_action_are_requests_of_one_action():
    log = dmd.Requests.from_frame({"revenue": [3, 2], "seats": [1, 2]})
    assert log.names == (("1", "2"), ("take",), ("seats",))
    assert log.costs.shape == (2, 1, 1)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"reward": ["3", "x", "1", "5"]}, "log.csv:3: `reward` must be a number; got 'x'"),
        ({"bags": [0, -2, 0, 0]}, "log.csv:3: `bags` must be at least 0; got '-2'"),
        (
            {"action": ["early", "early", "late", "late"]},
            "log.csv:3: `action` must be one that the request offers",
        ),
        ({"request": ["r1", "", "r2", "r3"]}, "log.csv:3: `request` must be there"),
        ({"reward": ["3", "inf", "1", "5"]}, "log.csv:3: `reward` must be a finite number"),
    ],
)
def test_a_bad_log_is_one_sentence(change, rule, tmp_path):
    with pytest.raises(ValueError, match=rule):
        dmd.Requests.from_file(written(tmp_path / "log.csv", LOG | change))


def test_columns_that_are_missing(tmp_path):
    path = written(tmp_path / "log.csv", {"a": [1, 2], "b": [3, 4]})
    with pytest.raises(ValueError, match="no column is called reward, value"):
        dmd.Requests.from_file(path)
    assert dmd.Requests.from_file(path, columns={"reward": "a"}).names.resources == ("b",)
    with pytest.raises(ValueError, match="a column for each resource is needed"):
        dmd.Requests.from_frame({"reward": [1]})


def test_budgets(tmp_path):
    path = written(tmp_path / "seats.csv", {"resource": ["seats", "bags"], "budget": [2, 3.5]})
    assert dict(dmd.Budgets.from_file(path)) == {"seats": 2.0, "bags": 3.5}
    for resource, budget, rule in (
        (["a", "a"], [1, 2], "seats.csv:3: `resource` must be one that stands once"),
        (["a", "b"], [1, 0], "seats.csv:3: `budget` must be above 0"),
    ):
        with pytest.raises(ValueError, match=rule):
            dmd.Budgets.from_file(written(path, {"resource": resource, "budget": budget}))
    log = dmd.Requests.from_frame(LOG)
    for wrong in ({"seats": 2}, {"seats": 2, "bags": 1, "legs": 3}):
        with pytest.raises(ValueError, match="a mapping from the resources seats, bags"):
            log.stream(wrong)


def test_auctions_from_a_file_bid_as_arrays_do(tmp_path):
    rng = np.random.default_rng(1)
    values, prices = rng.random(50), rng.random(50)
    path = written(tmp_path / "bids.csv", {"time": range(50), "Value": values, "competing bid": prices})
    found, bare = dmd.pace(path, budget=4.0), dmd.pace(values, prices, 4.0)
    np.testing.assert_array_equal(found.bids, bare.bids)
    assert found.names == tuple(map(str, range(50)))
    assert bare.names is None
    assert found.payments.sum() == pytest.approx(found.spend, rel=1e-12)
    np.testing.assert_array_equal(found.payments > 0, found.wins)
    pd = pytest.importorskip("pandas")
    np.testing.assert_array_equal(dmd.pace(pd.read_csv(path), budget=4.0).bids, bare.bids)


def test_bad_auctions(tmp_path):
    path = written(tmp_path / "bids.csv", {"value": [1, -1], "price": [1, 2]})
    with pytest.raises(ValueError, match="bids.csv:3: `value` must be at least 0; got '-1'"):
        dmd.pace(path, budget=1.0)
    with pytest.raises(TypeError, match="`competing_bids` must be left out where the first argument is a log"):
        dmd.pace(dmd.Auctions(np.ones(2), np.ones(2), ("a", "b")), [1.0, 1.0], 1.0)
    with pytest.raises(TypeError, match="`budget` must be given"):
        dmd.pace([1.0], [1.0])


def test_spending_is_drawn_and_never_falls():
    found = dmd.pace(np.ones(30), np.full(30, 0.5), 5.0)
    (line,) = found.plot().lines
    assert line.get_ydata()[-1] == found.spend <= 5.0
    assert (np.diff(line.get_ydata()) >= 0).all()
