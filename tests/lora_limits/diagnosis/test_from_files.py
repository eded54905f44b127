"""From a model on disk to the regimes of its heads."""

import json
from pathlib import Path

import numpy as np
import pytest

from lrtheory import lora_limits as ll
from lrtheory.cli import main

TINY = Path(__file__).resolve().parents[2] / "files" / "tiny-model"


def stored(folder, tensors, **config):
    """Write a model by hand, without the package of the format."""
    folder.mkdir(exist_ok=True)
    header, data = {}, b""
    for name, array in tensors.items():
        first, data = len(data), data + array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [first, len(data)]}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def states(n_layers=2, width=8):
    return np.random.default_rng(0).normal(size=(n_layers, 24, width))


def test_every_head_is_diagnosed_as_alone():
    x = states()
    found = ll.diagnose_model(TINY, x)
    assert list(zip(found.layers, found.heads, strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for i, (layer, head) in enumerate(zip(found.layers, found.heads, strict=True)):
        alone = ll.diagnose(ll.LoRAHead.from_safetensors(TINY, layer, head), x[layer])
        assert found.logit_bounds[i] == alone.logit_bound
        assert found.regimes[i] == alone.regime
        assert found.degrees[i] == (-1 if alone.degree is None else alone.degree)
    assert ll.diagnose_model(TINY, {1: x[1]}, layers=[1]).layers.tolist() == [1, 1]


def test_a_model_needs_neither_adapter_nor_alpha():
    head = ll.LoRAHead.from_safetensors(TINY, 0, 1)
    assert dict(head.adapters) == {}
    assert head.beta == 0.5  # 1 / sqrt(4)
    assert set(ll.LoRAHead.from_safetensors(TINY, 0, 1, alpha=4, rng=0).adapters) == {"Q", "V"}


def test_the_fused_projections_of_gpt2(tmp_path):
    """One matrix holds the three side by side, applied from the right: x W + b."""
    rng = np.random.default_rng(1)
    W, b = rng.normal(size=(6, 18)).astype(np.float32), rng.normal(size=18).astype(np.float32)
    model = stored(tmp_path / "gpt2", {"h.0.attn.c_attn.weight": W, "h.0.attn.c_attn.bias": b}, n_head=2)
    head, x = ll.LoRAHead.from_safetensors(model, 0, 1), rng.normal(size=(5, 6)).astype(np.float32)
    queries, keys, values = np.split(x @ W + b, 3, axis=1)
    for letter, full in zip("QKV", (queries, keys, values), strict=True):
        np.testing.assert_allclose(np.c_[x, np.ones(5)] @ head.weight(letter), full[:, 3:], rtol=1e-5, atol=1e-6)
    assert len(ll.diagnose_model(model, states(1, 6)).heads) == 2


def test_a_layer_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(ValueError, match="`layer` must be one of the layers with attention in the file, 0 to 1; got 7"):
        ll.LoRAHead.from_safetensors(TINY, 7, 0)
    with pytest.raises(ValueError, match="`states` must be those of layer 1 too"):
        ll.diagnose_model(TINY, states(1))


def test_a_file_without_attention(tmp_path):
    model = stored(tmp_path / "mlp", {"layers.0.dense.weight": np.ones((2, 2))}, n_head=1)
    with pytest.raises(ValueError, match="`path` must be a model with projections of queries"):
        ll.ModelFile.from_file(model)


def test_nothing_says_how_many_heads_there_are(tmp_path, capsys):
    name = "layers.0.attn.{}_proj.weight"
    model = stored(tmp_path / "m", {name.format(kind): np.eye(4) for kind in "qkv"})
    with pytest.raises(ValueError, match="`n_heads` must be given"):
        ll.ModelFile.from_file(model)
    assert ll.ModelFile.from_file(model, n_heads=2).layers == (0,)
    np.save(tmp_path / "states.npy", states(1)[:, :, :4])
    words = ["lora_limits", "diagnose", str(model), "--inputs", str(tmp_path / "states.npy")]
    assert main(words) == 3
    assert "`--n-heads` must be given" in capsys.readouterr().err
    assert main([*words, "--n-heads", "2", "--json"]) == 0
    assert [row[1] for row in json.loads(capsys.readouterr().out)["rows"]] == [0, 1]


@pytest.mark.parametrize(
    ("shapes", "layers", "n_tokens"),
    [
        ({"hidden_states": (3, 5, 4)}, [0, 1, 2], 5),
        ({"hidden_states": (3, 1, 5, 4)}, [0, 1, 2], 5),
        ({"hidden_states": (3, 1, 4)}, [0, 1, 2], 1),
        ({"hidden_states": (1, 1, 1, 4)}, [0], 1),
        ({"layer_0": (5, 4), "layer_11": (5, 4)}, [0, 11], 5),
        ({"layer_0": (1, 5, 4), "layer_1": (1, 5, 4)}, [0, 1], 5),
    ],
)
def test_hidden_states_as_people_save_them(shapes, layers, n_tokens, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    np.savez(tmp_path / "s.npz", **arrays)
    found = ll.HiddenStates.from_file(tmp_path / "s.npz")
    assert sorted(found) == layers
    expected = np.concatenate([x.ravel() for x in arrays.values()]).reshape(-1, n_tokens, 4)
    np.testing.assert_array_equal([found[layer] for layer in layers], expected)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((5, 4), r"names end in the number of their layer are needed; got 'states' of shape \(5, 4\)"),
        ((3, 2, 5, 4), r"`states` must be .+; got \(3, 2, 5, 4\)"),  # of two texts
    ],
)
def test_hidden_states_of_another_form(shape, said, tmp_path):
    np.savez(tmp_path / "s.npz", states=np.ones(shape))
    with pytest.raises(ValueError, match=said):
        ll.HiddenStates.from_file(tmp_path / "s.npz")


def test_the_map_has_a_cell_for_each_head():
    ax = ll.diagnose_model(TINY, states()).plot()
    (shown,) = ax.images
    assert shown.get_array().shape == (2, 2)
    assert "low rank pays in 0 of 4 heads" in repr(ll.diagnose_model(TINY, states()))


def test_an_adapter_alone_is_no_model_and_joins_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rng, folder = np.random.default_rng(1), "base_model.model.model.layers.0.self_attn"
    plain = {f"model.layers.0.self_attn.{name}_proj.weight": rng.normal(size=(8, 8)) for name in "qkvo"}
    A, B = rng.normal(size=(2, 8)), rng.normal(size=(8, 2))
    stored(tmp_path / "model", plain, num_attention_heads=2)
    stored(tmp_path / "adapter", {f"{folder}.q_proj.lora_A.weight": A, f"{folder}.q_proj.lora_B.weight": B})
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps({"r": 2, "lora_alpha": 6}))
    with pytest.raises(ValueError, match="an adapter alone; name the folder of its model"):
        ll.ModelFile.from_file(tmp_path / "adapter")
    name = "model.layers.0.self_attn.q_proj.weight"
    merged = plain | {name: plain[name] + 3 * B @ A}
    stored(tmp_path / "merged", merged, num_attention_heads=2)
    np.save(tmp_path / "states.npy", 0.05 * states(1))
    tables = []
    for line in ("model", "model --adapters adapter", "merged"):
        assert main(["lora_limits", "diagnose", *line.split(), "--inputs", "states.npy", "--json"]) == 0
        tables.append(json.loads(capsys.readouterr().out))
    bounds = [[row[2] for row in table["rows"]] for table in tables]
    np.testing.assert_allclose(bounds[1], bounds[2], rtol=1e-5)
    assert not np.allclose(bounds[0], bounds[1], rtol=0.01)


def test_what_is_said_of_logits_is_a_bound_without_rotary_embeddings():
    x = states()
    found = ll.diagnose_model(TINY, x)
    for i, (layer, head) in enumerate(zip(found.layers, found.heads, strict=True)):
        one = ll.LoRAHead.from_safetensors(TINY, layer, head)
        logits = one.beta * x[layer] @ one.WQ @ (x[layer] @ one.WK).T
        assert np.abs(logits).max() <= found.logit_bounds[i]
    assert list(found._columns())[2] == "logit bound"
    assert "the largest bound on logits" in found._facts()[1]
    assert "rotary embeddings, where the model has them, are not applied" in found._facts()[1]


def test_the_states_of_one_layer(tmp_path):
    x = states(1)
    np.save(tmp_path / "x.npy", x)  # all layers of a model of one
    np.savez(tmp_path / "x.npz", layer_3=x)  # one text of layer 3
    for path, layer in (("x.npy", 0), ("x.npz", 3)):
        found = ll.HiddenStates.from_file(tmp_path / path)
        assert list(found) == [layer]
        np.testing.assert_array_equal(found[layer], x[0])
