# SPDX-License-Identifier: Apache-2.0
"""The handler for `POST /orders`: reads an order, prices it, reserves what it needs, answers."""

import asyncio
import hashlib
import json
import time

from shop import audit, errors, history, pricing, sessions, stock, vouchers
from shop.settings import leaking

_workers = None  # a ThreadPoolExecutor when the service runs with --threads
_last_number = 0


def use_workers(workers):
    global _workers
    _workers = workers


def next_number():
    global _last_number
    _last_number += 1
    return _last_number


def fingerprint(body):
    return hashlib.sha256(body).hexdigest()


def reserve(number, body, order):
    try:
        for line in order["lines"]:
            stock.take(line["item"], line["count"])
        return "accepted"
    except stock.OutOfStock:
        errors.record(number)
        return "on back order"


async def place_order(body):
    """The reply to one order, as bytes.  Raises ValueError if the body is no order."""
    started = time.monotonic()
    number = next_number()
    order = read_order(body)
    history.note(number, "received")
    if leaking("bounded-cache"):
        sessions.visit(order["customer"], number)

    price = pricing.quote(number, order, vouchers.discount(body, order))
    history.note(number, "priced")
    if _workers is None:
        digest = fingerprint(body)
    else:
        loop = asyncio.get_running_loop()
        digest = await loop.run_in_executor(_workers, fingerprint, body)

    reply = {
        "order": number,
        "status": reserve(number, body, order),
        "cents": price.cents,
        "sha256": digest,
        "seconds": round(time.monotonic() - started, 6),
    }
    history.note(number, "answered")
    text = json.dumps(reply).encode()
    audit.record(number, body, text)
    return text


def read_order(body):
    order = json.loads(body.decode())
    if not isinstance(order, dict) or not isinstance(order.get("customer"), str):
        raise ValueError("an order is an object with a customer")
    for line in order.get("lines") or [None]:
        if not isinstance(line, dict) or not isinstance(line.get("item"), str):
            raise ValueError("each line of an order names an item")
        if not isinstance(line.get("count"), int) or not isinstance(line.get("cents"), int):
            raise ValueError("each line of an order has a count and a price in cents")
    return order
