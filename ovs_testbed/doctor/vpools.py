# SPDX-License-Identifier: Apache-2.0

"""Does each vPool answer at both ports to cinder-volume, and is it the one
that is meant?"""

from ovs_testbed import testbeds
from ovs_testbed.doctor import finding
from ovs_testbed.doctor import probe

_DRIVER = 'OpenvStorageEdgeVolumeDriver'
_READER = 'c-vol'
_GIB = 1 << 30


def look(patient):
    """Ask both ports of each vPool that cinder-volume is told of."""
    configuration = _configuration(patient)
    enabled = _enabled(configuration)
    yield _judge_enabled(patient, configuration, enabled)
    known = _vpools(configuration)
    questions = [(port, {'options': configuration.section(name)})
                 for name in known for port in ('xml_rpc', 'edge')]
    answers = iter(probe.ask(patient, questions))
    for name in known:
        yield _judge(patient, configuration, name, next(answers),
                     next(answers))


def names(patient):
    """The names of all volumes of all vPools, None if one does not answer."""
    configuration = _configuration(patient)
    answers = probe.ask(patient, [
        ('xml_rpc', {'options': configuration.section(name)})
        for name in _vpools(configuration)])
    if any(answer.kind for answer in answers):
        return None
    return set().union(*(answer.facts['names'] for answer in answers))


def _configuration(patient):
    """That of cinder-volume."""
    return next(found for found, names in patient.configurations(
        patient.services['cinder']) if _READER in names)


def _enabled(configuration):
    return [name.strip() for name in configuration.get(
        'DEFAULT', 'enabled_backends', '').split(',')]


def _vpools(configuration):
    """The back ends that are vPools."""
    return [name for name in _enabled(configuration)
            if _DRIVER in configuration.get(name, 'volume_driver', '')]


def _judge_enabled(patient, configuration, enabled):
    """Each back end needs a section, and each vPool is one."""
    unknown = [name for name in enabled
               if name not in configuration.sections()]
    missing = [name for name in testbeds.VPOOLS if name not in enabled]
    seen = ', '.join(enabled)
    if unknown:
        seen += '; no section: ' + ', '.join(unknown)
    if missing:
        seen += '; not: ' + ', '.join(missing)
    return finding.judge(
        'back ends of cinder-volume', seen, bool(unknown or missing),
        'the vPools are %s; set %s, then %s' % (
            ','.join(testbeds.VPOOLS),
            configuration.place('DEFAULT', 'enabled_backends'),
            patient.restart([_READER])))


def _judge(patient, configuration, name, xml_rpc, edge):
    """Put both answers together: the first one that is wrong counts."""
    restart = patient.restart([_READER])
    if xml_rpc.kind == 'denied':
        return finding.Finding(
            finding.ERROR, 'vPool ' + name,
            'vpool_guid is not its guid: ' + xml_rpc.said,
            'correct the guid: %s shows it; set %s, then %s' % (
                patient.command(
                    'shell', '--', '/usr/bin/python3', '-m',
                    'ovs_storagedriver', 'status', '--config',
                    patient.testbed.path('data', 'openvstorage',
                                         'ovs-storagedriver.conf')),
                configuration.place(name, 'vpool_guid'), restart))
    for port, answer in (('xml_rpc_port', xml_rpc), ('edge_port', edge)):
        if answer.kind:
            return _judge_address(patient, configuration, name, port, answer)
    if not _are_one(xml_rpc.facts['names'], edge.facts['names']):
        return finding.Finding(
            finding.ERROR, 'vPool ' + name,
            'its ports belong to different vPools', 'correct %s, then %s' % (
                configuration.place(name, 'edge_port'), restart))
    return _judge_room(name, xml_rpc.facts)


def _judge_address(patient, configuration, name, port, answer):
    """Tell why a port does not answer: of a wrong address, or another
    cause."""
    options = configuration.section(name)
    right = _address(patient.testbed, name)
    wrong = [option for option in right
             if options.get(option) != right[option]]
    seen = '%s of %s %s: %s' % (port, options.get('storage_ip'),
                                _WORDS[answer.kind], answer.said)
    if (options.get('xml_rpc_port'), options.get('edge_port')) == (
            right['edge_port'], right['xml_rpc_port']):
        seen = 'xml_rpc_port and edge_port are swapped: ' + seen
    hint = 'look at service ovs-sd: %s' % patient.testbed.log('ovs-sd')
    if wrong:
        hint = 'correct the address: set %s, then %s' % (', '.join(
            '%s to %s' % (configuration.place(name, option), right[option])
            for option in wrong), patient.restart([_READER]))
    return finding.Finding(finding.ERROR, 'vPool ' + name, seen, hint)


def _address(testbed, name):
    """The options of a vPool's address, as they are on a testbed."""
    above = 10 * testbeds.VPOOLS.index(name)
    return {'storage_ip': testbeds.ADDRESS,
            'xml_rpc_port': str(testbed.ports['xml-rpc'] + above),
            'edge_port': str(testbed.ports['edge'] + above)}


def _are_one(names, others):
    """Tell whether two lists may be of one vPool, which may change
    meanwhile."""
    return not names or not others or bool(set(names) & set(others))


_WORDS = {'refused': 'is closed', 'silent': 'does not answer',
          'missing': 'cannot be asked', 'failed': 'fails'}


def _judge_room(name, facts):
    free, total = facts['free'], facts['total']
    if free is None:
        return finding.Finding(finding.GOOD, 'vPool ' + name, 'answers')
    return finding.judge(
        'vPool ' + name, 'answers; %.1f of %.1f GiB free, %d volumes' % (
            free / _GIB, total / _GIB, len(facts['names'])),
        free < _GIB, 'delete volumes, or make room in its folder')
