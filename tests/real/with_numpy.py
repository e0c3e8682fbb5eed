# SPDX-License-Identifier: Apache-2.0
"""numpy at work: its arrays, its compiled modules, its masks, records and objects."""

import numpy
import numpy.fft
import numpy.linalg
import numpy.ma
import numpy.random

table = numpy.arange(100000.0).reshape(100, 1000)
product = table.T @ table
factors = numpy.linalg.svd(table, full_matrices=False)
sample = numpy.random.default_rng(1).normal(size=1000)
spectrum = numpy.fft.fft(sample)
records = numpy.array(
    [(1, 2.0, "x")] * 10, dtype=[("number", "i4"), ("weight", "f8"), ("name", "U5")]
)
objects = numpy.array([object() for _ in range(10)], dtype=object)
masked = numpy.ma.masked_array(sample, mask=sample > 0)
view = table[::2, 10:]
text = str(table) + str(records) + str(masked)
