"""A way to a service on which answers are lost and requests tarry."""

import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SECONDS = 600.0
_NOT_FORWARDED = frozenset({"connection", "transfer-encoding", "content-length", "host"})


@dataclass
class _Wish:
    """What is to happen once to a request: that it waits for ``go``, and its answer is lost."""

    request: str
    begun: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)


class LossyProxy:
    """Hands requests on to the service at ``target``; ``address`` is where it listens.

    ``wishes`` are those that were not fulfilled yet.
    """

    def __init__(self, target: str, address: str) -> None:
        self.target = urlsplit(target)
        self.address = address
        self.wishes: list[_Wish] = []

    def lose(self, method: str, path: str) -> None:
        """Have the next such request carried out and its answer lost."""
        self._wish(method, path).go.set()

    @contextmanager
    def held(self, method: str, path: str) -> Iterator[Callable[[], bool]]:
        """Hold the next such request on its way until the block ends, and lose its answer.

        Yields what tells whether it was sent.
        """
        wish = self._wish(method, path)
        try:
            yield wish.begun.is_set
        finally:
            wish.go.set()

    def _wish(self, method: str, path: str) -> _Wish:
        """``path`` is what follows that of the target."""
        wish = _Wish(f"{method} {self.target.path.rstrip('/')}{path}")
        self.wishes.append(wish)
        return wish

    def is_lost(self, request: str) -> bool:
        """Tell whether the answer to ``request`` is to be lost, after it has tarried."""
        wish = next((one for one in self.wishes if one.request == request), None)
        if wish is None:
            return False
        self.wishes.remove(wish)
        wish.begun.set()
        wish.go.wait(SECONDS)
        return True


@contextmanager
def lossy_proxy(target: str) -> Iterator[LossyProxy]:
    """Serve a proxy on the loopback before the service at ``target``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_lost = proxy.is_lost(f"{self.command} {self.path.partition('?')[0]}")
            onward = http.client.HTTPConnection(proxy.target.netloc, timeout=SECONDS)
            sent = {key: value for key, value in self.headers.items() if _is_forwarded(key)}
            onward.request(self.command, self.path, body or None, sent)
            answer = onward.getresponse()
            content = answer.read()
            onward.close()
            self.close_connection = True
            if is_lost:
                return
            self.send_response_only(answer.status)
            for key, value in answer.getheaders():
                if _is_forwarded(key):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _forward  # noqa: N815 - the base's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = LossyProxy(target, f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _is_forwarded(header: str) -> bool:
    return header.lower() not in _NOT_FORWARDED
