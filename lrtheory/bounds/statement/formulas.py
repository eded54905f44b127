r"""Formulas in TeX as Unicode text for terminals, and as pictures for notebooks, which then need no MathJax.

The text keeps every grouping of the formula: what a fraction, a root, an index or an exponent holds is put in
parentheses where a reader could take it for less or for more. Commands that are not known here stay as they are.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import re

from lrtheory.bounds.statement.symbols import (
    ACCENTS,
    FONTS,
    FUNCTIONS,
    IGNORED,
    RELATIONS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    SYMBOLS,
    WORDS,
    double_struck,
)

__all__ = ["as_image", "as_text"]

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_ATOM = re.compile(r"[^\W_]+[′ᵀ⁰¹²³⁴-⁹₀-₉ₐ-ₜ\u0300-\u036f]*|[^\W_]\*")
#: what may stand before and behind a fraction without being read as a part of it
_AHEAD = set("=<>≤≥≠∝∼≈⇒⇔→↦≪≫∈∉⊂⊆,;:+-([{…")
_BEHIND = set("=<>≤≥≠∝∼≈⇒⇔→↦≪≫∈∉⊂⊆,;:+-)]}…")


def as_text(tex: str) -> str:
    r"""A formula as one line of Unicode.

    Parameters
    ----------
    tex : str
        TeX of mathematics, without dollars.

    Returns
    -------
    str
        Formula such as ``‖x‖² ≤ ∑ᵢ xᵢ²``; the TeX itself where it has an environment, or braces that do not match.

    Examples
    --------
    >>> as_text(r"\pi(s) \le \frac{1}{n + 1} \sum_{T \to s} C_e^2")
    'π(s) ≤ (1/(n + 1)) ∑_(T → s) Cₑ²'
    """
    if any(mark in tex for mark in ("\\begin", "\\\\", "&")):
        return tex
    try:
        return _Reader(tex).formula()
    except _UnreadableError:
        return tex


class _UnreadableError(Exception):
    """Braces that do not match, or an argument that is missing."""


class _Reader:
    """One pass over the tokens of a formula."""

    def __init__(self, tex: str) -> None:
        self.tokens = _TOKEN.findall(tex)
        self.at = 0

    def formula(self) -> str:
        text = self.sequence()
        if self.at < len(self.tokens):
            raise _UnreadableError  # a closing brace too many
        return text

    # A fraction is put in parentheses by what stands on both of its sides, so the pieces are joined at the end.
    def sequence(self) -> str:
        """The text up to a closing brace, or to the end."""
        pieces: list[tuple[str, str]] = []
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            pieces.append(self.piece())
        return _joined(pieces)

    def piece(self) -> tuple[str, str]:
        """The kind and the text of the next piece."""
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            return "plain", self.closed()
        if token.isspace() or token == "~":
            return "plain", " "
        if token in "^_":
            return "script", _script(token, self.argument())
        if len(token) == 1:
            return "plain", "′" if token == "'" else token
        return self.command(token[1:])

    def command(self, name: str) -> tuple[str, str]:
        """The piece that a command with its arguments makes."""
        if name in RELATIONS:
            return "relation", RELATIONS[name]
        if name in SYMBOLS:
            return "plain", SYMBOLS[name]
        if name in FUNCTIONS:
            return "word", FUNCTIONS[name]
        if name in IGNORED:
            if name in ("left", "right") and self.next() == ".":
                self.at += 1  # an invisible delimiter
            return "plain", ""
        if name in WORDS:
            return "word", self.words()
        if name in ("frac", "dfrac", "tfrac"):
            return "fraction", f"{_grouped(self.argument())}/{_grouped(self.argument())}"
        if name == "binom":
            return "plain", f"({self.argument()} choose {self.argument()})"
        if name == "sqrt":
            root = _script("^", self.optional()) if self.next() == "[" else ""
            return "root", f"{root}√{_grouped(self.argument())}"
        if name in ACCENTS:
            return "plain", _accented(name, self.argument())
        if name == "not":
            return "relation", self.piece()[1].strip() + "\u0338"
        if name in FONTS:
            return "plain", double_struck(self.argument()) if name == "mathbb" else self.argument()
        return "word", "\\" + name + self.verbatim()

    def next(self) -> str:
        """The next token; empty at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def argument(self) -> str:
        """The text of the argument that comes next: a group, or one token."""
        while self.next().isspace():
            self.at += 1
        if self.next() in ("", "}"):
            raise _UnreadableError
        return self.piece()[1]

    def optional(self) -> str:
        """The text in square brackets that comes next."""
        if "]" not in self.tokens[self.at :]:
            raise _UnreadableError
        end = self.tokens.index("]", self.at)
        text = "".join(self.tokens[self.at + 1 : end])
        self.at = end + 1
        return text

    def closed(self) -> str:
        """The text of a group whose opening brace has been read."""
        text = self.sequence()
        if self.next() != "}":
            raise _UnreadableError
        self.at += 1
        return text

    def words(self) -> str:
        """The text of a group of words, in which spaces count; mathematics may stand within it."""
        if self.next() != "{":
            return self.argument()
        self.at += 1
        return self.closed()

    def verbatim(self) -> str:
        """The groups after a command that is not known, as they are written."""
        written = ""
        while self.next() == "{":
            start, depth = self.at, 0
            while self.at < len(self.tokens):
                depth += {"{": 1, "}": -1}.get(self.tokens[self.at], 0)
                self.at += 1
                if depth == 0:
                    break
            written += "".join(self.tokens[start : self.at])
        return written


def _joined(pieces: list[tuple[str, str]]) -> str:
    """The pieces as one text, with spaces where two names would run together."""
    if pieces and all(not piece.strip() for _, piece in pieces):
        return " "
    text, last = "", ""
    for place, (kind, piece) in enumerate(pieces):
        if kind == "fraction" and not _stands_apart(text, pieces[place + 1 :]):
            piece = f"({piece})"
        if kind == "relation":
            piece = f" {piece} "
        elif _runs_into(text, last, kind, piece):
            piece = f" {piece}"
        text += piece
        last = "name" if kind in ("word", "root") or (kind == "script" and piece[0] in "_^") else kind
    text = re.sub(r"([⟨⌈⌊]) +|(?<! ) +(?=[⟩⌉⌋])", r"\1", text)
    return re.sub(r" +", " ", text).strip()


def _stands_apart(before: str, after: list[tuple[str, str]]) -> bool:
    """Whether nothing beside a fraction could be read as a part of it."""
    if after and after[0][0] == "script":
        return False
    left = before.rstrip()[-1:]
    right = next((piece.strip()[0] for _, piece in after if piece.strip()), "")
    return (not left or left in _AHEAD) and (not right or right in _BEHIND)


def _runs_into(text: str, last: str, kind: str, piece: str) -> bool:
    """Whether a piece and the text before it would be read as one name."""
    if kind == "script" or not text or not piece:
        return False
    if kind == "word" and len(piece) > 1:
        return text[-1].isalnum() or text[-1] in ")]}"
    return last == "name" and text[-1].isalnum() and piece[0].isalnum()


def _script(mark: str, text: str) -> str:
    """An exponent or an index: in small letters where Unicode has all of them."""
    small = SUPERSCRIPTS if mark == "^" else SUBSCRIPTS
    if text in ("*", "′"):
        return text
    close = re.sub(r" ?([+=-]) ?", r"\1", text)
    if close and all(letter in small for letter in close):
        return "".join(small[letter] for letter in close)
    return mark + _grouped(text)


def _grouped(text: str) -> str:
    """A text in parentheses, where it is more than one name or number."""
    return text if _ATOM.fullmatch(text) or len(text) == 1 else f"({text})"


def _accented(name: str, text: str) -> str:
    """A text under an accent: a combining character on one letter, on every letter of a longer text for a line."""
    if len(text) == 1 or name in ("bar", "overline", "underline"):
        return "".join(letter + ACCENTS[name] for letter in text)
    return f"{name}({text})" if len(text) > 1 else text


# --- pictures --------------------------------------------------------------------------------------------------------

_ARGUMENT = r"\s*(\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|\w)"
#: what Matplotlib's own dialect calls otherwise, or does without
_DIALECT = (
    (r"\\(le|ge|ne)(?![A-Za-z])", r"\\\1q"),
    (r"\\[td]frac(?![A-Za-z])", r"\\frac"),
    (rf"\\(frac|binom){_ARGUMENT}{_ARGUMENT}", r"\\\1{\2}{\3}"),
    (r"\\(mathrm|mathbb|mathbf|sqrt|operatorname)\s+(\w)", r"\\\1{\2}"),
    (r"\\(?:textstyle|displaystyle|limits|[bB]igg?[lrm]?)(?![A-Za-z])", ""),
    (r"\\operatorname(?![A-Za-z])", r"\\mathrm"),
    (r"\\iff(?![A-Za-z])", r"\\Leftrightarrow"),
)


@functools.lru_cache(maxsize=64)
def as_image(tex: str) -> str:
    """A formula as an element of a page: an SVG by Matplotlib, or text where Matplotlib cannot read the formula.

    Parameters
    ----------
    tex : str
        TeX of mathematics, without dollars.

    Returns
    -------
    str
        HTML that loads nothing; everything of the formula is escaped.
    """
    from matplotlib.figure import Figure

    read = tex
    for pattern, replacement in _DIALECT:
        read = re.sub(pattern, replacement, read)
    figure, written = Figure(figsize=(0.01, 0.01)), io.BytesIO()
    figure.text(0, 0, f"${read}$", fontsize=13, math_fontfamily="stix")
    try:
        figure.savefig(
            written, format="svg", transparent=True, metadata={"Date": None}, bbox_inches="tight", pad_inches=0.04
        )
    except (ValueError, RuntimeError):  # what its parser raises
        return f"<span>{html.escape(as_text(tex))}</span>"
    source = base64.b64encode(written.getvalue()).decode()
    return (
        f'<img alt="{html.escape(tex)}" src="data:image/svg+xml;base64,{source}" style="display:block;margin:.5em 0">'
    )
