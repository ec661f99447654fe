"""How long `GET /jobs/{id}` takes while clients poll, others upload, and a job runs.

python benchmarks/polling.py [--pollers 50] [--every 1] [--uploaders 20] [--seconds 30]

A `ctvos serve` of its own segments a long video. Each uploader posts a video of 480p and its mask
to `/segment`, and the next one as soon as that is answered, so that there are always that many
uploads under way. Each poller asks for a job of its own, and again `--every` seconds later; the
service itself asks for 2 (`Retry-After`).
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import httpx
from clips import write_mask_of_first, write_video

from ctvos_cli.local_service import local_service

LONG_FRAMES, UPLOAD_FRAMES = 600, 100
_CLIENT_NICENESS = 10
"""Uploaders would be other machines: what they compute does not count."""


def main() -> None:
    """Run the benchmark and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pollers", type=int, default=50)
    parser.add_argument("--every", type=float, default=1.0, help="seconds")
    parser.add_argument("--uploaders", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_video(folder / "long.mp4", LONG_FRAMES)
        write_video(folder / "video.mp4", UPLOAD_FRAMES)
        write_mask_of_first(folder / "mask.png")
        # Every upload makes a job, and one key may not have so many by default.
        with local_service(folder / "data", "cpu", CTVOS_MAX_QUEUED_JOBS_PER_KEY="100000") as url:
            _measure(url, folder, options)


def _measure(url: str, folder: Path, options: argparse.Namespace) -> None:
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        running = _upload(client, folder / "long.mp4", folder / "mask.png")
        jobs = [running]
        jobs += [
            _upload(client, folder / "video.mp4", folder / "mask.png")
            for _ in range(options.pollers - 1)
        ]
        while client.get(f"/jobs/{running}").json()["phase"] != "segmenting":
            time.sleep(0.1)
        context = multiprocessing.get_context("spawn")
        stop, statuses = context.Event(), context.Queue()
        arguments = (url, folder, options.uploaders, stop, statuses)
        uploads = context.Process(target=_upload_until, args=arguments)
        if options.uploaders:
            uploads.start()
            time.sleep(3)  # until all of them are under way
        polled, seconds = asyncio.run(_poll(url, jobs, options.every, options.seconds))
        stop.set()
        uploaded: Counter[int] = statuses.get() if options.uploaders else Counter()
        if options.uploaders:
            uploads.join()
        state = client.get(f"/jobs/{running}").json()
    seconds.sort()
    print(f"{len(seconds)} polls by {options.pollers} clients: {_say(polled)}")
    print(f"{sum(uploaded.values())} uploads by {options.uploaders} clients: {_say(uploaded)}")
    for percent in (50, 90, 99, 100):
        value = seconds[min(len(seconds) * percent // 100, len(seconds) - 1)]
        print(f"{'p' + str(percent):>4}: {1000 * value:7.1f} ms")
    print(f"the job meanwhile: {state['status']}, {state['progress']['rate']:.1f} frames/s")


def _upload(client: httpx.Client, video: Path, mask: Path) -> str:
    files = {"video": video.read_bytes(), "mask": mask.read_bytes()}
    job_id: str = client.post("/segment", files=files).raise_for_status().json()["id"]
    return job_id


def _upload_until(url: str, folder: Path, count: int, stop: Event, statuses: Any) -> None:
    os.nice(_CLIENT_NICENESS)
    files = {name: (folder / name).read_bytes() for name in ("video.mp4", "mask.png")}
    found: Counter[int] = Counter()

    def upload() -> None:
        with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
            while not stop.is_set():
                form = {"video": files["video.mp4"], "mask": files["mask.png"]}
                found[client.post("/segment", files=form).status_code] += 1

    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(upload) for _ in range(count)]:
            future.result()
    statuses.put(found)


async def _poll(
    url: str, jobs: list[str], every: float, seconds: float
) -> tuple[Counter[int], list[float]]:
    statuses: Counter[int] = Counter()
    times: list[float] = []
    end = time.monotonic() + seconds

    async def poll(client: httpx.AsyncClient, job: str) -> None:
        await asyncio.sleep(random.uniform(0, every))
        while time.monotonic() < end:
            started = time.perf_counter()
            response = await client.get(f"/jobs/{job}")
            times.append(time.perf_counter() - started)
            statuses[response.status_code] += 1
            await asyncio.sleep(every)

    limits = httpx.Limits(max_connections=len(jobs), max_keepalive_connections=len(jobs))
    async with httpx.AsyncClient(
        base_url=url, timeout=120, trust_env=False, limits=limits
    ) as client:
        await asyncio.gather(*(poll(client, job) for job in jobs))
    return statuses, times


def _say(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items())) or "none"


if __name__ == "__main__":
    main()
