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
"""What goes wrong, and what helps against it."""


class TestbedError(Exception):
    """A failure that a user can act on.

    :param message: what is wrong
    :param cure: what to do about it
    :param log: path of the log that has the details
    """

    def __init__(self, message, cure=None, log=None):
        super().__init__(message)
        self.message = message
        self.cure = cure
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
    """What was waited for did not come."""
