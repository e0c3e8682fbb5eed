# SPDX-License-Identifier: Apache-2.0
"""The stock of the shop, in a small database.  Of a part of the items there is never enough."""

from shop.database import DatabaseHandle


class OutOfStock(Exception):
    """There is less of an item than was ordered."""


def take(item, count):
    handle = DatabaseHandle()  # closes itself when the last reference goes
    left = handle.stock_of(item)
    if left < count:
        raise OutOfStock("%s: %d ordered, %d left" % (item, count, left))
    return left - count
