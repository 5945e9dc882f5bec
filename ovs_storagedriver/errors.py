# SPDX-License-Identifier: Apache-2.0

"""Errors that people see: each says what is wrong and what cures it."""


class ServiceError(Exception):
    """Why the service cannot do what it was asked."""

    exit_code = 1


class SettingsError(ServiceError):
    """An option or a line of the configuration is wrong."""

    exit_code = 2


class PortTaken(ServiceError):
    """Another process listens where this service has to."""

    exit_code = 3


class DataFolderInUse(ServiceError):
    """Another process serves this data folder."""

    exit_code = 4
