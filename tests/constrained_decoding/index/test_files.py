"""An index in a file: mapped, not copied, and refused when a byte of it has changed."""

from __future__ import annotations

import numpy as np
import pytest

from lrtheory._files.safetensors import encoded, write_tensors
from lrtheory.constrained_decoding import TrieIndex

INDEXES = {
    "even": lambda: TrieIndex([[0, 2], [1, 0]], 3),
    "uneven": lambda: TrieIndex([[0], [1, 0, 70_000]], 70_001),
    "strings": lambda: TrieIndex.from_strings(["Alien", "Aliens", "Łódź", "Alien"]),
    "empty": lambda: TrieIndex([], 3),
}


def content(index):
    arrays = [one.tolist() for one in index._arrays]
    return arrays, index.vocab_size, index.terminator, index.names, index.encoding, index.n_duplicates


@pytest.mark.parametrize("name", INDEXES)
def test_a_file_holds_all_of_it(name, tmp_path):
    index = INDEXES[name]()
    index.to_file(tmp_path / "x.safetensors")
    again = TrieIndex.from_file(tmp_path / "x.safetensors")
    assert content(again) == content(index)
    assert again.mask([0, -1]).tolist() == index.mask([0, -1]).tolist()
    with pytest.raises(FileExistsError):
        index.to_file(tmp_path / "x.safetensors")
    index.to_file(tmp_path / "x.safetensors", force=True)


def test_arrays_are_mapped(tmp_path):
    INDEXES["even"]().to_file(tmp_path / "x.safetensors")
    arrays = TrieIndex.from_file(tmp_path / "x.safetensors")._arrays
    for one in arrays:
        base = one
        while isinstance(base, np.ndarray) and base.base is not None:
            base = base.base
        assert one.size == 0 or not isinstance(base, np.ndarray), "a copy owns its memory"
        assert one.flags.aligned


@pytest.mark.parametrize("name", ["even", "strings"])
def test_no_changed_byte_passes(name, tmp_path):
    INDEXES[name]().to_file(tmp_path / "x.safetensors")
    data = (tmp_path / "x.safetensors").read_bytes()
    place = tmp_path / "y.safetensors"
    for at in range(len(data)):
        place.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(ValueError, match="y.safetensors"):
            TrieIndex.from_file(place)


def test_other_files_are_refused(tmp_path):
    write_tensors(tmp_path / "m.safetensors", {"w": encoded(np.eye(2), "F32")})
    with pytest.raises(ValueError, match="no index of a catalogue"):
        TrieIndex.from_file(tmp_path / "m.safetensors")
    (tmp_path / "t.safetensors").write_text("Alien\n")
    with pytest.raises(ValueError, match="no safetensors file"):
        TrieIndex.from_file(tmp_path / "t.safetensors")
    with pytest.raises(FileNotFoundError):
        TrieIndex.from_file(tmp_path / "none.safetensors")
