"""Names of a file that differ in capitals alone are told with the answer, whichever system reads them."""

import json
import warnings

import numpy as np
import pytest

import lrtheory
from lrtheory._files import warn_alike
from lrtheory.cli import main
from lrtheory.cli.verbs import verbs_of

PAIRS = [(user, item) for user in ("Ann", "ann", "bob") for item in "klmnopqrstuvwxyz"]
RATINGS = "user,item,rating\n" + "".join(f"{user},{item},{1 + i % 5}\n" for i, (user, item) in enumerate(PAIRS))
#: a small table of each verb that reads names, and what is asked of it
TABLES = {
    ("alpha_rank", "rank"): ("model_a,model_b,winner\nAnn,bob,Ann\nann,bob,bob\n", []),
    ("alpha_rank", "next"): ("model_a,model_b,winner\nAnn,bob,Ann\nbob,ann,bob\n", ["-n", "2"]),
    ("compatible_representations", "hits"): ("query,hit\nAnn,1\nann,0\n", ["log.csv"]),
    ("constrained_decoding", "mass"): ("item,log_weight\nAnn,-1\nann,-2\n", []),
    ("continual_learning", "metrics"): ("Ann,ann\n1,0\n.5,1\n", []),
    ("dual_mirror_descent", "allocate"): (
        "request,action,reward,seats\n1,Ann,1,1\n2,ann,2,1\n", ["--budget", "budget.csv"]
    ),
    ("dynamic_submodular", "pick"): ("source,target\nAnn,bob\nbob,ann\n", ["-k", "1"]),
    ("dynamic_submodular", "pick of sets"): ("set,element\nAnn,x\nann,y\n", ["-k", "1"]),
    ("dynamic_submodular", "pick of points"): ("name,x\nAnn,1\nann,2\n", ["-k", "1", "--by", "similarity"]),
    ("dynamic_submodular", "follow"): ("source,target\nAnn,bob\nbob,ann\n", ["lines.txt", "-k", "1"]),
    ("fair_subset_selection", "choose"): ("first,second\nAnn,bob\nbob,ann\n", ["-k", "1"]),
    ("fair_subset_selection", "quotas"): (
        "first,second\nAnn,bob\nbob,ann\n", ["-k", "1", "--groups", "groups.csv", "--of", "f"]
    ),
    ("matrix_completion", "complete"): (
        RATINGS, ["--rank", "1", "--ridge", "1"]
    ),
    ("policy_gradients", "groups"): ("problem,correct\nAnn,1\nann,0\n", ["--sizes", "1"]),
    ("reranking", "evaluate"): ("query,document,gain\nAnn,x,1\nann,x,0\n", ["lines.run"]),
    ("reranking", "compare"): ("query,document,gain\nAnn,x,1\nann,x,0\n", ["lines.run", "lines.run"]),
    ("reranking", "fuse"): ("query,document,score\nAnn,x,1\nann,x,0\n", ["lines.run"]),
    ("reranking", "plan"): ("query,document,score\nAnn,x,1\nann,x,0\n", ["-k", "1"]),
    ("reranking", "search"): ("id,text\nAnn,x\nann,y\n", ["texts.tsv"]),
    ("transductive_clustering", "cluster"): ("name,x,y\nAnn,1,2\nann,2,1\nbob,5,6\n", ["-k", "1"]),
    ("transductive_clustering", "classify"): ("x,y,kind\n1,2,Ann\n2,1,ann\n5,6,\n", ["--label", "kind"]),
}  # fmt: skip
#: verbs whose files hold no names of people's own, but those of modules in models, or whose names another verb reads
WITHOUT = {
    "pace", "edit", "diagnose", "extract", "convert", "compare", "diff", "absorb", "recommend", "fit", "fold_in",
    "squeeze", "merge", "ranks", "certify", "bounds", "basis", "cluster", "evaluate", "index", "valid", "bias",
    "pass_at_k", "sharpening", "replaceable", "map", "migration",
}  # fmt: skip
SENTENCE = "log.csv: names differ in capitals alone, and count as different ones: 'Ann' and 'ann'"


@pytest.mark.parametrize(("place", "table"), TABLES.items(), ids=["-".join(place) for place in TABLES])
def test_the_answer_tells_it(place, table, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(table[0])
    (tmp_path / "budget.csv").write_text("resource,budget\nseats,1\n")
    (tmp_path / "groups.csv").write_text("name,group\nAnn,f\nann,m\nbob,m\n")
    (tmp_path / "lines.txt").write_text("+ Ann\n")
    (tmp_path / "lines.run").write_text("Ann Q0 x 1 1 t\n")
    (tmp_path / "texts.tsv").write_text("q\tx y\n")
    system, verb = place
    line = [system, verb.split()[0], "log.csv", *table[1]]
    assert main([*line, "--json"]) in (0, 1, 2)
    out, err = capsys.readouterr()
    assert SENTENCE in (err.splitlines() if verb == "follow" else json.loads(out)["facts"])
    assert verb == "follow" or SENTENCE not in err


def test_every_verb_is_in_one_of_the_two_lists():
    verbs = {name for system in lrtheory.SYSTEMS for name in verbs_of(system)}
    assert {verb.split()[0] for _, verb in TABLES} | WITHOUT == verbs


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["Ann", "bob", "Ann"], None),
        ([1, 2, 1.0, None], None),
        (["1", "2"], None),
        (["Straße", "STRASSE"], "capitals alone, and count as different ones: 'Straße' and 'STRASSE'"),
        (["Ann Lee", "Ann  Lee"], "capitals, blanks or the encoding of letters alone"),
        (["Zo\u00eb", "Zoe\u0308"], "capitals, blanks or the encoding of letters alone"),
        (["Zo\u00eb", "Zoe"], None),
        (["a", "A", "b", "B", "c", "C", "d", "D", "e", "E"], "'a' and 'A'; 'b' and 'B'; 'c' and 'C'; and 2 more"),
    ],
)
def test_which_names_are_alike(names, told):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_alike(names, "log.csv")
    assert len(caught) == (told is not None)
    assert told is None or told in str(caught[0].message)


def test_a_frame_and_a_file_of_edits_tell_it_too(tmp_path):
    from lrtheory.alpha_rank import MatchLog
    from lrtheory.continual_learning import EditProblem
    from lrtheory.matrix_completion import Observations

    with pytest.warns(UserWarning, match="the frame: names differ in capitals alone"):
        MatchLog.from_frame({"model_a": ["Ann"], "model_b": ["ann"], "winner": ["Ann"]})
    with pytest.warns(UserWarning, match="the frame: names differ in capitals alone"):
        Observations.from_frame({"user": ["u", "v"], "item": ["Ann", "ann"], "rating": [1.0, 2.0]})
    np.savez(tmp_path / "edits.npz", keys=np.eye(2), values=np.eye(2), edit=np.array(["Ann", "ann"]))
    with pytest.warns(UserWarning, match="edits.npz: names differ in capitals alone"):
        EditProblem.from_file(tmp_path / "edits.npz")
