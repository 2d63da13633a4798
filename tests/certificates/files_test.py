"""Certificates in files: every state that one can be in, told as `openssl x509` tells it."""

import os
import time

import certificates
import pytest
from certificates import DAY


def of(page, name, path):
    """{subject_CN: value} of a family of x509_cert_*."""
    return {dict(labels)["subject_CN"]: v for labels, v in page.select(f"x509_cert_{name}", filepath=str(path)).items()}


def failed(page, path):
    return certificates.reason(page, "upkeep_certificate_file_failed", filepath=str(path))


@pytest.fixture
def looked_at(watch):
    """The page with these files."""
    return lambda *files, **settings: watch(files=[str(file) for file in files], **settings).scrape()


STATES = {
    "rsa": {"key": "rsa"},
    "ecdsa": {"key": "ec"},
    "ed25519": {"key": "ed25519"},
    "expired": {"start": -30 * DAY, "end": -DAY},
    "tomorrow": {"start": DAY, "end": 30 * DAY},
    "year-9999": {"end": "99991231235959Z"},
    "before-1970": {"start": "19500101000000Z", "end": "19690720201740Z"},
    "many-names": {"names": [f"DNS:host-{i}.example.com" for i in range(10_000)]},
}


def test_every_state_is_told_as_openssl_tells_it(root, looked_at):
    pairs = {name: root.sign(name, **state) for name, state in STATES.items()}
    page = looked_at(*[pair.certificate for pair in pairs.values()])
    for name, pair in pairs.items():
        path = str(pair.certificate)
        assert of(page, "not_after", path) == {name: certificates.end_of(path)}, name
        assert of(page, "expired", path) == {name: name in ("expired", "before-1970")}
        assert page.get("upkeep_certificate_file_present", filepath=path) == 1
        (info,) = page.select("upkeep_certificate_file_info", filepath=path)
        assert dict(info)["fingerprint_sha256"] == certificates.fingerprint_of(path)
    assert of(page, "not_after", pairs["year-9999"].certificate) == {"year-9999": 253402300799}
    assert of(page, "not_after", pairs["before-1970"].certificate) == {"before-1970": -14182940}
    assert of(page, "not_before", pairs["tomorrow"].certificate)["tomorrow"] > time.time()
    names = pairs["many-names"].certificate
    assert page.get("upkeep_certificate_file_names", filepath=str(names)) == 10_000
    assert all(len(dict(labels)["dns_names"].encode()) <= 256 for labels in page.select("upkeep_certificate_file_info"))
    kinds = {dict(labels)["key_type"] for labels in page.select("upkeep_certificate_file_info")}
    assert kinds == {"RSA", "EC", "ED25519"}


def test_bundles_der_and_pkcs12(root, looked_at, tmp_path):
    middle = certificates.Authority(tmp_path / "middle", "Test Issuer", parent=root)
    pair = middle.sign("shop")
    chain = tmp_path / "chain.pem"
    chain.write_text(pair.pem() + middle.pair.pem())
    broken = tmp_path / "broken.pem"
    broken.write_text(pair.pem() + root.pair.pem())
    der, store, secret = tmp_path / "shop.der", tmp_path / "shop.p12", tmp_path / "secret"
    certificates.openssl("x509", "-in", pair.certificate, "-outform", "DER", "-out", der)
    secret.write_text("s3cret\n")
    certificates.openssl(
        "pkcs12", "-export", "-in", pair.certificate, "-inkey", pair.key, "-passout", f"file:{secret}", "-out", store
    )
    locked = tmp_path / "locked.p12"
    locked.write_bytes(store.read_bytes())
    page = looked_at(chain, broken, der, locked, stores=[{"path": str(store), "password_file": str(secret)}])
    end = certificates.end_of(pair.certificate)
    assert of(page, "not_after", chain) == {"shop": end, "Test Issuer": certificates.end_of(middle.file)}
    assert of(page, "not_after", der) == of(page, "not_after", store) == {"shop": end}
    assert page.get("upkeep_certificate_file_chain_whole", filepath=str(chain)) == 1
    assert page.get("upkeep_certificate_file_chain_whole", filepath=str(broken)) == 0
    assert page.get("upkeep_certificate_key_matches", filepath=str(store), key_filepath=str(store)) == 1
    assert failed(page, locked) == "bad_passphrase"
    assert "s3cret" not in page.text


def test_what_is_no_certificate_is_told_with_its_reason_and_harms_no_other(root, looked_at, tmp_path):
    good = root.sign("good").certificate
    gigabyte = tmp_path / "gigabyte.pem"
    with open(gigabyte, "wb") as file:
        file.truncate(1 << 30)
    empty, half, words, link = (tmp_path / name for name in ("empty.pem", "half.pem", "words.pem", "link.pem"))
    empty.touch()
    half.write_text(good.read_text()[:300])
    words.write_text("No certificate at all.\n")
    link.symlink_to("gone.pem")
    fifo = tmp_path / "fifo.pem"
    os.mkfifo(fifo)
    page = looked_at(good, gigabyte, empty, half, words, link, fifo, tmp_path / "missing.pem")
    assert of(page, "not_after", good)
    reasons = {path: failed(page, path) for path in (gigabyte, empty, half, words, link, fifo)}
    assert reasons == {
        gigabyte: "too_large", empty: "no_certificate_found", half: "bad_pem", words: "decode_failed",
        link: "broken_symlink", fifo: "read_failed",
    }
    missing = str(tmp_path / "missing.pem")
    assert page.get("upkeep_certificate_file_present", filepath=missing) == 0
    assert failed(page, missing) == "not_found"
    assert page.get("x509_source_up", source_kind="file", source_name=missing) == 0
    assert page.get("x509_source_up", source_kind="file", source_name=str(good)) == 1
    assert page.get("upkeep_collector_success", collector="certificates") == 1
    # Nowhere an end that is none.
    assert set(page.select("x509_cert_not_after")) == set(page.select("x509_cert_not_after", filepath=str(good)))


def test_the_error_names_the_limit(watch, tmp_path):
    gigabyte = tmp_path / "gigabyte.pem"
    with open(gigabyte, "wb") as file:
        file.truncate(1 << 30)
    running = watch(files=str(gigabyte))
    assert "gigabyte.pem: larger than 1048576 bytes" in running.log()


def test_a_link_that_moves_is_followed(root, watch, tmp_path):
    """As certbot's do at each renewal."""
    live = tmp_path / "live/shop"
    live.mkdir(parents=True)
    link = live / "fullchain.pem"
    first, second = (root.sign("shop", file=f"fullchain{n}", end=n * 30 * DAY) for n in (1, 2))
    link.symlink_to(first.certificate)
    (live / "privkey.pem").symlink_to(first.key)
    running = watch(files=f"{tmp_path}/live/*/fullchain.pem")
    page = running.scrape()
    key = {"filepath": str(link), "key_filepath": str(live / "privkey.pem")}
    assert of(page, "not_after", link) == {"shop": certificates.end_of(first.certificate)}
    assert page.get("upkeep_certificate_key_matches", **key) == 1

    link.unlink()
    link.symlink_to(second.certificate)
    wanted = {"shop": certificates.end_of(second.certificate)}
    page = certificates.wait_for(running, lambda page: of(page, "not_after", link) == wanted, "the new one")
    assert page.get("upkeep_certificate_key_matches", **key) == 0  # the key stayed
    (live / "privkey.pem").unlink()
    (live / "privkey.pem").symlink_to(second.key)
    certificates.wait_for(running, lambda page: page.get("upkeep_certificate_key_matches", **key) == 1, "its key")


def test_half_written_keeps_what_was_known(root, watch):
    pair = root.sign("shop")
    text = pair.pem()
    running = watch(files=str(pair.certificate))
    before = of(running.scrape(), "not_after", pair.certificate)
    pair.certificate.write_text(text[: len(text) // 2])
    page = certificates.wait_for(running, lambda page: failed(page, pair.certificate) == "bad_pem", "the damage")
    assert of(page, "not_after", pair.certificate) == before
    pair.certificate.write_text(text)
    page = certificates.wait_for(running, lambda page: failed(page, pair.certificate) is None, "the repair")
    assert of(page, "not_after", pair.certificate) == before


def test_nothing_is_loaded_where_there_is_no_certificate(watch, tmp_path):
    running = watch(files=f"{tmp_path}/*.pem")
    with open(f"/proc/{running.pid}/maps", encoding="ascii") as maps:
        assert "libssl" not in maps.read()
