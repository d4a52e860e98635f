"""A tiny process in the place of a real one: `web` answers every request, the others only sleep; run as a script."""

from __future__ import annotations

import http.server
import os
import signal
import sys
import time
from pathlib import Path


def stand_in(name: str, port: int) -> None:
    """A process that answers every request (as `web`), or only sleeps; says when it is told to end."""

    def end(*_: object) -> None:
        with (Path(os.environ["NURTURE_HOME"]) / "ended").open("a") as file:
            file.write(f"{name}\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    if name != "web":
        time.sleep(600)

    class Ready(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = os.environ["NURTURE_API_KEY"]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(key.encode())

    http.server.ThreadingHTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    stand_in(sys.argv[1], int(sys.argv[2]))
