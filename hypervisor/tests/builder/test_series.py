# SPDX-License-Identifier: Apache-2.0

import pytest

from harness import errors
from hypervisor.builder import series

SERIES = {
    'qemu/7.2/series': '# ours\n0001-one.patch\n\n0002-two.patch\n',
    'qemu/7.2/0001-one.patch': 'one',
    'qemu/7.2/0002-two.patch': 'two',
    'qemu/8.0/series': '',
    'qemu/README.md': '',
}


def test_patches_in_the_order_of_the_series(make_files):
    loaded = series.load('qemu', '7.2', make_files(SERIES))
    assert loaded.patches == ('0001-one.patch', '0002-two.patch')
    assert list(loaded.hashes()) == list(loaded.patches)


def test_hashes_follow_the_content(make_files, tmp_path):
    folder = make_files(SERIES)
    before = series.load('qemu', '7.2', folder).hashes()
    (tmp_path / 'qemu/7.2/0002-two.patch').write_text('other')
    after = series.load('qemu', '7.2', folder).hashes()
    assert before['0001-one.patch'] == after['0001-one.patch']
    assert before['0002-two.patch'] != after['0002-two.patch']


def test_a_named_patch_that_is_missing(make_files, tmp_path):
    folder = make_files(SERIES)
    (tmp_path / 'qemu/7.2/0002-two.patch').unlink()
    with pytest.raises(errors.Error, match='0002-two.patch, which is not'):
        series.load('qemu', '7.2', folder)


def test_a_patch_that_is_not_named(make_files):
    folder = make_files(dict(SERIES, **{'qemu/7.2/0003-three.patch': ''}))
    with pytest.raises(errors.Error, match='not name 0003-three.patch'):
        series.load('qemu', '7.2', folder)


@pytest.mark.parametrize('package, version, same', [
    ('1:7.2+dfsg-7+deb12u18', '7.2', True),
    ('1:7.20+dfsg-1', '7.2', False),
    ('9.0.0-4+deb12u2', '9.0', True),
    ('9.0.0-4', '9.0.1', False),
    ('1:8.7.2-1', '7.2', False),
])
def test_which_version_a_package_is_of(package, version, same):
    assert series.is_of(package, version) is same


def test_the_newest_package_that_has_a_series(make_files):
    version, chosen = series.choose(
        'qemu', ['1:7.2+dfsg-7+deb12u9', '1:9.1-1',
                 '1:7.2+dfsg-7+deb12u18'], make_files(SERIES))
    assert version == '1:7.2+dfsg-7+deb12u18'
    assert chosen.version == '7.2'


def test_versions_in_their_order(make_files):
    folder = make_files(dict(SERIES, **{'qemu/10.0/series': ''}))
    assert series.versions('qemu', folder) == ['7.2', '8.0', '10.0']


def test_no_series_for_what_the_distribution_has(make_files):
    with pytest.raises(errors.Error) as caught:
        series.choose('qemu', ['1:10.0-1'], make_files(SERIES))
    assert str(caught.value) == ('the distribution has qemu 1:10.0-1; there '
                                 'are patches for 7.2, 8.0')
    assert '--sources' in caught.value.hint


def test_the_series_of_this_checkout_are_whole():
    for project in ('qemu', 'libvirt'):
        assert series.versions(project)
        for version in series.versions(project):
            assert series.load(project, version).patches
