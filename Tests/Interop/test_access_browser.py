"""A page in a browser logs in to an application behind the proxy, and lives by its token: warned, renewed, expired and
revoked, with what the page itself sees of it."""

import http.server
import json
import threading

import pytest

from support import machine
from support.admin import free_admin
from support.backends import node_echo
from support.browsers import in_each
from support.proxy import route, upstream
from support.tokens import Issuer

pytestmark = pytest.mark.alone

PAGE = """<!doctype html><title>app</title><script>
window.lives = {};
async function token(seconds) {
    const answer = await fetch('/login?seconds=' + seconds, {method: 'POST'});
    return (await answer.json()).token;
}
async function begin(name, seconds, renewal) {
    const mine = await token(seconds), life = lives[name] = {messages: []};
    const socket = new WebSocket('wss://' + location.host + '/chat', ['chat.v2', 'bearer.' + mine]);
    life.socket = socket;
    socket.onopen = () => { life.protocol = socket.protocol; socket.send('hello'); };
    socket.onmessage = async ({data}) => {
        life.messages.push(data);
        if (data === 'expires soon' && renewal) socket.send('token:' + await token(renewal));
    };
    socket.onclose = ({code, reason, wasClean}) => { life.closed = [code, reason, wasClean].join(' '); };
    socket.onerror = () => { life.failed = true; };
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


@in_each
def test_a_page_lives_by_its_token(run, tmp_path, page):
    issuer = Issuer("ES256")
    admin = free_admin()
    jwt = {"keys": issuer.write(tmp_path / "keys"), "algorithms": ["ES256"], "expiry_warning": "3s",
           "expiry_text": "expires soon", "renew": {"prefix": "token:"}}
    with node_echo() as backend, Login(issuer) as login:
        app = {"name": "page", "match": {"path": "/"}, "respond": {"body": PAGE, "content_type": "text/html"}}
        config = {"admin": admin.section,
                  "routes": [route("/login", "login"),
                             route("/chat", "app", access={"jwt": jwt},
                                   upgrade_token={"from": [{"subprotocol": "bearer."}], "to": "Authorization"}), app],
                  "upstreams": {"app": upstream(backend.address), "login": upstream(login.address, pool={"warm": 0})}}
        with run(config) as proxy:
            page.open(f"https://localhost:{proxy.port}/")

            def life(name: str, wanted: str, what: str):
                """A session as the page knows it, once something is true of it."""
                machine.eventually(lambda: page.evaluate(f"!!(lives.{name}?.{wanted})"), what, 20)
                return page.evaluate(f"JSON.parse(JSON.stringify({{...lives.{name}, socket: undefined}}))")

            page.evaluate("begin('lasting', 600), begin('short', 4), begin('renewed', 4, 600), begin('late', -10), 0")
            # In, by a token among the subprotocols, of which the backend and the page see the other one.
            lasting = life("lasting", "messages.length", "it is open")
            assert (lasting["messages"], lasting["protocol"]) == (["hello"], "chat.v2")
            # Expired already: it never opens.
            late = life("late", "closed", "it is refused")
            assert late["closed"].startswith("1006") and late["failed"]
            assert proxy.wait_log("token has expired")
            # Warned, and not renewed: it ends with its token, in order.
            short = life("short", "closed", "it has ended")
            assert short["messages"] == ["hello", "expires soon"]
            assert short["closed"] == "4401 token expired true"
            # Warned, and renewed: it goes on beyond the first token's end.
            assert admin.metrics().value("trunkline_access_renewals_total", outcome="renewed") == 1
            renewed = life("renewed", "socket.readyState === 1", "it is open")
            assert renewed["messages"] == ["hello", "expires soon"], "what renewed it was not passed on"
            # Logged out everywhere.
            assert admin.post("/revocations?subject=ada&for=1h")[0] == 200
            for name in ("lasting", "renewed"):
                assert life(name, "closed", "it is revoked")["closed"] == "4401 access was revoked true"
            assert login.count == 5
