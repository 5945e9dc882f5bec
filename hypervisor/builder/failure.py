# SPDX-License-Identifier: Apache-2.0

"""Errors with a hint for the user."""


class Failure(Exception):
    """A step that failed.

    :param text: what is wrong, in one line
    :param cure: what the user can do about it
    :param log: path of the log that has the whole story
    """

    def __init__(self, text, cure=None, log=None):
        super().__init__(text)
        self.cure = cure
        self.log = log

    def lines(self):
        yield str(self)
        if self.log:
            yield 'log: %s' % self.log
        if self.cure:
            yield 'hint: %s' % self.cure
