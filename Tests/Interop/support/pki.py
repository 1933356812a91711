"""Certificates made when the tests run; none is kept in the tree."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path

    @property
    def names(self) -> dict:
        """As an entry of `certificates` in proxy.conf."""
        return {"certificate": str(self.certificate), "key": str(self.key)}


class Authority:
    """Self-signed ECDSA P-256 certificates by name; each is its own trust anchor."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._made: dict[str, Certificate] = {}

    def certificate(self, name: str = "localhost") -> Certificate:
        if name not in self._made:
            stem = self.folder / name.replace("*", "any")
            made = Certificate(stem.with_suffix(".crt"), stem.with_suffix(".key"))
            alternatives = f"DNS:{name}" + (",IP:127.0.0.1,IP:::1" if name == "localhost" else "")
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
                + ["-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternatives}"]
                + ["-keyout", str(made.key), "-out", str(made.certificate)],
                check=True, capture_output=True, stdin=subprocess.DEVNULL)
            self._made[name] = made
        return self._made[name]

    def client_context(self, name: str = "localhost") -> ssl.SSLContext:
        """Verifies the peer against exactly this name's certificate."""
        context = ssl.create_default_context(cafile=str(self.certificate(name).certificate))
        context.set_alpn_protocols(["http/1.1"])
        return context

    def server_context(self, name: str = "localhost") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made = self.certificate(name)
        context.load_cert_chain(made.certificate, made.key)
        return context
