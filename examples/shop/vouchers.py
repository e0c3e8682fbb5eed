# SPDX-License-Identifier: Apache-2.0
"""Discounts.  Leak (a): one exception instance that is raised again and again.

`raise UNKNOWN_VOUCHER` does not start a new traceback: the interpreter puts the new entries in
front of the `__traceback__` that the instance already has.  So the chain grows by two entries for
each request (this function and its caller), each entry holds its frame, and each frame its locals:
the bodies of all requests ever refused.

    shop.vouchers.UNKNOWN_VOUCHER.__traceback__(.tb_next)*.tb_frame.f_locals['body']
"""

from shop.settings import leaking


class UnknownVoucher(Exception):
    """The voucher of an order is not one of ours."""


UNKNOWN_VOUCHER = UnknownVoucher("unknown voucher")  # made once, "it is faster"

_PERCENT = {"SPRING": 5, "WELCOME": 10}


def percent_off(body, code):
    # `body` is there for the log line that somebody once wanted; nobody reads it.
    if code in _PERCENT:
        return _PERCENT[code]
    if leaking("exception"):
        raise UNKNOWN_VOUCHER
    raise UnknownVoucher("unknown voucher")


def discount(body, order):
    try:
        return percent_off(body, order.get("voucher"))
    except UnknownVoucher:
        return 0
