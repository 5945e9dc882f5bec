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

"""The short form of faults.py, for every test run."""

import os
import random

import faults

from support import engine as engines


def test_faults():
    seed = random.SystemRandom().randrange(1 << 30)
    print('seed', seed)
    # the recorder and a sanitizer's library cannot both be the first
    recorder = None if engines.is_sanitized() else os.environ['OVS_RECORD']
    counts = faults.run(60 if recorder else 25, seed, recorder)
    assert counts['kill'] and counts['writes'] > 100
    assert counts['power cut'] or not recorder
