"""What certbot keeps: whether it renews, and when it last tried."""

import os
import time

import certificates
from certificates import DAY

RUN = "2026-10-02 06:11:08,528:DEBUG:certbot._internal.renewal:no renewal failures\n"
BAD = "2026-10-02 06:11:08,5:ERROR:certbot._internal.renewal:Failed to renew certificate shop with error: no route\n"


def test_renewals(root, watch, tmp_path):
    home, log = tmp_path / "letsencrypt", tmp_path / "letsencrypt.log"
    root.sign("shop", folder=home / "live/shop", file="fullchain")
    (home / "renewal").mkdir()
    log.write_text(RUN)
    then = time.time() - 5 * DAY
    os.utime(log, (then, then))
    running = watch(
        files=f"{home}/live/*/fullchain.pem", certbot={"directory": str(home), "log": str(log), "attempt_within": "2d"}
    )
    page = running.scrape()
    assert page.get("upkeep_certbot_renewal_configured", lineage="shop") == 0
    assert page.get("upkeep_certbot_renewal_failed", lineage="shop") == 0
    assert abs(page.get("upkeep_certbot_last_attempt_timestamp_seconds") - then) < 1
    assert page.get("upkeep_certbot_attempt_within_seconds") == 2 * DAY

    (home / "renewal/shop.conf").write_text("[renewalparams]\nauthenticator = webroot\n")
    log.write_text(BAD)
    page = certificates.wait_for(
        running, lambda page: page.get("upkeep_certbot_renewal_failed", lineage="shop") == 1, "the failure"
    )
    assert page.get("upkeep_certbot_renewal_configured", lineage="shop") == 1
    assert page.get("upkeep_certbot_last_attempt_timestamp_seconds") > then + DAY
