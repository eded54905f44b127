"""Pieces of reStructuredText, and the names of the systems in words."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["escaped", "heading", "questions", "sentence", "title"]

QUESTIONS = Path(__file__).resolve().parent.parent / "questions.toml"


@cache
def questions() -> dict[str, Any]:
    """What ``questions.toml`` holds: names of systems in words, and questions with the functions that answer them."""
    return tomllib.loads(QUESTIONS.read_text(encoding="utf-8"))


def title(system: str) -> str:
    """The name of a system in words: of ``questions.toml``, or that of its folder."""
    return questions()["titles"].get(system, system.replace("_", " ").capitalize())


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
