"""The Celery application: it carries ids of jobs and deliveries to workers, nothing else."""

from __future__ import annotations

from celery import Celery

from ctvos_jobs.embedded_redis import RedisAddress
from ctvos_jobs.outbox import Message
from ctvos_jobs.settings import Settings

WEBHOOK_SECONDS = 60
"""A delivery is killed after so long; a receiver that drips its answer gets no more."""
_GRACE_SECONDS = 600
_QUEUE_WAIT_SECONDS = 3600


def make_celery(settings: Settings) -> Celery:
    """An application on the Redis of the settings; tasks are registered by whoever runs them."""
    limits = {
        "ctvos.segment": settings.job_deadline_seconds + _GRACE_SECONDS,
        "ctvos.train": settings.train_deadline_seconds + _GRACE_SECONDS,
        "ctvos.webhook": WEBHOOK_SECONDS,
    }
    app = Celery("ctvos", broker=RedisAddress.from_settings(settings).celery_url)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        event_serializer="json",
        task_ignore_result=True,
        task_create_missing_queues=True,
        task_default_queue="segment",
        task_annotations={
            name: {"time_limit": limit, "max_retries": 2} for name, limit in limits.items()
        },
        # A message is given back when its process dies. The row decides whether it is run again.
        task_acks_late=True,
        task_acks_on_failure=True,
        task_acks_on_timeout=True,
        task_reject_on_worker_lost=True,
        task_retry_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        # CUDA does not survive a fork; a new process needs time to import torch.
        worker_pool_start_method="spawn",
        worker_proc_alive_timeout=180,
        worker_soft_shutdown_timeout=30,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker waits for Redis as long as it takes
        broker_transport_options={
            # Redis hands a message out again after this time: sooner would run a job twice.
            "visibility_timeout": max(limits.values()) + _QUEUE_WAIT_SECONDS,
            # A publisher is told at once that Redis is away: the outbox tries again.
            "max_retries": 1,
            "interval_start": 0,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
    )
    return app


def send(celery: Celery, message: Message) -> None:
    """Publish a message; raises (kombu's OperationalError and others) if Redis does not take it."""
    celery.send_task(message.task, args=message.args, queue=message.queue, retry=False)
