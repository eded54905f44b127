"""Collection of statements from a package, and the report that is rendered from their evidence."""

import importlib
import json
import textwrap

import pytest

from lrtheory.bounds import Registry, Session, StatementError, check, report
from lrtheory.bounds.figure_records import read_records
from lrtheory.bounds.report import costs, render, stale
from tests.bounds.toys import GAUSS, TOYS


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with one system whose statements are the toys."""

    def make(name, text):
        folder = tmp_path / name / "toy"
        folder.mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        (folder / "__init__.py").write_text(f"from {name}.toy import first, second\n")
        for module, body in text.items():
            (folder / f"{module}.py").write_text(textwrap.dedent(body))
        monkeypatch.syspath_prepend(tmp_path)
        return importlib.import_module(name)

    return make


def test_statements_are_found_in_the_order_of_the_modules(package):
    text = {
        "first": "from tests.bounds.toys import HEDGE, MISRA_GRIES",
        "second": "from tests.bounds.toys import GAUSS, HEDGE as again",
    }
    registry = Registry(package("checks_a", text))
    assert registry.ids() == ["toy/HEDGE", "toy/MG", "toy/GAUSS"]
    assert registry["toy/GAUSS"] is GAUSS
    assert ("toy/GAUSS", "one short") in registry.saboteurs()
    assert [s.id for s in registry.matching("h")] == ["toy/HEDGE"]
    assert [s.id for s in registry.matching("*/m?")] == ["toy/MG"]
    with pytest.raises(KeyError, match="Near: toy/GAUSS"):
        registry["toy/GAUS"]
    with pytest.raises(KeyError, match="must be the id of a statement"):
        registry["nothing"]


def test_an_id_stands_once_and_in_its_own_folder(package):
    twice = "import dataclasses\nfrom tests.bounds.toys import GAUSS\nB = dataclasses.replace(GAUSS, title='other')"
    registry = Registry(package("checks_b", {"first": "from tests.bounds.toys import GAUSS", "second": twice}))
    with pytest.raises(StatementError, match="stands twice"):
        registry.ids()
    other = "import dataclasses\nfrom tests.bounds.toys import GAUSS\nB = dataclasses.replace(GAUSS, id='x/G')"
    with pytest.raises(StatementError, match="in the folder of toy"):
        Registry(package("checks_c", {"first": other, "second": ""})).ids()


@pytest.fixture(scope="module")
def evidence_folder(tmp_path_factory):
    folder, session = tmp_path_factory.mktemp("evidence"), Session()
    for toy in TOYS:
        check(toy, session).save(folder)
        for one in toy.saboteurs:
            check(toy.sabotaged(one.name), session).save(folder)
    return folder


def test_report_has_a_row_a_statement_and_the_errata(evidence_folder):
    text = render(TOYS, evidence_folder)
    for toy in TOYS:
        assert f"| `{toy.id}` |" in text
    assert "### Errata" in text
    assert "| n^2/2 as printed | 1 | 1/2 | `toy-numbers:always-0` | $" in text
    assert "| [toy](#toy) |" in text
    assert stale(text, TOYS) == []


def test_report_is_stale_when_a_row_differs(evidence_folder):
    text = render(TOYS, evidence_folder)
    for old, new in (
        ("one short", "two short"),
        ("| supported |", "| refuted |"),
        ("`toy/MG`", "`toy/GM`"),
        ("Regret of", "Rate of"),
        ("| none |", "| some |"),
        ("Sources ", "Sources of "),
    ):
        assert stale(text.replace(old, new), TOYS)


def test_report_needs_all_evidence_and_all_saboteurs_refuted(evidence_folder, tmp_path):
    with pytest.raises(FileNotFoundError):
        render(TOYS, tmp_path)
    check(GAUSS, Session()).save(tmp_path)
    for one in GAUSS.saboteurs:
        check(GAUSS.sabotaged(one.name), Session(), instance="toy-numbers:always-0").save(tmp_path)
    render([GAUSS], tmp_path)
    path = next(path for path in tmp_path.iterdir() if '"one short"' in path.read_text())
    path.write_text(path.read_text().replace('"verdict": "refuted"', '"verdict": "inconclusive"'))
    with pytest.raises(ValueError, match="not refuted: .*one short"):
        render([GAUSS], tmp_path)


def test_costs_are_listed_by_system(evidence_folder):
    assert costs(evidence_folder).splitlines()[1].split()[:2] == ["toy", "4"]


def test_figures_stand_beside_published_numbers(evidence_folder, tmp_path):
    record = {
        "figure": "toy/line", "title": "A line.", "profile": "quick", "seed": 1, "data": {"data/a.csv": "0"},
        "inputs": {"n": 4, "sizes": list(range(9))}, "claims": {"it rises": {"holds": True, "margin": 0.25}},
        "beside": [{"what": "slope", "published": 1.0, "ours": 1.02, "source": "Table 1; fewer runs"}],
    }  # fmt: skip
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/line.json").write_text(json.dumps(record))
    text = render(TOYS, evidence_folder, titles={"toy": "A toy."}, figures=read_records(tmp_path))
    assert "A line. Profile quick, seed 1; n 4, sizes [0, ..., 8]; data: data/a.csv." in text
    assert "- holds: it rises (margin 0.25)" in text
    assert "| slope | 1 | 1.02 | Table 1; fewer runs |" in text
    assert stale(text, TOYS) == []
    with pytest.raises(FileNotFoundError, match="no records"):
        read_records(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("side", "shown"),
    [
        ("[1.00291098377281e-5 +/- 3.1e-20]", "1e-05"),
        ("[+/- 2.5e-30]", "0"),
        ("1/3", "1/3"),
        ("123456789123456789/987654321987654321", "0.125"),
        ("0.123456", "0.123"),
    ],
)
def test_sides_are_shown_in_three_digits(side, shown):
    assert report.short(side) == shown
