"""Whether a worker of this host consumes: `python -m worker.health`, exit status 0 if so."""

from __future__ import annotations

import socket
import sys

import redis

from ctvos_jobs.embedded_redis import RedisAddress
from ctvos_jobs.settings import load_settings


def main() -> int:
    """Look for what the processes of this host tell of themselves."""
    settings = load_settings()
    host = socket.gethostname()
    try:
        with RedisAddress.from_settings(settings).client() as client:
            found = list(client.scan_iter(f"ctvos:worker:*:{host}:*"))
    except redis.RedisError as error:
        print(f"Redis cannot be reached: {error}", file=sys.stderr)
        return 1
    if not found:
        print(f"no worker process of {host} has told of itself lately", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
