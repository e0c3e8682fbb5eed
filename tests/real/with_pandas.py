# SPDX-License-Identifier: Apache-2.0
"""pandas at work: grouped, merged, resampled, written and read again."""

import io

import numpy
import pandas

table = pandas.DataFrame(
    {
        "number": range(1000),
        "letter": list("abcd") * 250,
        "weight": numpy.random.default_rng(1).normal(size=1000),
    }
)
grouped = table.groupby("letter").agg({"weight": ["mean", "std"]})
rolling = table.set_index("number").rolling(10).mean(numeric_only=True)
merged = table.merge(table, on="number")
days = pandas.date_range("2020-01-01", periods=100, tz="Europe/Berlin")
weeks = pandas.Series(range(100), index=days).resample("7D").sum()
again = pandas.read_csv(io.StringIO(table.to_csv()))
pivot = table.pivot_table(index="letter", values="weight")
kinds = table.letter.astype("category")
text = str(table) + str(grouped) + str(weeks)
