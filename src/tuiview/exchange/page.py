"""A review as one HTML file that needs nothing else: pictures, categories, notes, in step."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from html import escape
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from tuiview.text import printable

if TYPE_CHECKING:
    from tuiview.picture import Picture
    from tuiview.review.model import ItemState

_QUALITY = 88
_OTHER = "#bcbcbc"

_STYLE = """
body { margin: 0; font: 14px/1.4 system-ui, sans-serif; background: #16181c; color: #d8dade; }
header { position: sticky; top: 0; z-index: 1; padding: .6em 1em; background: #1f2227;
  display: flex; flex-wrap: wrap; gap: .4em 1em; align-items: center; }
h1 { font-size: 1.1em; margin: 0; }
input[type=search] { background: #16181c; color: inherit; border: 1px solid #444; padding: .2em; }
label, .chip { white-space: nowrap; }
.chip { display: inline-block; padding: 0 .5em; border-radius: .6em; color: #111;
  background: var(--color); margin-right: .3em; }
main { display: flex; flex-wrap: wrap; gap: 10px; padding: 10px; }
figure { margin: 0; width: var(--width); background: #1f2227; }
.pane { overflow: hidden; width: var(--width); height: var(--height); cursor: grab;
  display: grid; place-items: center; text-align: center; color: #ff8787; }
img { display: block; image-rendering: pixelated; transform-origin: 0 0;
  transform: translate(var(--x, 0), var(--y, 0)) scale(var(--zoom, 1)); }
figcaption { padding: .3em .5em .5em; overflow-wrap: anywhere; }
.note { white-space: pre-wrap; color: #9fc3ff; }
[hidden] { display: none !important; }
"""

_SCRIPT = """
const figures = [...document.querySelectorAll('figure')];
const words = document.querySelector('#words'), shown = document.querySelector('#shown');
const boxes = [...document.querySelectorAll('header input[data-name]')];
const step = document.querySelector('#step');
function choose() {
  const wanted = boxes.filter(b => b.checked).map(b => b.dataset.name);
  const text = words.value.toLowerCase();
  let count = 0;
  for (const f of figures) {
    const said = JSON.parse(f.dataset.said);
    const fits = wanted.every(name => said.includes(name))
      && f.textContent.toLowerCase().includes(text);
    f.hidden = !fits;
    count += fits;
  }
  shown.textContent = count + ' of ' + figures.length;
}
words.addEventListener('input', choose);
boxes.forEach(b => b.addEventListener('change', choose));
choose();
const views = new WeakMap();
function move(pane, change) {
  const own = step.checked ? document.body : pane;
  const view = change({zoom: 1, x: 0, y: 0, ...views.get(own)}, pane.getBoundingClientRect());
  if (view.zoom <= 1.001) Object.assign(view, {zoom: 1, x: 0, y: 0});
  views.set(own, view);
  own.style.setProperty('--zoom', view.zoom);
  own.style.setProperty('--x', view.x + 'px');
  own.style.setProperty('--y', view.y + 'px');
}
for (const pane of document.querySelectorAll('.pane')) {
  pane.addEventListener('wheel', e => {
    e.preventDefault();
    move(pane, (v, box) => {
      const factor = Math.min(40, Math.max(1, v.zoom * Math.exp(-e.deltaY / 400))) / v.zoom;
      const x = e.clientX - box.left, y = e.clientY - box.top;
      return {zoom: v.zoom * factor, x: x - (x - v.x) * factor, y: y - (y - v.y) * factor};
    });
  }, {passive: false});
  pane.addEventListener('pointermove', e => {
    if (e.buttons & 1) {
      e.preventDefault();
      move(pane, v => ({zoom: v.zoom, x: v.x + e.movementX, y: v.y + e.movementY}));
    }
  });
  pane.addEventListener('dragstart', e => e.preventDefault());
}
"""


class Card(Struct, frozen=True, eq=False):
    """One picture of the page.

    Attributes:
        name: What stands under it.
        picture: The picture; None where it cannot be shown.
        missing: Why not.
        state: What is said of its item, if anything is.
    """

    name: str
    picture: Picture | None
    missing: str = ""
    state: ItemState | None = None


class Heading(Struct, frozen=True):
    """What the page is of.

    Attributes:
        title: Its title.
        width, height: Of every picture in pixels.
        colors: `#rrggbb` by category, those that can be chosen by.
        in_step: Whether all pictures are zoomed and moved together at first.
    """

    title: str
    width: int
    height: int
    colors: Mapping[str, str]
    in_step: bool = False


def write_page(heading: Heading, cards: Iterable[Card], stream: IO[bytes]) -> int:
    """Write the page as the cards come; returns how many there were.

    Nothing on it is fetched from anywhere, and texts of files cannot become part of its program.
    """
    title = _text(heading.title)
    boxes = "".join(
        f'<label class=chip style="--color:{color}"><input type=checkbox data-name="{_text(name)}">'
        f"{_text(name)}</label>"
        for name, color in {**heading.colors, "favourite": "#ffd75f", "unsure": "#ffaf5f"}.items()
    )
    checked = " checked" if heading.in_step else ""
    stream.write(
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:;"
        " style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f'<body style="--width:{heading.width}px;--height:{heading.height}px"><header>'
        f"<h1>{title}</h1><span id=shown></span>"
        f"<input type=search id=words placeholder=search>{boxes}"
        f"<label><input type=checkbox id=step{checked}>zoom and move in step</label>"
        "</header><main>\n".encode()
    )
    count = 0
    for card in cards:
        stream.write(_figure(card, heading.colors).encode())
        count += 1
    stream.write(f"</main><script>{_SCRIPT}</script></body></html>\n".encode())
    return count


def _figure(card: Card, colors: Mapping[str, str]) -> str:
    said: list[tuple[str, str]] = []
    note = ""
    if (state := card.state) is not None:
        said = [(name, colors.get(name, _OTHER)) for name in sorted(state.categories)]
        said += [("favourite", "#ffd75f")] * state.favourite
        said += [("unsure", "#ffaf5f")] * state.unsure
        note = f"<div class=note>{_text(state.note, lines=True)}</div>" if state.note else ""
    chips = "".join(
        f'<span class=chip style="--color:{color}">{_text(name)}</span>' for name, color in said
    )
    names = _json([printable(name) for name, _ in said])
    pane = _text(card.missing) if card.picture is None else _image(card.picture, card.name)
    return (
        f'<figure data-said="{names}"><div class=pane>{pane}</div>'
        f"<figcaption>{_text(card.name)}<br>{chips}{note}</figcaption></figure>\n"
    )


def _image(picture: Picture, name: str) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture.rgb()).save(buffer, format="WEBP", quality=_QUALITY)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<img alt="{_text(name)}" loading=lazy width={picture.width} height={picture.height}'
        f' src="data:image/webp;base64,{data}">'
    )


def _text(text: str, *, lines: bool = False) -> str:
    return escape(printable(text, lines=lines).encode("utf-8", "replace").decode())


def _json(value: object) -> str:
    import json

    return escape(json.dumps(value))
