# SPDX-License-Identifier: Apache-2.0

"""Does the Python of Cinder, os-brick and Nova find the drivers?"""

from ovs_doctor import finding
from ovs_doctor import probe

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
#: the programs that run the drivers of each package
_READERS = {'ovs_drivers': ('cinder-volume', 'nova-compute'),
            'cinder': ('cinder-volume',), 'nova': ('nova-compute',),
            'os_brick': ('cinder-volume', 'nova-compute')}


def look(patient):
    """Look for the files; thoroughly, let Python import them."""
    asked, questions = [], []
    for name, kinds in _READERS.items():
        pythons = {program.python: program
                   for program in patient.find(*kinds)}
        for program in pythons.values():
            found = _questions(patient, name, program)
            asked += [(name, program)] * len(found)
            questions += found
    seconds = _IMPORT_SECONDS if patient.thorough else probe.SECONDS
    wrong = {}
    for key, answer in zip(asked, probe.ask(patient, questions, seconds)):
        if answer.kind:
            wrong.setdefault(key, answer.said)
    for key in dict.fromkeys(asked):
        yield _judge(patient, *key, wrong.get(key))
    if not asked:
        yield finding.Finding(finding.GOOD, 'drivers',
                              'no cinder-volume and no nova-compute here')


def _questions(patient, name, program):
    """Return the questions about a package."""
    if name == _PACKAGE:
        return [('imports', {'module': _PACKAGE + '.storagedriver'}, program)]
    path, word = _FILES[name]
    questions = [('holds', {'package': name, 'path': path, 'word': word},
                  program)]
    if patient.thorough:
        questions.append(('imports', {'module': _MODULES[name]}, program))
    return questions


def _judge(patient, name, program, said):
    users = [other for other in patient.find(*_READERS[_PACKAGE])
             if other.python == program.python]
    is_only = len({other.python for other in patient.find(
        *_READERS[_PACKAGE])}) == 1
    return finding.judge(
        'drivers in %s' % name if is_only else
        'drivers in %s of %s' % (name, program.name), said or 'found',
        said is not None, 'run %s and %s' % (
            patient.cure_of_drivers(program.python),
            patient.restart(users).removeprefix('run ')))
