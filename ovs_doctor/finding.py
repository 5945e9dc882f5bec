# SPDX-License-Identifier: Apache-2.0

"""The finding of a check: an error keeps something from working, a warning
may; each of both has a hint.

A hint has its commands in double quotes, ready to be run in the checkout with
the variables of ``ovs-testbed openrc``.
"""

ERROR, WARNING, GOOD = 'error', 'warning', 'good'


class Finding:
    """One thing that was looked at, and how it is."""

    def __init__(self, level, what, seen, hint=''):
        self.level = level
        self.what = what
        self.seen = seen
        self.hint = hint

    def __str__(self):
        return '%s: %s' % (self.what, self.seen)


def judge(what, seen, wrong, hint, level=ERROR):
    """Make a finding of a level, or a good one without a hint."""
    return Finding(level if wrong else GOOD, what, seen,
                   hint if wrong else '')
