# SPDX-License-Identifier: Apache-2.0

"""Confine guests: profiles of AppArmor, labels of SELinux.

The profiles of libvirtd and of its helper lie in /etc/apparmor.d: the machine
loads them from there when it boots. The files that they include lie in the
prefix. The builder makes their names of the prefix: the distribution's libvirt
has its own profiles.
"""

import glob
import os
import re
import shutil

from harness import errors
from harness import run

FOLDER = '/etc/apparmor.d'
# below the prefix: the files that are copied into FOLDER
SOURCES = 'share/openvstorage/apparmor'
_OWN = 'etc/apparmor.d'
# as libvirt names them -> the program, below the prefix
_PROGRAMS = {'usr.sbin.libvirtd': 'sbin/libvirtd',
             'usr.lib.libvirt.virt-aa-helper': 'libexec/virt-aa-helper'}
# libvirtd makes its guests' profiles of these files.
_KEPT = ('abstractions/libvirt-qemu', 'abstractions/libvirt-lxc',
         'libvirt/TEMPLATE.qemu', 'libvirt/TEMPLATE.lxc')

_STOCK_DAEMONS = ('/usr/sbin/libvirtd', '/usr/sbin/virtqemud')
_STOCK_SETTINGS = '/etc/libvirt/qemu.conf'
_APPARMOR_ENABLED = '/sys/module/apparmor/parameters/enabled'
_APPARMOR_PROFILES = '/sys/kernel/security/apparmor/profiles'
_SELINUX = '/sys/fs/selinux/enforce'
_SELINUX_TYPES = {'sbin/libvirtd': 'virtd_exec_t',
                  'bin/qemu-system-x86_64': 'qemu_exec_t'}
_DRIVER = re.compile(r'^security_driver\s*=\s*\[?\s*"(\w+)"', re.MULTILINE)


def file_names(prefix):
    """Return the names of the profiles in FOLDER."""
    return [_file_name(prefix, program) for program in _PROGRAMS.values()]


def _file_name(prefix, program):
    return os.path.join(prefix, program)[1:].replace('/', '.')


def profile_name(prefix):
    """Return the name of libvirtd's profile in the kernel."""
    return 'libvirtd' + prefix.replace('/', '.')


def arrange(tree, prefix):
    """Keep libvirt's needed profiles, each at its place."""
    installed = os.path.join(tree, _OWN)
    sources = os.path.join(tree, SOURCES)
    os.makedirs(sources)
    for name, program in _PROGRAMS.items():
        os.rename(os.path.join(installed, name),
                  os.path.join(sources, _file_name(prefix, program)))
    kept = {os.path.join(installed, path) for path in _KEPT}
    for folder, _folders, names in os.walk(installed, topdown=False):
        for name in names:
            path = os.path.join(folder, name)
            if path not in kept:
                os.unlink(path)
        if not os.listdir(folder):
            os.rmdir(folder)


def profiles(home):
    """Return {path: text} of the files for FOLDER.

    :param home: where the prefix is written
    """
    texts = {}
    for path in glob.glob(os.path.join(home, SOURCES, '*')):
        with open(path) as file:
            texts[os.path.join(FOLDER, os.path.basename(path))] = file.read()
    return texts


def guests(home):
    """Return the profiles that libvirt has made of guests, below the prefix.
    """
    return [os.path.relpath(path, home) for path in
            glob.glob(os.path.join(home, _OWN, 'libvirt', 'libvirt-*'))]


def load(paths):
    """Let the kernel know profiles, if it has AppArmor."""
    _parse('--replace', paths)


def unload(paths):
    _parse('--remove', paths)


def _parse(option, paths):
    if not _read(_APPARMOR_ENABLED).startswith('Y'):
        return
    program = shutil.which('apparmor_parser', path='/usr/sbin:/sbin')
    if not program:
        raise errors.Error(
            'AppArmor is enabled, and there is no apparmor_parser to %s %s'
            % (option.strip('-'), ' '.join(paths)),
            'apt-get install apparmor, and run it again')
    run.output([program, option, '--write-cache'] + list(paths))


# does it hold them?

def obstacles(prefix, root=''):
    """Return {model: why the guests of the prefix are not confined by it}, of
    the models by which the distribution's libvirt confines its own.

    :param root: where the machine's files are, for tests
    """
    own = {'apparmor': _no_apparmor, 'selinux': _no_selinux}
    reasons = {model: _no_driver(root + prefix + '/etc/libvirt/qemu.conf',
                                 model) or own[model](prefix, root)
               for model in _stock_models(root)}
    return {model: reason for model, reason in reasons.items() if reason}


def _stock_models(root):
    """Return the models by which the distribution's libvirt confines."""
    daemons = [path for path in _STOCK_DAEMONS if os.path.exists(root + path)]
    if not daemons:
        return []
    names = daemons + [os.path.basename(path) for path in daemons]
    found = []
    if any(_is_enforced(name, root) for name in names):
        found.append('apparmor')
    if os.path.exists(root + _SELINUX):
        found.append('selinux')
    return [model for model in found
            if not _no_driver(root + _STOCK_SETTINGS, model)]


def _no_driver(path, model):
    """Return why settings keep a model from being used, None if they do not.
    """
    found = _DRIVER.search(_read(path))
    if found and found.group(1) != model:
        return ('security_driver is "%s" in %s' % (found.group(1), path),
                'remove that line, and restart libvirtd')
    return None


def _no_apparmor(prefix, root):
    if _is_enforced(profile_name(prefix), root):
        return None
    return ('the profile %s is not enforced' % profile_name(prefix),
            'apparmor_parser --replace %s, and restart libvirtd'
            % ' '.join(os.path.join(FOLDER, name)
                       for name in file_names(prefix)))


def _no_selinux(prefix, root):
    for program, wanted in _SELINUX_TYPES.items():
        path = os.path.join(prefix, program)
        try:
            label = os.getxattr(root + path, 'security.selinux').decode()
        except OSError:
            label = 'no label'
        if wanted not in label.split(':'):
            return ('%s has %s, not the type %s' % (path, label, wanted),
                    'semanage fcontext -a -e /usr {0}; semanage fcontext -a '
                    '-e /var {0}/var; restorecon -R {0}'.format(prefix))
    return None


def _is_enforced(profile, root):
    return '%s (enforce)' % profile in _read(
        root + _APPARMOR_PROFILES).splitlines()


def _read(path):
    """Return the text of a file, '' if there is none."""
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ''
