# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3
"""Classes of Cython: one that the collector knows, and one that is kept from it.

    lossy.forget(lossy.Record([]))    takes a reference that nobody gives back
"""

cimport cython
from cpython.ref cimport Py_INCREF


cdef class Record:
    cdef public object value

    def __init__(self, value):
        self.value = value


@cython.no_gc
cdef class Link:
    cdef public object other


def forget(thing):
    Py_INCREF(thing)
