"""The command line and `lrtheory.check`, as a user meets them."""

import dataclasses
import json

import numpy as np
import pytest

import lrtheory
from lrtheory.bounds import Evidence, Measured, check, repair
from lrtheory.cli import main


def test_list_and_show(run):
    code, out, _ = run("list")
    assert code == 0
    *lines, counted = out.splitlines()
    assert [line.split()[0] for line in lines] == [s.id for s in lrtheory.statements()]
    checked = [s for s in lrtheory.statements() if s.due == "supported"]
    observations = sum(isinstance(s.source, Measured) for s in checked)
    assert counted.startswith(f"{len(checked) - observations} theorems (")
    assert f"{observations} observations, {len(lines) - len(checked)} recorded without a check" in counted
    assert json.loads(run("list mi-t2 --json")[1])[0]["kind"] == "probability"
    code, out, _ = run("show alpha_rank/MI-T2")
    assert code == 0
    for part in (
        "Theorem 3.2",
        "no ties",
        "N/16",
        "solve(game, rng, n) -> n independent outcomes",
        "for each instance",
    ):
        assert part in out
    assert json.loads(run("show alpha_rank/MI-T2 --json")[1])["id"] == "alpha_rank/MI-T2"


def test_one_of_a_kind_is_counted_in_the_singular(run):
    assert run("list alpha_rank/ar-t8")[1].splitlines()[-1].startswith("1 theorem (")


def test_check_runs_the_saboteurs_and_replays(run):
    code, out, _ = run("check alpha_rank/AR-T8")
    assert code == 0
    assert out.count("✗ refuted, as is due: ") == 5
    code, out, _ = run("check alpha_rank/AR-T8 --saboteur 'transposed chain'")
    assert code == 1
    replay = out.rpartition("replay")[2].strip()
    assert replay.startswith("lrtheory check alpha_rank/AR-T8 --saboteur 'transposed chain' --instance ")
    again = run(replay.removeprefix("lrtheory "))
    assert again[0] == 1
    assert out.splitlines()[3:5] == again[1].splitlines()[3:5]  # both sides


def test_a_saboteur_has_a_number_too(run):
    assert "1. transposed chain" in run("show alpha_rank/AR-T8")[1]
    by_number, by_name = (run(f"check alpha_rank/AR-T8 --saboteur {name}") for name in (1, "'transposed chain'"))
    assert by_number[:2] == by_name[:2]
    assert by_number[0] == 1
    for number in (0, 6):
        code, _, error = run(f"check alpha_rank/AR-T8 --saboteur {number}")
        assert code == 3
        assert "'transposed chain'" in error


def test_the_help_explains_options_and_exit_codes(run):
    code, out, _ = run("check --help")
    assert code == 0
    said = " ".join(out.split())
    for word in (
        "default: quick",
        "default: 0",
        "number from 1",
        "exit codes",
        "inconclusive",
        "examples:",
        "FILE.py:NAME",
    ):
        assert word in said


def test_check_as_json(run):
    code, out, _ = run("check alpha_rank/AR-T8 --json --instance integer-chains:3")
    assert code == 0
    assert json.loads(out)["verdict"] == "supported"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("check alpha_rank/MI-T22", "Near: alpha_rank/MI-T2"),
        ("check alpha_rank/AR-T8 --saboteur nobody", "`saboteur` must be one of"),
        ("check alpha_rank/AR-T8 --instance nowhere", "`instance` must be a label of the family integer-chains"),
        ("check alpha_rank/AR-T8 --instance json:[", "`instance` must be an instance written by this package"),
        ("check alpha_rank/AR-T8 --instance json:5", "`instance` must be of a type that the family"),
        ("check alpha_rank/AR-T8 --instance walks:3", "`instance` must be a label of the family integer-chains"),
        ("report --costs --evidence /nowhere", "no evidence"),
        ("check alpha_rank/AR-T8 --seed -1", "`rng` must be an integer of at least 0"),
        ("check alpha_rank/AR-T8 --budget huge", "invalid choice"),
        ("list nothing-like-this", "no statement matches"),
        ("report --evidence /nowhere", "no evidence"),
        ("warmup nothing", "`system` must be one of"),
        ("dance", "`dance` is no command; there are list, show, check"),
        ("cheque", "did you mean `check`?"),
        ("Lst", "did you mean `list`?"),
        ("--dance", "the following arguments are required: COMMAND"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_3(run, line, sentence):
    code, _, err = run(line)
    assert code == 3
    assert sentence in err
    assert "Traceback" not in err


def test_an_interruption_is_no_traceback(run, monkeypatch):
    monkeypatch.setattr(lrtheory, "check", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt), raising=False)
    assert run("check alpha_rank/AR-T8")[0] == 130


def test_check_of_an_algorithm_of_ones_own():
    def uniform(chain, rng):
        return np.full(len(chain.rates), 1 / len(chain.rates))

    evidence = lrtheory.check("alpha_rank/AR-T8", solve=uniform)
    assert isinstance(evidence, Evidence)
    assert evidence.verdict == "refuted"
    assert evidence.saboteurs == {}


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"saboteur": 1, "solve": print}, ValueError, "`saboteur` must be left out beside `solve`"),
        ({"saboteur": 1, "repair": "it"}, ValueError, "`repair` must be left out beside `saboteur`"),
        ({"saboteur": True}, TypeError, "`saboteur` must be a name or a number"),
        ({"saboteur": [1]}, TypeError, "`saboteur` must be a name or a number"),
        ({"repair": "it"}, KeyError, "which has no repair"),
        ({"repair": 1}, TypeError, "`repair` must be a name; got 1"),
    ],
)
def test_variants_that_would_be_ignored_are_refused(options, error, sentence):
    with pytest.raises(error, match=sentence):
        lrtheory.check("alpha_rank/AR-T8", **options)


@pytest.mark.parametrize("ids", ["alpha_rank/AR-T8", 3])
def test_what_is_no_list_of_ids_is_refused(ids):
    for use in (lrtheory.check_all, lrtheory.report):
        with pytest.raises(TypeError, match="`ids` must be a list of ids"):
            use(ids)
    with pytest.raises(TypeError, match="`pattern` must be a string; got 3"):
        lrtheory.statements(3)


def test_check_returns_evidence_with_the_verdicts_of_the_saboteurs():
    evidence = lrtheory.check("alpha_rank/MI-T2", rng=5)
    assert evidence.verdict == "supported"
    assert set(evidence.saboteurs.values()) == {"refuted"}
    assert evidence.seed == 5
    again = evidence.rerun()
    assert (again.lhs == evidence.lhs).all()
    assert again.saboteurs == evidence.saboteurs


def test_an_interruption_keeps_the_saboteurs_that_are_decided(monkeypatch):
    from lrtheory.bounds.deciding import variants

    calls = []

    def interrupted(statement, session):
        calls.append(statement)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return check(statement, session)

    monkeypatch.setattr(variants, "check", interrupted)
    evidence = lrtheory.check("alpha_rank/AR-T8")
    assert list(evidence.saboteurs.values()) == ["refuted"]
    assert "interrupted, 4 saboteurs were not run" in evidence.message
    calls.clear()
    mended = dataclasses.replace(lrtheory.statements("alpha_rank/AR-T8")[0], repairs=(repair("it", solve=len),))
    assert "interrupted, 4 saboteurs and 1 repairs were not run" in lrtheory.check(mended).message
    calls.clear()
    assert main(["check", "alpha_rank/AR-T8"]) == 130


def test_an_instance_that_breaks_a_hypothesis_decides_nothing():
    statement = lrtheory.statements("alpha_rank/MI-L1")[0]
    far = statement.sabotaged("errors of 4t").instances.smallest()[0]
    evidence = lrtheory.check("alpha_rank/MI-L1", instance=far)
    assert evidence.lhs > evidence.rhs
    assert evidence.verdict == "inconclusive"
    assert "given breaks the hypothesis 'estimates within t'" in evidence.message


def test_alone_it_prints_its_help_and_with_version_the_version(run):
    assert run("")[:2] == run("--help")[:2]
    code, out, _ = run("--version")
    assert (code, out) == (0, f"lrtheory {lrtheory.__version__}\n")


def test_show_says_what_a_solver_takes_and_returns(run):
    _, out, _ = run("show alpha_rank/AR-T8")
    assert "takes        Chain(rates: array (2, 2) of Fraction)" in out
    assert "returns      array (2,) of Fraction" in out
    assert "def exact_law(chain" in out
    assert "integer-chains:always-0" in out
