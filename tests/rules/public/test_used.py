"""Every public function is used beside its own module and its tests, or is named here with the reason."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import lrtheory
from tests.rules.public_names import ROOT, entries

#: where a use counts: beside the library what is said of it, shown, timed and measured
AROUND = ("proofs_checks", "figures", "notebooks", "demos", "benchmarks", "facts", "docs", "README.md")
#: what `make docs` writes below docs/, where every public name stands
MADE = ("_build", "about", "api", "gallery", "notebooks", "papers")
#: functions that nothing here calls, and why they are public
KEPT = {
    "alpha_rank.load_roshambo": "a tournament of known programs, which needs open-spiel",
    "alpha_rank.make_rps": "the smallest game with a cycle, for a first look",
    "compatible_representations.load_mnist_versions": "growing classes on a data set that is installed",
    "compatible_representations.make_confusion": "encoders that are compatible in no mean, however good they are",
    "constrained_decoding.load_airport_codes": "a catalogue of short codes that is installed",
    "constrained_decoding.load_film_titles": "titles that begin each other, cut by a tokenizer that is installed",
    "constrained_decoding.baselines.brute_force": "what is compared with: every item is scored",
    "constrained_decoding.baselines.dict_trie": "what is compared with: a dictionary a prefix",
    "constrained_decoding.baselines.position_table": "what is compared with: a table that some call a trie",
    "constrained_decoding.baselines.sorted_ranges": "what is compared with: bisection of sorted items",
    "continual_learning.load_split_digits": "tasks of the literature on a data set that is installed",
    "continual_learning.make_coordinate_rows": "a stream on which frequent directions attain their bound",
    "continual_learning.make_tight_edit": "an edit that attains its bound",
    "continual_learning.baselines.batch_ridge": "what is compared with: all edits solved at once",
    "dual_mirror_descent.baselines.fast_online_lp": "what is compared with: a published price rule",
    "dual_mirror_descent.baselines.history_dependent": "what is compared with: a published price rule",
    "fair_subset_selection.group_inversions": "the bias of a panel of one's own, as `bias_swaps` changes it",
    "fair_subset_selection.baselines.random_within_groups": "what is compared with: a panel that sees no differences",
    "low_rank_adapters.baselines.peft_convert_like": "what is compared with: the conversion of peft",
    "low_rank_adapters.baselines.truncated_svd": "what is compared with: the best adapter of a rank",
    "low_rank_optimizers.load_mnist_problem": "a task of the literature on a data set that is installed",
    "low_rank_optimizers.make_cubic": "an objective whose bias is known in closed form",
    "low_rank_optimizers.make_quadratic": "an objective without bias",
    "matrix_completion.spectral_gap": "a hypothesis of the theorems, for a pattern of one's own",
    "matrix_completion.baselines.scaled_gd": "what is compared with: preconditioned gradient steps",
    "matrix_completion.baselines.soft_impute": "what is compared with: the nuclear norm",
    "matrix_completion.baselines.svp": "what is compared with: projected gradient steps",
    "matrix_compression.make_quantization_residuals": "residuals of quantized layers, for adapters that repair them",
    "policy_gradients.baselines.enumerate_groups": "what is compared with: a sum over all groups",
    "policy_gradients.baselines.reinforce": "what is compared with: rewards without a baseline",
    "policy_gradients.baselines.sampled_gradient": "what is compared with: groups that are drawn",
    "reranking.encoder_oracle": "a judge of texts of one's own, by an encoder that is installed",
    "reranking.estimate_noise": "what a plan needs to know of a judge, from answers that were repeated",
    "reranking.load_question_answers": "questions whose answers are known, of a package that is installed",
    "reranking.baselines.kemeny_order": "what is compared with: the order that agrees with most pairs",
    "reranking.baselines.prp_sampled_pairs": "what is compared with: a sample of all pairs",
    "reranking.baselines.rankgpt_loop": "what is compared with: windows as they were published",
    "transductive_clustering.nearest_neighbors": "the search behind `knn_affinity`, for a graph of one's own",
}


@cache
def words(path: Path) -> frozenset[str]:
    """All names in a file."""
    return frozenset(re.findall(r"[A-Za-z_]\w*", path.read_text(encoding="utf-8")))


@cache
def files(system: str) -> list[Path]:
    """The files that may use a system: those of its package, and those around that name it."""
    around = [p for name in AROUND for p in ([ROOT / name] if "." in name else (ROOT / name).rglob("*.*"))]
    around = [p for p in around if p.suffix in (".py", ".md", ".toml") and "evidence" not in p.parts]
    around = [p for p in around if not any((ROOT / "docs" / made) in p.parents for made in MADE)]
    around = [p for p in around if system in p.parts or system in words(p)]
    return [p for p in (ROOT / "lrtheory" / system).rglob("*.py") if p.name != "__init__.py"] + around


def unused(system: str) -> set[str]:
    """The public functions of a system that are named in their own module alone; `theory` has a rule of its own."""
    found = set()
    for entry in entries(system):
        if inspect.isfunction(entry.value) and entry.owner is None and not entry.in_theory:
            home = Path(inspect.getsourcefile(inspect.unwrap(entry.value)) or "")
            if not any(entry.plain_name in words(path) for path in files(system) if path != home):
                found.add(entry.id)
    return found


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_what_nothing_uses_is_private_or_has_a_reason(system: str) -> None:
    assert unused(system) == {name for name in KEPT if name.startswith(f"{system}.")}


#: functions that are one call of another one, and what they say beside it
NAMED = {
    "continual_learning.make_tight_edit": "the numbers of the smallest edit that attains its bound",
    "matrix_completion.baselines.als": "alternating least squares as the field knows it: exact, from a random start",
}


def passed_on(system: str) -> set[str]:
    """The public functions whose body is one call of another public one: an option of that one says the same."""
    public, found = {entry.plain_name for entry in entries(system) if entry.owner is None}, set()
    for entry in entries(system):
        if inspect.isfunction(entry.value) and entry.owner is None and not entry.in_theory:
            (definition,) = ast.parse(inspect.getsource(inspect.unwrap(entry.value))).body
            assert isinstance(definition, ast.FunctionDef)
            body = definition.body[1:]
            call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in public:
                found.add(entry.id)
    return found


@pytest.mark.parametrize("system", lrtheory.SYSTEMS)
def test_no_function_is_one_call_of_another(system: str) -> None:
    assert passed_on(system) == {name for name in NAMED if name.startswith(f"{system}.")}
