"""The socket of ``crm serve``."""

from __future__ import annotations

import socket
import threading

from crm_web.server import listen


def test_what_is_accepted_sends_the_end_of_an_answer_without_waiting() -> None:
    """Otherwise it waits for an acknowledgement that clients hold back: 40 ms for every answer of some size."""
    with listen("127.0.0.1", 0) as listening:
        listening.setblocking(True)
        address = listening.getsockname()
        caller = threading.Thread(target=lambda: socket.create_connection(address).close())
        caller.start()
        accepted, _address = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        caller.join()
