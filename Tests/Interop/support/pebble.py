"""Pebble, an authority to test against, and the name server that it asks."""

import json
import os
import signal
import ssl
import stat
import subprocess
import urllib.request
from pathlib import Path

from . import machine


class Pebble:
    """Issues certificates for whoever shows that a name is his, to a proxy on these ports."""

    def __init__(self, folder: Path, *, tls_port: int, http_port: int, rejects_nonces: int = 20,
                 lifetime: int = 7_776_000, external: dict | None = None, ocsp: str = "", validates: bool = True,
                 reuses: int = 0, beside=list):
        self.folder = folder
        self.port, self.management = machine.free_port(), machine.free_port()
        self.dns, self.dns_management = machine.free_port(), machine.free_port()
        self.ports = tls_port, http_port
        self.rejects_nonces, self.lifetime, self.external, self.ocsp = rejects_nonces, lifetime, external, ocsp
        self.validates, self.reuses = validates, reuses
        # Where it runs: what makes a command one of another network's.
        self.beside = beside
        self.directory = f"https://127.0.0.1:{self.port}/dir"
        self.ca = folder / "pebble-ca.pem"
        self.processes: list[subprocess.Popen] = []
        self.log = folder / "pebble.log"

    def __enter__(self) -> "Pebble":
        self.folder.mkdir(exist_ok=True)
        self._make_certificate()
        self._start(["pebble-challtestsrv", "-http01", "", "-https01", "", "-tlsalpn01", ""]
                    + ["-dns01", f"127.0.0.1:{self.dns}", "-management", f"127.0.0.1:{self.dns_management}",
                       "-defaultIPv6", ""])
        self.start()
        return self

    def start(self) -> None:
        """The authority itself; what it knew before is gone."""
        tls_port, http_port = self.ports
        configuration = {"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(self.folder / "server.pem"), "privateKey": str(self.folder / "server.key"),
            "httpPort": http_port, "tlsPort": tls_port, "ocspResponderURL": self.ocsp,
            "externalAccountBindingRequired": self.external is not None,
            "externalAccountMACKeys": self.external or {}, "certificateValidityPeriod": self.lifetime}}
        file = self.folder / "pebble.json"
        file.write_text(json.dumps(configuration))
        environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": str(self.rejects_nonces),
                       "PEBBLE_AUTHZREUSE": str(self.reuses)}
        if not self.validates:
            environment["PEBBLE_VA_ALWAYS_VALID"] = "1"
        self.process = self._start(
            ["pebble", "-config", str(file), "-dnsserver", f"127.0.0.1:{self.dns}", "-strict"], environment)
        machine.eventually(self.is_listening, "pebble listens", 15)

    def is_listening(self) -> bool:
        table = subprocess.run(self.beside(["cat", "/proc/net/tcp"]), capture_output=True, text=True).stdout
        return any(line.split()[1].endswith(f":{self.port:04X}") and line.split()[3] == "0A" for line in table.splitlines()[1:])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def _start(self, command: list[str], environment: dict | None = None) -> subprocess.Popen:
        with self.log.open("ab") as log:
            process = subprocess.Popen(self.beside(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env={**os.environ, **(environment or {})})
        self.processes.append(process)
        return process

    def _make_certificate(self) -> None:
        def openssl(*words: str) -> None:
            subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *new, "-days", "9", "-subj", "/CN=tests", "-keyout", "ca.key", "-out", self.ca.name)
        openssl("req", *new, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", self.ca.name, "-CAkey", "ca.key", "-days", "8",
                "-extfile", "server.ext", "-out", "server.pem")

    def __exit__(self, *_) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def section(self, storage: Path, **more) -> dict:
        """For the configuration."""
        return {"directory": self.directory, "ca": str(self.ca), "storage": str(storage), "email": "ops@example.com",
                **more}

    # MARK: what clients trust

    def _management(self, path: str) -> str:
        if self.beside is not list:
            return subprocess.run(
                self.beside(["curl", "-sf", "--cacert", str(self.ca), f"https://localhost:{self.management}{path}"]), check=True,
                capture_output=True, text=True).stdout
        context = ssl.create_default_context(cafile=str(self.ca))
        with urllib.request.urlopen(f"https://localhost:{self.management}{path}", context=context, timeout=10) as answer:
            return answer.read().decode()

    def context(self) -> ssl.SSLContext:
        """Trusts what this authority has issued, and nothing else."""
        context = ssl.create_default_context(cadata=self._management("/roots/0"))
        context.set_alpn_protocols(["http/1.1"])
        return context

    def intermediate(self) -> tuple[str, str]:
        """The certificate that signs, and its key, in PEM form."""
        return self._management("/intermediates/0"), self._management("/intermediate-keys/0")

    # MARK: names

    def hook(self) -> Path:
        """A program for dns-01 that tells the name server."""
        file = self.folder / "dns-hook"
        file.write_text(f"""#!/bin/sh
echo "$@" >>{self.folder}/hook.log
case "$1" in
present) curl -sf -d '{{"host":"'"$2"'.","value":"'"$3"'"}}' http://127.0.0.1:{self.dns_management}/set-txt ;;
cleanup) curl -sf -d '{{"host":"'"$2"'."}}' http://127.0.0.1:{self.dns_management}/clear-txt ;;
esac
""")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return file

    @property
    def hook_calls(self) -> list[list[str]]:
        return [line.split() for line in (self.folder / "hook.log").read_text().splitlines()]
