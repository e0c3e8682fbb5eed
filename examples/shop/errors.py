# SPDX-License-Identifier: Apache-2.0
"""What went wrong.  Leak (e): an error log that keeps sys.exc_info().

The third item of what it keeps is a traceback; with it come the frames that the exception passed
and all their locals: the body, the order, and the database handle that is closed when it goes out
of scope, which it never does.

    shop.errors.log[*][2][2].tb_frame.f_locals['body']              (shop.orders.reserve)
    shop.errors.log[*][2][2].tb_next.tb_frame.f_locals['handle']    (shop.stock.take)

In its healthy form it keeps the text of the last hundred.
"""

import collections
import sys
import traceback

from shop.settings import leaking

log = []
texts = collections.deque(maxlen=100)


def record(number):
    """Keeps the exception that is being handled."""
    if leaking("error-log"):
        log.append((number, "order failed", sys.exc_info()))
    else:
        texts.append("order %d: %s" % (number, traceback.format_exc()))
