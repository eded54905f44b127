"""Judgments of documents and runs of systems, both by query, from files, frames, dictionaries and lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self, TextIO

import numpy as np

from lrtheory._array import read_only
from lrtheory._files import Columns, FromTable, Table, as_table, form_of, warn_alike
from lrtheory._files.opening import source_name
from lrtheory._files.trec import JUDGMENTS, RUN, TrecLines, inexact, looks_like_trec, read_trec
from lrtheory._result import Result, display, result
from lrtheory._validation import Words, array, is_iterable, must
from lrtheory.reranking.problem.rows import (
    contradictions,
    doubles,
    grouped,
    json_and_repeats,
    named,
    refuse_repeats,
    repeated,
    whole,
)

__all__ = ["Judgments", "Run"]

_QUERY = ("query_id", "qid", "query-id", "q", "topic", "topic_id", "user")
_DOCUMENT = ("document_id", "doc_id", "docid", "docno", "doc", "did", "corpus-id", "item")
_SCORE = ("sim", "similarity", "prediction", "value")
_GAIN = ("relevance", "rel", "label", "grade", "judgment", "judgement", "rating")
#: suffixes of forms that no look at the content is needed for
_TOLD = (".csv", ".json", ".jsonl", ".npz", ".npy", ".xlsx")


class _ByQuery(FromTable):
    """The base of runs and judgments: a number for each of some documents of each query, and where to read it from."""

    __slots__ = ()

    _kind: ClassVar[str]
    _value: ClassVar[str]
    _roles: ClassVar[dict[str, tuple[str, ...]]]

    queries: tuple[str, ...]
    documents: tuple[str, ...]
    indptr: np.ndarray
    docs: np.ndarray
    name: str
    message: str

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        columns: Columns = None,
        form: str | None = None,
        header: bool | None = None,
    ) -> Self:
        """Read a file.

        Parameters
        ----------
        path : path
            Lines as TREC has them, a JSON object of objects by query and document, or a table with a row for each
            document of a query (csv, tsv, JSON, JSON lines or npz); packed by gzip or not. "-" is standard input.
        columns : str, sequence or mapping, optional
            The columns of a table by name or number from 1: query, document, and score or gain. None looks for
            customary names.
        form : str, optional
            "trec", "table", "json", "jsonl" or "npz", where the suffix of the file and its first line do not tell.
        header : bool, optional
            Whether the first line of a table names the columns; None looks.

        Returns
        -------
        object of the class
            Rows of a query are sorted by score or gain, equal ones in the order of the file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If a cell breaks a rule, a document stands twice in a query, or a run stands in the place of judgments or
            the reverse; file and line are named.
        """
        found = form_of(path, form)
        is_open = form is None and columns is None and not _has_told_suffix(path)
        if found == "trec" or (found == "table" and is_open and looks_like_trec(path)):
            if columns is not None:
                raise must("columns", "left out for lines of TREC, whose cells have fixed places", columns)
            return cls._from_lines(read_trec(path, cls._kind), source_name(path))
        if found == "json" and str(path) != "-":
            value, twice = json_and_repeats(path)
            if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
                if twice:
                    raise ValueError(f"{source_name(path)}: {twice[0]!r} stands twice in one JSON object")
                cls._refuse_scores(value, source_name(path))
                return cls._from_mappings(value, _stem(source_name(path)))
        return cls._from_table(as_table(path, form=form, header=header), columns)

    @classmethod
    def from_dict(cls, values: Mapping[Any, Mapping[Any, float]]) -> Self:
        """Take a number for each document of each query from dictionaries.

        Parameters
        ----------
        values : mapping
            Scores or gains by query, and then by document; queries and documents are words, or integers, which become
            words.

        Returns
        -------
        object of the class
            Rows of a query are sorted by score or gain, equal ones in the order of the dictionary.

        Raises
        ------
        TypeError
            If a query or a document is neither a word nor an integer.
        ValueError
            If two of them are one word, such as 1 and "1", or a number breaks a rule.
        """
        return cls._from_mappings(values, "")

    @classmethod
    def _from_mappings(cls, values: Any, name: str) -> Self:
        if not isinstance(values, Mapping):
            raise must("values", "a mapping from queries to mappings from documents to numbers", values, TypeError)
        queries = named("queries", values)
        numbers: dict[str, int] = {}
        docs: list[int] = []
        found: list[float] = []
        indptr = [0]
        for query, one in zip(queries, values.values(), strict=True):
            if not isinstance(one, Mapping):
                raise must(f"values[{query!r}]", "a mapping from documents to numbers", one, TypeError)
            docs += [numbers.setdefault(doc, len(numbers)) for doc in named(f"values[{query!r}]", one)]
            found += one.values()
            indptr.append(len(docs))
        return cls._made(queries, tuple(numbers), np.array(indptr), np.array(docs, np.int64), found, name)

    def as_dict(self) -> dict[str, dict[str, float]]:
        """The numbers by query and document.

        Returns
        -------
        dict of str to dict of str to float
            Numbers by query and document, as `from_dict` takes them.
        """
        names, numbers, bounds = self._named_docs(), getattr(self, self._value).tolist(), self.indptr.tolist()
        return {
            query: dict(zip(names[start:end], numbers[start:end], strict=True))
            for query, start, end in zip(self.queries, bounds, bounds[1:], strict=False)
        }

    @classmethod
    def _made(cls, *fields: Any) -> Self:
        return cls(*fields)

    @classmethod
    def _from_lines(cls, lines: TrecLines, origin: str) -> Self:
        message = contradictions(lines)
        where = lambda row: f"{origin}:{lines.lines[row]}"
        order, indptr = grouped(lines.queries, lines.documents, lines.query, lines.document, where)
        warn_alike(lines.queries, origin)
        fields = lines.queries, lines.documents, indptr, lines.document[order], lines.value[order]
        return cls._made(*fields, _stem(origin), message)

    @classmethod
    def _from_table(cls, table: Table, columns: Any) -> Self:
        names = table.pick(cls._by_place(table) if columns is None else columns, cls._roles)
        query, document = table.text(names["query"]), table.text(names["document"])
        column = names[cls._value.removesuffix("s")]
        values = cls._numbers(table, column)
        if (place := inexact(table.columns[column], values)) is not None:
            raise table.refuse(place, column, "a number that a double holds")
        queries, documents = ({name: i for i, name in enumerate(dict.fromkeys(one))} for one in (query, document))
        rows = np.array([queries[one] for one in query], np.int64)
        docs = np.array([documents[one] for one in document], np.int64)
        order, indptr = grouped(tuple(queries), tuple(documents), rows, docs, table.where)
        for known in (queries, documents):
            warn_alike(known, table.origin)
        return cls._made(tuple(queries), tuple(documents), indptr, docs[order], values[order], _stem(table.origin))

    @classmethod
    def _by_place(cls, table: Table) -> list[int] | None:
        """The numbers of the columns of a table without names: three, or those of a line of TREC."""
        if table.header:
            return None
        width, told = len(table.names), {"run": RUN, "judgments": JUDGMENTS}
        wanted = {3: [1, 2, 3], **{len(one): [1, 3, len(one) - (len(one) == len(RUN))] for one in told.values()}}
        if width == 3 or width == len(told[cls._kind]):
            return wanted[width]
        other = next((kind for kind, cells in told.items() if len(cells) == width), None)
        what = f"; is it a {other} file?" if other else ""
        raise ValueError(f"{table.origin}: {width} columns without names; name those of {', '.join(cls._roles)}{what}")

    @classmethod
    def _numbers(cls, table: Table, column: str) -> np.ndarray:
        return table.floats(column)

    @classmethod
    def _refuse_scores(cls, values: Mapping[str, Mapping[str, Any]], origin: str) -> None:
        """Refuse the dictionaries of a run in the place of judgments."""

    def _named_docs(self) -> list[str]:
        names = np.array(self.documents, object)
        return list(names[self.docs])

    def _query_of_rows(self) -> list[str]:
        return list(np.repeat(np.array(self.queries, object), np.diff(self.indptr)))

    def _place(self, query: Any) -> slice:
        """The rows of a query."""
        if query not in self.queries:
            raise must("query", f"one of the {len(self.queries)} queries", query)
        at = self.queries.index(query)
        return slice(int(self.indptr[at]), int(self.indptr[at + 1]))

    def _refuse_blanks(self, file: str) -> None:
        """Refuse names that lines of TREC do not hold."""
        for name in (*self.queries, *self.documents):
            if name.encode().split() != [name.encode()] or name.startswith("#"):
                raise ValueError(
                    f"{file} holds names without blanks that do not start with #; got {name!r} (.csv holds any)"
                )


@result
class Judgments(_ByQuery, Result):
    """Gains of judged documents, by query; of all other documents nothing is known.

    Parameters
    ----------
    queries : sequence of str
        Queries, all different.
    documents : sequence of str
        Documents, all different.
    indptr : int64 array of shape (queries + 1,)
        Rows ``indptr[q]`` to ``indptr[q + 1]`` are those of query q.
    docs : int64 array of shape (rows,)
        Document of each row, as a number of `documents`; none stands twice in a query.
    gains : float64 array of shape (rows,)
        Gain of each row, finite. Rows of a query are kept by falling gain. A document is relevant if its gain is above
        0; gains below 0, which files of TREC use for spam, are kept, and `evaluate` says what it does with them.
    name : str
        Name of the file, without its suffixes; empty for others.
    message : str
        Remark on the source.

    Raises
    ------
    ValueError
        If names are repeated, the arrays do not fit, a document stands twice in a query, a gain is not finite, or
        a whole gain is no double.

    Examples
    --------
    >>> judgments = Judgments.from_dict({"q1": {"d1": 1, "d2": 0}, "q2": {"d2": 2}})
    >>> judgments.queries, judgments.gains.tolist()
    (('q1', 'q2'), [1.0, 0.0, 2.0])
    """

    queries: tuple[str, ...]
    documents: tuple[str, ...]
    indptr: np.ndarray
    docs: np.ndarray
    gains: np.ndarray
    name: str = ""
    message: str = ""

    _forms = (".qrels", ".trec")
    _kind = "judgments"
    _value = "gains"
    _roles: ClassVar = {"query": _QUERY, "document": _DOCUMENT, "gain": (*_GAIN, "score")}

    def __post_init__(self) -> None:
        _check(self, doubles("gains", array("gains", self.gains, shape=(None,)), self.gains))

    @classmethod
    def _numbers(cls, table: Table, column: str) -> np.ndarray:
        found = table.floats(column)
        named = {name.strip().lower() for name in table.names}
        if table.header and column.strip().lower() == "score" and ("rank" in named or (found % 1).any()):
            raise ValueError(f"{table.origin}: a run in the place of judgments? Gains are whole numbers without ranks")
        return found

    @classmethod
    def _refuse_scores(cls, values: Mapping[str, Mapping[str, Any]], origin: str) -> None:
        if any(isinstance(gain, float) and gain % 1 for one in values.values() for gain in one.values()):
            what = "a run in the place of judgments? Gains in JSON are whole numbers; `from_dict` takes others"
            raise ValueError(f"{origin}: {what}")

    def _columns(self) -> dict[str, Any]:
        return {"query": self._query_of_rows(), "document": self._named_docs(), "gain": self.gains}

    def _facts(self) -> list[str]:
        judged, relevant = (
            display.counted(len(self.docs), "judgment"),
            f"{int((self.gains > 0).sum()):,} of them above 0",
        )
        return [f"{judged} of {_counted_queries(len(self.queries))}, {relevant}"]

    def _draw(self, ax: Any) -> None:
        display.bars(ax, self.queries, np.diff(self.indptr).tolist(), label="judged documents")

    def _write(self, target: Path) -> bool:
        if target.suffix.lower() not in self._forms:
            return False
        self._refuse_blanks("a file of TREC")
        with target.open("w", encoding="utf-8", newline="") as file:
            columns = self._query_of_rows(), self._named_docs(), self.gains.tolist()
            for query, document, gain in zip(*columns, strict=True):
                file.write(f"{query} 0 {document} {int(gain) if gain == int(gain) else gain!r}\n")
        return True


@result
class Run(_ByQuery, Result):
    """Scores of the documents that a system found, by query.

    Parameters
    ----------
    queries : sequence of str
        Queries, all different.
    documents : sequence of str
        Documents, all different.
    indptr : int64 array of shape (queries + 1,)
        Rows ``indptr[q]`` to ``indptr[q + 1]`` are those of query q.
    docs : int64 array of shape (rows,)
        Document of each row, as a number of `documents`; none stands twice in a query.
    scores : float64 array of shape (rows,)
        Score of each row; infinite ones are allowed. Rows of a query are kept by falling score, and equal scores in the
        order in which they were given, which breaks ties unless a function says otherwise.
    name : str
        Name of the file, without its suffixes; empty for others.
    message : str
        Remark on the source, such as ranks that contradict scores.

    Raises
    ------
    ValueError
        If names are repeated, the arrays do not fit, a document stands twice in a query, a score is NaN, or a
        whole score is no double, so that two could tie.

    Examples
    --------
    >>> run = Run.from_dict({"q1": {"d1": 0.5, "d2": 2.0}})
    >>> run.ranking("q1")
    ('d2', 'd1')
    """

    queries: tuple[str, ...]
    documents: tuple[str, ...]
    indptr: np.ndarray
    docs: np.ndarray
    scores: np.ndarray
    name: str = ""
    message: str = ""

    _forms = (".run", ".trec")
    _kind = "run"
    _value = "scores"
    _roles: ClassVar = {"query": _QUERY, "document": _DOCUMENT, "score": _SCORE}

    def __post_init__(self) -> None:
        _check(self, doubles("scores", array("scores", self.scores, shape=(None,), finite=False), self.scores))

    @classmethod
    def from_lists(cls, lists: Mapping[Any, Sequence[Any]]) -> Self:
        """Take rankings without scores.

        Parameters
        ----------
        lists : mapping
            The documents of each query, the best first.

        Returns
        -------
        Run
            Run whose scores are n, n - 1, ..., 1 in a list of n documents.

        Raises
        ------
        TypeError
            If a query or a document is neither a word nor an integer.
        ValueError
            If a document stands twice in a list.
        """
        if not isinstance(lists, Mapping):
            raise must("lists", "a mapping from queries to lists of documents", lists, TypeError)
        scored = {}
        for query, one in lists.items():
            if isinstance(one, str) or not is_iterable(one):
                raise must(f"lists[{query!r}]", "a list of documents, the best first", one, TypeError)
            names = list(one)
            scored[query] = dict(zip(names, range(len(names), 0, -1), strict=True))
            if len(scored[query]) < len(names):
                raise must(f"lists[{query!r}]", "free of repeated documents", repeated(names))
        return cls.from_dict(scored)

    def ranking(self, query: str) -> tuple[str, ...]:
        """The documents of a query, the best first.

        Parameters
        ----------
        query : str
            One of the queries.

        Returns
        -------
        tuple of str
            Documents by falling score.

        Raises
        ------
        ValueError
            If there is no such query.
        """
        return tuple(self.documents[number] for number in self.docs[self._place(query)].tolist())

    def _columns(self) -> dict[str, Any]:
        return {"query": self._query_of_rows(), "document": self._named_docs(), "score": self.scores}

    def _facts(self) -> list[str]:
        longest = int(np.diff(self.indptr).max(initial=0))
        documents = display.counted(len(self.docs), "document")
        found = f"{documents} for {_counted_queries(len(self.queries))}, at most {longest:,} each"
        return [found, *([self.message] if self.message else [])]

    def _draw(self, ax: Any) -> None:
        display.bars(ax, self.queries, np.diff(self.indptr).tolist(), label="documents")

    def _write(self, target: Path) -> bool:
        if target.suffix.lower() not in self._forms:
            return False
        self._refuse_blanks("a file of TREC")
        with target.open("w", encoding="utf-8", newline="") as file:
            _write_run(file, self._columns(), np.diff(self.indptr))
        return True


def _counted_queries(n: int) -> str:
    return f"{n:,} {'query' if n == 1 else 'queries'}"


def _write_run(file: TextIO, columns: Mapping[str, Any], lengths: np.ndarray) -> None:
    ranks = np.concatenate([np.arange(1, n + 1) for n in lengths.tolist()] or [np.zeros(0, int)])
    for query, document, rank, score in zip(
        columns["query"], columns["document"], ranks.tolist(), columns["score"].tolist(), strict=True
    ):
        file.write(f"{query} Q0 {document} {rank} {score!r} lrtheory\n")


# --- checks ----------------------------------------------------------------------------------------------------------


def _check(made: _ByQuery, values: np.ndarray) -> None:
    """Check the fields of a run or of judgments, and keep them in their types."""
    queries, documents = (named(name, getattr(made, name)) for name in ("queries", "documents"))
    indptr, docs = (whole(name, getattr(made, name)) for name in ("indptr", "docs"))
    if len(indptr) != len(queries) + 1 or indptr[0] != 0 or (np.diff(indptr) < 0).any():
        raise must("indptr", f"{len(queries) + 1} numbers that start at 0 and do not fall", indptr)
    if not len(docs) == len(values) == indptr[-1]:
        raise must("docs", f"of the {indptr[-1]} rows that `indptr` and `{made._value}` have", Words(f"{len(docs)}"))
    if len(docs) and not (docs.min() >= 0 and docs.max() < len(documents)):
        raise must(
            "docs", f"numbers of the {len(documents)} documents", int(docs.min() if docs.min() < 0 else docs.max())
        )
    rows = np.repeat(np.arange(len(queries)), np.diff(indptr))
    refuse_repeats(queries, documents, rows, docs, lambda row: "")
    if ((rows[1:] == rows[:-1]) & (values[1:] > values[:-1])).any():
        order = np.lexsort((-values, rows))
        docs, values = docs[order], values[order]
    kept = {"queries": queries, "documents": documents, "indptr": indptr, "docs": docs}
    for name, value in {**kept, made._value: values}.items():
        # names are words alone, so the base class need not look for arrays among a million of them
        object.__setattr__(made, name, read_only(value) if isinstance(value, np.ndarray) else value)


def _stem(origin: str) -> str:
    """The name of a file without its suffixes, which tables of several runs show."""
    return "" if origin == "the frame" else Path(origin.removesuffix(".gz")).stem


def _has_told_suffix(path: str | PathLike[str]) -> bool:
    """Whether the suffix of a file tells its form, or it is standard input, which is read once."""
    name = str(path).lower().removesuffix(".gz")
    return name == "-" or name.endswith(_TOLD)
