"""Headless Chromium over the DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from websockets.sync.client import connect

from . import machine


def find() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One page of a headless browser with a profile of its own."""

    def __enter__(self) -> "Browser":
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        flags = ["--headless=new", "--no-sandbox", "--ignore-certificate-errors", "--remote-debugging-port=0",
                 "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                 "--disable-component-update", "--window-size=1200,900", "--host-resolver-rules=MAP * 127.0.0.1"]
        self.process = subprocess.Popen(
            [find(), *flags, f"--user-data-dir={self.profile.name}", "about:blank"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.profile.name})
        self.events: list[dict] = []
        self.number = 0
        try:
            self._attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attach(self) -> None:
        announced = Path(self.profile.name) / "DevToolsActivePort"
        lines = machine.eventually(
            lambda: announced.exists() and len(text := announced.read_text().splitlines()) == 2 and text,
            "the browser's debugging port", 60)
        self.socket = connect(f"ws://127.0.0.1:{lines[0]}{lines[1]}", max_size=None, proxy=None, compression=None)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def __exit__(self, *_):
        if hasattr(self, "socket"):
            self.socket.close()
        machine.end(self.process)
        self.profile.cleanup()

    def call(self, method: str, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.socket.send(json.dumps(request))
        while True:
            got = json.loads(self.socket.recv(timeout=30))
            if got.get("id") == self.number:
                assert "error" not in got, f"{method}: {got['error']}"
                return got["result"]
            self.events.append(got)

    def evaluate(self, expression: str):
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def text(self, selector: str) -> str:
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''").strip()

    def fill(self, selector: str, value: str) -> None:
        """Types as a person would: focus, then text, so that the page's own listeners run."""
        self.evaluate(f"{{const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select?.()}}")
        self.call("Input.insertText", text=value)

    def click(self, selector: str) -> None:
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        machine.eventually(lambda: self.evaluate("document.readyState") == "complete", f"{url} loads", 20)

    def wait_text(self, selector: str, wanted, what: str, timeout: float = 15) -> str:
        """Waits until `wanted(text)`; says what was there instead."""
        deadline = time.monotonic() + timeout
        while True:
            text = self.text(selector)
            if wanted(text):
                return text
            assert time.monotonic() < deadline, f"{what}: {selector} shows {text!r}"
            time.sleep(0.05)

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def handshakes(self) -> dict[str, dict]:
        """Response headers of each WebSocket opened, by URL."""
        urls = {got["params"]["requestId"]: got["params"]["url"] for got in self.events
                if got.get("method") == "Network.webSocketCreated"}
        return {urls[got["params"]["requestId"]]: got["params"]["response"]["headers"] for got in self.events
                if got.get("method") == "Network.webSocketHandshakeResponseReceived"}
