"""A training run as a process of its own: `python -m worker.train_process`, a job on its input.

So training can be ended at any moment, its memory is gone afterwards, and a crash in it is not one
of the worker. Standard output begins with `{"steps"}`, their number, and goes on with lines of
progress; what cannot be used is told by exit status 2 and `{"code", "message"}` as the last line.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from ctvos_core.errors import InputError
from ctvos_jobs.parent import follow

REFUSED = 2


def main() -> int:
    """Train as the JSON on standard input says (see `worker.train_job`)."""
    job = json.load(sys.stdin)
    follow(job["parent"], signal.SIGKILL)
    from ctvos_core.network.devices import select_device
    from ctvos_core.training.run.train import configure, train

    out = Path(job["out"])
    try:
        config = configure(job["config"])
        print(json.dumps({"steps": config.steps}), flush=True)
        train(
            [Path(video) for video in job["videos"]],
            out,
            config,
            select_device(job["device"]),
            (out / "checkpoint.pt").exists(),
            lambda line: print(line, flush=True),
            start_from=job["start_from"],
        )
    except InputError as error:
        print(json.dumps({"code": error.code, "message": str(error)}), flush=True)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
