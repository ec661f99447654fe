"""The end of a job, told to a client's server by a real worker."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from waiting import wait_until
from worker_house import House

from ctvos_jobs import lifecycle


@pytest.fixture
def received():
    """URL of a server, and what was posted to it."""
    posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            posts.append((self.headers["webhook-id"], json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", posts
    server.shutdown()
    server.server_close()


def test_a_webhook_worker_tells_of_a_cancelled_job_once(house: House, clip, mask, received):
    url, posts = received
    house.start_worker("webhooks", CTVOS_WEBHOOK_ALLOW_PRIVATE="true")
    job_id = house.submit(clip, mask, webhook_url=url)
    with house.database.session() as session:
        lifecycle.request_cancel(session, job_id)
    wait_until(lambda: posts, "a post")
    [(_, body)] = posts
    assert body["type"] == "job.cancelled"
    assert body["data"]["id"] == job_id
