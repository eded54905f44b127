"""Folders stay small, rooms say what lies in them, and the picture of the rooms is current."""

import ast
import importlib
from pathlib import Path

import pytest
from PIL import Image

import lrtheory

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 14
#: folders with one entry per system beside entries of their own
OF_SYSTEMS = (
    "lrtheory",
    "proofs_checks",
    "figures",
    "tests",
    "tests/examples",
    "tests/rules/units",
    "demos",
    "benchmarks",
)
ROOMS = sorted(
    path.parent for folder in ("lrtheory", "tests", "proofs_checks") for path in (ROOT / folder).rglob("__init__.py")
)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("folder", ROOMS, ids=named)
def test_a_folder_can_be_taken_in_at_a_glance(folder):
    entries = [path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    own = [path for path in entries if path.stem not in lrtheory.SYSTEMS]
    assert len(own if named(folder) in OF_SYSTEMS else entries) <= LARGEST, sorted(path.name for path in entries)


@pytest.mark.parametrize("folder", ROOMS, ids=named)
def test_a_room_says_what_lies_in_it(folder):
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    assert len(docstring.split()) >= 3, "its __init__ has no sentence"


def test_the_picture_of_the_rooms_is_current(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    rooms = importlib.import_module("rooms")
    with Image.open(rooms.PICTURE) as picture:
        shown = picture.text["Description"]
    assert shown == rooms.digest(rooms.rooms(rooms.SYSTEM)), "run `python docs/rooms.py`"


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_rooms_of_a_system_are_drawn_on_floors(system, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    rooms = importlib.import_module("rooms")
    graph = rooms.rooms(system)
    floor = {name: i for i, row in enumerate(rooms.floors(graph)) for name in row}
    assert set(floor) == set(graph)
    assert {"theory", "problem"} <= set(graph)
    assert all(floor[importer] > floor[imported] for importer, imported in graph.edges)
