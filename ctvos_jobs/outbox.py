"""Messages to the queue, written with the rows they are about and published after the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ctvos_jobs.database import Database, now
from ctvos_jobs.tables import OutboxMessage

_BATCH = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Message:
    """What is sent: a task's name and arguments, and the queue it goes to."""

    queue: str
    task: str
    args: tuple[Any, ...]


Send = Callable[[Message], None]
"""Publishes a message or raises."""


def enqueue(
    session: Session,
    message: Message,
    *,
    subject: str,
    at: datetime,
    not_before: datetime | None = None,
) -> None:
    """Write a message to the outbox, in the session's transaction.

    Args:
        session: where the rows that the message is about are written too.
        message: what to send.
        subject: id of the job or delivery that it is about.
        at: the time now.
        not_before: when to send it at the earliest.
    """
    session.add(
        OutboxMessage(
            queue=message.queue,
            task=message.task,
            args=list(message.args),
            subject=subject,
            created_at=at,
            not_before=not_before or at,
        )
    )


def relay(database: Database, send: Send) -> int:
    """Publish what is due, oldest first, and mark it as sent; returns how many.

    Stops at the first message that cannot be sent (what `send` raises goes through) so that the
    order is kept. A crash between sending and marking sends a message twice: those who receive it
    claim its row, so the second does nothing.
    """
    count = 0
    while pending := _due(database):
        for row in pending:
            send(Message(row.queue, row.task, tuple(row.args)))
            _mark_sent(database, row.id)
            count += 1
    return count


def _due(database: Database) -> list[OutboxMessage]:
    with database.reading() as session:
        rows = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.sent_at.is_(None), OutboxMessage.not_before <= now(session))
            .order_by(OutboxMessage.not_before, OutboxMessage.id)
            .limit(_BATCH)
        )
        return list(rows)


def _mark_sent(database: Database, message_id: int) -> None:
    with database.session() as session:
        session.execute(
            update(OutboxMessage).where(OutboxMessage.id == message_id).values(sent_at=now(session))
        )


class Relay:
    """A thread that relays every second, and at once when poked.

    Args:
        database: where the outbox is.
        send: publishes a message or raises; then it is tried again.
        interval_seconds: how often to look.
    """

    def __init__(self, database: Database, send: Send, interval_seconds: float = 1.0) -> None:
        self._database = database
        self._send = send
        self._interval = interval_seconds
        self._wake = threading.Event()
        self._stopping = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="outbox-relay", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def poke(self) -> None:
        """Relay now: something was just committed."""
        self._wake.set()

    def stop(self) -> None:
        """Stop and wait for the thread; what is unsent stays in the outbox."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping:
            self._relay()
            self._wake.wait(self._interval)
            self._wake.clear()

    def _relay(self) -> None:
        try:
            relay(self._database, self._send)
        except SQLAlchemyError as error:
            _log.error("outbox_unreadable", error=str(error))
        except Exception as error:  # whatever the broker's client raises: the row waits
            if not self._failing:
                _log.error("outbox_not_sent", error=f"{type(error).__name__}: {error}")
            self._failing = True
        else:
            if self._failing:
                _log.info("outbox_sending_again")
            self._failing = False
