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

"""Native threads, which cinder-volume can run in instead of green ones."""

import sys


def settle():
    """Have eventlet's pool of threads run what it is given where it is asked.

    Cinder 29 gives it the files of images in native threads, too. There it
    answers one thread, the first that asks; all others would wait for ever.
    """
    patcher = sys.modules.get('eventlet.patcher')
    if patcher and not patcher.is_monkey_patched('thread'):
        from eventlet import tpool
        tpool.set_num_threads(0)
