"""The processor time of a run of the bounds."""

from __future__ import annotations

from pathlib import Path

from lrtheory.bounds.deciding.evidence import OF_CALLERS, load_evidence

__all__ = ["costs"]


def costs(folder: Path) -> str:
    """Processor seconds by system: compiling, and all else.

    Parameters
    ----------
    folder : Path
        Folder of the evidence files.

    Returns
    -------
    str
        A table in plain text.
    """
    every = [load_evidence(path) for path in sorted(folder.rglob("*.json")) if path.parent.name != OF_CALLERS]
    if not every:
        raise FileNotFoundError(f"no evidence in {folder}; run `pytest -m bounds`")
    lines = [f"{'system':<28}{'statements':>12}{'compiling [s]':>15}{'running [s]':>13}"]
    for system in sorted({evidence.statement.partition("/")[0] for evidence in every}):
        own = [evidence for evidence in every if evidence.statement.startswith(system + "/")]
        compiling = sum(evidence.compile_seconds for evidence in own)
        running = sum(evidence.seconds for evidence in own) - compiling
        lines.append(f"{system:<28}{len({e.statement for e in own}):>12}{compiling:>15.1f}{running:>13.1f}")
    slowest = sorted(every, key=lambda evidence: -evidence.seconds)[:5]
    lines += ["", "the five dearest checks"]
    lines += [f"{e.seconds:8.2f} s  {e.statement}  {e.saboteur}" for e in slowest]
    return "\n".join(lines)
