"""Keeps house: jobs whose worker was lost, messages that were lost, files that are due to go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import and_, delete, or_, select
from sqlalchemy.orm import Session

from ctvos_jobs import transitions, webhooks
from ctvos_jobs.database import Database, now
from ctvos_jobs.settings import Settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import TERMINAL, IdempotencyRecord, Job, OutboxMessage

_BATCH = 100
_MESSAGE_PATIENCE = timedelta(seconds=60)
_LONGEST_PATIENCE = timedelta(minutes=10)
_RECORDS_KEPT = timedelta(days=1)
_UNFINISHED_RECORDS_KEPT = timedelta(hours=1)
_LEFTOVERS_KEPT = timedelta(days=1)
_SWEEP_EVERY = timedelta(hours=1)
_log = structlog.get_logger(__name__)


@dataclass
class ReapReport:
    """Ids of the jobs that changed, and counts of the rest."""

    requeued: list[str] = field(default_factory=list)
    """Their worker was lost; they wait again."""
    failed: list[str] = field(default_factory=list)
    """Their worker was lost, and it was the last attempt."""
    cancelled: list[str] = field(default_factory=list)
    """Their worker was lost, and they were to be cancelled."""
    expired: list[str] = field(default_factory=list)
    """Their files are deleted."""
    deleted: list[str] = field(default_factory=list)
    """Their owners deleted them; nothing is left."""
    resent: list[str] = field(default_factory=list)
    """They wait, but their message may be lost; it is sent again."""
    webhooks_resent: int = 0
    leftovers: list[str] = field(default_factory=list)
    """Folders in the store that belonged to nothing and are deleted."""

    @property
    def changed(self) -> list[str]:
        """Jobs whose status is another now."""
        return [*self.requeued, *self.failed, *self.cancelled, *self.expired]


def reap(
    database: Database,
    settings: Settings,
    store: ArtifactStore | None = None,
    *,
    sweep: bool = True,
) -> ReapReport:
    """One pass. Several processes may do so at once.

    Args:
        database: where the jobs are.
        settings: limits.
        store: where their files are; None: that of the settings.
        sweep: also look through the store for what belongs to nothing, which takes longer.
    """
    store = store or ArtifactStore(settings.artifact_url, settings.artifact_options)
    report = ReapReport()
    with database.session() as session:
        at = now(session)
        _end_lost_attempts(session, at, report)
        _resend_lost_messages(session, at, report)
        report.webhooks_resent = webhooks.send_overdue(session, at)
        _delete_old_records(session, at)
    _delete_files(database, store, report)
    if sweep:
        _sweep(database, store, report)
    return report


def _end_lost_attempts(session: Session, at: datetime, report: ReapReport) -> None:
    lost = session.scalars(
        select(Job)
        .where(Job.status == "running", Job.lease_until < at)
        .with_for_update(skip_locked=True)
    )
    for job in lost.all():
        if job.cancel_requested:
            transitions.settle(session, job, "cancelled", at)
            report.cancelled.append(job.id)
        elif job.attempt < job.max_attempts:
            transitions.put_back(session, job, at)
            report.requeued.append(job.id)
        else:
            job.error_code, job.error_retryable = "worker_lost", True
            job.error_detail = (
                f"The worker was lost in each of {job.attempt} attempts: it was killed, ran out of "
                "memory, or its machine went away."
            )
            transitions.settle(session, job, "failed", at)
            report.failed.append(job.id)


def _resend_lost_messages(session: Session, at: datetime, report: ReapReport) -> None:
    """Redis may have lost its data. One message too many does nothing: its job is claimed once."""
    unsent = select(OutboxMessage.subject).where(OutboxMessage.sent_at.is_(None))
    waiting = session.scalars(
        select(Job)
        .where(
            Job.status == "queued",
            Job.enqueued_at < at - _MESSAGE_PATIENCE,
            Job.id.not_in(unsent),
        )
        .order_by(Job.queued_at)
        .with_for_update(skip_locked=True)
    )
    for job in waiting.all():
        # In a long queue the messages are where they should be: ask less and less often.
        patience = min(max(job.enqueued_at - job.queued_at, _MESSAGE_PATIENCE), _LONGEST_PATIENCE)
        if at - job.enqueued_at >= patience:
            transitions.send_to_queue(session, job, at)
            report.resent.append(job.id)


def _delete_old_records(session: Session, at: datetime) -> None:
    unfinished = and_(
        IdempotencyRecord.job_id.is_(None),
        IdempotencyRecord.created_at < at - _UNFINISHED_RECORDS_KEPT,
    )
    old = IdempotencyRecord.created_at < at - _RECORDS_KEPT
    session.execute(delete(IdempotencyRecord).where(or_(old, unfinished)))
    session.execute(delete(OutboxMessage).where(OutboxMessage.sent_at < at - _RECORDS_KEPT))


def _delete_files(database: Database, store: ArtifactStore, report: ReapReport) -> None:
    """Files first, row after: a crash in between leaves a row for the next pass, never files."""
    with database.reading() as session:
        due = session.scalars(
            select(Job)
            .where(
                Job.status.in_(TERMINAL),
                or_(
                    Job.deleted.is_(True),
                    and_(Job.status != "expired", Job.expires_at < now(session)),
                ),
            )
            .limit(_BATCH)
        ).all()
    for found in due:
        store.delete(f"jobs/{found.id}")
        with database.session() as session:
            job = session.get(Job, found.id, with_for_update=True)
            if job is None:
                continue
            if job.deleted:
                session.delete(job)
                report.deleted.append(job.id)
            else:
                job.status, job.stored_bytes = "expired", 0
                report.expired.append(job.id)


def _sweep(database: Database, store: ArtifactStore, report: ReapReport) -> None:
    """Delete uploads that were never finished, and files of jobs that never came to be."""
    with database.reading() as session:
        newest = now(session) - _LEFTOVERS_KEPT
        jobs = set(session.scalars(select(Job.id)))
    folders = [f"uploads/{name}" for name in store.children("uploads")]
    folders += [f"jobs/{name}" for name in store.children("jobs") if name not in jobs]
    for folder in folders:
        with suppress(FileNotFoundError):  # somebody else was quicker
            if store.last_write(folder) < newest:
                store.delete(folder)
                report.leftovers.append(folder)


class Reaper:
    """A thread that reaps every `settings.reap_seconds`.

    Args:
        database: where the jobs are.
        settings: limits.
        store: where their files are.
        on_report: called after each pass, to tell those who wait for the jobs in it.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        store: ArtifactStore,
        on_report: Callable[[ReapReport], None] | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._store = store
        self._on_report = on_report
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        passes_per_sweep = max(1, round(_SWEEP_EVERY.total_seconds() / self._settings.reap_seconds))
        passes = 0
        while not self._stop.is_set():
            try:
                sweep = passes % passes_per_sweep == 0
                report = reap(self._database, self._settings, self._store, sweep=sweep)
                passes += 1
                if report.changed or report.resent:
                    _log.info("reaped", requeued=report.requeued, failed=report.failed)
                if self._on_report:
                    self._on_report(report)
            except Exception:  # a database or store that is away for a while must not end this
                _log.exception("reaper_failed")
            self._stop.wait(self._settings.reap_seconds)
