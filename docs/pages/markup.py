"""Pieces of reStructuredText, and the names of the systems in words."""

from __future__ import annotations

import re

from facts import facts

__all__ = ["code_and_words", "escaped", "heading", "sentence", "title"]


def title(system: str) -> str:
    """The name of a system in words: of its facts, or that of its folder."""
    return facts(system).get("title", system.replace("_", " ").capitalize())


def heading(text: str, line: str) -> str:
    """A title with its line."""
    return f"{escaped(text)}\n{line * 2 * len(text)}\n"


def escaped(text: str) -> str:
    """Text as it stands: no letter of it is markup."""
    return re.sub(r"([\\*_`|])", r"\\\1", text)


def sentence(text: str) -> str:
    """Text that begins with a capital and ends with a point."""
    text = text.strip()
    return text[:1].upper() + text[1:] + "." * (not text.endswith((".", "!", "?")))


def code_and_words(text: str) -> str:
    """A line of Markdown without links: what stands in backticks is code, and a backslash ends the markup."""
    parts = re.split(r"`([^`]*)`", re.sub(r"\\([*$<])", r"\1", text))
    return "".join(f"``{part}``" if i % 2 else escaped(part) for i, part in enumerate(parts))
