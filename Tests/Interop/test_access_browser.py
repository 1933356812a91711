"""A page in Chromium logs in to an application behind the proxy, and lives by its token: warned, renewed, expired and
revoked, with what the page itself sees of it."""

import http.server
import json
import threading

import pytest

from support import machine
from support.admin import free_admin
from support.backends import node_echo
from support.devtools import Browser, find
from support.proxy import route, upstream
from support.tokens import Issuer

pytestmark = pytest.mark.alone

PAGE = """<!doctype html><title>app</title><script>
window.log = [];
async function token(seconds) {
    const answer = await fetch('/login?seconds=' + seconds, {method: 'POST'});
    return (await answer.json()).token;
}
async function begin(seconds, renewal) {
    const mine = await token(seconds), entry = {messages: []};
    log.push(entry);
    const socket = new WebSocket('wss://' + location.host + '/chat', ['chat.v2', 'bearer.' + mine]);
    entry.socket = socket;
    socket.onopen = () => { entry.protocol = socket.protocol; socket.send('hello'); };
    socket.onmessage = async ({data}) => {
        entry.messages.push(data);
        if (data === 'expires soon' && renewal) socket.send('token:' + await token(renewal));
    };
    socket.onclose = ({code, reason, wasClean}) => { entry.closed = [code, reason, wasClean].join(' '); };
    socket.onerror = () => { entry.failed = true; };
}
</script>"""


class Login:
    """An application's login: a token for whoever asks."""

    def __init__(self, issuer):
        login = self
        self.count = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                login.count += 1
                seconds = float(self.path.split("=")[1])
                body = json.dumps({"token": issuer.sign(sub="ada", expires=seconds)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_a_page_lives_by_its_token(run, tmp_path):
    assert find(), "no Chromium"
    issuer = Issuer("ES256")
    admin = free_admin()
    jwt = {"keys": issuer.write(tmp_path / "keys"), "algorithms": ["ES256"], "expiry_warning": "3s",
           "expiry_text": "expires soon", "renew": {"prefix": "token:"}}
    with node_echo() as backend, Login(issuer) as login:
        page = {"name": "page", "match": {"path": "/"}, "respond": {"body": PAGE, "content_type": "text/html"}}
        config = {"admin": admin.section,
                  "routes": [route("/login", "login"),
                             route("/chat", "app", access={"jwt": jwt},
                                   upgrade_token={"from": [{"subprotocol": "bearer."}], "to": "Authorization"}), page],
                  "upstreams": {"app": upstream(backend.address), "login": upstream(login.address, pool={"warm": 0})}}
        with run(config) as proxy, Browser() as browser:
            browser.open(f"https://localhost:{proxy.port}/")

            def entry(index: int, wanted: str, what: str):
                machine.eventually(lambda: browser.evaluate(f"!!({wanted.replace('$', f'log[{index}]')})"), what, 20)
                return browser.evaluate(f"JSON.parse(JSON.stringify({{...log[{index}], socket: undefined}}))")

            # In, by a token among the subprotocols, of which the backend and the page see the other one.
            browser.evaluate("begin(600)")
            first = entry(0, "$?.messages.length", "the first is open")
            assert (first["messages"], first["protocol"]) == (["hello"], "chat.v2")
            # Warned, and not renewed: it ends with its token, in order.
            browser.evaluate("begin(4)")
            second = entry(1, "$?.closed", "the second has ended")
            assert second["messages"] == ["hello", "expires soon"]
            assert second["closed"] == "4401 token expired true"
            # Warned, and renewed: it goes on beyond the first token's end.
            browser.evaluate("begin(4, 600)")
            entry(2, "$?.messages.length > 1", "the third is warned")
            machine.eventually(
                lambda: admin.metrics().value("trunkline_access_renewals_total", outcome="renewed") == 1, "it is renewed")
            # Expired already: it never opens.
            browser.evaluate("begin(-10)")
            fourth = entry(3, "$?.closed", "the fourth is refused")
            assert fourth["closed"].startswith("1006") and fourth["failed"]
            assert proxy.wait_log("token has expired")
            machine.eventually(lambda: browser.evaluate("log[2].socket.readyState") == 1, "the third is open")
            # Logged out everywhere.
            assert admin.post("/revocations?subject=ada&for=1h")[0] == 200
            for index in (0, 2):
                assert entry(index, "$.closed", "it is revoked")["closed"] == "4401 access was revoked true"
            assert entry(2, "$.closed", "")["messages"] == ["hello", "expires soon"], "what renewed it was not passed on"
            assert login.count == 5
