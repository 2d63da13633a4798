"""From a fault of a real certificate to a page at PagerDuty, and to its end after the repair."""

import os
import signal
import time

import certbot_test
import certificates
import waiting
from certificates import DAY, SServer, endpoint


def details(page):
    return page["payload"]["summary"] + page["payload"]["custom_details"]["firing"]


def test_what_lies_on_disk(root, make_stack, tmp_path):
    expiring, mismatched = (root.sign(name, folder=tmp_path / name) for name in ("expiring", "mismatched"))
    damaged = root.sign("damaged", folder=tmp_path / "damaged")
    stores = [{"path": str(pair.certificate), "key": str(pair.key)} for pair in (expiring, mismatched, damaged)]
    running = make_stack(upkeep_config=certificates.config(tmp_path / "state", stores=stores))

    def query(expression):
        return running.prometheus.query(expression)

    waiting.until(lambda: len(query("upkeep_certificate_key_matches == 1")) == 3, 30, "three sound certificates")
    assert query('ALERTS{alertname=~"Certificate.*"}') == []

    # Nobody renews one, another one gets a key of something else, a third is cut off.
    good = {pair.certificate: pair.pem() for pair in (expiring, damaged)}
    key = mismatched.key.read_text()
    certificates.replace(
        expiring.certificate, root.sign("expiring", folder=tmp_path / "expiring", file="late", end=10 * DAY).pem()
    )
    certificates.replace(expiring.key, (tmp_path / "expiring/late.key").read_text())
    certificates.replace(mismatched.key, root.sign("else").key.read_text())
    damaged.certificate.write_text(damaged.pem()[:400])
    pages = [
        running.wait_for_trigger("CertificateExpiring", "maintenance", "warning"),
        running.wait_for_trigger("CertificateKeyMismatch", "maintenance", "critical"),
        running.wait_for_trigger("CertificateUnreadable", "devops", "warning"),
    ]
    assert "9d " in details(pages[0]) and "Certificate expiring" in details(pages[0])
    assert "mismatched.key" in details(pages[1])
    assert "damaged.pem" in details(pages[2]) and "bad_pem" in details(pages[2])

    # It goes on, to its last days.
    certificates.replace(
        expiring.certificate, root.sign("expiring", folder=tmp_path / "expiring", file="late", end=3 * DAY).pem()
    )
    critical = running.wait_for_trigger("CertificateExpiring", "maintenance", "critical")
    pages.append(critical)

    renewed = root.sign("expiring", folder=tmp_path / "renewed", end=90 * DAY)
    certificates.replace(expiring.key, renewed.key.read_text())
    certificates.replace(expiring.certificate, renewed.pem())
    certificates.replace(mismatched.key, key)
    certificates.replace(damaged.certificate, good[damaged.certificate])
    for page in pages:
        running.wait_for_resolve(page)
        running.check_one_incident(page)


def test_what_is_served(root, make_stack, start, tmp_path):
    pair = root.sign(folder=tmp_path, file="served", end=30 * DAY)
    nginx = start(certificates.Nginx, pair.certificate, pair.key)
    expired = start(SServer, root.sign(file="expired", start=-30 * DAY, end=-60))
    other = start(SServer, root.sign("other.example.com"))
    endpoints = [
        endpoint("shop", nginx.address, ca_file=root.file, file=pair.certificate, reload_within="1s"),
        endpoint("expired", expired.address, ca_file=root.file),
        endpoint("other", other.address, ca_file=root.file),
    ]
    running = make_stack(upkeep_config=certificates.config(tmp_path / "state", endpoints=endpoints))
    pages = [
        running.wait_for_trigger("CertificateServedExpired", "maintenance", "critical"),
        running.wait_for_trigger("CertificateVerificationFailed", "maintenance", "critical"),
    ]
    assert "expired" in details(pages[0])
    assert "hostname" in details(pages[1]) and "other" in details(pages[1])
    assert running.events("CertificateNotReloaded") == []

    # Renewed on disk, and the old one still served.
    renewed = root.sign(folder=tmp_path / "new", file="served", end=90 * DAY)
    certificates.replace(pair.key, renewed.key.read_text())
    certificates.replace(pair.certificate, renewed.pem())
    page = running.wait_for_trigger("CertificateNotReloaded", "maintenance", "warning")
    assert "shop" in details(page) and "served.pem" in details(page)
    nginx.signal(signal.SIGHUP)
    running.wait_for_resolve(page)
    running.check_one_incident(page)

    # Those of others are mended; then one goes away for good.
    good = root.sign(file="good")
    for server in (expired, other):
        server.stop()
        start(SServer, good, port=server.port)
    for page in pages:
        running.wait_for_resolve(page)
        running.check_one_incident(page)
    nginx.stop()
    page = running.wait_for_trigger("CertificateEndpointUnreachable", "devops", "warning")
    assert "refused" in details(page)
    start(SServer, good, port=nginx.port)
    running.wait_for_resolve(page)
    running.check_one_incident(page)


def test_what_else_lies_on_disk(root, make_stack, tmp_path):
    names = ("expired", "early", "chain")
    pairs = {name: root.sign(name, folder=tmp_path / name) for name in names}
    good = {name: pair.pem() for name, pair in pairs.items()}
    later = tmp_path / "later"
    later.mkdir()
    running = make_stack(
        upkeep_config=certificates.config(
            tmp_path / "state", files=[*(str(pair.certificate) for pair in pairs.values()), f"{later}/*.pem"]
        )
    )
    up = "x509_source_up == 1"
    waiting.until(lambda: len(running.prometheus.query(up)) == 4, 30, "four sound sources")

    certificates.replace(
        pairs["expired"].certificate, root.sign("expired", folder=tmp_path / "2", start=-30 * DAY, end=-60).pem()
    )
    certificates.replace(pairs["early"].certificate, root.sign("early", folder=tmp_path / "3", start=DAY).pem())
    certificates.replace(pairs["chain"].certificate, good["chain"] + good["early"])
    later.rmdir()
    later.symlink_to(later)  # which can be listed by nobody, not even by root
    pages = [
        running.wait_for_trigger("CertificateExpired", "maintenance", "critical"),
        running.wait_for_trigger("CertificateNotYetValid", "maintenance", "warning"),
        running.wait_for_trigger("CertificateChainBroken", "maintenance", "warning"),
        running.wait_for_trigger("CertificateSourceUnreadable", "devops", "warning"),
    ]
    for page, word in zip(pages, ("expired.pem", "early.pem", "chain.pem", "later")):
        assert word in details(page)

    for name, pair in pairs.items():
        certificates.replace(pair.certificate, good[name])
    later.unlink()
    later.mkdir()
    for page in pages:
        running.wait_for_resolve(page)
        running.check_one_incident(page)


def test_renewals(root, make_stack, tmp_path):
    home, log = tmp_path / "letsencrypt", tmp_path / "letsencrypt.log"
    root.sign("shop", folder=home / "live/shop", file="fullchain")
    renewal = home / "renewal/shop.conf"
    renewal.parent.mkdir()
    log.write_text(certbot_test.BAD)
    certbot = {"directory": str(home), "log": str(log), "attempt_within": "2d"}
    running = make_stack(upkeep_config=certificates.config(tmp_path / "state", certbot=certbot))
    pages = [
        running.wait_for_trigger("CertificateRenewalFailed", "maintenance", "warning"),
        running.wait_for_trigger("CertificateRenewalNotConfigured", "maintenance", "warning"),
    ]
    renewal.write_text("[renewalparams]\nauthenticator = webroot\n")
    log.write_text(certbot_test.RUN)
    for page in pages:
        assert "shop" in details(page)
        running.wait_for_resolve(page)
        running.check_one_incident(page)
    long_ago = time.time() - 3 * DAY
    os.utime(log, (long_ago, long_ago))
    page = running.wait_for_trigger("CertificateRenewalOverdue", "maintenance", "warning")
    os.utime(log)
    running.wait_for_resolve(page)
    running.check_one_incident(page)


def test_what_else_is_served(root, make_stack, start, tmp_path):
    def sign(name, **validity):
        return root.sign(folder=tmp_path / name, file="served", **validity)

    servers = {"expiring": sign("soon", end=10 * DAY), "early": sign("early", start=DAY), "old": sign("old", end=3 * DAY)}
    running_servers = {name: start(SServer, pair) for name, pair in servers.items()}
    renewed, stored = sign("renewed"), tmp_path / "stored.pem"
    stored.write_text(servers["old"].pem())
    endpoints = [endpoint(name, server.address, ca_file=root.file) for name, server in running_servers.items()]
    endpoints[-1] |= {"file": str(stored), "reload_within": "1s"}
    running = make_stack(upkeep_config=certificates.config(tmp_path / "state", endpoints=endpoints))
    same = "upkeep_certificate_endpoint_serves_file == 1"
    waiting.until(lambda: running.prometheus.query(same), 30, "the file to be served")
    (tmp_path / "state").touch()  # where its directory should be
    certificates.replace(stored, renewed.pem())
    pages = [
        running.wait_for_trigger("CertificateServedExpiring", "maintenance", "warning"),
        running.wait_for_trigger("CertificateServedNotYetValid", "maintenance", "critical"),
        running.wait_for_trigger("CertificateNotReloaded", "maintenance", "critical"),
        running.wait_for_trigger("CertificateStateUnwritable", "devops", "warning"),
        running.wait_for_trigger("CertificateServedExpiring", "maintenance", "critical"),
    ]
    assert "expiring" in details(pages[0]) and "early" in details(pages[1]) and "old" in details(pages[2])
    assert "old" in details(pages[4])
    (tmp_path / "state").unlink()
    for server in running_servers.values():
        server.stop()
        start(SServer, renewed, port=server.port)
    for page in pages:
        running.wait_for_resolve(page)
        running.check_one_incident(page)
