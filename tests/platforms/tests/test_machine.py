# SPDX-License-Identifier: Apache-2.0

"""The settings of a machine that another Debian on it needs."""

from tests.platforms import machine


def test_the_folders_that_pip_has_its_packages_in(tmp_path, monkeypatch):
    index, wheels = tmp_path / 'index', tmp_path / 'wheels'
    index.mkdir()
    wheels.mkdir()
    settings = tmp_path / '.config' / 'pip' / 'pip.conf'
    settings.parent.mkdir(parents=True)
    settings.write_text('[global]\nextra-index-url = file://%s/simple '
                        'https://index.example/simple file:///not/there\n'
                        % index)
    monkeypatch.setenv('PIP_FIND_LINKS', 'file://%s' % wheels)
    found = machine.paths(str(tmp_path))
    assert {str(index), str(wheels), str(settings.parent)} <= set(found)
    assert '/not/there' not in found


def test_variables_of_the_network_and_no_others():
    assert machine.variables({
        'PIP_CERT': '/c', 'https_proxy': 'p', 'NO_PROXY': 'n', 'SECRET': 's',
        'OVS_CACHE': '/x'}) == {
            'PIP_CERT': '/c', 'https_proxy': 'p', 'NO_PROXY': 'n'}
