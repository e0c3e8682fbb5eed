# SPDX-License-Identifier: Apache-2.0
"""One oracle program, started, asked for its truth, and looked at by plumb."""
import itertools
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from oracle import captured, comparison  # noqa: E402
from support import processes  # noqa: E402

BESIDE = [HERE / "zoo", HERE / "oracle_truth.py", HERE / "oracle_eval.py"]
# Kinds of edges that a name leads along, which Python can follow as well.
NAMED_KINDS = ("attribute", "index", "value", "key", "local", "type")

ASKED_ALWAYS = ("builtins.builtin_function_or_method",)


class Session:
    """A context manager; the target is still whenever no method of this runs."""

    def __init__(self, python, arguments=(), environment=None, options=(), timeout=180):
        self.python = python
        self.target = processes.start(python, HERE / "oracle_program.py", arguments, env=environment,
                                      options=options, beside=BESIDE, timeout=timeout)
        self._numbers = itertools.count()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.target.stop()

    @property
    def pid(self):
        return self.target.pid

    def ask(self, line):
        answer = self.target.ask(line)
        still = self.target.read_line()
        if still != "still" or answer.startswith("error"):
            raise processes.TargetError(f"{line!r}: {answer!r}, then {still!r}\n{self.target.stderr()}")
        return answer

    def file(self, name):
        """A new file that both sides can name: (host's path, target's path)."""
        path = self.target.folder / f"{name}-{next(self._numbers)}"
        return path, "/" + str(path.relative_to(self.python.root or "/"))

    def truth(self, earlier=None):
        path, inside = self.file("truth")
        self.ask(f"dump {inside}")
        found = comparison.load_truth(path, earlier)
        path.unlink()
        return found

    def evaluates_to(self, expression, address):
        """Does Python itself come to the object at `address`? "yes", or what it came to."""
        return self.ask(f"eval {expression} {address:#x}")

    def graph(self, tool):
        """Runs dump_graph on the target; its output never lies in memory as a whole."""
        return self.run(tool, comparison.load_graph)

    def captured(self, tool):
        """Runs check_capture on the target."""
        return self.run(tool, captured.load)

    def run(self, tool, load):
        errors, _ = self.file("errors")
        with open(errors, "w+b") as stderr, subprocess.Popen(
                [str(tool), str(self.pid)], stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
            found = load(process.stdout)
        if process.returncode:
            raise processes.TargetError(f"{tool} {self.pid}: exit {process.returncode}\n{errors.read_text()}")
        return found

    def wrong_labels(self, graph, truth, kinds=NAMED_KINDS):
        """[verdict, from, kind, label, to] of the names that Python does not follow to `to`.

        Every name of every type is asked about once, where it is met first; but every name of the
        types in ASKED_ALWAYS, where one object has another meaning of the name than the next.
        """
        import json
        asked, asked_inside = self.file("labels")
        answers, answers_inside = self.file("answers")
        known = set()
        with open(asked, "w") as output:
            for address, line in graph.objects.items():
                if address not in truth.objects:
                    continue
                owner = truth.objects[address][0]
                always = truth.type_name(owner) in ASKED_ALWAYS
                for kind, label, to, flags in line["edges"]:
                    name = (owner, kind, label)
                    if kind in kinds and (always or name not in known) and "c" not in flags and to in truth.objects:
                        known.add(name)
                        output.write(json.dumps([address, kind, label, to]) + "\n")
        count = int(self.ask(f"labels {asked_inside} {answers_inside}").split()[1])
        with open(answers) as lines:
            return count, [json.loads(line) for line in lines]
