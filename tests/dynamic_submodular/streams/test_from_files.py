"""Graphs, sets, points and updates from files and frames, and the names of elements from there to every answer."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from lrtheory import dynamic_submodular as ds
from lrtheory.dynamic_submodular import Coverage, DynamicSubmodular, FacilityLocation, FeatureBased, Influence, LogDet
from lrtheory.dynamic_submodular.objectives.elements import Elements


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


#: a path a - b - c - d with a triangle at its end, in every form
EDGES = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("c", "e")]
FORMS = {
    "plain.txt": "".join(f"{u} {v}\n" for u, v in EDGES),
    "commented.edges": "# Undirected graph\n# nodes: 5\n" + "".join(f"{u}\t{v}\r\n" for u, v in EDGES),
    "named.csv": "from,to,since\n" + "".join(f"{u},{v},{i}\n" for i, (u, v) in enumerate(EDGES)),
    "strange.csv": "person,friend\n" + "".join(f"{u},{v}\n" for u, v in EDGES),
    "packed.txt.gz": "".join(f"{u} {v}\n" for u, v in EDGES),
    "lines.jsonl": "".join(json.dumps({"source": u, "target": v}) + "\n" for u, v in EDGES),
    "pairs.json": json.dumps(EDGES),
    "colons.dat": "".join(f"{u}::{v}\n" for u, v in EDGES),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_list_of_edges_is_the_graph_that_networkx_makes_of_it(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, FORMS[name])
    graph = nx.Graph(EDGES)
    f = Coverage.from_file(path)
    assert f.names == tuple(graph)
    for size in range(4):
        for S in itertools.combinations(graph, size):
            assert f.value(S) == len({v for u in S for v in (u, *graph[u])})
    chosen = ds.maximize(path, 2)
    assert chosen.names == ds.maximize(graph, 2).names == ("c", "a")
    assert "5 nodes and 5 edges" in chosen.message
    assert ("columns not read: since" in chosen.message) == (name == "named.csv")
    assert ("read as the names of columns, person, friend" in chosen.message) == (name == "strange.csv")


def test_random_graphs_and_directions(tmp_path: Path) -> None:
    """Nodes are numbers that are no row numbers; loops and edges that stand twice count once."""
    rng = np.random.default_rng(0)
    for trial in range(20):
        pairs = rng.integers(100, 112, size=(int(rng.integers(1, 30)), 2))
        path = written(tmp_path, "g.txt", "".join(f"{u} {v}\n" for u, v in pairs))
        for directed in (False, True):
            graph = nx.read_edgelist(path, create_using=nx.DiGraph if directed else nx.Graph)
            f = Coverage.from_file(path, directed=directed)
            assert f.names == tuple(graph)
            for u in graph:
                assert f.value([u]) == len({u, *graph[u]})
            assert f"{graph.number_of_edges()} edges" in f.origin, (trial, directed)
            assert np.isclose(
                Influence.from_file(path, directed=directed, rng=1, p=1.0, n_samples=5).value(f.names), f.n
            )


def test_sets_with_names_and_weights(tmp_path: Path) -> None:
    text = "set,element,weight\nx,apple,2\nx,pear,1\ny,pear,1\nx,apple,2\nz,fig,5\n"
    f = Coverage.from_file(written(tmp_path, "s.csv", text))
    assert f.names == ("x", "y", "z")
    assert [f.value([name]) for name in f.names] == [3.0, 1.0, 5.0]
    strange = Coverage.from_file(written(tmp_path, "t.csv", "store,client\n1,10\n1,11\n2,11\n"))
    assert (strange.names, strange.value(["1"]), strange.value(["2"])) == (("1", "2"), 2.0, 1.0)
    turned = Coverage.from_file(tmp_path / "t.csv", columns="client,store")
    assert turned.names == ("10", "11")
    mapped = Coverage({"x": ["apple", "pear"], "y": ["pear"]})
    assert (mapped.names, mapped.value(["x"]), mapped.value(["y"])) == (("x", "y"), 2.0, 1.0)
    roles = Coverage.from_file(written(tmp_path, "r.csv", "a,b\n1,1\n1,2\n"), columns={"set": "a", "element": "b"})
    assert (roles.names, roles.value(["1"])) == (("1",), 2.0)


POINTS = "name,red,green\nann,3,0\nbob,0,4\ncat,1,1\n"


@pytest.mark.parametrize("kind", [FacilityLocation, LogDet, FeatureBased])
def test_points_with_names(kind: Any, tmp_path: Path) -> None:
    X = np.array([[3.0, 0.0], [0.0, 4.0], [1.0, 1.0]])
    expected = kind(X) if kind is FeatureBased else kind.from_features(X)
    for name, text in [
        ("p.csv", POINTS),
        ("words.tsv", POINTS.replace("name", "who").replace(",", "\t")),
        ("ids.csv", POINTS.replace("name", "id").replace("ann", "7").replace("bob", "8").replace("cat", "9")),
        ("p.csv.gz", POINTS),
    ]:
        f = kind.from_file(written(tmp_path, name, text))
        assert f.gains([]).tolist() == expected.gains([]).tolist()
        assert f.names == (("7", "8", "9") if name == "ids.csv" else ("ann", "bob", "cat"))
        assert "3 points of 2 numbers" in f.origin
    np.save(tmp_path / "p.npy", X)
    bare = kind.from_file(tmp_path / "p.npy")
    assert (bare.names, bare.gains([]).tolist()) == (None, expected.gains([]).tolist())
    one = kind.from_frame({"name": ["u", "v"], "x": [1.0, 2.0], "y": [5.0, 5.0]}, columns="name,x")
    assert one.names == ("u", "v")
    assert "2 points of 1 numbers" in one.origin


BAD: list[tuple[Any, str, str, str]] = [
    (Coverage, "a.txt", "", "a.txt: empty"),
    (Coverage, "a.csv", "source,target\n", "a.csv: no row"),
    (Coverage, "a.txt", "# only a comment\n", "a.txt: empty"),
    (Coverage, "a.txt", "a\nb\n", "a.txt: two columns are needed, such as source and target; there is one"),
    (Coverage, "a.csv", "source,target\na\n", "a.csv:2: 1 cell where the first line has 2"),
    (Coverage, "a.csv", "source,target\na,\n", "a.csv:2: `target` must be there; got ''"),
    (Coverage, "a.csv", "set,element,weight\nx,a,-1\n", "a.csv:2: `weight` must be at least 0; got '-1'"),
    (
        Coverage,
        "a.csv",
        "set,element,weight\nx,a,1\ny,a,2\n",
        "a.csv:3: `weight` must be the same in all rows of an element",
    ),
    (Coverage, "a.csv", "set,element,weight\nx,a,nan\n", "a.csv:2: `weight` must be a finite number"),
    (FacilityLocation, "a.csv", "name,x\nann,1\nbob,\n", "a.csv:3: `x` must be a number; got ''"),
    (FacilityLocation, "a.csv", "name,x\nann,1\nbob,inf\n", "a.csv:3: `x` must be a finite number; got 'inf'"),
    (FacilityLocation, "a.csv", "name,x,kind\nann,1,red\n", "a.csv:2: `kind` must be a number; got 'red'"),
    (LogDet, "a.csv", "name\nann\n", "a.csv: a column of numbers is needed; there is 'name'"),
    (FeatureBased, "a.csv", "name,x\nann,-1\n", "a.csv:2: `x` must be at least 0; got '-1'"),
    (Influence, "a.safetensors", "x", "a file of the form safetensors, where a table is needed"),
]


@pytest.mark.parametrize(("kind", "name", "text", "sentence"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_files_get_one_sentence(kind: Any, name: str, text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        kind.from_file(written(tmp_path, name, text))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_refusals(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("a é\n".encode("latin-1"))
    sets = written(tmp_path, "s.csv", "set,element\nx,y\n")
    many = {"x": np.arange(20_001.0)}
    for call, error, sentence in [
        (lambda: ds.maximize(tmp_path / "latin.txt", 1), ValueError, "latin.txt:1: not UTF-8"),
        (lambda: ds.maximize(tmp_path / "none.txt", 1), FileNotFoundError, "there is no file"),
        (lambda: ds.maximize(tmp_path, 1), ValueError, "a folder, where a table is needed"),
        (
            lambda: Coverage.from_file(sets, directed=True),
            ValueError,
            "`directed` must be left out for a table of sets",
        ),
        (lambda: Coverage.from_file(sets, columns="set,elment"), ValueError, "there is no column 'elment'"),
        (
            lambda: FacilityLocation.from_frame(many),
            ValueError,
            "`n_neighbors` must be given for more than 20,000 points",
        ),
        (
            lambda: Elements.from_file(sets).objective(n_neighbors=3),
            ValueError,
            '`n_neighbors` must be left out with `by` "cov',
        ),
        (
            lambda: Coverage.from_file(sets).value(["nobody"]),
            KeyError,
            "`name` must be the name of one element; got 'no",
        ),
        (lambda: ds.maximize(3, 1), TypeError, "`objective` must be an objective of this package"),
        (lambda: setattr(Coverage.from_file(sets), "names", ["a", "b"]), ValueError, "sequence of 1 names"),
        (lambda: setattr(Coverage.from_file(sets), "names", "a"), TypeError, "sequence of 1 names"),
    ]:
        with pytest.raises(error) as caught:
            call()
        assert sentence in str(caught.value.args[0])


# --- names through every function ------------------------------------------------------------------------------------


def test_names_through_every_function() -> None:
    graph = nx.Graph(EDGES)
    f = Coverage.from_graph(graph)
    chosen = ds.maximize(f, 2)
    assert chosen.to_dict()["names"] == ["c", "a"]
    assert f.value(chosen) == chosen.value == f.value(["c", "a"])
    assert f.gain("a", ["c"]) == 1.0  # c has b already
    assert f.gains(chosen).tolist() == f.gains(["a", "c"]).tolist() == f.gains([0, 2]).tolist()
    for method in ("naive", "stochastic", "threshold", "random", "sieve", "sieve++", "brute-force"):
        found = ds.maximize(f, 2, method=method, rng=0)
        assert found.names == tuple(f.names[i] for i in found.items)
    among = ds.maximize(f, 2, candidates=["a", "b"])
    assert among.names == ("b",) + among.names[1:]
    assert set(among.names) <= {"a", "b"}
    proof = ds.certify_selection(f, chosen, 2)
    assert proof.names == chosen.names
    assert proof.verify(f)
    assert ds.certify_selection(graph, ["c", "a"], 2, candidates=list("abc")).achieved == 5.0
    best = DynamicSubmodular(graph, 2, rng=0)
    for name in "abcde":
        best.insert(name)
    best.delete("a")
    assert best.present.tolist() == [1, 2, 3, 4]
    assert best.names == tuple(f.names[i] for i in best.solution)
    trace = best.update([~1, 0])
    assert trace.names == best.names
    assert f.value(trace) == best.value
    assert ds.baselines.recompute(f, [0, 2], 1).names == ("c",)
    one = ds.OneGuess(f, 2, 4.0, rng=0)
    one.insert("c")
    assert one.value in (0.0, 4.0)
    grown = Coverage({"x": "ab"})
    grown.append([[0, 1, 2]])
    assert grown.names == ("x", 1)
    assert ds.maximize(grown, 1).names == (1,)
    with pytest.raises(KeyError, match="`name` must be the name of one element; got 'zed'"):
        best.insert("zed")
    assert Coverage.from_graph(nx.path_graph(3)).names is None


def test_old_calls_have_no_names() -> None:
    f = Coverage([[0, 1], [1], [2]])
    assert f.names is None
    assert ds.maximize(f, 1).names is None
    assert DynamicSubmodular(f, 1).names is None
    with pytest.raises(TypeError, match="`S` must be a collection of integers"):
        f.value(["a"])
    doubled = Coverage([[0], [1]])
    doubled.names = ["a", "a"]
    with pytest.raises(KeyError, match="the name of one element"):
        doubled.number("a")


def test_streams_keep_their_own_names() -> None:
    stream = ds.UpdateStream(Coverage([[0], [0, 1]]), [0, 1], 1, names=("left", "right"))
    assert ds.maximize(stream).names == ("right",)
    best = DynamicSubmodular(stream, rng=0)
    assert best.update(stream).names == best.names == ("right",)


def test_frames() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(EDGES, columns=["source", "target"])
    shown = ds.maximize(frame, 2).to_frame()
    assert shown.element.tolist() == ["c", "a"]
    assert shown["value"].tolist() == [4.0, 5.0]
    numbered = pandas.DataFrame(np.array([[7, 8], [8, 9]]), columns=["source", "target"])
    assert Coverage.from_frame(numbered).names == ("7", "8", "9")
    floats = pandas.DataFrame({"source": [7.0, 8.0], "target": [8.0, 9.0]})
    assert Coverage.from_frame(floats).names == ("7", "8", "9")
