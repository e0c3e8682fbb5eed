# SPDX-License-Identifier: Apache-2.0
"""Imports every module of the standard library that can be imported.

Those with an underscore come last, as modules that use them do: _asyncio of 3.9 to 3.11, say,
initializes itself twice when it comes before asyncio, and loses what it had from the first time.
"""

import importlib
import os
import pkgutil
import sys
import warnings

# They print, open a browser or a window, or are none of the library's.
LEFT_OUT = {"antigravity", "idlelib", "test", "this", "turtledemo", "__main__"}

warnings.simplefilter("ignore")


def top_level():
    folder = os.path.dirname(os.__file__)
    folders = [folder, os.path.join(folder, "lib-dynload")]
    names = {module.name for module in pkgutil.iter_modules(folders)}
    return names.union(sys.builtin_module_names)


def is_wanted(name):
    return name not in LEFT_OUT and "test" not in name and not name.startswith("xx")


def load(name):
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit):
        return 0
    inner = pkgutil.iter_modules(getattr(module, "__path__", []))
    return 1 + sum(load(name + "." + one.name) for one in inner if is_wanted(one.name))


names = sorted(filter(is_wanted, top_level()), key=lambda name: name.startswith("_"))
loaded = sum(load(name) for name in names)
