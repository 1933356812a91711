"""`trunkline config`, and its JSON Schema beside `trunkline check`: both take and refuse the same files, wherever a schema
can say what is wrong."""

import re
import shutil
import subprocess
import textwrap

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.machine import ROOT
from support.proxy import BINARY


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: `off` is a word, and there are no dates."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
]:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)
# As text, or `0660` would be read in octal.
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value, 10))


def call(*arguments, **options):
    return subprocess.run([str(BINARY), "config", *arguments], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=20, **options)


@pytest.fixture(scope="module")
def schema():
    value = yaml.load(call("--schema").stdout, Loader)
    Draft202012Validator.check_schema(value)
    assert value["$schema"].endswith("2020-12/schema")
    return Draft202012Validator(value)


@pytest.fixture
def accepts(tmp_path, authority):
    """Whether `trunkline check` takes a text."""
    names = authority.certificate().names
    (tmp_path / "tls").mkdir()
    (tmp_path / "admin").mkdir()
    (tmp_path / "admin/token").write_text("0123456789abcdef0123456789abcdef\n")
    for kind, copies in (("certificate", ("cert.pem", "tls/tls.crt")), ("key", ("key.pem", "tls/tls.key"))):
        for copy in copies:
            shutil.copy(names[kind], tmp_path / copy)

    def check(text):
        (tmp_path / "proxy.conf").write_text(text)
        done = subprocess.run([str(BINARY), "check", "--config", "proxy.conf"], cwd=tmp_path, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0
    return check


def recipes():
    text = (ROOT / "Sources/Proxy/Proxy.docc/Recipes.md").read_text()
    listeners, *rest = re.findall(r"```yaml\n(.*?)```", text, re.S)
    return [listeners + recipe for recipe in rest]


def files():
    kubernetes = next(yaml.safe_load_all((ROOT / "deploy/kubernetes.yaml").read_text()))["data"]["proxy.conf"]
    return [(ROOT / name).read_text() for name in
            ("proxy.conf.example", "deploy/compose.proxy.conf", "deploy/container.proxy.conf", "deploy/debian/proxy.conf",
             "deploy/examples/proxy.conf")] + [kubernetes, *recipes()]


@pytest.mark.parametrize("text", files(), ids=lambda text: text[:30].splitlines()[0])
def test_every_configuration_that_is_shown_is_taken_by_both(schema, accepts, text):
    assert accepts(text)
    assert not list(schema.iter_errors(yaml.load(text, Loader)))


def test_what_is_printed_is_a_configuration(schema, accepts):
    for text in (call("--defaults").stdout, call("--show", "-c", str(ROOT / "proxy.conf.example")).stdout):
        assert accepts(text)
        assert not list(schema.iter_errors(yaml.load(text, Loader)))


def test_a_file_is_shown_whole_and_only_without_complaints(tmp_path):
    file = tmp_path / "proxy.conf"
    file.write_text('listeners: [{ address: "127.0.0.1:1" }]\n'
                    'routes: [{ name: a, respond: {}, match: { headers: { x-key: "${KEY}" } } }]\n')
    shown = call("--show", "-c", str(file), env={"KEY": "hush"})
    assert shown.returncode == 0 and "hush" not in shown.stdout and "***" in shown.stdout
    value = yaml.load(shown.stdout, Loader)
    assert value["timeouts"]["drain"] == "30s" and value["routes"][0]["limits"]["message"] == "16MiB"
    file.write_text("colour: red\n")
    refused = call("--show", "-c", str(file))
    assert refused.returncode == 1 and not refused.stdout and ":1:1: unknown key 'colour'" in refused.stderr


def test_exactly_one_text_is_asked_for():
    assert call().returncode == 64 and call("--schema", "--show").returncode == 64


def text(listener="", route="", upstream="", rest=""):
    """A small configuration with further keys, as the unit tests have it."""
    return textwrap.dedent(f"""\
        listeners: [{{ address: "127.0.0.1:8080"{listener} }}]
        routes: [{{ name: app, upstream: app{route} }}]
        upstreams: {{ app: {{ backends: [{{ address: "127.0.0.1:9001" }}]{upstream} }} }}
        {rest}
        """)


GOOD = [
    text(), text(rest="workers: auto"), text(rest="workers: '4'"), text(rest="timeouts: { idle: off, drain: 0, close: 1h }"),
    text(rest="timeouts:"), text(rest="admin: off"), text(rest="admin: { address: 'unix:/run/x.sock', mode: '0660' }"),
    text(rest="limits: { memory: 512MiB, frame: 0, buffer: 65536, fragments: 5 }"), text(rest="compression: { mode: off }"),
    text(rest="compression: { level: '${NO_SUCH:-4}', context_takeover: no }"), text(rest="drain: { close_code: 3001 }"),
    text(listener=", proxy_protocol: off"), text(listener=", redirect_to_https: { port: 443 }"),
    text(listener=", redirect_to_https: false, tls: { certificates: [{ certificate: cert.pem, key: key.pem }], minimum_version: 1.3 }"),
    text(upstream=", health: off"), text(upstream=", health: {}"), text(upstream=", tls: {}"),
    text(upstream=", balance: hash, hash_key: 'cookie:sid', retry: { budget: 100% }"),
    text(route=", match: { host: '*.example.com', path: /chat/, headers: { x: 1 } }, origins: []"),
    text(route=", rewrite: { replace_prefix: [/a, /b] }, limits: { message: 1MiB }"),
]

BAD = [
    "listeners: []\nroutes: []\n", "routes: [{ name: a, respond: {} }]\n", 'listeners: [{ address: "127.0.0.1:1" }]\n', "- a\n",
    text(rest="colour: red"), text(rest="workers: 0"), text(rest="workers: many"), text(rest="workers: 1025"),
    text(rest="timeouts: { idel: 5s }"), text(rest="timeouts: { idle: 5 }"), text(rest="timeouts: { idle: 5 parsecs }"),
    text(rest="timeouts: 5s"), text(rest="limits: { frame: 16MB }"), text(rest="limits: { request_head: 0 }"),
    text(rest="limits: { fields: 0 }"), text(rest="limits: { rate_action: drop }"), text(rest="limits: { memory: lots }"),
    text(rest="limits: { fragments: -1 }"), text(rest="compression: { mode: fast }"), text(rest="compression: { level: 10 }"),
    text(rest="compression: { window_bits: 8 }"), text(rest="compression: { context_takeover: maybe }"),
    text(rest="http2: { window: 100 }"), text(rest="http2: { streams: 0 }"), text(rest="log: { access: '' }"),
    text(rest="log: { level: loud }"), text(rest="drain: { close_code: 1006 }"), text(rest="paths: { ambiguous: maybe }"),
    text(rest="underscore_fields: keep"), text(rest="trusted_proxies: 10.0.0.0/8"), text(rest="trusted_proxies: [localhost]"),
    text(rest="admin: {}"), text(rest="admin: { address: 'dns:a:1' }"), text(rest="admin: { address: '127.0.0.1:1', mode: '0660' }"),
    text(rest="admin: { address: '127.0.0.1:9', metric_rows: 1 }"),
    text(listener=", tls: {}"), text(listener=", tls: { certificates: [] }"), text(listener=", tls: { certificates: [{ key: k }] }"),
    text(listener=", protocols: [h3]"), text(listener=", protocols: []"), text(listener=", proxy_protocol: v1"),
    text(listener=", group: www"), text(listener=", redirect_to_https: 1"), text(listener=", redirect_to_https: {}"),
    text(listener=", redirect_to_https: true, tls: { certificates: [{ certificate: cert.pem, key: key.pem }] }"),
    'listeners: [{ address: "localhost:80" }]\nroutes: [{ name: a, respond: {} }]\n',
    text(route=", respond: {}"), text(route=", match: { host: 'a b' }"), text(route=", match: { path: chat }"),
    text(route=", match: { path: '/a?b' }"), text(route=", match: { upgrade: h2c }"), text(route=", origins: [example.com]"),
    text(route=", rewrite: { strip_prefix: /a, replace_prefix: [/a, /b] }"), text(route=", rewrite: { replace_prefix: [/a] }"),
    text(route=", match: { subprotocols: ['a b'] }"), text(route=", limits: { memory: 1MiB }"),
    text(upstream=", mode: teleport"), text(upstream=", balance: fair"), text(upstream=", balance: hash, hash_key: body"),
    text(upstream=", proxy_protocol: v2, mode: multiplex"), text(upstream=", health: { interval: 0 }"),
    text(upstream=", health: { path: up }"), text(upstream=", retry: { budget: 20 }"), text(upstream=", pool: { warm: few }"),
    'listeners: [{ address: "127.0.0.1:1" }]\nroutes: [{ name: a, respond: { status: 199 } }]\n',
    'listeners: [{ address: "127.0.0.1:1" }]\nroutes: [{ name: a, respond: { status: 204, body: x } }]\n',
    'listeners: [{ address: "127.0.0.1:1" }]\nroutes: [{ name: a }]\n',
    'listeners: [{ address: "127.0.0.1:1" }]\nroutes: [{ name: a, upstream: u }]\nupstreams: { u: { backends: [] } }\n',
    'listeners: [{ address: "127.0.0.1:1" }]\nroutes: [{ name: a, upstream: u }]\nupstreams: { u: { backends: [{ address: "host:80" }] } }\n',
]

# What `check` refuses and a schema can't: it knows no other place of the file, no file, no environment, no unit.
UNSAID = {
    "an upstream that is not defined": text(route=", match: {}").replace("upstream: app", "upstream: ap"),
    "a listener that is not defined": text(route=", match: { listener: public }"),
    "two routes of one name": text().replace("routes: [", "routes: [{ name: app, upstream: app, match: { path: /x } }, "),
    "an address twice": text().replace("listeners: [", 'listeners: [{ address: "127.0.0.1:8080" }, '),
    "a file that is not there": text(upstream=", tls: { ca: nobody.pem }"),
    "a variable that is not set": text(rest="workers: '${NO_SUCH}'"),
    "a size beyond its range, by its unit": text(rest="http2: { window: 3GiB }"),
    "a number in quotes beyond its range": text(rest="workers: '0'"),
    "a regular expression that is none": text(route=", match: { path_regex: '/(' }"),
    "a field that tells no feeds apart": text(upstream=", mode: broadcast, broadcast: { key_headers: [Host] }"),
    "a redirect to one of two ports": text(listener=", redirect_to_https: true").replace(
        "listeners: [", 'listeners: [{ address: "0.0.0.0:1", tls: { certificates: [{ certificate: cert.pem, key: key.pem }] } },'
        ' { address: "0.0.0.0:2", tls: { certificates: [{ certificate: cert.pem, key: key.pem }] } }, '),
}


def test_what_is_good_is_taken_by_both(schema, accepts):
    for good in GOOD:
        assert accepts(good), good
        assert not list(schema.iter_errors(yaml.load(good, Loader))), good


def test_what_is_bad_is_refused_by_both(schema, accepts):
    assert len(BAD) > 50
    for bad in BAD:
        assert not accepts(bad), bad
        assert list(schema.iter_errors(yaml.load(bad, Loader))), bad


@pytest.mark.parametrize("bad", UNSAID.values(), ids=UNSAID.keys())
def test_what_a_schema_can_not_say_is_refused_by_check_alone(schema, accepts, bad):
    assert not accepts(bad)
    assert not list(schema.iter_errors(yaml.load(bad, Loader)))
