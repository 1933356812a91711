"""Applications for real, as the recipes configure them: Socket.IO on several nodes, JupyterLab, Streamlit, Bokeh, and
Flask on gunicorn's synchronous workers. Long: they install a few hundred megabytes."""

import http.client
import json
import signal
import time
from contextlib import ExitStack

import pytest

from support import applications, machine
from support.machine import FULL
from support.proxy import configuration, upstream

pytestmark = pytest.mark.skipif(not FULL, reason="installs applications")


@pytest.fixture(scope="module", autouse=True)
def environment():
    applications.install()


def request(proxy, method: str, path: str, body: str | None = None, fields: dict | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    try:
        connection.request(method, path, body=body, headers=fields or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_socket_io_on_several_nodes(run, tmp_path):
    ports = [machine.free_port() for _ in range(3)]
    config = configuration()
    nodes = [f"127.0.0.1:{port}" for port in ports]
    config["upstreams"]["only"] = upstream(*nodes, balance="hash", hash_key="query:sid")
    with ExitStack() as stack:
        for number, port in enumerate(ports):
            script = str(applications.SCRIPTS / "socketio_node.py")
            stack.enter_context(applications.running(port, tmp_path, "python", script, f"node{number}", str(port)))
        proxy = stack.enter_context(run(config, tls=False))
        seen = json.loads(applications.ask("socketio_clients.py", f"http://127.0.0.1:{proxy.port}", "12"))
    assert [transport for transport, _ in seen] == ["websocket"] * 12 + ["polling"] * 3
    assert all(len(nodes) == 1 for _, nodes in seen), seen


def execute(client, code: str) -> str:
    """Runs a cell in a kernel of Jupyter's, and returns what it prints."""
    header = {"msg_id": "1", "session": "s", "username": "u", "version": "5.3", "msg_type": "execute_request", "date": ""}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    client.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                            "channel": "shell", "buffers": []}))
    printed = ""
    while True:
        got = json.loads(client.recv(timeout=30))
        if got["msg_type"] == "stream":
            printed += got["content"]["text"]
        if got["msg_type"] == "status" and got["parent_header"].get("msg_id") == "1":
            if got["content"]["execution_state"] == "idle":
                return printed


def test_jupyterlab(run, tmp_path):
    port = machine.free_port()
    config = configuration(f"127.0.0.1:{port}")
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.allow_remote_access=True",
               "--IdentityProvider.token=secret", "--ServerApp.iopub_data_rate_limit=1e9",
               f"--ServerApp.root_dir={tmp_path}"]
    with applications.running(port, tmp_path, "jupyter-lab", *options), run(config, tls=False) as proxy:
        status, page = request(proxy, "GET", "/lab?token=secret")
        assert status == 200 and b"JupyterLab" in page
        login = {"Authorization": "token secret"}
        status, answer = request(proxy, "POST", "/api/kernels", "{}", login)
        assert status == 201, answer
        path = f"/api/kernels/{json.loads(answer)['id']}/channels?session_id=s"
        origin = f"http://localhost:{proxy.port}"
        with proxy.connect(path, additional_headers=login, origin=origin) as client:
            assert execute(client, "print(6 * 7)") == "42\n"
            # More than a client may send.
            assert len(execute(client, "print('y' * 20_000_000)")) > 20_000_000
            proxy.process.send_signal(signal.SIGTERM)
            with pytest.raises(Exception):
                while True:
                    client.recv(timeout=10)
            assert client.close_code == 1012


def test_streamlit(run, tmp_path):
    port = machine.free_port()
    options = ["--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true",
               "--browser.gatherUsageStats=false"]
    script = str(applications.SCRIPTS / "streamlit_app.py")
    with applications.running(port, tmp_path, "streamlit", "run", script, *options):
        with run(configuration(f"127.0.0.1:{port}"), tls=False) as proxy:
            status, page = request(proxy, "GET", "/")
            assert status == 200 and b"treamlit" in page
            origin = f"http://127.0.0.1:{proxy.port}"
            seen = applications.ask("streamlit_client.py", f"ws://127.0.0.1:{proxy.port}/_stcore/stream", origin)
    assert "Behind Trunkline" in seen and "six times seven is" in seen and "42" in seen


def test_bokeh(run, tmp_path):
    port = machine.free_port()
    with run(configuration(f"127.0.0.1:{port}"), tls=False) as proxy:
        options = [f"--port={port}", "--use-xheaders", f"--allow-websocket-origin=127.0.0.1:{proxy.port}"]
        script = str(applications.SCRIPTS / "bokeh_app.py")
        with applications.running(port, tmp_path, "bokeh", "serve", script, *options):
            status, page = request(proxy, "GET", "/bokeh_app")
            assert status == 200 and b"bokeh" in page
            assert applications.ask("bokeh_client.py", f"http://127.0.0.1:{proxy.port}/bokeh_app").strip() == "Behind Trunkline"


def test_flask_on_synchronous_workers(run, tmp_path):
    """Two workers, a WebSocket in one of them: the other serves every page at once, before and after."""
    port = machine.free_port()
    options = ["-w", "2", "-b", f"127.0.0.1:{port}", "--chdir", str(applications.SCRIPTS), "flask_echo:app"]
    with applications.running(port, tmp_path, "gunicorn", *options) as server:
        time.sleep(1)
        with run(configuration(f"127.0.0.1:{port}", workers=2), tls=False) as proxy:
            def pages() -> None:
                for _ in range(20):
                    began = time.monotonic()
                    assert request(proxy, "GET", "/page") == (200, b"page")
                    assert time.monotonic() - began < 5, "no worker was free"

            pages()
            for _ in range(3):
                with proxy.connect("/echo") as client:
                    client.send("in use")
                    assert client.recv(timeout=10) == "in use"
                    pages()
            pages()
        assert server.poll() is None
