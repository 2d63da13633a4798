"""Interfaces and processes that come and go while they are read: nobody fails for it."""

import subprocess

import pytest

import invariants
import waiting

# Ends by itself, whatever becomes of the test.
CHURN = """
end=$(($(date +%s) + 60))
while [ $(date +%s) -lt $end ]; do
  for i in 0 1 2 3 4 5 6 7; do ip link add churn$i type KIND; done
  for i in 0 1 2 3 4 5 6 7; do ip link del churn$i; done
done
"""


@pytest.fixture
def churning(make_sandbox):
    corner = make_sandbox(network=True)
    for kind in ("dummy", "bridge", "ifb"):
        if subprocess.run([*corner.command, "ip", "link", "add", "try", "type", kind], check=False).returncode == 0:
            corner.run("ip", "link", "del", "try")
            break
    else:
        pytest.skip("this kernel has no interfaces to make and remove")
    churn = subprocess.Popen([*corner.command, "sh", "-c", CHURN.replace("KIND", kind)], stdin=subprocess.DEVNULL)
    yield corner
    churn.kill()
    churn.wait()


def test_interfaces_and_processes(upkeep, churning):
    program = upkeep(corner=churning)
    seen = set()

    def seen_churn():
        page = program.scrape()
        invariants.check_healthy(page)
        seen.update(page.label_values("node_network_info", "device"))
        seen.update(page.label_values("node_network_receive_bytes_total", "device"))
        return any(name.startswith("churn") for name in seen)

    waiting.until(seen_churn, 20, lambda: f"an interface that comes and goes among {seen}", every=0)
    invariants.check_nothing_grows(program)
    assert "Collector failed" not in program.log()
