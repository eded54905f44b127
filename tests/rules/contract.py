"""The rules of the public API, each a small function that raises AssertionError; `test_contract.py` applies them."""

from __future__ import annotations

import dataclasses
import dis
import inspect
import json
import pickle
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, MappingProxyType
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpydoc.docscrape import ClassDoc, FunctionDoc

from lrtheory._result import Certificate, Result, display
from lrtheory._validation import generator
from tests.core.files import saving
from tests.rules.public_names import Entry, function_lengths, lines_of_code
from tests.rules.words import NEVER, VOTING, WORDS

POSITIONAL = {
    "few_shot": 4,
    "Task": 4,
    "Observations": 4,
    "dual_bound": 4,
    "quota_sweep": 4,
    "gradient_chain": 5,
    "error_certificate": 5,
}  # all others: three
PROTOCOL = ("method", "reason", "n_iter", "converged", "message", "counts", "certificate", "trace")
MESSAGES = "lrtheory._validation"  # who calls it refuses some arguments
STATEMENT_ID = re.compile(r"\b[A-Z]{2,3}-(?:[A-Z]+\d*|\d+)[A-Za-z]*\b")


def is_result(entry: Entry) -> bool:
    return inspect.isclass(entry.value) and issubclass(entry.value, Result)


def is_certificate(entry: Entry) -> bool:
    return inspect.isclass(entry.value) and issubclass(entry.value, Certificate)


def is_estimator(entry: Entry) -> bool:
    owner = entry.owner or entry.value
    return inspect.isclass(owner) and hasattr(owner, "fit")


def parameters(entry: Entry) -> list[inspect.Parameter]:
    """The parameters of a call, without self."""
    found = list(inspect.signature(entry.value).parameters.values())
    return found[1:] if entry.owner is not None else found


def documentation(entry: Entry) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown section Proof")  # a section of this house
        if inspect.isclass(entry.value):
            return ClassDoc(entry.value, config={"show_class_members": False})
        return FunctionDoc(inspect.unwrap(entry.value))


def documented(section: Any) -> set[str]:
    return {name.strip().lstrip("*") for item in section for name in item.name.split(",")}


def globals_used(value: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of the globals in the code of a function or of all functions of a class."""
    functions = [value] if not inspect.isclass(value) else [v for v in vars(value).values() if inspect.isfunction(v)]
    for function in map(inspect.unwrap, functions):
        waiting = [function.__code__] if hasattr(function, "__code__") else []
        while waiting:
            code = waiting.pop()
            for step in dis.get_instructions(code):
                if step.opname == "LOAD_GLOBAL":
                    yield step.argval, function.__globals__.get(step.argval)
                elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval == "default_rng":
                    yield step.argval, np.random.default_rng
            waiting.extend(constant for constant in code.co_consts if isinstance(constant, CodeType))


# --- callables -------------------------------------------------------------------------------------------------------


def check_positional(entry: Entry) -> None:
    """At most three positional arguments, data first."""
    if is_result(entry):
        return
    positional = [p.name for p in parameters(entry) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    allowed = POSITIONAL.get(entry.plain_name, 3)
    assert len(positional) <= allowed, f"{entry.id} takes {positional}; everything after the {allowed}th goes after *"


def check_words(entry: Entry) -> None:
    """One word a concept."""
    for parameter in parameters(entry):
        word = parameter.name
        if word == "random_state":
            assert is_estimator(entry), f"{entry.id}: random_state is for estimators; write rng"
        elif not (word == "m" and entry.plain_name in VOTING):
            assert word not in NEVER, f"{entry.id}: `{word}` is written {NEVER[word]}"


def check_meanings(entry: Entry) -> None:
    """A word stands where its meaning is at home, and its values are of one kind; see the table of words."""
    doc = documentation(entry)
    for item in (*doc["Parameters"], *doc["Attributes"]):
        for name in item.name.split(", "):
            word = WORDS.get(name.strip("* "))
            if word is None:
                continue
            assert re.match(word.only, entry.id), f"{entry.id}: `{name}` means: {word.meaning}"
            if item.type and ", " not in item.name:
                assert re.match(word.kinds, item.type), f"{entry.id}: `{name}` is {item.type}, not {word.kinds}"


def check_rng(entry: Entry) -> None:
    """What draws takes ``rng=None`` as a keyword."""
    given = {p.name: p for p in parameters(entry)}
    if "rng" in given:
        keyword = given["rng"].kind is inspect.Parameter.KEYWORD_ONLY and given["rng"].default is None
        assert keyword, f"{entry.id}: rng must be keyword-only with default None"
    draws = any(used in (generator, np.random.default_rng) for _, used in globals_used(entry.value))
    named = "rng" in given or "random_state" in given
    assert named or not draws or entry.owner is not None, f"{entry.id} draws and takes no rng"


def check_summary(entry: Entry) -> None:
    """A docstring of its own, whose first line is a sentence."""
    own = entry.value.__doc__ or ""
    first = own.strip().splitlines()[0] if own.strip() else ""
    generated = first.startswith(f"{entry.plain_name}(")  # what dataclasses write where nothing stands
    assert first, f"{entry.id} has no docstring"
    assert not generated, f"{entry.id} has no docstring"
    assert first.endswith("."), f"{entry.id}: the summary {first!r} is no sentence on one line"


def check_parameters(entry: Entry) -> None:
    """The documented parameters are those of the signature."""
    doc = documentation(entry)
    written = documented(doc["Parameters"]) | (documented(doc["Attributes"]) if is_result(entry) else set())
    if is_certificate(entry):  # the base class says what these two are
        written |= {"gap", "statement"}
    real = {p.name for p in parameters(entry)}
    assert written == real, f"{entry.id}: documented {sorted(written - real)}, undocumented {sorted(real - written)}"


def check_returns(entry: Entry) -> None:
    """What comes back is described."""
    if inspect.isclass(entry.value) or inspect.signature(entry.value).return_annotation in (None, "None"):
        return
    doc = documentation(entry)
    assert doc["Returns"] or doc["Yields"], f"{entry.id} has no section Returns"


def check_raises(entry: Entry) -> None:
    """What checks its arguments says what it raises."""
    if is_result(entry):
        return
    checks = {name for name, used in globals_used(entry.value) if getattr(used, "__module__", "") == MESSAGES}
    assert not checks or documentation(entry)["Raises"], (
        f"{entry.id} checks its arguments ({sorted(checks)}) without Raises"
    )


def check_reference(entry: Entry) -> None:
    """A formula of `theory` names its source or the statement that checks it."""
    if not entry.in_theory or entry.owner is not None:
        return
    text = inspect.getdoc(entry.value) or ""
    known = "References\n---" in text or STATEMENT_ID.search(text)
    assert known, f"{entry.id} has neither References nor the id of a statement"


def check_arrays_line(entry: Entry) -> None:
    """The docstring says what a function does with arrays of other libraries."""
    where = getattr(entry.value, "arrays", None)
    if where is not None:
        line = {"device": "Arrays: any (device)", "host": "Arrays: any (copied to the host)"}[where]
        assert line in (entry.value.__doc__ or ""), f"{entry.id} lacks the line {line!r}"


# --- classes of results ----------------------------------------------------------------------------------------------


def check_result_class(entry: Entry) -> None:
    """Results are frozen dataclasses with slots, compared by identity."""
    if not is_result(entry):
        return
    made = getattr(entry.value, "__dataclass_params__", None)  # a subclass without decorator inherits them
    assert "__dataclass_params__" in vars(entry.value), f"{entry.id} is no dataclass"
    assert made.frozen, f"{entry.id} is not frozen"
    assert not made.eq, f"{entry.id} compares its arrays"
    assert "__slots__" in vars(entry.value), f"{entry.id} has no slots"


def check_field_order(entry: Entry) -> None:
    """First the answer, then what all results share, in one order."""
    if not is_result(entry):
        return
    names = [field.name for field in dataclasses.fields(entry.value)]
    shared = [name for name in PROTOCOL if name in names]
    assert names[len(names) - len(shared) :] == shared, f"{entry.id}: the fields must end with {shared}; got {names}"
    wrong = [name for name in names if name in NEVER]
    assert not wrong, f"{entry.id}: {wrong} are not words of the API"


CALLABLE_CHECKS: tuple[Callable[[Entry], None], ...] = (
    check_positional,
    check_words,
    check_meanings,
    check_rng,
    check_summary,
    check_parameters,
    check_returns,
    check_raises,
    check_reference,
    check_arrays_line,
    check_result_class,
    check_field_order,
)

# --- values that came back -------------------------------------------------------------------------------------------


def arrays_in(value: Any) -> list[np.ndarray]:
    """The NumPy arrays inside a value."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    return [array for item in value for array in arrays_in(item)] if isinstance(value, (list, tuple)) else []


def check_returns_result(value: Any) -> None:
    """A record of the library is a result, or an instance that solvers take, which says what JSON shows of it."""
    own = dataclasses.is_dataclass(value) and type(value).__module__.startswith("lrtheory.")
    if own and not hasattr(value, "_brief"):
        assert isinstance(value, Result), f"{type(value).__name__} is a dataclass and no Result"


def check_read_only(value: Any) -> None:
    """The arrays of a result are read-only, also those of its copy through pickle."""
    copied = pickle.loads(pickle.dumps(value))
    assert type(copied) is type(value)
    for array in (*arrays_in(value), *arrays_in(copied)):
        assert not array.flags.writeable, f"{type(value).__name__} holds a writable array of shape {array.shape}"
    for array, again in zip(arrays_in(value), arrays_in(copied), strict=True):
        np.testing.assert_array_equal(array, again)


def check_json(value: Any) -> None:
    """`to_dict` is JSON, without NaN and infinities, with one entry per field."""
    written = value.to_dict()
    json.dumps(written, allow_nan=False)
    assert list(written) == [field.name for field in dataclasses.fields(value)]


def check_short_repr(value: Any) -> None:
    """A result prints in a few lines."""
    assert len(repr(value)) < 1000, f"repr of {type(value).__name__} has {len(repr(value))} characters"


def check_certificate(value: Any) -> None:
    """Every certificate answers the same questions, and its gap is that of its two numbers."""
    certificate = value if isinstance(value, Certificate) else getattr(value, "certificate", None)
    if certificate is None:
        return
    assert isinstance(certificate, Certificate), f"the certificate of {type(value).__name__} is no Certificate"
    assert certificate._is_sound(), f"the certificate of {type(value).__name__} is not sound: {certificate!r}"


def check_counts(value: Any) -> None:
    """Counts are a read-only mapping from words to integers."""
    counts = getattr(value, "counts", MappingProxyType({}))
    assert isinstance(counts, MappingProxyType), "counts can be written to"
    assert all(isinstance(k, str) and isinstance(v, (int, np.integer)) for k, v in counts.items()), (
        f"counts are {counts}"
    )


_DRAWN: set[type] = set()


def check_shown(value: Any) -> None:
    """A result becomes HTML, a table, and a picture or one sentence that says why there is none."""
    columns = display.plain(value._columns())
    assert columns, f"{type(value).__name__} shows nothing"
    assert all(isinstance(fact, str) and fact for fact in value._facts())
    assert "<table>" in value._repr_html_()
    if type(value) in _DRAWN:  # a picture takes a tenth of a second
        return
    _DRAWN.add(type(value))
    ax, refusal = Figure().subplots(), ""
    try:
        assert value.plot(ax) is ax
    except TypeError as error:
        refusal = str(error)
    assert "there is no picture" in refusal if refusal else ax.has_data(), f"{type(value).__name__}: {refusal}"


def check_saved(value: Any) -> None:
    """What a result writes is read back equal, or as the table that it is, or the form of the file is refused."""
    saving.check_saved(value)


RESULT_CHECKS: tuple[Callable[[Any], None], ...] = (
    check_read_only,
    check_json,
    check_short_repr,
    check_certificate,
    check_counts,
    check_shown,
    check_saved,
)

# --- files -----------------------------------------------------------------------------------------------------------


def check_file_length(name: str | Path, text: str) -> None:
    """A file can be read in one sitting; docstrings and comments, which make reading easier, do not count."""
    if len(text.splitlines()) <= 300:  # which takes no parsing to see
        return
    lines = lines_of_code(text)
    assert lines <= 300, f"{name} has {lines} lines of code; split it at 300"


def check_function_length(name: str | Path, text: str) -> None:
    """A function fits a screen."""
    if len(text.splitlines()) <= 60:
        return
    long = [found for found in function_lengths(text) if found[1] > 60]
    assert not long, f"{name}: functions over 60 lines: {long}"


FILE_CHECKS: tuple[Callable[[str | Path, str], None], ...] = (check_file_length, check_function_length)
