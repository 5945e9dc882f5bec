# SPDX-License-Identifier: Apache-2.0

"""The short form of fuzz.py, for every test run."""

import random

import fuzz


def test_hostile_clients_do_not_hurt_others():
    seed = random.SystemRandom().randrange(1 << 30)
    print('seed', seed)
    assert fuzz.run(600, seed) > 100
