"""Counts the webhook calls that Alertmanager makes to the dead man's switch."""

import http.server
import json
import threading


class Webhook:
    """Listens on a free port of 127.0.0.1 from its making until close()."""

    def __init__(self):
        self._lock = threading.Lock()
        self._calls = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with hook._lock:
                    hook._calls.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ping"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def calls(self):
        with self._lock:
            return list(self._calls)

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
