# SPDX-License-Identifier: Apache-2.0

"""Tests of the builder; nothing is compiled and no network is used."""

import os
import sys
import threading

import pytest

CHECKOUT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..',
                                        '..', '..'))
sys.path.insert(0, CHECKOUT)

from harness import wait  # noqa: E402


@pytest.fixture(autouse=True)
def not_stopped(monkeypatch):
    """Stopping is for the rest of a program; here for one test."""
    monkeypatch.setattr(wait, 'stopped', threading.Event())


@pytest.fixture
def make_files(tmp_path):
    """Return a function that makes files: {path: text}, below a folder."""
    def make(files, folder=tmp_path):
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return str(folder)
    return make
