"""Boards: from files to the sentence of who can be first, in Python and in the shell."""

import json
from pathlib import Path

import numpy as np
import pytest

from lrtheory.alpha_rank import MatchLog, leaderboard, next_battles, rank_models, table_from_matches
from lrtheory.alpha_rank.boards.battles import battles_of, results_of
from lrtheory.alpha_rank.boards.board import refuted
from lrtheory.alpha_rank.boards.comparing import compare_pairs
from lrtheory.alpha_rank.boards.differences import decided_wins
from lrtheory.alpha_rank.boards.exact import exact_p_values
from lrtheory.cli import main

ARENA = Path(__file__).resolve().parents[2] / "files" / "arena.csv"
HEAD = "model_a,model_b,winner"


def write(tmp_path, text, name="log.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def simulated(n, length, gap, seed, ties=0.0):
    """A log of models 0, 1, ... of falling skill, a gap of natural logits between neighbors."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, n, length)
    second = (first + rng.integers(1, n, length)) % n
    won = rng.random(length) < 1 / (1 + np.exp(gap * (first - second)))
    words = np.where(rng.random(length) < ties, "tie", np.where(won, "model_a", "model_b"))
    return {"model_a": first.astype(str), "model_b": second.astype(str), "winner": words}


def test_the_board_of_an_arena():
    board = rank_models(ARENA)
    assert board.first() == "first can be: gpt-x, claude-y"
    assert board.counts == {"battles": 420, "ties": 60, "directions": 11, "left_out": 0}
    assert len(board.pairs()) == 11
    assert ("gpt-x", "gemma-g") in board.pairs()
    assert board.ranks()["gpt-x"] == (1, 2)
    assert board.ranks()["gemma-g"] == (6, 6)
    assert board._decided() is None
    assert board.names[board.leader] == "gpt-x"
    assert (board.elo_lower <= board.elo).all()
    assert (board.elo <= board.elo_upper).all()
    assert len(board._lead()) == 2
    assert "first can be: gpt-x, claude-y (under SST, 95%; alpha_rank/SST-6)" in repr(board)
    assert board._repr_html_().index("first can be") < board._repr_html_().index("<table>")
    columns = board._columns()  # what a frame, a file and the page show
    assert columns["model"][0] == "gpt-x"
    assert list(columns["can be first"]) == [True, True, False, False, False, False]
    assert any("26 of these both bad" in fact for fact in board._facts())


def test_what_a_schedule_costs():
    """Who looks at all times, or lets outcomes choose battles, can claim less, and never more than the truth."""
    log = simulated(6, 3000, 0.15, 0)
    claimed = {}
    for name, options in (("fixed", {}), ("anytime", {"anytime": True}), ("any", {"any_schedule": True})):
        board = rank_models(log, **options)
        assert board.schedule == name
        assert board.can_be_first[0]
        assert all(int(i) < int(j) for i, j in board.pairs())
        low, high = board.rank_intervals.T
        assert (low <= 1 + np.arange(6)).all()
        assert (1 + np.arange(6) <= high).all()
        claimed[name] = board.counts["directions"]
    assert claimed["fixed"] > claimed["anytime"] > claimed["any"] > 0
    early = rank_models(log, any_schedule=True, horizon=3000)
    assert not np.array_equal(early.p_values, rank_models(log, any_schedule=True).p_values)
    log["part"] = np.repeat(np.arange(10), 300)
    batches = rank_models(log, batch="part")
    assert claimed["any"] < batches.counts["directions"] <= claimed["anytime"]
    assert "at the end of every `part`" in batches.message


def test_a_circle_is_no_order():
    log = {"winner": ["a", "b", "c"] * 60, "loser": ["b", "c", "a"] * 60}
    board = rank_models(log)
    assert board.first() == "no order explains this log: a beats b beats c beats a"
    assert board.without_order == leaderboard(log).intervals.first()
    assert board._decided() is False
    assert "SST-11" in board._lead()[0]


def test_claims_in_a_circle_refute_an_order_less_surely():
    log = MatchLog.from_frame({"winner": ["a", "b", "c"], "loser": ["b", "c", "a"]})
    found = compare_pairs(log, 0.05, anytime=True)
    claims = np.roll(np.eye(3, dtype=bool), 1, axis=1)
    assert refuted(found, decided_wins(found.battles), claims, 0.05) == ((0, 1, 2), "alpha_rank/SST-7, 90%", [])


def test_a_specialist_is_not_believed():
    """A loses to B, and beats C higher than B does: Bradley-Terry puts A first, its rank interval does not."""
    results = [("A", "B", 8, 12), ("A", "C", 19, 1), ("B", "C", 12, 8)]
    rows = [pair for a, b, won, lost in results for pair in [(a, b)] * won + [(b, a)] * lost]
    board = rank_models({"winner": [a for a, _ in rows], "loser": [b for _, b in rows]})
    assert board.first() == "first can be: A, B"
    assert board.names[board.leader] == "A"


def test_a_better_result_makes_nobody_leave():
    rng = np.random.default_rng(7)
    for seed in range(20):
        log = simulated(5, 200, 0.3, seed, ties=0.2)
        options = [{}, {"anytime": True}, {"any_schedule": True}][seed % 3]
        before = rank_models(log, **options)
        row = int(rng.choice(np.flatnonzero(log["winner"] != "model_a")))
        log["winner"][row] = "tie" if log["winner"][row] == "model_b" else "model_a"
        after, better = rank_models(log, **options), int(log["model_a"][row])
        assert after.can_be_first[better] >= before.can_be_first[better]
        assert (after.p_values[better] <= before.p_values[better] + 1e-12).all()
        assert (after.p_values[:, better] >= before.p_values[:, better] - 1e-12).all()


def test_a_model_that_was_named_beforehand():
    log = simulated(12, 3000, 0.1, 3)
    board = rank_models(log, model="5")
    model, low, high = board.named
    assert board.names[model] == "5"
    assert board.rank_intervals[model, 0] <= low <= high <= board.rank_intervals[model, 1]
    assert any(f"rank {low} to {high}" in fact for fact in board._facts())


# --- doors -----------------------------------------------------------------------------------------------------------

WORDS = ["model_a", "model_b", "tie", "tie (bothbad)"]


def test_winners_in_a_column_each(tmp_path):
    words = WORDS * 5
    named = {"model_a": ["x", "y", "z", "x"] * 5, "model_b": ["y", "z", "x", "z"] * 5, "winner": words}
    due = MatchLog.from_frame(named)
    hot = {"model_a": named["model_a"], "model_b": named["model_b"]}
    hot["winner_model_a"] = [int(word == "model_a") for word in words]
    hot["winner_model_b"] = [int(word == "model_b") for word in words]
    hot["winner_tie"] = [int(word.startswith("tie")) for word in words]
    assert np.array_equal(MatchLog.from_frame(hot).scores, due.scores)
    hot["winner_tie"] = [int(word == "tie") for word in words]
    hot["winner_tie (bothbad)"] = [word == "tie (bothbad)" for word in words]
    found = MatchLog.from_frame(hot)
    assert np.array_equal(found.scores, due.scores)
    assert np.array_equal(found.both_bad, due.both_bad)
    assert found.both_bad.sum() == 5
    counts = rank_models(hot, both_bad="drop").counts
    assert (counts["battles"], counts["ties"], counts["left_out"]) == (15, 5, 5)
    path = write(tmp_path, "model_a,model_b,winner_model_a,winner_model_b,winner_tie\nx,y,1,0,0\nx,y,1,1,0\n")
    with pytest.raises(ValueError, match=r"log.csv:3: `winner_model_a` must be 1 in exactly one of"):
        rank_models(path)
    with pytest.raises(ValueError, match="`winner_model_a` must be 0 or 1; got '2'"):
        rank_models(write(tmp_path, "model_a,model_b,winner_model_a,winner_model_b\nx,y,2,0\n"))
    with pytest.raises(ValueError, match="as there are no draws"):
        MatchLog.from_frame(hot, draws=None)


@pytest.mark.parametrize("word", ["tie (bothbad)", "tie(bothbad)", "bothbad", "both_bad", "both bad", "Tie (BothBad)"])
def test_both_bad_in_all_spellings(word):
    log = {"model_a": ["x", "x"], "model_b": ["y", "y"], "winner": ["model_a", word]}
    assert rank_models(log).counts["ties"] == 1
    dropped = rank_models(log, both_bad="drop")
    assert dropped.counts["left_out"] == 1
    assert "left out: 1 both bad" in " ".join(dropped._facts())


def test_the_order_is_that_of_time(tmp_path):
    rows = ["x,z,model_a,3", "y,z,model_b,1", "y,z,model_a,2", "x,z,model_b,4"]
    log = MatchLog.from_file(write(tmp_path, "\n".join([HEAD + ",tstamp", *rows])))
    assert log.scores[:, 0].tolist() == [0, 1, 1, 0]
    assert log.message == "matches are in the order of `tstamp`"
    dates = ["2024-01-03", "2024-01-01T12:00:00", "2024-01-01 13:00:00Z", "2024-02-01"]
    dated = [row[:-1] + date for row, date in zip(rows, dates, strict=True)]
    again = MatchLog.from_file(write(tmp_path, "\n".join([HEAD + ",timestamp", *dated])))
    assert np.array_equal(again.scores, log.scores)
    wrong = MatchLog.from_file(write(tmp_path, "\n".join([HEAD + ",tstamp", *rows[:3], "x,z,model_b,soon"])))
    assert "`tstamp` does not say the time of each" in wrong.message
    assert wrong.scores[0, 0] == 1


def test_a_judge_counts_once():
    log = simulated(3, 60, 0.5, 0)
    log["judge"] = ["j1"] * 30 + [f"j{i}" for i in range(2, 32)]
    board = rank_models(log, once="judge")
    pairs = {frozenset(pair) for pair in zip(log["model_a"][:30], log["model_b"][:30], strict=True)}
    assert board.counts["left_out"] == 30 - len(pairs)
    assert f"{30 - len(pairs)} repeated by one `judge`" in " ".join(board._facts())
    with pytest.raises(ValueError, match=r"`once` must be a column of the log \(judge\); got 'voter'"):
        rank_models(log, once="voter")
    log["judge"][3] = ""
    with pytest.raises(ValueError, match="`once` must be a column without empty cells"):
        rank_models(log, once="judge")


def test_cells_are_compared_inside_alone():
    log = simulated(4, 400, 0.4, 1)
    log |= {"language": ["en", "de"] * 200, "day": ["1"] * 200 + ["2"] * 200}
    found = rank_models(log, by="language, day")
    battles = battles_of(MatchLog.from_frame(log), by=("language", "day"))
    assert battles.cells.max() == 3
    assert np.array_equal(found.p_values, exact_p_values(results_of(battles), 4))
    assert found.p_values == pytest.approx(rank_models(log, by=["day", "language"]).p_values, abs=1e-12)
    assert not np.array_equal(found.p_values, rank_models(log).p_values)
    for wrong in (3, ["day", 1]):
        with pytest.raises(TypeError, match="`by` must be names of columns"):
            rank_models(log, by=wrong)
    with pytest.raises(ValueError, match="different names"):
        rank_models(log, by="day,day")


def test_what_says_nothing_is_left_out_and_told(tmp_path):
    text = HEAD + "\nx,x,model_a\nx,y,model_a\nu,v,model_b\nw,w,tie\n"
    board = rank_models(write(tmp_path, text))
    told = " ".join(board._facts())
    assert "left out: 2 of a model with itself" in told
    assert "without a battle: w" in told
    assert "neither met nor met a common opponent, such as" in told
    assert "100% of results are against an opponent whom no other model met" in told
    with pytest.raises(ValueError, match=r"log.csv:2: `winner` must be win, draw or loss"):
        rank_models(write(tmp_path, HEAD + "\nx,y,somebody\n"))
    with pytest.raises(ValueError, match="with a battle of two different models that counts"):
        rank_models(write(tmp_path, HEAD + "\nx,x,model_a\n"))


def test_counted_rows_have_no_order(tmp_path):
    counted = write(tmp_path, HEAD + ",count\nx,y,model_a,30\ny,x,model_a,3\n")
    assert rank_models(counted).first() == "first is certain: x"
    for option in ({"anytime": True}, {"any_schedule": True}, {"batch": "count"}):
        with pytest.raises(ValueError, match="left out for a log whose rows stand for several battles each"):
            rank_models(counted, **option)
    once = write(tmp_path, HEAD + ",count\nx,y,model_a,1\ny,x,model_a,1\n")
    assert rank_models(once, anytime=True).schedule == "anytime"


def test_refusals():
    log = simulated(3, 30, 0.5, 0)
    for options, sentence in (
        ({"delta": 0}, "`delta`"),
        ({"anytime": True, "any_schedule": True}, "anytime"),
        ({"horizon": 99}, "`horizon` must be left out but for a log under any schedule"),
        ({"any_schedule": True, "horizon": 9}, "`horizon` must be an integer of at least 30"),
        ({"both_bad": "win"}, "`both_bad` must be one of"),
        ({"model": "gpt"}, "`model` must be the name of a model of the log"),
        ({"batch": "week"}, "`batch` must be a column of the log"),
    ):
        with pytest.raises(ValueError, match=sentence):
            rank_models(log, **options)
    with pytest.raises(ValueError, match="`batch` must be a column without empty cells"):
        rank_models({**log, "week": [""] + ["1"] * 29}, batch="week")
    with pytest.raises(TypeError, match="`anytime`"):
        rank_models(log, anytime="no")
    with pytest.raises(ValueError, match="`seats` must be False for a log that lists the winner first"):
        rank_models({"winner": ["a"], "loser": ["b"]}, seats=True)
    for wrong in (None, 3, table_from_matches(log)):
        with pytest.raises(TypeError, match="`matches` must be a MatchLog, path or data frame"):
            rank_models(wrong)
    with pytest.raises(ValueError, match="two players who win, lose or draw"):
        rank_models({"p1": ["a"], "p2": ["b"], "r1": [0.5], "r2": [0.1]})


# --- next battles, and the shell -------------------------------------------------------------------------------------


def test_next_battles_are_of_the_leader():
    found = next_battles(ARENA, n=7)
    assert found._columns()["model"] == ["gpt-x"]
    assert found._columns()["against"] == ["claude-y"]
    assert found.plays.tolist() == [7]
    assert 100 < found.needed[0] < 2000
    log = simulated(6, 200, 0.2, 0)
    several = next_battles(log, n=8)
    rivals = rank_models(log).can_be_first.sum() - 1
    assert several.plays.sum() == 8
    assert len(several.others) == min(rivals, 8)
    assert several.plays.max() - several.plays.min() <= 1
    assert (np.diff(several.p_values) <= 0).all()
    certain = next_battles({"winner": ["a"] * 50, "loser": ["b"] * 50})
    assert certain.plays.size == 0
    assert certain._facts() == ["first is certain: a"]
    with pytest.raises(ValueError, match="`n` must be"):
        next_battles(log, n=0)


def test_ranking_and_playing_on_ends_with_the_first():
    rng, log = np.random.default_rng(0), simulated(4, 40, 0.8, 1)
    log = {name: list(cells) for name, cells in log.items()}
    for _ in range(60):
        board = rank_models(log, any_schedule=True)
        assert board.can_be_first[0]
        if board._decided():
            break
        plan = next_battles(log, n=30, any_schedule=True)
        for other, plays in zip(plan.others.tolist(), plan.plays.tolist(), strict=True):
            won = rng.random(plays) < 1 / (1 + np.exp(0.8 * (plan.leader - other)))
            log["model_a"] += [str(plan.leader)] * plays
            log["model_b"] += [str(other)] * plays
            log["winner"] += ["model_a" if one else "model_b" for one in won]
    assert board.first() == "first is certain: 0"


def test_the_verbs_answer_with_the_sentence_first(tmp_path, capsys):
    assert main(["alpha_rank", "rank", str(ARENA), "--decided"]) == 2
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "first can be: gpt-x, claude-y (under SST, 95%; alpha_rank/SST-6)"
    assert out[1].startswith("this holds for a log whose battles and length no outcome has chosen; else rank it with")
    assert out[2].split()[0] == "model"
    assert any("11 of 15 directions are certain" in line for line in out)
    assert main(["alpha_rank", "rank", str(ARENA), "--json", "--any-schedule"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"][0].startswith("first can be: gpt-x, claude-y")
    assert main(["alpha_rank", "next", str(ARENA), "-n", "5", "-o", "-"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("gpt-x,claude-y,5,")
    circle = write(tmp_path, "winner,loser\n" + "a,b\nb,c\nc,a\n" * 60)
    assert main(["alpha_rank", "rank", str(circle), "--decided"]) == 1
    assert capsys.readouterr().out.startswith("no order explains this log: a beats b beats c beats a")
    sure = write(tmp_path, "winner,loser\n" + "a,b\n" * 60)
    assert main(["alpha_rank", "rank", str(sure), "--decided"]) == 0
    assert main(["alpha_rank", "rank", str(ARENA), "--masses", "--once", "judge"]) == 3
    assert "`--once` must be left out with" in capsys.readouterr().err
    assert main(["alpha_rank", "rank", str(ARENA), "--by", "language"]) == 3
    assert "must be a column of the log" in capsys.readouterr().err


def test_pictures_of_boards():
    plt = pytest.importorskip("matplotlib.pyplot")
    for answer in (rank_models(ARENA), rank_models(simulated(60, 3000, 0.1, 0)), next_battles(ARENA)):
        assert answer.plot().figure is not None
    plt.close("all")


def test_what_cannot_be_compared_refutes_no_order():
    """Pairs without a decided battle and without a common opponent have no p value below 1."""
    for log in (
        {"model_a": ["x"] * 9, "model_b": ["y"] * 9, "winner": ["tie"] * 9},
        {"winner": ["a"] * 40 + ["c"] * 40, "loser": ["b"] * 40 + ["d"] * 40},
        {"winner": [f"a{i}" for i in range(30)], "loser": [f"b{i}" for i in range(30)]},
    ):
        board = rank_models(log)
        assert board.circle == ()
        assert board.first().startswith("first can be: ")
        assert "tests of an order: p 1 for pairs that cross" in " ".join(board._facts())
    seats = rank_models({"model_a": ["x"], "model_b": ["y"], "winner": ["model_a"]}, seats=True)
    assert seats.first() == "first can be: x, y"


def test_a_log_without_a_row():
    with pytest.raises(ValueError, match="the frame: no row"):
        rank_models({"model_a": [], "model_b": [], "winner": []})


def test_battles_of_one_judge_are_told():
    log = simulated(3, 60, 0.5, 0) | {"user_id": ["u"] * 20 + [str(i) for i in range(40)]}
    told = " ".join(rank_models(log)._facts())
    assert "17 battles repeat a pair for the same `user_id`; --once user_id counts the first alone" in told
    assert "battles are in the order of their rows" in told
    assert "repeat a pair" not in " ".join(rank_models(log, once="user_id")._facts())


def test_next_says_that_a_circle_has_no_first():
    found = next_battles({"winner": ["a", "b", "c"] * 60, "loser": ["b", "c", "a"] * 60})
    assert "no order explains this log" in found.message
    assert found.message.endswith("are found with --masses")
    with pytest.raises(ValueError, match="`n` must be"):
        next_battles({"winner": ["a"], "loser": ["b"]}, n=10**30)
