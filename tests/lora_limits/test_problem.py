"""Heads, their files, makers, and what is refused with which sentence."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from lrtheory import lora_limits as ll
from tests.lora_limits import oracles


@pytest.fixture(scope="module")
def problem():
    return oracles.random_problem(0)


def refused(sentence, error=ValueError):
    return pytest.raises(error, match=sentence)


# --- heads -----------------------------------------------------------------------------------------------------------


def make_head(**changes):
    one = np.eye(3)
    pairs = {"Q": (np.ones((2, 3)), np.ones((3, 2)))}
    options = {"WQ": one, "WK": one, "WV": one, "adapters": pairs, "alpha": 1.0, "beta": 1.0} | changes
    return ll.LoRAHead(options.pop("WQ"), options.pop("WK"), options.pop("WV"), **options)


HEADS = [
    ({"beta": 0.0}, r"`beta` must be in \(0, inf\); got 0\.0\."),
    ({"beta": float("nan")}, "`beta` must be"),
    ({"alpha": float("inf")}, "`alpha` must be in"),
    ({"WK": np.eye(3)[:, :2]}, r"`WK` must be as wide as WQ, \(3 columns\); got \(3, 2\)"),
    ({"WQ": np.array([[np.nan]])}, "`WQ` must be finite; got 'an infinity or NaN'"),
    ({"WV": np.ones(3)}, "`WV` must be of shape"),
    ({"adapters": {"X": (1, 2)}}, "`adapters` must be a mapping from 'Q', 'K', 'V'"),
    ({"adapters": {"Q": (np.ones((0, 3)), np.ones((3, 0)))}}, r"`the rank of adapter Q` must be in \[1, 3\]; got 0"),
    ({"adapters": {"Q": (np.ones((4, 3)), np.ones((3, 4)))}}, r"`the rank of adapter Q` must be in \[1, 3\]; got 4"),
    ({"adapters": {"Q": (np.ones((3, 2)), np.ones((2, 3)))}}, r"`A of Q` must be of shape \(r, 3\); got \(3, 2\)"),
    ({"adapters": {"Q": (np.ones((2, 3)), np.ones((2, 3)))}}, r"`B of Q` must be of shape \(3, 2\); got \(2, 3\)"),
]


@pytest.mark.parametrize(("changes", "sentence"), HEADS)
def test_heads_are_checked(changes, sentence):
    with refused(sentence):
        make_head(**changes)


def test_types_of_heads():
    with refused("`WQ` must be an array of real numbers", TypeError):
        make_head(WQ=np.eye(3, dtype=complex))
    with refused("`adapters\\['Q'\\]` must be a pair", TypeError):
        make_head(adapters={"Q": np.ones((2, 3))})
    torch = pytest.importorskip("torch")
    with refused("`A of Q` must be an array of the library of the other inputs", TypeError):
        make_head(adapters={"Q": (torch.ones(2, 3), torch.ones(3, 2))})
    with pytest.raises(TypeError, match="beta"):
        ll.LoRAHead(np.eye(2), np.eye(2), np.eye(2), adapters={}, alpha=1.0)


def test_a_head_is_immutable_and_pickles():
    head = make_head(alpha=6.0)
    with pytest.raises(TypeError):
        head.adapters["K"] = head.adapters["Q"]
    again = pickle.loads(pickle.dumps(head))
    np.testing.assert_array_equal(again.effective("Q"), head.effective("Q"))
    assert head.scale("Q") == 3.0
    assert make_head(alpha=6.0, rslora=True).scale("Q") == pytest.approx(6 / 2**0.5)


def save(path, tensors):
    pytest.importorskip("safetensors").numpy.save_file(tensors, path)


def test_a_head_from_a_file_with_biases(tmp_path):
    pytest.importorskip("safetensors.numpy")
    rng = np.random.default_rng(0)
    full = {kind: rng.normal(size=(6, 5)).astype(np.float32) for kind in ("query", "key", "value")}
    name = lambda kind, what: f"encoder.layer.1.attention.self.{kind}.{what}"
    tensors = {name(kind, "weight"): W for kind, W in full.items()}
    tensors |= {name(kind, "bias"): rng.normal(size=6).astype(np.float32) for kind in full}
    tensors |= {"encoder.layer.11.attention.self.query.weight": full["key"]}
    save(tmp_path / "model.safetensors", tensors)
    head = ll.LoRAHead.from_safetensors(tmp_path / "model.safetensors", 1, 2, n_heads=3, alpha=4, rank=2, rng=0)
    x = rng.normal(size=(4, 5))
    expected = x @ full["value"][4:6].T + tensors[name("value", "bias")][4:6]
    np.testing.assert_allclose(np.c_[x, np.ones(4)] @ head.WV, expected, rtol=1e-6)
    assert head.beta == pytest.approx(2**-0.5)
    assert head.adapters["Q"][0].shape == (2, 6)
    with refused("`layer` must be"):
        ll.LoRAHead.from_safetensors(tmp_path / "model.safetensors", 7, 0, n_heads=3, alpha=4)
    with refused("`n_heads` must be a divisor of 6"):
        ll.LoRAHead.from_safetensors(tmp_path / "model.safetensors", 1, 0, n_heads=4, alpha=4)


def test_heads_that_share_keys_and_adapters_of_peft(tmp_path):
    """Four heads of queries, two of keys and values; the adapters of a file, cut to the head."""
    pytest.importorskip("safetensors.numpy")
    rng = np.random.default_rng(1)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    base = {"model.layers.0.self_attn.q_proj.weight": draw(8, 5)}
    base |= {f"model.layers.0.self_attn.{kind}_proj.weight": draw(4, 5) for kind in "kv"}
    prefix = "base_model.model.model.layers.0.self_attn"
    lora = {f"{prefix}.q_proj.lora_A.weight": draw(3, 5), f"{prefix}.q_proj.lora_B.weight": draw(8, 3)}
    lora |= {f"{prefix}.v_proj.lora_A.weight": draw(3, 5), f"{prefix}.v_proj.lora_B.weight": draw(4, 3)}
    save(tmp_path / "base.safetensors", base)
    save(tmp_path / "adapter.safetensors", lora)
    head = ll.LoRAHead.from_safetensors(
        tmp_path / "base.safetensors", 0, 3, n_heads=4, alpha=6, adapters=tmp_path / "adapter.safetensors"
    )
    full = (
        base["model.layers.0.self_attn.q_proj.weight"]
        + 2 * lora[f"{prefix}.q_proj.lora_B.weight"] @ lora[f"{prefix}.q_proj.lora_A.weight"]
    )
    np.testing.assert_allclose(head.effective("Q"), full[6:8].T, rtol=1e-5)
    np.testing.assert_array_equal(head.WK, base["model.layers.0.self_attn.k_proj.weight"][2:4].T)
    np.testing.assert_array_equal(head.adapters["V"][1], lora[f"{prefix}.v_proj.lora_B.weight"][2:4])
    assert set(head.adapters) == {"Q", "V"}


@pytest.fixture
def stored(tmp_path):
    """A model of four heads in a folder, and a way to save it with metadata and files beside it."""
    pytest.importorskip("safetensors.numpy")
    rng = np.random.default_rng(2)
    names = [f"model.layers.0.self_attn.{kind}_proj" for kind in "qkv"]
    weights = {f"{name}.weight": rng.normal(size=(8, 5)).astype(np.float32) for name in names}

    def saved(metadata=None, **beside):
        from safetensors.numpy import save_file

        save_file(weights, tmp_path / "model.safetensors", metadata=metadata)
        for name, table in beside.items():
            (tmp_path / f"{name}.json").write_text(table if isinstance(table, str) else json.dumps(table))
        return tmp_path / "model.safetensors"

    return saved


def test_a_head_whose_files_say_everything(stored):
    """The call of three arguments, with what transformers and peft write beside a model."""
    path = stored(
        config={"num_attention_heads": 4},
        adapter_config={"lora_alpha": 6, "r": 3, "use_rslora": True, "alpha_pattern": {}},
    )
    head = ll.LoRAHead.from_safetensors(path, 0, 3)
    given = ll.LoRAHead.from_safetensors(path, 0, 3, n_heads=4, alpha=6, rank=3, rslora=True)
    np.testing.assert_array_equal(head.WQ, given.WQ)
    assert (head.WQ.shape, head.alpha, head.rslora, head.adapters["Q"][0].shape) == ((5, 2), 6.0, True, (3, 5))
    over = ll.LoRAHead.from_safetensors(path, 0, 1, n_heads=2, alpha=1.0, rank=2, rslora=False)
    assert (over.WQ.shape, over.alpha, over.rslora, over.adapters["Q"][0].shape) == ((5, 4), 1.0, False, (2, 5))


def test_the_metadata_of_a_file_is_believed_first(stored):
    path = stored(metadata={"n_heads": "2", "lora_alpha": "0.5", "r": "4"}, config={"num_attention_heads": 4})
    head = ll.LoRAHead.from_safetensors(path, 0, 1)
    assert (head.WQ.shape, head.alpha, head.rslora) == ((5, 4), 0.5, False)


def test_adapters_in_a_folder_of_their_own(stored, tmp_path):
    path = stored(config={"text_config": {"num_attention_heads": 4}})
    folder = tmp_path / "adapter"
    folder.mkdir()
    prefix = "base_model.model.model.layers.0.self_attn.q_proj"
    pair = {
        f"{prefix}.lora_A.weight": np.ones((2, 5), np.float32),
        f"{prefix}.lora_B.weight": np.ones((8, 2), np.float32),
    }
    save(folder / "adapter_model.safetensors", pair)
    (folder / "adapter_config.json").write_text(json.dumps({"lora_alpha": 16, "use_rslora": True}))
    head = ll.LoRAHead.from_safetensors(path, 0, 1, adapters=folder / "adapter_model.safetensors")
    assert (head.alpha, head.scale("Q")) == (16.0, pytest.approx(16 / 2**0.5))


@pytest.mark.parametrize(
    ("beside", "options", "sentence"),
    [
        (
            {},
            {"alpha": 1.0},
            "`n_heads` must be given, as neither the metadata of the file nor a config.json beside it says",
        ),
        ({}, {"n_heads": 4, "rank": 2}, "`alpha` must be given, as neither .* says 'lora_alpha' or 'alpha'; got None"),
        (
            {"adapter_config": {"lora_alpha": 8, "alpha_pattern": {"q_proj": 4}}},
            {"n_heads": 4},
            "`alpha` must be given",
        ),
        ({"config": {"num_attention_heads": 3}}, {"alpha": 1.0}, "`n_heads` must be a divisor of 8"),
        ({"config": {"num_attention_heads": 0}}, {"alpha": 1.0}, "`n_heads` must be an integer of at least 1"),
        ({"config": "{"}, {"alpha": 1.0}, "config.json:1: no JSON"),
        ({"config": "[]"}, {"alpha": 1.0}, "config.json: no JSON object"),
        ({"config": {"num_attention_heads": 4}}, {"alpha": 1.0, "adapt": 3}, "`adapt` must be some of 'Q', 'K', 'V'"),
    ],
)
def test_files_that_do_not_say_it(stored, beside, options, sentence):
    with refused(sentence):
        ll.LoRAHead.from_safetensors(stored(**beside), 0, 0, **options)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_half_precision_and_a_letter_without_bias(tmp_path, kind):
    torch, files = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    name = lambda kind, what: f"decoder.layers.0.self_attn.{kind}_proj.{what}"
    full = {projection: torch.randn(6, 4, dtype=getattr(torch, kind)) for projection in "qkv"}
    tensors = {name(projection, "weight"): W for projection, W in full.items()}
    tensors |= {name(projection, "bias"): torch.ones(6, dtype=getattr(torch, kind)) for projection in "qv"}
    files.save_file(tensors, tmp_path / "half.safetensors")
    head = ll.LoRAHead.from_safetensors(tmp_path / "half.safetensors", 0, 1, n_heads=2, alpha=1, rank=1, rng=0)
    np.testing.assert_array_equal(head.WK[:-1], full["k"][3:].T.float().numpy())
    assert head.WK.dtype == np.float32
    assert head.WK[-1].tolist() == [0, 0, 0]
    assert head.WQ[-1].tolist() == [1, 1, 1]


# --- what the solver refuses -----------------------------------------------------------------------------------------

CALLS = [
    ({"XQ": np.ones((12, 6))}, r"`XQ` must be of 7 columns, as WQ has rows; got \(12, 6\)"),
    ({"XQ": np.ones((0, 7))}, "`XQ` must be of shape .* not empty"),
    ({"XQ": np.full((12, 7), np.nan)}, "`XQ` must be finite"),
    ({"XV": np.ones((8, 7))}, r"`XV` must be of 9 rows, as XK; got \(8, 7\)"),
    ({"Y": np.ones((12, 4))}, r"`Y` must be of shape \(12, 3\)"),
    ({"Y": np.ones((2, 12, 3)), "XK": np.ones((3, 9, 7))}, "`the batch axis` must be of one size everywhere"),
    ({"mask": "causal"}, "`mask` must be None or lengths where queries and keys differ in number"),
    ({"mask": "full"}, "`mask` must be None, 'causal', or lengths; got 'full'"),
    ({"mask": np.array([3])}, "`mask` must be a pair of lengths"),
    ({"mask": (np.array([3]), np.array([10]))}, r"`mask` must be lengths in \[1, 9\]"),
    ({"mask": (np.array([3]), np.array([1.5]))}, "`mask` must be None, 'causal', or 1 integer lengths"),
    ({"adapt": ()}, "`adapt` must be some of 'Q', 'K', 'V'"),
    ({"adapt": ("Q", "Q")}, "`adapt` must be some of"),
    ({"method": "fast"}, "`method` must be one of 'auto', 'dense', 'tiled', 'low-rank', 'hybrid'; got 'fast'"),
    ({"degree": -1}, r"`degree` must be an integer in \[0, "),
    ({"degree": 2, "tol": 1e-3}, "`degree, tol, max_error` must be at most one of these; got degree and tol"),
    ({"tol": 0.0}, r"`tol` must be in \(0, 1\)"),
    ({"max_error": -1.0}, r"`max_error` must be in \(0, inf\)"),
    ({"polynomial": "padé"}, "`polynomial` must be one of"),
    ({"n_jobs": 0}, "`n_jobs` must be None, -1 or at least 1"),
    ({"block": 0}, "`block` must be an integer of at least 1"),
]


@pytest.mark.parametrize(("changes", "sentence"), CALLS)
def test_calls_are_checked(problem, changes, sentence):
    fields = {name: changes.get(name, getattr(problem, name)) for name in ("XQ", "Y", "XK", "XV", "mask")}
    options = {name: value for name, value in changes.items() if name not in fields}
    with refused(sentence):
        ll.lora_gradients(problem.head, fields.pop("XQ"), fields.pop("Y"), **fields, **options)


def test_types_of_calls(problem):
    with refused("`head` must be a LoRAHead or an AttentionProblem", TypeError):
        ll.lora_gradients("head", problem.XQ, problem.Y)
    with refused("`XQ` must be a dense array", TypeError):
        ll.lora_gradients(problem.head, csr_array(problem.XQ), problem.Y)
    with refused("left out beside an AttentionProblem"):
        ll.lora_gradients(problem, problem.XQ)
    with refused("`full_gradient` must be True or False", TypeError):
        ll.lora_gradients(problem, full_gradient=1)


@pytest.mark.parametrize("kind", ["lists", "frames", "frames that may lack numbers"])
def test_lists_and_frames_are_read_as_arrays(kind):
    pandas = pytest.importorskip("pandas")
    problem = oracles.random_problem(1)
    makers = {
        "lists": lambda table: table.tolist(),
        "frames": pandas.DataFrame,
        "frames that may lack numbers": lambda table: pandas.DataFrame(table).astype("Float64"),
    }
    given = {name: makers[kind](getattr(problem, name)) for name in ("XQ", "Y", "XK", "XV")}
    wanted = ll.lora_gradients(problem, method="dense")
    XQ, Y = given.pop("XQ"), given.pop("Y")
    held = ll.AttentionProblem(problem.head, XQ, Y, **given)
    assert repr(held) == repr(problem)
    for found in (
        ll.lora_gradients(problem.head, XQ, Y, **given, method="dense"),
        ll.lora_gradients(held, method="dense"),
    ):
        np.testing.assert_array_equal(found.W["Q"], wanted.W["Q"])
    assert ll.diagnose(problem.head, XQ, XK=given["XK"], XV=given["XV"]).text == ll.diagnose(problem).text


def test_a_frame_that_lacks_a_number_is_refused():
    pandas = pytest.importorskip("pandas")
    problem = oracles.random_problem(1)
    frame = pandas.DataFrame(problem.XQ).astype("Float64")
    frame.iloc[0, 0] = pandas.NA
    with refused("`XQ` must be an array of real numbers; got an array of shape", TypeError):
        ll.lora_gradients(problem.head, frame, problem.Y, XK=problem.XK, XV=problem.XV)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["dense", "tiled", "low-rank", "auto"])
def test_what_overflows_is_refused_without_warnings(method):
    X = np.array([[1e15, 1e15], [-1e15, -1e15]] * 3, np.float32)
    head = ll.LoRAHead(*[1e-20 * np.eye(2)] * 2, np.eye(2), adapters={}, alpha=1.0, beta=1.0)
    with refused("`XQ, XK, XV, Y` must be small enough for gradients that are finite in float32"):
        ll.lora_gradients(head, X, X, method=method)


def test_low_rank_refusals_name_the_exact_method():
    large = ll.make_uniform(20, 4, bound=6.0, rng=0)
    with refused("`method` must be 'tiled' for logits up to"):
        ll.lora_gradients(large, method="low-rank")
    with refused("`method` must be 'tiled': degree 4 in 64 variables has 814385 features"):
        ll.lora_gradients(ll.make_uniform(20, 64, bound=0.1, rng=0), method="low-rank", degree=4)
    with refused("`method` must be 'dense' or 'tiled' with a causal mask"):
        ll.lora_gradients(replace(ll.make_uniform(20, 4, rng=0), mask="causal"), method="low-rank")
    with refused("`method` must be 'tiled': a row of the approximated exponentials"):
        keys = np.array([[-10.0]] + [[1.0]] * 10)  # 1 + s + s^2 / 2 + s^3 / 6 sums to -99
        one = ll.LoRAHead([[1.0]], [[1.0]], [[1.0]], adapters={}, alpha=1, beta=1.0)
        ll.lora_gradients(one, np.ones((1, 1)), np.ones((1, 1)), XK=keys, method="low-rank", degree=3)
    with refused("`max_error` must be above what rounding allows"):
        ll.lora_gradients(ll.make_uniform(20, 2, rng=0), method="low-rank", max_error=1e-15)


def test_exponentials_are_checked():
    with refused("`degree, epsilon` must be exactly one of these; got none of them"):
        ll.exp_polynomial(1.0)
    with refused("`bound` must be in"):
        ll.exp_polynomial(-1.0, degree=2)
    with refused("`kind` must be one of"):
        ll.exp_polynomial(1.0, degree=2, kind="pade")
    with refused("`Q, K` must be matrices of equal width"):
        ll.attention_factors(np.ones((2, 2)), np.ones((2, 3)), ll.exp_polynomial(1.0, degree=1))


def test_chains_are_checked():
    ones = np.ones
    good = {"C1": ones((4, 2)), "C2": ones((3, 2)), "C3": ones((3, 1)), "Y": ones((4, 1)), "W": np.eye(2)}
    for name, value in (("W", ones((2, 3))), ("C3", ones((4, 1))), ("Y", ones((3, 1))), ("C1", ones(4))):
        with refused(name):
            ll.gradient_chain(**(good | {name: value}), beta=1.0)
    with refused("`beta` must be in"):
        ll.gradient_chain(**good, beta=0.0)


# --- makers ----------------------------------------------------------------------------------------------------------


def test_makers():
    first, again = (ll.make_outliers(50, 3, n_outliers=4, factor=7.0, rng=5) for _ in range(2))
    np.testing.assert_array_equal(first.XK, again.XK)
    assert (np.abs(first.XK).max(1) > 0.5).sum() <= 4
    assert ll.make_uniform(5, 2, rng=0).head.beta == 0.5
    with refused("`n_outliers` must be an integer in"):
        ll.make_outliers(5, 2, n_outliers=6)
    with refused("`bound` must be in"):
        ll.make_uniform(5, 2, bound=0.0)
