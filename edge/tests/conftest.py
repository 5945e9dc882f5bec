# SPDX-License-Identifier: Apache-2.0

import os
import shutil
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from support import engine as engines  # noqa: E402

# a sanitizer's finding must end the engine, so that the test sees it
for name, value in (('ASAN_OPTIONS', 'detect_leaks=1:exitcode=66'),
                    ('UBSAN_OPTIONS', 'halt_on_error=1:exitcode=66'),
                    ('TSAN_OPTIONS', 'exitcode=66')):
    os.environ.setdefault(name, value)


def pytest_configure(config):
    config.addinivalue_line(
        'markers', 'waits: most of its time is a wait for a limit')


@pytest.fixture(autouse=True)
def no_engine_left():
    yield
    while engines.Engine.started:
        engines.Engine.started.pop().__exit__()


@pytest.fixture
def folder():
    path = engines.scratch_folder()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def data(folder):
    path = os.path.join(folder, 'store')
    os.mkdir(path)
    return path


@pytest.fixture
def engine(data):
    """An engine that must stop cleanly and leave a good store."""
    with engines.Engine(data) as engine:
        yield engine
        engine.stop()
    status, text = engines.check(data)
    assert status == 0, text


@pytest.fixture
def control(engine):
    with engine.options() as options:
        options.hello()     # from here on it may idle
        yield options
