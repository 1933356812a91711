"""acme2certifier, an authority in Python that shares no code with Pebble: at the real ports, with a name server of its own."""

import importlib.util
import os
import random
import ssl
import subprocess
import sys
from pathlib import Path

from . import machine

PYTHON = os.environ.get("TRUNKLINE_ACME2CERTIFIER", sys.executable)
"""An interpreter that has it; it wants many modules that no other test does."""

SERVER = """
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server
from acme2certifier.share.acme2certifier_wsgi import application, get_handler_cls
class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
make_server("127.0.0.1", int(sys.argv[1]), application, Server, get_handler_cls()).serve_forever()
"""


def is_installed() -> bool:
    if PYTHON == sys.executable:
        return importlib.util.find_spec("acme2certifier") is not None
    return subprocess.run([PYTHON, "-c", "import acme2certifier"], capture_output=True).returncode == 0


class Acme2certifier:
    """Issues certificates for names that lead to `address`, whose ports 80 and 443 it asks."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, machine.free_port()
        self.address = f"127.{random.randrange(64, 250)}.{random.randrange(1, 250)}.{random.randrange(1, 250)}"
        self.log = folder / "log"
        self.processes: list[subprocess.Popen] = []

    def __enter__(self) -> "Acme2certifier":
        self.folder.mkdir()
        (self.folder / "issued").mkdir()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "99", "-subj", "/CN=a2c", "-keyout", "ca.key",
             "-out", "ca.pem", "-addext", "keyUsage=critical,keyCertSign,cRLSign"], check=True, capture_output=True, cwd=self.folder)
        (self.folder / "acme_srv.cfg").write_text(f"""
[DEFAULT]
debug: False
dns_server_list: ["{self.address}"]
[CAhandler]
handler_module: acme2certifier.cahandlers.openssl_ca_handler
issuing_ca_key: {self.folder}/ca.key
issuing_ca_cert: {self.folder}/ca.pem
issuing_ca_crl: {self.folder}/crl.pem
ca_cert_chain_list: []
cert_save_path: {self.folder}/issued
cert_validity_days: 30
[DBhandler]
dbfile: {self.folder}/acme.db
[Certificate]
[Order]
""")
        with self.log.open("ab") as log:
            def begin(*words: str, **more) -> None:
                self.processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more))
            begin("pebble-challtestsrv", "-http01", "", "-https01", "", "-tlsalpn01", "", "-dns01", f"{self.address}:53",
                  "-management", f"127.0.0.1:{machine.free_port()}", "-defaultIPv4", self.address, "-defaultIPv6", "")
            begin(PYTHON, "-c", SERVER, str(self.port), cwd=self.folder, env={
                **os.environ, "ACME_SRV_CONFIGFILE": str(self.folder / "acme_srv.cfg"), "ACME_SRV_DB_HANDLER": "wsgi",
                "ACME2CERTIFIER_BASE_DIR": str(self.folder)})
        machine.eventually(lambda: machine.is_listening(self.port), "acme2certifier listens", 30)
        return self

    def __exit__(self, *_) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def section(self, storage: Path, **more) -> dict:
        return {"directory": f"http://127.0.0.1:{self.port}/directory", "storage": str(storage), "email": "ops@example.com", **more}

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        context.set_alpn_protocols(["http/1.1"])
        return context
