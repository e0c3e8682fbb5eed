# SPDX-License-Identifier: Apache-2.0
"""Oracle tests: what plumb reads from outside against what the process says of itself.

zoo/, oracle_program.py, oracle_truth.py and oracle_eval.py run in the target, on any CPython;
comparison.py, session.py and compare.py run in the test.
"""
