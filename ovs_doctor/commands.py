# SPDX-License-Identifier: Apache-2.0

"""Which program of which service a command line is, whatever starts it."""

import configparser
import os
import re

#: the services, and the commands of their programs
SERVICES = {
    'database': ('mariadbd', 'mysqld'),
    'messaging': ('rabbitmq',),
    'keystone': ('keystone',),
    'ovs-sd': ('ovs-storagedriver',),
    'ovs-libvirtd': ('libvirtd',),
    'glance': ('glance-api',),
    'placement': ('placement-api',),
    'neutron': ('neutron-server', 'neutron-api', 'neutron-rpc-server',
                'neutron-periodic-workers',
                'neutron-ovn-maintenance-worker'),
    'nova': ('nova-api', 'nova-api-metadata', 'nova-conductor',
             'nova-scheduler', 'nova-compute', 'nova-network'),
    'cinder': ('cinder-api', 'cinder-scheduler', 'cinder-volume',
               'cinder-backup'),
}
#: those of OpenStack
OPENSTACK = ('keystone', 'glance', 'placement', 'neutron', 'nova', 'cinder')
_KINDS = {kind: service for service, kinds in SERVICES.items()
          for kind in kinds}
#: other names: of WSGI scripts and modules, of DevStack, of our unit
_ALIASES = {
    'cinder-wsgi': 'cinder-api', 'cinder.wsgi': 'cinder-api',
    'glance-wsgi-api': 'glance-api', 'glance.wsgi': 'glance-api',
    'keystone-wsgi-public': 'keystone', 'keystone-wsgi-admin': 'keystone',
    'keystone-public': 'keystone', 'keystone-admin': 'keystone',
    'keystone.wsgi': 'keystone',
    'neutron.wsgi': 'neutron-api',
    'nova-api-wsgi': 'nova-api', 'nova-api-os-compute': 'nova-api',
    'nova.wsgi.osapi_compute': 'nova-api',
    'nova-metadata-wsgi': 'nova-api-metadata',
    'nova-api-meta': 'nova-api-metadata',
    'nova.wsgi.metadata': 'nova-api-metadata',
    'placement': 'placement-api', 'placement.wsgi': 'placement-api',
    'nova-placement-api': 'placement-api',
    'ovs_storagedriver': 'ovs-storagedriver',
    'openvstorage-libvirtd': 'libvirtd', 'rabbitmq-server': 'rabbitmq',
    'mariadb': 'mariadbd', 'mysql': 'mysqld',
    'c-api': 'cinder-api', 'c-sch': 'cinder-scheduler',
    'c-vol': 'cinder-volume', 'c-bak': 'cinder-backup', 'g-api': 'glance-api',
    'key': 'keystone', 'n-api': 'nova-api', 'n-api-meta': 'nova-api-metadata',
    'n-cond': 'nova-conductor', 'n-super-cond': 'nova-conductor',
    'n-sch': 'nova-scheduler', 'n-cpu': 'nova-compute',
    'n-net': 'nova-network',
    'q-svc': 'neutron-server', 'ovs-sd': 'ovs-storagedriver',
    'ovs-libvirtd': 'libvirtd',
}
#: a title that uwsgi gives its processes, which hides their arguments
_UWSGI_TITLE = re.compile(r'(\S+?)uWSGI\Z')
#: a title that Apache gives those of mod_wsgi, cut off after some letters
_APACHE_TITLE = re.compile(r'\(wsgi:(\S+)\Z')
_PYTHON = re.compile(r'python[\d.]*\Z')
#: the options of uwsgi that name a program, and those that name its Python
_UWSGI_NAMES = ('procname-prefix', 'module', 'wsgi-file', 'ini')
_UWSGI_PYTHONS = ('virtualenv', 'venv', 'home', 'pyhome')
#: the folders that the distribution's libvirt is in
_SYSTEM = ('/', '/usr', '/usr/local')


def service_of(kind):
    """The service that a program belongs to, None if it is none of ours."""
    return _KINDS.get(kind)


def kind_of_name(name):
    """The program that a name stands for, None if it is none of ours."""
    name = re.sub(r'-cell\d+\Z|[-_]?uwsgi\Z', '', name)
    for known in name, name.split(':')[0], name.rpartition('.')[0]:
        if known in _KINDS or known in _ALIASES:
            return _ALIASES.get(known, known)
    return None


def kind_of(words):
    """The program that a command line runs, None if it is none of ours."""
    words = _without_env(words)
    if not words:
        return None
    name = os.path.basename(words[0]).rstrip(':')
    if match := _UWSGI_TITLE.match(name):
        return kind_of_name(match[1])
    if match := _APACHE_TITLE.match(words[0]):
        return _kind_of_beginning(match[1])
    if name.startswith('uwsgi'):
        return _kind_of_uwsgi(words)
    if name == 'beam.smp':
        return 'rabbitmq' if any('rabbit' in word for word in words) else None
    if _PYTHON.match(name):
        return _kind_of_script(words[1:])
    kind = kind_of_name(name)
    if kind == 'libvirtd' and not libvirt_prefix(words[0]):
        return None
    return kind


def libvirt_prefix(path):
    """The folder that a libvirtd is installed in; None for that of the
    distribution."""
    prefix = os.path.dirname(os.path.dirname(path))
    return prefix if prefix and prefix not in _SYSTEM else None


def is_title(words):
    """Tell whether a process shows a title in place of its arguments."""
    return not words or bool(_UWSGI_TITLE.match(words[0])
                             or words[0].startswith('(')
                             or words[0].endswith(':'))


def python_of(words):
    """The interpreter that a command line names, None if it does not."""
    words = _without_env(words)
    name = os.path.basename(words[0]) if words else ''
    if _PYTHON.match(name):
        return words[0]
    if name.startswith('uwsgi'):
        options = uwsgi_options(words)
        folder = next((options[option] for option in _UWSGI_PYTHONS
                       if option in options), None)
        return folder and os.path.join(folder, 'bin', 'python')
    return None


def uwsgi_options(words):
    """The options of uwsgi: its arguments, and those in its files."""
    options = {}
    for word, following in zip(words[1:], words[2:] + ['']):
        if word.startswith('-'):
            name, _, value = word.lstrip('-').partition('=')
            options[{'H': 'home'}.get(name, name)] = value or following
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read(options.get('ini', ''))
        found = dict(parser['uwsgi']) if 'uwsgi' in parser else {}
    except (configparser.Error, UnicodeDecodeError):
        found = {}
    return dict(found, **options)


def interpreter_of(script):
    """The interpreter that a script names; None if there is none."""
    try:
        with open(script, 'rb') as stream:
            line = stream.readline(500).decode(errors='replace')
    except OSError:
        return None
    words = line[2:].split() if line.startswith('#!') else []
    return words[0] if words and _PYTHON.match(
        os.path.basename(words[0])) else None


def _kind_of_uwsgi(words):
    options = uwsgi_options(words)
    for option in _UWSGI_NAMES:
        value = os.path.basename(options.get(option) or '')
        kind = kind_of_name(value.removesuffix('.ini'))
        if kind:
            return kind
    return None


def _kind_of_script(words):
    """The program of Python's arguments: a module or a script."""
    while words:
        word, words = words[0], words[1:]
        if word == '-c':
            return None
        if word == '-m':
            return kind_of_name(words[0].split('.')[0]) if words else None
        if word in ('-W', '-X'):
            words = words[1:]
        elif not word.startswith('-'):
            return kind_of_name(os.path.basename(word))
    return None


def _kind_of_beginning(text):
    return next((_ALIASES.get(name, name) for name in (*_KINDS, *_ALIASES)
                 if name.startswith(text)), None)


def _without_env(words):
    """A command line without the "env" in front of it."""
    if not words or os.path.basename(words[0]) != 'env':
        return words
    rest = words[1:]
    while rest and '=' in rest[0]:
        rest = rest[1:]
    return rest
