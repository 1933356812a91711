"""A node of Socket.IO that says who it is."""

import sys

import socketio
from aiohttp import web

name, port = sys.argv[1:]
server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins=[])


@server.event
async def who(sid, text):
    return [name, text]


application = web.Application()
server.attach(application)
web.run_app(application, host="127.0.0.1", port=int(port), print=None)
