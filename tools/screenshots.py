"""Take pictures of pages of the built site in Chromium, and print console errors.

    python tools/screenshots.py docs/_build/html OUT index.html getting_started.html

Each page is drawn at 1280 and 390 pixels, light and dark, as OUT/PAGE-WIDTH-SCHEME.png.
Needs the program `chromium`. The exit status is 1 if a page has a console error, or if
it is wider than the screen.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from itertools import count, product
from pathlib import Path

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


class Browser:
    """A headless Chromium, which takes commands through a pipe."""

    def __init__(self, profile):
        commands, self._commands = os.pipe()
        self._replies, replies = os.pipe()
        # Chromium reads from file descriptor 3 and writes to 4.
        flags = "--headless=new --no-sandbox --hide-scrollbars --remote-debugging-pipe"
        program = f"exec chromium {flags} --user-data-dir={profile} 3<&{commands}"
        self._process = subprocess.Popen(
            ["bash", "-c", f"{program} 4>&{replies}"],
            pass_fds=(commands, replies),
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(replies)
        self._ids, self._buffer, self._session = count(1), b"", None
        self.events = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        """Return the reply to one command."""
        message = {"id": next(self._ids), "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (reply := self._receive()).get("id") != message["id"]:
            self.events.append(reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def wait_for(self, event):
        """Read events until one of this kind."""
        while not any(seen["method"] == event for seen in self.events):
            self.events.append(self._receive())

    def close(self):
        """End the program."""
        self._session = None
        self.send("Browser.close")
        self._process.wait()

    def _receive(self):
        while b"\0" not in self._buffer:
            self._buffer += os.read(self._replies, 1 << 16)
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)


def console_errors(events):
    """Yield the errors in events. Other hosts may be out of reach, so skip theirs."""
    for event in events:
        kind, params = event["method"], event.get("params", {})
        entry = params.get("entry", {})
        if kind == "Runtime.exceptionThrown":
            yield params["exceptionDetails"]["text"]
        elif kind == "Runtime.consoleAPICalled" and params["type"] == "error":
            yield str([argument.get("value") for argument in params["args"]])
        elif entry.get("level") == "error" and "http" not in entry.get("url", ""):
            yield entry["text"]


def draw(browser, page, width, scheme, path):
    """Save a picture of the whole page and yield what is wrong with it."""
    phone = width < 600
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": phone}
    browser.send("Emulation.setDeviceMetricsOverride", **size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.send("Emulation.setEmulatedMedia", features=[feature])
    browser.events.clear()
    browser.send("Page.navigate", url=page.resolve().as_uri())
    browser.wait_for("Page.loadEventFired")
    measure = "document.documentElement.scrollWidth"
    scrolled = browser.send("Runtime.evaluate", expression=measure)["result"]["value"]
    picture = browser.send("Page.captureScreenshot", captureBeyondViewport=True)
    path.write_bytes(base64.b64decode(picture["data"]))
    yield from console_errors(browser.events)
    if scrolled > width:
        yield f"is {scrolled} pixels wide"


def main(site, out, *pages):
    """Draw pages of a site, print what is wrong, and return whether anything is."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    wrong = []
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        for name, width, scheme in product(pages, WIDTHS, SCHEMES):
            page = Path(site) / name
            stem = name.removesuffix(".html").replace("/", "-")
            path = out / f"{stem}-{width}-{scheme}.png"
            for error in draw(browser, page, width, scheme, path):
                wrong.append(f"{name}, {width} pixels, {scheme}: {error}")
        browser.close()
    print("\n".join(wrong) or "No console errors.")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
