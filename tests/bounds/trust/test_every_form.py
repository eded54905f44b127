"""Over the whole registry, on the smallest instance: another form than the honest one is no verdict."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory._front import registry
from lrtheory.bounds import Budget, OutcomeError, Session, Statement, check, load_evidence
from lrtheory.bounds.arithmetic.data import ROOT, matches, parts

SMALL = Budget("small", draws=0, sampled=0, climbs=0, searches=0, runs=64)  # the smallest instance alone is looked at
OPEN = [one for one in registry() if one.kind != "recorded" and not one.closed]


@dataclass
class Honest:
    """A statement, its smallest instance, and what its own solver returns there."""

    statement: Statement
    session: Session
    label: str
    instance: Any
    outcome: Any
    runs: int | None

    def refuses(self, lie: Any) -> str:
        """What is said of another outcome; empty if it has the form that is due."""
        try:
            self.session.run(self.statement.with_solver(lambda *arguments: lie), self.instance, 0, self.runs)
        except OutcomeError as error:
            return str(error)
        return ""

    def is_free(self, path: str) -> bool:
        """Whether lengths may differ at a path."""
        return matches(path, self.statement.may_vary)

    def is_unread(self, path: str) -> bool:
        """Whether the form of a path is nobody's matter."""
        return matches(path, self.statement.unread)


@pytest.fixture(scope="module", params=OPEN, ids=lambda one: one.id)
def honest(request: pytest.FixtureRequest) -> Honest:
    """One after the other, so that each honest outcome is computed once."""
    statement, session = request.param, Session(SMALL)
    label, instance = next(statement.instances.fixed())
    runs = 2 if statement.is_random else None
    return Honest(statement, session, label, instance, session.run(statement, instance, 0, runs), runs)


def lies(value: Any, change: Callable[[Any], list[Any]], path: str = "") -> Iterator[tuple[str, Any]]:
    """Outcomes in which one part is exchanged, with its path; of a long list the first and the last item."""
    for other in change(value):
        yield path or ROOT, other
    below = parts(value) or []
    for place in sorted({0, len(below) - 1} if isinstance(value, list) and below else range(len(below))):
        key, name, item = below[place]
        for where, other in lies(item, change, f"{path}.{name}" if path else name):
            yield where, exchanged(value, key, place, other)


def exchanged(value: Any, key: Any, place: int, item: Any) -> Any:
    """A container with one item exchanged."""
    if is_dataclass(value):
        other = copy.copy(value)
        object.__setattr__(other, key, item)
        return other
    if isinstance(value, Mapping):
        return {**value, key: item}
    items = [*value[:place], item, *value[place + 1 :]]
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.size > 0


def other_lengths(value: Any) -> list[Any]:
    return [value[:-1], np.concatenate([value, value])] if is_array(value) else []


def one_axis_more(value: Any) -> list[Any]:
    return [value[None], value[..., None]] if isinstance(value, np.ndarray) and value.size else []


def are_integers(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        kinds = {type(item) for item in value.ravel().tolist()}
        return value.dtype.kind != "b" and kinds == {int}
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def as_reals_and_masks(value: Any) -> list[Any]:
    if not are_integers(value):
        return []
    if not isinstance(value, np.ndarray):
        return [float(value), bool(value)]
    return [np.array([float(x) for x in value.ravel()]).reshape(value.shape), value != 0]


def without_a_key(value: Any) -> list[Any]:
    return [{k: item for k, item in value.items() if k != key} for key in value] if isinstance(value, Mapping) else []


def test_arrays_of_another_shape(honest: Honest) -> None:
    for path, lie in lies(honest.outcome, other_lengths):
        said = honest.refuses(lie)
        assert honest.is_free(path) or honest.is_unread(path) or f"`{path}` must be " in said, (path, said)
    for path, lie in lies(honest.outcome, one_axis_more):
        said = honest.refuses(lie)
        assert honest.is_unread(path) or f"`{path}` must be " in said, (path, said)
    if honest.statement.is_random and not honest.statement.may_vary:  # one run for all
        assert "must be " in honest.refuses(honest.session.run(honest.statement, honest.instance, 0, 1))


def test_integers_as_reals_and_as_truth_values(honest: Honest) -> None:
    for path, lie in lies(honest.outcome, as_reals_and_masks):
        said = honest.refuses(lie)
        assert honest.is_unread(path) or f"`{path}` must be " in said, (path, said)


def test_mappings_without_one_of_their_keys(honest: Honest) -> None:
    for path, lie in lies(honest.outcome, without_a_key):
        said = honest.refuses(lie)
        if said or honest.is_free(path):
            assert not said or "must be a mapping with the key" in said, (path, said)
        else:  # then the one that is missing is read by nobody
            assert any(one.startswith(path.removeprefix(ROOT)) for one in honest.statement.unread), path


def test_the_own_solver_of_a_user_gets_the_verdict_of_the_statement(honest: Honest, tmp_path: Path) -> None:
    statement, session = honest.statement, honest.session
    if statement.is_random:  # of which test_independence asks it, with more runs
        return
    own, theirs = (
        check(one, session, instance=honest.label) for one in (statement, statement.with_solver(statement.solve))
    )
    assert theirs.verdict == own.verdict
    assert theirs.verdict == "supported" or own.vacuous == 1
    for found in (own, theirs):
        path = found.save(tmp_path)
        data = json.loads(path.read_text())
        assert str(load_evidence(path)) == str(found)
        for edited in changed_numbers(data):
            path.write_text(json.dumps(edited))
            with pytest.raises(ValueError, match="contradicts itself"):
                load_evidence(path)


def changed_numbers(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The file of one instance with another number in each place on which its verdict rests."""
    for name in ("n_instances", "vacuous"):
        yield data | {name: data[name] + 1}
    for name in ("lhs", "rhs", "slack"):
        yield data | {name: [other(data[name][0])]}
        yield data | {"rows": [data["rows"][0] | {name: other(data["rows"][0][name])}]}
    yield data | {"rows": []}
    yield data | {"worst": data["worst"] | {"slack": other(data["worst"]["slack"])}}
    yield data | {"verdict": "refuted" if data["verdict"] == "supported" else "supported"}


def other(number: Any) -> Any:
    """Another number, as far away as the number is large."""
    return 1.0 if not np.isfinite(float(number)) else float(number) + max(1.0, abs(float(number)))
