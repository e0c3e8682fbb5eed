# SPDX-License-Identifier: Apache-2.0
"""What the shop sells.  Healthy: loaded in the background for a while, then it stays as it is."""

import asyncio

from shop import settings

PRODUCTS = 30000
STEPS = 60

products = {}
loader = None


class Product:
    """One thing to buy."""

    def __init__(self, number):
        self.name = "product-%d" % number
        self.words = ["word-%d" % (number * 7 + n) for n in range(3)]
        self.cents = 1000 + number


async def load():
    for step in range(STEPS):
        for number in range(step * PRODUCTS // STEPS, (step + 1) * PRODUCTS // STEPS):
            products[number] = Product(number)
        await asyncio.sleep(settings.warm_up_seconds / STEPS)


def start():
    global loader
    loader = asyncio.get_running_loop().create_task(load())


async def stop():
    loader.cancel()
    await asyncio.gather(loader, return_exceptions=True)
