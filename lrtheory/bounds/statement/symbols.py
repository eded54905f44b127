"""The Unicode characters that stand for commands of TeX, by the way in which they are set."""

from __future__ import annotations

import unicodedata

__all__ = [
    "ACCENTS",
    "FONTS",
    "FUNCTIONS",
    "IGNORED",
    "RELATIONS",
    "SUBSCRIPTS",
    "SUPERSCRIPTS",
    "SYMBOLS",
    "WORDS",
    "double_struck",
]

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega"
)


def _greek() -> dict[str, str]:
    """The Greek letters by their names in TeX."""
    letters = {}
    for name in _GREEK.split():
        spoken = {"lambda": "LAMDA"}.get(name, name.upper())
        letters[name] = unicodedata.lookup(f"GREEK SMALL LETTER {spoken}")
        letters[name.capitalize()] = unicodedata.lookup(f"GREEK CAPITAL LETTER {spoken}")
    return letters | {"epsilon": "ε", "varepsilon": "ε", "varphi": "φ", "vartheta": "ϑ", "varrho": "ϱ", "varsigma": "ς"}


#: letters, operators and delimiters, set without space of their own
SYMBOLS = _greek() | {
    "sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃", "bigcap": "⋂", "nabla": "∇", "partial": "∂", "infty": "∞",
    "ell": "ℓ", "cdot": "·", "times": "×", "otimes": "⊗", "oplus": "⊕", "ominus": "⊖", "circ": "∘", "pm": "±",
    "mp": "∓", "cap": "∩", "cup": "∪", "setminus": "∖", "emptyset": "∅", "forall": "∀", "exists": "∃", "neg": "¬",
    "top": "ᵀ", "star": "⋆", "ast": "*", "prime": "′", "dots": "…", "ldots": "…", "cdots": "⋯", "langle": "⟨",
    "rangle": "⟩", "lceil": "⌈", "rceil": "⌉", "lfloor": "⌊", "rfloor": "⌋", "lVert": "‖", "rVert": "‖", "lvert": "|",
    "rvert": "|", "mid": "|", "Re": "Re", "Im": "Im", "uparrow": "↑", "downarrow": "↓", "land": "∧", "lor": "∨",
    "wedge": "∧", "vee": "∨", "square": "□", "aleph": "ℵ", "hbar": "ℏ",
    "|": "‖", "{": "{", "}": "}", "#": "#", "%": "%", "_": "_", "&": "&", "$": "$",
    " ": " ", ",": " ", ";": " ", ":": " ", "!": "", "quad": "  ", "qquad": "  ",
}  # fmt: skip

#: relations and arrows, with a space on both sides
RELATIONS = {
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "ll": "≪", "gg": "≫", "in": "∈",
    "notin": "∉", "ni": "∋", "subset": "⊂", "subseteq": "⊆", "supset": "⊃", "supseteq": "⊇", "sim": "∼",
    "approx": "≈", "equiv": "≡", "cong": "≅", "propto": "∝", "preceq": "⪯", "succeq": "⪰", "prec": "≺", "succ": "≻",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "mapsto": "↦", "Rightarrow": "⇒", "Leftarrow": "⇐",
    "Leftrightarrow": "⇔", "iff": "⇔", "implies": "⇒", "perp": "⊥", "parallel": "∥",
}  # fmt: skip

#: functions that are set as words
FUNCTIONS = {
    name: name
    for name in (
        "log ln exp max min sup inf lim arg argmax argmin det dim ker deg gcd sin cos tan sinh cosh tanh Pr"
    ).split()
}

#: groups of words, in which spaces count
WORDS = {"text", "mathrm", "operatorname", "textrm", "mathsf", "mathtt", "mathit", "textit", "textbf"}

#: fonts of letters
FONTS = {"mathbb", "mathbf", "mathcal", "boldsymbol"}

#: commands about sizes and places alone
IGNORED = {
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "bigm",
    "textstyle", "displaystyle", "limits", "nolimits",
}  # fmt: skip

#: combining characters of accents
ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "overline": "\u0305", "underline": "\u0332", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7", "check": "\u030c",
}  # fmt: skip

SUPERSCRIPTS = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWᵀ",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵀ",
        strict=True,
    )
)
SUBSCRIPTS = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))

_IRREGULAR = {"C": "ℂ", "H": "ℍ", "N": "ℕ", "P": "ℙ", "Q": "ℚ", "R": "ℝ", "Z": "ℤ"}


def double_struck(text: str) -> str:
    """Capitals and digits with double strokes; other characters as they are."""
    return "".join(_IRREGULAR.get(letter, _regular(letter)) for letter in text)


def _regular(letter: str) -> str:
    if "A" <= letter <= "Z":
        return chr(0x1D538 + ord(letter) - ord("A"))
    return chr(0x1D7D8 + ord(letter) - ord("0")) if "0" <= letter <= "9" else letter
