"""deploy/observability: alert rules and dashboard name what a running proxy exposes, and Prometheus takes them."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml

from support import machine
from support.admin import free_admin
from support.machine import FULL, ROOT
from support.proxy import configuration
from support.wire import TEXT

FOLDER = ROOT / "deploy/observability"
TOOLS = ROOT / ".build/tools/usr/bin"


def tool(name: str) -> str | None:
    """Of the machine, or of the package that Tests/run has taken apart."""
    return shutil.which(name) or (str(TOOLS / name) if (TOOLS / name).exists() else None)


def dashboard() -> dict:
    return json.loads((FOLDER / "dashboard.json").read_text())


def dashboard_queries() -> list[str]:
    shown = dashboard()
    return [target["expr"] for panel in shown["panels"] for target in panel.get("targets", [])] \
        + [each["expr"] for each in shown["annotations"]["list"]]


def alert_rules() -> list[dict]:
    return [rule for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]


def metrics_of(query: str) -> set[str]:
    return set(re.findall(r"\b(?:trunkline|process)_[a-z0-9_]+\b", re.sub(r'"[^"]*"', '""', query)))


@pytest.fixture
def scraped(run, node_chat):
    """A proxy that has carried a little."""
    admin = free_admin()
    with run(configuration(node_chat.address, admin=admin.section)) as proxy:
        with proxy.upgraded("/echo") as session:
            session.send(TEXT, b"x")
            session.read_message()
            yield proxy, admin


def test_every_metric_that_is_named_is_exposed_with_the_labels_that_are_used(scraped):
    _, admin = scraped
    text = admin.metrics().text
    exposed = set(re.findall(r"^# TYPE (\S+) ", text, re.M))
    documented = dict(re.findall(r"^\| `(\w+)` \| \w+ \| (.*?) \|", (ROOT / "Sources/Proxy/Proxy.docc/Observing.md").read_text(), re.M))
    for query in [*dashboard_queries(), *(rule["expr"] for rule in alert_rules())]:
        for name in metrics_of(query):
            family = re.sub(r"_(bucket|sum|count)$", "", name) if name not in exposed else name
            assert family in exposed, f"{name} in {query}"
        known = {"job", "instance", "le"}.union(*(re.findall(r"`(\w+)`", documented.get(re.sub("_bucket$", "", name), ""))
                                                for name in metrics_of(query)))
        used = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
        used |= set(re.findall(r"(\w+)(?:=~|!=|=)\"", query))
        assert used <= known, f"{used - known} in {query}"


def test_the_dashboard_is_templated_and_its_panels_lie_beside_each_other():
    shown = dashboard()
    assert [each["name"] for each in shown["templating"]["list"]] == ["datasource", "job", "instance"]
    cells = set()
    for panel in shown["panels"]:
        place = panel["gridPos"]
        mine = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not mine & cells and place["x"] + place["w"] <= 24, panel["title"]
        cells |= mine
    assert len({panel["id"] for panel in shown["panels"]}) == len(shown["panels"])
    for query in dashboard_queries():
        assert 'instance=~"$instance"' in query and 'job=~"$job"' in query, query


@pytest.mark.skipif(not tool("promtool"), reason="no promtool")
def test_the_rules_are_sound_and_fire_when_they_should():
    for words in (["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]):
        done = subprocess.run([tool("promtool"), *words], cwd=FOLDER, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = {each["alertname"] for test in yaml.safe_load((FOLDER / "alerts.test.yaml").read_text())["tests"]
              for each in test["alert_rule_test"]}
    assert tested <= {rule["alert"] for rule in alert_rules()}


@pytest.mark.skipif(not FULL or not tool("prometheus"), reason="runs Prometheus: TRUNKLINE_FULL")
def test_every_query_of_the_dashboard_is_answered_by_a_prometheus_that_scrapes(scraped, tmp_path):
    proxy, admin = scraped
    port = machine.free_port()
    (tmp_path / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(FOLDER / "alerts.yaml")],
        "scrape_configs": [{"job_name": "trunkline", "static_configs": [{"targets": [f"127.0.0.1:{admin.port}"]}]}]}))
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

    def ask(path: str, **query: str):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}?{urllib.parse.urlencode(query)}", timeout=20) as answer:
            return json.loads(answer.read())["data"]
    try:
        machine.eventually(lambda: machine.is_listening(port), "Prometheus listens", 30)
        for _ in range(3):
            with proxy.upgraded("/echo") as session:
                session.send(TEXT, b"y" * 2000)
                session.read_message()
            time.sleep(1.5)
        machine.eventually(lambda: ask("/api/v1/query", query="up{job='trunkline'} == 1")["result"], "a scrape", 20, 0.5)

        def empty() -> list[str]:
            left = []
            for query in dashboard_queries():
                filled = query
                for name, value in (("$job", "trunkline"), ("$instance", ".*"), ("$__rate_interval", "30s")):
                    filled = filled.replace(name, value)
                if not ask("/api/v1/query", query=filled)["result"]:
                    left.append(query)
            return left
        # Each is taken; not everything happens here: feeds, refusals, reloads and failures have no series yet.
        machine.eventually(lambda: len(empty()) <= len(dashboard_queries()) * 0.45, "most queries have an answer", 30, 1)
        print(*empty(), sep="\n")
        groups = ask("/api/v1/rules")["groups"]
        machine.eventually(lambda: all(rule["health"] == "ok" for group in ask("/api/v1/rules")["groups"] for rule in group["rules"]),
                           f"all rules are evaluated: {groups}", 20, 0.5)
        firing = {alert["labels"]["alertname"] for alert in ask("/api/v1/alerts")["alerts"] if alert["state"] == "firing"}
        assert firing <= {"TrunklineLoopLag"}
    finally:
        machine.end(process, 20)
