"""DoRA in the folders of peft: squeezed, converted and compared with the model, whose rows it turns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lrtheory import matrix_compression as mc
from lrtheory._files import Tensors
from lrtheory._files.adapters import AdapterFile
from lrtheory.cli import main
from lrtheory.low_rank_adapters import commands
from lrtheory.low_rank_adapters.files.changed_weights import PeftFolder
from tests.core.files.reader import BASE, FOLDERS, arrays, distance
from tests.rules.certificates.forging import with_gap

MODEL = arrays(BASE / "model.safetensors")


def test_dora_stays_one_where_it_is_squeezed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = FOLDERS / "dora"
    with pytest.raises(ValueError, match="give the model with `base`"):
        mc.compress_adapter(source, rank=1)
    with pytest.raises(ValueError, match="left out for a DoRA"):
        mc.compress_adapter(source, epsilon=0.5, base=BASE)
    small = mc.compress_adapter(source, rank=1, base=BASE)
    small.to_file(tmp_path / "small")
    assert json.loads((tmp_path / "small" / "adapter_config.json").read_text())["use_dora"] is True
    # lengths of rows that stay as they were are no nearer
    kept = {name: replace(one, magnitude=AdapterFile.from_peft(source).modules[name].magnitude)
            for name, one in small.adapter.modules.items()}  # fmt: skip
    replace(small.adapter, modules=kept, source=None).to_peft(tmp_path / "kept")
    far = distance(source, tmp_path / "small")
    assert far == pytest.approx(small.certificate.achieved, rel=1e-6)
    assert far < distance(source, tmp_path / "kept")
    # of what may be stored, the lengths of the 14 rows are no part of the ranks
    line = ["matrix_compression", "squeeze", str(source), "--base", str(BASE), "--budget"]
    assert main([*line, "40"]) == 0
    assert "40 of 66 numbers" in capsys.readouterr().out
    assert main([*line, "13"]) == 3
    assert "at least 14, the norms of rows" in capsys.readouterr().err
    assert not with_gap(small.certificate, achieved=0.9 * far).verify(((source,), BASE))


def test_a_dora_with_a_module_of_rank_0_is_without_it(tmp_path: Path) -> None:
    source = FOLDERS / "dora"
    sizes = {name: 1e-9 if name == "q_proj" else 1.0 for name in AdapterFile.from_peft(source)}
    small = mc.compress_adapter(source, 14, weights=sizes, base=BASE)
    assert sorted(small.ranks.values()) == [0, 1]
    small.to_file(tmp_path / "small")
    assert distance(source, tmp_path / "small") == pytest.approx(small.certificate.achieved, rel=1e-6)
    assert small.certificate.verify(((source,), BASE))


def test_dora_is_converted_and_compared(tmp_path: Path) -> None:
    source = FOLDERS / "dora"
    with pytest.raises(ValueError, match="give the model with `base`"):
        mc.certify(source, FOLDERS / "plain")
    found = commands.convert(PeftFolder.from_file(source), rank=2, base=Tensors(BASE))
    found.to_file(tmp_path / "lora")
    far = distance(source, tmp_path / "lora")
    assert far == pytest.approx(np.sqrt(sum(fit.loss for fit in found.fits.values())), rel=1e-5)
    assert mc.certify(source, tmp_path / "lora", base=BASE).achieved == pytest.approx(
        far / distance(source, MODEL), rel=1e-5
    )
    assert json.loads((tmp_path / "lora" / "adapter_config.json").read_text())["use_dora"] is False
    parts = AdapterFile.from_peft(source).modules
    with pytest.raises(ValueError, match="with magnitudes under use_dora"):
        AdapterFile(parts)
