# SPDX-License-Identifier: Apache-2.0
"""The zoo: at least one live specimen of every kind of object a Python process holds.

Each module of this package registers small functions with @feature; every one puts specimens
into the dictionary it is given, under names that say kind and state ("dict.split.deleted").
A specimen whose type does not exist in this Python simply raises, and the feature is listed
as skipped. Values inside specimens are made by fresh(), so that they are shared with nothing
and a reference that is missed or made up shows.

Everything here runs unchanged on CPython 3.8 to 3.15; newer syntax lives in strings.
"""

FEATURES = []


def feature(function):
    """Register one function that adds specimens to a dictionary."""
    FEATURES.append(function)
    return function


class Fresh:
    """A value that nothing else refers to; its only use is to have an address of its own."""

    __slots__ = ("label", "__weakref__")

    def __init__(self, label):
        self.label = label

    def __repr__(self):
        return "Fresh(%r)" % (self.label,)


def fresh(label):
    return Fresh(label)


def text(label):
    """A string that is neither interned nor shared."""
    return "-".join(["text", label])


def build(keep, report):
    """Run every registered feature. A failing one is reported with its reason."""
    for function in FEATURES:
        try:
            function(keep)
            report(function.__name__, None)
        except BaseException as error:  # noqa: B902 - a specimen may raise anything
            report(function.__name__, "%s: %s" % (type(error).__name__, error))
            del error
