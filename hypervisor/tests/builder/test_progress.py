# SPDX-License-Identifier: Apache-2.0

import io

import pytest

from hypervisor.builder import progress


class Terminal(io.StringIO):

    def isatty(self):
        return True


def test_one_plain_line_a_phase():
    stream = io.StringIO()
    lines = progress.Progress(stream)
    with lines.phase('fetch'):
        pass
    with lines.phase('compile') as phase:
        phase.detail = '3 files'
    lines.sum_up()
    words = [line.split() for line in stream.getvalue().splitlines()]
    assert [line[0] for line in words] == ['fetch', 'compile', 'in']
    assert words[1][-2:] == ['3', 'files']
    assert '\r' not in stream.getvalue()


def test_a_phase_that_failed_is_not_reported_as_done():
    stream = io.StringIO()
    lines = progress.Progress(stream)
    with pytest.raises(ValueError):
        with lines.phase('fetch'):
            raise ValueError
    assert stream.getvalue() == ''


def test_a_terminal_shows_what_runs():
    lines = progress.Progress(Terminal())
    with lines.phase('fetch') as phase:
        phase.detail = '[1/2]'
        with lines.phase('compile'):
            shown = lines._line('|')
    assert shown.startswith('| fetch [1/2] 0.')
    assert ', compile' in shown


@pytest.mark.parametrize('seconds, text', [
    (0.04, '0.0 s'), (59.9, '59.9 s'), (60, '1 min 00'), (125.7, '2 min 05')])
def test_times(seconds, text):
    assert progress.duration(seconds) == text
