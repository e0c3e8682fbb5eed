# SPDX-License-Identifier: Apache-2.0
"""A program that knows its blocks (tests/test_glibc.py). It calls malloc by ctypes.

It writes `ready`, then one JSON line, reads `go`, gives back what it is to give
back, has glibc write down its sums, writes `done` and waits in read(0). Python
allocates nothing from glibc in between: small objects have their own allocator.
"""

import ctypes
import json
import os
import threading

libc = ctypes.CDLL(None)
WORD, SIZE = ctypes.c_void_p, ctypes.c_size_t


def function(name, result, *arguments):
    found = getattr(libc, name)
    found.restype, found.argtypes = result, arguments
    return found


malloc = function("malloc", WORD, SIZE)
calloc = function("calloc", WORD, SIZE, SIZE)
realloc = function("realloc", WORD, WORD, SIZE)
memalign = function("memalign", WORD, SIZE, SIZE)
free = function("free", None, WORD)
usable = function("malloc_usable_size", SIZE, WORD)
raw_read = function("read", ctypes.c_ssize_t, ctypes.c_int, WORD, SIZE)
raw_write = function("write", ctypes.c_ssize_t, ctypes.c_int, WORD, SIZE)
fmemopen = function("fmemopen", WORD, WORD, SIZE, ctypes.c_char_p)
malloc_info = function("malloc_info", ctypes.c_int, ctypes.c_int, WORD)
fflush = function("fflush", ctypes.c_int, WORD)
setvbuf = function("setvbuf", ctypes.c_int, WORD, WORD, ctypes.c_int, SIZE)
version = function("gnu_get_libc_version", ctypes.c_char_p)
has_mallinfo2 = hasattr(libc, "mallinfo2")
# A struct that is returned has a hidden first argument: where it is to lie.
mallinfo = function("mallinfo2" if has_mallinfo2 else "mallinfo", WORD, WORD)

SMALL = (1, 24, 25, 40, 72, 120, 136, 500, 1000)
MIDDLE = (1100, 2000, 5000, 20000, 60000)
LARGE = (200000, 1 << 20, 3 << 20)

held, given = [], {"cached": [], "fast": [], "binned": [], "top": [], "unmapped": []}


def hold(address):
    held.append((address, usable(address)))
    return address


def hold_all_kinds():
    for size in SMALL + MIDDLE + LARGE:
        hold(malloc(size))
        hold(calloc(1, size))
        hold(realloc(malloc(size), size + size // 2))
    for alignment in (32, 64, 4096, 65536, 1 << 20):
        hold(memalign(alignment, 3000))
        hold(memalign(alignment, 300000))


def make_free_ones(kept):
    """Blocks to be given back, with blocks between them that are kept. More than a cache takes."""
    made = {"cached": [], "fast": [], "binned": []}
    for size in (200, 360, 776):
        for _ in range(3):
            made["cached"].append(malloc(size))
            kept.append(malloc(size))
    for size in (33, 57, 110):
        for _ in range(40):
            made["fast"].append(malloc(size))
            kept.append(malloc(48))
    for size in (900,) * 40 + MIDDLE:
        made["binned"].append(malloc(size))
        kept.append(malloc(48))
    return made


def give_back(made):
    for blocks in made.values():
        for address in blocks:
            free(address)


def in_a_thread(done, wait, heaps):
    kept = []
    made = make_free_ones(kept)
    for _ in range(heaps * 700):
        kept.append(malloc(100000))
    sizes = [usable(address) for address in kept]
    give_back(made)
    done.append((kept, sizes, made))
    if wait is not None:
        raw_read(wait, place, 1)


def block_brk():
    """No memory directly behind that of brk: the main arena goes on elsewhere, by mmap."""
    sbrk = function("sbrk", WORD, ctypes.c_ssize_t)
    mmap = function("mmap", WORD, WORD, SIZE, *[ctypes.c_int] * 3, ctypes.c_long)
    flags = 0x100022  # MAP_FIXED_NOREPLACE, MAP_ANONYMOUS, MAP_PRIVATE
    end = sbrk(0) + 4095 & ~4095
    assert mmap(end, 4096, 0, flags, -1, 0) == end
    blocks.extend(malloc(60000) for _ in range(100))
    function("munmap", ctypes.c_int, WORD, SIZE)(end, 4096)


blocks = []
if os.environ.get("BLOCK_BRK"):
    block_brk()
held.extend((address, usable(address)) for address in blocks)
place = malloc(64)
pipe, _ = os.pipe()
told = []
threads = [(pipe, 0), (pipe, 1), (pipe, 0), (None, 0)]
for wait, heaps in threads:
    expected = len(told) + 1
    thread = threading.Thread(target=in_a_thread, args=(told, wait, heaps), daemon=True)
    thread.start()
    while len(told) < expected:
        pass
thread.join()
for kept, sizes, made in told:
    held.extend(zip(kept, sizes))

hold_all_kinds()
kept = []
mine = make_free_ones(kept)
held.extend((address, usable(address)) for address in kept)
# Of an arena of a thread, given back by this one.
foreign = told[0][0].pop()
held.remove((foreign, usable(foreign)))
unmapped = [malloc(size) for size in LARGE]
shrunk = realloc(malloc(1 << 20), 700000)
hold(shrunk)
grown = realloc(realloc(malloc(150000), 400000), 5 << 20)
hold(grown)

info = ctypes.create_string_buffer(1 << 18)
buffer = ctypes.create_string_buffer(1 << 18)
sums = (ctypes.c_uint64 * 10)()
later = (ctypes.c_uint64 * 8)()
stream = fmemopen(info, len(info), b"w")
setvbuf(stream, buffer, 0, len(buffer))
line = malloc(64)
ctypes.memmove(line, b"done\n", 5)
at_top = malloc(3000)

print("ready", flush=True)
print(
    json.dumps(
        {
            "glibc": version().decode(),
            "held": held,
            "cached": mine["cached"],
            "fast": mine["fast"],
            "binned": mine["binned"],
            "in_threads": [[made[kind] for kind in made] for _, _, made in told],
            "foreign": foreign,
            "unmapped": unmapped,
            "at_top": at_top,
            "mremaps": len(LARGE) + 3,
            "threads": sum(wait is not None for wait, _ in threads),
            "has_mallinfo2": has_mallinfo2,
            "mallinfo": ctypes.addressof(sums),
            "malloc_info": ctypes.addressof(info),
            "later": ctypes.addressof(later),
            "later_count": 4,
        }
    ),
    flush=True,
)

raw_read(0, place, 3)
free(at_top)
give_back({"cached": mine["cached"], "unmapped": unmapped, "foreign": [foreign]})
give_back({"binned": mine["binned"]})
# Some leave the unsorted bin for theirs, one is cut; then the fast bins are filled.
for number, size in enumerate((70000, 1500, 45, 4000)):
    later[2 * number] = malloc(size)
    later[2 * number + 1] = size
give_back({"fast": mine["fast"]})
malloc_info(0, stream)
fflush(stream)
mallinfo(ctypes.addressof(sums))
raw_write(1, line, 5)
raw_read(0, place, 1)
