# SPDX-License-Identifier: Apache-2.0

"""Does each vPool answer at both ports to cinder-volume, and is it the one
that is meant?"""

from ovs_doctor import finding
from ovs_doctor import probe

_DRIVER = 'OpenvStorageEdgeVolumeDriver'
_READER = 'cinder-volume'
_GIB = 1 << 30


def look(patient):
    """Ask both ports of each vPool that cinder-volume is told of."""
    for program in patient.find(_READER)[:1]:
        configuration = patient.configuration_of(program)
        yield _judge_enabled(patient, configuration, program)
        yield from _judge_all(patient, configuration, program)
        return
    yield finding.Finding(finding.GOOD, 'vPools', 'no cinder-volume here')


def _judge_all(patient, configuration, program):
    known = enabled(configuration)
    answers = iter(probe.ask(patient, [
        (port, {'options': configuration.section(name)}, program)
        for name in known for port in ('xml_rpc', 'edge')]))
    for name in known:
        yield _Judge(patient, configuration, program, name).judge(
            next(answers), next(answers))


def names(patient):
    """{vPool: the names of its volumes}; None if one does not answer, or no
    cinder-volume is here."""
    for program in patient.find(_READER)[:1]:
        configuration = patient.configuration_of(program)
        known = enabled(configuration)
        answers = probe.ask(patient, [
            ('xml_rpc', {'options': configuration.section(name)}, program)
            for name in known])
        if not any(answer.kind for answer in answers):
            return {name: set(answer.facts['names'])
                    for name, answer in zip(known, answers)}
    return None


def _backends(configuration):
    return [name.strip() for name in configuration.get(
        'DEFAULT', 'enabled_backends', '').split(',') if name.strip()]


def enabled(configuration):
    """The back ends that are vPools."""
    return [name for name in _backends(configuration)
            if _DRIVER in configuration.get(name, 'volume_driver', '')]


def _judge_enabled(patient, configuration, program):
    """Each back end needs a section, and each vPool that is known is one."""
    backends = _backends(configuration)
    wanted = patient.vpools()
    unknown = [name for name in backends
               if name not in configuration.sections()]
    missing = [name for name in wanted or () if name not in backends]
    seen = ', '.join(backends) or 'none'
    if unknown:
        seen += '; no section: ' + ', '.join(unknown)
    if missing:
        seen += '; not: ' + ', '.join(missing)
    others = wanted or [
        name for name in configuration.sections()
        if _DRIVER in configuration.get(name, 'volume_driver', '')]
    return finding.judge(
        'back ends of cinder-volume', seen, bool(unknown or missing),
        'the vPools are %s; set %s, then %s' % (
            ','.join(others) or 'not configured',
            configuration.place('DEFAULT', 'enabled_backends'),
            patient.restart([program])))


class _Judge:
    """Puts both answers of a vPool together: the first one that is wrong
    counts."""

    def __init__(self, patient, configuration, program, name):
        self._patient = patient
        self._configuration = configuration
        self._restart = patient.restart([program])
        self._name = name
        self._what = 'vPool ' + name

    def judge(self, xml_rpc, edge):
        if xml_rpc.kind == 'denied':
            return finding.Finding(
                finding.ERROR, self._what,
                'vpool_guid is not its guid: ' + xml_rpc.said,
                'correct the guid: %s shows it; set %s, then %s' % (
                    self._patient.guid_place(), self._place('vpool_guid'),
                    self._restart))
        for port, answer in (('xml_rpc_port', xml_rpc), ('edge_port', edge)):
            if answer.kind:
                return self._address(port, answer)
        if not _are_one(xml_rpc.facts['names'], edge.facts['names']):
            return finding.Finding(
                finding.ERROR, self._what,
                'its ports belong to different vPools',
                'correct %s, then %s' % (self._place('edge_port'),
                                         self._restart))
        return _judge_room(self._name, xml_rpc.facts)

    def _place(self, option):
        return self._configuration.place(self._name, option)

    def _address(self, port, answer):
        """Tell why a port does not answer: of a wrong address, or another
        cause."""
        options = self._configuration.section(self._name)
        right = self._patient.vpool_address(self._name)
        seen = '%s of %s %s: %s' % (port, options.get('storage_ip'),
                                    _WORDS[answer.kind], answer.said)
        if right and (options.get('xml_rpc_port'),
                      options.get('edge_port')) == (
                right['edge_port'], right['xml_rpc_port']):
            seen = 'xml_rpc_port and edge_port are swapped: ' + seen
        return finding.Finding(finding.ERROR, self._what, seen,
                               self._cure(port, options, right))

    def _cure(self, port, options, right):
        wrong = [option for option in right or ()
                 if options.get(option) != right[option]]
        if wrong:
            return 'correct the address: set %s, then %s' % (', '.join(
                '%s to %s' % (self._place(option), right[option])
                for option in wrong), self._restart)
        servers = self._patient.find('ovs-storagedriver')
        if right and servers:
            return 'look at service ovs-sd: %s' % servers[0].log
        return ('look at the storagedriver there; if the address is another, '
                'set %s or %s, then %s' % (
                    self._place('storage_ip'), self._place(port),
                    self._restart))


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
