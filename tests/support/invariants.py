"""What holds whatever breaks: healthy collectors deliver in time, and nothing piles up."""

# Of collectors that read nothing a test breaks.
ALWAYS_THERE = ("node_load1", "node_memory_MemTotal_bytes", "node_time_seconds", "node_boot_time_seconds")


def failing(page):
    """The collectors that say they fail."""
    return {dict(labels)["collector"] for labels, value in page.select("upkeep_collector_success").items() if value == 0}


def check_healthy(page, but=()):
    """Every collector but those named says it succeeds, and the data of some is there."""
    assert failing(page) <= set(but), failing(page)
    assert page.select("upkeep_collector_success"), "no collector at all"
    for name in ALWAYS_THERE:
        assert page.get(name) is not None, f"no {name}"


def check_nothing_grows(upkeep, but=(), scrapes=1000):
    """Neither threads nor descriptors grow over many scrapes; each holds every healthy collector's data."""
    for _ in range(20):
        upkeep.scrape()
    threads, descriptors = upkeep.threads(), upkeep.descriptors()
    for _ in range(scrapes):
        check_healthy(upkeep.scrape(), but)
    # One connection that the program has not yet closed may be there by chance.
    assert upkeep.threads() <= threads
    assert upkeep.descriptors() <= descriptors + 1
