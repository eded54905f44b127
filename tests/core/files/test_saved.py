"""What `to_file` has written whole is read back equal, field by field; of all public results the rules ask it."""

import dataclasses
import json
import pickle
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from lrtheory._result import Result, result
from lrtheory.matrix_compression import compress_stack, truncate
from tests.core.files.saving import same


@result
class Everything(Result):
    """A result of all kinds of fields."""

    none: object
    words: tuple[str, ...]
    number: float
    whole: int
    exact: Fraction
    arrays: Mapping[str, np.ndarray]
    objects: np.ndarray
    pairs: np.ndarray
    inside: Result
    matrix: object


def everything():
    return Everything(
        none=None,
        words=("a", "ü\n", ""),
        number=float("nan"),
        whole=2**200,
        exact=Fraction(1, 3),
        arrays={"x": np.array([1.5, -np.inf, np.nan], np.float32), "y": np.empty((0, 3), np.int8), "z": np.array(2j)},
        objects=np.array([[Fraction(1, 3), 2**70], [None, "x"]], object),
        pairs=np.fromiter([(0, 1), (2, 3)], object, 2),  # one axis of tuples, and not two axes
        inside=truncate(np.eye(2), 1),
        matrix=sparse.csr_array(np.eye(3)),
    )


def test_every_kind_of_field_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(Everything, "__module__", "lrtheory._result.results")
    monkeypatch.setattr("lrtheory._result.results.Everything", Everything, raising=False)
    found = everything()
    found.to_file(tmp_path / "x.npz")
    again = Everything.from_file(tmp_path / "x.npz")
    assert same(again, found)
    assert again.number.hex() == found.number.hex()
    assert not again.arrays["x"].flags.writeable


@pytest.mark.parametrize("field", [print, object(), {"x": lambda: 0}, [slice(3)]])
def test_what_no_file_holds_is_named(field, tmp_path):
    with pytest.raises(ValueError, match="which no file holds; `pickle` keeps it"):
        dataclasses.replace(everything(), none=field).to_file(tmp_path / "x.npz")
    assert not (tmp_path / "x.npz").exists()


def test_another_file_is_refused_in_a_sentence(tmp_path):
    found, path = compress_stack([np.eye(3)], 1), tmp_path / "x.npz"
    found.to_file(path)
    with pytest.raises(ValueError, match=r"x.npz: a saved StackResult, where a LowRankFactors is needed"):
        type(truncate(np.eye(2), 1)).from_file(path)
    np.savez(tmp_path / "y.npz", a=np.eye(2))
    with pytest.raises(ValueError, match=r"y.npz: no saved StackResult, but the arrays a"):
        type(found).from_file(tmp_path / "y.npz")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        type(found).from_file(tmp_path / "z.npz")


@pytest.mark.parametrize(
    "told",
    [
        "{",
        "[",
        "3",
        '{"record": "os:system", "fields": {}}',
        '{"record": "lrtheory.cli:main", "fields": {}}',
        '{"record": "lrtheory.nothing:X", "fields": {}}',
        '{"record": "lrtheory.matrix_compression:StackResult", "fields": {}}',
        '{"array": "gone"}',
        '{"sequence": "builtins:eval", "items": ["1"]}',
        '{"sparse": "eval", "shape": [1], "parts": []}',
    ],
)
def test_a_forged_text_runs_nothing(told, tmp_path):
    np.savez(tmp_path / "x.npz", lrtheory=np.array(told))
    with pytest.raises(ValueError, match=r"x\.npz: (a damaged StackResult|a saved)"):
        type(compress_stack([np.eye(3)], 1)).from_file(tmp_path / "x.npz")


def test_a_model_is_no_table_of_its_singular_values(tmp_path):
    found = truncate(np.arange(12.0).reshape(4, 3), 2)
    found.to_file(tmp_path / "x.npz")
    again = type(found).from_file(tmp_path / "x.npz")
    assert same(again, found)
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())
    assert pickle.loads(pickle.dumps(again)).rank == 2
