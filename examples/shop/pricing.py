# SPDX-License-Identifier: Apache-2.0
"""Prices.  Leak (b): a cache in a default argument.

The dict in the signature is made once, when the function is defined, and lives as long as the
function does.  Its key contains the number of the order, so it never hits and never ends.

    shop.pricing.quote.__defaults__[0][*]
"""

from shop.settings import leaking


class Quote:
    """What an order costs, with the text that is shown to the customer."""

    def __init__(self, number, cents, text):
        self.number = number
        self.cents = cents
        self.text = text


def _calculate(number, order, percent):
    cents = sum(line["count"] * line["cents"] for line in order["lines"])
    cents -= cents * percent // 100
    lines = ["%d x %s" % (line["count"], line["item"]) for line in order["lines"]]
    return Quote(number, cents, "order %d: %s" % (number, ", ".join(lines)))


def quote(number, order, percent, known={}):
    if not leaking("default-arg"):
        return _calculate(number, order, percent)
    key = (number, percent)
    if key not in known:
        known[key] = _calculate(number, order, percent)
    return known[key]
