"""The connection goes to an address, the certificate is checked against the name."""

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ctvos_jobs.guarded_post import guarded_post


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(204 if self.headers["host"].startswith("localhost:") else 400)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate for `name`, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ctvos test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], int]]:
    """Starts a trusted HTTPS server with a certificate for this name; returns its port."""
    servers = []

    def start(name: str) -> int:
        path = certificate(tmp_path, name)
        monkeypatch.setattr(certifi, "where", lambda: str(path))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_certificate_of_the_name_is_accepted(serve: Callable[[str], int]) -> None:
    port = serve("localhost")
    assert guarded_post(f"https://localhost:{port}/", b"x", {}, allow_private=True) == 204


def test_another_certificate_is_not(serve: Callable[[str], int]) -> None:
    port = serve("other.example")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        guarded_post(f"https://localhost:{port}/", b"x", {}, allow_private=True)
