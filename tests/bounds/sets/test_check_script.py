"""The short checker of JSON files: it accepts what adds up, and nothing else."""

from __future__ import annotations

import copy
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrtheory._front import statements
from lrtheory.bounds import check as check_statement
from lrtheory.bounds.families import in_set
from lrtheory.bounds.session import Session
from lrtheory.bounds.trust.certificates import check
from lrtheory.bounds.trust.certificates.numbers import numbers
from proofs_checks.dynamic_submodular.selection.greedy import DS_T14_GREEDY, all_functions

#: the duals for two of three elements
DUAL = json.loads(numbers(dataclasses.replace(DS_T14_GREEDY, for_all=(all_functions(3, 2),)))["DS_T14_greedy_1.json"])
IDENTITY = {
    "format": 1,
    "kind": "identity",
    "letters": ["a", "b"],
    "identities": [
        {"lhs": "(a + b) * (a + b) / (a + b)", "relation": "=", "rhs": "a + b"},
        {"lhs": "a * b / (a + b)", "relation": "<=", "rhs": "a"},
    ],
}
BECAUSE = {
    "format": 1,
    "kind": "identity",
    "letters": ["a", "b"],
    "identities": [
        {
            "lhs": "2 * a / b",
            "relation": "<=",
            "rhs": "a * a / (b * b) + 1",
            "because": [["(a - b) / b", "(a - b) / b"]],
        },
        {"lhs": "a", "relation": "<=", "rhs": "2 * a", "because": [["a"]]},
    ],
}
AT = {"format": 1, "kind": "instance", "at": {"a": 1, "b": 3}, "lhs": "1 / (a - b)", "relation": "=", "rhs": "1 / b"}
INSTANCE = {"format": 1, "kind": "instance", "lhs": "1 / 2 + 1 / 3", "relation": "<=", "rhs": "5 / 7"}


def changed(told: dict[str, Any], change: Callable[[Any], Any]) -> str:
    other = copy.deepcopy(told)
    change(other)
    return json.dumps(other)


@pytest.mark.parametrize(
    "told", [DUAL, IDENTITY, BECAUSE, INSTANCE, AT], ids=["dual", "identity", "because", "instance", "at"]
)
def test_what_adds_up_is_accepted(told: dict[str, Any]) -> None:
    assert check.checked(json.dumps(told))


def first(told: Any) -> dict[str, Any]:
    """The multipliers of the first set that needs some."""
    return next(row["multipliers"] for row in told["sets"].values() if row["multipliers"])


def more(told: Any, by: Any) -> None:
    name = next(iter(first(told)))
    first(told)[name] += by


def taken(told: Any, as_kind: Callable[[Any], Any]) -> None:
    name = next(iter(first(told)))
    first(told)[name] = as_kind(first(told)[name])


def row(told: Any, **fields: Any) -> None:
    told["identities"][1].update(fields)


def because(told: Any, *products: list[str], **fields: Any) -> None:
    told["identities"][0].update(because=list(products), **fields)


LIES: list[tuple[str, dict[str, Any], Callable[[Any], Any]]] = [
    ("a multiplier is larger", DUAL, lambda told: more(told, 1)),
    ("a multiplier is smaller", DUAL, lambda told: more(told, -1)),
    ("a multiplier is negative", DUAL, lambda told: taken(told, lambda x: -x)),
    ("a multiplier is a double", DUAL, lambda told: taken(told, float)),
    ("a multiplier is a truth value", DUAL, lambda told: taken(told, bool)),
    ("a multiplier is text", DUAL, lambda told: taken(told, str)),
    ("a multiplier is zero", DUAL, lambda told: first(told).update({"Mono 0 0": 0})),
    ("the scale is zero", DUAL, lambda told: told["sets"]["0 1"].update(scale=0)),
    ("the scale is a truth value", DUAL, lambda told: told["sets"]["0 1"].update(scale=True)),
    ("another n", DUAL, lambda told: told.update(n=4)),
    ("another k", DUAL, lambda told: told.update(k=1)),
    ("k above n", DUAL, lambda told: told.update(k=4)),
    ("a larger share", DUAL, lambda told: told.update(num=4)),
    ("a share above one", DUAL, lambda told: told.update(num=5)),
    ("the share 0/0", DUAL, lambda told: told.update(num=0, den=0)),
    ("the share 0/1", DUAL, lambda told: told.update(num=0, den=1)),
    ("a set is lost", DUAL, lambda told: told["sets"].pop("0 2")),
    ("a set that is none", DUAL, lambda told: told["sets"].update({"0 3": told["sets"]["0 2"]})),
    ("no sets", DUAL, lambda told: told.update(sets={})),
    ("a fact that is none", DUAL, lambda told: first(told).update({"Mono 0 3": 1})),
    ("a fact of an element that is there", DUAL, lambda told: first(told).update({"Sub 1 0 1": 1})),
    ("a fact with a sign", DUAL, lambda told: first(told).update({"Mono -1 0": 1})),
    ("another format", DUAL, lambda told: told.update(format=2)),
    ("another kind", DUAL, lambda told: told.update(kind="proof")),
    ("no identities", IDENTITY, lambda told: told.update(identities=[])),
    ("no letters", IDENTITY, lambda told: told.update(letters=[])),
    ("a letter twice", IDENTITY, lambda told: told.update(letters=["a", "a"])),
    ("a wrong identity", IDENTITY, lambda told: row(told, relation="=")),
    ("a wrong inequality", IDENTITY, lambda told: row(told, lhs="a + b", rhs="a")),
    ("an inequality that signs do not answer", IDENTITY, lambda told: row(told, lhs="2 * a * b", rhs="a * a + b * b")),
    ("a divisor of mixed sign", IDENTITY, lambda told: row(told, lhs="a / (a - b)", rhs="a / (a - b)")),
    ("a divisor that is zero", IDENTITY, lambda told: row(told, lhs="a / (b - b)", rhs="a")),
    ("a power", IDENTITY, lambda told: row(told, lhs="a ** 2", rhs="a * a")),
    ("a call", IDENTITY, lambda told: row(told, lhs="max(a, b)", rhs="max(a, b)")),
    ("a double", IDENTITY, lambda told: row(told, lhs="1.0", rhs="1.0")),
    ("a truth value in an expression", IDENTITY, lambda told: row(told, lhs="True", rhs="1")),
    ("a letter that is none", IDENTITY, lambda told: row(told, lhs="c", rhs="c")),
    ("another relation", IDENTITY, lambda told: row(told, relation=">=")),
    ("no products", BECAUSE, because),
    ("a product without factors", BECAUSE, lambda told: because(told, [])),
    ("a factor that may be negative", BECAUSE, lambda told: because(told, ["a - b", "(a - b) / (b * b)"])),
    ("a factor three times", BECAUSE, lambda told: because(told, ["a - b"] * 3, lhs="0", rhs="(a-b)*(a-b)*(a-b)")),
    ("a product with a sign", BECAUSE, lambda told: because(told, ["-1"], lhs="1", rhs="0")),
    ("products of another sum", BECAUSE, lambda told: because(told, ["a - b", "a - b"])),
    ("products with a term more", BECAUSE, lambda told: because(told, *told["identities"][0]["because"], ["b"])),
    ("a factor with an open bracket", BECAUSE, lambda told: because(told, ["a) - (b"], lhs="0", rhs="a - b")),
    ("an equality with a reason", BECAUSE, lambda told: because(told, ["a"], lhs="a", rhs="2 * a", relation="=")),
    ("a factor in a double", BECAUSE, lambda told: because(told, ["0.5", "a"], lhs="0", rhs="a / 2")),
    ("products that are text", BECAUSE, lambda told: because(told, "aab", lhs="0", rhs="a * a * b - 1")),
    ("a side with an open bracket", IDENTITY, lambda told: row(told, lhs="a) - (b", rhs="a + b")),
    ("a side with a remark", IDENTITY, lambda told: row(told, lhs="2 * a", rhs="a # a")),
    ("numbers at which it holds", AT, lambda told: told.update(lhs="1 / (a + b - 1)")),
    ("a number that is zero", AT, lambda told: told["at"].update(a=0)),
    ("a number that is negative", AT, lambda told: told["at"].update(a=-1)),
    ("a number that is a truth value", AT, lambda told: told["at"].update(a=True)),
    ("a number that is a double", AT, lambda told: told["at"].update(a=1.0)),
    ("a divisor that is zero at the numbers", AT, lambda told: told["at"].update(a=3)),
    ("a letter without a number", AT, lambda told: told["at"].pop("a")),
    ("a counterexample by a reason", INSTANCE, lambda told: told.update(rhs="5 / 6", because=[["1"]])),
    ("nested a thousand times", INSTANCE, lambda told: told.update(lhs="-" * 5000 + "1")),
    ("no counterexample", INSTANCE, lambda told: told.update(rhs="5 / 6")),
    ("no counterexample to an equality", INSTANCE, lambda told: told.update(rhs="5 / 6", relation="=")),
    ("a side is lost", INSTANCE, lambda told: told.pop("rhs")),
    ("infinity", INSTANCE, lambda told: told.update(lhs="1e999")),
]


@pytest.mark.parametrize(("told", "change"), [one[1:] for one in LIES], ids=[one[0] for one in LIES])
def test_what_does_not_add_up_is_refused(told: dict[str, Any], change: Callable[[Any], Any]) -> None:
    with pytest.raises(check.Refused):
        check.checked(changed(told, change))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "NaN",
        '{"format": 1, "kind": "dual", "n": NaN}',
        json.dumps(DUAL).replace('"n": 3', '"n": 3, "n": 3'),
        json.dumps(INSTANCE).replace('"5 / 7"', "Infinity"),
    ],
)
def test_what_is_no_whole_file_is_refused(text: str) -> None:
    with pytest.raises(check.Refused):
        check.checked(text)


def test_the_script_needs_nothing_but_python(tmp_path: Path) -> None:
    script = Path(check.__file__)
    assert sum(bool(line.strip()) for line in script.read_text().splitlines()) <= 150
    (tmp_path / "wrong").mkdir()
    (tmp_path / "right.json").write_text(json.dumps(IDENTITY))
    (tmp_path / "wrong/lie.json").write_text(changed(DUAL, lambda told: more(told, 1)))
    run = [sys.executable, "-I", str(script), str(tmp_path)]
    assert subprocess.run(run, cwd=tmp_path).returncode == 0
    (tmp_path / "wrong/lie.json").write_text(json.dumps(DUAL))
    assert subprocess.run(run, cwd=tmp_path).returncode == 1
    (tmp_path / "wrong/lie.json").unlink()
    (tmp_path / "lie.json").write_text(changed(DUAL, lambda told: told.update(num=4)))
    assert subprocess.run(run, cwd=tmp_path).returncode == 1


WRITTEN = {name: text for one in statements() for name, text in numbers(one).items()}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_accepted_and_its_wrong_variant_refused(name: str) -> None:
    if name.startswith("wrong/"):
        with pytest.raises(check.Refused):
            check.checked(WRITTEN[name])
    else:
        assert check.checked(WRITTEN[name])


def test_identities_and_programs_are_written() -> None:
    kinds = {json.loads(text)["kind"] for text in WRITTEN.values()}
    assert kinds == {"identity", "dual", "instance"}
    assert sum(name.startswith("wrong/") for name in WRITTEN) * 2 == len(WRITTEN)


INSTANCES = {name: told for name, text in WRITTEN.items() if "saboteur" in (told := json.loads(text))}


@pytest.mark.parametrize("name", [name for name in INSTANCES if not name.startswith("wrong/")])
def test_the_numbers_of_an_instance_refute_its_saboteur_in_the_check(name: str) -> None:
    told = INSTANCES[name]
    place = ",".join(map(str, told["at"].values()))
    wrong = next(one for one in statements() if one.id == told["id"]).sabotaged(told["saboteur"])
    evidence = check_statement(wrong, Session(), instance=in_set(1, place))
    assert evidence.verdict == "refuted", evidence.message
