"""An issuer of tokens: keys of every kind, JWK Sets of them, tokens signed by PyJWT or by joserfc."""

import base64
import json
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt

from .schema import words

SECRET = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
ALGORITHMS = words("routes", "[]", "access", "jwt", "algorithms", "[]")


def encode(data: bytes | str | dict) -> str:
    if isinstance(data, dict):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_for(algorithm: str):
    match algorithm:
        case "ES256": return ec.generate_private_key(ec.SECP256R1())
        case "ES384": return ec.generate_private_key(ec.SECP384R1())
        case "ES512": return ec.generate_private_key(ec.SECP521R1())
        case "EdDSA": return ed25519.Ed25519PrivateKey.generate()
        case "Ed448": return ed448.Ed448PrivateKey.generate()
        case _ if algorithm.startswith("HS"): return SECRET
        case _: return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """One key for each algorithm, made when it is first used; its name is that of the algorithm."""

    def __init__(self, *algorithms: str):
        self.keys = {algorithm: key_for(algorithm) for algorithm in algorithms}

    def pem(self, name: str) -> bytes:
        return self.keys[name].public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def jwk(self, name: str, **more) -> dict:
        key = self.keys[name]
        if isinstance(key, bytes):
            return {"kty": "oct", "k": encode(key), "kid": name, **more}
        return {**jose_jwk.import_key(self.pem(name)).as_dict(private=False), "kid": name, "use": "sig", **more}

    def jwks(self) -> dict:
        return {"keys": [self.jwk(name) for name in self.keys]}

    def write(self, path: Path) -> str:
        path.write_text(json.dumps(self.jwks()))
        return str(path)

    def sign(self, algorithm: str = "ES256", *, key: str | None = None, headers: dict | None = None,
             expires: float | None = 60, **claims) -> str:
        """By PyJWT."""
        if expires is not None:
            claims = {"exp": time.time() + expires, **claims}
        name = key or algorithm
        return jwt.encode({"sub": "ada", **claims}, self.keys[name], algorithm, {"kid": name, **(headers or {})})

    def sign_jose(self, algorithm: str, **claims) -> str:
        """By joserfc."""
        key = self.keys[algorithm]
        if not isinstance(key, bytes):
            key = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                    serialization.NoEncryption())
            imported = jose_jwk.import_key(key)
        else:
            imported = jose_jwk.OctKey.import_key(key)
        header = {"alg": algorithm, "kid": algorithm}
        return jose_jwt.encode(header, {"sub": "ada", "exp": int(time.time()) + 60, **claims}, imported,
                               algorithms=[algorithm])


def bearer(token: str) -> dict:
    return {"Authorization": f"Bearer {token}"}
