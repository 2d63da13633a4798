"""Certificates as servers show them: real ones, over every way to begin TLS."""

import pathlib
import shutil
import signal
import socket
import time

import certificates
import postgres
import pytest
from certificates import DAY, SServer, endpoint

PREFIX = "upkeep_certificate_endpoint_"


def value(page, name, endpoint="shop", **labels):
    return page.get(PREFIX + name, endpoint=endpoint, **labels)


def verdict(page, endpoint="shop"):
    return certificates.reason(page, PREFIX + "verify_failed", endpoint=endpoint)


def failure(page, endpoint="shop"):
    return certificates.reason(page, PREFIX + "failed", endpoint=endpoint)


def test_what_is_served_is_told_whole(root, watch, start, tmp_path):
    middle = certificates.Authority(tmp_path / "middle", "Test Issuer", parent=root, end=40 * DAY)
    pair = middle.sign(end=90 * DAY)
    server = start(SServer, pair, chain=middle.file)
    page = watch(endpoints=[endpoint("shop", server.address, ca_file=root.file)]).scrape()
    assert value(page, "up") == 1 and value(page, "verified") == 1 and failure(page) is None
    assert page.get("ssl_probe_success", endpoint="shop") == 1
    assert value(page, "not_after_seconds") == certificates.end_of(pair.certificate)
    assert value(page, "earliest_not_after_seconds") == certificates.end_of(middle.file)
    assert value(page, "verified_not_after_seconds") == certificates.end_of(middle.file)
    assert value(page, "chain_certificates") == 2
    assert page.get("ssl_tls_version_info", endpoint="shop", version="TLS 1.3") == 1
    ends = {dict(labels)["cn"]: end for labels, end in page.select("ssl_cert_not_after").items()}
    assert ends == {
        "localhost": certificates.end_of(pair.certificate),
        "Test Issuer": certificates.end_of(middle.file),
    }
    (info,) = page.select(PREFIX + "info", endpoint="shop")
    assert dict(info)["fingerprint_sha256"] == certificates.fingerprint_of(pair.certificate)
    assert dict(info)["cipher"] == "TLS_AES_256_GCM_SHA384"
    assert dict(info)["address"] == "127.0.0.1"
    assert 0 < value(page, "handshake_seconds") < 3
    assert abs(value(page, "seen_timestamp_seconds") - time.time()) < 30


VERDICTS = {
    "expired": {"start": -30 * DAY, "end": -60},
    "not_yet_valid": {"start": DAY},
    "hostname": {"name": "other.example.com"},
    "weak_key": {"key": "weak"},
    "purpose": {"extensions": "client"},
    None: {},
}


@pytest.mark.parametrize("reason", VERDICTS, ids=str)
def test_what_is_wrong_is_told_and_its_end_all_the_same(reason, root, watch, start):
    pair = root.sign(**VERDICTS[reason])
    server = start(SServer, pair, "-cipher", "DEFAULT@SECLEVEL=0")
    page = watch(endpoints=[endpoint("shop", server.address, ca_file=root.file)]).scrape()
    assert value(page, "up") == 1, failure(page)
    assert verdict(page) == reason
    assert value(page, "verified") == (reason is None)
    assert value(page, "not_after_seconds") == certificates.end_of(pair.certificate)


def test_a_weak_signature_above_is_told(root, watch, start, tmp_path):
    middle = certificates.Authority(tmp_path / "middle", "Test Issuer", parent=root)
    pair = middle.sign(digest="sha1")
    server = start(SServer, pair, "-cipher", "DEFAULT@SECLEVEL=0", chain=middle.file)
    page = watch(endpoints=[endpoint("shop", server.address, ca_file=root.file)]).scrape()
    assert verdict(page) == "weak_signature"


def test_who_is_not_trusted_is_told(root, watch, start, tmp_path):
    pair = root.sign()
    alone = certificates.self_signed(tmp_path)
    old = certificates.Authority(tmp_path / "old", "Old Issuer", parent=root, end=-DAY)
    of_old = old.sign()
    servers_of = {
        "unknown_authority": start(SServer, pair),
        "self_signed": start(SServer, alone),
        "chain_expired": start(SServer, of_old, chain=old.file),
    }
    endpoints = [
        endpoint("unknown_authority", servers_of["unknown_authority"].address),
        endpoint("self_signed", servers_of["self_signed"].address),
        endpoint("chain_expired", servers_of["chain_expired"].address, ca_file=root.file),
        endpoint("not_judged", servers_of["self_signed"].address, verify=False),
        endpoint("trusted_itself", servers_of["self_signed"].address, ca_file=alone.certificate),
        endpoint("no_ca", servers_of["self_signed"].address, ca_file=tmp_path / "missing.pem"),
    ]
    page = watch(endpoints=endpoints).scrape()
    for reason in servers_of:
        assert verdict(page, reason) == reason
        assert page.get("ssl_probe_success", endpoint=reason) == 0
    assert value(page, "verified", "not_judged") is None
    assert page.get("ssl_probe_success", endpoint="not_judged") == 1
    assert value(page, "verified", "trusted_itself") == 1
    assert failure(page, "no_ca") == "ca_file"


def test_revoked_says_the_answer_that_is_stapled(root, watch, start, tmp_path):
    good, bad = root.sign(file="good"), root.sign(file="bad")
    certificates.openssl("ca", "-config", "ca.cnf", "-keyfile", root.pair.key, "-cert", root.file, "-revoke",
                         bad.certificate, cwd=root.folder)
    for pair in (good, bad):
        certificates.openssl(
            "ocsp", "-index", "index.txt", "-CA", root.file, "-rsigner", root.file, "-rkey", root.pair.key,
            "-issuer", root.file, "-cert", pair.certificate, "-respout", pair.key.with_suffix(".ocsp"), "-ndays", "2",
            "-noverify", cwd=root.folder,
        )
    running = [start(SServer, pair, "-status_file", pair.key.with_suffix(".ocsp")) for pair in (good, bad)]
    page = watch(
        endpoints=[endpoint(n, s.address, ca_file=root.file) for n, s in zip(("good", "bad"), running)]
    ).scrape()
    assert verdict(page, "good") is None and verdict(page, "bad") == "revoked"
    assert page.get("ssl_ocsp_response_stapled", endpoint="good") == 1
    assert page.get("ssl_ocsp_response_status", endpoint="good") == 0
    assert page.get("ssl_ocsp_response_status", endpoint="bad") == 1
    assert page.get("ssl_ocsp_response_next_update", endpoint="good") > time.time() + DAY


@pytest.mark.parametrize("key", ["rsa", "ec", "ed25519"])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_every_kind_of_key_and_version(key, version, root, watch, start):
    pair = root.sign(key=key)
    server = start(SServer, pair, version)
    page = watch(endpoints=[endpoint("shop", server.address, ca_file=root.file)]).scrape()
    assert value(page, "verified") == 1
    wanted = {"-tls1_2": "TLS 1.2", "-tls1_3": "TLS 1.3"}[version]
    assert page.get("ssl_tls_version_info", endpoint="shop", version=wanted) == 1


def test_a_server_that_wants_a_certificate_of_ours_shows_its_own(root, watch, start):
    pair = root.sign()
    server = start(SServer, pair, "-Verify", "1", "-CAfile", root.file, "-verify_return_error", "-tls1_2")
    page = watch(endpoints=[endpoint("shop", server.address, ca_file=root.file)]).scrape()
    assert value(page, "not_after_seconds") == certificates.end_of(pair.certificate), failure(page)


def test_ten_thousand_names_are_served(root, watch, start):
    names = ["DNS:localhost"] + [f"DNS:host-{i}.example.com" for i in range(10_000)]
    pair = root.sign(names=names)
    server = start(SServer, pair)
    page = watch(endpoints=[endpoint("shop", server.address, ca_file=root.file)]).scrape()
    assert value(page, "verified") == 1, failure(page)


SCRIPTS = {
    "smtp": (b"220-hello\r\n220 mail\r\n", [b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n"]),
    "imap": (b"* OK hello\r\n", [b"* CAPABILITY IMAP4\r\nupkeep OK go\r\n"]),
    "pop3": (b"+OK hello\r\n", [b"+OK go\r\n"]),
    "ftp": (b"220 hello\r\n", [b"234 go\r\n"]),
    "ldap": (b"", [b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"]),
}


def test_starttls(root, watch):
    pair = root.sign()
    scripted = {name: certificates.Scripted(pair, *script) for name, script in SCRIPTS.items()}
    scripted["refuses"] = certificates.Scripted(pair, b"220 hello\r\n", [b"250 nothing\r\n", b"502 what?\r\n"])
    try:
        endpoints = [
            endpoint(name, server.address, ca_file=root.file, starttls="smtp" if name == "refuses" else name)
            for name, server in scripted.items()
        ]
        running = watch(endpoints=endpoints)
        page = running.scrape()
        for name in SCRIPTS:
            assert value(page, "verified", name) == 1, (name, failure(page, name))
            assert value(page, "not_after_seconds", name) == certificates.end_of(pair.certificate)
        assert failure(page, "refuses") == "starttls"
        assert "502 what?" in running.log()
    finally:
        for server in scripted.values():
            server.close()


def test_postgres_with_ssl(root, watch, tmp_path):
    pair = root.sign()
    with postgres.Cluster() as cluster:
        certificate, key = (pathlib.Path(cluster.data) / f"server.{kind}" for kind in ("crt", "key"))
        for source, target in ((pair.certificate, certificate), (pair.key, key)):
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)
            shutil.chown(target, postgres.USER)
        address = f"127.0.0.1:{cluster.port}"
        running = watch(endpoints=[endpoint("shop", address, starttls="postgres", ca_file=root.file)])
        assert failure(running.scrape()) == "starttls"  # ssl is off
        cluster.sql("ALTER SYSTEM SET ssl = on")
        cluster.sql("SELECT pg_reload_conf()")
        page = certificates.wait_for(running, lambda page: value(page, "verified") == 1, "TLS")
        assert value(page, "not_after_seconds") == certificates.end_of(pair.certificate)


def test_nginx_renewed_and_not_reloaded(root, watch, start, upkeep, tmp_path):
    pair = root.sign(folder=tmp_path, file="served", end=10 * DAY)
    nginx = start(certificates.Nginx, pair.certificate, pair.key)
    shop = endpoint("shop", nginx.address, ca_file=root.file, file=pair.certificate, reload_within="1m")
    running = watch(endpoints=[shop])
    both = {"endpoint": "shop", "filepath": str(pair.certificate)}
    page = running.scrape()
    assert page.get(PREFIX + "serves_file", **both) == 1
    assert value(page, "reload_within_seconds") == 60
    old = certificates.end_of(pair.certificate)

    renewed = root.sign(folder=tmp_path / "new", file="served", end=90 * DAY)
    before = time.time()
    certificates.replace(pair.key, renewed.key.read_text())
    certificates.replace(pair.certificate, renewed.pem())
    page = certificates.wait_for(running, lambda page: page.get(PREFIX + "serves_file", **both) == 0, "the difference")
    since = page.get(PREFIX + "differs_since_timestamp_seconds", **both)
    assert before - 1 <= since <= time.time()
    assert value(page, "not_after_seconds") == old
    # It is remembered over a restart.
    running.stop()
    running = upkeep(f"--config.file={tmp_path}/upkeep.yml", name="again")
    page = certificates.wait_for(running, lambda page: page.get(PREFIX + "serves_file", **both) == 0, "the difference")
    assert page.get(PREFIX + "differs_since_timestamp_seconds", **both) == since

    nginx.signal(signal.SIGHUP)
    page = certificates.wait_for(running, lambda page: page.get(PREFIX + "serves_file", **both) == 1, "the reload")
    assert page.get(PREFIX + "differs_since_timestamp_seconds", **both) is None
    assert value(page, "not_after_seconds") == certificates.end_of(pair.certificate)


def test_an_endpoint_that_is_gone_is_told_and_what_was_known_stays(root, watch, start):
    server = start(SServer, root.sign())
    running = watch(endpoints=[endpoint("shop", server.address, ca_file=root.file)])
    end = value(running.scrape(), "not_after_seconds")
    server.stop()
    page = certificates.wait_for(running, lambda page: value(page, "up") == 0, "its end")
    assert failure(page) == "refused"
    assert value(page, "not_after_seconds") == end
    assert page.get("ssl_probe_success", endpoint="shop") == 0


def test_a_hundred_dead_endpoints_hold_nobody_up(root, watch, start):
    server = start(SServer, root.sign())
    with socket.create_server(("127.0.0.1", 0), backlog=300) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        dead = [endpoint(f"dead-{i}", address, timeout="1s") for i in range(100)]
        running = watch(endpoints=[*dead, endpoint("shop", server.address, ca_file=root.file)])
        page = certificates.wait_for(running, lambda page: value(page, "verified") == 1, "the one that lives")
        assert {failure(page, f"dead-{i}") for i in range(100)} == {"timeout"}
        assert page.get("upkeep_collector_duration_seconds", collector="certificates") < 15  # in a row: 100
        assert running.threads() < 40
        assert page.seconds < 2
