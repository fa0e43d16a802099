"""An HTTP server on loopback, whose handler knows the stand-in that it answers for."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class LocalServer:
    """Serves in a thread from the start until ``close``."""

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], **attributes: object
    ) -> None:
        bound = type(handler.__name__, (handler,), attributes)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self._http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
