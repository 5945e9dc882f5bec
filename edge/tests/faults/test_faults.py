# SPDX-License-Identifier: Apache-2.0

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
