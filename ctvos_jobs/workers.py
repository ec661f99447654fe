"""The workers that consume, as they tell Redis: one hash each, which expires unless renewed."""

from dataclasses import dataclass

import redis

_PREFIX = "ctvos:worker:"


@dataclass(frozen=True)
class WorkerReport:
    """What a worker last told.

    Attributes:
        kind: `segment` or `train`.
        name: of the worker.
        device: where it computes, `cpu` or `cuda:0`.
        gpu_memory_used_bytes, gpu_memory_total_bytes: of its GPU; None without one.
    """

    kind: str
    name: str
    device: str | None
    gpu_memory_used_bytes: int | None
    gpu_memory_total_bytes: int | None


def list_workers(client: redis.Redis) -> list[WorkerReport]:
    """All workers that have reported lately.

    Raises:
        redis.RedisError: Redis cannot be reached.
    """
    reports = []
    for key in client.scan_iter(match=f"{_PREFIX}*"):
        text = _text(key)
        kind, _, name = text.removeprefix(_PREFIX).partition(":")
        fields = {_text(name): _text(value) for name, value in client.hgetall(key).items()}
        reports.append(
            WorkerReport(
                kind,
                name,
                fields.get("device"),
                _number(fields.get("gpu_memory_used_bytes")),
                _number(fields.get("gpu_memory_total_bytes")),
            )
        )
    return reports


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
