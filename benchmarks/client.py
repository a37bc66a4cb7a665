"""A client that costs next to nothing: one connection that stays open, and no more HTTP than the two servers speak."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import NamedTuple

import orjson

__all__ = ["Answer", "Client"]

_BLOCK = 262_144


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class Client:
    """Requests over one connection; ``headers`` go with every request."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.port = port
        self._headers = dict(headers or {})
        self._socket: socket.socket | None = None

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for something. Raises ``RuntimeError`` for any answer but a good one."""
        return self.send("GET", path, b"", headers)

    def post(self, path: str, value: object, headers: Mapping[str, str] | None = None, method: str = "POST") -> Answer:
        """Send a value as JSON. Raises ``RuntimeError`` for any answer but a good one."""
        return self.send(method, path, orjson.dumps(value), {"Content-Type": "application/json", **(headers or {})})

    def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request and read the answer. Raises ``RuntimeError`` for any answer but a good one."""
        named = {"Host": f"127.0.0.1:{self.port}", "Content-Length": len(body), **self._headers, **(headers or {})}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())
        try:
            answer = self._exchange(head.encode() + b"\r\n" + body)
        except ConnectionError:
            # The server has closed a connection that was idle for long.
            self.close()
            answer = self._exchange(head.encode() + b"\r\n" + body)
        if not 200 <= answer.status < 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:500]!r}")
        return answer

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, message: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=300)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(message)
        received = self._receive(b"")
        while b"\r\n\r\n" not in received:
            received = self._receive(received)
        head, _gap, body = received.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0)
        while len(body) < length:
            body = self._receive(body)
        return Answer(int(head[9:12]), body)

    def _receive(self, before: bytes) -> bytes:
        if self._socket is None:
            raise ConnectionError
        block = self._socket.recv(_BLOCK)
        if not block:
            raise ConnectionError
        return before + block
