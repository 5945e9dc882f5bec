# SPDX-License-Identifier: Apache-2.0

"""The key of the edge component: what is compiled, and nothing else."""

import os

from hypervisor.builder.components import component
from hypervisor.builder.components import edge

HOME = os.path.join(edge.CHECKOUT, 'edge')


def test_every_source_and_header_counts():
    sources = edge.Edge().identity(prefix=None)['sources']
    compiled = [path for path in component.files_below(HOME)
                if path.endswith(('.c', '.h'))
                and not path.startswith(('tests/', 'bench/'))]
    assert sorted(set(compiled) - set(sources)) == []
    assert 'meson.build' in sources


def test_tests_do_not_count():
    sources = edge.Edge().identity(prefix=None)['sources']
    assert not [path for path in sources if path.startswith('tests/')]
