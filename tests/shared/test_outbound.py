"""Rule 29: the one client for calls to the outside, against real sockets."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest

from kacang.shared.outbound import (
    AddressRefused,
    AnswerTooLarge,
    Guard,
    NotReached,
    Outbound,
)

Reply = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def a_server(reply: Reply, host: str = "127.0.0.1") -> Iterator[str]:
    """A real HTTP server on this machine; yields its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            reply(self)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def say(body: bytes, status: int = 200, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        size = int(handler.headers.get("content-length") or 0)
        got = handler.rfile.read(size)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(body or got)))
        handler.end_headers()
        handler.wfile.write(body or got)

    return reply


def plain(*networks: str, own: str = "", **limits) -> Outbound:
    return Outbound(Guard.build(networks=networks, own_urls=[own] if own else []), **limits)


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
            "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.0.192",  # noqa: S104 - refused
            "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
            "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::", "2002:a00:1::", "64:ff9b:1::a00:1",
        ],
    )  # fmt: skip
    def test_that_are_not_public_are_refused(self, address):
        assert not Guard().allows(ip_address(address))

    @pytest.mark.parametrize(
        "address", ["1.1.1.1", "223.5.5.5", "2400:3200::1", "64:ff9b::808:808"]
    )
    def test_that_are_public_are_allowed(self, address):
        assert Guard().allows(ip_address(address))

    def test_the_operator_may_allow_a_network(self):
        guard = Guard.build(networks=["10.1.0.0/16", "fd00::/8"])

        assert guard.allows(ip_address("10.1.255.3"))
        assert guard.allows(ip_address("::ffff:10.1.0.1"))
        assert guard.allows(ip_address("fd12::1"))
        assert not guard.allows(ip_address("10.2.0.1"))

    @pytest.mark.parametrize(
        "url",
        [
            "http://localhost:{port}/", "http://127.0.0.1:{port}/", "http://2130706433:{port}/",
            "http://0x7f.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://0:{port}/",
        ],
    )  # fmt: skip
    def test_every_spelling_of_this_machine_is_refused(self, url):
        reached: list[object] = []

        with a_server(reached.append) as base:
            port = base.rsplit(":", 1)[1]
            with pytest.raises(AddressRefused):
                plain().get(url.format(port=port))

        assert reached == []

    @pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "gopher://x/"])
    def test_only_http_is_spoken(self, url):
        with pytest.raises(AddressRefused):
            plain().get(url)

    def test_the_operators_own_url_passes_by_host_and_port(self):
        with a_server(say(b"mine")) as base, a_server(say(b"other")) as other:
            client = plain(own=base)

            assert client.get(f"{base}/x").body == b"mine"
            with pytest.raises(AddressRefused):
                client.get(other)

    def test_a_name_with_one_private_address_is_refused(self, monkeypatch):
        answers = [("1.1.1.1", 80), ("127.0.0.1", 80)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: _infos(answers))

        with pytest.raises(AddressRefused):
            plain().get("http://mixed.example/")

    def test_a_name_that_changes_its_answer_gains_nothing(self, monkeypatch):
        connected = []
        asked = []

        def resolve(host, port, *_arguments, **_named):
            asked.append(host)
            return _infos([("1.1.1.1" if len(asked) == 1 else "127.0.0.1", port)])

        def connect(address, *_arguments, **_named):
            connected.append(address)
            raise OSError

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        monkeypatch.setattr(socket, "create_connection", connect)

        with pytest.raises(NotReached):
            plain().get("http://rebinding.example/")
        assert asked == ["rebinding.example"]
        assert connected == [("1.1.1.1", 80)]

    def test_a_name_that_does_not_exist_is_not_reached(self):
        with pytest.raises(NotReached):
            plain().get("http://no-such-host.invalid/")


class TestRedirects:
    def test_are_not_followed_unasked(self):
        with a_server(say(b"-", 302, location="http://example.com/")) as base:
            assert plain("127.0.0.0/8").get(base).status == 302

    def test_a_post_never_follows(self):
        with a_server(say(b"-", 307, location="/again")) as base:
            assert plain("127.0.0.0/8").post(base, b"signed").status == 307

    def test_each_hop_is_checked(self):
        reached: list[object] = []
        with (
            a_server(reached.append) as inside,
            a_server(say(b"-", 302, location=inside)) as base,
            pytest.raises(AddressRefused),
        ):
            plain(own=base).get(base, hops=3)

        assert reached == []

    def test_are_followed_so_far(self):
        with a_server(say(b"-", 302, location="/again")) as base, pytest.raises(NotReached):
            plain("127.0.0.0/8").get(base, hops=3)


class TestLimits:
    def test_a_long_answer_is_cut_off(self):
        with a_server(say(b"x" * 200_000)) as base, pytest.raises(AnswerTooLarge):
            plain("127.0.0.0/8", bytes_max=100_000).get(base)

    def test_a_byte_at_a_time_does_not_outlast_the_call(self):
        def drip(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            for _ in range(100):
                try:
                    handler.wfile.write(b"x")
                except OSError:
                    return
                time.sleep(0.1)

        with a_server(drip) as base:
            started = time.monotonic()
            with pytest.raises(NotReached):
                plain("127.0.0.0/8", seconds=0.5).get(base)

        assert time.monotonic() - started < 3

    def test_headers_a_byte_at_a_time_neither(self):
        def drip(handler: BaseHTTPRequestHandler) -> None:
            for _ in range(100):
                try:
                    handler.wfile.write(b"H")
                except OSError:
                    return
                time.sleep(0.1)

        with a_server(drip) as base:
            started = time.monotonic()
            with pytest.raises(NotReached):
                plain("127.0.0.0/8", seconds=0.5).get(base)

        assert time.monotonic() - started < 3

    def test_a_closed_port_is_not_reached(self):
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
            with pytest.raises(NotReached):
                plain("127.0.0.0/8").get(f"http://127.0.0.1:{port}/")

    def test_nonsense_is_not_reached(self):
        def babble(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"this is not HTTP\r\n\r\n")

        with a_server(babble) as base, pytest.raises(NotReached):
            plain("127.0.0.0/8").get(base)

    def test_a_certificate_of_nobody_is_not_reached(self):
        with a_server(say(b"plain")) as base, pytest.raises(NotReached):
            plain("127.0.0.0/8").get(base.replace("http:", "https:"))

    def test_environment_proxies_are_not_used(self, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

        with a_server(say(b"direct")) as base:
            assert plain("127.0.0.0/8").get(base).body == b"direct"


class TestDownload:
    def test_writes_the_file_and_not_the_answer(self, tmp_path):
        body = b"x" * 3_000_000
        with (
            a_server(say(body)) as base,
            (tmp_path / "bill").open("wb") as into,
        ):
            answer = plain("127.0.0.0/8").download(base, into)

        assert (answer.status, answer.body) == (200, b"")
        assert (tmp_path / "bill").read_bytes() == body

    def test_a_refusal_is_no_file(self, tmp_path):
        with a_server(say(b"no bill", 404)) as base, (tmp_path / "bill").open("wb") as into:
            answer = plain("127.0.0.0/8").download(base, into)

        assert (answer.status, answer.body) == (404, b"no bill")
        assert (tmp_path / "bill").read_bytes() == b""

    def test_has_its_own_limit(self, tmp_path):
        with (
            a_server(say(b"x" * 200_000)) as base,
            (tmp_path / "bill").open("wb") as into,
            pytest.raises(AnswerTooLarge),
        ):
            plain("127.0.0.0/8").download(base, into, bytes_max=100_000)


class TestCalls:
    def test_a_post_brings_body_and_headers(self):
        def reply(handler: BaseHTTPRequestHandler) -> None:
            size = int(handler.headers["content-length"])
            said = handler.rfile.read(size) + handler.headers["x-sign"].encode()
            handler.send_response(200)
            handler.send_header("content-length", str(len(said)))
            handler.end_headers()
            handler.wfile.write(said)

        with a_server(reply) as base:
            answer = plain("127.0.0.0/8").post(base, b'{"a":1}', headers={"x-sign": "s"})

        assert (answer.status, answer.body) == (200, b'{"a":1}s')
        assert answer.seconds < 5

    def test_what_forbids_calls_is_asked_first(self):
        def forbidden() -> None:
            raise RuntimeError

        with a_server(say(b"x")) as base, pytest.raises(RuntimeError):
            plain("127.0.0.0/8", before=forbidden).get(base)

    def test_certificates_are_checked(self):
        context = plain().context

        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def _infos(pairs):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", pair) for pair in pairs]
