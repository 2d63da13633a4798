"""Real certificates for tests, made by the openssl command, servers that show them, and what is said of them."""

import contextlib
import datetime
import json
import pathlib
import re
import socket
import ssl
import subprocess
import threading

import servers
import waiting

DAY = 86400
KEYS = {
    "ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "weak": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "ed25519": ["-algorithm", "ED25519"],
}
CONFIG = """
[ca]
default_ca = usual
[usual]
dir = .
database = index.txt
new_certs_dir = .
serial = serial
policy = any
unique_subject = no
copy_extensions = copy
default_md = sha256
[any]
commonName = supplied
organizationName = optional
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
[client]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
"""


def openssl(*arguments, cwd=None, text=None, check=True):
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 or not check, f"{command}: {done.stderr[-2000:]}"
    return done.stdout


def moment(seconds):
    """So many seconds from now, as `openssl ca` wants it; a text stays what it is."""
    if isinstance(seconds, str):
        return seconds
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return then.strftime("%Y%m%d%H%M%SZ")


class Pair:
    """A certificate and its key."""

    def __init__(self, folder, name):
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"

    def pem(self):
        return self.certificate.read_text(encoding="ascii")


class Authority:
    """One that signs what it is told to. The folder holds all of it."""

    def __init__(self, folder, name="Test Root", parent=None, start=-3650 * DAY, end=3650 * DAY, key="ec"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.name = name
        (self.folder / "ca.cnf").write_text(CONFIG, encoding="ascii")
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n", encoding="ascii")
        if parent:
            self.pair = parent.sign(name, folder=self.folder, start=start, end=end, key=key, extensions="authority")
            return
        self.pair = Pair(self.folder, "authority")
        request = self._request(self.pair, name, [], key)
        self._sign(self.pair, request, "authority", start, end, ["-selfsign", "-keyfile", self.pair.key])

    @property
    def file(self):
        return self.pair.certificate

    def _request(self, pair, name, names, key):
        if not pair.key.exists():
            openssl("genpkey", *KEYS[key], "-out", pair.key)
        request = pair.key.with_suffix(".csr")
        extension = ["-addext", "subjectAltName=" + ",".join(names)] if names and len(names) < 100 else []
        if names and not extension:  # more than a command line takes
            config = pair.key.with_suffix(".cnf")
            config.write_text(
                "[req]\ndistinguished_name=dn\nreq_extensions=v3\n[dn]\n[v3]\nsubjectAltName=@names\n[names]\n"
                + "".join(f"DNS.{i}={n.partition(':')[2]}\n" for i, n in enumerate(names)),
                encoding="ascii",
            )
            extension = ["-config", config]
        openssl("req", "-new", "-key", pair.key, "-subj", f"/O=Upkeep tests/CN={name}", *extension, "-out", request)
        return request

    def _sign(self, pair, request, extensions, start, end, flags, digest="sha256"):
        command = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", request.resolve(), "-md", digest]
        command += ["-out", pair.certificate.resolve(), "-extensions", extensions]
        openssl(*command, "-startdate", moment(start), "-enddate", moment(end), *flags, cwd=self.folder)

    def sign(self, name="localhost", folder=None, file=None, names=None, start=-DAY, end=90 * DAY, key="ec",
             extensions="server", digest=None):
        """A pair FILE.pem and FILE.key in the folder. A key that is there is used again."""
        pair = Pair(pathlib.Path(folder or self.folder), file or re.sub(r"\W", "_", name))
        pair.certificate.parent.mkdir(parents=True, exist_ok=True)
        if names is None:
            names = [f"DNS:{name}"] + (["IP:127.0.0.1"] if name == "localhost" else [])
        if extensions == "authority":
            names = []
        request = self._request(pair, name, names, key)
        digest = digest or ("default" if key == "ed25519" else "sha256")
        flags = ["-keyfile", self.pair.key.resolve(), "-cert", self.pair.certificate.resolve()]
        self._sign(pair, request, extensions, start, end, flags, digest)
        return pair


def self_signed(folder, name="localhost", days=90):
    pair = Pair(pathlib.Path(folder), "self")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", pair.key, "-out", pair.certificate, "-days", days,
            "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1")
    return pair


def end_of(path):
    """What `openssl x509 -enddate` says, as a Unix time."""
    words = openssl("x509", "-noout", "-enddate", "-in", path).strip().partition("=")[2]
    then = datetime.datetime.strptime(words, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=datetime.timezone.utc)
    return (then - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds()


def fingerprint_of(path):
    words = openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", path).strip().partition("=")[2]
    return words.replace(":", "").lower()


def replace(path, content):
    """As certbot does: whoever opens it finds the old or the new."""
    new = path.with_name(path.name + ".new")
    new.write_text(content, encoding="ascii")
    new.rename(path)


# --- Servers ---


class SServer(servers.Server):
    """`openssl s_server` on a free port."""

    def __init__(self, folder, pair, *flags, chain=None, port=None):
        self.port = port or servers.free_port()
        command = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", pair.certificate, "-key", pair.key]
        command += ["-cert_chain", chain] if chain else []
        super().__init__("s_server", [*command, "-naccept", "1000000", "-www", *flags], folder)
        self.address = f"127.0.0.1:{self.port}"
        self.wait_for(lambda: answers(self.port), 20, lambda: f"s_server\n{self.log()}")


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Nginx(servers.Server):
    """nginx that serves one pair over TLS, and reads it again when told to."""

    def __init__(self, folder, certificate, key):
        self.port = servers.free_port()
        self.address = f"127.0.0.1:{self.port}"
        home = pathlib.Path(folder) / "nginx"
        home.mkdir()
        user = "user root;" if pathlib.Path("/proc/self").owner() == "root" else ""
        (home / "nginx.conf").write_text(
            f"""{user} daemon off; pid {home}/pid; error_log stderr; worker_processes 1;
            events {{ worker_connections 64; }}
            http {{ access_log off; client_body_temp_path {home}; proxy_temp_path {home}; fastcgi_temp_path {home};
              uwsgi_temp_path {home}; scgi_temp_path {home};
              server {{ listen {self.address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
                        return 200 ok; }} }}""",
            encoding="ascii",
        )
        command = [servers.tool("nginx"), "-p", home, "-e", "stderr", "-c", home / "nginx.conf"]
        super().__init__("nginx", command, folder)
        self.wait_for(lambda: answers(self.port), 20, lambda: f"nginx\n{self.log()}")


class Scripted:
    """A server that says its lines before TLS begins: for each one it hears, the next. An empty one begins TLS."""

    def __init__(self, pair, first, replies):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.certificate, pair.key)
        self._first, self._replies = first, replies
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                connection.settimeout(5)
                with contextlib.suppress(OSError), connection:
                    connection.sendall(self._first)
                    for reply in self._replies:
                        if not connection.recv(4096):
                            break
                        connection.sendall(reply)
                    else:
                        with contextlib.suppress(OSError, ValueError):
                            self._context.wrap_socket(connection, server_side=True).close()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


# --- Upkeep's view of it ---


def config(state, **settings):
    """A configuration that watches these certificates and nothing else."""
    quiet = {"host": False, "containers": False}
    mine = {"interval": "1s", "files": [], "certbot": False} | settings
    return json.dumps({"state": str(state), "collectors": quiet | {"certificates": mine}}, indent=2)


def endpoint(name, address, **settings):
    return {"name": name, "address": address, "server_name": "localhost", "timeout": "3s"} | {
        key: str(value) if isinstance(value, pathlib.Path) else value for key, value in settings.items()
    }


def what_it_says(page):
    return "\n".join(line for line in page.text.splitlines() if line.startswith(("x509_", "ssl_", "upkeep_cert")))


def wait_for(program, condition, what, seconds=30):
    """Until a page fulfils the condition; returns that page."""
    pages = []

    def fulfilled():
        pages[:] = [program.scrape()]
        return condition(pages[0])

    waiting.until(fulfilled, seconds, lambda: f"{what}; it says\n{what_it_says(pages[0])}\n{program.log()[-2000:]}", 0.1)
    return pages[0]


def reason(page, name, **labels):
    """The one of an info metric; nothing where there is none."""
    found = {dict(one)["reason"] for one in page.select(name, **labels)}
    assert len(found) <= 1, found
    return next(iter(found), None)
