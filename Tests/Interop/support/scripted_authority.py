"""An authority of our own (RFC 8555, plain HTTP): what Pebble lacks, and what it is too honest for."""

import base64
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class ScriptedAuthority:
    """Takes every name for proved. `lies` bends its answers: `json`, `nonce`, `key`, `name`, `expired`, `slow`, `endless`."""

    def __init__(self, folder: Path, lies: str = "", window: tuple[float, float] | None = None, days: int = 90):
        folder.mkdir(exist_ok=True)
        self.folder, self.lies, self.window, self.days = folder, lies, window, days
        self.requests: list[str] = []
        self.payloads: list[dict] = []
        self.retry_after: int | None = None
        self.nonces = 0
        self.csr = b""
        self.lock = threading.Lock()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "99",
             "-subj", "/CN=scripted", "-keyout", "ca.key", "-out", "ca.pem"], check=True, capture_output=True, cwd=folder)
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                authority.answer(self, None)

            do_HEAD = do_GET

            def do_POST(self):
                authority.answer(self, self.rfile.read(int(self.headers["Content-Length"])))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "ScriptedAuthority":
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    def section(self, storage: Path, **more) -> dict:
        return {"directory": self.url + "/dir", "storage": str(storage), **more}

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes | None) -> None:
        path = handler.path
        payload = {}
        with self.lock:
            self.requests.append(f"{handler.command} {path}")
            self.nonces += 1
            if body:
                message = json.loads(body)
                payload = json.loads(unpacked(message["payload"])) if message["payload"] else {}
                self.payloads.append(payload)
        if self.lies == "slow":
            time.sleep(1)
        status, content, fields = self.resource(path, payload)
        if isinstance(content, dict):
            content = json.dumps(content).encode()
        if self.lies == "json" and path == "/order":
            content = content[:20]
        if self.lies == "nonce" and body:
            status, content = 400, json.dumps({"type": "urn:ietf:params:acme:error:badNonce", "detail": "no"}).encode()
        handler.send_response(status)
        fields = {"Replay-Nonce": f"nonce{self.nonces}", "Content-Length": str(len(content)), **fields}
        for name, value in fields.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    def resource(self, path: str, payload: dict) -> tuple[int, dict | bytes, dict]:
        def url(tail: str) -> str:
            return self.url + tail
        if path == "/dir":
            links = {name: url("/" + name) for name in ("newNonce", "newAccount", "newOrder", "revokeCert")}
            return 200, {**links, **({"renewalInfo": url("/ari")} if self.window else {})}, {}
        if path.startswith("/ari/"):
            start, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)) for moment in self.window)
            return 200, {"suggestedWindow": {"start": start, "end": end}, "explanationURL": "https://example.com/why"}, {
                "Retry-After": "60"}
        if path == "/newAccount":
            return 201, {"status": "valid"}, {"Location": url("/account/1")}
        if path == "/newOrder":
            if self.retry_after:
                problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many"}
                return 429, problem, {"Retry-After": str(self.retry_after)}
            return 201, self.order("ready"), {"Location": url("/order")}
        if path == "/finalize":
            self.csr = unpacked(payload["csr"])
            return 200, self.order("processing"), {}
        if path == "/order":
            return 200, self.order("processing" if self.lies == "endless" else "valid"), {}
        if path == "/certificate":
            return 200, self.sign(), {}
        return 200, b"", {}

    def order(self, status: str) -> dict:
        return {"status": status, "authorizations": [], "finalize": self.url + "/finalize",
                "certificate": self.url + "/certificate"}

    def sign(self) -> bytes:
        def openssl(*words: str, **more) -> bytes:
            return subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder, **more).stdout
        (self.folder / "csr.der").write_bytes(self.csr)
        name = "stranger.example.com" if self.lies == "name" else "chat.example.com"
        (self.folder / "ext").write_text(f"subjectAltName=DNS:{name}\nauthorityKeyIdentifier=keyid\n")
        words = ["x509", "-req", "-in", "csr.der", "-inform", "DER", "-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "ext"]
        if self.lies == "key":
            openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x",
                    "-keyout", "other.key", "-outform", "DER", "-out", "csr.der")
        days = ["-days", "-1"] if self.lies == "expired" else ["-days", str(self.days)]
        return openssl(*words, *days) + (self.folder / "ca.pem").read_bytes()
