"""What is measured: a row is a kind of work, how it is made, and what one unit of it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    load: str
    unit: str = "messages"
    http2: bool = False

    @property
    def arguments(self) -> list[str]:
        return self.load.split() + ([] if self.http2 else ["--http1"])


ROWS = [
    Row("small", "echo of 128 B", "--connections 64"),
    Row("pipelined", "the same, 16 in flight", "--connections 64 --inflight 16"),
    Row("medium", "echo of 4 KiB, 4 in flight", "--connections 64 --size 4096 --inflight 4"),
    Row("large", "echo of 1 MiB", "--connections 8 --size 1048576"),
    Row("handshake", "full handshake, upgrade, echo, Close", "--connections 4 --opens", "handshakes"),
    Row("resume", "the same, resumed", "--connections 4 --opens --resume", "handshakes"),
    Row("idle", "idle TLS session", "--connections 2000 --idle", "memory"),
    Row("h2-1", "HTTP/2, 1 stream a connection: echo of 128 B", "--connections 64 --streams 1", http2=True),
    Row("h2-6", "HTTP/2, 6 streams", "--connections 64 --streams 6", http2=True),
    Row("h2-64", "HTTP/2, 64 streams", "--connections 64 --streams 64", http2=True),
    Row("h2-medium", "HTTP/2, 6 streams: echo of 4 KiB", "--connections 64 --streams 6 --size 4096", http2=True),
    Row("h2-large", "HTTP/2, 2 streams: echo of 1 MiB", "--connections 4 --streams 2 --size 1048576", http2=True),
    Row("h2-opens", "HTTP/2, upgrade on a warm connection, echo, Close", "--connections 16 --opens", "handshakes", http2=True),
    Row("h2-alone", "HTTP/2, one stream on one connection", "--connections 1 --streams 1", http2=True),
    Row("h2-beside", "the same beside one that uploads", "--connections 1 --streams 2 --upload 1048576", http2=True),
    Row("h2-apart", "beside one that uploads on another connection", "--connections 1 --streams 2 --upload 1048576 --apart", http2=True),
    Row("h2-five", "HTTP/2, 5 streams on each of 8 connections", "--connections 8 --streams 5", http2=True),
    Row("h2-upload", "the same beside one of each that uploads", "--connections 8 --streams 6 --upload 1048576", http2=True),
    Row("h2-eight", "beside eight that upload on connections of their own",
        "--connections 8 --streams 6 --upload 1048576 --apart", http2=True),
    Row("h2-idle", "idle stream, 100 a connection", "--connections 20 --streams 100 --idle", "memory", http2=True),
]
