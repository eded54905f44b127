"""Every demo runs as a script, its verdict turns with the switch, and a browser that meets nobody else drives it."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

import demos
from demos._parts import number
from facts import facts
from lrtheory.cli import main
from tests.backends import missing
from tests.rules.public_names import ROOT

SYSTEMS = demos.systems()
VERDICTS = {"supported", "refuted", "inconclusive", "no claim"}


@pytest.fixture(params=SYSTEMS)
def demo(request: pytest.FixtureRequest, uses: Callable[[str], None]) -> ModuleType:
    """The module of a demo."""
    try:
        import marimo  # noqa: F401 (what the demos are written in)
    except ImportError as error:
        missing("demos", f"{error}; pip install '.[demos]'")
    uses("demos")
    return importlib.import_module(f"demos.{request.param}")


def read(demo: ModuleType, *, saboteur: bool = False, **moved: Any) -> Any:
    """The reading where all sliders stand at the start, but for those that were moved."""
    return demo.measure(**({name: one.start for name, one in demo.SLIDERS.items()} | moved), saboteur=saboteur)


def system_of(demo: ModuleType) -> str:
    return demo.__name__.rpartition(".")[2]


# --- as a script -----------------------------------------------------------------------------------------------------


def test_it_runs_as_a_script(demo: ModuleType) -> None:
    outputs, defined = demo.app.run()
    reading = defined["reading"]
    assert reading.verdict.word == "supported"
    assert np.isfinite(reading.numbers).all()
    shown = "".join(str(output.text) for output in outputs if output is not None)
    assert demo.STORY.title in shown.replace("&#x27;", "'")
    assert 'id="verdict"' in shown


def test_the_switch_turns_the_verdict(demo: ModuleType) -> None:
    assert [read(demo, saboteur=saboteur).verdict.word for saboteur in (False, True)] == ["supported", "refuted"]


def test_the_verdict_is_that_of_the_engine(demo: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another answer of `lrtheory.check` the page says something else."""
    import lrtheory

    class Evidence:
        verdict, message, worst = "inconclusive", "nobody looked", {}

    asked = []
    monkeypatch.setattr(lrtheory, "check", lambda id, **options: asked.append(id) or Evidence())
    assert read(demo).verdict.word == "inconclusive"
    assert set(asked) == {demo.STORY.statement.id}


def test_a_broken_hypothesis_is_no_claim_and_changes_both_numbers(demo: ModuleType) -> None:
    ((name, stop),) = facts(system_of(demo))["demo"]["breaks"].items()
    start, broken = read(demo), read(demo, **{name: stop})
    assert broken.verdict.word == "no claim"
    assert any(hypothesis in broken.verdict.sentence for hypothesis in demo.STORY.statement.hypotheses)
    assert all(a != b for a, b in zip(start.numbers, broken.numbers, strict=True))


def test_every_stop_of_every_slider_has_a_verdict_and_the_last_ones_are_drawn(demo: ModuleType) -> None:
    """A picture of the ends suffices: what is drawn are arrays of the same shapes at all stops, without NaN."""
    for name, slider in demo.SLIDERS.items():
        assert slider.start in slider.stops
        for stop in slider.stops:
            reading = read(demo, **{name: stop})
            assert reading.verdict.word in VERDICTS - {"refuted"}, (name, stop)
            assert reading.x.shape == reading.measured.shape == reading.bound.shape
            assert not np.isnan([*reading.measured, *reading.bound, *reading.numbers]).any()
            if stop in (slider.stops[0], slider.stops[-1]):
                assert demo.draw(reading).axes


def test_it_is_short(demo: ModuleType) -> None:
    assert len(Path(demo.__file__).read_text().splitlines()) < 200


@pytest.mark.parametrize("system", SYSTEMS)
def test_cells_see_all_imports(system: str) -> None:
    """Beside marimo itself all is imported in the setup, since cells see no other names of the file."""
    tree = ast.parse((ROOT / "demos" / f"{system}.py").read_text(encoding="utf-8"))
    outside = [ast.unparse(node) for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert outside == ["import marimo"]


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["demo", "demo nobody", "demo alpha_rank --port many"])
def test_wrong_usage_is_exit_code_3(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 3
    assert "usage: lrtheory demo" in capsys.readouterr().err


def test_without_marimo_it_says_what_to_install(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr(demos, "find_spec", lambda name: None)
    assert demos.main(["alpha_rank"]) == 3
    assert "pip install '.[demos]' in the checkout of lrtheory" in capsys.readouterr().err


def test_help_names_the_systems(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--help"]) == 0
    assert ", ".join(SYSTEMS) in re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported page."""
    path = tmp_path_factory.mktemp("demos") / "page.html"
    if main(["demo", "matrix_completion", "--export", str(path)]) != 0:
        missing("demos", "the page could not be written")
    return path


def test_an_exported_page_holds_all_that_it_shows(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"""(src|href)\s*=\s*\\?["'](?!data:)""", text)
    assert "url(" not in text.replace("url(#", "")


# --- in a browser ----------------------------------------------------------------------------------------------------


def chromium() -> str | None:
    """The browser of the system."""
    named = os.environ.get("CHROMIUM", "")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Visit:
    """A page in the browser, what it asked of whom, and its errors."""

    page: Any
    strangers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Let no request leave this machine, and write down who tried, and every error."""
        self.page.route("**/*", lambda route: route.continue_() if self.is_local(route.request.url) else route.abort())
        self.page.on("websocket", lambda socket: self.is_local(socket.url))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def is_local(self, url: str) -> bool:
        """Whether an address is of this machine."""
        parts = urlsplit(url)
        local = parts.scheme in ("data", "blob", "file") or parts.hostname in ("127.0.0.1", "localhost")
        if not local:
            self.strangers.append(url)
        return local

    def seconds_to_a_number(self, address: str) -> float:
        """How long it takes until a page says that it is supported."""
        since = time.monotonic()
        self.page.goto(address)
        self.await_verdict("supported")
        return time.monotonic() - since

    def numbers(self) -> tuple[str, str]:
        """What the two cards show."""
        return self.page.inner_text("#measured"), self.page.inner_text("#bound")

    def await_numbers(self, measured: str, bound: str) -> None:
        """Wait until the cards show these."""
        for name, wanted in (("measured", measured), ("bound", bound)):
            self.page.locator(f"#{name}", has_text=re.compile(f"^{re.escape(wanted)}$")).wait_for(timeout=30_000)

    def await_verdict(self, word: str) -> None:
        """Wait until the page says so."""
        self.page.locator("#verdict", has_text=re.compile(f"^{word}$")).wait_for(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium of the system, driven by playwright; not looked for where it is not required and not there."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        missing("browser", f"{error}; pip install '.[browser]'")
    if chromium() is None:
        missing("browser", "there is no chromium; apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Any, uses: Callable[[str], None]) -> Iterator[Visit]:
    """A new page that is watched."""
    uses("browser")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Visit(context.new_page())
    watched.watch()
    yield watched
    context.close()


@pytest.fixture
def address(demo: ModuleType) -> Iterator[str]:
    """The address of a demo that is served by the command."""
    line = [sys.executable, "-m", "lrtheory.cli", "demo", system_of(demo), "--headless"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = server.stdout.readline()
        yield re.findall(r"http://127\.0\.0\.1:\d+", said)[0]
        server.send_signal(signal.SIGINT)
        try:
            assert server.wait(30) == 0
        finally:
            server.kill()


def test_a_browser_drives_it(demo: ModuleType, address: str, visit: Visit) -> None:
    # a second try is allowed, since other tests may run beside this one
    assert any(visit.seconds_to_a_number(address) < 10 for _ in range(2))
    start = visit.numbers()

    visit.page.get_by_role("switch").click()
    visit.await_verdict("refuted")
    visit.page.get_by_role("switch").click()
    visit.await_verdict("supported")
    assert visit.numbers() == start

    ((name, stop),) = facts(system_of(demo))["demo"]["breaks"].items()
    slider = visit.page.get_by_role("slider").nth(list(demo.SLIDERS).index(name))
    slider.focus()
    slider.press("Home")
    for _ in range(list(demo.SLIDERS[name].stops).index(stop)):
        slider.press("ArrowRight")
    expected = read(demo, **{name: stop}).numbers
    visit.await_numbers(*map(number, expected))
    visit.await_verdict("no claim")
    assert all(a != b for a, b in zip(start, visit.numbers(), strict=True))
    assert visit.errors == []
    assert visit.strangers == []
    if folder := os.environ.get("LRTHEORY_SCREENSHOTS"):
        visit.page.screenshot(path=f"{folder}/{system_of(demo)}.png")


def test_a_browser_opens_the_exported_page(page: Path, visit: Visit) -> None:
    visit.page.goto(page.as_uri())
    visit.await_verdict("supported")
    start = visit.numbers()
    visit.page.get_by_role("checkbox").click()
    visit.await_verdict("refuted")
    visit.page.get_by_role("checkbox").click()
    visit.page.get_by_role("slider").first.press("Home")
    visit.await_verdict("no claim")
    assert all(a != b for a, b in zip(start, visit.numbers(), strict=True))
    assert visit.errors == []
    assert visit.strangers == []
