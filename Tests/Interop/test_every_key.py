"""Each key of the configuration, changed alone in one running process with live sessions: the change is taken, or what it
needs is said; it can be seen; and nobody is cut off. The keys are those of the schema: a new one is tried without a word here,
unless no value can be made up for it."""

import json
import subprocess
import time

import pytest
import yaml

from support import machine
from support.admin import free_admin
from support.backends import node_chat
from support.proxy import BINARY, configuration, route, upstream
from support.tokens import Issuer
from support.wire import TEXT

SCHEMA = json.loads((machine.ROOT / "deploy" / "proxy.schema.json").read_text())
TOKEN = "0123456789abcdef0123456789abcdef"
# Placeholders of a path: an entry of a list, and a name of the operator's choice.
ENTRY, NAME = "[]", "<>"


def alternatives(node: dict) -> list[dict]:
    """In how many ways a value may be written, without variables and nothing at all."""
    parts = node.get("anyOf") or node.get("oneOf")
    found = [way for part in parts for way in alternatives(part)] if parts else [node]
    return [way for way in found if way.get("type") != "null" and way.get("$ref") != "#/$defs/variable"]


def is_section(way: dict) -> bool:
    return "properties" in way or isinstance(way.get("additionalProperties"), dict)


def children(way: dict) -> list[tuple[str, dict]]:
    named = list(way.get("properties", {}).items())
    more = way.get("additionalProperties")
    return named + ([(NAME, more)] if isinstance(more, dict) else [])


def keys(node: dict = SCHEMA, path: tuple = ()):
    """The path of each key that has a value, the ways to write that, and what it is without."""
    values = []
    for way in alternatives(node):
        entries = alternatives(way.get("items", {}))
        if is_section(way):
            for name, child in children(way):
                yield from keys(child, (*path, name))
        elif way.get("type") == "array" and any(is_section(entry) for entry in entries):
            yield from keys(way["items"], (*path, ENTRY))
        else:
            values.append(way)
    # What only switches a section off is tried with the section.
    if [way for way in values if way.get("$ref") != "#/$defs/off"] and path and path[-1] != ENTRY:
        yield path, values, node.get("default")


class House:
    """Files that keys can name, and words for those whose schema doesn't tell one that would do."""

    def __init__(self, folder, authority, live: str, port: int):
        issuer = Issuer("ES256")
        (folder / "users").write_text("zoe:$2b$04$abcdefghijklmnopqrstuuXz3h9t3rZxFzq6gE8xX5Y8mBqvXbV1W\n")
        (folder / "secret").write_text("c2VjcmV0LXNlY3JldC1zZWNyZXQ\n")
        (folder / "token").write_text(TOKEN + "\n")
        names = authority.certificate().names
        ca = str(authority.certificate().certificate)
        self.words = {
            "address": live, "certificate": names["certificate"], "key": names["key"], "ocsp": "off", "ca": ca,
            "acme.key": "p384", "limits.per.key": "client_ip", "crl": None, "listeners.address": f"127.0.0.1:{port}",
            "admin.address": None, "owner": "root", "group": "root", "listeners.mode": "0600", "admin.mode": "0600",
            "admin.token": "token", "admin.revocations": "revoked.json", "hosts": ["ops.internal"],
            "directory": "http://127.0.0.1:1/directory", "email": "a@example.com", "storage": "issued", "exec": "./hook",
            "external_account.id": "kid", "key_file": "secret", "users": "users", "keys": issuer.write(folder / "keys"),
            "upstream": "spare", "access.forward.upstream": "spare", "jwt.keys.upstream": "spare", "algorithms": ["ES256"],
            "trusted_proxies": ["10.0.0.0/8"], "allow": ["127.0.0.1"], "deny": ["10.0.0.1"], "hash_key": "path",
            "match.host": "localhost", "match.path": "/echo", "path_regex": "/ech[o]", "match.listener": "front",
            "listeners.name": "back", "routes.name": "other", "origins": ["https://example.com"],
            "subprotocols": ["chat"], "key_headers": ["x-key"], "challenges": ["http-01"], "protocols": ["http/1.1"],
            "strip_prefix": "/a", "replace_prefix": ["/a", "/b"], "method": "GET", "pass": ["X-User"], "on": ["loss"],
            "remove": ["X-Gone"], "from": [{"query": "token"}], "from.<>": "token", "jwt.pass.<>": "sub", "tls.acme": ["example.com"],
            "log.access": "access.log", "server_name": "localhost", "redirect_to_https": {"port": 8443},
            "health.host": "localhost", "minimum_version": "1.3",
            "rotate": "77m",
        }

    def word(self, path: tuple):
        """By as much of the end of a path as is known."""
        plain = [part for part in path if part != ENTRY]
        for start in range(len(plain)):
            if (name := ".".join(plain[start:])) in self.words:
                return True, self.words[name]
        return False, None

    def value(self, path: tuple, ways: list[dict], default):
        known, word = self.word(path)
        if known:
            return word
        if any("KiB" in way.get("pattern", "") for way in ways):
            return "77KiB"
        way = next((way for way in ways if way.get("$ref") != "#/$defs/off" and "const" not in way), ways[0])
        match way:
            case {"$ref": "#/$defs/flag"}: return default is not True
            case {"$ref": "#/$defs/duration"}: return "77m"
            case {"$ref": "#/$defs/size"}: return "77KiB"
            case {"enum": choices}: return next(choice for choice in choices if choice != default)
            case {"type": "integer"}:
                return min(max(way.get("minimum", 0), 7 if default != 7 else 8), way.get("maximum", 1 << 30))
            case {"pattern": pattern} if "ms|s|m|h|d" in pattern: return "77m"
            case {"pattern": pattern} if pattern.endswith("%$"): return "33%"
            case {"pattern": pattern} if pattern.startswith("^[!#$"): return "X-Made-Up"
            case {"pattern": "^/"}: return "/made-up"
            case {"type": [*kinds]} if "pattern" not in way and "string" in kinds: return "made-up"
        raise AssertionError(f"no value for {'.'.join(path)}: {way}")


# Which entry of a list a key is tried at, where that is not the one that the live session has to do with.
ELSEWHERE = {
    ("listeners", "tls"): 1, ("listeners", "protocols"): 1, ("listeners", "redirect_to_https"): 2, ("listeners", "mode"): 3,
    ("listeners", "owner"): 3, ("listeners", "group"): 3, ("listeners", "address"): 2, ("listeners", "name"): 2,
    ("listeners", "proxy_protocol"): 2,
    ("routes", "name"): 1, ("routes", "upstream"): 1, ("routes", "respond"): 1, ("routes", "access"): 1,
}
# What else such a key needs to be meant.
NEEDS = {
    ("upstreams", NAME, "hash_key"): {"balance": "hash"},
    ("upstreams", NAME, "broadcast"): {"mode": "broadcast"},
    ("routes", ENTRY, "respond"): {"upstream": None},
}
SPARE_UPSTREAMS = ("mode", "broadcast", "backends", "tls", "proxy_protocol")
# What a running process can't change, and says so.
NEEDS_A_PROCESS = ("workers", "log", "compression.memory_budget", "admin.mode", "admin.owner", "admin.group")


# And what else the file has to say.
BESIDE = {
    ("listeners", ENTRY, "tls", "acme"): {"acme": {"email": "a@example.com", "directory": "http://127.0.0.1:1/"}},
    **{("admin", name): {"admin": {"address": "unix:/tmp/admin.sock"}} for name in ("mode", "owner", "group")},
}


def named(path: tuple, depth: int) -> str:
    """A name of the operator's choice."""
    if path[0] == "upstreams":
        return "spare" if path[2] in SPARE_UPSTREAMS else "live"
    return "query" if "from" in path[:depth] else "x-name"


def entry(path: tuple) -> int:
    return ELSEWHERE.get((path[0], path[2]), 0) if len(path) > 2 and path[1] == ENTRY else 0


def changed(base: dict, house: House, path: tuple, value) -> dict:
    """The configuration with one key more, or another value of it, and what its sections cannot be without."""
    config = json.loads(json.dumps(base)) | BESIDE.get(path, {})
    place, node = config, SCHEMA
    for depth, part in enumerate(path):
        ways = [way for way in alternatives(node) if is_section(way) or way.get("type") == "array"]
        if part == ENTRY:
            index = entry(path) if depth == 1 else 0
            node = next(way for way in ways if "items" in way)["items"]
            if len(place) <= index:
                place.append({})
            place = place[index]
            continue
        way = next(way for way in ways if part in dict(children(way)))
        for name, more in NEEDS.items():
            if path[:depth + 1] == name:
                for other, word in more.items():
                    place.pop(other, None) if word is None else place.update({other: word})
        # Of these a rule says so.
        for name in [*way.get("required", []), *({"keys", "algorithms"} & dict(children(way)).keys())]:
            if name != part and name not in place:
                sub = way["properties"][name]
                place[name] = house.value((*path[:depth], name), alternatives(sub), None)
        node = dict(children(way))[part]
        name = part if part != NAME else named(path, depth)
        if depth == len(path) - 1:
            place[name] = value
            return config
        if not isinstance(place.get(name), dict | list):
            place[name] = [] if path[depth + 1] == ENTRY else {}
        place = place[name]
    return config


def shown(proxy) -> dict:
    done = subprocess.run([str(BINARY), "config", "--show", "--config", str(proxy.folder / "proxy.conf")], text=True,
                          capture_output=True, timeout=20, check=True)
    return yaml.load(done.stdout, yaml.BaseLoader)


def at(config, path: tuple):
    for depth, part in enumerate(path):
        if part == ENTRY:
            config = config[entry(path) if depth == 1 else 0]
        elif part == NAME:
            config = config[named(path, depth)]
        else:
            config = config[part]
    return config


def plain(value):
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if str(value) == "***":
        return "made-up"    # it may be a secret
    return {"77m": "1h17m"}.get(value, str(value).lower() if isinstance(value, bool) else str(value))


def test_each_key_alone_is_taken_and_cuts_nobody(run, tmp_path, authority):
    admin = free_admin()
    with node_chat() as backend, node_chat() as other:
        house = House(tmp_path, authority, other.address, machine.free_port())
        config = {
            "workers": 1, "admin": admin.section,
            "listeners": [
                {"address": f"127.0.0.1:{machine.free_port()}", "name": "front"},
                {"address": f"127.0.0.1:{machine.free_port()}", "tls": {"certificates": [authority.certificate().names]}},
                {"address": f"127.0.0.1:{machine.free_port()}"}, {"address": f"unix:{tmp_path}/front.sock"}],
            "routes": [route("/echo", "live", name="live"), route("/spare", "spare", name="spare")],
            "upstreams": {"live": upstream(backend.address), "spare": upstream(other.address)}}
        port = int(config["listeners"][0]["address"].split(":")[1])
        with run(config, tls=False, port=port) as proxy, proxy.upgraded("/echo") as wire, proxy.upgraded("/echo") as second:
            file, faults, tried = proxy.folder / "proxy.conf", [], 0
            for word in ("users", "secret", "token"):
                (proxy.folder / word).write_text((tmp_path / word).read_text())
            base = json.loads(file.read_text())
            began = time.monotonic()
            for path, ways, default in keys():
                name = ".".join(part for part in path if part != ENTRY)
                value = house.value(path, ways, default)
                if value is None:
                    continue
                tried += 1
                file.write_text(json.dumps(changed(base, house, path, value)))
                status, _, text = admin.call("POST", "/reload", {"Authorization": f"Bearer {TOKEN}"})
                if status != 200:
                    faults.append(f"{name}: {value!r} is refused: {text.strip()}")
                    continue
                if name.startswith(NEEDS_A_PROCESS) != ("needs a new process" in text):
                    faults.append(f"{name}: a new process is {'not ' * ('needs' not in text)}said to be needed")
                got = at(shown(proxy), path) if machine.FULL or tried % 8 == 0 else value
                if plain(got) not in (plain(value), [plain(value)]):
                    faults.append(f"{name}: {value!r} is shown as {got!r}")
                for one in (wire, second):
                    one.send(TEXT, name.encode())
                    assert one.read_message() == (TEXT, name.encode()), name
            assert not faults, "\n".join(faults)
            assert tried > 240, tried
            file.write_text(json.dumps(base))
            assert admin.call("POST", "/reload", {"Authorization": f"Bearer {TOKEN}"})[0] == 200
            print(f"{tried} keys in {time.monotonic() - began:.1f} s")
            assert not any("session ended" in line for line in list(proxy.out))
