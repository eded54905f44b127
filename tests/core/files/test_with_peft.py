"""Folders that peft itself writes and loads again: what is made of them leads where its certificate says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")

from lrtheory import matrix_compression as mc  # noqa: E402
from lrtheory._files import Tensors  # noqa: E402
from lrtheory._files.safetensors import encoded, write_tensors  # noqa: E402
from lrtheory.low_rank_adapters import commands  # noqa: E402
from lrtheory.low_rank_adapters.files.changed_weights import PeftFolder  # noqa: E402
from lrtheory.low_rank_optimizers import absorb_adapter  # noqa: E402

#: peft warns of settings that it changes, and of biases among factors
pytestmark = pytest.mark.filterwarnings("ignore")
LORA: dict[str, Any] = {"r": 3, "lora_alpha": 4, "target_modules": ["q_proj", "up_proj"]}
Config = Callable[[], Any]


def lora(**options: Any) -> Config:
    return lambda: peft.LoraConfig(**(LORA | options))


def velora() -> Any:
    from peft.tuners.lora.config import VeloraConfig

    return peft.LoraConfig(**LORA, velora_config=VeloraConfig(num_groups=2))


#: adapters whose ranks are changed
SQUEEZED: dict[str, Config] = {
    "plain": lora(), "stabilized": lora(use_rslora=True), "ranks": lora(rank_pattern={"up_proj": 4}),
    "pissa": lora(init_lora_weights="pissa"), "olora": lora(init_lora_weights="olora"),
    "orthogonal": lora(init_lora_weights="orthogonal", r=4), "dora": lora(use_dora=True),
    "head": lora(modules_to_save=["lm_head"]), "norm": lora(modules_to_save=["norm"], bias="all"),
    "tokens": lora(trainable_token_indices={"embed_tokens": [1, 4]}), "velora": velora,
    "bias": lora(lora_bias=True, target_modules=["q_proj"]),
    "words": lora(target_modules=["embed_tokens", "q_proj"]),
    "conv1d": lora(target_modules=["c_proj"], fan_in_fan_out=True),
    "experts": lora(target_modules=["q_proj"], target_parameters=["experts.up", "experts.down"]),
    "convolutions": lora(target_modules=["conv", "image"], lora_bias=True),
    "dora of words": lora(target_modules=["embed_tokens", "q_proj", "c_proj"], use_dora=True),
    "dora of convolutions": lora(target_modules=["conv", "image", "voxels", "points"], use_dora=True),
}  # fmt: skip
#: adapters of kinds that become a LoRA
CONVERTED: dict[str, Config] = {
    **SQUEEZED,
    "loha": lambda: peft.LoHaConfig(r=2, alpha=3, target_modules=["q_proj", "up_proj"]),
    "lokr": lambda: peft.LoKrConfig(r=2, alpha=3, target_modules=["q_proj", "up_proj"]),
    "loha of convolutions": lambda: peft.LoHaConfig(
        r=2, alpha=3, target_modules=["conv", "image", "points"], use_effective_conv2d=True
    ),
    "lokr of convolutions": lambda: peft.LoKrConfig(
        r=1,
        alpha=3,
        target_modules=["conv", "image", "points", "tall"],
        use_effective_conv2d=True,
        rank_pattern={"conv": 4},
    ),
    "ia3": lambda: peft.IA3Config(target_modules=["q_proj", "up_proj"], feedforward_modules=["up_proj"]),
}


class Experts(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.up = torch.nn.Parameter(torch.randn(3, 8, 6))
        self.down = torch.nn.Parameter(torch.randn(3, 6, 4))


class Model(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A model with a layer of each kind that adapters change."""

    def __init__(self) -> None:
        from transformers.pytorch_utils import Conv1D

        super().__init__()
        torch.manual_seed(0)
        self.embed_tokens, self.experts = torch.nn.Embedding(9, 6), Experts()
        self.q_proj, self.up_proj = torch.nn.Linear(6, 6), torch.nn.Linear(6, 8, bias=False)
        self.c_proj, self.norm, self.lm_head = Conv1D(6, 6), torch.nn.LayerNorm(6), torch.nn.Linear(6, 9, bias=False)
        self.conv, self.image = torch.nn.Conv1d(3, 5, 2), torch.nn.Conv2d(3, 4, (2, 3), stride=2)
        self.tall = torch.nn.Conv2d(2, 24, (2, 1))
        self.points, self.voxels = torch.nn.Conv2d(4, 6, 1), torch.nn.Conv3d(2, 5, (1, 2, 1))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    arrays = {name: encoded(value.numpy(), "F32") for name, value in Model().state_dict().items()}
    (tmp_path / "base").mkdir()
    write_tensors(tmp_path / "base" / "model.safetensors", arrays)
    return tmp_path / "base"


class Speaker(Model):
    """The same model, which says where its words are, so that peft saves them beside factors of them."""

    def get_input_embeddings(self) -> Any:
        return self.embed_tokens

    def get_output_embeddings(self) -> Any:
        return self.lm_head


def trained(path: Path, config: Config, seed: int = 1, kind: type[Model] = Model) -> Path:
    """A folder whose trained numbers were all moved."""
    torch.manual_seed(seed)
    model = peft.get_peft_model(kind(), config())
    for one in model.parameters():
        one.data += 0.3 * one.requires_grad * torch.randn_like(one)
    model.save_pretrained(path)
    return path


def merged(path: Path) -> dict[str, Any]:
    """All weights after peft has loaded and merged an adapter."""
    return {
        k: v.double() for k, v in peft.PeftModel.from_pretrained(Model(), path).merge_and_unload().state_dict().items()
    }


def far(one: dict[str, Any], other: dict[str, Any]) -> float:
    assert one.keys() == other.keys()
    return float(sum(((one[name] - other[name]) ** 2).sum() for name in one)) ** 0.5


@pytest.mark.parametrize("name", SQUEEZED)
def test_squeezed_folders_are_loaded(name: str, base: Path, tmp_path: Path) -> None:
    source = trained(tmp_path / "source", SQUEEZED[name])
    truth = merged(source)
    for rank in (1, 2):
        small = mc.compress_adapter(source, rank=rank, base=base)
        small.to_file(tmp_path / f"small-{rank}")
        lost = far(truth, merged(tmp_path / f"small-{rank}"))
        # peft computes in single precision
        assert small.certificate.bound - 1e-5 <= lost <= small.certificate.achieved + 1e-5
        assert lost == pytest.approx(small.certificate.achieved, rel=1e-4, abs=1e-5)
        assert mc.certify(source, tmp_path / f"small-{rank}", base=base).achieved == pytest.approx(
            lost / far(truth, {k: v.double() for k, v in Model().state_dict().items()}), rel=1e-4, abs=1e-6
        )


@pytest.mark.parametrize("name", CONVERTED)
def test_converted_folders_are_loaded(name: str, base: Path, tmp_path: Path) -> None:
    source = trained(tmp_path / "source", CONVERTED[name])
    for rank in (2, 8):
        found = commands.convert(PeftFolder.from_file(source), rank=rank, base=Tensors(base))
        found.to_file(tmp_path / f"lora-{rank}")
        lost = far(merged(source), merged(tmp_path / f"lora-{rank}"))
        assert lost == pytest.approx(sum(fit.loss for fit in found.fits.values()) ** 0.5, rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("names", [("plain", "pissa"), ("head", "plain"), ("dora", "olora"), ("experts", "experts"),
                                   ("norm", "norm"), ("bias", "bias"), ("velora", "plain"),
                                   ("dora of words", "words"), ("dora of convolutions", "convolutions")])  # fmt: skip
def test_merged_folders_are_the_sum(names: tuple[str, str], base: Path, tmp_path: Path) -> None:
    pair = [trained(tmp_path / str(k), SQUEEZED[name], seed=k) for k, name in enumerate(names)]
    mc.merge_adapters(pair, [0.5, 0.75], rank=8, base=base).to_file(tmp_path / "sum")
    start = {k: v.double() for k, v in Model().state_dict().items()}
    one, other = map(merged, pair)
    total = {k: v + 0.5 * (one[k] - v) + 0.75 * (other[k] - v) for k, v in start.items()}
    assert far(total, merged(tmp_path / "sum")) < 1e-5


@pytest.mark.parametrize("name", SQUEEZED)
def test_merged_models_are_those_of_peft(name: str, base: Path, tmp_path: Path) -> None:
    source = trained(tmp_path / "source", SQUEEZED[name])
    absorb_adapter(base, source, dtype="float16").to_file(tmp_path / "merged")
    made = Tensors(tmp_path / "merged")
    for array, value in merged(source).items():
        assert abs(torch.from_numpy(made[array].astype(float)) - value).max() <= 2.0**-11 * abs(value).max() + 1e-5


@pytest.mark.parametrize("options", [{}, {"init_lora_weights": "pissa"}, {"init_lora_weights": "olora"},
                                     {"use_dora": True}])  # fmt: skip
def test_weights_that_peft_saves_below_factors_are_those_that_it_loads(
    options: dict[str, Any], base: Path, tmp_path: Path
) -> None:
    """A start was taken away from them, and peft takes none away once more."""
    source = trained(tmp_path / "source", lora(target_modules=["lm_head", "q_proj"], **options), kind=Speaker)
    assert "base_model.model.lm_head.base_layer.weight" in Tensors(source).names
    truth, start = merged(source), {k: v.double() for k, v in Model().state_dict().items()}
    for rank in (1, 4):
        small = mc.compress_adapter(source, rank=rank, base=base)
        small.to_file(tmp_path / f"small-{rank}")
        lost = far(truth, merged(tmp_path / f"small-{rank}"))
        assert lost == pytest.approx(small.certificate.achieved, rel=1e-4, abs=1e-5)
        proof = mc.certify(source, tmp_path / f"small-{rank}", base=base)
        assert proof.achieved == pytest.approx(lost / far(truth, start), rel=1e-4, abs=1e-5)
    commands.convert(PeftFolder.from_file(source), rank=8, base=Tensors(base)).to_file(tmp_path / "lora")
    assert far(truth, merged(tmp_path / "lora")) < 1e-5
    found = absorb_adapter(base, source, dtype="float16")
    change = torch.linalg.norm(truth["lm_head.weight"] - start["lm_head.weight"])
    told = found.modules["update"][found.names.index("lm_head")]
    assert told == pytest.approx(float(change / torch.linalg.norm(start["lm_head.weight"])), rel=1e-5)
    found.to_file(tmp_path / "merged")
    for array, value in truth.items():
        made = torch.from_numpy(Tensors(tmp_path / "merged")[array].astype(float))
        assert abs(made - value).max() <= 2.0**-11 * abs(value).max() + 1e-5
