"""Whether jobs sent now would be run."""

import asyncio
import shutil
from collections.abc import Callable

import redis
from sqlalchemy.exc import SQLAlchemyError

from ctvos_jobs.workers import list_workers
from service.context import ServiceContext
from service.http.problems import FieldError, Problem

_PATIENCE_SECONDS = 3.0


async def check_readiness(context: ServiceContext) -> dict[str, str]:
    """What was found of each thing that must work.

    Raises:
        Problem: 503, with an entry in `errors` for each that does not.
    """
    checks: dict[str, Callable[[ServiceContext], str]] = {
        "database": _database,
        "workers": _workers,
        "disk": _disk,
    }
    found = await asyncio.gather(*(_check(check, context) for check in checks.values()))
    results = dict(zip(checks, found, strict=True))
    failures = [
        FieldError(field=name, message=text) for name, (ok, text) in results.items() if not ok
    ]
    if failures:
        detail = "; ".join(f"{failure.field}: {failure.message}" for failure in failures)
        raise Problem(503, "not_ready", detail, headers={"Retry-After": "5"}, errors=failures)
    return {name: text for name, (_, text) in results.items()}


async def _check(
    check: Callable[[ServiceContext], str], context: ServiceContext
) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return True, await asyncio.to_thread(check, context)
    except TimeoutError:
        return False, f"no answer within {_PATIENCE_SECONDS:g} seconds"
    except (_NotReadyError, SQLAlchemyError, redis.RedisError, OSError) as error:
        return False, str(error).splitlines()[0]


class _NotReadyError(Exception):
    """Something works, but not well enough."""


def _database(context: ServiceContext) -> str:
    context.database.check()
    return "can be written"


def _workers(context: ServiceContext) -> str:
    kinds = [worker.kind for worker in list_workers(context.redis)]
    if "segment" not in kinds:
        raise _NotReadyError("no segment worker has reported in the last 30 seconds")
    return f"{kinds.count('segment')} segment, {kinds.count('train')} train"


def _disk(context: ServiceContext) -> str:
    free = shutil.disk_usage(context.settings.data_dir).free
    needed = int(context.settings.min_free_bytes)
    if free < needed:
        raise _NotReadyError(f"expected {needed} bytes free, got {free}")
    return f"{free} bytes free"
