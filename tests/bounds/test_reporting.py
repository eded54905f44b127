"""The report: a page that people read and pages of details, rendered from evidence; when they are stale; findings."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lrtheory.bounds import Session, check
from lrtheory.bounds.reporting import (
    About,
    Finding,
    Published,
    Reading,
    Shown,
    Side,
    costs,
    read_records,
    render,
    short,
    stale,
)
from lrtheory.bounds.reporting.found import Found, how_close
from lrtheory.bounds.reporting.markdown import apart, formula
from lrtheory.bounds.reporting.staleness import counts_list
from tests.bounds.toys import GAUSS, TOYS

ABOUT = About(
    paper="A. Toy, *On toys*, 2000.",
    claims="Sums are halves of squares.",
    pictures=("line",),
    papers=(
        Reading(
            key="0001.00001", name="Toys, A. Toy", read="abstract", claims="Sums are halves.", found="They are.",
            ids=("M",), call="solve",
        ),
        Reading(
            key="0001.00002", name="Dolls", read="abstract", claims="Dolls talk.",
            found="Nothing of it is checked, because it is large.",
        ),
    ),
)  # fmt: skip
RECORD = {
    "figure": "toy/line", "title": "A line.", "profile": "quick", "seed": 1, "data": {"data/a.csv": "0"},
    "inputs": {"n": 4, "sizes": list(range(9))},
    "claims": {"it rises": {"holds": True, "margin": 0.25}, "it falls": {"holds": False, "margin": -0.25}},
    "beside": [
        {"what": "slope", "published": 1.0, "ours": 1.02, "source": "Table 1; fewer runs"},
        {"what": "start", "published": 2.0, "ours": 3.0, "source": "Table 2 | another start"},
    ],
}  # fmt: skip
PRINTED = "n^2/2 as printed"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    folder, session = tmp_path_factory.mktemp("evidence"), Session()
    for toy in TOYS:
        check(toy, session).save(folder)
        for one in toy.saboteurs:
            check(toy.sabotaged(one.name), session).save(folder)
    return folder


@pytest.fixture
def records(tmp_path):
    (tmp_path / "records/toy").mkdir(parents=True)
    (tmp_path / "records/toy/line.json").write_text(json.dumps(RECORD))
    return read_records(tmp_path / "records")


def rows(text):
    """The rows of all tables, as lists of cells."""
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]


def test_the_page_of_a_system_has_a_row_a_statement_with_its_formula(evidence):
    report = render(TOYS, evidence)
    page = report.details["toy"]
    for toy in TOYS:
        name = toy.id.partition("/")[2]
        (row,) = (row for row in rows(page) if row[0] == f"[{name}](#{name.lower()})" and formula(toy.tex) in row)
        assert row[1:3] == [toy.title, formula(toy.tex)]
        assert f"\n### {name}\n" in page
    assert max(len(row) for row in rows(page)) <= 5
    assert max(len(row) for row in rows(report.main)) <= 8
    assert "|[toy](docs/evidence/toy.md)|" in report.main


def test_a_formula_in_a_table_has_no_bar():
    assert formula("|x|\\le\n\\|y\\|") == r"$\vert x\vert \le \Vert y\Vert $"


def test_errata_stand_on_both_pages_with_their_counterexample(evidence):
    report = render(TOYS, evidence)
    row = [PRINTED, "1", "1/2", "`toy-numbers:always-0`"]
    assert ["[GAUSS](docs/evidence/toy.md#gauss)", *row] in rows(report.main)
    assert ["[GAUSS](#gauss)", *row] in rows(report.details["toy"])
    assert (
        f"  - *the wording of the source*: {PRINTED}: left 1, right 1/2, at `toy-numbers:always-0`"
        in report.details["toy"]
    )


def test_the_main_page_tells_the_errata_that_count(evidence):
    told = lambda errata: render(TOYS, evidence, abouts={"toy": About(paper="", claims="", errata=errata)})
    assert PRINTED in told(("GAUSS",)).main
    assert PRINTED not in told(()).main
    assert PRINTED in told(()).details["toy"]


def test_each_paper_has_a_row_with_what_was_read_and_found(evidence):
    report = render(TOYS, evidence, abouts={"toy": ABOUT})
    first, second = (row for row in rows(report.main) if "arxiv.org" in row[0])
    n = sum(toy.id.startswith("toy/M") for toy in TOYS)
    assert n > 0
    assert first == [
        "[Toys, A. Toy](https://arxiv.org/abs/0001.00001)",
        "abstract",
        "Sums are halves.",
        f"[{n}](docs/evidence/toy.md)",
        "They are.",
        "`toy.solve`",
    ]
    assert second[3:] == ["-", "Nothing of it is checked, because it is large.", "-"]


def test_details_hold_everything_that_is_known(evidence):
    page = render(TOYS, evidence).details["toy"]
    for toy in TOYS:
        assert toy.tex in page
        assert f"- whose: {toy.source}" in page
        assert all(f"  - {one.name}: " in page or f"*: {one.name}: " in page for one in toy.saboteurs)
        assert f"`lrtheory check {toy.id}" in page
        assert all(name in page for name in toy.hypotheses)
    assert "Seed 0, budget quick" in page


def test_nothing_is_stale_right_after_rendering(evidence, records):
    report = render(TOYS, evidence, abouts={"toy": ABOUT}, figures=records)
    assert stale(report.main, report.details, TOYS, abouts={"toy": ABOUT}) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Sources ", "Sources of "),
        ("1 errata", "2 errata"),
        ("|[toy](docs/evidence/toy.md)|", "|[toy](docs/evidence/toy.md)|1"),
        ("Sums are halves.", "Sums are squares."),
        ("because it is large", "because it is small"),
    ],
)
def test_the_main_page_is_stale_when_something_changed(evidence, records, old, new):
    report = render(TOYS, evidence, abouts={"toy": ABOUT}, figures=records)
    assert old in report.main
    assert stale(report.main.replace(old, new), report.details, TOYS, abouts={"toy": ABOUT})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("one short", "two short"),
        ("Supported; ", "Refuted; "),
        ("### MG\n", "### GM\n"),
        ("|[MG]", "|[GM]"),
        ("Regret of", "Rate of"),
        ("hypotheses: ", "hypotheses: not "),
        ("\\sum", "\\prod"),
        ("Sources ", "Sources of "),
        ("On toys", "On dolls"),
        ("halves of squares", "squares"),
        ("toy--line.png", "toy--curve.png"),
    ],
)
def test_details_are_stale_when_something_changed(evidence, records, old, new):
    report = render(TOYS, evidence, abouts={"toy": ABOUT}, figures=records)
    assert old in report.details["toy"]
    assert stale(report.main, {"toy": report.details["toy"].replace(old, new)}, TOYS, abouts={"toy": ABOUT})


def test_what_the_registry_does_not_know_is_stale(evidence):
    report = render(TOYS, evidence)
    found = stale(report.main, report.details, TOYS[:-1])
    assert any("no statement any more" in sentence for sentence in found)
    assert any("has no statement" in sentence for sentence in stale(report.main, {**report.details, "doll": ""}, TOYS))
    assert stale(report.main, {}, TOYS)
    assert counts_list(TOYS) in report.main


def test_a_changed_title_or_saboteur_of_a_statement_makes_both_pages_stale(evidence):
    report = render(TOYS, evidence)
    titled = [replace(GAUSS, title="Another title") if toy is GAUSS else toy for toy in TOYS]
    assert len(stale(report.main, report.details, titled)) == 2  # its row and its entry
    fewer = [replace(GAUSS, saboteurs=GAUSS.saboteurs[1:]) if toy is GAUSS else toy for toy in TOYS]
    assert any("differs" in sentence for sentence in stale(report.main, report.details, fewer))


def test_all_evidence_is_needed_and_all_saboteurs_are_refuted(tmp_path):
    with pytest.raises(FileNotFoundError):
        render(TOYS, tmp_path)
    check(GAUSS, Session()).save(tmp_path)
    for one in GAUSS.saboteurs:
        check(GAUSS.sabotaged(one.name), Session()).save(tmp_path)
    render([GAUSS], tmp_path)
    path = next(path for path in tmp_path.iterdir() if '"one short"' in path.read_text())
    text = path.read_text()
    for old, new, sentence in (
        ('"verdict": "refuted"', '"verdict": "inconclusive"', "not refuted: .*one short"),
        ('"digest": "', '"digest": "0', "older than the sources"),
        ('"title": "', '"title": "Not ', "another title, formula, hypotheses or sets"),
        ('"tex": "', '"tex": "2', "another title, formula, hypotheses or sets"),
        ('"seed": 0', '"seed": 1', "several runs"),
    ):
        assert old in text
        path.write_text(text.replace(old, new))
        with pytest.raises(ValueError, match=sentence):
            render([GAUSS], tmp_path)


def test_costs_are_listed_by_system(evidence):
    assert costs(evidence).splitlines()[1].split()[:2] == ["toy", "4"]


def test_a_report_is_written_with_its_details_beside_it(evidence, tmp_path):
    render(TOYS, evidence, details="evidence").write(tmp_path / "report.md")
    assert "](evidence/toy.md#gauss)" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "evidence/toy.md").read_text().startswith("# Evidence of toy\n")
    with pytest.raises(FileNotFoundError, match="a folder that exists; got .*nowhere"):
        render(TOYS, evidence).write(tmp_path / "nowhere/report.md")
    assert not (tmp_path / "nowhere").exists()


# --- papers, figures, findings ---------------------------------------------------------------------------------------


def test_a_paper_has_its_claims_pictures_and_published_numbers(evidence, records):
    report = render(TOYS, evidence, abouts={"toy": ABOUT}, figures=records)
    assert "[toy/line](docs/evidence/toy.md#line)" in report.main
    assert ["1 of 2", "start", "2", "3"] in [row[1:] for row in rows(report.main)]
    page = report.details["toy"]
    assert "A. Toy, *On toys*, 2000." in page
    assert ABOUT.claims in page
    assert "[![line](../pictures/toy--line.png)](#line)" in page
    assert "*A line.* 1 of 2 claims hold (quick)." in page
    assert "Of 2 [numbers of others](#figures) 1 agree within 10 %." in page
    assert "Farthest apart, in `line`: start, 2 there and 3 here." in page
    assert "support 1 of their 2 claims and set 2 numbers of others beside ours" in report.main
    page = report.details["toy"]
    assert "A line. Here profile quick; seed 1; n 4, sizes [0, ..., 8]; data data/a.csv." in page
    assert "- holds: it rises (margin 0.25)" in page
    assert "- **fails**: it falls (margin -0.25)" in page
    assert ["slope", "1", "1.02"] in rows(page)
    with pytest.raises(ValueError, match="no record of the figure 'curve'"):
        render(TOYS, evidence, abouts={"toy": replace(ABOUT, pictures=("curve",))}, figures=records)


def test_a_run_in_the_full_profile_is_told_with_its_commit(evidence, records):
    told = lambda: render(TOYS, evidence, abouts={"toy": ABOUT}, figures=records)
    assert "full profile" not in told().main + told().details["toy"]
    records["toy"][0] |= {"full": {"commit": "0123456789abcdef", "claims": 2, "fails": ["it falls"]}}
    assert "All of them ran in the full profile too, where 1 of 2 claims hold." in told().main
    line = "In the full profile (commit 012345678) 1 of 2 claims hold; not so: it falls."
    assert line in told().details["toy"].splitlines()
    records["toy"][0] |= {"full": {"commit": None, "claims": 2, "fails": []}}
    assert "In the full profile 2 of 2 claims hold.\n" in told().details["toy"]
    records["toy"][0] |= {"profile": "full"}  # then the page itself is of the full profile
    assert "ran in the full profile too" not in told().main


def test_there_must_be_records(tmp_path):
    with pytest.raises(FileNotFoundError, match="no records"):
        read_records(tmp_path / "nowhere")


def test_findings_take_their_numbers_from_the_evidence(evidence, records):
    finding = Finding(
        "At {n:.0f} it is {half:.0%}; {rises}, from {start:.1f}.",
        {
            "n": Side("toy/GAUSS", "lhs", PRINTED),
            "half": Side("toy/GAUSS", "rhs", PRINTED),
            "rises": Shown("toy/line", "it rises"),
            "start": Published("toy/line", "start", "published"),
        },
    )
    report = render(TOYS, evidence, figures=records, findings=[finding])
    assert "1. At 1 it is 50 %; it rises, from 2.0. ([GAUSS](docs/evidence/toy.md#gauss), [line](" in report.main
    assert stale(report.main, report.details, TOYS, findings=[finding]) == []
    assert stale(report.main, report.details, TOYS, findings=[replace(finding, text="At {n:.0f} it was {half:.0%}.")])


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (Side("toy/GAUS", "lhs"), "needs toy/GAUS "),
        (Side("toy/GAUSS", "lhs", "nobody"), "'nobody', which is no statement or saboteur"),
        (Shown("toy/curve", "it rises"), "no record"),
        (Shown("toy/line", "it falls"), "it falls, which it does not"),
        (Shown("toy/line", "it stays"), "it stays, which it does not"),
        (Published("toy/line", "end"), "does not compare"),
    ],
)
def test_a_finding_without_its_ground_is_an_error(evidence, records, number, sentence):
    with pytest.raises(ValueError, match=sentence):
        render(TOYS, evidence, figures=records, findings=[Finding("{x}", {"x": number})])


@pytest.mark.parametrize(
    ("side", "shown"),
    [
        ("[1.00291098377281e-5 +/- 3.1e-20]", "1e-05"),
        ("[+/- 2.5e-30]", "0"),
        ("1/3", "1/3"),
        ("123456789123456789/987654321987654321", "0.125"),
        ("0.123456", "0.123"),
        ("262144", "262144"),
        ("123456789", "1.23e+08"),
    ],
)
def test_sides_are_shown_in_three_digits(side, shown):
    assert short(side) == shown


def test_sides_are_told_with_the_digits_that_tell_them_apart():
    assert apart("2", "1.5") == ("2", "1.5")
    assert apart("1.64866803", "1.64857009") == ("1.6487", "1.6486")
    assert apart("-1.5000000000000002", "-3/2") == ("-1.5000000000000002", "-1.5")
    assert apart("0.25", "0.25") == ("0.25", "0.25")
    assert apart("0.5", "1/2") == ("0.5", "1/2")
    assert apart("an error", "1") == ("an error", "1")


@pytest.mark.parametrize(
    ("worst", "shown"),
    [
        ({"failures": 0, "runs": 512, "upper": 0.034}, "-"),
        ({"failures": 46, "runs": 2048, "upper": 0.04}, "46 of 2,048 runs"),
        ({"failures": 3, "runs": 64, "upper": 0.2, "exact": 0.025}, "50 %"),
        ({"failures": 0, "runs": 64, "upper": 0.2, "exact": 1e-19}, "-"),
    ],
)
def test_runs_that_failed_are_shown_and_not_what_their_number_allows(worst, shown):
    kept = {
        "verdict": "supported",
        "kind": "probability",
        "tightness": 0.5,
        "counts": {},
        "n_instances": 1,
        "vacuous": 0,
    }
    evidence = SimpleNamespace(**kept, worst=worst | {"rhs": 0.05})
    assert how_close(Found(GAUSS, evidence, {}, {})) == shown
