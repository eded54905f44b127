"""Where a statement comes from, and how much of the source was read."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Classical", "Derived", "Documented", "Measured", "Paper", "Source", "proof_of", "version_of"]


@dataclass(frozen=True)
class Paper:
    """A numbered item of a paper.

    Attributes
    ----------
    key : str
        arXiv number, DOI, or whatever else the paper is known by.
    item : str
        Theorem, lemma or section as the paper numbers it.
    read : {"full", "abstract", "secondary", "recalled", "code"}
        Text that was read: the paper itself, its abstract, restatements elsewhere, nothing but memory, or the authors'
        code.
    """

    key: str
    item: str
    read: Literal["full", "abstract", "secondary", "recalled", "code"]

    def __str__(self) -> str:
        # the form of the key tells what it is, so that no author has to say it
        arxiv, doi = re.match(r"(\d{4}\.\d{4,5}|[a-z.-]+/\d{7})(v\d+)?$", self.key), self.key.startswith("10.")
        key = f"arXiv:{self.key}" if arxiv else f"doi:{self.key}" if doi else self.key
        return f"{key}, {self.item} (read: {self.read})"


@dataclass(frozen=True)
class Derived:
    """Derived in this project; never cited as a paper's theorem.

    Attributes
    ----------
    theory : callable
        The formula whose docstring carries the proof, beside the statement or in a system's `theory`.
    """

    theory: Callable[..., Any]

    def __str__(self) -> str:
        return f"derived here: {self.theory.__module__}.{self.theory.__name__}"


@dataclass(frozen=True)
class Classical:
    """A textbook theorem.

    Attributes
    ----------
    name : str
        The name by which the field knows it.
    reference : str
        A place where it is proved.
    """

    name: str
    reference: str

    def __str__(self) -> str:
        return f"classical: {self.name} ({self.reference})"


@dataclass(frozen=True)
class Measured:
    """An observation: a constant or a regularity that was measured. It is no theorem and is counted apart.

    Attributes
    ----------
    what : str
        Name of the constant or regularity.
    where : str
        Instances or data on which it was measured.
    command : str
        The command that measures it again.
    """

    what: str
    where: str
    command: str

    def __str__(self) -> str:
        return f"measured: {self.what}, on {self.where} (`{self.command}`)"


@dataclass(frozen=True)
class Documented:
    """A promise in the documentation of a library; its version is that of the installed distribution.

    Attributes
    ----------
    distribution : str
        The name under which the library is installed, such as ``"networkx"``.
    item : str
        The function or class whose documentation promises it.
    promise : str
        The promise in the author's own words.
    """

    distribution: str
    item: str
    promise: str

    @property
    def version(self) -> str:
        """The installed version, or "not installed"."""
        return version_of(self.distribution)

    def __str__(self) -> str:
        return f"documented: {self.distribution} {self.version}, {self.item}: {self.promise}"


Source = Paper | Derived | Classical | Measured | Documented


def version_of(distribution: str) -> str:
    """The version of an installed distribution, or "not installed"."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def proof_of(source: Derived) -> str:
    """The section Proof of the docstring of a derived formula; empty if there is none."""
    text = inspect.getdoc(source.theory) or ""
    # up to the next heading, which is a line over dashes, or to the end
    found = re.search(r"^Proof\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", text, re.MULTILINE | re.DOTALL)
    return found.group(1).strip() if found else ""
