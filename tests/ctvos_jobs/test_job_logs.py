"""Logs: JSON lines that say which job they are about."""

import json
import subprocess
import sys

CODE = """
import logging, structlog
from ctvos_jobs.logs import configure_logging, job_logging
from ctvos_jobs.settings import load_settings
configure_logging(load_settings(log_level="INFO", log_format="{}"))
log = structlog.get_logger("ctvos.test")
log.debug("unheard")
with job_logging("abc", attempt=2):
    log.info("frame_done", frame=7)
    logging.getLogger("some.library").warning("heard %s", "too")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed")
log.info("outside")
"""


def lines(log_format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(log_format)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_lines_are_json_and_carry_the_job() -> None:
    frame, library, failed, outside = [json.loads(line) for line in lines("json")]
    assert frame["event"] == "frame_done"
    assert (frame["job_id"], frame["attempt"], frame["frame"]) == ("abc", 2, 7)
    assert (frame["level"], frame["logger"]) == ("info", "ctvos.test")
    assert frame["timestamp"].endswith("Z")
    assert (library["event"], library["job_id"]) == ("heard too", "abc")
    assert "ZeroDivisionError" in failed["exception"]
    assert "job_id" not in outside


def test_people_get_plain_lines() -> None:
    text = "\n".join(lines("console"))
    assert "frame_done" in text
    assert "ZeroDivisionError" in text
