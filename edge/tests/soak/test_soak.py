# SPDX-License-Identifier: Apache-2.0

"""The short form of soak.py, for every test run."""

import random

import soak


def test_twenty_seconds():
    seed = random.SystemRandom().randrange(1 << 30)
    print('seed', seed)
    done, _ = soak.run(20, 10, seed)
    assert done.kills >= 1 and done.operations() > 100
    assert sum(done.faults.counts.values()) > 5
