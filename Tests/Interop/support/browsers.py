"""Headless browsers that tests drive: Chromium by the DevTools protocol, Firefox by WebDriver BiDi."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from websockets.sync.client import connect

from . import machine
from .pages import ChromiumPage, FirefoxPage, Page


class Browser:
    """A process of a browser with a profile of its own, and the connection that orders go over."""

    program: str
    announced: str
    """The file of the profile that says where it listens."""

    def __enter__(self) -> "Browser":
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.folder = Path(self.profile.name)
        self.events: list[dict] = []
        self.number = 0
        self.prepare()
        self.process = subprocess.Popen(
            [self.program, *self.arguments()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.profile.name})
        try:
            url = machine.eventually(self.address, f"{self.program} listens", 60)
            self.socket = connect(url, max_size=None, proxy=None, compression=None)
            self.begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if hasattr(self, "socket"):
            self.socket.close()
        machine.end(self.process)
        self.profile.cleanup()

    def call(self, method: str, parameters: dict, **envelope):
        """An order's result. What happens meanwhile is kept in `events`."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters, **envelope}))
        while True:
            got = json.loads(self.socket.recv(timeout=30))
            if got.get("id") == self.number:
                assert "error" not in got, f"{method}: {got['error']} {got.get('message', '')}"
                return got["result"]
            self.events.append(got)

    def prepare(self) -> None:
        pass

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def address(self) -> str | None:
        raise NotImplementedError

    def begin(self) -> None:
        pass

    def page(self) -> Page:
        raise NotImplementedError


class Chromium(Browser):
    program = "chromium"

    def arguments(self) -> list[str]:
        return ["--headless=new", "--no-sandbox", "--ignore-certificate-errors", "--remote-debugging-port=0",
                "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--window-size=1200,900", "--host-resolver-rules=MAP * 127.0.0.1",
                f"--user-data-dir={self.folder}", "about:blank"]

    def address(self) -> str | None:
        file = self.folder / "DevToolsActivePort"
        lines = file.read_text().splitlines() if file.exists() else []
        return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) == 2 else None

    def page(self) -> Page:
        return ChromiumPage(self)


class Firefox(Browser):
    program = "firefox-esr"
    preferences = {
        "network.dns.forceResolve": "127.0.0.1",
        "network.http.speculative-parallel-limit": 0,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "dom.ipc.processPrelaunch.enabled": False,
        "browser.shell.checkDefaultBrowser": False,
        "datareporting.policy.dataSubmissionEnabled": False,
    }

    def prepare(self) -> None:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in self.preferences.items()]
        (self.folder / "user.js").write_text("".join(lines))

    def arguments(self) -> list[str]:
        return ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", str(self.folder), "about:blank"]

    def address(self) -> str | None:
        file = self.folder / "WebDriverBiDiServer.json"
        try:
            told = json.loads(file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return f"ws://{told['ws_host']}:{told['ws_port']}/session"

    def begin(self) -> None:
        self.call("session.new", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}})
        self.call("session.subscribe", {"events": ["network.responseStarted"]})

    def page(self) -> Page:
        return FirefoxPage(self)


class Shelf:
    """The browsers of a run of tests: each is started when it is first asked for, and again when it has ended."""

    kinds = {"chromium": Chromium, "firefox": Firefox}

    def __init__(self):
        self.running: dict[str, Browser] = {}

    def take(self, kind: str) -> Browser:
        browser = self.running.get(kind)
        if browser is None or browser.process.poll() is not None:
            if browser is not None:
                browser.__exit__()
            browser = self.running[kind] = self.kinds[kind]().__enter__()
        return browser

    def close(self) -> None:
        for browser in self.running.values():
            browser.__exit__()


in_each = pytest.mark.parametrize("browser", list(Shelf.kinds), indirect=True)
"""For a test with a `browser`: once in each."""
in_one = pytest.mark.parametrize("browser", list(Shelf.kinds) if machine.FULL else ["chromium"], indirect=True)
"""The same where one will do, but for the long versions."""
in_chromium = pytest.mark.parametrize("browser", ["chromium"], indirect=True)
