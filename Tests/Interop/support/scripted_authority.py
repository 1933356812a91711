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
    """Takes every name for proved. `lies` bends its answers: `json`, `nonce`, `key`, `name`, `expired`, `slow`, `endless`, and
    those of `poisoned`. What is asked at the path `held` waits for `released`. With `extensions` certificates have these lines
    of OpenSSL's, too; its OCSP responder is at `/ocsp`."""

    def __init__(self, folder: Path, lies: str = "", window: tuple[float, float] | None = None, days: int = 90,
                 extensions: str = ""):
        folder.mkdir(exist_ok=True)
        self.folder, self.lies, self.window, self.days = folder, lies, window, days
        self.extensions, self.held, self.released = extensions, "", threading.Event()
        self.requests: list[str] = []
        self.payloads: list[dict] = []
        self.retry_after: int | None = None
        self.elsewhere = ""
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
            if body and path != "/ocsp":
                message = json.loads(body)
                payload = json.loads(unpacked(message["payload"])) if message["payload"] else {}
                self.payloads.append(payload)
        if path == self.held:
            self.released.wait(30)
        if self.lies == "slow":
            time.sleep(1)
        if self.poisoned(handler):
            return
        if path == "/ocsp":
            self.payloads.append({})
            body = self.judge(body)
            return self.send(handler, 200, body, {"Content-Type": "application/ocsp-response"})
        status, content, fields = self.resource(path, payload)
        if isinstance(content, dict):
            content = json.dumps(content).encode()
        if self.lies == "json" and path == "/order":
            content = content[:20]
        if self.lies == "target" and path == "/newOrder":
            content = content.replace(b"/finalize", b"/finalize HTTP/1.1 X: y")
        if self.lies == "nonce" and body:
            status, content = 400, json.dumps({"type": "urn:ietf:params:acme:error:badNonce", "detail": "no"}).encode()
        self.send(handler, status, content, {"Replay-Nonce": f"nonce{self.nonces}", **fields})

    @staticmethod
    def send(handler: BaseHTTPRequestHandler, status: int, content: bytes, fields: dict) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **fields}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    def poisoned(self, handler: BaseHTTPRequestHandler) -> bool:
        """Whether the answer was one that is meant to do harm."""
        def raw(*pieces: bytes, pause: float = 0) -> bool:
            try:
                for piece in pieces:
                    handler.wfile.write(piece)
                    time.sleep(pause)
            except OSError:
                pass
            handler.close_connection = True
            return True
        start = b"HTTP/1.1 200 OK\r\n"
        at = handler.path
        match self.lies:
            case "huge" if at == "/dir":
                return raw(start, b"Connection: close\r\n\r\n", b'{"a":"', *[b"x" * 65_536] * 64)
            case "deep" if at == "/dir":
                return raw(start, b"Content-Length: 200000\r\n\r\n", b"[" * 200_000)
            case "drip" if at == "/dir":
                return raw(start, b"Content-Length: 100000\r\n\r\n", *[b" "] * 600, pause=0.1)
            case "interims":
                return raw(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 100_000)
            case "head":
                return raw(start, *[b"Replay-Nonce: " + b"n" * 1000 + b"\r\n"] * 1000)
            case "redirect" if at == "/dir":
                return raw(b"HTTP/1.1 302 Found\r\nLocation: " + self.elsewhere.encode() + b"\r\nContent-Length: 0\r\n\r\n")
            case "split" if at == "/dir":
                links = {name: self.url + "/x HTTP/1.1\r\nX-Evil: 1\r\n\r\n" for name in ("newNonce", "newAccount", "newOrder")}
                content = json.dumps(links).encode()
                return raw(start, b"Content-Length: %d\r\n\r\n" % len(content), content)
        return False

    def judge(self, request: bytes) -> bytes:
        """What the responder says of the certificate that was issued last."""
        def openssl(*words: str) -> str:
            return subprocess.run(["openssl", *words], check=True, capture_output=True, text=True, cwd=self.folder).stdout
        serial = openssl("x509", "-in", "issued.pem", "-noout", "-serial").strip().partition("=")[2]
        until = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + 86_400))
        (self.folder / "index").write_text(f"V\t{until}\t\t{serial}\tunknown\t/CN=x\n")
        (self.folder / "request").write_bytes(request)
        openssl("ocsp", "-index", "index", "-reqin", "request", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key",
                "-ndays", "1", "-respout", "response")
        return (self.folder / "response").read_bytes()

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
        (self.folder / "ext").write_text(f"subjectAltName=DNS:{name}\nauthorityKeyIdentifier=keyid\n{self.extensions}")
        words = ["x509", "-req", "-in", "csr.der", "-inform", "DER", "-CA", "ca.pem", "-CAkey", "ca.key", "-extfile", "ext"]
        if self.lies == "key":
            openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x",
                    "-keyout", "other.key", "-outform", "DER", "-out", "csr.der")
        days = ["-days", "-1"] if self.lies == "expired" else ["-days", str(self.days)]
        leaf = openssl(*words, *days)
        (self.folder / "issued.pem").write_bytes(leaf)
        return leaf + (self.folder / "ca.pem").read_bytes()
