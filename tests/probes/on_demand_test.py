"""/probe?target=…&module=…, as blackbox_exporter is asked: what is answered, and to whom nothing is."""

import concurrent.futures
import time
import urllib.parse

import comparison
import endpoints
import metrics
import servers
from side_by_side_test import HERE, Blackbox

LOOPBACK = {"name": "http_2xx", "allow": ["127.0.0.1"]}


def ask(program, target, module="http_2xx", headers=None, **more):
    query = urllib.parse.urlencode({"target": target, "module": module} | more)
    return program.get(f"/probe?{query}", headers=headers)


def page_of(response):
    assert response.status == 200, response.body
    return metrics.Page(response.body)


def refused(response):
    assert response.status == 400, response.body
    return response.body.decode()


class Unlabelled:
    """A page of one target, as blackbox_exporter writes it: without the labels that say which, and our own families."""

    def __init__(self, page):
        ours = lambda family: family.startswith("upkeep_") or family in ("probe_failure_info", "probe_timeout_seconds")
        self.types = {family: kind for family, kind in page.types.items() if not ours(family)}
        self.samples = {
            (family, tuple(pair for pair in labels if pair[0] not in ("target", "module"))): value
            for (family, labels), value in page.samples.items()
            if not ours(family)
        }


def test_answers_as_blackbox_exporter_does(start, watch, serve):
    good, redis = serve(endpoints.answers()).port, serve(endpoints.redis).port
    plain = f"http://127.0.0.1:{good}/"
    http = {"prober": "http", "timeout": "2s", "http": {"preferred_ip_protocol": "ip4"}}
    tcp = {"prober": "tcp", "timeout": "2s", "tcp": {"preferred_ip_protocol": "ip4"}}
    other = start(Blackbox, {"http_2xx": http, "tcp_connect": tcp})
    program = watch(modules=[LOOPBACK, {"name": "tcp_connect", "prober": "tcp", "allow": ["127.0.0.0/8"]}])
    intended = comparison.Intended(HERE / "intended_differences.txt")
    for module, where in (("http_2xx", plain), ("http_2xx", f"127.0.0.1:{good}"), ("tcp_connect", f"127.0.0.1:{redis}")):
        theirs, ours = other.probe(module, where), page_of(ask(program, where, module))
        one = comparison.Comparison(intended, own=("blackbox_",))
        one.look(theirs, Unlabelled(ours), theirs)
        assert one.all_differences() == []
        assert ours.get("probe_success", target=where, module=module) == 1
        assert ours.get("upkeep_probe_slow_threshold_seconds", target=where, module=module) == 1


def test_knows_the_targets_of_the_configuration(watch, serve):
    shop = serve(endpoints.answers(503))
    program = watch(endpoints.http("shop", shop.port, path="/health"), interval="1h")
    endpoints.wait_for_all(program, ["shop"])
    asked = shop.connections
    for name in ("shop", f"http://127.0.0.1:{shop.port}/health"):
        page = page_of(ask(program, name, module=""))
        assert page.get("probe_success", target="shop", module="http") == 0
        assert page.get("probe_http_status_code", target="shop", module="http") == 503
        assert page.get("probe_failure_info", target="shop", module="http", reason="status") == 1
    assert shop.connections == asked + 2, "asked at once, each time"
    runs = program.scrape().get("upkeep_probe_runs_total", target="shop", module="http")
    assert runs == 1, "its own schedule does not know of it"
    assert "neither a target" in refused(ask(program, f"http://127.0.0.1:{shop.port}/other"))


def test_asks_nobody_who_is_not_allowed(watch, serve, tmp_path):
    """Names that lead to what only this machine reaches, disguised addresses, redirects: no connection is made."""
    library, _ = endpoints.slow_resolver(tmp_path)  # for which hanging.example.com is 127.0.0.1
    inner = serve(endpoints.answers())
    redirect = serve(lambda connection, _: (
        endpoints.request_of(connection),
        connection.sendall(endpoints.answer(302, b"", [f"Location: http://{connection.getsockname()[0]}.nip.invalid/"])),
    ))
    inward = serve(lambda connection, _: (
        endpoints.request_of(connection),
        connection.sendall(endpoints.answer(302, b"", [f"Location: http://127.0.0.2:{inner.port}/"])),
    ))
    program = watch(
        modules=[LOOPBACK, {"name": "names", "allow": ["*.example.com", "192.0.2.0/24"]}],
        env={"LD_PRELOAD": str(library)},
    )
    port = inner.port
    for where in (f"127.0.0.2:{port}", f"http://127.1.1.1:{port}/", f"http://[::1]:{port}/", f"http://0x7f000002:{port}/",
                  f"http://localhost:{port}/", f"http://2130706434:{port}/", f"http://[::ffff:127.0.0.1]:{port}/"):
        assert "does not allow" in refused(ask(program, where)), where
    for where in ("file:///etc/passwd", "gopher://127.0.0.1/", f"http://user:pw@127.0.0.1:{port}/", "http://", "%00"):
        assert "target: " in refused(ask(program, where)), where
    assert "neither a target" in refused(ask(program, f"127.0.0.1:{port}", module="other"))
    assert "expected" in refused(ask(program, ""))
    assert "hostname" in refused(ask(program, f"127.0.0.1:{port}", hostname="a\r\nX: y"))
    # Allowed by its name, but not by what that means: a name server may say anything, and differently each time.
    message = refused(ask(program, f"hanging.example.com:{port}", module="names"))
    assert message == "hanging.example.com is 127.0.0.1, which is not allowed\n"
    assert inner.connections == 0
    for one in (redirect, inward):
        page = page_of(ask(program, f"127.0.0.1:{one.port}"))
        assert [dict(labels)["reason"] for labels in page.select("probe_failure_info")] == ["redirects"]
    assert inner.connections == 0
    assert program.get(f"/probe?target=127.0.0.1:{port}&hostname=shop.example.com").status == 200
    assert inner.connections == 1


def test_waits_no_longer_than_it_may_and_holds_up_nobody(watch, serve):
    hanging, good = serve(endpoints.silent), serve(endpoints.answers())
    program = watch(
        endpoints.http("good", good.port), timeout="3s", interval="5s", modules=[LOOPBACK], concurrency=1
    )  # fmt: skip
    where = f"127.0.0.1:{hanging.port}"
    began = time.monotonic()
    page = page_of(ask(program, where, headers={"X-Prometheus-Scrape-Timeout-Seconds": "1"}))
    assert 0.4 < time.monotonic() - began < 1.2, "half a second less than whoever asks allows"
    assert [dict(labels)["reason"] for labels in page.select("probe_failure_info")] == ["timeout"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        many = [pool.submit(ask, program, where) for _ in range(12)]
        time.sleep(0.5)
        for _ in range(5):
            assert program.scrape().seconds < 0.5
        answers = [one.result() for one in many]
    codes = [one.status for one in answers]
    assert codes.count(200) == 8 and codes.count(503) == 4, codes
    assert all(b"try again later" in one.body for one in answers if one.status == 503)
    assert max(one.seconds for one in answers) < 3.6
    assert endpoints.value(endpoints.wait_for_all(program, ["good"]), "probe_success", "good") == 1


def test_there_is_none_without_probes(watch):
    program = watch()
    assert program.get("/probe?target=a").status == 404
    assert servers.request(f"{program.url}/probe?target=a", method="POST").status == 404
