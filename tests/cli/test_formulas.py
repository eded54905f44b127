"""Formulas as text and as pictures: nothing is lost or can be read otherwise, nothing is loaded, all is escaped."""

import base64
import html
import re

import pytest

import lrtheory
from lrtheory.bounds import Statement
from lrtheory.bounds.statement.formulas import as_image, as_text
from lrtheory.bounds.statement.letters import set_in
from tests.bounds.toys import GAUSS

STATEMENTS = lrtheory.statements()


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\pi(s) \propto \sum_{T \to s} \prod_{e \in T} C_e", "π(s) ∝ ∑_(T → s) ∏_(e ∈ T) Cₑ"),
        (r"N > 8\Delta^{-2}M_{\max}^2\log(2|S|K/\delta)", "N > 8Δ⁻²Mₘₐₓ² log(2|S|K/δ)"),
        (r"\|\hat M - M\|_\infty\le t", "‖M̂ - M‖_∞ ≤ t"),
        (r"\mathbb E\,|\{t < H : X_t = s\}|", "𝔼 |{t < H : Xₜ = s}|"),
        (r"r \le \sqrt{\log(2/\delta)/2n}", "r ≤ √(log(2/δ)/2n)"),
        (r"x \not\in A", "x ∉ A"),
        (r"\binom{n}{k} \ge 1", "(n choose k) ≥ 1"),
        (r"\left\lfloor x \right\rfloor, \left. y \right|", "⌊x⌋, y |"),
        (r"f''(x) = 0", "f′′(x) = 0"),
        (r"\sqrt[3]{x + y}", "³√(x + y)"),
        (r"\text{open edges}^{\text{open edges}}", "open edges^(open edges)"),
    ],
)
def test_text(tex, text):
    assert as_text(tex) == text


# the same letters in another grouping are another formula, so each line is one that a careless converter would merge
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"\frac{a}{b} c", r"\frac{a}{b c}"),
        (r"\frac{a}{b}(c)", r"\frac{a}{b(c)}"),
        (r"x\frac{a}{b}", r"\frac{xa}{b}"),
        (r"\frac{a}{b}^2", r"\frac{a}{b^2}"),
        (r"\frac{1}{n + 1}", r"\frac{1}{n} + 1"),
        (r"\sqrt{x} y", r"\sqrt{x y}"),
        (r"\sqrt{x}y", r"\sqrt{xy}"),
        (r"x_{i+1}", r"x_i+1"),
        (r"x^{Qy}", r"x^Qy"),
        (r"x_{Qy}", r"x_Qy"),
        (r"\hat{xy}", r"\hat{x}y"),
        (r"2^{(n)}", r"2^{n}"),
        (r"\frac{a}{\frac{b}{c}}", r"\frac{\frac{a}{b}}{c}"),
    ],
)
def test_another_grouping_is_another_text(one, other):
    assert as_text(one) != as_text(other)


@pytest.mark.parametrize("tex", [r"\frac{a", "a}", r"x^", r"\begin{cases} a & b \\ c & d \end{cases}", r"\sqrt[3"])
def test_what_cannot_be_read_stays_as_it_is(tex):
    assert as_text(tex) == tex


def test_commands_that_are_not_known_stay():
    assert as_text(r"\weird{a_{1}} \le \odd") == r"\weird{a_{1}} ≤ \odd"


def test_every_formula_here_is_text_without_commands():
    for statement in STATEMENTS:
        text = as_text(statement.tex)
        assert "\\" not in text, (statement.id, text)
        letters = re.sub(r"\\[A-Za-z]+|[^A-Za-z0-9]", "", statement.tex)
        assert len(text) >= len(letters), (statement.id, text)  # no letter is lost


def test_every_formula_here_is_a_picture():
    for statement in STATEMENTS[::20]:
        picture = as_image(statement.tex)
        svg = base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]*)"', picture).group(1))
        assert b"<svg" in svg
        assert b"<path" in svg or b"<use" in svg


@pytest.mark.parametrize("tex", [r"\nothing <script>alert(1)</script>", r"a < b \nothing \& \"x\" 'y'"])
def test_a_picture_that_cannot_be_made_is_text_and_escaped(tex):
    assert as_image(tex) == f"<span>{html.escape(as_text(tex))}</span>"
    assert "<script" not in as_image(tex)


def test_a_formula_cannot_leave_its_attribute():
    assert as_image('x " onerror y') == "<span>x &quot; onerror y</span>"  # Matplotlib has no such sign
    assert 'alt="x&#x27; &lt; y"' in as_image("x' < y")


# --- in notebooks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "set_text"),
    [
        ("M_hat^k_n of rho_max", r"$\hat{M}_n^k$ of $\rho_{\max}$"),
        ("V_Omega_i, A'^T and 10^-9", r"$V_{\Omega, i}$, $A'^T$ and $10^{-9}$"),
        ("sum_{i <= t} |W_t - G|^2", r"$\sum_{i \le  t}$ |$W_t$ - G|${}^2$"),
        (
            "alpha-Rank at epsilon, c_ij and OPT_LP",
            r"alpha-Rank at $\epsilon$, $c_{ij}$ and $\mathrm{OPT}_{\mathrm{LP}}$",
        ),
        ("`W_t`, sketch_size, degrees_of_freedom", "`W_t`, sketch_size, degrees_of_freedom"),
        ("data/x_1.npz and theory.W_t", "data/x_1.npz and theory.W_t"),
        ("", ""),
    ],
)
def test_letters_of_a_sentence_are_set_and_names_in_code_are_not(text: str, set_text: str) -> None:
    assert set_in(text, "${}$".format) == set_text


def test_a_statement_is_a_line_and_a_list_a_line_each():
    shown = repr(STATEMENTS)
    assert len(shown) < 150 * len(STATEMENTS)
    assert repr(GAUSS) == f"Statement({GAUSS.id!r}, {GAUSS.kind}: {GAUSS.title})"
    assert max(len(repr(one)) for one in STATEMENTS) < 160


def test_a_card_says_everything_and_escapes_it():
    statement = next(one for one in STATEMENTS if one.id == "alpha_rank/MI-T2")
    card = statement._repr_html_()
    says = set_in(statement.says, as_text)
    assert "Mₘₐₓ²" in says
    for part in (statement.title, says, str(statement.source), *statement.hypotheses, "1. N/16"):
        assert html.escape(part) in card
    assert "data:image/svg+xml" in card
    assert "http" not in re.sub(r'src="[^"]*"', "", card)
    hostile = Statement(**{**{f: getattr(statement, f) for f in ("id", "source", "instances", "solve", "claim")}},
        title="<b>", says="<script>", tex="\\nothing<i>", hypotheses={"<u>": lambda x: True}, notes="<a>",
    )  # fmt: skip
    assert not [mark for mark in ("<script", "<b></b>", "<i><", "<u>", "<a>") if mark in hostile._repr_html_()]


def test_evidence_shows_its_formula_without_mathjax():
    shown = lrtheory.check("alpha_rank/AR-T8")._repr_html_()
    assert "data:image/svg+xml" in shown
    assert "$" not in re.sub(r'src="[^"]*"', "", shown)
