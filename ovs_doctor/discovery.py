# SPDX-License-Identifier: Apache-2.0

"""The programs of a host: those that run, from /proc, and those that should,
from systemd or from what DevStack has recorded."""

import glob
import os

from ovs_doctor import commands
from ovs_doctor import configuration
from ovs_doctor import patient
from ovs_doctor import procfs
from ovs_doctor import run
from ovs_doctor import systemd

#: where DevStack in a screen notes the processes that it has started
STATUS = '/opt/stack/status/*/*.pid'
#: where such a DevStack has the logs, by its name of the program
_LOGS = ('logs/%s.log', 'logs/screen-%s.log', 'logs/screen/screen-%s.log')
#: the namespaces that a container or a testbed has for itself
_OWN = ('pid', 'net')


class Program(patient.Program):
    """A program of a host.

    :param unit: the unit that starts it, if there is one
    :param words: its command line
    :param variables: those that it runs with
    :param status: the folder of the DevStack that has noted its start, which
                   is without units
    """

    def __init__(self, name, kind, pids, unit, words, variables, status=None):
        path = variables.get('PATH') or run.PATH
        super().__init__(
            name, kind, commands.service_of(kind), pids, bool(pids),
            python=_python(kind, pids, words, path), path=path)
        self.unit = unit
        self.words = words
        self.variables = variables
        self.status = status
        self.log_file = _log_file(self)
        self.log = self.log_file or (
            systemd.log_command(unit) if unit else 'its terminal')

    def files(self):
        return configuration.files_of(self.words, self.variables) \
            or configuration.usual_files(self.service, self.kind)

    @property
    def in_screen(self):
        """Tell if the program has a window of DevStack's screen."""
        return bool(self.status) and _is_screen_there()

    @property
    def user(self):
        """The user that it runs as."""
        return procfs.user(self.pids[0]) if self.pids else 'stack'


def programs():
    """{name: Program} of this host."""
    units = systemd.units()
    found = {}
    for (kind, unit), pids in _running().items():
        name = kind
        if unit and systemd.kind_of(unit) == kind:
            name = systemd.name_of(unit)
        found[name] = _program(name, kind, pids, unit, units.get(unit))
    for unit in units.values():
        name = systemd.name_of(unit.name)
        if unit.is_wanted and name not in found:
            found[name] = _program(name, systemd.kind_of(unit.name), [],
                                   unit.name, unit)
    return _with_recorded(found)


def _running():
    """{(kind, unit): the processes}; those of containers are theirs."""
    found = {}
    for name in sorted(filter(str.isdigit, os.listdir(procfs.PROC)), key=int):
        pid = int(name)
        kind = commands.kind_of(procfs.words(pid))
        if kind and _is_here(pid):
            unit = systemd.unit_of(pid)
            found.setdefault((_kind(kind, unit), unit), []).append(pid)
    return found


def _kind(kind, unit):
    """The program of a process: neutron's workers have titles of others."""
    of_unit = unit and systemd.kind_of(unit)
    return of_unit if of_unit and commands.service_of(
        of_unit) == commands.service_of(kind) else kind


def _is_screen_there():
    return any(procfs.text(name, 'comm').strip().lower() == 'screen'
               for name in filter(str.isdigit, os.listdir(procfs.PROC)))


def _is_here(pid):
    return all(procfs.link(pid, 'ns', name) == procfs.link(
        'self', 'ns', name) for name in _OWN)


def _program(name, kind, pids, unit, known):
    """Make a program; a process that shows a title has the command line of
    its unit."""
    words = next((words for words in map(procfs.words, pids)
                  if not commands.is_title(words)), None)
    if not words:
        words = known.command if known and known.command else [
            word.strip('()') for pid in pids[:1] for word in procfs.words(pid)]
    variables = dict(known.variables if known else {})
    if pids:
        variables.update(procfs.variables(pids[0]))
    return Program(name, kind, pids, unit, words, variables)


def _with_recorded(found):
    """Name the programs without a unit as DevStack does, and add those that
    it has started and that have ended."""
    for path in sorted(glob.glob(STATUS)):
        name = os.path.basename(path).removesuffix('.pid')
        kind = commands.kind_of_name(name)
        if not kind:
            continue
        folder = os.path.dirname(os.path.dirname(os.path.dirname(path)))
        other = next((program for program in found.values()
                      if program.kind == kind), None)
        if other and other.unit:
            continue
        if other:
            del found[other.name]
        found[name] = Program(
            name, kind, other.pids if other else [], None,
            other.words if other else [], other.variables if other else {},
            folder)
    return found


def _python(kind, pids, words, path):
    """The interpreter of a program: not what its link leads to, because a
    virtualenv is known by the link alone."""
    exe = procfs.link(pids[0], 'exe') if pids else ''
    beside = os.path.join(os.path.dirname(exe), 'python')
    service = commands.service_of(kind)
    scripts = [os.path.join(folder, name) for folder in [
        os.path.dirname(exe), *path.split(':')] if folder
        for name in (kind, service + '-manage')]
    candidates = [commands.python_of(words)]
    if os.path.basename(exe).startswith('uwsgi'):
        candidates.append(beside if os.path.exists(os.path.join(
            os.path.dirname(exe), '..', 'pyvenv.cfg')) else None)
    candidates += [commands.interpreter_of(word) for word in words[:1]]
    candidates += map(commands.interpreter_of, scripts)
    return next((python for python in candidates
                 if python and os.access(python, os.X_OK)
                 and os.path.isabs(python)), None)


def _log_file(program):
    """The file that a program writes its log into, None without one."""
    options = configuration.Configuration(program.files()).section('DEFAULT')
    named = configuration.value_of(program.words, 'log-file') or options.get(
        'log_file')
    folder = configuration.value_of(program.words, 'log-dir') or options.get(
        'log_dir')
    if folder:
        named = os.path.join(folder, named or program.kind + '.log')
    paths = [named] if named else []
    if not program.unit:
        paths += [procfs.link(pid, 'fd', number)
                  for pid in program.pids[:1] for number in '21']
        paths += [os.path.join(program.status, log % program.name)
                  for log in _LOGS if program.status]
    return next((path for path in paths if os.path.isfile(path)), None)
