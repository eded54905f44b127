"""From a file to an answer: names survive, numbers are those of arrays, and every bad file is one sentence."""

import gzip
import json

import numpy as np
import pytest

from lrtheory import transductive_clustering as tc
from lrtheory.cli import main
from lrtheory.transductive_clustering import baselines
from lrtheory.transductive_clustering.clusters import starts

RNG = np.random.default_rng(0)
CENTERS = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
TRUTH = np.repeat([0, 1, 2], 10)
POINTS = CENTERS[TRUTH] + RNG.normal(size=(30, 2)) / 2
KINDS = np.array(["oak", "elm", "ash"])[TRUTH]
NAMES = tuple(f"leaf-{i}" for i in range(30))
TABLE = {"name": NAMES, "x": POINTS[:, 0], "y": POINTS[:, 1]}
LABELED = TABLE | {"kind": KINDS}


def written(path, columns, delimiter=",", end="\n"):
    rows = [tuple(columns), *zip(*columns.values(), strict=True)]
    path.write_bytes((end.join(delimiter.join(map(str, row)) for row in rows) + end).encode())
    return path


# --- names and numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delimiter", "end"), [(",", "\n"), ("\t", "\r\n"), (";", "\n"), ("::", "\n")])
def test_a_file_is_clustered_as_its_array_is(delimiter, end, tmp_path):
    path = written(tmp_path / "points.dat", TABLE, delimiter, end)
    plain = tc.cluster(POINTS, 3, rng=0)
    for X in (path, str(path), tc.PointTable.from_file(path), TABLE):
        found = tc.cluster(X, 3, rng=0)
        np.testing.assert_array_equal(found.assignments, plain.assignments)
        assert found.names == NAMES
        assert found.energy == plain.energy
        assert found.certificate.verify(found.assignment_problem(X))
    assert plain.names is None
    assert found._columns()["point"] == NAMES
    assert f"typical is {NAMES[found.typical[0]]}" in repr(found)


def test_packed_json_and_json_lines(tmp_path):
    rows = [dict(zip(TABLE, map(str, row), strict=True)) for row in zip(*TABLE.values(), strict=True)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "p.json").write_text(json.dumps(rows))
    with gzip.open(tmp_path / "p.csv.gz", "wt") as file:
        file.write(written(tmp_path / "p.csv", TABLE).read_text())
    for name in ("p.jsonl", "p.json", "p.csv.gz"):
        problem = tc.PointTable.from_file(tmp_path / name).problem()
        np.testing.assert_array_equal(problem.features, POINTS)
        assert problem.labels == NAMES
        assert problem.feature_names == ("x", "y")


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_matrices_of_numpy(kind, tmp_path):
    X = POINTS.astype(kind)
    np.save(tmp_path / "p.npy", X)
    np.savez(tmp_path / "p.npz", X=X, names=np.array(NAMES), kind=KINDS)
    bare = tc.PointTable.from_file(tmp_path / "p.npy").problem()
    named = tc.PointTable.from_file(tmp_path / "p.npz").problem("kind")
    for problem in (bare, named):
        assert problem.features.dtype == kind
        np.testing.assert_array_equal(problem.features, X)
    assert bare.labels is None
    assert named.labels == NAMES
    assert named.classes == ("ash", "elm", "oak")
    np.testing.assert_array_equal(np.array(named.classes)[named.truth], KINDS)
    assert tc.PointTable.from_file(tmp_path / "p.npy", columns=[2]).problem().features.shape == (30, 1)


def test_arrays_that_are_no_points(tmp_path):
    np.savez(tmp_path / "two.npz", a=POINTS, b=POINTS)
    np.savez(tmp_path / "long.npz", a=POINTS, b=np.zeros(3))
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    np.save(tmp_path / "none.npy", np.zeros((0, 2)))
    for name in ("two.npz", "long.npz", "cube.npy", "none.npy"):
        with pytest.raises(ValueError, match=f"{name}: one matrix is needed"):
            tc.PointTable.from_file(tmp_path / name)
    np.save(tmp_path / "waves.npy", 1j * POINTS)
    with pytest.raises(ValueError, match="must be an array of real numbers or of text; got complex128"):
        tc.PointTable.from_file(tmp_path / "waves.npy")
    np.save(tmp_path / "objects.npy", np.array([[object()]]), allow_pickle=True)
    with pytest.raises(ValueError, match="holds Python objects, which are not read"):
        tc.PointTable.from_file(tmp_path / "objects.npy")


def test_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": POINTS[:, 0], "y": POINTS[:, 1]})
    plain = tc.cluster(POINTS, 3, rng=0)
    np.testing.assert_array_equal(tc.cluster(frame, 3, rng=0).labels, plain.labels)
    assert tc.cluster(frame, 3, rng=0).names is None
    for named in (frame.set_axis(NAMES), frame.assign(Id=NAMES), frame.assign(id=range(30))):
        found = tc.cluster(named, 3, rng=0)
        np.testing.assert_array_equal(found.labels, plain.labels)
        assert found.names in (NAMES, tuple(map(str, range(30))))
        assert found.prototypes.shape == (3, 2)
    part = frame[frame.x > 3]  # an index that no longer counts rows says which rows are left
    assert tc.cluster(part, 1).names == tuple(map(str, part.index))
    assert tc.cluster(frame.astype(np.float32), 3, rng=0).assignments.dtype == np.float32
    for call in (lambda X: tc.knn_affinity(X).toarray(), lambda X: tc.spatial_order(X)):
        np.testing.assert_array_equal(call(frame.assign(id=NAMES)), call(POINTS))


def test_names_reach_the_baselines():
    for found in (baselines.lloyd(TABLE, 3, rng=0), baselines.spectral(TABLE, 3, rng=0)):
        assert found.names == NAMES
    assert baselines.lloyd(TABLE, 3, rng=0, record=True).names == NAMES
    problem = tc.ClusteringProblem(POINTS, labels=NAMES)
    assert tc.cluster(problem, 3, rng=0).names == NAMES


def test_the_first_column_of_different_words_is_that_of_names():
    others = {"person": NAMES, "x": POINTS[:, 0]}
    assert tc.PointTable.from_frame(others).problem().labels == NAMES
    with pytest.raises(ValueError, match=r"row 0: `kind` must be a number; got .*oak.*`label` if it holds classes"):
        tc.cluster(TABLE | {"kind": KINDS.tolist()}, 3)
    assert tc.PointTable.from_frame(LABELED, columns="y, x").problem().feature_names == ("y", "x")


# --- labels ----------------------------------------------------------------------------------------------------------


def hidden(keep=2):
    """The table with a few labels of each kind, the classes in another order than in the alphabet."""
    return TABLE | {"kind": [kind if i % 10 < keep else None for i, kind in enumerate(KINDS)]}


@pytest.mark.parametrize("method", ["slk", "k-means", "nearest", "laplacian-shot", "bd-cspn", "tim", "label-spreading"])
def test_labels_are_filled_in(method):
    found = tc.classify(hidden(), "kind", method=method)
    np.testing.assert_array_equal(found.labels, KINDS)
    np.testing.assert_array_equal(found.given, np.arange(30) % 10 < 2)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    columns = found._columns()
    assert list(columns) == ["point", "kind", "probability"]
    assert columns["point"] == NAMES
    assert [cell is None for cell in columns["probability"]] == found.given.tolist()
    assert found.counts == {"given": 6, "filled": 24}


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_filling_in_is_the_task_that_one_would_write(unit):
    X = POINTS * unit
    found = tc.classify(hidden() | {"x": X[:, 0], "y": X[:, 1]}, "kind")
    around = X - X.mean(axis=0)
    around = around / np.sqrt((around**2).sum(axis=1).mean())
    known = found.given
    task = tc.few_shot(
        around[known], KINDS[known], around[~known], normalize=None, query_shift=False, turns=tc.Turns(hard=True)
    )
    np.testing.assert_array_equal(found.labels[~known], task.labels)
    np.testing.assert_allclose(found.probabilities[~known], task.probabilities, atol=1e-9)


def test_classes_that_are_numbers_are_sorted_as_numbers():
    table = {"x": [0.0, 0.1, 5.0, 5.1], "digit": [10.0, np.nan, 9.0, np.nan]}
    found = tc.classify(table, "digit")
    assert found.classes == ("9", "10")
    assert found.labels.tolist() == ["10", "10", "9", "9"]


def test_evaluate_takes_a_column_and_leaves_out_what_is_not_known():
    known = tc.evaluate(POINTS, KINDS, n_tasks=20, way=2, query=4, rng=0)
    again = tc.evaluate(LABELED, "kind", n_tasks=20, way=2, query=4, rng=0)
    np.testing.assert_array_equal(known.correct, again.correct)
    beside = tc.evaluate(TABLE, KINDS, n_tasks=20, way=2, query=4, rng=0)
    np.testing.assert_array_equal(known.correct, beside.correct)
    half = tc.make_episodes(hidden(5), "kind", n_tasks=50, way=3, query=2, rng=0)
    first = {tuple(point) for i, point in enumerate(POINTS.tolist()) if i % 10 < 5}
    assert {tuple(point) for point in half.query.reshape(-1, 2).tolist()} <= first
    assert set(half.support_labels.ravel()) == set(KINDS)
    with pytest.raises(ValueError, match=r"`query` must be at most 4, what the smallest class, ash, leaves; got 15\."):
        tc.make_episodes(hidden(5), "kind", n_tasks=1, way=3)


# --- what misleads ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-5, 1.0, 1e5])
def test_the_unit_of_points_changes_nothing(size):
    plain = tc.cluster(POINTS, 3, unit="edges", n_starts=4, rng=0)
    other = tc.cluster(POINTS * size, 3, unit="edges", n_starts=4, rng=0)
    np.testing.assert_array_equal(plain.labels, other.labels)
    assert other.energy / size**2 == pytest.approx(plain.energy, rel=1e-9)
    merged = tc.cluster(POINTS * 1e-5, 3, rng=0)
    assert "all assignments are nearly even, so labels say nothing" in merged.message
    assert "the temperature 1 is large" in merged.message


def test_the_edges_are_the_unit_that_one_would_compute():
    W = tc.knn_affinity(POINTS, n_neighbors=4).tocoo()
    unit = ((POINTS[W.row] - POINTS[W.col]) ** 2).sum(axis=1).mean()
    found = tc.cluster(POINTS, 3, lam=0.3, temperature=0.2, unit="edges", rng=0)
    given = tc.cluster(POINTS, 3, lam=0.3 * unit, temperature=0.2 * unit, rng=0)
    np.testing.assert_allclose(found.assignments, given.assignments, atol=1e-9)
    assert tc.cluster(POINTS, 3, lam=0.3, temperature=0.2, unit=unit, rng=0).energy == pytest.approx(given.energy)


def test_several_starts_find_what_one_misses():
    problem = tc.make_gaussian_mixture(400, 8, separation=10.0, rng=3)
    one, ten = (
        [tc.cluster(problem, 8, n_starts=n, unit="edges", rng=seed).energy for seed in range(8)] for n in (1, 10)
    )
    assert np.ptp(ten) < 1e-6 * abs(min(ten)) < np.ptp(one)
    assert min(ten) <= min(one) * (1 + 1e-9)


def test_trials_of_a_start_are_draws_that_only_get_better():
    X = tc.make_gaussian_mixture(300, 6, separation=8.0, rng=1).features

    def left(trials, seed):
        centers = starts.plus_plus(X, 6, np.random.default_rng(seed), trials)
        return ((X[:, None] - centers) ** 2).sum(axis=2).min(axis=1).sum()

    assert np.mean([left(4, seed) for seed in range(30)]) < np.mean([left(1, seed) for seed in range(30)])


def test_a_column_that_decides_alone_is_named():
    table = {"age": POINTS[:, 0], "income": 1e4 * POINTS[:, 1]}
    assert "lies in the column income, which decides nearly alone" in tc.cluster(table, 2, rng=0).message
    even = tc.PointTable.from_frame(table).problem(standardize=True)
    np.testing.assert_allclose(even.features.std(axis=0), 1)
    assert "alone" not in tc.cluster(even, 2, rng=0).message
    assert "alone" not in tc.cluster(np.stack(list(table.values()), axis=1), 2, rng=0).message


# --- bad files and bad arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"x,y\n", "no row"),
        (b"x,y\n1,2\n3\n", "bad.csv:3: 1 cell where the first line has 2"),
        (b"x,y\n1,2\n,4\n", "bad.csv:3: `x` must be a number; got ''"),
        (b"x,y\n1,2\n3,nan\n", "bad.csv:3: `y` must be a finite number; got 'nan'"),
        (b"x,y\n1,2\n3,inf\n", "bad.csv:3: `y` must be a finite number; got 'inf'"),
        (b"x,y\n1,2\n3,4m\n", "bad.csv:3: `y` must be a number; got '4m'"),
        (b"x,y\n1,2\n3,\xff\n", "bad.csv:3: not UTF-8"),
        (b"name\na\nb\n", "no column of coordinates is left beside name"),
        (b"name,x\na,1\n,2\n", "bad.csv:3: `name` must be there"),
    ],
)
def test_a_bad_file_is_one_sentence(content, rule, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rule) as caught:
        tc.cluster(path, 1)
    assert "\n" not in str(caught.value)


def test_missing_files_folders_and_columns(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file 'nope\.csv'"):
        tc.cluster("nope.csv", 2)
    with pytest.raises(ValueError, match="a folder, where a table is needed"):
        tc.cluster(tmp_path, 2)
    table = tc.PointTable.from_frame(LABELED)
    with pytest.raises(ValueError, match="there is no column 'sort'; there are 'name', 'x', 'y', 'kind'"):
        table.problem("sort")
    with pytest.raises(ValueError, match="there is no column 'z'"):
        tc.PointTable.from_frame(LABELED, columns="x,z")
    for columns in ([], {"x": 1}, 2.5, "x,x"):
        with pytest.raises(ValueError, match="`columns` must be"):
            tc.PointTable.from_frame(LABELED, columns=columns)
    with pytest.raises(ValueError, match="no class stands in `kind`"):
        tc.PointTable.from_frame(TABLE | {"kind": [None] * 30}).problem("kind")


@pytest.mark.parametrize(
    ("call", "kind", "rule"),
    [
        (lambda: tc.classify(LABELED, "kind"), ValueError, "`label` must be a column with at least one empty cell"),
        (lambda: tc.classify(TABLE), ValueError, "`label` must be one of the columns name, x, y; got None"),
        (lambda: tc.classify(POINTS, "kind"), TypeError, "`X` must be a PointTable, a path"),
        (lambda: tc.classify(tc.ClusteringProblem(POINTS, TRUTH)), TypeError, "a problem with classes"),
        (lambda: tc.classify(tc.ClusteringProblem(POINTS), "y"), ValueError, "`label` must be left out"),
        (
            lambda: tc.classify(tc.ClusteringProblem(POINTS), standardize=True),
            ValueError,
            "`standardize` must be left out beside a problem; got True",
        ),
        (lambda: tc.PointTable(POINTS), TypeError, "`table` must be a Table; `from_file` and `from_frame` make one"),
        (lambda: tc.classify(hidden(), "kind", method="magic"), ValueError, "`method` must be one of"),
        (
            lambda: tc.classify({"x": [0, 1], "y": ["a", ""]}, "y"),
            ValueError,
            "`label` must be a column with at least two classes",
        ),
        (
            lambda: tc.classify({"x": np.zeros(20_001), "y": ["a", "b", *[""] * 19_999]}, "y"),
            ValueError,
            "`X` must be at most 20,000 points",
        ),
        (lambda: tc.evaluate(TABLE), ValueError, "`y` must be labels, or the column of labels of a table"),
        (lambda: tc.cluster(POINTS, 2, unit="metres"), ValueError, "`unit` must be one of"),
        (lambda: tc.cluster(POINTS, 2, unit=0.0), ValueError, "`unit` must be positive"),
        (lambda: tc.cluster(POINTS, 2, unit="edges", prototype="mode"), ValueError, "`unit` must be 1 with prototype"),
        (lambda: tc.cluster(POINTS, 2, n_starts=0), ValueError, "`n_starts` must be"),
        (lambda: tc.cluster(POINTS, 2, n_starts=2, init=POINTS[:2]), ValueError, "`n_starts` must be"),
        (
            lambda: tc.ClusteringProblem([[0.0]], [1], classes=("a",)),
            ValueError,
            r"`truth` must be in \[-1, 0\], as there are 1 classes",
        ),
    ],
)
def test_a_bad_argument_is_one_sentence(call, kind, rule):
    with pytest.raises(kind, match=rule):
        call()


# --- the shell, and pictures -----------------------------------------------------------------------------------------


def test_the_shell_says_which_points_it_left_out(tmp_path, capsys):
    rare = hidden(9) | {"kind": [*hidden(9)["kind"][:28], "fir", ""]}
    rare = {name: ["" if cell is None else cell for cell in cells] for name, cells in rare.items()}
    points = written(tmp_path / "p.csv", rare)
    assert main(["transductive_clustering", "evaluate", str(points), "--label", "kind", "--tasks", "20"]) == 0
    told = capsys.readouterr().out
    assert "without 3 points without a label and the classes with fewer than 6 points (fir)" in told
    small = written(tmp_path / "s.csv", {"x": [1, 2], "kind": ["a", "b"]})
    asked = ["transductive_clustering", "evaluate", str(tmp_path / "p.csv"), "--label", "kind", "--tasks", "0"]
    assert main(asked) == 3
    assert "`--tasks` must be an integer of at least 2; got 0" in capsys.readouterr().err
    assert main(["transductive_clustering", "evaluate", str(small), "--label", "kind"]) == 3
    assert "two classes of at least 6 points; got {'a': 1, 'b': 1}" in capsys.readouterr().err


def test_pictures():
    found = tc.cluster(TABLE, 3, n_starts=5, rng=0)
    assert sorted(bar.get_width() for bar in found.plot().patches) == [10, 10, 10]
    (line,) = tc.cluster(TABLE, 3, rng=0, record=True).plot().lines
    assert (np.diff(line.get_ydata()) <= 1e-9).all()
    table = tc.evaluate(LABELED, "kind", n_tasks=20, way=3, query=4, rng=0)
    assert [word.get_text() for word in table.plot().get_yticklabels()] == list(table.methods)
    filled = tc.classify(hidden(), "kind")
    assert [bar.get_width() for bar in filled.plot().patches] == [8, 8, 8]
    batch = tc.bound_update(np.zeros((2, 3, 2)), np.zeros((2, 3, 3)), record=True)
    assert len(batch.plot().lines) == 2
    assert len(batch._columns()["problem"]) == 6


def test_what_all_tasks_share_is_said():
    table = tc.evaluate(POINTS, KINDS, n_tasks=5, way=3, query=4, methods=("slk",), rng=0)
    assert table.half_width[0] == 0
    assert "all tasks came out alike for slk, so the width 0 says little" in repr(table)
