# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
