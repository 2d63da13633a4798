"""From a fault of a real endpoint to a page at PagerDuty, and to its end after the repair; and no scrape ever waits."""

import time

import endpoints
import servers
import waiting

def details(page):
    return page["payload"]["summary"] + page["payload"]["custom_details"]["firing"]


class Faulty:
    """An endpoint that a test can spoil."""

    def __init__(self):
        self.status, self.delay = 200, 0

    def __call__(self, connection, rogue):
        endpoints.request_of(connection)
        rogue.ended.wait(self.delay)
        connection.sendall(endpoints.answer(self.status))


def test_faults_page_whom_they_should_until_they_are_mended(make_stack, serve, tmp_path, monkeypatch, authority, nginx):
    library, flag = endpoints.slow_resolver(tmp_path)
    monkeypatch.setenv("LD_PRELOAD", str(library))
    wrong, slow, flapping = Faulty(), Faulty(), Faulty()
    down = serve(endpoints.answers())
    tls_port = servers.free_port()
    served = tmp_path / "served"
    served.mkdir()

    def install(name, days):
        for source, kind in zip(authority.issue(name, ends=days), ("pem", "key")):
            (served / f"served.{kind}").write_bytes(source.read_bytes())

    install("soon", 3)
    web = nginx((tls_port, (served / "served.pem", served / "served.key"), "return 200 ok;"))
    stack = make_stack(
        upkeep_config=endpoints.config(
            endpoints.http("down", down.port),
            endpoints.http("wrong", serve(wrong).port),
            endpoints.http("slow", serve(slow).port, slow_after="300ms"),
            endpoints.http("flapping", serve(flapping).port, retries=0),
            endpoints.http("hanging", down.port, host="hanging.example.com"),
            endpoints.http("fine", serve(endpoints.answers()).port),
            endpoints.http("tls", tls_port, scheme="https", tls={"ca_file": str(authority.file)}),
        )
    )
    monkeypatch.delenv("LD_PRELOAD")
    query = stack.prometheus.query

    def good(name):
        return query(f'probe_success{{target="{name}"}} == 1')

    waiting.until(lambda: all(map(good, ("wrong", "slow", "flapping", "hanging", "down", "fine", "tls"))), 30, "all to be good")
    expiring = stack.wait_for_trigger("EndpointTlsExpiring", "security", "critical")
    assert "tls" in details(expiring)

    down.close()
    wrong.status = 503
    slow.delay = 0.5
    flag.touch()
    began = time.monotonic()
    pages = {
        "wrong": stack.wait_for_trigger("EndpointWrongAnswer", "devops", "critical"),
        "slow": stack.wait_for_trigger("EndpointSlow", "devops", "warning"),
    }

    def about(name):
        found = [one for one in stack.events("EndpointDown", "trigger") if f"Endpoint {name} is down" in details(one)]
        return found[0] if found else None

    for name in ("down", "hanging"):
        pages[name] = waiting.until(lambda name=name: about(name), 60, f"a page for {name}")
    assert pages["down"]["dedup_key"] != pages["hanging"]["dedup_key"], "each endpoint is a page of its own"
    assert query('probe_failure_info{target="hanging", reason="dns"}')
    assert good("fine")
    # For as long as names hang: in time, and with all of it.
    while time.monotonic() - began < 15:
        page = stack.upkeep.scrape(timeout=2)
        assert page.seconds < 0.5
        assert page.get("upkeep_collector_success", collector="probes") == 1
        time.sleep(0.1)

    # It comes and goes until that is noticed.
    def flap():
        flapping.status = 200 if flapping.status != 200 else 500
        wanted = 1 if flapping.status == 200 else 0
        waiting.until(lambda: query(f'probe_success{{target="flapping"}} == {wanted}'), 10, "it to change")
        return stack.events("EndpointFlapping", "trigger")

    pages["flapping"] = waiting.until(flap, 60, "a page for one that comes and goes")[0]
    flapping.status = 200

    wrong.status = 200
    slow.delay = 0
    flag.unlink()
    install("late", 300)
    web.signal(1)
    revived = serve(endpoints.answers(), port=down.port)
    assert revived.port == down.port
    for page in [expiring, *pages.values()]:
        stack.wait_for_resolve(page, 120)
    assert stack.pagerduty.refused() == []
    assert not [one for one in stack.events("EndpointDown") if "Endpoint fine" in str(one)]


def test_probes_that_come_late_page(make_stack, serve, tmp_path):
    hanging = serve(endpoints.silent)
    slow = [endpoints.http(f"hanging{number}", hanging.port, retries=3) for number in range(6)]
    stack = make_stack(upkeep_config=endpoints.config(*slow, concurrency=1))
    page = stack.wait_for_trigger("EndpointProbesLate", "devops", "warning", seconds=90)
    assert "hanging" in details(page)
    (tmp_path / "upkeep.yml").write_text(endpoints.config(endpoints.http("good", serve(endpoints.answers()).port)))
    stack.upkeep.signal(1)
    stack.wait_for_resolve(page, 90)
