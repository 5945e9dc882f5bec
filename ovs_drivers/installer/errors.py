# SPDX-License-Identifier: Apache-2.0

"""Errors, each with its exit code and its cure."""


class InstallerError(Exception):
    """A refusal or failure that the user can do something about."""

    code = 1

    def __init__(self, problem, cure):
        super(InstallerError, self).__init__(problem, cure)
        self.problem = problem
        self.cure = cure

    def __str__(self):
        return '%s\n  hint: %s' % (self.problem, self.cure)


class NothingFound(InstallerError):
    """No environment, or no OpenStack package in it."""

    code = 3


class NotWritable(InstallerError):
    """This user may not write where a file has to go."""

    code = 4


class UnknownLayout(InstallerError):
    """A source file does not look like any release that is known."""

    code = 5


class ForeignChange(InstallerError):
    """Another tool modified a file that an installation changes."""

    code = 6


class ReleaseMismatch(InstallerError):
    """Packages of releases that do not belong together."""

    code = 7


class VerificationFailed(InstallerError):
    """The changed environment does not import; it was put back."""

    code = 8


class NotPutBack(InstallerError):
    """A failed run could not put back everything that it had changed."""


class Busy(InstallerError):
    """Another installer works on the same tree."""

    code = 9


class NotInstalled(InstallerError):
    """``check`` found an environment that is not completely installed."""

    code = 10


class NotTrusted(InstallerError):
    """Others than its owner may write in a tree, or its programs."""

    code = 11
