"""Waiting for a condition with a deadline: the only way tests wait."""

import time


def until(condition, seconds, what, every=0.05):
    """Polls until condition() is true and returns what it returned. Past the deadline, fails and says for what."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            description = what() if callable(what) else what
            raise AssertionError(f"not within {seconds} s: {description}")
        time.sleep(every)


def throughout(condition, seconds, what, every=0.05):
    """Fails as soon as condition() is false within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            raise AssertionError(f"not throughout {seconds} s: {what}")
        time.sleep(every)
