"""Checks and sweeps on a Dask cluster of this machine, one worker of which is killed in the middle."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import lrtheory
from tests.backends import missing

ROOT = Path(__file__).resolve().parents[2]
IDS = ["alpha_rank/AR-T8", "alpha_rank/P1", "alpha_rank/MI-T2", "alpha_rank/RG-T5", "alpha_rank/AR-T3", "alpha_rank/P6"]
#: two worker processes on the loopback address; the first worker that has begun two tasks is killed, once
SCRIPT = """
import json, os, signal, sys, threading, time
from pathlib import Path
from distributed import LocalCluster


def begun(folder):
    return [path.name.split("-") for path in sorted(folder.glob("*-*"))]


def killer(folder, done):
    while not done.is_set():
        pids = [pid for pid, _ in begun(folder)]
        busy = [pid for pid in pids if pids.count(pid) >= 2]
        if busy:
            os.kill(int(busy[0]), signal.SIGKILL)
            (folder / "killed").write_text(busy[0])
            return
        time.sleep(0.005)


def main(folder, work):
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    done = threading.Event()
    with LocalCluster(host="127.0.0.1", **options) as local:
        assert local.scheduler_address.startswith("tcp://127.0.0.1:")
        thread = threading.Thread(target=killer, args=(folder, done))
        thread.start()
        try:
            return work(local.scheduler_address)
        finally:
            done.set()
            thread.join()
"""
CHECKS = """
import functools
import lrtheory
from lrtheory import _front
from lrtheory._parallel import cluster

folder = Path(sys.argv[1])
plain = _front._evidence_of


def marked(task):
    (folder / f"{os.getpid()}-{abs(hash(task))}").touch()
    time.sleep(0.1)
    return plain(task)


def work(address):
    _front._evidence_of = marked
    with cluster(address):
        return lrtheory.check_all(json.loads(sys.argv[2]), n_jobs=-1)


if __name__ == "__main__":
    print(json.dumps([evidence.to_dict() for evidence in main(folder, work)]))
"""
SWEEP = """
import numpy as np
from lrtheory._parallel import cluster
from figures import _store

folder = Path(sys.argv[1])


def point(i):
    (folder / f"{os.getpid()}-{i}").touch()
    time.sleep(0.1)
    return np.random.default_rng(np.random.SeedSequence(1, spawn_key=(i,))).normal(size=2)


def work(address):
    with cluster(address), _store.storing(folder / ".points-0123456789abcdef", -1):
        return _store.each(point, [(i,) for i in range(24)])


if __name__ == "__main__":
    print(json.dumps([x.tolist() for x in main(folder, work)]))
"""


@pytest.fixture(autouse=True)
def needs_dask(uses: Callable[[str], None]) -> None:
    if importlib.util.find_spec("distributed") is None:
        missing("dask", "distributed is not installed")
    uses("dask")


def answer(folder: Path, body: str, *words: str) -> list:
    script = folder / "run.py"
    script.write_text(SCRIPT + body)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    command = [sys.executable, str(script), str(folder), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (folder / "killed").exists(), "no worker was killed"
    return json.loads(done.stdout.splitlines()[-1])


def test_a_table_does_not_depend_on_the_workers(tmp_path: Path) -> None:
    found = answer(tmp_path, CHECKS, json.dumps(IDS))
    alone = [evidence.to_dict() for evidence in lrtheory.check_all(IDS)]
    for row in (*found, *alone):
        del row["seconds"], row["compile_seconds"]
        for each in row["sets"]:
            each.pop("seconds", None)
    assert found == json.loads(json.dumps(alone))


def test_a_sweep_does_not_depend_on_the_workers(tmp_path: Path) -> None:
    import numpy as np

    found = answer(tmp_path, SWEEP)
    streams = [np.random.default_rng(np.random.SeedSequence(1, spawn_key=(i,))) for i in range(24)]
    assert found == [stream.normal(size=2).tolist() for stream in streams]
    pids = [path.name.split("-")[0] for path in tmp_path.glob("*-*")]
    assert len(set(pids)) >= 2
