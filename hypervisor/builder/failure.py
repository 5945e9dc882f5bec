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

"""What is told to the user when something does not work."""


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
            yield 'cure: %s' % self.cure
