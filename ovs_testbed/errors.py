# SPDX-License-Identifier: Apache-2.0

"""Errors that a user can act on."""


class TestbedError(Exception):
    """A failure that a user can act on.

    :param message: what is wrong
    :param hint: what to do about it
    :param log: path of the log that has the details
    """

    def __init__(self, message, hint=None, log=None):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = log


class CommandFailed(TestbedError):
    """A command ended with an error."""


class TestsFailed(TestbedError):
    """A suite of tests has run, and not all of it passed.

    :param results: how many passed, failed and were skipped
    """

    def __init__(self, message, results, log):
        super().__init__(message, log=log)
        self.results = results


class TimedOut(TestbedError):
    """A wait has ended in vain."""
