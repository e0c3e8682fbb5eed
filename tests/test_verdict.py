# SPDX-License-Identifier: Apache-2.0
"""`plumb PID` on the sample service: each leak is named, with path and container; health is not one."""

import pytest

from support import service

VOUCHER = "shop.vouchers.UNKNOWN_VOUCHER.__traceback__(.tb_next)*"

# switch -> types of which one is named, paths of which one is given, the container that grew
LEAKS = {
    "exception": ({"traceback"}, {VOUCHER}, None),
    "default-arg": (
        {"shop.pricing.Quote"},
        {"shop.pricing.quote.__defaults__[0][*]"},
        "shop.pricing.quote.__defaults__[0]",
    ),
    "coroutine": (
        {"str"},
        {"shop.audit.writer._coro.cr_frame.f_locals['pending'][*]"},
        "shop.audit.writer._coro.cr_frame.f_locals['pending']",
    ),
    "linked-list": (
        {"dict"},
        {"shop.history.events.first(['next'])*", "shop.history.events.last(['previous'])*"},
        None,
    ),
    # A tuple whose address was reused looks old; then what it holds is named.
    "error-log": (
        {"tuple", "traceback"},
        {"shop.errors.log[*]", "shop.errors.log[*][2]", "shop.errors.log[*][2][2]"},
        "shop.errors.log",
    ),
}


def verdict_on(plumb, python, switch, *arguments, seconds=8, watches=1):
    """Watches until something is named, so many times at most: where other tests take the
    processor the load may rest for seconds, and what rests does not grow at every look."""
    with service.start(python, switch, *arguments) as shop:
        with shop.load("--connections", 4, "--rate", 150):
            for _ in range(watches):
                result = plumb(shop.pid, "--for", f"{seconds}s", "--looks", 5, "--json", code=0)
                if result.json["verdict"] != "none":
                    break
    return result.json


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15", newest=True)
@pytest.mark.parametrize("switch", LEAKS)
def test_each_leak_is_named_with_its_path_and_container(plumb, python, switch):
    types, paths, container = LEAKS[switch]
    document = verdict_on(plumb, python, switch, watches=3)
    assert document["verdict"] == "python-objects"
    suspect = document["suspects"][0]
    assert suspect["type"] in types
    assert suspect["path"] in paths
    if container is None:
        assert suspect["container"] is None
    else:
        assert suspect["container"]["path"] == container
        assert suspect["container"]["length_last"] > suspect["container"]["length_first"]


@pytest.mark.pythons("3.8", "3.11", "3.13", "3.15", newest=True)
@pytest.mark.parametrize(
    "switch, arguments",
    [("none", []), ("bounded-cache", []), ("warm-up", ["--warm-up-seconds", 1])],
)
def test_a_healthy_service_does_not_leak(plumb, python, switch, arguments):
    document = verdict_on(plumb, python, switch, *arguments)
    assert [suspect["path"] for suspect in document["suspects"]] == []
    assert document["verdict"] == "none"
