"""The letters of mathematics in a sentence, as TeX: ``M_t`` has an index then, and ``rho`` is a Greek letter."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["letters", "set_in"]

_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split()
)
_OPERATORS = frozenset("arg cos cosh det dim exp inf ker lim log max min prod sin sinh sum sup tan tanh".split())
_RELATIONS = {"<=": r"\le ", ">=": r"\ge ", "!=": r"\ne ", "->": r"\to "}
_ACCENTS = ("bar", "hat", "tilde")
#: an index or an exponent: in braces, parentheses or bars, or letters and digits, with a sign or without, or a sign
_SCRIPT = r"[_^](?:\{[^{}]*\}|\([^()]*\)|\|[^|]*\||[-+]?[A-Za-z0-9]+|[-+*])"
#: a letter or a name with indices or exponents, the name of a Greek letter, or a bracket or bar with an exponent
_TOKEN = re.compile(
    rf"(?<![\w`/.\\])(?P<base>[A-Za-z]+'*|\d+(?=\^))(?P<scripts>(?:{_SCRIPT})+)(?![\w`])"
    rf"|(?<![\w`/.\\-])(?P<greek>{'|'.join(sorted(_GREEK))})(?![\w`'-])"
    rf"|(?<=[|)\]])(?P<lone>(?:{_SCRIPT})+)"
)
_CODE = re.compile(r"(`[^`]*`)")
#: the name of a function or an argument, as in sketch_size: two words of three small letters or more
_NAME_IN_CODE = re.compile(r"(?P<first>[a-z]{3,})(?:_\w+)*_[a-z]{3,}")


def letters(text: str) -> list[tuple[str, bool]]:
    r"""A sentence in pieces, each with whether it is mathematics.

    Parameters
    ----------
    text : str
        Words in which indices follow ``_``, exponents follow ``^``, and Greek letters are named. What stands in
        backticks is code, and remains so, like a name of several words that stands without them.

    Returns
    -------
    list of tuple
        Pairs of a text and True where it is TeX, without dollars. Prose remains as it is.

    Examples
    --------
    >>> letters("the largest lambda_i of K^T K")
    [('the largest ', False), ('\\lambda_i', True), (' of ', False), ('K^T', True), (' K', False)]
    """
    pieces: list[tuple[str, bool]] = []
    for code, part in enumerate(_CODE.split(text)):
        if code % 2:
            pieces.append((part, False))
            continue
        end = 0
        for found in filter(_is_mathematics, _TOKEN.finditer(part)):
            pieces += [(part[end : found.start()], False), (_tex(found), True)]
            end = found.end()
        pieces.append((part[end:], False))
    return [piece for piece in pieces if piece[0]]


def set_in(text: str, mathematics: Callable[[str], str], prose: Callable[[str], str] = str) -> str:
    """A sentence in some markup.

    Parameters
    ----------
    text : str
        Words, as `letters` reads them.
    mathematics : callable
        Function from TeX to markup.
    prose : callable, optional
        Function from the words between to markup. The default leaves them as they are.

    Returns
    -------
    str
        Sentence in that markup.

    Examples
    --------
    >>> set_in("at most e^-n, for all n", "${}$".format)
    'at most $e^{-n}$, for all n'
    """
    return "".join(mathematics(part) if is_tex else prose(part) for part, is_tex in letters(text))


def _is_mathematics(found: re.Match[str]) -> bool:
    named = _NAME_IN_CODE.match(found[0])
    return named is None or named["first"] in _GREEK


def _tex(found: re.Match[str]) -> str:
    if found["greek"]:
        return f"\\{found['greek']}"
    base = _name(found["base"]) if found["base"] else "{}"
    scripts: dict[str, list[str]] = {"_": [], "^": []}
    for script in re.findall(_SCRIPT, found["scripts"] or found["lone"]):
        if script[1:] in _ACCENTS:  # an estimate or a mean has its mark above the letter
            base = f"\\{script[1:]}{{{base}}}"
        else:
            scripts[script[0]].append(_held(script[1:]))
    # TeX takes one index and one exponent; an index of an index stands behind a comma
    joined = {mark: ", ".join(held) for mark, held in scripts.items() if held}
    return base + "".join(f"{mark}{held}" if len(held) == 1 else f"{mark}{{{held}}}" for mark, held in joined.items())


def _name(name: str) -> str:
    """A letter, a Greek letter, an operator, or a word that is set upright."""
    word, primes = name.rstrip("'"), "'" * (len(name) - len(name.rstrip("'")))
    if word in _GREEK or word in _OPERATORS:
        return f"\\{word}{primes}"
    # digits, a letter, or two small letters, which are two indices; longer words, and those in capitals, are names
    slanted = word.isdigit() or len(word) == 1 or (len(word) == 2 and word.islower())
    return (word if slanted else f"\\mathrm{{{word}}}") + primes


def _held(held: str) -> str:
    """The inside of an index or an exponent, without the braces that kept it together."""
    held = held[1:-1] if held.startswith("{") else held
    for ascii_, tex in _RELATIONS.items():
        held = held.replace(ascii_, tex)
    return re.sub(r"(?<!\\)[A-Za-z]+", lambda word: _name(word[0]), held)
