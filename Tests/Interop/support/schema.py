"""What the program says of its own configuration: lists of words that tests go through come from here."""

import functools
import json
import subprocess

from .proxy import BINARY


@functools.cache
def schema() -> dict:
    """The JSON Schema that `trunkline config --schema` prints."""
    return json.loads(subprocess.run([str(BINARY), "config", "--schema"], capture_output=True, text=True, timeout=10,
                                     check=True).stdout)


def words(*path: str) -> list[str]:
    """The words that a key takes, such as `words("upstreams", "*", "balance")`; `*` is any name, `[]` any entry of a list."""
    def found(node: dict, path: tuple[str, ...]) -> list[str]:
        if not path and "enum" in node:
            return node["enum"]
        inner = {"*": node.get("additionalProperties"), "[]": node.get("items")}
        here = [inner.get(path[0]) or node.get("properties", {}).get(path[0])] if path else []
        nodes = [(choice, path) for kind in ("anyOf", "oneOf") for choice in node.get(kind, [])]
        nodes += [(next_node, path[1:]) for next_node in here if isinstance(next_node, dict)]
        return next((words for words in (found(*pair) for pair in nodes) if words), [])

    result = found(schema(), path)
    assert result, f"{'.'.join(path)} takes no words"
    return result
