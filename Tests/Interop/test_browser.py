"""A real browser on the demo's page: it chats, receives ticks and echoes over TLS with permessage-deflate."""

import signal
import ssl
import subprocess
import urllib.request

import pytest

from support import machine
from support.devtools import Browser, find
from support.proxy import BINARY

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def demo():
    """`trunkline demo` with nothing but a port; gives the address of its page."""
    port = machine.free_port()
    process = subprocess.Popen([str(BINARY), "demo", "--port", str(port)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        machine.eventually(lambda: process.poll() is not None or machine.is_listening(port), "the demo listens", 15)
        assert process.poll() is None
        yield f"https://localhost:{port}/"
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
    finally:
        machine.end(process)


@pytest.fixture
def browser():
    assert find(), "no Chromium"
    with Browser() as page:
        yield page


def test_the_page_comes_over_tls(demo):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(demo, context=context, timeout=10) as answer:
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert "chat-log" in answer.read().decode()


def test_chat_ticker_and_echo_work_in_chromium(demo, browser):
    browser.open(demo)
    for part in ("chat", "ticker", "echo"):
        browser.wait_text(f"#{part}-state", lambda text: text == "open", f"{part} opens")
        browser.wait_text(f"#negotiated-{part}", lambda text: "permessage-deflate" in text, f"{part} negotiates")

    browser.fill("#chat-input", "hello from a browser")
    browser.click("#chat-send")
    browser.wait_text("#chat-log", lambda text: "hello from a browser" in text, "the chat shows the message")

    browser.fill("#echo-input", "Trunkline 線路")
    browser.click("#echo-send")
    browser.wait_text("#echo-log", lambda text: "Trunkline 線路" in text, "the echo comes back")

    first = int(browser.wait_text("#ticker-count", lambda text: text.isdigit() and int(text) > 0, "ticks arrive"))
    browser.wait_text("#ticker-count", lambda text: int(text) >= first + 3, "more ticks arrive")
    assert browser.text("#ticker-rows") != ""

    browser.screenshot(machine.artefacts() / "demo.png")
    answers = browser.handshakes()
    assert len(answers) >= 3 and all(url.startswith("wss://") for url in answers)
    for url, headers in answers.items():
        extensions = next(value for name, value in headers.items() if name.lower() == "sec-websocket-extensions")
        assert "permessage-deflate" in extensions, url


def test_two_browsers_see_each_other(demo):
    with Browser() as one, Browser() as two:
        for page in (one, two):
            page.open(demo)
            page.wait_text("#chat-state", lambda text: text == "open", "the chat opens")
        two.fill("#chat-input", "can you see me")
        two.click("#chat-send")
        one.wait_text("#chat-log", lambda text: "can you see me" in text, "the other's message arrives")
        assert one.text("#chat-who") != ""


def test_the_page_shows_the_drain(browser):
    port = machine.free_port()
    process = subprocess.Popen([str(BINARY), "demo", "--port", str(port)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        machine.eventually(lambda: process.poll() is not None or machine.is_listening(port), "the demo listens", 15)
        browser.open(f"https://localhost:{port}/")
        browser.wait_text("#echo-state", lambda text: text == "open", "the echo opens")
        browser.evaluate("""{window.seen = [];
            new MutationObserver(() => seen.push(document.querySelector('#echo-state').textContent))
                .observe(document.querySelector('#echo-state'), {childList: true, characterData: true, subtree: true})}""")
        process.send_signal(signal.SIGTERM)
        machine.eventually(lambda: "closed 1012" in " ".join(browser.evaluate("seen")), "the page says closed 1012")
        assert process.wait(40) == 0
    finally:
        machine.end(process)
