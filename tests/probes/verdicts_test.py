"""What Upkeep says of endpoints that are good, and of each way to be bad."""

import http.server
import socket
import threading
import time

import endpoints
import servers
import waiting


def check(page, name, reason):
    assert endpoints.reason(page, name) == reason, f"{name}: {endpoints.reason(page, name)}, not {reason}"
    assert endpoints.value(page, "probe_success", name) == (1 if reason == "" else 0)


def test_what_answers_and_what_does_not(watch, serve):
    closed = servers.free_port()
    wanted = {
        "good": (endpoints.http("good", serve(endpoints.answers()).port), ""),
        "body": (endpoints.http("body", serve(endpoints.answers()).port, expect={"body": '"ok"'}), ""),
        "post": (endpoints.http("post", serve(endpoints.answers(201)).port, method="POST", body="x"), ""),
        "teapot": (endpoints.http("teapot", serve(endpoints.answers(418)).port, expect={"status": [418]}), ""),
        "redis": (
            endpoints.target(
                "redis", tcp=f"127.0.0.1:{serve(endpoints.redis).port}", send="PING\r\n", expect={"body": r"^\+PONG"}
            ),
            "",
        ),
        "status": (endpoints.http("status", serve(endpoints.answers(503)).port), "status"),
        "content": (endpoints.http("content", serve(endpoints.answers()).port, expect={"body": "healthy"}), "body"),
        "trace": (endpoints.http("trace", serve(endpoints.answers()).port, expect={"not_body": "status"}), "body"),
        "header": (
            endpoints.http("header", serve(endpoints.answers()).port, expect={"header": {"X-Version": "^2"}}), "header",
        ),
        "refused": (endpoints.http("refused", closed), "refused"),
        "refused-tcp": (endpoints.target("refused-tcp", tcp=f"127.0.0.1:{closed}"), "refused"),
        "silent": (endpoints.http("silent", serve(endpoints.silent).port), "timeout"),
        "drip": (endpoints.http("drip", serve(endpoints.dripping).port), "timeout"),
        "endless": (endpoints.http("endless", serve(endpoints.endless).port), "too_large"),
        "circle": (endpoints.http("circle", serve(endpoints.circling).port), "redirects"),
        "bomb": (endpoints.http("bomb", serve(endpoints.bomb()).port, compression=True, max_body="8MiB"), "too_large"),
        "cut": (endpoints.http("cut", serve(endpoints.cut_off).port), "lost"),
        "garbage": (endpoints.http("garbage", serve(endpoints.garbage).port), "malformed"),
        "reset": (endpoints.http("reset", serve(endpoints.resetting).port), "lost"),
        "plain": (endpoints.http("plain", serve(endpoints.shouting).port, scheme="https"), "tls"),
        "pong": (
            endpoints.target("pong", tcp=f"127.0.0.1:{serve(endpoints.redis).port}", send="GET\r\n", expect={"body": "PONG"}),
            "body",
        ),
        "name": (endpoints.http("name", 80, host="no-such-host.invalid"), "dns"),
    }
    program = watch(*(one for one, _ in wanted.values()))
    page = endpoints.wait_for_all(program, wanted, 30)
    for name, (_, reason) in wanted.items():
        check(page, name, reason)
        failures = endpoints.value(page, "upkeep_probe_consecutive_failures", name)
        assert (failures >= 1) == bool(reason), name
        assert endpoints.value(page, "upkeep_probe_last_run_timestamp_seconds", name) > time.time() - 20
        assert endpoints.value(page, "probe_timeout_seconds", name) == 0.9
        assert endpoints.value(page, "upkeep_probe_retries_total", name) >= (1 if reason else 0)
    assert endpoints.value(page, "probe_http_status_code", "teapot") == 418
    assert endpoints.value(page, "probe_http_status_code", "silent") == 0
    assert endpoints.value(page, "probe_failed_due_to_regex", "content") == 1
    assert endpoints.value(page, "probe_failed_due_to_regex", "status") == 0
    assert endpoints.value(page, "probe_http_redirects", "circle") == 5
    assert endpoints.value(page, "probe_http_uncompressed_body_length", "good") == len(endpoints.BODY)
    assert endpoints.value(page, "probe_duration_seconds", "silent") < 1.2


def test_certificates_of_every_kind(watch, nginx, authority):
    """What is wrong with each is told, and when each ends, whatever is wrong."""
    kinds = {
        "good": ({}, "", 1),
        "expired": ({"begins": -20, "ends": -2}, "tls_expired", 0),
        "early": ({"begins": 2, "ends": 20}, "tls_early", 0),
        "name": ({"subject": "elsewhere", "names": "DNS:elsewhere.example.com"}, "tls_name", 0),
    }
    made = {kind: authority.issue(f"served-{kind}", **options) for kind, (options, _, _) in kinds.items()}
    ports = endpoints.free_ports(kinds)
    nginx(*((ports[kind], made[kind], "return 200 ok;") for kind in kinds))
    trusting = {"tls": {"ca_file": str(authority.file)}}
    targets = [endpoints.http(kind, ports[kind], scheme="https", **trusting) for kind in kinds]
    targets += [
        endpoints.http("stranger", ports["good"], scheme="https"),
        endpoints.http("careless", ports["expired"], scheme="https", tls={"insecure": True}),
        endpoints.http(
            "renamed", ports["name"], scheme="https",
            tls={"ca_file": str(authority.file), "server_name": "elsewhere.example.com"},
        ),
        endpoints.target("bare", tcp=f"127.0.0.1:{ports['good']}", tls={"ca_file": str(authority.file)}),
    ]  # fmt: skip
    program = watch(*targets)
    page = endpoints.wait_for_all(program, [one["name"] for one in targets], 30)
    for kind, (_, reason, verified) in kinds.items():
        check(page, kind, reason)
        assert endpoints.value(page, "probe_ssl_earliest_cert_expiry", kind) == endpoints.end_of(made[kind][0])
        assert endpoints.value(page, "upkeep_probe_tls_verified", kind) == verified
    chain_end = endpoints.value(page, "probe_ssl_last_chain_expiry_timestamp_seconds", "good")
    assert chain_end == endpoints.end_of(made["good"][0])
    assert endpoints.value(page, "probe_tls_version_info", "good", version="TLS 1.3") == 1
    check(page, "stranger", "tls_authority")
    check(page, "careless", "")
    check(page, "renamed", "")
    check(page, "bare", "")
    assert endpoints.value(page, "probe_ssl_earliest_cert_expiry", "bare") == endpoints.end_of(made["good"][0])
    assert endpoints.value(page, "upkeep_probe_tls_verified", "careless") is None
    assert endpoints.value(page, "probe_ssl_earliest_cert_expiry", "careless") == endpoints.end_of(made["expired"][0])


def test_nothing_is_sent_to_a_server_whose_certificate_is_not_good(watch, nginx, authority, tmp_path):
    made = authority.issue("untrusted")
    port = servers.free_port()
    seen = tmp_path / "seen"
    nginx((port, made, f"access_log {seen}; return 200 ok;"))
    (tmp_path / "token").write_text("S3CR3T-token\n")
    program = watch(
        endpoints.http("secret", port, scheme="https", bearer_token_file=str(tmp_path / "token")),
        endpoints.http("other", port, scheme="https", path="/insecure", tls={"insecure": True}),
    )
    endpoints.wait_for_all(program, ["secret", "other"])
    waiting.until(lambda: "GET /insecure" in seen.read_text(), 10, "the request of the other")
    assert "GET / " not in seen.read_text()


def test_dns(watch):
    with endpoints.NameServer({"shop.example.com": "192.0.2.7"}) as answering, endpoints.NameServer(is_silent=True) as mute:
        where = f"127.0.0.1:{answering.port}"
        program = watch(
            endpoints.target("a", dns=where, query="shop.example.com", expect={"answer": r" A 192\.0\.2\.7$"}),
            endpoints.target("soa", dns=where, query="shop.example.com", type="SOA"),
            endpoints.target("none", dns=where, query="other.example.com"),
            endpoints.target("none-wanted", dns=where, query="other.example.com", expect={"rcode": "NXDOMAIN"}),
            endpoints.target("wrong", dns=where, query="shop.example.com", expect={"answer": r"192\.0\.2\.8"}),
            endpoints.target("mute", dns=f"127.0.0.1:{mute.port}", query="shop.example.com"),
            endpoints.target("nobody", dns=f"127.0.0.1:{servers.free_port()}", query="shop.example.com"),
        )
        names = ["a", "soa", "none", "none-wanted", "wrong", "mute", "nobody"]
        page = endpoints.wait_for_all(program, names, 20)
    for name, reason in (("a", ""), ("soa", ""), ("none", "rcode"), ("none-wanted", ""), ("wrong", "body"),
                         ("mute", "timeout"), ("nobody", "refused")):  # fmt: skip
        check(page, name, reason)
    assert endpoints.value(page, "probe_dns_answer_rrs", "a") == 1
    assert endpoints.value(page, "probe_dns_serial", "soa") == 2026010203
    assert endpoints.value(page, "probe_dns_query_succeeded", "none") == 1
    assert endpoints.value(page, "probe_dns_query_succeeded", "mute") == 0


def test_never_more_at_once_than_allowed(watch, serve):
    """Nor more threads, however many targets there are."""
    hanging = serve(endpoints.silent)
    good = serve(endpoints.answers())
    targets = [endpoints.http(f"slow{number}", hanging.port, retries=0) for number in range(40)]
    targets += [endpoints.http(f"good{number}", good.port) for number in range(40)]
    program = watch(*targets, concurrency=5, interval="1h", timeout="900ms")
    threads, descriptors, under_way = [], [], []
    names = [one["name"] for one in targets]

    def all_asked(page):
        under_way.append(page.get("upkeep_probes_under_way"))
        descriptors.append(program.descriptors())
        threads.append(program.threads())
        return all(endpoints.value(page, "probe_success", name) is not None for name in names)

    page = endpoints.wait_for(program, all_asked, "all to be asked", 40)
    assert max(under_way) == 5
    # Beside those of the connections of the scrapes: what it is without any probe under way.
    assert page.get("upkeep_probes_under_way") == 0
    assert 3 <= max(descriptors) - program.descriptors() <= 7
    assert len(set(threads)) == 1
    for name in names:
        check(page, name, "timeout" if name.startswith("slow") else "")
    assert endpoints.value(page, "probe_duration_seconds", "good0") < 0.5


def test_names_that_hang_cost_few_threads_and_nobody_else(watch, serve, tmp_path):
    library, flag = endpoints.slow_resolver(tmp_path)
    good = serve(endpoints.answers())
    flag.touch()
    hanging = [endpoints.http(f"name{number}", good.port, host=f"hanging{number}.example.com") for number in range(30)]
    program = watch(
        *hanging, endpoints.http("good", good.port), concurrency=64, env={"LD_PRELOAD": str(library)}
    )
    before = program.threads()
    names = [one["name"] for one in hanging]
    page = endpoints.wait_for_all(program, [*names, "good"], 20)
    most = []
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        page = program.scrape(timeout=2)
        assert page.seconds < 0.5
        most.append(program.threads() - before)
        check(page, "good", "")
        for name in names:
            check(page, name, "dns")
        time.sleep(0.1)
    assert max(most) <= 9, "eight for names, and one that asks"
    assert page.get("upkeep_probe_lookups_under_way") == 8
    # Those that find every thread taken are told so at once.
    assert min(endpoints.value(page, "probe_duration_seconds", name) for name in names) < 0.1
    flag.unlink()
    endpoints.wait_for(
        program, lambda page: all(endpoints.value(page, "probe_success", name) == 1 for name in names), "all good again", 60
    )


def test_redirects_do_not_carry_secrets_elsewhere(watch, serve, tmp_path):
    heard = []

    def listener(connection, _):
        heard.append(endpoints.request_of(connection))
        connection.sendall(endpoints.answer())

    other = serve(listener)

    def sender(connection, _):
        heard.append(endpoints.request_of(connection))
        connection.sendall(endpoints.answer(302, b"", [f"Location: http://localhost:{other.port}/there"]))

    first = serve(sender)
    (tmp_path / "password").write_text("S3CR3T-pw\n")
    program = watch(
        endpoints.http(
            "moved", first.port, headers={"X-Key": "S3CR3T-key"},
            basic_auth={"username": "upkeep", "password_file": str(tmp_path / "password")},
        )
    )  # fmt: skip
    page = endpoints.wait_for_all(program, ["moved"])
    check(page, "moved", "")
    assert endpoints.value(page, "probe_http_redirects", "moved") == 1
    assert any(b"Authorization: Basic" in one and b"S3CR3T-key" in one for one in heard)
    assert all(b"Authorization" not in one and b"S3CR3T" not in one for one in heard if b"GET /there" in one)
    assert any(b"GET /there" in one for one in heard)


def test_secrets_show_up_nowhere(watch, serve, tmp_path):
    for name in ("password", "token"):
        (tmp_path / name).write_text(f"S3CR3T-{name}\n")
    bad = serve(endpoints.answers(401))
    program = watch(
        endpoints.http(
            "basic", bad.port, path="/x?key=S3CR3T-query", headers={"X-Key": "S3CR3T-header"}, body="S3CR3T-body",
            basic_auth={"username": "u", "password_file": str(tmp_path / "password")},
        ),
        endpoints.http("bearer", servers.free_port(), bearer_token_file=str(tmp_path / "token")),
        flags=["--log.level=debug"],
    )  # fmt: skip
    page = endpoints.wait_for_all(program, ["basic", "bearer"])
    assert "S3CR3T" not in page.text
    assert b"S3CR3T" not in program.get("/").body
    assert "S3CR3T" not in program.log()
    assert "Probe failed" in program.log()
    assert endpoints.value(page, "upkeep_probe_info", "basic", endpoint=f"http://127.0.0.1:{bad.port}/x") == 1


def test_a_reload_keeps_what_is_good_and_ends_the_old_thread(watch, serve, tmp_path):
    hanging, good = serve(endpoints.silent), serve(endpoints.answers())
    program = watch(*(endpoints.http(f"slow{number}", hanging.port) for number in range(5)))
    endpoints.wait_for(program, lambda page: page.get("upkeep_probes_under_way") > 0, "something under way")
    threads = program.threads()
    (tmp_path / "upkeep.yml").write_text(endpoints.config(endpoints.http("good", good.port)))
    program.signal(1)
    page = endpoints.wait_for_all(program, ["good"], 10)
    assert endpoints.value(page, "probe_success", "slow0") is None
    waiting.until(lambda: program.threads() <= threads, 5, "the old thread to end")
    asked = hanging.connections
    waiting.throughout(lambda: hanging.connections == asked, 2.5, "nobody asks the old ones")


class Six(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_ipv6(watch):
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return  # this machine has none
    port = servers.free_port()
    server = Six(("::1", port), Hello)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        program = watch(endpoints.http("six", port, host="[::1]"), endpoints.http("four", port, host="[::1]", ip="4"))
        page = endpoints.wait_for_all(program, ["six", "four"])
        check(page, "six", "")
        assert endpoints.value(page, "probe_ip_protocol", "six") == 6
        check(page, "four", "dns")
    finally:
        server.shutdown()
        server.server_close()
