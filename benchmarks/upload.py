"""How much the resident memory of the API grows while a large upload comes in.

python benchmarks/upload.py [--mebibytes 1024]
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from ctvos_cli.local_service import local_service

MIB = 1 << 20


def main() -> None:
    """Run the benchmark and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mebibytes", type=int, default=1024)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        local_service(Path(folder) / "data", "cpu") as url,
    ):
        api = next(
            process
            for process in psutil.Process().children(recursive=True)
            if process.cmdline()[-2:] == ["ctvos_cli", "api"]
        )
        _post(url, 1)  # what is loaded once is loaded now
        before = peak = api.memory_info().rss
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.02):
                peak = max(peak, api.memory_info().rss)

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.perf_counter()
        _post(url, options.mebibytes)
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    print(
        f"{options.mebibytes} MiB in {seconds:.1f} s: {before / MIB:.1f} MiB resident before, "
        f"at most {(peak - before) / MIB:.1f} MiB more meanwhile"
    )


def _post(url: str, mebibytes: int) -> None:
    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="video"; filename="v"\r\n\r\n'
        piece = bytes(MIB)
        for _ in range(mebibytes):
            yield piece
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{url}/videos", content=body(), headers=headers, timeout=300)
    assert answer.json()["code"] == "not_a_video", answer.text


if __name__ == "__main__":
    main()
