"""Pages of headless browsers: what a test does with one is the same in each."""

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path

from . import machine


@dataclass
class Answer:
    """A response's head, as the browser tells of it."""
    url: str
    status: int
    protocol: str
    headers: dict[str, str]
    """Names in lower case."""
    is_handshake: bool
    """A WebSocket's."""


class Page:
    """A page among others, with cookies, a cache and connections of its own."""

    def __init__(self, browser):
        self.browser = browser

    def __enter__(self) -> "Page":
        raise NotImplementedError

    def __exit__(self, *_):
        raise NotImplementedError

    def evaluate(self, expression: str):
        """An expression's value, or what it promises."""
        raise NotImplementedError

    def open(self, url: str) -> None:
        raise NotImplementedError

    def picture(self) -> str:
        """A screenshot in base64."""
        raise NotImplementedError

    def answers(self) -> list[Answer]:
        """Of documents and WebSockets, in the order in which they came."""
        raise NotImplementedError

    def text(self, selector: str) -> str:
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''").strip()

    def fill(self, selector: str, value: str) -> None:
        """Types as a person would: focus, then text, so that the page's own listeners run."""
        self.evaluate(f"{{const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select?.();"
                      f"document.execCommand('insertText', false, {json.dumps(value)})}}")

    def click(self, selector: str) -> None:
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

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
        file.write_bytes(base64.b64decode(self.picture()))

    def sockets(self) -> list[Answer]:
        """The handshakes of its WebSockets."""
        return [answer for answer in self.answers() if answer.is_handshake]


class ChromiumPage(Page):
    session = None

    def __enter__(self) -> "ChromiumPage":
        self.context = self.browser.call("Target.createBrowserContext", {})["browserContextId"]
        target = self.browser.call("Target.createTarget",
                                   {"url": "about:blank", "browserContextId": self.context})["targetId"]
        self.session = self.browser.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self.browser.call("Target.disposeBrowserContext", {"browserContextId": self.context})
        self.browser.events = [event for event in self.browser.events if event.get("sessionId") != self.session]

    def call(self, method: str, **parameters):
        return self.browser.call(method, parameters, sessionId=self.session)

    def evaluate(self, expression: str):
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        machine.eventually(lambda: self.evaluate("document.readyState") == "complete", f"{url} loads", 20)

    def picture(self) -> str:
        return self.call("Page.captureScreenshot", format="png")["data"]

    def answers(self) -> list[Answer]:
        urls: dict[str, str] = {}
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            told = event["params"]
            match event["method"]:
                case "Network.webSocketCreated":
                    urls[told["requestId"]] = told["url"]
                case "Network.webSocketHandshakeResponseReceived":
                    found.append(self._answer(urls[told["requestId"]], told["response"], True))
                case "Network.responseReceived":
                    found.append(self._answer(told["response"]["url"], told["response"], False))
        return found

    @staticmethod
    def _answer(url: str, response: dict, is_handshake: bool) -> Answer:
        headers = {name.lower(): value for name, value in response["headers"].items()}
        return Answer(url, response["status"], response.get("protocol", ""), headers, is_handshake)


class FirefoxPage(Page):
    def __enter__(self) -> "FirefoxPage":
        self.user = self.browser.call("browser.createUserContext", {})["userContext"]
        self.context = self.browser.call("browsingContext.create",
                                         {"type": "tab", "userContext": self.user})["context"]
        return self

    def __exit__(self, *_):
        self.browser.call("browser.removeUserContext", {"userContext": self.user})
        self.browser.events = [event for event in self.browser.events
                               if event.get("params", {}).get("context") != self.context]

    def evaluate(self, expression: str):
        got = self.browser.call("script.evaluate", {"expression": expression, "target": {"context": self.context},
                                                    "awaitPromise": True})
        assert got["type"] == "success", got["exceptionDetails"]
        return plain(got["result"])

    def open(self, url: str) -> None:
        self.browser.call("browsingContext.navigate", {"context": self.context, "url": url, "wait": "complete"})

    def picture(self) -> str:
        return self.browser.call("browsingContext.captureScreenshot", {"context": self.context})["data"]

    def answers(self) -> list[Answer]:
        return [self._answer(event["params"]) for event in self.browser.events
                if event.get("method") == "network.responseStarted"
                and event["params"].get("context") == self.context]

    @staticmethod
    def _answer(told: dict) -> Answer:
        response = told["response"]
        headers = {field["name"].lower(): field["value"]["value"] for field in response["headers"]}
        is_handshake = any(field["name"].lower() == "sec-websocket-key" for field in told["request"]["headers"])
        return Answer(response["url"], response["status"], response["protocol"], headers, is_handshake)


def plain(told: dict):
    """A value as WebDriver BiDi writes it, in Python's own."""
    match told["type"]:
        case "array":
            return [plain(value) for value in told["value"]]
        case "object":
            return {key: plain(value) for key, value in told["value"]}
        case "string" | "number" | "boolean":
            return told["value"]
        case "undefined" | "null":
            return None
    raise AssertionError(f"no plain value: {told}")
