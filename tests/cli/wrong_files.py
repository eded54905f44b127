"""Files of every wrong kind, for all that reads files: what they are called, and how each is made."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import tarfile
import zipfile

import numpy as np

from lrtheory._files.safetensors import encoded, write_tensors

__all__ = ["may_be_read", "write_all"]

TEXT = "name,kind,size\nann,x,1\nbob,y,2\ncat,x,3\n"
NOISE = bytes(np.random.default_rng(0).integers(128, 256, 5000, np.uint8))
#: the first bytes of files of other programs
HEADS = {
    "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "table.parquet": b"PAR1\x15" + bytes(600) + b"PAR1",
    "table.feather": b"ARROW1\0\0" + bytes(600),
    "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(600),
    "picture.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(600),
    "picture.gif": b"GIF89a" + bytes(600),
    "page.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(600),
    "base.sqlite": b"SQLite format 3\0" + bytes(600),
    "arrays.h5": b"\x89HDF\r\n\x1a\n" + bytes(600),
    "model.gguf": b"GGUF\x03\0\0\0" + bytes(600),
    "arrays.mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + bytes(600),
    "packed.csv.zst": b"\x28\xb5\x2f\xfd" + bytes(600),
    "packed.7z": b"7z\xbc\xaf\x27\x1c" + bytes(600),
    "packed.rar": b"Rar!\x1a\x07\x01\0" + bytes(600),
}
#: the members of files that are zip archives
ZIPS = {
    "letter.docx": {"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"},
    "slides.pptx": {"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<presentation/>"},
    "sheet.ods": {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<content/>"},
    "sheet.xlsb": {"[Content_Types].xml": "<Types/>", "xl/workbook.bin": "x"},
    "broken.xlsx": {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook"},
    "archive.zip": {"ratings.csv": TEXT},
    "model.pt": {"archive/data.pkl": "x", "archive/data/0": "x"},
    "words.npz": {"a.npy": "no array"},
    "mixed.npz": {"readme.txt": "no array"},
}
TEXTS = {
    "empty": "",
    "empty.csv": "",
    "empty.json": "",
    "empty.jsonl": "",
    "empty.npz": "",
    "empty.npy": "",
    "empty.safetensors": "",
    "empty.soc": "",
    "blank.csv": "\n\n \n",
    "comments.csv": "# nothing\n# here\n",
    "header.csv": "user,item,rating\n",
    "ragged.csv": "a,b,c\n1,2,3\n4,5\n",
    "open_quote.csv": 'a,b\n1,"2\n3,4\n',
    "long_cell.csv": 'a,b\n1,"' + "x" * 200_000 + '"\n',
    "zeros.csv": "a,b\n1,\0\n",
    "text.xlsx": TEXT,
    "text.npz": TEXT,
    "text.npy": TEXT,
    "text.safetensors": TEXT,
    "half.json": '[{"a": 1}, {"a"',
    "half.jsonl": '{"a": 1}\n{"a"\n',
    "number.json": "3",
    "word.json": '"word"',
    "null.json": "null",
    "deep.json": "[" * 200_000,
    "digits.json": "[[" + "1" * 5000 + ", 2], [3, 4]]",
    "pair.json": '[{"a": 1}, 3]',
    "none.json": "[]",
    "page.html": "<!DOCTYPE html>\n<html><body><table><tr><td>1</td></tr></table></body></html>\n",
    "matrix.mtx": "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 3.5\n",
}
ARRAYS = {
    "words": np.array(["x", "y"]),
    "number": np.array(3.0),
    "none": np.empty((0, 3)),
    "complex": np.ones((2, 3), complex),
    "flags": np.ones((2, 3), bool),
    "deep": np.ones((2, 1, 2, 1, 2)),
    "dates": np.array(["2024-01-01"], "datetime64[D]"),
    "nan": np.full((3, 3), np.nan),
    "inf": np.full((3, 3), np.inf),
    "fields": np.zeros(3, [("a", float), ("b", int)]),
}
#: files that some verb may read after all: tables of other columns, arrays of other names
PERHAPS = frozenset((
    "other.csv", "other.json", "lists.json", "holes.csv", "infinite.csv", "sheet.xlsx", "header.csv", "other.npz",
    *(f"{name}.{form}" for name in ("words", "flags", "dates", "inf") for form in ("npz", "npy")),
))  # fmt: skip


def may_be_read(name):
    """Whether some verb may read a file of this name after all; of a folder the model in it."""
    return name in PERHAPS or name.endswith(("_other", "other.safetensors", "zeros.safetensors"))


def write_all(folder):
    """Write all of them, and return their paths by name."""
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    for name, head in HEADS.items():
        (folder / name).write_bytes(head)
    for name, members in ZIPS.items():
        with zipfile.ZipFile(folder / name, "w") as file:
            for member, text in members.items():
                file.writestr(member, text)
    _write_bytes(folder)
    _write_arrays(folder)
    _write_tables(folder)
    _write_folders(folder)
    return {path.name: path for path in sorted(folder.iterdir())}


def _write_bytes(folder):
    for name in ("noise", *(f"noise.{form}" for form in ("csv", "npz", "npy", "json", "jsonl", "xlsx", "safetensors"))):
        (folder / name).write_bytes(NOISE)
    packed = gzip.compress(TEXT.encode())
    (folder / "half.csv.gz").write_bytes(packed[: len(packed) // 2])
    (folder / "damaged.csv.gz").write_bytes(packed[:12] + bytes(len(packed) - 20) + packed[-8:])
    (folder / "twice.csv.gz").write_bytes(gzip.compress(packed))
    (folder / "packed.csv.bz2").write_bytes(bz2.compress(TEXT.encode()))
    (folder / "packed.csv.xz").write_bytes(lzma.compress(TEXT.encode()))
    (folder / "objects.pkl").write_bytes(pickle.dumps({"a": [1, 2]}))
    (folder / "sixteen.csv").write_bytes(TEXT.encode("utf-16"))
    (folder / "sixteen_unmarked.csv").write_bytes(TEXT.encode("utf-16-le"))
    (folder / "latin.csv").write_bytes("user,item,rating\nJürgen,a,1\n".encode("latin-1"))
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as file:
        file.addfile(tarfile.TarInfo("ratings.csv"), io.BytesIO())
    (folder / "archive.tar").write_bytes(tar.getvalue())
    (folder / "archive.tar.gz").write_bytes(gzip.compress(tar.getvalue()))


def _write_arrays(folder):
    for i, (name, array) in enumerate(ARRAYS.items()):
        if i % 2:
            np.save(folder / f"{name}.npy", array)
        else:
            np.savez(folder / f"{name}.npz", **{name: array})
    np.save(folder / "objects.npy", np.array([{"a": 1}], object), allow_pickle=True)
    np.savez(folder / "objects.npz", a=np.array([{"a": 1}], object))
    np.savez(folder / "other.npz", alpha=np.eye(3), beta=np.ones(4))
    whole = (folder / "other.npz").read_bytes()
    (folder / "half.npz").write_bytes(whole[: len(whole) // 2])
    matrix = io.BytesIO()
    np.save(matrix, np.eye(20))
    (folder / "half.npy").write_bytes(matrix.getvalue()[:1000])
    np.savez(folder / "nothing.npz")
    kinds = {"other": np.eye(3), "nan": np.full((3, 3), np.nan), "zeros": np.zeros((2, 2))}
    for name, array in kinds.items():
        value = encoded(np.ones_like(array), "F32")._replace(data=array.astype("<f4").tobytes())
        write_tensors(folder / f"{name}.safetensors", {f"{name}.weight": value})
    whole = (folder / "other.safetensors").read_bytes()
    (folder / "half.safetensors").write_bytes(whole[:-7])
    (folder / "no_header.safetensors").write_bytes(whole[:20])
    (folder / "long_header.safetensors").write_bytes((2**62).to_bytes(8, "little") + bytes(50))
    for name, header in {"list": [], "shapes": {"a": {"dtype": "F32", "shape": 3, "data_offsets": [0, 4]}}}.items():
        text = json.dumps(header).encode()
        (folder / f"{name}_header.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
    write_tensors(folder / "nothing.safetensors", {})
    eight_bits = encoded(np.ones((2, 2)), "F32")._replace(dtype="F8_E4M3", data=bytes(4))
    write_tensors(folder / "eight_bits.safetensors", {"w": eight_bits})


def _write_tables(folder):
    (folder / "other.csv").write_text("alpha,beta,gamma\nx,2,z\ny,3,w\n")
    (folder / "words.csv").write_text("just\nsome\nwords\n")
    (folder / "holes.csv").write_text("a,b,c\nx,nan,1\ny,2,\nz,,3\n")
    _write_workbook(folder)
    (folder / "infinite.csv").write_text("a,b,c\nx,inf,1\ny,2,1e999\n")
    (folder / "other.json").write_text('{"alpha": [1, 2], "beta": ["x", "y"]}')
    (folder / "objects.json").write_text('[{"alpha": {"x": 1}, "beta": [1]}, {"alpha": null, "beta": true}]')
    (folder / "lists.json").write_text("[[1, [2]], [3, [4]]]")
    (folder / "lengths.json").write_text('{"alpha": [1, 2], "beta": ["x"]}')


def _write_folders(folder):
    (folder / "empty_folder").mkdir()
    notes = folder / "notes_folder"
    notes.mkdir()
    (notes / "notes.txt").write_text("nothing of it is a model")
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q"]}
    said = {
        "half_config": '{"peft_type": "LO',
        "list_config": "[]",
        "empty_config": "{}",
        "strange_config": json.dumps({"peft_type": ["LORA"], "r": "two", "lora_alpha": {}, "rank_pattern": 3}),
        "words_config": json.dumps(config | {"lora_alpha": "four", "r": None}),
        "good_config": json.dumps(config),
    }
    for name, text in said.items():
        for arrays in ("other.safetensors", "half.safetensors", "nan.safetensors"):
            made = folder / f"{name}_{arrays.split('.')[0]}"
            made.mkdir()
            (made / "adapter_config.json").write_text(text)
            (made / "adapter_model.safetensors").write_bytes((folder / arrays).read_bytes())
    pickled = folder / "pickled_adapter"
    pickled.mkdir()
    (pickled / "adapter_config.json").write_text(json.dumps(config))
    (pickled / "adapter_model.bin").write_bytes(pickle.dumps({}))
    indices = {
        "half": '{"weight_map"',
        "list": "[]",
        "numbers": '{"weight_map": {"a": 3}}',
        "gone": '{"weight_map": {"a": "b.safetensors"}}',
    }
    for name, text in indices.items():
        model = folder / f"{name}_index"
        model.mkdir()
        (model / "model.safetensors.index.json").write_text(text)
    two = folder / "two_models"
    two.mkdir()
    for name in ("a", "b"):
        (two / f"{name}.safetensors").write_bytes((folder / "other.safetensors").read_bytes())


def _write_workbook(folder):
    import openpyxl

    for name, rows in {"sheet": [["alpha", "beta"], ["x", 2], ["y", 3]], "errors": [["a", "b"], ["x", "#N/A"]]}.items():
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(folder / f"{name}.xlsx")
        book.active.append(["z", "=1+1"])  # whose value nobody has computed
        book.save(folder / f"uncounted_{name}.xlsx")
    book.create_sheet("two").append([1, 2])
    book.save(folder / "two_sheets.xlsx")
    (folder / "workbook.csv").write_bytes((folder / "sheet.xlsx").read_bytes())
    (folder / "workbook.npz").write_bytes((folder / "sheet.xlsx").read_bytes())
    whole = (folder / "sheet.xlsx").read_bytes()
    (folder / "half.xlsx").write_bytes(whole[: len(whole) // 2])
