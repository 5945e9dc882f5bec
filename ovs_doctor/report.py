# SPDX-License-Identifier: Apache-2.0

"""The report: the cause, the cure, the errors that may follow; or JSON."""

from ovs_doctor import finding


def lines(findings):
    """Yield the cause, its hint, and the errors that it may explain."""
    cause, *others = errors_of(findings) or [None]
    if cause is None:
        yield 'no fault was found'
        return
    yield 'cause: %s' % cause
    yield 'hint: %s' % cause.hint
    if others:
        yield 'may follow from it; look again after the cure:'
    for found in others:
        yield '  %s' % found


def as_dict(findings):
    """The same for programs, with all findings."""
    cause, *others = errors_of(findings) or [None]
    return {'cause': cause and vars(cause),
            'follows': [vars(found) for found in others],
            'findings': [vars(found) for found in findings]}


def errors_of(findings):
    """The errors, in the order of causes: the first one is the cause."""
    return [found for found in findings if found.level == finding.ERROR]


def details(findings):
    """Yield a line for each finding, and one for its hint."""
    for found in findings:
        yield '%-8s %s' % (found.level, found)
        if found.hint:
            yield '%-8s hint: %s' % ('', found.hint)
