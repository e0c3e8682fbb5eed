# SPDX-License-Identifier: Apache-2.0
"""What bench/run has measured, as tables: the rows, and the goals they are held against.

Nothing is measured here, so that the arithmetic can be tested without a heap.
"""

GB = 1e9

# What the design promises: (text, limit, which figure, whether at most or at least).
GOALS = (
    ("types and sizes, times faster than guppy", "faster_than_guppy", "at least", 10),
    ("types and sizes, times faster than pympler", "faster_than_pympler", "at least", 25),
    ("pause with fork, ms per GB", "fork_ms_per_gb", "at most", 25),
    ("pause with copy, ms per GB", "copy_ms_per_gb", "at most", 200),
    ("pause with fork, times the process's own fork()", "times_own_fork", "at most", 1.25),
    ("pause with copy, times the floor", "times_copy_floor", "at most", 1.25),
    ("a core, times shorter a stop than gdb's", "core_stop_ratio", "at least", 10),
    ("whole analysis, times the floor", "times_floor", "at most", 10),
    ("own peak memory of any command, times the target's", "memory_share", "at most", 0.7),
    ("snapshot with values, bytes an object", "bytes_per_object", "at most", 12),
    ("types and sizes of a snapshot, times capturing the graph", "times_capture", "at most", 0.1),
)

# Commands whose memory is held against the goal.  --pause=copy keeps a copy of what it reads.
LEAN = (
    "heap-fork",
    "why-one",
    "why-all",
    "leaks",
    "verdict",
    "snap",
    "heap-snapshot",
    "sql-snapshot",
    "why-snapshot",
    "core",
)


HEADING = (
    "tool",
    "what",
    "seconds",
    "cpu s",
    "x plumb heap",
    "stop ms",
    "ms per GB",
    "gap ms",
    "added",
)


class Row:
    """One line of the table: a measurement, or why there is none."""

    def __init__(
        self,
        key,
        tool,
        what,
        seconds=None,
        cpu_seconds=None,
        stop_ms=None,
        gap_ms=None,
        added=None,
        error=None,
    ):
        self.key = key  # which measurement this is
        self.tool = tool
        self.what = what
        self.seconds = seconds
        self.cpu_seconds = cpu_seconds
        self.stop_ms = stop_ms
        self.gap_ms = gap_ms
        self.added = added  # as a share of the target's resident size
        self.error = error


def figures(rows, facts):
    """The numbers behind GOALS, as far as there are any."""
    done = {row.key: row for row in rows if row.error is None}
    size = facts["heap"]["resident"] / GB if "heap" in facts else None
    plumb, copy = done.get("heap-fork"), done.get("heap-copy")
    found = {}
    if {"core", "gdb-core"} <= set(done):
        # What the process itself saw, of both.
        found["core_stop_ratio"] = done["gdb-core"].gap_ms / done["core"].gap_ms
    if "bytes_per_object" in facts:
        found["bytes_per_object"] = facts["bytes_per_object"]
    if "heap-snapshot" in done and "why-one" in done:
        # To find the path of one is a small part of it, and the rest is the capture.
        found["times_capture"] = done["heap-snapshot"].seconds / done["why-one"].seconds
    if plumb:
        found["memory_share"] = max(done[key].added for key in LEAN if key in done)
        if "guppy-heap" in done:
            found["faster_than_guppy"] = done["guppy-heap"].seconds / plumb.seconds
        if "pympler-summary" in done:
            found["faster_than_pympler"] = done["pympler-summary"].seconds / plumb.seconds
        if "floor" in done:
            found["times_floor"] = plumb.seconds / done["floor"].seconds
        found["fork_ms_per_gb"] = plumb.stop_ms / size
        if "floor-fork" in done:
            found["times_own_fork"] = plumb.stop_ms / done["floor-fork"].stop_ms
    if copy:
        found["copy_ms_per_gb"] = copy.stop_ms / size
        if "floor" in done:
            found["times_copy_floor"] = copy.stop_ms / (1000 * done["floor"].seconds)
    return found


def number(value, form):
    return "-" if value is None else form % value


def short(value):
    """Three digits or so."""
    if value is None:
        return "-"
    return "%.2f" % value if value < 10 else "%.1f" % value if value < 100 else "%.0f" % value


def result_table(rows, facts):
    """The rows as text: a heading and lines of cells."""
    base = next((row.seconds for row in rows if row.key == "heap-fork" and not row.error), None)
    heap = facts.get("heap")
    yield HEADING
    for row in rows:
        if row.error:
            yield (row.tool, row.what, row.error)
            continue
        per_gb = None
        if row.stop_ms is not None and heap:
            per_gb = row.stop_ms / (heap["resident"] / GB)
        yield (
            row.tool,
            row.what,
            number(row.seconds, "%.3f" if row.seconds < 1 else "%.2f"),
            short(row.cpu_seconds),
            short(row.seconds / base if base else None),
            short(row.stop_ms),
            short(per_gb),
            short(row.gap_ms),
            number(row.added, "%.2f x"),
        )


def goal_table(rows, facts):
    found = figures(rows, facts)
    yield ("goal", "wanted", "measured", "")
    for text, name, sense, limit in GOALS:
        value = found.get(name)
        if value is None:
            verdict = "not measured"
        elif (value >= limit) if sense == "at least" else (value <= limit):
            verdict = "met"
        else:
            verdict = "MISSED"
        yield (text, "%s %s" % (sense, limit), short(value), verdict)


def describe_run(objects, facts):
    heap = facts.get("heap")
    text = "%s objects" % format(objects, ",")
    if heap:
        text = "%s objects (%s tracked by the collector), %.2f GB resident, CPython %s" % (
            format(heap["objects"], ","),
            format(heap["tracked"], ","),
            heap["resident"] / GB,
            heap["python"],
        )
    text += "; %d cores, load %.1f and %.1f cores in use before the start" % (
        facts["cores"],
        facts["load"],
        facts["busy"],
    )
    if max(facts["load"], facts["busy"]) > facts["cores"] / 4:
        text += " (busy: these figures are too high)"
    tools = ", ".join("%s %s" % item for item in facts["versions"].items())
    return "%s; %s" % (text, tools) if tools else text


def aligned(table):
    """A table as text.  An error takes the place of the cells that it has no numbers for."""
    table = list(table)
    full = [line for line in table if len(line) == len(table[0])]
    widths = [max(len(line[i]) for line in full) for i in range(len(table[0]))]
    for line in table:
        for i in range(min(2, len(line))):
            widths[i] = max(widths[i], len(line[i]))
    for line in table:
        cells = [
            cell if len(line) != len(table[0]) and i == 2
            else cell.ljust(widths[i]) if i < 2 else cell.rjust(widths[i])
            for i, cell in enumerate(line)
        ]  # fmt: skip
        yield "  ".join(cells).rstrip()


def markdown(table):
    table = list(table)
    width = len(table[0])
    yield "| %s |" % " | ".join(table[0])
    yield "|%s" % "".join("---|" if i < 2 else "--:|" for i in range(width))
    for line in table[1:]:
        cells = [cell.replace("|", "\\|") for cell in line] + [""] * (width - len(line))
        yield "| %s |" % " | ".join(cells)


def write_markdown(path, objects, rows, facts):
    lines = [describe_run(objects, facts) + ".", ""]
    lines += markdown(result_table(rows, facts))
    lines += [""]
    lines += markdown(goal_table(rows, facts))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
