"""What the service adds to `ctvos segment`: from the upload to the last artifact, model warm.

python benchmarks/overhead.py FRAMES_DIR --mask PNG [--frames 40] [--runs 3]

FRAMES_DIR is a folder of frames, such as DAVIS/JPEGImages/480p/surf; its first frames become a zip
for the service and a folder for the command. The command's time is that of propagation, with the
model loaded, as it prints it. The service's is from the start of the upload until the masks are
downloaded. The two take turns.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import httpx

from ctvos_cli.local_service import local_service


def main() -> None:
    """Run the benchmark and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("--mask", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = folder / "frames"
        frames.mkdir()
        with zipfile.ZipFile(folder / "frames.zip", "w") as archive:
            for file in sorted(options.video.iterdir())[: options.frames]:
                shutil.copy(file, frames)
                archive.write(file, file.name)
        with local_service(folder / "data", options.device) as url:
            times: dict[str, list[float]] = {"command": [], "service": []}
            for run in range(options.runs + 1):
                command = _command(frames, options.mask, folder / f"masks-{run}", options.device)
                service, stages = _service(url, folder / "frames.zip", options.mask)
                if run == 0:
                    continue  # warms caches of both
                times["command"].append(command)
                times["service"].append(service)
                print(f"command {command:.2f} s, service {service:.2f} s: {stages}")
    command, service = (statistics.median(values) for values in times.values())
    more = service - command
    print(f"median of {options.runs}: {more:+.2f} s, {100 * more / command:+.1f} %")


def _command(frames: Path, mask: Path, out: Path, device: str) -> float:
    command = [sys.executable, "-m", "ctvos_cli", "segment", str(frames), "--mask", str(mask)]
    command += ["--out", str(out), "--device", device]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    found = re.search(r"frames in ([\d.]+) s", said.stdout + said.stderr)
    assert found, said
    return float(found[1])


def _service(url: str, video: Path, mask: Path) -> tuple[float, dict[str, float]]:
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        started = time.perf_counter()
        with video.open("rb") as film, mask.open("rb") as image:
            job = client.post("/segment", files={"video": film, "mask": image})
        accepted = time.perf_counter()
        path = job.raise_for_status().headers["location"]
        while (body := client.get(path, headers={"Prefer": "wait=60"}).json())["status"] in (
            "queued",
            "running",
        ):
            pass
        ended = time.perf_counter()
        assert body["status"] == "succeeded", body
        client.get(f"{path}/masks").raise_for_status()
        downloaded = time.perf_counter()
    stages = {
        "upload": accepted - started,
        "job": ended - accepted,
        "download": downloaded - ended,
    }
    return downloaded - started, {name: round(seconds, 2) for name, seconds in stages.items()}


if __name__ == "__main__":
    main()
