"""Arrays of models are read as the packages of the ecosystem write them, and a damaged file is one sentence."""

import json

import numpy as np
import pytest

from lrtheory._files import Tensors


def stored(path, header, data):
    """Write a file by hand: the length, the header, the bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(kind, shape, first, last):
    return {"dtype": kind, "shape": shape, "data_offsets": [first, last]}


ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1.5, -2.0], dtype=np.float16),
    "c": np.array([[2**60 + 1]], dtype=np.float64),
    "d": np.empty((0, 4), dtype=np.float32),
    "e": np.array(3, dtype=np.int64),
}


def test_what_the_package_writes_is_read(tmp_path):
    numpy_files = pytest.importorskip("safetensors.numpy")
    numpy_files.save_file(ARRAYS, tmp_path / "m.safetensors", metadata={"rank": "8"})
    found = Tensors(tmp_path / "m.safetensors")
    assert sorted(found.names) == sorted(ARRAYS)
    assert found.metadata == {"rank": "8"}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found.shape(name) == array.shape
        assert found[name].dtype == (np.float64 if name == "c" else np.float32)


def test_bfloat16_without_torch(tmp_path):
    """The bits of 1, -2.5 and 3e38 in bfloat16 are the upper halves of those in float32."""
    values = np.array([1.0, -2.5, 3e38], np.float32)
    bits = (values.view(np.uint32) >> 16).astype("<u2")
    path = stored(tmp_path / "m.safetensors", {"x": entry("BF16", [3], 0, 6)}, bits.tobytes())
    np.testing.assert_array_equal(Tensors(path)["x"], (bits.astype(np.uint32) << 16).view(np.float32))
    assert Tensors(path)["x"][:2].tolist() == [1.0, -2.5]


def test_bfloat16_as_torch_reads_it(tmp_path):
    torch, files = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    given = torch.randn(50, dtype=torch.bfloat16)
    files.save_file({"x": given}, tmp_path / "m.safetensors")
    np.testing.assert_array_equal(Tensors(tmp_path / "m.safetensors")["x"], given.float().numpy())


def test_a_model_in_several_files(tmp_path):
    one = np.ones(2, np.float32)
    for i, name in enumerate(("a", "b")):
        stored(tmp_path / f"model-{i}.safetensors", {name: entry("F32", [2], 0, 8)}, (one * (i + 1)).tobytes())
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-0.safetensors", "b": "model-1.safetensors"}}))
    for path in (tmp_path, index):
        found = Tensors(path)
        assert {name: found[name].tolist() for name in found.names} == {"a": [1, 1], "b": [2, 2]}
        assert found.folder == tmp_path
    index.write_text("{}")
    with pytest.raises(ValueError, match="no index of a model in several files"):
        Tensors(tmp_path)
    index.unlink()
    with pytest.raises(ValueError, match="several models, model-0.safetensors, model-1.safetensors"):
        Tensors(tmp_path)


def test_an_index_names_nothing_outside_its_folder(tmp_path):
    inside = tmp_path / "model"
    inside.mkdir()
    stored(tmp_path / "secret.safetensors", {"x": entry("F32", [1], 0, 4)}, b"\0" * 4)
    index = {"weight_map": {"x": "../secret.safetensors"}}
    (inside / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(FileNotFoundError, match="there is no file"):
        Tensors(inside)


X = entry("F32", [2], 0, 8)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "no safetensors file, or a part of one"),
        (b"12345", "no safetensors file, or a part of one"),
        ((10**12).to_bytes(8, "little") + b"{}", "no safetensors file, or a part of one"),
        ((2).to_bytes(8, "little") + b"{]", "damaged header"),
        ((2).to_bytes(8, "little") + b"[]", "damaged header .*the header is no JSON object"),
        ((7).to_bytes(8, "little") + b'{"x":3}', "damaged header .*the entry of 'x' is no JSON object"),
    ],
)
def test_what_is_no_such_file(content, rule, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rule):
        Tensors(path)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"data_offsets": [0, 12]}, "the bytes of 'x' are not all there"),
        ({"data_offsets": [4, 8]}, "the bytes of 'x' are not all there"),
        ({"data_offsets": [-8, 0]}, "the bytes of 'x' are not all there"),
        ({"data_offsets": [0]}, "damaged header"),
        ({"shape": [-1, -2]}, "is of the shape .-1, -2., which no array has"),
        ({"shape": [2.0]}, "which no array has"),
        ({"shape": [3]}, "the bytes of 'x' are not all there"),
        ({"dtype": "F8_E4M3", "data_offsets": [0, 12]}, "the bytes of 'x' are not all there"),
    ],
)
def test_a_header_that_does_not_fit(change, rule, tmp_path):
    with pytest.raises(ValueError, match=rule):
        Tensors(stored(tmp_path / "m.safetensors", {"x": X | change}, b"\0" * 8))


def test_an_array_of_a_type_that_numpy_lacks_is_refused_when_it_is_read(tmp_path):
    header = {"x": X, "scaled": entry("F8_E4M3", [2, 2], 8, 12)}
    found = Tensors(stored(tmp_path / "m.safetensors", header, b"\0" * 8 + b"abcd"))
    assert found["x"].tolist() == [0, 0]
    assert (found.names, found.shape("scaled")) == (["x", "scaled"], (2, 2))
    assert found.stored("scaled") == ("F8_E4M3", (2, 2), b"abcd")
    with pytest.raises(ValueError, match=r"m.safetensors: 'scaled' is of the type F8_E4M3, which is not read"):
        found["scaled"]


def test_arrays_that_share_bytes(tmp_path):
    """The format forbids it; arrays without entries share none with anybody."""
    with pytest.raises(ValueError, match="'x' and 'y' overlap"):
        Tensors(stored(tmp_path / "m.safetensors", {"y": entry("F32", [2], 4, 12), "x": X}, b"\0" * 12))
    header = {"z": entry("F32", [0], 4, 4), "x": X, "y": entry("F32", [1], 8, 12)}
    assert Tensors(stored(tmp_path / "m.safetensors", header, b"\0" * 12)).names == ["z", "x", "y"]


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        Tensors(tmp_path / "m.safetensors")
    with pytest.raises(FileNotFoundError, match="there is no safetensors file in"):
        Tensors(tmp_path)
