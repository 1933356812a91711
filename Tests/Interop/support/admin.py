"""The admin listener as scripts and Prometheus see it."""

import http.client
import json
import socket

from prometheus_client.parser import text_string_to_metric_families

from . import machine


class Admin:
    """Requests to one admin listener, each on a connection of its own."""

    def __init__(self, port: int):
        self.port = port
        self.address = f"127.0.0.1:{port}"

    @property
    def section(self) -> dict:
        """For the configuration."""
        return {"address": self.address}

    def call(self, method: str, path: str, headers: dict | None = None, body: bytes | None = None):
        """Status, fields and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, str]:
        status, _, text = self.call("GET", path)
        return status, text

    def post(self, path: str) -> tuple[int, str]:
        status, _, text = self.call("POST", path)
        return status, text

    def status(self) -> dict:
        code, text = self.get("/status")
        assert code == 200, text
        return json.loads(text)

    def metrics(self) -> "Metrics":
        status, fields, text = self.call("GET", "/metrics")
        assert (status, fields["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        return Metrics(text)

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


class Metrics:
    """A page of metrics as the official client reads it."""

    def __init__(self, text: str):
        self.text = text
        families = list(text_string_to_metric_families(text))
        self.families = {family.name: family for family in families}
        # A gauge `x` and a counter `x_total` would be one family to OpenMetrics.
        assert len(self.families) == len(families), "two families of one name"
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name with these labels."""
        return sum(sample.value for sample in self.samples
                   if sample.name == name and labels.items() <= sample.labels.items())

    def label_sets(self, name: str) -> list[dict]:
        return [sample.labels for sample in self.samples if sample.name == name]


def free_admin() -> Admin:
    return Admin(machine.free_port())
