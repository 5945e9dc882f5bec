# SPDX-License-Identifier: Apache-2.0

"""Debian packages of what was built, and an apt repository of them."""

import hashlib
import os
import shutil
import tempfile
import time

from harness import files
from harness import run
from hypervisor.builder import components
from hypervisor.builder import configuration
from hypervisor.builder import confinement
from hypervisor.builder import repository
from hypervisor.builder import users
from hypervisor.builder.components import component

_PREFIX = 'openvstorage-'
_MAINTAINER = 'devstack-plugin-openvstorage <%s>'
_UNITS = 'lib/systemd/system'
_CONFFILES = ('etc/libvirt/libvirt.conf', 'etc/libvirt/libvirt-admin.conf')
_VARIANTS = configuration.SAMPLES + '/settings'
_RECOMMENDS = {'libvirt': ('openvstorage-qemu', 'apparmor')}

_CONTROL = '''Package: {package}
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Section: admin
Priority: optional
{relations}Description: {description}
 Installed in {prefix}, beside the distribution's own packages.
 .
 Made from {source}, {patches} patches.
'''

# Settings that are as we have written them are written again.
_PREINST = '''#!/bin/sh
set -e
if [ "$1" = upgrade ]; then
    for name in qemu.conf libvirtd.conf virtlogd.conf; do
        for written in "{prefix}/{variants}/$name"*; do
            ! cmp --quiet "$written" "{prefix}/etc/libvirt/$name" ||
                rm "{prefix}/etc/libvirt/$name"
        done
    done
fi
'''
# Those that are changed are the operator's.
_POSTINST = '''#!/bin/sh
set -e
settle() {{
    [ -e "{prefix}/$2" ] || install -m 644 "{prefix}/{variants}/$1" \\
        "{prefix}/$2"
}}
case $1 in configure|abort-*)
    if getent passwd {distribution} >/dev/null; then
        settle qemu.conf.{distribution} etc/libvirt/qemu.conf
    else
        getent passwd {own} >/dev/null || useradd --system --user-group \\
            --no-create-home --home-dir /nonexistent \\
            --shell /usr/sbin/nologin {own}
        ! getent group kvm >/dev/null || usermod --append --groups kvm {own}
        settle qemu.conf.{own} etc/libvirt/qemu.conf
    fi
    if getent group {group} >/dev/null; then
        settle libvirtd.conf.{group} etc/libvirt/libvirtd.conf
    else
        settle libvirtd.conf.root etc/libvirt/libvirtd.conf
    fi
    settle virtlogd.conf etc/libvirt/virtlogd.conf
    if aa-enabled --quiet 2>/dev/null; then
        apparmor_parser --replace --write-cache {profiles}
    fi
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        ! systemctl --quiet is-active {log_unit} ||
            systemctl reload {log_unit}
        systemctl try-restart {unit}
    fi
esac
'''
_PRERM = '''#!/bin/sh
set -e
if [ "$1" = remove ]; then
    if [ -d /run/systemd/system ]; then
        systemctl stop {unit} {log_unit}
    fi
    if aa-enabled --quiet 2>/dev/null; then
        apparmor_parser --remove {profiles}
    fi
fi
'''
_POSTRM = '''#!/bin/sh
set -e
if [ "$1" = purge ]; then
    rm -rf "{prefix}/etc/libvirt" "{prefix}/etc/apparmor.d" \\
        "{prefix}/var/run/libvirt" "{prefix}/var/cache/libvirt" \\
        "{prefix}/var/log/libvirt"
    rm -f "{prefix}/var/run/libvirtd.pid" "{prefix}/var/run/virtlogd.pid"
    # the images may be the only copy
    [ ! -d "{prefix}/var/lib/libvirt" ] || find "{prefix}/var/lib/libvirt" \\
        -mindepth 1 -maxdepth 1 ! -name images -exec rm -rf {{}} +
    [ ! -d "{prefix}" ] || find "{prefix}" -depth -type d -empty -delete
fi
[ ! -d /run/systemd/system ] || systemctl daemon-reload
'''


def build(all_staged, prefix, output, progress, log, key, keyring):
    """Make the packages and the repository; say how to use it.

    :param key: None: unsigned; '': a key of our own; else a key of gpg
    :param keyring: folder that keeps the key of our own
    """
    os.makedirs(output, exist_ok=True)
    for staged in all_staged.values():
        with progress.phase('package %s' % staged.about['name']) as phase:
            path = _Package(staged, prefix).build(output, log)
            phase.detail = '%s, %.1f MB' % (os.path.basename(path),
                                            os.path.getsize(path) / 1e6)
    with progress.phase('repository'):
        repository.write(output, log, key, keyring)
    progress.sum_up()
    progress.say()
    for line in repository.how_to_use(output, key is not None):
        progress.say(line)
    progress.say('apt-get install %s' % ' '.join(
        _PREFIX + name for name in all_staged))


class _Package:

    def __init__(self, staged, prefix):
        self._staged = staged
        self._prefix = prefix
        self._name = staged.about['name']
        self._part = components.ALL[self._name]
        self._package = _PREFIX + self._name

    @property
    def _version(self):
        """As the distribution's, and later with each build of ours."""
        built = time.gmtime(self._staged.about['built'])
        return '%s+ovs%s' % (self._staged.about['version'].split(':')[-1],
                             time.strftime('%Y%m%d%H%M%S', built))

    def build(self, output, log):
        architecture = run.output(
            ['dpkg', '--print-architecture']).strip()
        path = os.path.join(output, '%s_%s_%s.deb' % (
            self._package, self._version, architecture))
        with tempfile.TemporaryDirectory(prefix='ovs-package-') as root:
            os.chmod(root, 0o755)
            self._lay_out(root)
            self._write_control(root, architecture)
            for old in os.listdir(output):
                if old.startswith(self._package + '_'):
                    os.unlink(os.path.join(output, old))
            run.run(['dpkg-deb', '--root-owner-group', '-Zxz', '-z3',
                     '--build', root, path], log, clean=True)
        return path

    def _lay_out(self, root):
        home = root + self._prefix
        shutil.copytree(self._staged.tree, home, symlinks=True)
        about = dict(self._staged.about)
        del about['files']
        path = os.path.join(home, about_path(self._name))
        _made(os.path.dirname(path))
        files.write_json(path, about, 0o644)
        if self._name == 'libvirt':
            shutil.move(os.path.join(home, _UNITS),
                        _made(os.path.join(root, os.path.dirname(_UNITS))))
            shutil.rmtree(os.path.join(home, 'lib', 'systemd'))
            shutil.copytree(os.path.join(home, confinement.SOURCES),
                            root + confinement.FOLDER)
            self._write_variants(os.path.join(home, _VARIANTS))

    def _write_variants(self, folder):
        """Settings for machines with and without the distribution's user."""
        os.makedirs(folder)
        for user, group in ((users.DISTRIBUTION, configuration.ADMIN_GROUP),
                            (users.OWN, None)):
            texts = configuration.settings(self._prefix, user, group)
            for name, suffix in (('qemu.conf', '.' + user),
                                 ('libvirtd.conf', '.' + (group or 'root')),
                                 ('virtlogd.conf', '')):
                with open(os.path.join(folder, name + suffix), 'w') as file:
                    file.write(texts['etc/libvirt/' + name])

    def _write_control(self, root, architecture):
        folder = os.path.join(root, 'DEBIAN')
        files = list(component.files_below(root))
        os.mkdir(folder)
        size = sum(os.lstat(os.path.join(root, path)).st_size
                   for path in files)
        about = self._staged.about
        texts = {
            'control': _CONTROL.format(
                package=self._package, version=self._version,
                architecture=architecture, prefix=self._prefix,
                maintainer=_MAINTAINER % os.environ.get('DEBEMAIL',
                                                        'root@localhost'),
                size=(size + 1023) // 1024, relations=self._relations(),
                description=self._part.description,
                source='%s %s' % (about.get('source', 'edge/'),
                                  about['version']),
                patches=len(about['patches']) or 'no'),
            'md5sums': ''.join('%s  %s\n' % (_md5(root, path), path)
                               for path in sorted(files)
                               if not os.path.islink(
                                   os.path.join(root, path))),
        }
        if self._name == 'libvirt':
            profiles = [os.path.join(confinement.FOLDER, name)
                        for name in confinement.file_names(self._prefix)]
            texts['conffiles'] = ''.join(
                path + '\n' for path in profiles + [
                    os.path.join(self._prefix, path) for path in _CONFFILES])
            values = {'prefix': self._prefix, 'variants': _VARIANTS,
                      'distribution': users.DISTRIBUTION, 'own': users.OWN,
                      'group': configuration.ADMIN_GROUP,
                      'unit': configuration.UNIT,
                      'log_unit': configuration.LOG_UNIT,
                      'profiles': ' '.join(profiles)}
            for name, text in (('preinst', _PREINST),
                               ('postinst', _POSTINST), ('prerm', _PRERM),
                               ('postrm', _POSTRM)):
                texts[name] = text.format(**values)
        for name, text in texts.items():
            with open(os.path.join(folder, name), 'w') as file:
                file.write(text)
            os.chmod(os.path.join(folder, name),
                     0o755 if text.startswith('#!') else 0o644)

    def _relations(self):
        depends = list(self._staged.about['depends'])
        depends += self._part.runtime_packages
        depends += [_PREFIX + name for name in self._part.depends_on]
        lines = [('Depends', depends),
                 ('Recommends', _RECOMMENDS.get(self._name, ()))]
        return ''.join('%s: %s\n' % (name, ', '.join(values))
                       for name, values in lines if values)


def about_path(name):
    """Return where a package keeps what it was made from."""
    return 'share/openvstorage/%s.json' % name


def package_name(name):
    return _PREFIX + name


def _made(folder):
    os.makedirs(folder, exist_ok=True)
    return folder


def _md5(root, path):
    with open(os.path.join(root, path), 'rb') as file:
        return hashlib.md5(file.read()).hexdigest()
