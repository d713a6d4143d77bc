"""A proxy on this machine that opens tunnels, and a hub by https behind it."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .hub_server import LocalHub


class Tunnel(BaseHTTPRequestHandler):
    """One request for a tunnel. All names lead to the proxy's one hub: there is no network here."""

    proxy: LocalProxy

    def do_CONNECT(self) -> None:
        self.proxy.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.close_connection = True
        if self.proxy.status != 200:
            return self.send_error(self.proxy.status)
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.proxy.leads_to)) as there:
            back = threading.Thread(target=self.pump, args=(there, self.connection), daemon=True)
            back.start()
            self.pump(self.connection, there)
            back.join()
        return None

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        """All bytes, each noted, until one side hangs up."""
        try:
            while data := source.recv(65_536):
                self.proxy.passed += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            self.proxy.broken += 1

    def log_message(self, *args: object) -> None:
        """Nothing: the test looks at `asked`."""


class LocalProxy:
    """The proxy; `asked` has each request's target and headers, `passed` what went through, `status` is its answer."""

    def __init__(self, leads_to: int) -> None:
        self.leads_to = leads_to
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.passed = bytearray()
        self.broken = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundTunnel", (Tunnel,), {"proxy": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def by_https(hub: LocalHub, certificate: Path) -> int:
    """Have the hub speak https with this certificate; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    hub._server.socket = context.wrap_socket(hub._server.socket, server_side=True)
    return int(hub._server.server_port)


def write_certificate(path: Path, *names: str) -> Path:
    """A certificate for these names that is its own authority, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form) + built.public_bytes(serialization.Encoding.PEM))
    return path
