# SPDX-License-Identifier: Apache-2.0

"""Errors that a user can act on."""

#: exit codes of the commands: a failure, wrong arguments, Ctrl-C
FAILED, USAGE, STOPPED = 1, 2, 130


class Error(Exception):
    """A failure that a user can act on.

    :param message: what is wrong
    :param hint: what to do about it
    :param log: path of the log that has the details
    """

    def __init__(self, message, hint=None, log=None):
        super().__init__(message)
        self.hint = hint
        self.log = log

    def lines(self):
        """Yield what a user reads: the message, the log, the hint."""
        yield str(self)
        if self.log:
            yield 'log: %s' % self.log
        if self.hint:
            yield 'hint: %s' % self.hint


class CommandFailed(Error):
    """A command ended with an error.

    :param said: what it wrote
    """

    def __init__(self, message, hint=None, log=None, said=''):
        super().__init__(message, hint, log)
        self.said = said


class TimedOut(Error):
    """A wait has ended in vain."""


class Stopped(Error):
    """A wait or a command was ended: the whole run is being stopped."""


class Busy(Error):
    """Another process has the lock."""
