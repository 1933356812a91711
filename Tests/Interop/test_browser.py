"""A real browser on the demo's page: it chats, receives ticks and echoes over TLS with permessage-deflate."""

import signal
import ssl
import subprocess
import urllib.request

import pytest

from support import machine
from support.browsers import in_each, in_one
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


def test_the_page_comes_over_tls(demo):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(demo, context=context, timeout=10) as answer:
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert "chat-log" in answer.read().decode()


@in_each
def test_chat_ticker_and_echo_work(demo, page):
    page.open(demo)
    for part in ("chat", "ticker", "echo"):
        page.wait_text(f"#{part}-state", lambda text: text == "open", f"{part} opens")
        page.wait_text(f"#negotiated-{part}", lambda text: "permessage-deflate" in text, f"{part} negotiates")

    page.fill("#chat-input", "hello from a browser")
    page.click("#chat-send")
    page.wait_text("#chat-log", lambda text: "hello from a browser" in text, "the chat shows the message")

    page.fill("#echo-input", "Trunkline 線路")
    page.click("#echo-send")
    page.wait_text("#echo-log", lambda text: "Trunkline 線路" in text, "the echo comes back")

    first = int(page.wait_text("#ticker-count", lambda text: text.isdigit() and int(text) > 0, "ticks arrive"))
    page.wait_text("#ticker-count", lambda text: int(text) >= first + 3, "more ticks arrive")
    assert page.text("#ticker-rows") != ""

    page.screenshot(machine.artefacts() / "demo.png")
    answers = page.sockets()
    assert len(answers) >= 3
    for answer in answers:
        assert "permessage-deflate" in answer.headers["sec-websocket-extensions"]


@in_one
def test_two_pages_see_each_other(demo, browser):
    with browser.page() as one, browser.page() as two:
        for page in (one, two):
            page.open(demo)
            page.wait_text("#chat-state", lambda text: text == "open", "the chat opens")
        two.fill("#chat-input", "can you see me")
        two.click("#chat-send")
        one.wait_text("#chat-log", lambda text: "can you see me" in text, "the other's message arrives")
        assert one.text("#chat-who") != ""


@in_one
def test_the_page_shows_the_drain(page):
    port = machine.free_port()
    process = subprocess.Popen([str(BINARY), "demo", "--port", str(port)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        machine.eventually(lambda: process.poll() is not None or machine.is_listening(port), "the demo listens", 15)
        page.open(f"https://localhost:{port}/")
        page.wait_text("#echo-state", lambda text: text == "open", "the echo opens")
        page.evaluate("""{window.seen = [];
            new MutationObserver(() => seen.push(document.querySelector('#echo-state').textContent))
                .observe(document.querySelector('#echo-state'), {childList: true, characterData: true, subtree: true})}""")
        process.send_signal(signal.SIGTERM)
        machine.eventually(lambda: "closed 1012" in " ".join(page.evaluate("seen")), "the page says closed 1012")
        assert process.wait(40) == 0
    finally:
        machine.end(process)
