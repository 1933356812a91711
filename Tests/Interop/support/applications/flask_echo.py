"""Flask with a WebSocket, for gunicorn's synchronous workers."""

from flask import Flask
from flask_sock import Sock

app = Flask(__name__)
sock = Sock(app)


@app.route("/page")
def page():
    return "page"


@sock.route("/echo")
def echo(ws):
    while True:
        ws.send(ws.receive())
