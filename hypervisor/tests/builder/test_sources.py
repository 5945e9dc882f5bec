# SPDX-License-Identifier: Apache-2.0

import pytest

from harness import errors
from hypervisor.builder import sources

STANZAS = '''Types: deb
# a comment
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/archive.gpg

Types: deb deb-src
URIs: http://security.example/debian
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example
Suites: x
Components: main
'''


def test_one_line_sources(make_files):
    folder = make_files({'sources.list':
                         '# deb http://off.example x main\n'
                         'deb [signed-by=/k.gpg] http://a.example b main\n'
                         'deb-src [signed-by=/k.gpg] http://a.example b main\n'
                         'deb http://c.example d main\n'})
    (name, text), = sources.source_entries(folder)
    assert name.endswith('.list')
    assert text == ('deb-src [signed-by=/k.gpg] http://a.example b main\n'
                    'deb-src http://c.example d main\n')


def test_stanzas_keep_their_key_and_the_disabled_are_left_out(make_files):
    folder = make_files({'sources.list.d/debian.sources': STANZAS,
                         'sources.list.d/old.list.disabled': 'deb x y z'})
    (name, text), = sources.source_entries(folder)
    assert name.endswith('.sources')
    assert text.count('Types: deb-src\n') == 2
    assert 'Signed-By: /usr/share/keyrings/archive.gpg' in text
    assert 'off.example' not in text


def test_no_sources_at_all(make_files):
    folder = make_files({'sources.list': '# nothing\n'})
    with pytest.raises(errors.Error, match='apt has no sources'):
        list(sources.source_entries(folder))
