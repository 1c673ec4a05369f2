"""xterm.js in a browser on a local page, with a program on a pseudo-terminal behind it.

    python scripts/xterm_js.py MODULES BROWSER COMMAND...

MODULES is the `node_modules` where npm put `@xterm/xterm`, `@xterm/addon-image` and
`@xterm/addon-fit`; BROWSER is chromium or a kin of it. Ends when either side does.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

PAGE = """<!doctype html><meta charset="utf-8"><title>xterm.js</title>
<link rel="stylesheet" href="/@xterm/xterm/css/xterm.css">
<style>html, body, #t { margin: 0; height: 100%; background: #101014; overflow: hidden }</style>
<div id="t"></div>
<script src="/@xterm/xterm/lib/xterm.js"></script>
<script src="/@xterm/addon-image/lib/addon-image.js"></script>
<script src="/@xterm/addon-fit/lib/addon-fit.js"></script>
<script>
const post = (path, body) => fetch(path, {method: "POST", body});
const term = new Terminal({
  fontFamily: "DejaVu Sans Mono", fontSize: 13, allowProposedApi: true,
  theme: {background: "#101014"}, windowOptions: {getWinSizePixels: true, getCellSizePixels: true},
});
const fit = new FitAddon.FitAddon();
term.loadAddon(fit);
term.loadAddon(new ImageAddon.ImageAddon());
term.open(document.getElementById("t"));
let queue = Promise.resolve();
const inTurn = (path, body) => { queue = queue.then(() => post(path, body)); };
term.onData(data => inTurn("/keys", data));
term.onResize(({cols, rows}) => {
  const box = document.querySelector(".xterm-screen").getBoundingClientRect();
  inTurn("/size", JSON.stringify([rows, cols, Math.round(box.width), Math.round(box.height)]));
});
addEventListener("resize", () => fit.fit());
(async () => {
  fit.fit();
  await queue;
  const reader = (await fetch("/output")).body.getReader();
  term.focus();
  for (;;) {
    const {value, done} = await reader.read();
    if (done) break;
    term.write(value);
  }
})();
</script>
"""
WINDOW = "850,560"
KINDS = {".js": "text/javascript", ".css": "text/css"}


class Page(BaseHTTPRequestHandler):
    """The page, its files, and the two directions of the terminal."""

    modules: Path
    program: list[str]
    size = (42, 132, 0, 0)
    device: int | None = None

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(PAGE.encode(), "text/html")
        elif self.path == "/output":
            self._output()
        else:
            file = (self.modules / self.path.lstrip("/")).resolve()
            if file.is_relative_to(self.modules) and file.is_file():
                self._answer(file.read_bytes(), KINDS.get(file.suffix, "text/plain"))
            else:
                self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/size":
            Page.size = tuple(json.loads(body))
            if Page.device is not None:
                _resize(Page.device, Page.size)
        elif Page.device is not None:
            os.write(Page.device, body)
        self._answer(b"", "text/plain")

    def _output(self) -> None:
        """Start the program and send what it writes until it ends."""
        child, device = pty.fork()
        if child == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvp(self.program[0], self.program)
        Page.device = device
        _resize(device, Page.size)
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        while data := _read(device):
            self.wfile.write(data)
            self.wfile.flush()
        os.waitpid(child, 0)
        Page.device = None

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _read(device: int) -> bytes:
    try:
        return os.read(device, 65_536)
    except OSError:  # how Linux says that the program has ended
        return b""


def _resize(device: int, size: tuple[int, ...]) -> None:
    fcntl.ioctl(device, termios.TIOCSWINSZ, struct.pack("4H", *size))


def main() -> int:
    """Serve the page and open it."""
    modules, browser, *command = sys.argv[1:]
    Page.modules, Page.program = Path(modules).resolve(), command
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="xterm-js-") as profile:
        options = ["--no-sandbox", "--test-type", "--disable-gpu", "--no-first-run",
                   "--window-position=0,0", f"--window-size={WINDOW}",
                   "--force-device-scale-factor=1", f"--user-data-dir={profile}"]  # fmt: skip
        return subprocess.call(
            [browser, *options, f"--app=http://127.0.0.1:{server.server_port}/"],
            stderr=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    raise SystemExit(main())
