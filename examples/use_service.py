"""Segment a video with a running service: `use_service.py URL VIDEO MASK OUT`."""

import os
import sys

from ctvos_client import Client, Mask, ServiceError


def main(url: str, video: str, mask: str, out: str) -> None:
    """Submit a video, wait for it, and save its masks in a folder."""
    with Client(url, api_key=os.environ.get("CTVOS_API_KEY")) as client:
        job = client.submit(video, [Mask(mask)])
        print(f"job {job.id} is {job.status}")
        client.wait(job.id).raise_for_status()
        client.download_masks(job.id, out)
        print(f"frames worth a look: {client.confidence(job.id).review}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ServiceError as error:
        sys.exit(str(error))
