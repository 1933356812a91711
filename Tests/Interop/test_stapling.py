"""OCSP: the responder that a certificate names is asked, and what it says goes with handshakes."""

import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support import machine
from support.admin import Admin
from support.backends import ScriptedBackend, echo
from support.proxy import configuration


def openssl(folder: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", *words], check=check, capture_output=True, cwd=folder, stdin=subprocess.DEVNULL)


class Responder:
    """An authority with one certificate, and its OCSP responder (RFC 6960, A.1)."""

    def __init__(self, folder: Path, must_staple: bool = False):
        folder.mkdir()
        self.folder, self.status, self.asked, self.signer = folder, "V", 0, "ca"
        responder = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                responder.asked += 1
                request = self.rfile.read(int(self.headers["Content-Length"]))
                body = responder.answer(request) if responder.status else b""
                self.send_response(200 if body else 503)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ("ca", "other"):
            openssl(folder, "req", "-x509", *new, "-days", "9", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl(folder, "req", *new, "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "leaf.csr")
        (folder / "ext").write_text(
            f"subjectAltName=DNS:localhost\nauthorityInfoAccess=OCSP;URI:{self.url}\n"
            + ("tlsfeature=status_request\n" if must_staple else ""))
        openssl(folder, "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "8",
                "-set_serial", "0x1234", "-extfile", "ext", "-out", "leaf.pem")
        (folder / "cert.pem").write_bytes((folder / "leaf.pem").read_bytes() + (folder / "ca.pem").read_bytes())

    def answer(self, request: bytes) -> bytes:
        moment = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + 86_400))
        revoked = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() - 60)) if self.status == "R" else ""
        (self.folder / "index").write_text(f"{self.status}\t{moment}\t{revoked}\t1234\tunknown\t/CN=localhost\n")
        (self.folder / "request").write_bytes(request)
        openssl(self.folder, "ocsp", "-index", "index", "-reqin", "request", "-CA", "ca.pem", "-rsigner", f"{self.signer}.pem",
                "-rkey", f"{self.signer}.key", "-ndays", "1", "-respout", "response")
        return (self.folder / "response").read_bytes()

    def __enter__(self) -> "Responder":
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def section(self) -> dict:
        names = {"certificate": str(self.folder / "cert.pem"), "key": str(self.folder / "key.pem")}
        return {"tls": {"certificates": [names]}}


@pytest.fixture
def start(run, tmp_path):
    admin = Admin(machine.free_port())

    def make(responder):
        with ScriptedBackend(echo) as backend:
            address = backend.address
        # The storage keeps what responders have said, whoever issued the certificate.
        acme = {"directory": "http://127.0.0.1:1/dir", "storage": str(tmp_path / "storage")}
        return run(configuration(address, admin=admin.section, acme=acme), listener=responder.section), admin
    return make


def stapled(proxy, responder) -> bool:
    said = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-servername", "localhost", "-status",
         "-CAfile", "ca.pem"], input=b"", capture_output=True, cwd=responder.folder, timeout=20).stdout
    return b"OCSP Response Status: successful" in said and b"Cert Status: good" in said


def test_the_responder_is_asked_and_its_answer_is_kept(start, tmp_path):
    with Responder(tmp_path / "responder", must_staple=True) as responder:
        proxy, admin = start(responder)
        with proxy:
            machine.eventually(lambda: stapled(proxy, responder), "an answer is stapled", 15, 0.1)
            assert 'trunkline_ocsp_requests_total{outcome="good"} 1' in admin.metrics().text
        responder.status = ""
        with proxy:
            machine.eventually(lambda: stapled(proxy, responder), "what was kept is stapled", 15, 0.1)
            assert responder.asked == 1


@pytest.mark.parametrize("trouble, words", [
    ("signer", "its signature is not the authority's"), ("revoked", "certificate is revoked"), ("down", "it answers 503")])
def test_what_is_not_good_is_not_stapled(start, tmp_path, trouble, words):
    with Responder(tmp_path / "responder") as responder:
        responder.signer = "other" if trouble == "signer" else "ca"
        responder.status = {"revoked": "R", "down": ""}.get(trouble, "V")
        proxy, _ = start(responder)
        with proxy:
            proxy.wait_log(words, 15)
            assert not stapled(proxy, responder)
