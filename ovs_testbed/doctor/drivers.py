# SPDX-License-Identifier: Apache-2.0

"""Does the Python of Cinder, os-brick and Nova find the drivers?"""

import os

from ovs_testbed.doctor import finding
from ovs_testbed.doctor import probe

#: a file, and a word that it has once the drivers are installed, by package
_FILES = {'cinder': ('volume/drivers/openvstorage_edge.py', 'ovs_drivers'),
          'nova': ('virt/libvirt/driver.py', 'openvstorage'),
          'os_brick': ('initiator/connector.py', 'openvstorage')}
_MODULES = {'cinder': 'cinder.volume.drivers.openvstorage_edge',
            'nova': 'nova.virt.libvirt.volume.openvstorage_edge',
            'os_brick': 'os_brick.initiator.connectors.openvstorage'}
#: for an import of all of Nova, on a machine that is busy
_IMPORT_SECONDS = 20
_PACKAGE = 'ovs_drivers'
#: the programs that run them
_READERS = ('c-vol', 'n-cpu')


def look(patient):
    """Look for the files; thoroughly, let Python import them."""
    questions = [('imports', {'module': _PACKAGE + '.storagedriver'})]
    questions += [('holds', {'package': package, 'path': path, 'word': word})
                  for package, (path, word) in _FILES.items()]
    names = [_PACKAGE] + list(_FILES)
    if patient.thorough:
        questions += [('imports', {'module': module})
                      for module in _MODULES.values()]
        names += list(_MODULES)
    seconds = _IMPORT_SECONDS if patient.thorough else probe.SECONDS
    wrong = {}
    for name, answer in zip(names, probe.ask(patient, questions, seconds)):
        if answer.kind:
            wrong.setdefault(name, answer.said)
    for name in [_PACKAGE] + list(_FILES):
        yield finding.judge(
            'drivers in ' + name, wrong.get(name, 'found'), name in wrong,
            _hint(patient))


def _hint(patient):
    python = os.path.join(patient.testbed.cache.environment, 'bin', 'python')
    return 'run %s and %s' % (
        patient.command('shell', '--', python, '-m',
                        'ovs_drivers.installer.main', 'install', '--python',
                        python), patient.command('restart', *_READERS))
