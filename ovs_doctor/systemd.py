# SPDX-License-Identifier: Apache-2.0

"""The units of a host's services, as systemd and its journal know them."""

import datetime
import json
import re
import shlex

from ovs_doctor import commands
from ovs_doctor import procfs
from ovs_doctor import run

#: the unit at the end of a control group
_UNIT = re.compile(r'/system\.slice/(?:[^/]+\.slice/)*([^/]+\.service)')
_PATTERNS = ('devstack@*.service', 'cinder-*.service', 'nova-*.service',
             'glance-*.service', 'keystone*.service', 'placement*.service',
             'neutron-*.service', 'openvstorage-*.service',
             'mariadb.service', 'mysql.service', 'rabbitmq-server.service')
_PROPERTIES = ('Id', 'LoadState', 'ActiveState', 'UnitFileState', 'Type',
               'ExecStart', 'Environment')
_ARGUMENTS = re.compile(r'argv\[\]=(.*?) ; ')
_ESCAPES = re.compile(r'\x1b\[[0-9;]*m')
_LEVEL = re.compile(r'(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) ')
_MINUTES = 10


def unit_of(pid):
    """The unit that a process belongs to, None without one."""
    found = _UNIT.findall(procfs.text(pid, 'cgroup'))
    return found[-1] if found and kind_of(found[-1]) else None


def kind_of(unit):
    """The program that a unit starts; a unit of Apache starts several."""
    if unit in ('apache2.service', 'httpd.service', 'uwsgi.service'):
        return unit
    return commands.kind_of_name(name_of(unit))


def name_of(unit):
    """Return the usual name of the program of a unit."""
    return unit.removesuffix('.service').rpartition('@')[2]


class Unit:
    """A unit of a service.

    :param command: the words that it starts
    :param variables: those that it starts them with
    """

    def __init__(self, name, is_active, is_wanted, command, variables):
        self.name = name
        self.is_active = is_active
        self.is_wanted = is_wanted
        self.command = command
        self.variables = variables


def units():
    """The units of our programs: {name: Unit}."""
    names = set()
    for verb, *options in (('list-units', '--all'), ('list-unit-files',)):
        said = run.said(['systemctl', verb, '--type=service', '--no-legend',
                         '--no-pager', '--plain', *options, *_PATTERNS])
        names |= {line.split()[0] for line in said.splitlines()
                  if line.split()}
    names = sorted(name for name in names
                   if not name.endswith('@.service') and kind_of(name))
    if not names:
        return {}
    said = run.said(['systemctl', 'show', '--no-pager', '--property='
                     + ','.join(_PROPERTIES), *names])
    found = [_unit(dict(line.partition('=')[::2]
                        for line in block.splitlines()))
             for block in said.split('\n\n') if block.strip()]
    return {unit.name: unit for unit in found if unit}


def _unit(properties):
    """Make a unit; None if systemd does not know it, or it ends by itself."""
    state = properties.get('ActiveState')
    if properties.get('LoadState') != 'loaded' \
            or properties.get('Type') == 'oneshot':
        return None
    arguments = _ARGUMENTS.findall(properties.get('ExecStart', ''))
    return Unit(properties['Id'], state in ('active', 'reloading'),
                state == 'failed' or state != 'active'
                and properties.get('UnitFileState') == 'enabled',
                arguments[0].split() if arguments else [],
                _variables(properties.get('Environment', '')))


def _variables(text):
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    return dict(word.partition('=')[::2] for word in words)


def log_command(unit):
    """The command that reads a unit's log, for a hint."""
    return '"journalctl -eu %s"' % unit


def log_lines(unit):
    """The newest lines of a unit's log, as oslo.log writes them to a file."""
    said = run.said(['journalctl', '--unit', unit, '--since',
                     '-%dmin' % _MINUTES, '--output', 'json', '--no-pager',
                     '--quiet'])
    for line in said.splitlines():
        yield _line(json.loads(line))


def _line(entry):
    text = entry.get('MESSAGE') or ''
    if isinstance(text, list):      # it has bytes that are no text
        text = bytes(text).decode(errors='replace')
    text = _ESCAPES.sub('', text)
    if not _LEVEL.match(text):
        return text
    time = datetime.datetime.fromtimestamp(
        int(entry['__REALTIME_TIMESTAMP']) / 1e6)
    return '%s.000 %s %s' % (time.strftime('%Y-%m-%d %H:%M:%S'),
                             entry.get('_PID', 0), text)
