"""A demo as one file that opens without Python: every stop of every slider, with the switch off and on, computed ahead.

One slider moves at a time, and the others go back to where they start: all combinations would be too many. marimo can
write pages too, but those fetch scripts, and Python itself, from elsewhere whenever they are opened.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from demos import _parts

__all__ = ["export", "states"]

_STYLE = "body{font:15px/1.45 system-ui,sans-serif;color:#111;max-width:70em;margin:2em auto;padding:0 1em}"
_LABEL = "margin-right:1.5em;display:inline-block"
_SCRIPT = """
const states = JSON.parse(document.getElementById("states").textContent);
const sliders = [...document.querySelectorAll("input[type=range]")];
const saboteur = document.getElementById("saboteur");
function show(moved) {
  for (const one of sliders) {
    if (moved && one !== moved) one.value = one.dataset.start;
    one.nextElementSibling.textContent = JSON.parse(one.dataset.stops)[one.value];
  }
  const away = sliders.find(one => one.value !== one.dataset.start);
  const key = (away ? away.name + ":" + away.value : "start") + (saboteur.checked ? ":saboteur" : "");
  document.getElementById("state").innerHTML = states[key];
}
sliders.forEach(one => one.addEventListener("input", () => show(one)));
saboteur.addEventListener("change", () => show());
show();
"""


def states(demo: ModuleType) -> dict[str, str]:
    """The body of the page where all sliders stand at the start, and where one of them does not."""
    start = {name: one.start for name, one in demo.SLIDERS.items()}
    found = {}
    for saboteur in (False, True):
        places: dict[str, dict[str, Any]] = {"start": {}}
        for name, one in demo.SLIDERS.items():
            places |= {f"{name}:{i}": {name: stop} for i, stop in enumerate(one.stops) if stop != one.start}
        for key, moved in places.items():
            reading = demo.measure(**(start | moved), saboteur=saboteur)
            found[key + ":saboteur" * saboteur] = _parts.body(demo.STORY, reading, demo.draw(reading))
    return found


def export(demo: ModuleType, path: Path) -> Path:
    """Write the page, which asks nobody for anything."""
    story, rows = demo.STORY, []
    for name, one in demo.SLIDERS.items():
        place, stops = list(one.stops).index(one.start), json.dumps(list(one.stops))
        scale = f'max="{len(one.stops) - 1}" value="{place}" data-start="{place}" data-stops="{stops}"'
        slider = f'<input type="range" name="{name}" {scale}> <output></output>'
        rows.append(f'<label style="{_LABEL}">{html.escape(one.label)} {slider}</label>')
    kept = json.dumps(states(demo)).replace("</", "<\\/")
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(story.title)}</title>'
        f"<style>{_STYLE}</style></head><body>{_parts.head(story)}<p>{''.join(rows)}</p>"
        f'<p><label><input type="checkbox" id="saboteur"> saboteur: {html.escape(story.switch)}</label></p>'
        f'<div id="state"></div><p style="color:#666;font-size:.85em">Computed ahead, so one slider moves at a time; '
        f"in a checkout <code>lrtheory demo {story.statement.system}</code> moves all of them.</p>"
        f'<script type="application/json" id="states">{kept}</script><script>{_SCRIPT}</script></body></html>\n'
    )
    path.write_text(text, encoding="utf-8")
    return path
