"""Texts by name, which are searched and searched for."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

from lrtheory._files import Columns, FromTable, Table, as_table, warn_alike
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
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
    ) -> Self:
        """Read a file with a name and a text in each row.

        Parameters
        ----------
        path : path
            A table (csv, tsv, JSON, JSON lines or npz), packed by gzip or not; "-" is standard input.
        columns : str, sequence or mapping, optional
            The columns by name or number from 1: of names and of texts, and perhaps of titles.
        form : str, optional
            "table", "json", "jsonl" or "npz", where the suffix of the file and its first line do not tell.
        header : bool, optional
            Whether the first line names the columns; None looks whether it has customary names.

        Returns
        -------
        Texts
            Texts in the order of the file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a column is missing, a name is empty, or two rows have one name; file and line are named.
        """
        table = as_table(path, form=form, header=bool(header))
        if header is None and columns is None and not table.header:
            first = {str(cells[0]).strip().lower() for cells in table.columns.values()}
            table = table.named_by_first_row() if first & {"id", *_TEXT_NAMES} else table
            if not len(table):
                raise ValueError(f"{table.origin}: no row")
        return cls._from_table(table, columns)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        roles = {"id": _TEXT_NAMES, "text": _TEXT, "title": ()}
        found = table.pick(columns, roles, optional=("title",))
        names, cells = table.text(found["id"]), table.columns[found["text"]]
        titles = table.columns[found["title"]] if "title" in found else [""] * len(names)
        first = dict(zip(reversed(names), range(len(names) - 1, -1, -1), strict=True))
        if len(first) < len(names):
            row = next(row for row, name in enumerate(names) if first[name] < row)
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
