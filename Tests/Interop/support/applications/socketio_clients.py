"""Clients of Socket.IO that begin with polling: prints each one's transport and the nodes that have answered it."""

import json
import os
import sys
import time

import socketio

url, count = sys.argv[1], int(sys.argv[2])
clients = [socketio.Client(reconnection=False) for _ in range(count)]
polling = [socketio.Client(reconnection=False) for _ in range(3)]
for client in clients:
    client.connect(url)
for client in polling:
    client.connect(url, transports=["polling"])
for client in clients:
    deadline = time.monotonic() + 20
    while client.transport() != "websocket" and time.monotonic() < deadline:
        time.sleep(0.05)
seen = []
for client in clients + polling:
    answers = [client.call("who", f"message {number} äöü", timeout=20) for number in range(5)]
    assert [text for _, text in answers] == [f"message {number} äöü" for number in range(5)]
    seen.append([client.transport(), sorted({node for node, _ in answers})])
print(json.dumps(seen), flush=True)
for client in clients:
    client.disconnect()
# The library waits for a poll that the server leaves open after the client's farewell, with or without a proxy.
os._exit(0)
