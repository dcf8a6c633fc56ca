"""What the server says of a request, in the words of WSGI."""

from types import SimpleNamespace

from kacang.web.express.environ import environ_of
from tests.web.express.server import scope


def headers(*pairs: tuple[str, str]) -> SimpleNamespace:
    return SimpleNamespace(
        keys=lambda: [name for name, _ in pairs],
        items=lambda: [pair for pair in pairs if pair[1].isascii()],
    )


class TestEnvironOf:
    def test_names_request_and_peers(self):
        environ = environ_of(scope("GET", "/s/a/?q=%20x", client="[2001:db8::1]:4711"))

        assert environ["REQUEST_METHOD"] == "GET"
        assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/s/a/", "q=%20x")
        assert environ["REMOTE_ADDR"] == "2001:db8::1"
        assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("127.0.0.1", "8000")
        assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        assert environ["wsgi.url_scheme"] == "http"

    def test_gives_each_byte_of_the_path_as_one_character(self):
        environ = environ_of(scope("GET", "/卡"))

        assert environ["PATH_INFO"].encode("latin-1").decode() == "/卡"

    def test_names_headers_as_wsgi_does(self):
        asked = scope("POST", "/", headers=headers(("content-type", "a/b"), ("x-one", "1")))

        environ = environ_of(asked)

        assert (environ["CONTENT_TYPE"], environ["HTTP_X_ONE"]) == ("a/b", "1")
        assert "HTTP_CONTENT_TYPE" not in environ

    def test_joins_what_came_several_times(self):
        twice = headers(("cookie", "a=1"), ("cookie", "b=2"), ("x-one", "1"), ("x-one", "2"))

        environ = environ_of(scope("GET", "/", headers=twice))

        assert (environ["HTTP_COOKIE"], environ["HTTP_X_ONE"]) == ("a=1; b=2", "1,2")

    def test_takes_no_header_that_passes_for_another(self):
        asked = scope("GET", "/", headers=headers(("x_forwarded_for", "10.0.0.1")))

        assert "HTTP_X_FORWARDED_FOR" not in environ_of(asked)

    def test_keeps_the_name_of_what_cannot_be_read(self):
        asked = scope("POST", "/", headers=headers(("host", "a"), ("idempotency-key", "\xff")))

        environ = environ_of(asked)

        assert (environ["HTTP_IDEMPOTENCY_KEY"], environ["HTTP_HOST"]) == ("", "a")

    def test_takes_the_host_from_where_http_2_has_it(self):
        assert environ_of(scope("GET", "/", authority="a.example"))["HTTP_HOST"] == "a.example"
