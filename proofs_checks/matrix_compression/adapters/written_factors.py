"""Factors in files: scales and ranks, and casts to a format."""

from __future__ import annotations

import json
import re
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._files import safetensors
from lrtheory._files.adapters import settings
from lrtheory._files.safetensors import decoded, encoded
from lrtheory._kernels import low_rank
from lrtheory._numbers import numbers
from lrtheory._validation import choice, pair
from lrtheory.bounds import (
    Derived,
    Draws,
    Family,
    Identity,
    Inequality,
    Number,
    Sides,
    Statement,
    Tight,
    formula,
    rounding,
    saboteur,
)
from lrtheory.matrix_compression import compress_adapter, theory
from proofs_checks.matrix_compression.families.exact import norm
from proofs_checks.matrix_compression.families.updates import Update, are_factors, is_update


@dataclass(frozen=True)
class Folder:
    """An adapter as a folder has it: factors of its modules, alpha, the kind of scaling, and the rank it shall get."""

    B: tuple[np.ndarray, ...]
    A: tuple[np.ndarray, ...]
    alpha: float
    stabilized: bool
    rank: int
    keep_scale: bool = False

    @property
    def scale(self) -> float:
        """The factor alpha / q, or alpha / sqrt(q), in front of B A."""
        q = self.B[0].shape[1]
        return self.alpha / np.sqrt(q) if self.stabilized else self.alpha / q


def is_folder(case: Folder) -> bool:
    """Decide whether all modules are updates with one inner rank of at least 1, one or two of them."""
    pairs = list(zip(case.B, case.A, strict=False))
    fits = len(case.B) == len(case.A) in (1, 2) and all(are_factors(B, A) for B, A in pairs)
    ranks = {B.shape[1] for B in case.B} if fits else set()
    return len(ranks) == 1 and 0 not in ranks


def says_a_scale(case: Folder) -> bool:
    """Decide whether alpha is a number other than 0, and a rank is left."""
    return bool(np.isfinite(case.alpha) and case.alpha != 0 and case.rank >= 1)


#: modules of the adapters; the second one's name also ends like the first one's, which patterns must tell apart
NAMES = ("query", "layers.0.query")
ARRAYS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


def written(folder: Path, config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a folder by the format alone."""
    folder.mkdir()
    (folder / CONFIG).write_text(json.dumps(config))
    header, data = {}, b""
    for name, array in arrays.items():
        start, data = len(data), data + np.ascontiguousarray(array, "<f8").tobytes()
        header[name] = {"dtype": "F64", "shape": list(array.shape), "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    (folder / ARRAYS).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read(folder: Path) -> dict[str, Any]:
    """Read the numbers of a folder by the format alone: settings of the scaling, and double arrays."""
    config = json.loads((folder / CONFIG).read_text())
    content = (folder / ARRAYS).read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header, arrays = json.loads(content[8:start]), {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = (start + offset for offset in entry["data_offsets"])
            arrays[name] = np.frombuffer(content[first:last], "<f8").reshape(entry["shape"]).copy()
    kept = ("r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern")
    settings = {name: config[name] for name in kept}
    # JSON has one kind of number
    settings["lora_alpha"] = float(settings["lora_alpha"])
    settings["alpha_pattern"] = {key: float(alpha) for key, alpha in settings["alpha_pattern"].items()}
    return {"config": settings, "arrays": arrays}


def array_name(module: str, factor: str) -> str:
    """Return the name of an array as peft writes it."""
    return f"base_model.model.{module}.lora_{factor}.weight"


def refiled(case: Folder, rng: np.random.Generator | None = None, **options: Any) -> dict[str, Any]:
    """Write the adapter, let the library compress the folder to another one, and read that."""
    arrays = {}
    for name, B, A in zip(NAMES, case.B, case.A, strict=False):
        arrays |= {array_name(name, "B"): B, array_name(name, "A"): A}
    config = {"peft_type": "LORA", "r": case.B[0].shape[1], "lora_alpha": case.alpha, "use_rslora": case.stabilized}
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place) / "source", Path(place) / "target"
        written(source, config, arrays)
        options = {"rank": case.rank, "keep_scale": case.keep_scale} | options
        compress_adapter(source, **options).to_file(target)
        return read(target)


def draw_folder(draws: Draws) -> Folder:
    """Draw one or two modules of three to six inner indices, of either scaling."""
    q, count = draws.integers(2, 6), draws.integers(1, 2)
    sides = [(draws.integers(2, 6), draws.integers(2, 6)) for _ in range(count)]
    B = tuple(draws.integers(-4, 4, shape=(m, q)).astype(float) for m, _ in sides)
    A = tuple(draws.integers(-4, 4, shape=(q, n)).astype(float) for _, n in sides)
    alpha, stabilized, keep = (
        draws.choice((8.0, 16.0, 0.5, -4.0)),
        draws.choice((False, True)),
        draws.choice((False, True)),
    )
    return Folder(B, A, alpha, stabilized, draws.integers(1, q), keep)


def folders() -> tuple[Folder, ...]:
    """Return adapters of rank 4 with one and with two modules, both scalings, and one that keeps its rank."""
    B = np.array([[1.0, 2.0, 0.0, 1.0], [0.0, 1.0, -1.0, 2.0], [3.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.0]])
    A = np.array([[2.0, 0.0, 1.0, 1.0], [1.0, 3.0, 0.0, -1.0], [0.0, 1.0, 2.0, 1.0], [1.0, -1.0, 0.0, 2.0]])
    one = Folder((B,), (A,), 8.0, False, 2)
    return (
        one,
        replace(one, B=(2 * A,), stabilized=True),
        replace(one, stabilized=True, rank=4),
        replace(one, B=(B, A), A=(A, B[:, :3].copy()), rank=4),  # the second one has three columns, and so a rank of 3
        replace(one, stabilized=True, rank=1, keep_scale=True),
        replace(one, alpha=-8.0),
    )


FOLDERS = Family("adapter-folders", always=folders, draw=draw_folder)


def update_of(found: Mapping[str, Any], module: str) -> np.ndarray:
    """Return s' B' A' of a module, with the scaling that the settings say, as peft reads them."""
    config = found["config"]
    B, A = (np.asarray(found["arrays"][array_name(module, factor)], float) for factor in "BA")
    r, alpha = (
        next(
            (value for key, value in config[pattern].items() if re.match(rf"(.*\.)?({key})$", module)), config[default]
        )
        for pattern, default in (("rank_pattern", "r"), ("alpha_pattern", "lora_alpha"))
    )
    if r != B.shape[1]:
        return np.full((B.shape[0], A.shape[1]), np.inf)  # a rank that the arrays do not have
    return (alpha / np.sqrt(r) if config["use_rslora"] else alpha / r) * (B @ A)


def as_told(case: Folder, found: dict[str, Any]) -> Sides:
    """Compare the update that a file says with the truncation of the old one, module by module.

    Then compare its norm with the kept alpha with that of the truncation times the factor that is due.
    """
    lhs, rhs, allowed, q = [], [], [], case.B[0].shape[1]
    for name, B, A in zip(NAMES, case.B, case.A, strict=False):
        one = Update(B, A, case.rank, case.scale)
        told, r = update_of(found, name), min(case.rank, q, len(B), A.shape[1])
        factor = float(theory.kept_alpha_factor(q, r, stabilized=case.stabilized))
        kept = case.alpha / np.sqrt(r) if case.stabilized else case.alpha / r
        lhs += [norm(one.matrix - told), norm(told) * kept / case.scale]
        rhs += [one.tail, factor * abs(case.scale) * norm(one.spectrum[:r])]
        allowed += [one.allowed, factor * one.allowed]
    return Sides(np.array(lhs), np.array(rhs), rounding=np.array(allowed))


SQ_4 = Statement(
    id="matrix_compression/SQ-4",
    title="A lower rank needs another alpha",
    says=(
        "An adapter of rank q and its setting alpha mean alpha / q times B A, or alpha / sqrt(q) times it where it is "
        "rank-stabilized. The file that is written for rank r has settings and arrays that mean the best "
        "approximation of the same update. Keeping alpha would multiply it by q / r, or by sqrt(q / r)."
    ),
    source=Derived(theory.kept_alpha_factor),
    tex=r"s'B'A' = (sBA)_r,\quad s' = \alpha'/r' \text{ or } \alpha'/\sqrt{r'}",
    hypotheses={"modules whose factors fit, of one rank": is_folder, "an alpha, and a rank to reach": says_a_scale},
    instances=FOLDERS,
    solve=refiled,
    claim=Identity(as_told),
    may_vary=dict.fromkeys(
        ("config.rank_pattern", "config.alpha_pattern"),
        "which modules differ from the default is up to who writes the file",
    ),
    saboteurs=(
        saboteur(
            "alpha is kept",
            patch=(settings.written, '"lora_alpha": alpha,', '"lora_alpha": config["lora_alpha"],'),
        ),
        saboteur(
            "the root of the rank is not taken",
            patch=(settings.scaling, "found / math.sqrt(rank) if", "found / rank if"),
        ),
        saboteur(
            "the settings keep use_rslora, as peft 0.21.2 does when it merges",
            patch=(settings.written, '"use_rslora": False', '"use_rslora": config.get("use_rslora")'),
            printed=True,
        ),
        saboteur("names in patterns are not told apart", patch=(settings.written, "key=len, reverse=True", "key=len")),
    ),
    notes="The folder is written and read by the format alone, and nothing of the library reads what it wrote.",
)


@dataclass(frozen=True)
class Cast:
    """Two factors, and the format to which they are rounded."""

    B: np.ndarray
    A: np.ndarray
    dtype: str


def is_in_range(case: Cast) -> bool:
    """Decide whether the format is known and no entry of the factors overflows in it."""
    largest = {"float32": 3.4e38, "bfloat16": 3.3e38, "float16": 65504.0}.get(case.dtype, -1.0)
    return all(float(np.abs(X).max(initial=0.0)) <= largest for X in (case.B, case.A)) and largest > 0


FORMATS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


def rounded(case: Cast, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Return the factors as a file of the format has them."""
    kind = FORMATS[case.dtype]
    return {name: decoded(encoded(factor, kind)).astype(float) for name, factor in (("B", case.B), ("A", case.A))}


def draw_cast(draws: Draws) -> Cast:
    """Draw factors of any size, among them some whose entries are below the normal numbers of a format."""
    dtype = draws.choice(tuple(FORMATS))
    m, q, n = (draws.integers(1, 4) for _ in range(3))
    small = draws.choice((0, 0, -16, -24, -10))  # float16 has no normal number below 2^-14
    B = draws.floats(-2.0, 2.0, shape=(m, q)) * 2.0**small
    return Cast(B, draws.floats(-2.0, 2.0, shape=(q, n)) * 2.0 ** draws.choice((0, 5)), dtype)


#: binary digits of their numbers
DIGITS = {"float32": 24, "float16": 11, "bfloat16": 8}


def climb_cast(case: Cast, draws: Draws) -> Cast:
    """Move one entry of a factor by a quarter of what the format rounds, or more."""
    unit = 2.0 ** -DIGITS[case.dtype]
    B = np.array(case.B)
    at = draws.integers(0, B.shape[0] - 1), draws.integers(0, B.shape[1] - 1)
    B[at] *= 1 + unit * draws.choice((-4, -1, -0.25, 0.25, 1, 4))
    return replace(case, B=B)


def between(dtype: str) -> Cast:
    """Make factors that lie just below the middle of two numbers of a format, where rounding moves them most."""
    x = np.array([[1 + 2.0 ** -DIGITS[dtype] * (1 - 2.0**-20)]])
    return Cast(x, x.copy(), dtype)


CASTS = Family(
    "casts",
    always=lambda: (
        between("float32"),
        between("bfloat16"),
        Cast(np.array([[1.0, 3.0]]) / 7, np.array([[1.0], [-2.0]]) / 3, "float16"),
        Cast(np.array([[2.0**-26, 2.0**-20]]), np.array([[1.0], [0.1]]), "float16"),
        Cast(np.array([[2.0**-139]]), np.array([[1.0]]), "bfloat16"),
        # near the next number, which is above
        Cast(np.array([[1 + 1.75 * 2.0**-8]]), np.array([[1 + 1.75 * 2.0**-8]]), "bfloat16"),
        # numbers that the format has, far from all factors above
        Cast(np.array([[3.0]]), np.array([[5.0]]), "float32"),
    ),
    # both factors err by 1 - 2^-20 of what the bound has, and the bound by u more than the factors
    tight=(Tight(between("float16"), 0.998, 1),),
    draw=draw_cast,
    climb=climb_cast,
)


def cut_off(case: Cast, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Drop the digits that a format does not have, as taking the upper half of a float32 does."""
    bits, found = DIGITS[case.dtype], {}
    for name, factor in (("B", case.B), ("A", case.A)):
        parts, powers = np.frexp(factor)
        found[name] = np.ldexp(np.trunc(parts * 2.0**bits) / 2.0**bits, powers)
    return found


@formula()
def cast_error(norms: tuple[Number, Number], sizes: tuple[int, int], dtype: str) -> Number:
    r"""Rounding both factors to a format moves their product by at most this.

    `norms` are \|B\| and \|A\|, `sizes` the numbers of their entries, and `dtype` the format, in whose range all
    entries lie.

    Proof
    -----
    Assumes: no entry overflows (the caller; the writer of files refuses it).

    Proof: rounding moves an entry x by at most u \|x\| + eta, so fl(B) = B + F with \|F\| <= e_B, and likewise for A.
    Expand fl(B) fl(A) - B A = F A + B G + F G; norms are submultiplicative.
    """
    choice("dtype", dtype, tuple(low_rank.CASTS))
    left, right = numbers("norms", norms, 0, length=2)
    m, n = pair("sizes", sizes, low=0)
    return low_rank.cast_error((left, right), (m, n), dtype)


def moved(case: Cast, found: dict[str, np.ndarray], share: float = 1.0) -> Sides:
    """Compare the distance by which rounding both factors moved their product with the bound."""
    B, A = np.asarray(case.B, float), np.asarray(case.A, float)
    bound = cast_error((norm(B), norm(A)), (B.size, A.size), case.dtype)
    load = (np.linalg.norm(B, axis=0) * np.linalg.norm(A, axis=1)).sum()
    return Sides(
        norm(found["B"] @ found["A"] - B @ A),
        share * bound,
        rounding=rounding(8 * (B.shape[1] + B.size + A.size), load),
    )


SQ_9 = Statement(
    id="matrix_compression/SQ-9",
    title="A cast of both factors moves their product by little",
    says=(
        "Factors B and A are rounded to a format with the unit roundoff u, none of whose numbers overflows; next to 0 "
        "its numbers are 2 eta apart. Their product moves by at most e_B |A| + |B| e_A + e_B e_A with e_X = u |X| + "
        "eta sqrt(number of entries of X), in the Frobenius norm."
    ),
    source=Derived(cast_error),
    tex=r"\|\mathrm{fl}(B)\mathrm{fl}(A) - BA\| \le e_B\|A\| + \|B\|e_A + e_Be_A",
    hypotheses={"factors of finite numbers that fit": is_update, "entries in the range of the format": is_in_range},
    instances=CASTS,
    solve=rounded,
    claim=Inequality(moved, unbounded="other factors may have any product"),
    saboteurs=(
        saboteur("digits are cut off, and not rounded", solve=cut_off),
        saboteur("nine tenths of it", claim=Inequality(partial(moved, share=0.9))),
        saboteur(
            "bfloat16 is rounded away from 0", patch=(safetensors._to_bfloat16, "0x7FFF + ((bits >> 16) & 1)", "0xFFFF")
        ),
    ),
)
