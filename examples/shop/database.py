# SPDX-License-Identifier: Apache-2.0
"""A handle on the database of the shop.

One handle is opened for each look into the stock, as many small services do.  With sqlite3 it is a
real connection, to a database in memory that all connections share; some builds of Python lack
sqlite3, and then the handle looks into a dict.
"""

try:
    import sqlite3
except ImportError:
    sqlite3 = None

_STOCK = {"item-%d" % n: (0 if n % 4 == 0 else 1000000) for n in range(20)}
_URI = "file:shop?mode=memory&cache=shared"


def _create():
    keeper = sqlite3.connect(_URI, uri=True)
    keeper.execute("create table if not exists stock (item text primary key, left int)")
    keeper.executemany("insert or replace into stock values (?, ?)", _STOCK.items())
    keeper.commit()
    return keeper


# The shared database lives for as long as one connection to it is open.
_keeper = _create() if sqlite3 else None


class DatabaseHandle:
    """A connection, closed when the handle is dropped."""

    def __init__(self):
        self.connection = sqlite3.connect(_URI, uri=True) if sqlite3 else None

    def stock_of(self, item):
        if self.connection is None:
            return _STOCK.get(item, 0)
        row = self.connection.execute(
            "select left from stock where item = ?", (item,)
        ).fetchone()
        return row[0] if row else 0

    def close(self):
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def __del__(self):
        self.close()
