# SPDX-License-Identifier: Apache-2.0

"""The parts of the self-test that need no hypervisor."""

import subprocess
from xml.etree import ElementTree

import pytest

from harness import errors
from hypervisor.selftest import checks
from hypervisor.selftest import guest
from hypervisor.selftest import guest_image
from hypervisor.selftest import report as reports


def test_the_guests_script_is_a_script():
    subprocess.run(['sh', '-n', guest_image._INIT], check=True, timeout=60)


@pytest.mark.parametrize('line', [
    '[   12.1] blk_update_request: I/O error, dev vda, sector 8',
    '[   12.1] critical target error, dev vda, sector 0',
    '[   12.1] Buffer I/O error on dev vda, logical block 1'])
def test_errors_of_disks_on_the_console_are_found(line, tmp_path):
    (tmp_path / 'console.log').write_text('fine\n%s\n' % line)
    seen = guest.Guest(None, str(tmp_path), None, None)
    assert seen.disk_errors() == [line]


def test_blocks_that_are_not_the_last_written_are_found(monkeypatch):
    checked = checks.Checks('', '', None, '')
    blocks = []
    for number in range(checks._BLOCKS):
        line = b'block %d of the self-test\n' % number
        blocks.append((line * checks._BLOCK)[:checks._BLOCK])
    monkeypatch.setattr(checked, '_read_volume',
                        lambda volume: b''.join(blocks))
    checked._compare_blocks(checks._BLOCKS)
    with pytest.raises(errors.Error, match='block 64 was written'):
        checked._compare_blocks(checks._BLOCKS + 1)


def test_the_order_names_checks_that_exist():
    names = [name for name, _needed in checks.ORDER]
    for name, needed in checks.ORDER:
        assert getattr(checks.Checks, name).__doc__
        assert needed in (None, 'root') or (
            names.index(needed) < names.index(name))


def test_the_report_tells_of_each_check(tmp_path):
    report = reports.Report()
    report.passed('it runs')
    report.failed('it <writes>', OSError('disk & cable'))
    report.skipped('it reads', 'without "it <writes>"')
    assert report.counts == {'passed': 1, 'failed': 1, 'skipped': 1}
    report.write(tmp_path / 'junit.xml')
    cases = ElementTree.parse(tmp_path / 'junit.xml').iter('testcase')
    assert [(case.get('name'),
             [(part.tag, part.get('message')) for part in case])
            for case in cases] == [
        ('it runs', []),
        ('it <writes>', [('failure', 'disk & cable')]),
        ('it reads', [('skipped', 'without "it <writes>"')])]
