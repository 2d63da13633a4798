"""Beside Debian's blackbox_exporter, on the same endpoints: the same names, the same verdicts, the same values."""

import pathlib
import time
import urllib.parse

import yaml

import comparison
import endpoints
import metrics
import servers

HERE = pathlib.Path(__file__).parent


class Blackbox(comparison.Exporter):
    def __init__(self, folder, modules):
        path = pathlib.Path(folder) / "blackbox.yml"
        path.write_text(yaml.safe_dump({"modules": modules}))
        super().__init__(folder, "prometheus-blackbox-exporter", f"--config.file={path}")

    def probe(self, module, where):
        query = urllib.parse.urlencode({"module": module, "target": where})
        return metrics.Page(servers.request(f"{self.url}/probe?{query}").body)


class OfOne:
    """What a page says of one target, without the labels that say which; none of what only we say."""

    def __init__(self, page, name):
        self.samples = {}
        for (family, labels), value in page.samples.items():
            known = dict(labels)
            if known.pop("target", None) != name or family.startswith("upkeep_"):
                continue
            known.pop("module")
            self.samples[family, tuple(sorted(known.items()))] = value
        families = {family for family, _ in self.samples}
        self.types = {family: kind for family, kind in page.types.items() if family in families}


def excused(name, difference):
    """It does not read the body of a redirect that it does not follow."""
    return name == "stays" and difference.startswith("value probe_http_uncompressed_body_length")


def cases(serve, nginx, authority):
    """name: (module of blackbox_exporter, its settings, its target, our settings)."""
    trusted = str(authority.file)
    ports = endpoints.free_ports(("plain", "tls", "expired"))
    modified = "add_header Last-Modified 'Wed, 21 Oct 2026 07:28:00 GMT'; return 200 '{\"status\":\"ok\"}';"
    locations = (
        f"location / {{ {modified} }}\nlocation /moved {{ return 301 /there; }}\n"
        "location /there { return 200 there; }\nlocation /ill { return 503 ill; }"
    )
    nginx(
        (ports["plain"], None, locations),
        (ports["tls"], authority.issue("beside"), locations),
        (ports["expired"], authority.issue("beside-expired", begins=-9, ends=-2), locations),
    )
    plain, tls, expired = (f"http{'s' if name != 'plain' else ''}://127.0.0.1:{port}" for name, port in ports.items())
    closed = servers.free_port()
    redis, silent = serve(endpoints.redis).port, serve(endpoints.silent).port
    name_server = endpoints.NameServer({"shop.example.com": "192.0.2.7"})
    names = f"127.0.0.1:{name_server.port}"
    http = {"prober": "http", "timeout": "2s", "http": {"preferred_ip_protocol": "ip4"}}

    def with_(**settings):
        return http | {"http": http["http"] | settings}

    ca = {"tls_config": {"ca_file": trusted}}
    ours_ca = {"tls": {"ca_file": trusted}}
    tcp = {"prober": "tcp", "timeout": "2s", "tcp": {"preferred_ip_protocol": "ip4"}}
    ask = {"preferred_ip_protocol": "ip4", "transport_protocol": "udp"}
    dns = {"prober": "dns", "timeout": "2s", "dns": ask | {"query_name": "shop.example.com", "query_type": "A"}}
    soa = {"prober": "dns", "timeout": "2s", "dns": ask | {"query_name": "shop.example.com", "query_type": "SOA"}}
    ping = {"query_response": [{"send": "PING\r"}, {"expect": "^.PONG"}]}
    all_cases = {
        "good": (http, plain, {"url": plain}),
        "moved": (http, plain + "/moved", {"url": plain + "/moved"}),
        "stays": (with_(follow_redirects=False), plain + "/moved", {"url": plain + "/moved", "follow_redirects": False}),
        "ill": (http, plain + "/ill", {"url": plain + "/ill"}),
        "ill-wanted": (with_(valid_status_codes=[503]), plain + "/ill", {"url": plain + "/ill", "expect": {"status": [503]}}),
        "head": (with_(method="HEAD"), plain, {"url": plain, "method": "HEAD"}),
        "post": (with_(method="POST", body="x"), plain, {"url": plain, "method": "POST", "body": "x"}),
        "body": (
            with_(fail_if_body_not_matches_regexp=["ok"]), plain, {"url": plain, "expect": {"body": "ok"}},
        ),
        "not-body": (
            with_(fail_if_body_matches_regexp=["ok"]), plain, {"url": plain, "expect": {"not_body": "ok"}},
        ),
        "refused": (http, f"http://127.0.0.1:{closed}", {"url": f"http://127.0.0.1:{closed}"}),
        "silent": (http, f"http://127.0.0.1:{silent}", {"url": f"http://127.0.0.1:{silent}"}),
        "tls": (with_(**ca), tls, {"url": tls} | ours_ca),
        "stranger": (http, tls, {"url": tls}),
        "careless": (with_(tls_config={"insecure_skip_verify": True}), expired, {"url": expired, "tls": {"insecure": True}}),
        "tcp": (tcp, f"127.0.0.1:{redis}", {"tcp": f"127.0.0.1:{redis}"}),
        "tcp-closed": (tcp, f"127.0.0.1:{closed}", {"tcp": f"127.0.0.1:{closed}"}),
        "tcp-tls": (
            tcp | {"tcp": tcp["tcp"] | {"tls": True} | ca}, f"127.0.0.1:{ports['tls']}",
            {"tcp": f"127.0.0.1:{ports['tls']}"} | ours_ca,
        ),
        "redis": (
            tcp | {"tcp": tcp["tcp"] | ping}, f"127.0.0.1:{redis}",
            {"tcp": f"127.0.0.1:{redis}", "send": "PING\r\n", "expect": {"body": r"^\+PONG"}},
        ),
        "dns": (dns, names, {"dns": names, "query": "shop.example.com"}),
        "dns-soa": (soa, names, {"dns": names, "query": "shop.example.com", "type": "SOA"}),
    }  # fmt: skip
    return all_cases, name_server


def test_same_names_verdicts_and_values(start, watch, serve, nginx, authority):
    all_cases, name_server = cases(serve, nginx, authority)
    with name_server:
        modules = {name: module for name, (module, _, _) in all_cases.items()}
        other = start(Blackbox, modules)
        program = watch(
            *(endpoints.target(name, **ours) for name, (_, _, ours) in all_cases.items()), interval="2s", timeout="2s"
        )
        page = endpoints.wait_for_all(program, all_cases, 30)
        intended = comparison.Intended(HERE / "intended_differences.txt")
        problems, families = [], set()
        for name, (_, where, _) in all_cases.items():
            mine = OfOne(page, name)
            for _ in range(3):  # an answer may come just when a page is made
                one = comparison.Comparison(intended, own=("blackbox_",))
                theirs = other.probe(name, where)
                one.look(theirs, mine, theirs)
                if not one.all_differences():
                    break
                time.sleep(0.1)
                mine = OfOne(program.scrape(), name)
            problems += [f"{name}: {difference}" for difference in one.all_differences() if not excused(name, difference)]
            families |= one.families
    assert not problems, "\n".join(["", *problems])
    assert len(families) > 20, families
    assert intended.unused() == []
