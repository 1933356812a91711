"""Clients of the `websockets` library that talk to an echo and check each answer."""

import json


def converse(proxy, turns: int, clients: int = 4):
    """Compressible texts, all clients at once, as often as there are turns."""
    connections = [proxy.connect(compression="deflate") for _ in range(clients)]
    try:
        for turn in range(turns):
            text = json.dumps({"turn": turn, "words": ["alba", "beta"] * 30})
            for connection in connections:
                connection.send(text)
            for connection in connections:
                assert connection.recv() == text
    finally:
        for connection in connections:
            connection.close()
