"""Web servers to look at, with certificates that openssl makes."""

import http.server
import ssl
import subprocess
import threading


def certificate(folder, name, days):
    """A certificate that signs itself, with its key beside it: its path."""
    path = folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-out", path, "-keyout", folder / f"{name}.key"]
    command += ["-days", str(days), "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return path


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"all is well\n" if self.path == "/" else b"there is no such page\n"
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server:
    """Answers until it is closed; over TLS where it has a certificate."""

    def __init__(self, path=None):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # What breaks off a handshake is no news.
        self._server.handle_error = lambda *_: None
        if path:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path, path.with_suffix(".key"))
            plain = self._server.socket
            self._server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
