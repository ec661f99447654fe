"""The process that has uploaded files looked at: `python -m service.probe.fork_server`.

It has loaded what looking takes, and forks a child for each order, so that an order costs a fork
instead of the start of an interpreter. It touches no upload itself: hostile bytes meet children,
each of which has given up most of what it could do and lives for one order.

Standard input is a socket; each message on it brings another socket, an order's own. From there
comes a line of JSON (`ProbeOrder`); back go the child's answer, a line of JSON, and `exit N`, the
child's status as `Popen.returncode` has it. Whoever closes the order's socket early ends the child,
and whoever closes standard input ends everything.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass

from ctvos_jobs.parent import follow
from service.probe import child

_NICENESS = 5
"""Looking at uploads leaves the processor to answering; running jobs leave it to both."""


def main() -> None:
    """Serve until standard input is closed."""
    os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the API
    child.load()
    with socket.socket(fileno=0) as control:
        _serve(control)


@dataclass
class _Order:
    pid: int
    watch: int
    """Readable once the child has ended."""
    channel: socket.socket


def _serve(control: socket.socket) -> None:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    orders: dict[int, _Order] = {}  # by their file descriptors, two of each
    order: _Order | None
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == control.fileno():
                channels = socket.recv_fds(control, 1, 1)[1]
                if not channels:
                    for order in orders.values():
                        os.kill(order.pid, signal.SIGKILL)
                    return
                order = _begin(socket.socket(fileno=channels[0]))
                poll.register(order.watch, select.POLLIN)
                poll.register(order.channel, 0)  # tells of nothing but its being closed
                orders[order.watch] = orders[order.channel.fileno()] = order
                continue
            order = orders.get(descriptor)
            if order is None:  # ended a moment ago
                continue
            poll.unregister(descriptor)
            del orders[descriptor]
            if descriptor != order.watch:
                os.kill(order.pid, signal.SIGKILL)
                continue
            if orders.pop(order.channel.fileno(), None):
                poll.unregister(order.channel)
            _end(order)


def _begin(channel: socket.socket) -> _Order:
    server = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            follow(server, signal.SIGKILL)
            os.dup2(channel.fileno(), 0)
            # Nothing of other orders, and no words of decoders about what they find.
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            child.answer(socket.socket(fileno=0))
            status = 0
        finally:
            os._exit(status)
    return _Order(pid, os.pidfd_open(pid), channel)


def _end(order: _Order) -> None:
    status = os.waitstatus_to_exitcode(os.waitpid(order.pid, 0)[1])
    os.close(order.watch)
    with order.channel, suppress(OSError):  # nobody may be listening any more
        order.channel.sendall(f"exit {status}".encode())
        order.channel.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
