"""All that writes: where nothing is, over a file or a folder of its own with `force`, and over nothing else."""

import importlib
import inspect
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import lrtheory
from lrtheory._files import CERTIFICATE, replacing
from lrtheory._files.adapters import AdapterFile
from lrtheory._result import Result
from lrtheory.cli import main
from lrtheory.constrained_decoding import LiveIndex, TrieIndex
from lrtheory.continual_learning import FrequentDirections, RecursiveRidge, edit_safetensors
from lrtheory.low_rank_adapters import save_peft
from lrtheory.low_rank_adapters.kinds.lora import lora
from lrtheory.matrix_compression import compress_adapter, truncate
from tests.rules.test_commands import FILES

EDITS = [(np.ones((1, 8)), np.ones((1, 8)))]
MATRIX = "model.layers.0.self_attn.q_proj"


def sketch(path, **options):
    made = FrequentDirections(3, rank=1)
    made.update(np.eye(3))
    made.to_file(path, **options)


def ridge(path, **options):
    RecursiveRidge(np.zeros((2, 1))).to_file(path, **options)


def peft(path, **options):
    save_peft({"q": lora(np.ones((2, 1)), np.ones((1, 2)))}, path, **options)


def edit(path, **options):
    edit_safetensors("model", MATRIX, EDITS, out=path, **options)


#: every public writer, and its target with a name of the right form
WRITERS = {
    "to_file": ("x.csv", lambda path, **options: truncate(np.eye(3), 1).to_file(path, **options)),
    "to_file of a folder": ("x", lambda path, **options: compress_adapter("lora", rank=1).to_file(path, **options)),
    "to_peft": ("x", lambda path, **options: AdapterFile.from_peft("lora").to_peft(path, **options)),
    "save_peft": ("x", peft),
    "edit_safetensors": ("x", edit),
    "FrequentDirections.to_file": ("x.npz", sketch),
    "RecursiveRidge.to_file": ("x.npz", ridge),
    "TrieIndex.to_file": ("x.safetensors", lambda path, **options: TrieIndex([[0]], 1).to_file(path, **options)),
    "LiveIndex.to_file": ("x.npz", lambda path, **options: LiveIndex(TrieIndex([[0]], 1)).to_file(path, **options)),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("lora", "model"):
        shutil.copytree(FILES / f"tiny-{name}", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=WRITERS)
def writer(request, folder):
    name, write = WRITERS[request.param]
    return Path(name), write


def content(path):
    """What stands at a path: bytes of a file, or of the files of a folder."""
    if path.is_dir():
        return {str(one.relative_to(path)): one.read_bytes() for one in sorted(path.rglob("*")) if one.is_file()}
    return path.read_bytes() if path.exists() else None


def left():
    """What lies beside the targets after a writer ran."""
    return {path.name for path in Path().iterdir()} - {"lora", "model", "x", "x.csv", "x.npz", "x.safetensors"}


def test_nothing_is_written_where_something_is(writer):
    path, write = writer
    write(path)
    first = content(path)
    with pytest.raises(FileExistsError, match="is there already; say --force \\(force=True\\)"):
        write(path)
    assert content(path) == first
    write(path, force=True)
    assert content(path) is not None
    assert not left()


def test_an_empty_folder_is_nothing(writer):
    path, write = writer
    path.mkdir()
    write(path)
    assert content(path)
    assert not left()


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_somebody_else_stays(writer, force):
    path, write = writer
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="without the lrtheory.json of this program is somebody else's"):
        write(path, force=force)
    assert content(path) == {"thesis.tex": b"years of work"}
    assert not left()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda path: (path / "notes.txt").write_text("mine"), "it holds 'notes.txt' beside what this program wrote"),
        (lambda path: (path / "below").mkdir(), "it holds 'below' beside"),
        (lambda path: (path / "link").symlink_to("elsewhere"), "it holds 'link' beside"),
        (lambda path: (path / "adapter_model.safetensors").write_bytes(b"trained on"), "has changed since"),
        (lambda path: (path / "adapter_config.json").unlink(), "has changed since"),
        (lambda path: (path / CERTIFICATE).write_text("{"), "is somebody else's"),
        (lambda path: (path / CERTIFICATE).write_text("[]"), "is somebody else's"),
    ],
)  # fmt: skip
def test_a_folder_to_which_somebody_has_added_stays(change, rule, folder):
    adapter = AdapterFile.from_peft("lora")
    adapter.to_peft("x")
    change(Path("x"))
    before = content(Path("x"))
    with pytest.raises(FileExistsError, match=rule):
        adapter.to_peft("x", force=True)
    assert content(Path("x")) == before


def test_a_link_is_not_followed(folder):
    adapter = AdapterFile.from_peft("lora")
    Path("real").mkdir()
    Path("x").symlink_to("real")
    with pytest.raises(FileExistsError, match="a link to a folder"):
        adapter.to_peft("x", force=True)
    assert not any(Path("real").iterdir())


def test_the_folder_in_which_one_is_stays(folder, monkeypatch):
    Path("x").mkdir()
    monkeypatch.chdir("x")
    with pytest.raises(FileExistsError, match="is the folder in which this runs"):
        AdapterFile.from_peft("../lora").to_peft(".")


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "a file", "a folder of ours"])
def test_what_fails_leaves_everything_as_it_was(there, folder):
    path = Path("x")
    if there == "an empty folder":
        path.mkdir()
    elif there == "a file":
        path.write_text("old")
    elif there == "a folder of ours":
        AdapterFile.from_peft("lora").to_peft(path)
    before = content(path)

    def fail(target):
        target.mkdir()
        (target / "half").write_text("half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        replacing(path, fail, force=True)
    assert content(path) == before
    assert os.path.lexists(path) == (there != "nothing")
    assert not left()


def test_a_folder_comes_back_if_the_new_one_cannot_take_its_place(folder, monkeypatch):
    adapter, path = AdapterFile.from_peft("lora"), Path("x")
    adapter.to_peft(path)
    before, move, moves = content(path), os.replace, []

    def stuck(source, target):
        moves.append(target)
        if len(moves) == 2:
            raise OSError("device is gone")
        move(source, target)

    monkeypatch.setattr(os, "replace", stuck)
    with pytest.raises(OSError, match="device is gone"):
        adapter.to_peft(path, force=True)
    assert content(path) == before


@pytest.mark.parametrize("target", ["lora", "lora/inside", "."])
def test_what_is_read_is_never_replaced(target, folder):
    AdapterFile.from_peft("lora").to_peft("ours")
    shutil.rmtree("lora")
    Path("ours").rename("lora")
    before = content(Path("lora"))
    for write in (AdapterFile.from_peft("lora").to_peft, compress_adapter("lora", rank=1).to_file):
        with pytest.raises((ValueError, FileExistsError), match="read|is the folder in which this runs"):
            write(target, force=True)
    assert content(Path("lora")) == before


def test_the_certificate_names_every_file(folder):
    edit_safetensors("model", MATRIX, EDITS, out="x")
    named = json.loads(Path("x", CERTIFICATE).read_text())["files_sha256"]
    assert set(named) == {path.name for path in Path("x").iterdir()} - {CERTIFICATE}


def writes(name, function):
    return (
        inspect.isfunction(function) and not name.startswith("_") and "force" in inspect.signature(function).parameters
    )


def test_the_table_above_has_every_writer():
    """All public functions that take `force`, and all methods of public classes that do."""
    found = set()
    for system in lrtheory.SYSTEMS:
        module = importlib.import_module(f"lrtheory.{system}")
        for name in module.__all__:
            public = getattr(module, name)
            if writes(name, public):
                found.add(name)
            for method, function in inspect.getmembers(public) if inspect.isclass(public) else ():
                owner = "" if issubclass(public, (Result, AdapterFile)) else f"{public.__name__}."
                found |= {owner + method} if writes(method, function) else set()
    assert found == {name for name in WRITERS if " " not in name}


def test_a_picture_and_an_answer_are_written_both_or_none(folder, capsys, monkeypatch):
    shutil.copy(FILES / "photos.csv", "photos.csv")
    line = [
        "dynamic_submodular",
        "pick",
        "photos.csv",
        "-k",
        "2",
        "--by",
        "similarity",
        "-o",
        "x.csv",
        "--plot",
        "x.png",
    ]
    Path("x.png").mkdir()
    Path("x.png", "holiday").touch()
    assert main(line) == 3
    assert not Path("x.csv").exists()
    shutil.rmtree("x.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Result, "plot", lambda *_: (_ for _ in ()).throw(TypeError("there is no picture of it")))
        assert main(line) == 3
    assert not Path("x.csv").exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Result, "_write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device", "x.csv"))
        )
        assert main(line) == 3
    assert not Path("x.png").exists()
    assert "'x.csv': no space left on device" in capsys.readouterr().err
    assert main(line) == 0
    assert Path("x.png").exists()
    assert Path("x.csv").exists()
    assert main(line) == 3
    assert main([*line, "--force"]) == 0


def test_a_form_that_is_not_written_is_refused_before_anything_is_read(folder, capsys):
    assert main(["alpha_rank", "rank", "no.csv", "-o", "ranking.xlsx"]) == 3
    assert "a table is written as one of .csv, .tsv, .json, .jsonl, .npz; got 'ranking.xlsx'" in capsys.readouterr().err
    assert main(["matrix_completion", "recommend", "no.csv", "-o", "top.parquet"]) == 3
    assert ".npz, .run, .trec; got" in capsys.readouterr().err


def test_standard_input_is_one_file(folder, capsys):
    assert main(["dual_mirror_descent", "allocate", "-", "--budget", "-"]) == 3
    assert "can be one file alone" in capsys.readouterr().err
