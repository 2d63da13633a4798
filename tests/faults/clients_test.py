"""Clients that connect and say nothing, or little, or too much: the next scrape does not notice."""

import contextlib
import select
import socket
import statistics
import time
import urllib.parse

import pytest

import invariants
import waiting


def connect(url, source):
    parts = urllib.parse.urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), 10, source_address=(source, 0))


def closed(client):
    """Whether the other side closed, or answered and closed."""
    while True:
        readable, _, _ = select.select([client], [], [], 0)
        if not readable:
            return False
        try:
            if client.recv(65536) == b"":
                return True
        except ConnectionError:
            return True


@contextlib.contextmanager
def half_open(url, count, source, first_words):
    clients = []
    try:
        for _ in range(count):
            client = connect(url, source)
            clients.append(client)
            with contextlib.suppress(ConnectionError):  # refused for being over the cap
                client.sendall(first_words)
        yield clients
    finally:
        for client in clients:
            client.close()


def delay(program, control):
    """By how much a scrape takes longer than one of another Upkeep that is left in peace at the same moment."""
    return statistics.median(program.scrape().seconds - control.scrape().seconds for _ in range(21))


@pytest.mark.parametrize("words", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_300_half_open_clients(upkeep, words):
    program, control = upkeep(), upkeep(name="control")
    for _ in range(5):
        program.scrape()
        control.scrape()
    threads, descriptors = program.threads(), program.descriptors()
    with half_open(program.url, 300, "127.0.0.2", words) as clients:
        opened = time.monotonic()
        invariants.check_healthy(program.scrape(timeout=2))
        assert delay(program, control) < 0.1
        waiting.until(lambda: all(map(closed, clients)), 5 - (time.monotonic() - opened), "all 300 closed")
    waiting.until(lambda: program.descriptors() <= descriptors + 1, 5, "as many descriptors as before")
    assert program.threads() <= threads
    assert program.scrape().get("upkeep_http_connections_refused_total") > 0


def test_headers_that_come_drop_by_drop(upkeep):
    program = upkeep()
    program.scrape()
    with half_open(program.url, 15, "127.0.0.2", b"GET /metrics HTTP/1.1\r\n") as clients:
        opened = time.monotonic()

        def drip():
            for client in clients:
                with contextlib.suppress(ConnectionError):
                    client.sendall(b"X")
            assert program.scrape(timeout=2).seconds < 0.2
            return all(map(closed, clients))

        waiting.until(drip, 5, "all closed in spite of the drops", every=0.2)
        assert time.monotonic() - opened <= 5.5


def stalled_reader(url, source):
    """A client that asks for far more than it reads."""
    parts = urllib.parse.urlsplit(url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.bind((source, 0))
    client.connect((parts.hostname, parts.port))
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError, ConnectionError):
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 300)
    return client


def test_readers_that_do_not_read(upkeep):
    """More of them, from several addresses, than there are threads to serve them."""
    program, control = upkeep(), upkeep(name="control")
    for _ in range(5):
        program.scrape()
        control.scrape()
    descriptors = program.descriptors()
    clients = [stalled_reader(program.url, f"127.0.0.{2 + number % 4}") for number in range(60)]
    # While they all ask at once there may be more scrapes than are allowed.
    waiting.until(lambda: program.get("/metrics", timeout=5).status == 200, 3, "an answer to a scrape")
    assert delay(program, control) < 0.1
    for client in clients:
        client.close()
    waiting.until(lambda: program.descriptors() <= descriptors + 1, 20, "as many descriptors as before")


@pytest.mark.parametrize(
    "noise, statuses",
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, (None, 400)),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", (None, 400, 413, 431)),
        (b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 2000 + b"\r\n", (None, 400, 413, 431)),
        (b"\0" * 3000 + b"\r\n\r\n", (None, 400)),
        (b"GET /%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: x\r\n\r\n", (None, 400, 404)),
        (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", (None, 400, 405, 413)),
        (b"GET /metrics HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", (None, 200, 400, 411)),
        (b"GET /metrics HTTP/1.1\r\nContent-Length: 30\r\n\r\nGET /-/healthy HTTP/1.1\r\n\r\n", (None, 200, 400, 413)),
        (b"BREW /metrics HTTP/1.1\r\nHost: x\r\n\r\n", (None, 400, 405, 501)),
    ],
    ids=["TLS", "long header", "many headers", "zeros", "CRLF in path", "huge body", "two lengths", "a request in a body", "no method"],
)
def test_noise_is_refused(upkeep, noise, statuses):
    program = upkeep()
    client = connect(program.url, "127.0.0.1")
    client.settimeout(6)
    answer = b""
    try:
        client.sendall(noise)
        while chunk := client.recv(65536):
            answer += chunk
    except ConnectionError:
        pass
    client.close()
    # Here the other side has closed: nothing after such a request is taken for a request of its own.
    status = int(answer.split()[1]) if answer.startswith(b"HTTP/1.") else None
    assert status in statuses, answer[:300]
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"\r\nset-cookie" not in answer.lower()
    invariants.check_healthy(program.scrape())
