"""Collection of statements from a package."""

import sys
import textwrap
import types

import pytest

from lrtheory.bounds import Registry, StatementError
from tests.bounds.toys import GAUSS


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
        return name

    return make


def test_statements_are_found_in_the_order_of_the_modules(package):
    text = {
        "first": "from tests.bounds.toys import HEDGE, MISRA_GRIES",
        "second": "from tests.bounds.toys import GAUSS, HEDGE as again",
    }
    registry = Registry(package("checks_a", text))
    assert registry.ids() == ["toy/HEDGE", "toy/MG", "toy/GAUSS"]
    assert registry["toy/GAUSS"].claim is GAUSS.claim
    assert registry["toy/GAUSS"].origin.collection == "checks_a"
    assert ("toy/GAUSS", "one short") in registry.saboteurs()
    assert [s.id for s in registry.matching("h")] == ["toy/HEDGE"]
    assert [s.id for s in registry.matching("*/m?")] == ["toy/MG"]
    with pytest.raises(KeyError, match="Near: toy/GAUSS"):
        registry["toy/GAUS"]
    with pytest.raises(KeyError, match="must be the id of a statement"):
        registry["nothing"]


def test_an_id_stands_once(package):
    twice = "import dataclasses\nfrom tests.bounds.toys import GAUSS\nB = dataclasses.replace(GAUSS, title='other')"
    registry = Registry(package("checks_b", {"first": "from tests.bounds.toys import GAUSS", "second": twice}))
    sentence = "toy/GAUSS stands twice: in checks_b.toy.first and in checks_b.toy.second"
    with pytest.raises(StatementError, match=sentence):
        registry.ids()


def test_tables_of_other_packages_that_import_on_demand_are_left_alone(package, monkeypatch):
    class Lazy(dict):
        def values(self):
            raise ImportError("a table was asked for what it only names")

    library = types.ModuleType("a_library")
    library.__file__, library.table, library.held = "a_library.py", Lazy(a=1), Lazy(one=GAUSS)
    monkeypatch.setitem(sys.modules, "a_library", library)
    twice = "import dataclasses\nfrom tests.bounds.toys import GAUSS\nB = dataclasses.replace(GAUSS, title='other')"
    registry = Registry(package("checks_d", {"first": "from tests.bounds.toys import GAUSS", "second": twice}))
    with pytest.raises(StatementError, match="toy/GAUSS stands twice"):
        registry.ids()
