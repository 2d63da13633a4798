"""Endpoints to probe, good ones and bad ones: a real nginx, servers that misbehave, certificates of every kind."""

import contextlib
import datetime
import gzip
import pathlib
import socket
import socketserver
import struct
import subprocess
import threading

import yaml

import servers
import waiting

BODY = b'{"status":"ok"}'


# --- Certificates, made with openssl ---


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)


def day(days):
    """As openssl writes times."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return when.strftime("%Y%m%d%H%M%SZ")


class Authority:
    """A certificate authority in a folder, and what it signs."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n")
        self.config = self.folder / "ca.cnf"
        self.config.write_text(
            "[ca]\ndefault_ca=own\n[own]\n"
            f"dir={self.folder}\ndatabase=$dir/index.txt\nserial=$dir/serial\nnew_certs_dir=$dir\n"
            "default_md=sha256\npolicy=any\nunique_subject=no\ncopy_extensions=copy\nrand_serial=no\n"
            "[any]\ncommonName=supplied\n"
        )
        self.file = self.folder / "ca.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.folder / "ca.key", "-out", self.file,
                "-days", 3650, "-subj", "/CN=Test authority")  # fmt: skip

    def issue(self, name, *, subject=None, names="DNS:localhost,IP:127.0.0.1", begins=-1, ends=30):
        """(certificate with its chain, key) of a server; `begins` and `ends` are days from now."""
        key, request, certificate = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request,
                "-subj", f"/CN={subject or 'localhost'}", "-addext", f"subjectAltName={names}")  # fmt: skip
        openssl("ca", "-batch", "-config", self.config, "-cert", self.file, "-keyfile", self.folder / "ca.key",
                "-in", request, "-out", certificate, "-startdate", day(begins), "-enddate", day(ends))  # fmt: skip
        chain = self.folder / f"{name}.pem"
        openssl("x509", "-in", certificate, "-out", chain)
        return chain, key


def end_of(certificate):
    """Unix time of the end of a certificate, as openssl says."""
    done = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-enddate"], check=True, capture_output=True, text=True)
    text = done.stdout.strip().removeprefix("notAfter=")
    return datetime.datetime.strptime(text, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=datetime.timezone.utc).timestamp()


# --- Real servers ---


class Nginx(servers.Server):
    """`sites`: bodies of server blocks without their listen, each with its port: [(port, tls, text)]."""

    def __init__(self, folder, sites):
        folder = pathlib.Path(folder) / "nginx"
        folder.mkdir(exist_ok=True)
        blocks = []
        for port, certificate, text in sites:
            tls = f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};" if certificate else ""
            blocks.append(f"server {{ listen 127.0.0.1:{port}{' ssl' if certificate else ''}; {tls}\n{text}\n}}")
        self.config = folder / "nginx.conf"
        temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                              ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
        self.config.write_text(
            f"daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;\n"
            f"events {{ worker_connections 512; }}\nhttp {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3; {temporary}\n" + "\n".join(blocks) + "\n}\n"
        )
        super().__init__("nginx", [servers.tool("nginx"), "-p", folder, "-e", "stderr", "-c", self.config], folder)
        for port, _, _ in sites:
            self.wait_for(lambda port=port: is_open(port), 15, lambda: f"nginx at {port}\n{self.log()}")


def free_ports(names):
    """{name: port}, no two alike."""
    ports = set()
    while len(ports) < len(names):
        ports.add(servers.free_port())
    return dict(zip(names, ports))


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


# --- Servers that misbehave ---


class Rogue:
    """Listens on a free port of 127.0.0.1 and hands each connection to `behave(socket, rogue)`, on a thread each."""

    def __init__(self, behave, port=None):
        self.ended = threading.Event()
        self.connections = 0
        self._lock = threading.Lock()
        rogue = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with rogue._lock:
                    rogue.connections += 1
                with contextlib.suppress(OSError):
                    behave(self.request, rogue)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            allow_reuse_address = True
            request_queue_size = 1024

        self._server = Server(("127.0.0.1", port or servers.free_port()), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def request_of(connection):
    """The head of a request; empty when the other side is gone."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = connection.recv(65536)
        if not piece:
            break
        text += piece
    return text


def answer(status=200, body=BODY, headers=()):
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def answers(*arguments, **options):
    def behave(connection, _):
        request_of(connection)
        connection.sendall(answer(*arguments, **options))

    return behave


def silent(connection, rogue):
    """Reads, and never answers."""
    connection.settimeout(0.2)
    while not rogue.ended.is_set():
        with contextlib.suppress(TimeoutError):
            if not connection.recv(65536):
                return


def dripping(connection, rogue):
    """A byte at a time, without end."""
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not rogue.ended.wait(0.1):
        connection.sendall(b"x")


def endless(connection, rogue):
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not rogue.ended.is_set():
        connection.sendall(b"x" * 65536)


def circling(connection, rogue):
    request_of(connection)
    connection.sendall(answer(302, b"", [f"Location: http://127.0.0.1:{rogue.port}/again"]))


def bomb():
    """A thousand times as large as it is sent."""
    return answers(200, gzip.compress(bytes(64 << 20), 9), ["Content-Encoding: gzip"])


def cut_off(connection, _):
    request_of(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")


def garbage(connection, _):
    request_of(connection)
    connection.sendall(b"\x00\x01\x02 this is no HTTP\r\n\r\n")


def shouting(connection, _):
    """Answers whatever it is sent with the same words of no protocol."""
    connection.recv(65536)
    connection.sendall(b"what do you want?\r\n")


def resetting(connection, _):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def redis(connection, rogue):
    """As much of Redis as PING asks for."""
    connection.settimeout(0.2)
    while not rogue.ended.is_set():
        with contextlib.suppress(TimeoutError):
            heard = connection.recv(1024)
            if not heard:
                return
            connection.sendall(b"+PONG\r\n" if heard == b"PING\r\n" else b"-ERR unknown command\r\n")


# --- A name server ---


class NameServer:
    """Answers questions for A and SOA records over UDP: `zone` is {name: address}. silent: answers nothing."""

    def __init__(self, zone=(), port=None, is_silent=False):
        self.zone = dict(zone)
        self.is_silent = is_silent
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port or servers.free_port()))
        self._socket.settimeout(0.1)
        self.port = self._socket.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                question, sender = self._socket.recvfrom(4096)
                reply = self._reply(question)
                if reply and not self.is_silent:
                    self._socket.sendto(reply, sender)

    def _reply(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind = struct.unpack(">H", question[at + 1 : at + 3])[0]
        name = ".".join(labels)
        self.asked.append((name, kind))
        section = question[12 : at + 5]
        address = self.zone.get(name)
        records = b""
        if address and kind == 1:
            records = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
        elif address and kind == 6:
            names = b"\x02ns\xc0\x0c" + b"\x05admin\xc0\x0c"
            data = names + struct.pack(">IIIII", 2026010203, 3600, 600, 86400, 60)
            records = b"\xc0\x0c" + struct.pack(">HHIH", 6, 1, 60, len(data)) + data
        code = 0 if address else 3
        return question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 1 if records else 0, 0, 0) + section + records

    def close(self):
        self._ended.set()
        self._thread.join()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# What the system's resolver is when a name server is silent: names that begin so take far longer than any probe.
SLOW_RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>
typedef int (*resolve)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints, struct addrinfo** found) {
  const char* flag = FLAG;
  if (name && strncmp(name, "hanging", 7) == 0) {
    if (access(flag, F_OK) == 0) { sleep(20); return EAI_AGAIN; }
    name = "127.0.0.1";
  }
  return ((resolve)dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
}
"""


def slow_resolver(folder):
    """(library to preload, file that makes it hang while it is there)."""
    flag, library = folder / "names-hang", folder / "slow.so"
    source = folder / "slow.c"
    source.write_text(SLOW_RESOLVER)
    subprocess.run(["cc", "-shared", "-fPIC", f'-DFLAG="{flag}"', "-o", library, source, "-ldl"], check=True, timeout=60)
    return library, flag


# --- Upkeep's configuration, and what it says ---


class Plain(yaml.SafeDumper):
    """Writes what is used twice out twice."""

    def ignore_aliases(self, data):
        return True


def target(name, **settings):
    return {"name": name, **settings}


def http(name, port, path="/", scheme="http", host="127.0.0.1", **settings):
    return target(name, url=f"{scheme}://{host}:{port}{path}", **settings)


def config(*targets, **section):
    """Upkeep that does nothing but probe, and does that often."""
    section = {"interval": "1s", "timeout": "900ms"} | section
    collectors = {name: False for name in ("host", "containers", "textfile")}
    return yaml.dump({"collectors": collectors | {"probes": section | {"targets": list(targets)}}}, Dumper=Plain)


def reason(page, name):
    """Why a target fails; empty when it does not."""
    reasons = {dict(labels)["reason"] for labels in page.select("probe_failure_info", target=name)}
    assert len(reasons) <= 1
    return reasons.pop() if reasons else ""


def value(page, family, name, **labels):
    found = list(page.select(family, target=name, **labels).values())
    assert len(found) <= 1, found
    return found[0] if found else None


def wait_for(program, condition, what, seconds=20):
    """Scrapes until condition(page) holds; returns that page."""
    pages = []

    def holds():
        pages.append(program.scrape())
        return condition(pages[-1])

    waiting.until(holds, seconds, lambda: f"{what}\n{pages[-1].text[-6000:]}")
    return pages[-1]


def wait_for_all(program, names, seconds=20):
    """Until each was asked once."""
    return wait_for(
        program, lambda page: all(value(page, "probe_success", name) is not None for name in names), "all to be asked", seconds
    )
