"""Webhooks: signed, tried again, logged, and never sent into our own network."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from job_rows import ago

from ctvos_core.errors import InputError
from ctvos_jobs import webhooks
from ctvos_jobs.database import Database
from ctvos_jobs.guarded_post import check_url, guarded_post
from ctvos_jobs.outbox import Message, relay
from ctvos_jobs.reaper import reap
from ctvos_jobs.settings import Settings, load_settings
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import WebhookDelivery


class Receiver(ThreadingHTTPServer):
    """A client's server: keeps what it gets, answers `answers` in turn (200 after them)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.arrived = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=b"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(({**headers, ":path": self.path}, body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("location", self.server.url)
        self.end_headers()
        self.server.arrived.set()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_allow_private": True})


def schedule(database: Database, url: str) -> str:
    with database.session() as session:
        delivery = webhooks.schedule(
            session,
            job_id="a" * 32,
            url=url,
            event="job.succeeded",
            data={"id": "a" * 32},
            at=datetime.now(UTC),
        )
    return delivery.id


def log(database: Database) -> WebhookDelivery:
    with database.reading() as session:
        return webhooks.list_deliveries(session, "a" * 32)[0]


def due_now(database: Database, delivery_id: str) -> None:
    with database.session() as session:
        session.get_one(WebhookDelivery, delivery_id).next_attempt_at = ago(seconds=1)


def test_signatures_are_those_of_standard_webhooks() -> None:
    """The example of the specification."""
    assert (
        webhooks.sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_message_arrives_and_can_be_verified(
    sqlite: Database, open_settings: Settings, receiver: Receiver
) -> None:
    delivery_id = schedule(sqlite, receiver.url)
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "delivered"
    ((headers, body),) = receiver.received
    assert json.loads(body)["type"] == "job.succeeded"
    assert json.loads(body)["data"] == {"id": "a" * 32}
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.server_port}"
    assert headers[":path"] == "/hook?a=b"
    assert headers["webhook-id"] == delivery_id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60

    key = base64.b64decode(webhooks.signing_secret(open_settings).removeprefix("whsec_"))
    signed = f"{delivery_id}.{headers['webhook-timestamp']}.{body.decode()}".encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"

    found = log(sqlite)
    assert (found.status, found.attempts) == ("delivered", 1)
    assert found.delivered_at is not None
    assert found.tries[0]["status_code"] == 200
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "skipped", "once is enough"


def test_failures_are_tried_again_later_and_logged(
    sqlite: Database, open_settings: Settings, receiver: Receiver
) -> None:
    receiver.answers = [500, 302]
    delivery_id = schedule(sqlite, receiver.url)
    relay(sqlite, lambda _: None)
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "retrying"
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "skipped", "not due yet"
    assert relay(sqlite, lambda _: None) == 0, "its message waits too"
    due_now(sqlite, delivery_id)
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "retrying"
    due_now(sqlite, delivery_id)
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "delivered"
    assert [entry["status_code"] for entry in log(sqlite).tries] == [500, 302, 200]
    assert len({body for _, body in receiver.received}) == 1, "the same every time"
    assert len(receiver.received) == 3, "the redirect was not followed"


def test_after_a_day_a_message_is_given_up(
    sqlite: Database, open_settings: Settings, receiver: Receiver
) -> None:
    receiver.answers = [503] * 50
    delivery_id = schedule(sqlite, receiver.url)
    waited = timedelta()
    while webhooks.deliver(sqlite, open_settings, delivery_id) == "retrying":
        due = log(sqlite).next_attempt_at
        assert due is not None
        waited += due - datetime.now(UTC)
        due_now(sqlite, delivery_id)
    assert log(sqlite).status == "failed"
    assert timedelta(hours=20) < waited < timedelta(hours=28)

    with sqlite.session() as session:
        assert webhooks.redeliver(session, delivery_id)
        assert not webhooks.redeliver(session, "0" * 32)
    receiver.answers = []
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "delivered"


def test_a_receiver_that_is_gone_for_good_is_believed(
    sqlite: Database, open_settings: Settings, receiver: Receiver
) -> None:
    receiver.answers = [410]
    delivery_id = schedule(sqlite, receiver.url)
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "failed"


def test_nobody_there_is_an_error_in_the_log(sqlite: Database, open_settings: Settings) -> None:
    delivery_id = schedule(sqlite, "http://127.0.0.1:1/hook")
    assert webhooks.deliver(sqlite, open_settings, delivery_id) == "retrying"
    assert "ConnectError" in log(sqlite).tries[0]["error"]


def test_private_addresses_get_nothing(
    sqlite: Database, settings: Settings, receiver: Receiver
) -> None:
    delivery_id = schedule(sqlite, receiver.url)
    assert webhooks.deliver(sqlite, settings, delivery_id) == "retrying"
    assert receiver.received == []
    assert "expected a public address, got 127.0.0.1" in log(sqlite).tries[0]["error"]


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "0.0.0.0", "10.1.2.3", "192.168.0.1", "172.16.0.1"),
        *("169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "2130706433"),
        *("[::1]", "[fe80::1]", "[fc00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[2002:7f00:1::]", "[ff02::1]", "[::]", "0x7f.1"),
    ],
)
def test_no_spelling_of_a_private_address_is_accepted(host: str) -> None:
    with pytest.raises(InputError) as caught:
        guarded_post(f"http://{host}/", b"", {}, allow_private=False)
    assert caught.value.code in ("webhook_address_refused", "webhook_host_unknown")


def test_an_unknown_host_is_an_error_that_says_so() -> None:
    with pytest.raises(InputError) as caught:
        guarded_post("https://no-such-host.invalid/", b"", {}, allow_private=True)
    assert caught.value.code == "webhook_host_unknown"


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org/hook", "ftp://example.org/", "file:///etc/passwd", "https://"),
        *("https://user:pw@example.org/", "http://example.org:99999/", "http://[::1/"),
        *("https://exa mple.org/", "https://example.org/\n", "gopher://example.org:70/"),
        "https://example.org/" + "x" * 2048,
    ],
)
def test_addresses_that_cannot_be_webhooks_are_refused_at_once(url: str) -> None:
    with pytest.raises(InputError) as caught:
        check_url(url)
    assert caught.value.code == "webhook_url_invalid"


def test_good_addresses_pass() -> None:
    for url in (
        "https://example.org/hook?x=1",
        "http://example.org:8080",
        "https://[2001:db8::1]/",
    ):
        check_url(url)


def test_the_secret_is_made_once_and_is_private(settings: Settings) -> None:
    secrets: list[str] = []
    threads = [
        threading.Thread(target=lambda: secrets.append(webhooks.signing_secret(settings)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(secrets) == 8
    assert len(set(secrets)) == 1
    assert (settings.data_dir / "webhook_secret").stat().st_mode & 0o077 == 0
    assert [path.name for path in settings.data_dir.iterdir()] == ["webhook_secret"]


def test_a_secret_in_the_settings_wins(settings: Settings) -> None:
    given = load_settings(data_dir=settings.data_dir, webhook_secret="whsec_aGVsbG8=")
    assert webhooks.signing_secret(given) == "whsec_aGVsbG8="
    assert not settings.data_dir.exists()


def test_a_lost_message_is_sent_again(
    sqlite: Database, settings: Settings, store: ArtifactStore
) -> None:
    delivery_id = schedule(sqlite, "https://example.org/")
    relay(sqlite, lambda _: None)
    assert reap(sqlite, settings, store).webhooks_resent == 0
    with sqlite.session() as session:
        session.get_one(WebhookDelivery, delivery_id).next_attempt_at = ago(minutes=3)
    assert reap(sqlite, settings, store).webhooks_resent == 1
    sent: list[Message] = []
    relay(sqlite, sent.append)
    assert sent == [Message("webhooks", "ctvos.webhook", (delivery_id,))]


def test_a_message_whose_every_try_is_killed_is_given_up(
    sqlite: Database, settings: Settings, store: ArtifactStore
) -> None:
    delivery_id = schedule(sqlite, "https://example.org/")
    with sqlite.session() as session:
        delivery = session.get_one(WebhookDelivery, delivery_id)
        delivery.attempts, delivery.next_attempt_at = 11, ago(minutes=3)
    reap(sqlite, settings, store)
    assert log(sqlite).status == "failed"
