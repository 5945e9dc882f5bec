# SPDX-License-Identifier: Apache-2.0

import pytest


@pytest.fixture(autouse=True)
def no_engine_left():
    """Leave engines alone: a class has one for all its tests, and ends it."""
