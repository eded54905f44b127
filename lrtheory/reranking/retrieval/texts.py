"""Texts by name, which are searched and searched for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from lrtheory._files import FromTable, Table, warn_alike
from lrtheory._files.cells import cell_text
from lrtheory._validation import Words, must

__all__ = ["Texts"]

#: customary names of the columns
_TEXT_NAMES = ("_id", "name", "key", "query_id", "qid", "query", "doc_id", "docid", "docno", "document")
_TEXT = ("contents", "content", "body", "query_text", "question", "passage")


class Texts(FromTable):
    """Texts by name, such as documents or queries.

    Parameters
    ----------
    names : sequence of str
        Names, all different and none of them empty.
    texts : sequence of str
        One text a name.

    Raises
    ------
    TypeError
        If one of the texts is something else.
    ValueError
        If names are no different words, or there is not one text a name.

    Notes
    -----
    `from_file` and `from_frame` read tables with a row for each text and the columns id and text; of a column title the
    words come first. Lines with a name, a tab and a text need no names of columns.
    """

    __slots__ = ("names", "texts")

    def __init__(self, names: Sequence[Any], texts: Sequence[str]) -> None:
        self.names, self.texts = tuple(names), tuple(texts)
        if not all(isinstance(name, str) and name for name in self.names) or len(set(self.names)) < len(self.names):
            raise must("names", "different words", list(self.names)[:3])
        if len(self.texts) != len(self.names):
            raise must("texts", f"one for each of {len(self.names)} names", Words(f"{len(self.texts)}"))
        if not all(isinstance(text, str) for text in self.texts):
            raise must("texts", "strings", next(one for one in self.texts if not isinstance(one, str)), TypeError)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        roles = {"id": _TEXT_NAMES, "text": _TEXT, "title": ()}
        if columns is None and len(table.names) == 2 and table.said_header is None:
            # a name and a text look like names of columns
            folded = {name.strip().lower() for name in table.names}
            table = table if folded & {"id", *_TEXT_NAMES} else table.without_header()
        found = table.pick(columns, roles, optional=("title",))
        names, cells = table.text(found["id"]), table.columns[found["text"]]
        titles = table.columns[found["title"]] if "title" in found else [""] * len(names)
        twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
        if twice:
            row = next(i for i, name in enumerate(names) if name in twice and name in names[:i])
            raise table.refuse(row, found["id"], "different in each row")
        warn_alike(names, table.origin)
        texts = [" ".join(filter(None, map(cell_text, pair))) for pair in zip(titles, cells, strict=True)]
        return cls(names, texts)

    def __len__(self) -> int:
        return len(self.names)

    def as_dict(self) -> dict[str, str]:
        """The texts by name.

        Returns
        -------
        dict of str to str
            One entry a text.
        """
        return dict(zip(self.names, self.texts, strict=True))
