"""Names in files that a reader may take for one name, and that count as several."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable

__all__ = ["warn_alike"]

#: the groups of names that a sentence lists
MOST = 3


def warn_alike(names: Iterable[object], origin: str) -> None:
    """Warn of names that differ in capitals alone, in blanks, or in how Unicode encodes a letter.

    Parameters
    ----------
    names : iterable
        Different names; one that is not a string, such as a number, is not a spelling and is passed over.
    origin : str
        The file or the frame in which they stand.

    Warns
    -----
    UserWarning
        One sentence for all of them; the names count as different ones.
    """
    words = [name for name in dict.fromkeys(names) if isinstance(name, str)]
    if len({_plain(word) for word in words}) == len(words):
        return
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(_plain(word), []).append(word)
    alike = [group for group in groups.values() if len(group) > 1]
    listed = "; ".join(" and ".join(map(repr, group)) for group in alike[:MOST])
    more = f"; and {len(alike) - MOST:,} more" if len(alike) > MOST else ""
    letters = all(len({word.casefold() for word in group}) == 1 for group in alike)
    how = "capitals alone" if letters else "capitals, blanks or the encoding of letters alone"
    warnings.warn(f"{origin}: names differ in {how}, and count as different ones: {listed}{more}", stacklevel=2)


def _plain(word: str) -> str:
    """A name without what its readers do not see or do not mind."""
    return " ".join((word if word.isascii() else unicodedata.normalize("NFKC", word)).casefold().split())
