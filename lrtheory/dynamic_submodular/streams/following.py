"""Updates as lines of text: ``+ id`` inserts, ``- id`` deletes; an answer after each, as it comes."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from os import PathLike
from typing import Any

from lrtheory._files import lines_of, source_name
from lrtheory._validation import integer
from lrtheory.dynamic_submodular.dynamic import DynamicSubmodular

__all__ = ["Updates", "follow_lines"]


class Updates:
    """The lines of a file of updates, or of standard input, which are read as they come.

    Parameters
    ----------
    lines : iterable of (int, str)
        Numbered from 1, without blank ones and comments.
    origin : str
        The name of the file in sentences.
    """

    def __init__(self, lines: Iterable[tuple[int, str]], origin: str) -> None:
        self.lines, self.origin = lines, origin

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Updates:
        """Open a file of updates.

        Parameters
        ----------
        path : path
            A line for each update; "-" is standard input.

        Returns
        -------
        Updates
            Updates, all lines of a file, or those of standard input as they come.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it holds no line, or is not a text.
        """
        if str(path) == "-":
            return cls(_arriving(), source_name(path))
        lines = lines_of(path)
        if not lines:
            raise ValueError(f"{source_name(path)}: no update")
        return cls(lines, source_name(path))


def _arriving() -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(sys.stdin, start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield number, line
    except UnicodeDecodeError as error:
        raise ValueError(f"standard input:{number + 1}: not UTF-8; save it as UTF-8, please") from error


def follow_lines(
    best: DynamicSubmodular, updates: Updates, *, window: int | None = None
) -> Generator[dict[str, Any], None, list[str]]:
    """Apply updates one by one and yield what is known after each.

    Parameters
    ----------
    best : DynamicSubmodular
        Solver of an objective, with nothing present.
    updates : Updates
        Lines ``+ id`` and ``- id``; with a window only arrivals, whose sign may be left out.
    window : int or None
        Largest number of present elements: the oldest goes before the next one comes.

    Yields
    ------
    dict
        The line, the elements that left the window, those that came into the solution and went out of it, its value, an
        upper bound of the best value, their ratio, and how many elements are present.

    Returns
    -------
    list of str
        Sentences that the generator returns at its end: the number of updates that changed the choice, and the value of
        the last choice.

    Raises
    ------
    ValueError
        If a line is not an update, or inserts what is present or deletes what is not; file and line are named.
    """
    window = None if window is None else integer("window", window, low=1)
    waiting: deque[str] = deque()
    solution: list[str] = []
    n_present = n_lines = n_changed = 0
    for number, line in updates.lines:
        sign, name = _parsed(line, f"{updates.origin}:{number}", window is not None)
        left = []
        try:
            if window is not None and len(waiting) == window and name not in waiting:
                left = [waiting.popleft()]
                best.delete(left[0])
            (best.insert if sign == "+" else best.delete)(name)
        except KeyError as error:
            known = best.objective.names or ()
            state = "present already" if sign == "+" else "not present"
            what = state if name in known else f"no element of {best.objective.origin.partition(':')[0]}"
            raise ValueError(f"{updates.origin}:{number}: {name!r} is {what}") from error
        waiting.extend([name] * (window is not None))
        n_present += (1 if sign == "+" else -1) - len(left)
        before, solution = solution, [str(one) for one in best.names or ()]
        n_lines, n_changed = n_lines + 1, n_changed + (set(before) != set(solution))
        yield {
            "change": f"{sign} {name}",
            **({"left": left} if window is not None else {}),
            "added": [one for one in solution if one not in before],
            "removed": [one for one in before if one not in solution],
            "value": best.value,
            "upper_bound": best.upper_bound,
            "ratio": best.certified_ratio,
            "present": n_present,
        }
    told = f"{n_lines:,} {'update' if n_lines == 1 else 'updates'}, of which {n_changed:,} changed the choice"
    worth = f"it is worth {best.value:,.6g}, at least {best.certified_ratio:.1%} of the best by its upper bound"
    return [f"{told}; {worth}"]


def _parsed(line: str, where: str, is_window: bool) -> tuple[str, str]:
    """The sign and the name of an update."""
    text = line.strip()
    sign, name = (text[0], text[1:].strip()) if text[0] in "+-" else ("+" if is_window else "", text)
    if not sign or not name:
        raise ValueError(f"{where}: a line is `+ id` or `- id`; got {text!r}")
    if is_window and sign == "-":
        raise ValueError(f"{where}: with a window elements leave by themselves; got {text!r}")
    return sign, name
