"""The picture of a system's rooms, drawn from its imports: ``python docs/rooms.py`` writes ``docs/rooms.png``.

Boxes stand on floors: what is imported lies below what imports it, and an arrow that follows from two others is left
out. White boxes are the methods that people call, gray ones are rooms with the sentence that their ``__init__`` says.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import networkx as nx
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = "alpha_rank"  # the one that CONTRIBUTING recommends as the pattern
PICTURE = Path(__file__).with_name("rooms.png")
LINE = 38  # characters of a line in a box
SIZE, APART = (2.7, 0.95), (3.0, 1.4)  # width and height of a box, and of its place


def rooms(system: str) -> nx.DiGraph:
    """The entries of a system's folder, with an arrow from each to those whose modules it imports.

    Parameters
    ----------
    system : str
        Name of a folder of ``lrtheory``.

    Returns
    -------
    networkx.DiGraph
        Nodes are names; ``says`` is the sentence of a room and empty for a module, ``files`` the number of its files.
    """
    folder, graph = ROOT / "lrtheory" / system, nx.DiGraph()
    for entry in sorted(folder.iterdir()):
        start = entry / "__init__.py" if entry.is_dir() else entry
        if (start.name == "__init__.py" and not entry.is_dir()) or start.suffix != ".py" or not start.exists():
            continue
        docstring = ast.get_docstring(ast.parse(start.read_text(encoding="utf-8"))) or ""
        files = sorted(entry.rglob("*.py")) if entry.is_dir() else [entry]
        says = docstring.splitlines()[0] if entry.is_dir() else ""
        graph.add_node(entry.stem, says=says, files=files)
    for name, files in graph.nodes(data="files"):
        imported = {target for file in files for target in imports(file, f"lrtheory.{system}")}
        graph.add_edges_from((name, target) for target in imported & set(graph) - {name})
    return graph


def imports(file: Path, package: str) -> set[str]:
    """The entries of a package that a file imports: the first name below the package."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(f"{package}."):
            below = node.module.removeprefix(package).strip(".")
            found |= {below.partition(".")[0]} if below else {alias.name for alias in node.names}
    return found


def digest(graph: nx.DiGraph) -> str:
    """What the picture shows, in a few letters: names, sentences, numbers of files and arrows."""
    nodes = sorted((name, data["says"], len(data["files"])) for name, data in graph.nodes(data=True))
    return hashlib.sha256(json.dumps([nodes, sorted(graph.edges)]).encode()).hexdigest()[:16]


def floors(graph: nx.DiGraph) -> list[list[str]]:
    """The nodes by floor: as low as what they import allows, then as near to what imports them as that allows."""
    floor = {name: i for i, row in enumerate(nx.topological_generations(graph.reverse())) for name in row}
    for name in nx.topological_sort(graph):
        above = [floor[other] for other in graph.predecessors(name)]
        floor[name] = min(above) - 1 if above else floor[name] if graph[name] else max(floor.values())
    rows = [sorted(name for name in graph if floor[name] == i) for i in range(max(floor.values()) + 1)]
    for _ in range(8):  # each node moves towards the middle of its neighbors
        place = {name: i - len(row) / 2 for row in rows for i, name in enumerate(row)}
        middle = {n: sum(place[m] for m in nx.all_neighbors(graph, n)) / max(1, graph.degree(n)) for n in graph}
        rows = [sorted(row, key=lambda name: (middle[name], name)) for row in rows]
    return rows


def draw(system: str, path: Path) -> None:
    """Draw the rooms of a system.

    Parameters
    ----------
    system : str
        Name of a folder of ``lrtheory``.
    path : Path
        The PNG to write; its description is the `digest` of what it shows.
    """
    graph = rooms(system)
    shown, rows = nx.transitive_reduction(graph), floors(graph)
    at = {}
    for floor, row in enumerate(rows):
        at |= {name: (APART[0] * (i - (len(row) - 1) / 2), APART[1] * floor) for i, name in enumerate(row)}
    widest = max(map(len, rows))
    figure, axes = plt.subplots(figsize=(APART[0] * widest, APART[1] * len(rows)))
    for start, end in shown.edges:
        (x, y), (u, v) = at[start], at[end]
        ends = ((x, y - SIZE[1] / 2), (u, v + SIZE[1] / 2))
        arrow = {"arrowstyle": "-|>", "mutation_scale": 12, "color": "#0072B2", "lw": 0.9, "shrinkB": 0}
        axes.add_patch(FancyArrowPatch(*ends, **arrow))
    for name, (x, y) in at.items():
        says, files = graph.nodes[name]["says"], graph.nodes[name]["files"]
        corner, style = (x - SIZE[0] / 2, y - SIZE[1] / 2), "round,pad=0,rounding_size=0.08"
        axes.add_patch(
            FancyBboxPatch(corner, *SIZE, boxstyle=style, fc="#e8e8e8" if says else "white", ec="#444444", lw=0.8)
        )
        title = f"{name}/ ({len(files)} files)" if says else name
        axes.text(x, y + (0.3 if says else 0), title, ha="center", va="center", fontsize=11, weight="bold")
        lines = textwrap.wrap(says, LINE)
        axes.text(x, y - 0.1, "\n".join(lines), ha="center", va="center", fontsize=7.2)
    axes.set(
        xlim=(-APART[0] * widest / 2, APART[0] * widest / 2), ylim=(-0.6, APART[1] * len(rows) - 0.7), aspect="equal"
    )
    axes.axis("off")
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Description": digest(graph)})
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(draw(SYSTEM, PICTURE))
