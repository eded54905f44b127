"""Evidence: what one check measured, in a form that prints, plots, is stored as JSON and can be replayed."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lrtheory._result import Result, result
from lrtheory.bounds.deciding.sizes import stricter_words, with_decimals
from lrtheory.bounds.deciding.verdict import alone_of, contradictions, scope_of
from lrtheory.bounds.families import is_fixed
from lrtheory.bounds.session import DEFAULT_SEED
from lrtheory.bounds.statement.formulas import as_image, as_text

__all__ = ["CALLERS", "LEFT_OUT", "NOT_CHECKED", "OF_CALLERS", "Evidence", "covered", "file_name", "load_evidence"]

FORMAT = 2  # of evidence files; later versions read it, and format 1, which has no rows
CALLERS = "a solver of the caller's: "  # the beginning of such a subject
OF_CALLERS = "of-callers"
LEFT_OUT = "the forger and the solver that says nothing were left out"
NOT_CHECKED = "not checked here"  # of a set, for want of budget
_SIGNS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "recorded": "·"}


@result
class Evidence(Result):
    """The measurement of one statement, or of one saboteur, by a check.

    Attributes
    ----------
    statement, title, tex, source, kind : str
        The statement's id and how it reads.
    sides : str
        Summary of the claim's function, which says what both sides are; empty where it has none.
    saboteur, repair : str
        The saboteur or the repair in force; empty for the statement itself.
    collection, place : str
        The collection of statements, and what a command writes before ``::`` and the id; empty where the configuration
        names the place.
    versions : mapping of str to str
        Installed versions of the distributions on which the evidence rests.
    subject : str
        Subject of the measurement: "the project's solver", "a formula", or "a solver of the caller's: " and its name.
        Empty where a file of format 1 was read, which has neither rows nor problems.
    scope : str
        Instances that were measured: "81 instances" for the whole family, or the label of the one that was asked for.
    verdict : {"supported", "refuted", "inconclusive", "recorded"}
        The answer. It follows from `rows`, `problems` and `hypotheses`, and from the verdicts of the saboteurs where
        they were run along: where one of them is not refuted, support is `inconclusive`.
    level : float
        Probability of a wrong verdict of a random claim; 0 for claims that are decided exactly.
    budget : str
        Name of the budget.
    hypotheses : mapping of str to int
        Number of instances on which each hypothesis was found true.
    lhs, rhs, slack : ndarray, shape (n_instances,)
        Both sides at the worst entry of each instance, and rhs - lhs (for equalities ``-|rhs - lhs|``).
    worst : mapping
        The worst instance (`instance`), its entry (`where`), both sides (`lhs`, `rhs`) as exact text, their `slack`,
        and what iterates may err by (`rounding`), where they do. For a probability also the `runs`, the `failures`
        among them, the `upper` limit of the rate at the level of the check, and the `exact` probability where it can be
        computed.
    vacuous : int
        Instances on which the bound says nothing.
    tightness : float or None
        Largest lhs/rhs where 0 < rhs < trivial, and at most 1 where both sides agree within rounding.
    e_value : float or None
        For random claims, the smallest e-value for a supported claim, the largest against a refuted one.
    n_instances : int
        Instances examined.
    rows : tuple of mapping
        For each instance its label (`instance`), its `verdict`, `lhs`, `rhs`, `slack` and `rounding` at its worst
        entry, whether the bound `says` anything on it, and which of the stricter bounds it refutes (`sharper`).
    problems : tuple of str
        Reasons against support beside the verdicts of the rows.
    sets : tuple of mapping
        For each set that the statement covers as a whole: the set with the number of its things (`words`), what was
        measured on it (`about`: "the code", "the formula", "the rule" or "the theorem"), `how` it is covered ("all
        of"), its number of `members`, the `verdict` on it, which is "not checked here" where the budget does not
        suffice, and processor time in `seconds`. A complete family is one, by its name (`family`); where it is a choice
        of cases, `how` is "tried".
        A "proof" is a file for another program, which was "not checked here"; it is "proved" where this run let a
        `checker` read it, which accepted the bytes of `digest` with these `axioms` and `anchors`.
        The evidence of a saboteur also has the reason why it is `invisible` there, if the statement gives one.
    sizes : mapping of str to list of float
        The least and the largest of the numbers in which the instances differ, at most four, by their names.
    saboteurs, repairs : mapping of str to str
        Verdicts of the saboteurs and of the repairs, where they were run along.
    message : str
        Reason why the verdict is not better, or remarks on the measurement.
    replay : str
        The command that repeats the worst instance.
    digest : str
        Digest of the sources of the system, of its checks and of the engine.
    seed : int
        Seed of the session.
    counts : mapping of str to int
        Entries, entries in which the bound says something, entries decided exactly, entries outside the good event,
        entries that say nothing below their rounding (`drowned`), runs, the most runs on one instance (where one
        refutes, the runs on that one), the cap, the lies about the outcome that were told, and those left untold.
    seconds, compile_seconds : float
        Processor time, and how much of it went into compiling.
    """

    statement: str
    title: str
    tex: str
    source: str
    sides: str
    kind: str
    saboteur: str
    repair: str
    collection: str
    place: str
    versions: Mapping[str, str]
    subject: str
    scope: str
    verdict: str
    level: float
    budget: str
    hypotheses: Mapping[str, int]
    lhs: np.ndarray
    rhs: np.ndarray
    slack: np.ndarray
    worst: Mapping[str, Any]
    vacuous: int
    tightness: float | None
    e_value: float | None
    n_instances: int
    rows: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]
    sets: tuple[Mapping[str, Any], ...]
    sizes: Mapping[str, Sequence[float]]
    saboteurs: Mapping[str, str]
    repairs: Mapping[str, str]
    message: str
    replay: str
    digest: str
    seed: int
    counts: Mapping[str, int]
    seconds: float
    compile_seconds: float

    @property
    def alone(self) -> str:
        """The verdict of the statement by itself, whatever became of its saboteurs."""
        if self.verdict == "recorded" or not self.subject:
            return self.verdict
        fields = ("rows", "counts", "problems", "hypotheses", "scope")
        return alone_of({name: getattr(self, name) for name in fields})

    @property
    def is_whole(self) -> bool:
        """Whether this is about the whole family, and not about one instance of it."""
        return self.scope.endswith((" instance", " instances"))

    @property
    def sharper(self) -> float | None:
        """The least part, of 2 % and 10 %, by which a stricter bound is refuted on some instance.

        0 where neither is, and None where the claim has no bound that could be stricter, or is not supported. Nothing
        was run for it: the sides are those of `rows`, of all their entries, and their rounding speaks for the bound.
        """
        tried = [row["sharper"] for row in self.rows if row.get("sharper") is not None]
        if not tried or self.alone != "supported":
            return None
        return min((part for part in tried if part), default=0.0)

    @property
    def caller(self) -> str:
        """The name of the caller's solver that was measured; empty for the statement's own."""
        return self.subject.removeprefix(CALLERS) if self.subject.startswith(CALLERS) else ""

    @property
    def unseen(self) -> str:
        """A sentence on the set on which this saboteur holds without a reason, or fails against one; else empty.

        A set on which a wrong variant holds covers less than it says, unless the statement gives the reason.
        """
        for one in self.sets:
            verdict, reason = one["verdict"], one.get("invisible")
            if reason is None or verdict == NOT_CHECKED:
                continue
            if not reason and verdict != "refuted":
                return f"{self.saboteur!r} is {verdict} on all {one['words']}"
            if reason and verdict == "refuted":
                return f"{self.saboteur!r} is declared invisible on all {one['words']}, and is refuted there"
        return ""

    @property
    def underpowered(self) -> bool:
        """Whether some instance needed more than half of its cap of runs."""
        return 2 * self.counts.get("most_runs", 0) > self.counts.get("cap", 0)

    @property
    def too_weak(self) -> bool:
        """Whether a check was underpowered at the default seed, where that is a failure and not a remark alone."""
        return self.underpowered and self.seed == DEFAULT_SEED

    @property
    def by_luck(self) -> bool:
        """Whether a refutation needed an instance that was drawn or found, which another seed may not meet."""
        label = str(self.worst.get("instance", ""))
        return self.verdict == "refuted" and self.kind != "rate" and not is_fixed(label)

    def save(self, folder: str | Path) -> Path:
        """Write the evidence as one JSON file.

        Parameters
        ----------
        folder : path
            Made if missing; each collection has a folder of its own below it. What is not about the theorem, a solver
            of the caller's or one instance, is kept apart in a folder `of-callers` there, which no report reads.

        Returns
        -------
        Path
            The file.
        """
        name, place = file_name(self.statement, self.saboteur, self.repair), Path(folder) / self.collection
        if self.caller or not self.is_whole:
            about = hashlib.sha256(f"{self.subject}\n{self.scope}".encode()).hexdigest()[:10]
            name, place = f"{name.removesuffix('.json')}--{about}.json", place / OF_CALLERS
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"format": FORMAT} | self.to_dict(), indent=1, allow_nan=False) + "\n")
        return path

    def rerun(self) -> Evidence:
        """Run this check again, at its budget and seed.

        Returns
        -------
        Evidence
            Equal to this one, times aside, as long as the sources are.

        Raises
        ------
        ValueError
            If it is about a solver of the caller's, which no file keeps.
        """
        import lrtheory

        if self.caller:
            raise ValueError(f"this is evidence about {self.caller}, which is not kept; repeat it by {self.replay}")

        id = f"{self.place}::{self.statement}" if self.place else self.statement
        variant = {"saboteur": self.saboteur or None, "repair": self.repair or None}
        one, told = None if self.is_whole else self.scope, LEFT_OUT not in self.message
        return lrtheory.check(id, budget=self.budget, rng=self.seed, instance=one, forger=told, **variant)

    def plot(self, ax: Any = None) -> Any:
        """Both sides of every instance, the worst first.

        Parameters
        ----------
        ax : matplotlib Axes or None
            Where to draw; None makes a figure.

        Returns
        -------
        matplotlib Axes
            The axes.
        """
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(6, 3.2), layout="constrained")[1] if ax is None else ax
        order = np.argsort(self._relative_slack())
        ax.plot(self.rhs[order], drawstyle="steps-mid", color="black", label="rhs")
        ax.plot(self.lhs[order], ".", color="tab:blue", label="lhs")
        ax.set(title=f"{self.statement}: {self.verdict}", xlabel="instance, least slack first")
        ax.legend()
        return ax

    def _relative_slack(self) -> np.ndarray:
        # in units of the larger side, so that instances of all sizes share one histogram
        scale = np.maximum(np.abs(self.lhs), np.abs(self.rhs))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            return np.nan_to_num(np.where(scale > 0, self.slack / scale, 0.0))

    def histogram(self) -> str:
        """Relative slack of the instances as one line of bars, from -1 (far violated) to 1 (rhs far above).

        Returns
        -------
        str
            Twenty bars between their ends.
        """
        # everything beyond the ends, infinities included, falls into the outermost bars
        counts, _ = np.histogram(self._relative_slack().clip(-1, 1), bins=20, range=(-1, 1))
        bars = " ▁▂▃▄▅▆▇█"
        heights = np.ceil(8 * counts / max(1, counts.max())).astype(int)
        return f"-1 [{''.join(bars[height] for height in heights)}] 1"

    def lines(self) -> list[tuple[str, str]]:
        """The evidence as pairs of a word and a text, for every way of printing it.

        Returns
        -------
        list of tuple of str
            In the order in which they are read.
        """
        words = [("claim", as_text(self.tex) if self.tex else ""), ("source", self.source)]
        rows = [(word, text) for word, text in words if text]
        if self.verdict == "recorded":
            return [*rows, ("reason", self.message)]
        worst = self.worst
        if worst:
            at = f" at {tuple(worst['where'])}" if worst.get("where") else ""
            label = worst["instance"]
            # what a search found is spelled out in the replay command, and may be long
            label = "found by search" if label.startswith("json:") and len(label) > 80 else label
            rounding = f"  (both within {worst['rounding']:.3g})" if "rounding" in worst else ""
            lhs, rhs = with_decimals(worst["lhs"], worst["rhs"])
            rows += [("sides", self.sides)] if self.sides else []
            rows += [("lhs", lhs), ("rhs", rhs + rounding), ("worst", label + at)]
        sets = () if self.saboteur else self.sets
        if self.rows and self.is_whole and self.kind != "rate" and not any("family" in one for one in sets):
            rows.append(("tried", self._tried()))
        rows += [(str(one["how"]), covered(one)) for one in sets]
        if self.n_instances > 1:
            relative = f"(rhs - lhs)/max(|lhs|, |rhs|) of {self.n_instances} instances; below 0 is a violation"
            rows.append(("slack", f"{self.histogram()}  {relative}"))
        rows.append(("evidence", self._strength()))
        rows.append(("hypotheses", ", ".join(f"{name}: {held}" for name, held in self.hypotheses.items())))
        if "upper" in worst:
            exactly = f"; it is {worst['exact']:.3g}" if "exact" in worst else ""
            limit = f"at most {worst['upper']:.3g} at level {self.level:g}{exactly}"
            rows.append(("rate", f"{worst['failures']} of {worst['runs']} runs failed, so the probability is {limit}"))
        if self.tightness is not None:
            rows.append(
                ("tightness", f"largest lhs/rhs {self.tightness:.4g}, vacuous {self.vacuous} of {self.n_instances}")
            )
        if self.sharper is not None:
            rows.append(("stricter", stricter_words(self.sharper)))
        if self.level == 0 and self.counts.get("saying", 0) < self.counts.get("entries", 0):
            rows.append(("bites", f"in {self.counts['saying']} of {self.counts['entries']} entries"))
        if self.saboteurs:
            # the cross of a saboteur is no failure of the check, which has to refute it
            told = {verdict: verdict for verdict in _SIGNS} | {"refuted": "refuted, as is due"}
            rows += [("saboteur", f"{_SIGNS[found]} {told[found]}: {name}") for name, found in self.saboteurs.items()]
        rows += [("repair", f"{_SIGNS[verdict]} {verdict}: {name}") for name, verdict in self.repairs.items()]
        if "lies" in self.counts and "[forger]: " not in self.message:
            rows.append(("forger", f"none of {self.counts['lies']} lies about the outcome is supported"))
        rows += [("note", self.message)] if self.message else []
        return [*rows, ("replay", self.replay)]

    def _tried(self) -> str:
        """Count the instances by their origin, and give their sizes."""
        labels = [row["instance"] for row in self.rows]
        found = sum(label.startswith("json:") for label in labels)
        fixed = sum(map(is_fixed, labels))
        kinds = {"fixed": fixed, "drawn": len(labels) - fixed - found, "found by search": found}
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
        noun = "instance" if len(labels) == 1 else "instances"
        return "; ".join(filter(None, (f"{len(labels)} {noun}: {told}", self.ranges)))

    @property
    def ranges(self) -> str:
        """Sizes of the instances, such as "n 1 to 39"; empty where no number of theirs varies."""
        return ", ".join(f"{name} {_short(low)} to {_short(high)}" for name, (low, high) in self.sizes.items())

    def _strength(self) -> str:
        counts = self.counts
        if self.level == 0:
            outside = f", {counts['outside']} outside the good event" if counts.get("outside") else ""
            return f"{counts.get('entries', 0)} entries, {counts.get('exact', 0)} of them decided exactly{outside}"
        if "most_runs" not in counts:
            return "no run was judged"
        e_value = "" if self.e_value is None else f"e-value {self.e_value:.3g}, "
        power = f"at most {counts['most_runs']} of {counts['cap']} an instance"
        calls = ", each a call of its own" if counts.get("calls") else ""
        return f"{e_value}{counts['runs']} runs{calls}, level {self.level:g}, {power}"

    def __str__(self) -> str:
        of = "" if self.is_whole else " on 1 instance"
        of += f" for {self.caller}" if self.caller else ""
        head = f"{_SIGNS[self.verdict]} {self.statement}  {self.verdict}{of}  {self.title}"
        head += self._escaped()
        head += f"  [saboteur: {self.saboteur}]" if self.saboteur else ""
        head += f"  [repair: {self.repair}]" if self.repair else ""
        return "\n".join([head, *(f"    {word:<10} {text}" for word, text in self.lines())])

    def _escaped(self) -> str:
        """Count the saboteurs that are not refuted, for the first line."""
        escaped = [found for found in self.saboteurs.values() if found != "refuted"]
        if not escaped:
            return ""
        what = escaped[0] if len(set(escaped)) == 1 else "not refuted"
        verb = "is" if len(escaped) == 1 else "are"
        return f"  [{len(escaped)} of {len(self.saboteurs)} saboteurs {verb} {what}]"

    def __repr__(self) -> str:
        return f"Evidence({self.statement!r}, {self.verdict!r}, n_instances={self.n_instances})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{word}</th>"
            f"<td style='text-align:left'>{as_image(self.tex) if word == 'claim' else html.escape(text)}</td></tr>"
            for word, text in self.lines()
        )
        head = html.escape(f"{self.statement}: {self.title}")
        return f"<b>{_SIGNS[self.verdict]} {head}</b> <i>{self.verdict}</i><table>{rows}</table>"


def _short(number: float) -> str:
    return f"{number}" if isinstance(number, int) and abs(number) < 10**9 else f"{number:.4g}"


def covered(one: Mapping[str, Any]) -> str:
    """A set in words, with what was measured on it, and that it was not where it was not.

    Parameters
    ----------
    one : mapping
        An entry of `Evidence.sets`.

    Returns
    -------
    str
        A phrase that follows "all of".
    """
    verdict = "" if one["verdict"] == "supported" else f" ({one['verdict']})"
    if one["how"] == "proved":
        verdict = f" ({one['checker']}, {one['bytes'] / 1000:.1f} kB; {one['anchors']} anchors)"
    return f"{one['words']}: {one['about']}{verdict}"


def file_name(statement: str, saboteur: str = "", repair: str = "") -> str:
    """Name of an evidence file; the free text of a saboteur or a repair enters as a hash."""
    # "~" stands for the slash, since no id has one, and a repair is told from a saboteur of its name
    mark = "".join(
        f"--{kind}{hashlib.sha256(variant.encode()).hexdigest()[:10]}"
        for kind, variant in (("", saboteur), ("repair-", repair))
        if variant
    )
    return statement.replace("/", "~") + mark + ".json"


def load_evidence(path: str | Path) -> Evidence:
    """Read a file that `Evidence.save` wrote, and hold what it says against itself.

    Parameters
    ----------
    path : path
        The file. One of format 1 has no rows, and names neither its subject nor its scope.

    Returns
    -------
    Evidence
        Evidence that was saved.

    Raises
    ------
    ValueError
        If it is no such file, or its verdict, counts or sides do not follow from its rows.
    """
    data = json.loads(Path(path).read_text())
    written = data.pop("format", None) if isinstance(data, dict) else None
    if written not in (1, FORMAT):
        raise ValueError(f"{path} is not an evidence file of format 1 or {FORMAT}; run the bounds again")
    # older files say neither what the sides are, nor anything of whole sets
    data = {"sides": "", "sets": ()} | data
    data["sets"] = tuple(data["sets"])
    for name in ("lhs", "rhs", "slack"):
        data[name] = np.array([float(entry) for entry in data[name]])
    if written == 1:
        data |= {"subject": "", "scope": scope_of(data["n_instances"]), "rows": (), "problems": (), "sizes": {}}
        return Evidence(**data)
    numbers = ("lhs", "rhs", "slack", "rounding")
    data["rows"] = tuple({key: float(x) if key in numbers else x for key, x in row.items()} for row in data["rows"])
    data["problems"] = tuple(data["problems"])
    if "slack" in data["worst"]:
        data["worst"]["slack"] = float(data["worst"]["slack"])
    found = contradictions(data)
    if found:
        raise ValueError(f"{path} contradicts itself: {found[0]}; run the bounds again")
    return Evidence(**data)
