"""The verbs of the shell on the sample files, compared with the labels that these files hold."""

from pathlib import Path

import numpy as np

from lrtheory.cli import main

FILES = Path(__file__).resolve().parents[2] / "files"


def shell(capsys, *words):
    assert main(["transductive_clustering", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_the_shell_writes_each_point_with_its_cluster(tmp_path, capsys):
    told = shell(capsys, "cluster", FILES / "points.csv", "-k", 3, "--label", "kind", "-o", tmp_path / "found.csv")
    assert "started at the best of 10 runs of K-means" in told
    rows = [line.split(",") for line in (tmp_path / "found.csv").read_text().splitlines()]
    assert rows[0] == ["point", "cluster", "assignment"]
    assert [row[0] for row in rows[1:]] == [f"leaf-{i}" for i in range(1, 121)]
    kinds = [line.split(",")[3] for line in (FILES / "points.csv").read_text().splitlines()[1:]]
    counts = {pair: 0 for pair in {(row[1], kind) for row, kind in zip(rows[1:], kinds, strict=True)}}
    for row, kind in zip(rows[1:], kinds, strict=True):
        counts[row[1], kind] += 1
    assert sum(sorted(counts.values())[-3:]) >= 110


def test_the_shell_fills_a_table_and_evaluates(tmp_path, capsys):
    shell(capsys, "classify", FILES / "some_labels.csv", "--label", "kind", "-o", tmp_path / "filled.csv")
    filled = [line.split(",") for line in (tmp_path / "filled.csv").read_text().splitlines()[1:]]
    truth = [line.split(",")[3] for line in (FILES / "points.csv").read_text().splitlines()[1:]]
    assert np.mean([row[1] == kind for row, kind in zip(filled, truth, strict=True)]) > 0.9
    told = shell(capsys, "evaluate", FILES / "points.csv", "--label", "kind", "--tasks", 50)
    assert "on 50 tasks of 3 of 3 classes" in told
    assert "on the same tasks" in told
