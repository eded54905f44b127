"""Names as people type them: a part of an id, a system in place of its statements, a saboteur without its signs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

__all__ = ["one_named", "several_named", "variant_named"]

_LISTED = 8  # the most candidates that an error names


def several_named(word: str, ids: Sequence[str]) -> list[str]:
    """The ids that a word means: one, or all of a system that is named alone.

    Parameters
    ----------
    word : str
        An id, an item without its system, a system, or a part of one id; case does not matter, and ``-`` is ``_``.
    ids : sequence of str
        All ids.

    Returns
    -------
    list of str
        Ids that are meant, in the order of `ids`.

    Raises
    ------
    KeyError
        If it is a part of no id, or of several.
    """
    asked = _plain(word)
    exact = [one for one in ids if one == word] or [one for one in ids if _plain(one) == asked]
    items = exact or [one for one in ids if _plain(one.partition("/")[2]) == asked]
    if len(items) == 1:
        return items
    of_system = [one for one in ids if _plain(one.partition("/")[0]) == asked]
    return of_system or [_only(word, items or [one for one in ids if asked and asked in _plain(one)], ids)]


def one_named(word: str, ids: Sequence[str]) -> str:
    """The one id that a word means.

    Parameters
    ----------
    word : str
        An id, an item without its system, or a part of one id; case does not matter, and ``-`` is ``_``.
    ids : sequence of str
        All ids.

    Returns
    -------
    str
        The id.

    Raises
    ------
    KeyError
        If it is a part of no id, or of several, as a system is.
    """
    return _only(word, several_named(word, ids), ids)


def _only(word: str, found: Sequence[str], ids: Sequence[str]) -> str:
    """The one that was found, or an error that lists what was meant instead."""
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        listed = ", ".join(found[:_LISTED])
        raise KeyError(f"`id` must be the id of one statement; got {word!r}, a part of {len(found)}: {listed}{more}.")
    lower = {one.lower(): one for one in ids} | {one.lower().partition("/")[2]: one for one in ids}
    close = difflib.get_close_matches(word.lower(), lower, n=6, cutoff=0.5)
    near = list(dict.fromkeys(lower[one] for one in close))[:3]
    hint = f" Near: {', '.join(near)}." if near else ""
    raise KeyError(f"`id` must be the id of a statement; got {word!r}.{hint}")


def variant_named(word: str, names: Iterable[str]) -> str:
    """The saboteur or the repair that a word means.

    Parameters
    ----------
    word : str
        A name, or a part of one name; neither case nor signs matter, so that ``n16`` is ``N/16``.
    names : iterable of str
        The names of all.

    Returns
    -------
    str
        The name; the word itself where none has such a part.

    Raises
    ------
    KeyError
        If it is a part of several names, and is none.
    """
    names = list(names)
    asked = _letters(word)
    found = [name for name in names if name == word] or [name for name in names if name.lower() == word.lower()]
    found = found or [name for name in names if _letters(name) == asked]
    found = found or [name for name in names if asked and asked in _letters(name)]
    if len(found) > 1:
        listed = ", ".join(map(repr, found[:_LISTED]))
        raise KeyError(f"`saboteur` or `repair` must be one name; got {word!r}, a part of {len(found)}: {listed}.")
    return found[0] if found else word


def _plain(id: str) -> str:
    return id.lower().replace("-", "_")


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
