"""Ranks for the next training: what a budget is best spent on, as settings that peft takes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory.cli import main
from tests.core.files.reader import BASE, FOLDERS

RNG = np.random.default_rng(0)
SHAPES = {"layers.0.q": (12, 10), "q": (8, 9), "layers.0.v": (6, 6)}


def saved(path: Path, sizes: dict[str, float]) -> Path:
    modules = {
        name: mc.AdapterModule(sizes[name] * RNG.normal(size=(m, 4)), RNG.normal(size=(4, n)), scale=0.5)
        for name, (m, n) in SHAPES.items()
    }
    mc.AdapterFile(modules).to_peft(path)
    return path


def ranks_of(adapter: Path, *options: str) -> int:
    return main(["matrix_compression", "ranks", str(adapter), *options])


def found_by_peft(settings: dict[str, Any], name: str) -> tuple[float, float]:
    """The rank and the alpha of a module: those of the first pattern that its name ends with."""
    both = []
    for key, pattern in (("r", "rank_pattern"), ("lora_alpha", "alpha_pattern")):
        fits = [value for regex, value in settings[pattern].items() if re.match(rf"(.*\.)?({regex})$", name)]
        both.append(fits[0] if fits else settings[key])
    return both[0], both[1]


@pytest.mark.parametrize("budget", ["50%", "100%", "60"])
def test_a_budget_becomes_settings(budget: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = saved(tmp_path / "a", dict(zip(SHAPES, (5.0, 1.0, 0.2), strict=True)))
    assert ranks_of(source, "--budget", budget, "--rank-pattern", str(tmp_path / "next.json")) == 0
    settings = json.loads((tmp_path / "next.json").read_text())
    assert set(settings) == {"r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules"}
    whole = mc.AdapterFile.from_peft(source)
    numbers = 60 if budget == "60" else int(whole.storage * float(budget[:-1]) / 100)
    small = mc.compress_adapter(whole, numbers)
    for name, rank in small.ranks.items():
        if rank:
            told, alpha = found_by_peft(settings, name)
            assert told == rank
            assert alpha / told == 0.5
    named = settings["target_modules"]
    kept = {n for n, rank in small.ranks.items() if rank}
    if isinstance(named, str):
        assert {n for n in SHAPES if re.fullmatch(named, n)} == kept
    else:
        assert {n for n in SHAPES if any(n == one or n.endswith(f".{one}") for one in named)} == kept
    assert f"at which {small.error:.2%} of the norm is lost" in capsys.readouterr().out
    assert ranks_of(source, "--budget", budget, "--rank-pattern", str(tmp_path / "next.json")) == 3
    assert "is there already" in capsys.readouterr().err


def test_experts_get_one_rank_and_keep_their_scale(tmp_path: Path) -> None:
    source = FOLDERS / "experts"
    assert ranks_of(source, "--budget", "100", "--rank-pattern", str(tmp_path / "next.json")) == 0
    settings = json.loads((tmp_path / "next.json").read_text())
    assert settings["target_parameters"] == ["experts.gate_up_proj", "experts.down_proj"]
    assert (settings["r"], settings["lora_alpha"]) == (1, 1.5)


def test_a_start_needs_the_model_and_a_dora_becomes_a_lora(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("pissa", "dora"):
        options = ["--budget", "50%", "--rank-pattern", str(tmp_path / f"{name}.json")]
        assert ranks_of(FOLDERS / name, *options) == 3
        assert "give the model with `--base`" in capsys.readouterr().err
        assert ranks_of(FOLDERS / name, *options, "--base", str(BASE)) == 0
        settings = json.loads((tmp_path / f"{name}.json").read_text())
        whole = mc.AdapterFile.from_peft(FOLDERS / name)
        cost = sum(
            found_by_peft(settings, n)[0] * sum(one.shape)
            for n, one in whole.modules.items()
            if n in settings["target_modules"]
        )
        assert 0 < cost <= math.floor(whole.storage / 2)


def test_options_come_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = saved(tmp_path / "a", dict.fromkeys(SHAPES, 1.0))
    for options in (["--budget", "50%"], ["--rank-pattern", str(tmp_path / "x.json")]):
        assert ranks_of(source, *options) == 3
        assert "given both or none of them" in capsys.readouterr().err
    assert ranks_of(source, "--budget", "3", "--rank-pattern", str(tmp_path / "x.json")) == 3
    assert "the cost of a rank of one module" in capsys.readouterr().err
    assert not (tmp_path / "x.json").exists()
