"""Adapters and stacks between files: what is read stays as it is, and what is written is whole or not there."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files import Tensors
from lrtheory.cli import main
from lrtheory.matrix_compression import commands
from tests.rules.public_names import ROOT

FILES = ROOT / "tests" / "files"
SQUEEZE = ["matrix_compression", "squeeze", "tiny-lora", "--rank", "2", "-o"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small adapter, and links to it and to nothing."""
    shutil.copytree(FILES / "tiny-lora", tmp_path / "tiny-lora")
    (tmp_path / "link").symlink_to("tiny-lora")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "letter").write_text("kept")
    (tmp_path / "notes").write_text("kept")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.parametrize(
    "target",
    ["tiny-lora", "./tiny-lora/", "there/../tiny-lora", "link", "link/inside", "tiny-lora/inside", "there", "dangling",
     "notes", "nowhere/x", "x.safetensors"],
)  # fmt: skip
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_what_stands_is_never_written_over(target: str, force: list[str], folder: Path, capsys: Any) -> None:
    before = content(folder)
    assert main([*SQUEEZE, target, *force]) == 3
    said = capsys.readouterr().err
    assert said.startswith("lrtheory: ")
    assert "Errno" not in said
    assert content(folder) == before


@pytest.mark.parametrize("name", ["small", "llama-3.1-8b", ".hidden", "there/small"])
def test_a_folder_may_have_any_other_name(name: str, folder: Path, capsys: Any) -> None:
    assert main([*SQUEEZE, name]) == 0
    assert sorted(path.name for path in (folder / name).iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors", "compression_certificate.json", "lrtheory.json",
    ]  # fmt: skip
    assert mc.certify("tiny-lora", name).achieved == pytest.approx(0.122, abs=1e-3)


SLOW = """
import sys, time
import lrtheory._files.adapters.folder as folder
write = folder.write_tensors
def slow(path, *rest):
    write(path, *rest)
    print("half", flush=True)
    time.sleep(60)
folder.write_tensors = slow
from lrtheory.cli import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_a_process_that_is_ended_leaves_no_half_of_a_folder(folder: Path) -> None:
    before = content(folder)
    process = subprocess.Popen([sys.executable, "-c", SLOW, *SQUEEZE, "small"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "half\n"
        assert len(content(folder)) > len(before)  # it stands there under another name
        process.terminate()
        assert process.wait() == 143
    assert content(folder) == before


@pytest.mark.parametrize(("limit", "code"), [("0.05", 1), ("0.5", 0)])
def test_a_limit_is_answered_by_the_exit_code(limit: str, code: int, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(FILES)
    assert main(["matrix_compression", "certify", "tiny-lora", "tiny-lora-small", "--at-most", limit]) == code
    assert f"that is {'at most' if code == 0 else 'more than'} {limit}" in capsys.readouterr().out


def test_a_limit_within_rounding_is_open() -> None:
    M = np.diag([3.0, 4.0])
    near = mc.certify(M, np.diag([3.0, 0.0]), at_most=0.8)
    assert near._decided() is None
    assert mc.certify(M, np.diag([3.0, 0.0]), at_most=0.8 + 1e-6)._decided() is True
    assert mc.certify(M, np.diag([3.0, 0.0]), at_most=0.8 - 1e-6)._decided() is False
    with pytest.raises(ValueError, match="`at_most` must be"):
        mc.certify(M, M, at_most=-1.0)


def test_many_adapters_are_merged(folder: Path, capsys: Any) -> None:
    names = [f"lora-{k}" for k in range(5)]
    for name in names:
        shutil.copytree("tiny-lora", name)
    line = ["matrix_compression", "merge", *names, "--rank", "4", "--weights", "1,1,1,-1,-1", "-o", "sum"]
    assert main(line) == 0
    assert mc.certify("tiny-lora", "sum").achieved < 2.0**-10  # the files hold half precision
    assert main([*line[:-1], "lora-4"]) == 3
    assert "nothing is written over it" in capsys.readouterr().err
    assert main([*line[:-1], "lora-4/inside"]) == 3
    assert "outside the folders that were read" in capsys.readouterr().err
    assert main(["matrix_compression", "merge", *names, "--rank", "4", "--weights", "1,2"]) == 3
    assert "`--weights` must be one number an adapter; got 2 for 5." in capsys.readouterr().err


# --- what a rank costs -----------------------------------------------------------------------------------------------


def test_the_cost_of_a_rank_is_what_compressing_to_it_costs_and_loses() -> None:
    rng = np.random.default_rng(0)
    lora = mc.AdapterFile(
        {
            name: mc.AdapterModule(c * rng.normal(size=(m, q)), rng.normal(size=(q, n)), dtype="F64")
            for name, c, m, q, n in (("a", 1.0, 9, 3, 7), ("b", 0.1, 6, 2, 5), ("c", 2.0, 4, 6, 8))
        }
    )
    found = mc.rank_costs(lora)
    assert found.ranks.tolist() == [0, 1, 2, 3, 4]  # module c has 4 rows
    for rank, number, alike, error in zip(found.ranks, found.numbers, found.alike, found.budget, strict=True):
        one = mc.compress_adapter(lora, rank=rank)
        assert (one.error, one.storage) == (pytest.approx(alike, abs=1e-14), number)
        many = mc.compress_adapter(lora, number)
        assert many.error == pytest.approx(error, abs=1e-14)


def test_no_ranks_of_the_same_cost_err_by_less() -> None:
    rng = np.random.default_rng(1)
    shapes = {"a": (5, 3, 4), "b": (3, 2, 2), "c": (4, 3, 9)}
    lora = mc.AdapterFile(
        {k: mc.AdapterModule(rng.normal(size=(m, q)), rng.normal(size=(q, n))) for k, (m, q, n) in shapes.items()}
    )
    found = mc.rank_costs(lora)
    energies = [np.linalg.svd(lora.dense(name), compute_uv=False) ** 2 for name in shapes]
    total = sum(one.sum() for one in energies)
    for number, error, floor in zip(found.numbers, found.budget, found.floor, strict=True):
        every = [
            np.sqrt(sum(one[r:].sum() for one, r in zip(energies, ranks, strict=True)) / total)
            for ranks in product(range(4), range(3), range(4))
            if sum(r * (m + n) for r, (m, _, n) in zip(ranks, shapes.values(), strict=True)) <= number
        ]
        assert floor <= min(every) + 1e-7
        assert min(every) <= error + 1e-7
        assert error <= found.alike[found.numbers == number][0] + 1e-7


# --- stacks ----------------------------------------------------------------------------------------------------------


def test_a_stack_is_read_from_each_form(tmp_path: Path) -> None:
    whole = mc.StackProblem.from_file(FILES / "weights.npz")
    assert list(whole.names or ()) == [f"layer_{k}" for k in range(6)]
    np.save(tmp_path / "w.npy", np.array(whole.blocks))
    array = mc.StackProblem.from_file(tmp_path / "w.npy")
    for one, other in zip(whole.blocks, array.blocks, strict=True):
        np.testing.assert_array_equal(one, other)
    some = mc.StackProblem.from_file(FILES / "weights.npz", columns="layer_3, layer_[01]")
    assert list(some.names or ()) == ["layer_0", "layer_1", "layer_3"]
    model = mc.StackProblem.from_file(FILES / "tiny-model", columns=["*q_proj*"])
    assert [str(name).split(".")[-2] for name in model.names or ()] == ["q_proj"] * 2


def test_a_basis_is_written_with_all_coefficients(tmp_path: Path) -> None:
    problem = mc.StackProblem.from_file(FILES / "weights.npz")
    found = mc.compress_stack(problem, 3)
    found.to_file(tmp_path / "shared.safetensors")
    read = Tensors(tmp_path / "shared.safetensors")
    assert read.names == ["basis", *(f"coefficients.layer_{k}" for k in range(6))]
    mc.compress_stack(problem, 3, passes=1).to_file(tmp_path / "alone.safetensors")
    assert Tensors(tmp_path / "alone.safetensors").names == ["basis"]
    copies = [read[f"coefficients.layer_{k}"] for k in range(6)]
    assert mc.certify(problem, (read["basis"], copies)).achieved == pytest.approx(found.error, abs=1e-6)


@pytest.mark.parametrize(
    ("file", "columns", "sentence"),
    [
        ("weights.npz", "layer_9", "`columns` must be names of matrices in .*; got 'layer_9'"),
        ("points.csv", None, "matrices are read from npy, npz and safetensors files; this one is a table"),
        ("none.npz", None, "there is no file"),
        ("flat.npy", None, "no array in it is a matrix"),
        ("two.npz", None, "same number of rows; got 2 in a and 3 in b; `columns` chooses some"),
        ("nan.npz", None, "`blocks` must be finite; got nan in block 0"),
    ],
)
def test_files_that_are_no_stacks(file: str, columns: str | None, sentence: str, tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.ones(3))
    np.savez(tmp_path / "two.npz", a=np.ones((2, 2)), b=np.ones((3, 2)))
    np.savez(tmp_path / "nan.npz", a=np.full((2, 2), np.nan))
    path = FILES / file if (FILES / file).exists() else tmp_path / file
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        mc.StackProblem.from_file(path, columns=columns)


def test_peft_loads_what_a_budget_leaves(tmp_path: Path) -> None:
    """A module that a budget gives no rank to is no module of the new adapter, and the others are what they say."""
    peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")

    def model() -> Any:
        return torch.nn.ModuleDict({name: torch.nn.Linear(9, 7, bias=False) for name in ("q", "k", "v")})

    config = peft.LoraConfig(r=4, lora_alpha=3, target_modules=["q", "k", "v"], use_rslora=True)
    torch.manual_seed(0)
    made = peft.get_peft_model(model(), config)
    for name, parameter in made.named_parameters():
        torch.nn.init.normal_(parameter, std=1e-3 if ".k." in name else 1.0)
    made.save_pretrained(tmp_path / "a")
    found = mc.compress_adapter(tmp_path / "a", 80)
    assert found.ranks["k"] == 0
    assert min(found.ranks["q"], found.ranks["v"]) >= 1
    found.to_file(tmp_path / "b")
    loaded = peft.PeftModel.from_pretrained(model(), tmp_path / "b").base_model.model
    for name, module in loaded.named_children():
        if name == "k":
            assert not hasattr(module, "get_delta_weight")
            continue
        np.testing.assert_allclose(
            module.get_delta_weight("default").detach().numpy(), found.adapter.dense(name), atol=1e-5
        )
    assert mc.certify(tmp_path / "a", tmp_path / "b").achieved == pytest.approx(found.error, rel=1e-5)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "0.25",
            "`--budget` must be a share of the numbers, such as 25%, or how many may be stored, from 1 on; got 0.25.",
        ),
        ("0.999", "such as 99.9%, or how many"),
        ("half", "`--budget` must be a number, or a share such as 25%; got 'half'."),
        ("nan", "`--budget` must be a number, or a share such as 25%; got 'nan'."),
        ("-3", "`--budget` must be in [0, inf]; got -3."),
        ("-3%", "`--budget` must be in [0, inf]"),
    ],
)
def test_a_budget_that_can_mean_two_things_is_refused(given: str, said: str, folder: Path, capsys: Any) -> None:
    assert main(["matrix_compression", "squeeze", "tiny-lora", f"--budget={given}", "-o", "made"]) == 3
    assert said in capsys.readouterr().err
    assert not (folder / "made").exists()


@pytest.mark.parametrize(("share", "of"), [("29%", 100), ("57%", 100), ("12.5%", 256), ("33%", 99), ("0.5%", 1000)])
def test_a_share_of_a_budget_has_no_rounding(share: str, of: int) -> None:
    exact = Fraction(share.removesuffix("%")) * of / 100
    assert commands._numbers(share, of) == math.floor(exact)


def test_a_limit_that_can_mean_two_things_is_refused(folder: Path, capsys: Any) -> None:
    assert main(["matrix_compression", "certify", "tiny-lora", "tiny-lora", "--at-most", "5"]) == 3
    assert "5% is 0.05" in capsys.readouterr().err
    with pytest.raises(ValueError, match="at least 1, or 0 for none"):
        mc.compress_adapter("tiny-lora", 0.25)
