# SPDX-License-Identifier: Apache-2.0

"""libvirt: the daemon with the QEMU driver, its libraries and clients."""

import glob
import os
import shutil

from hypervisor.builder import configuration
from hypervisor.builder import confinement
from hypervisor.builder import users
from hypervisor.builder.components import component

_FEATURES = (
    'apparmor', 'apparmor_profiles', 'attr', 'blkid', 'capng',
    'driver_libvirtd', 'driver_qemu', 'driver_remote', 'driver_secrets',
    'host_validate', 'libnl', 'numactl', 'pciaccess', 'readline', 'rpath',
    'secdriver_apparmor', 'secdriver_selinux', 'selinux', 'storage_dir',
    'storage_fs', 'udev')
# Its reader and writer of JSON changed in 10.8.
_JSON = {'9.0': 'yajl', '11.3': 'json_c'}
_OPTIONS = dict({feature: 'enabled' for feature in _FEATURES}, **{
    'auto_features': 'disabled',
    'no_git': 'true',
    'buildtype': 'plain', 'optimization': '2', 'debug': 'false',
    'init_script': 'none',
    'remote_default_mode': 'legacy',
    # else where the machine that builds has it
    'selinux_mount': '/sys/fs/selinux',
    # firmware descriptors of the distribution's packages
    'qemu_datadir': '/usr/share/qemu',
    # the installation chooses QEMU's user; a lost setting never makes it
    # root
    'qemu_user': users.NUMBER, 'qemu_group': users.NUMBER,
    'packager': 'devstack-plugin-openvstorage',
})
# One daemon serves all; what these would do, libvirtd does.
_UNWANTED = ('virtproxyd', 'virtlockd', 'virtnodedevd',
             'virtnwfilterd', 'virtsecretd', 'virtstoraged', 'virtqemud',
             'virt-qemu-run', 'virt-pki-query-dn', 'lockd.so')
_KEPT = ('bin/virsh', 'bin/virt-admin', 'bin/virt-host-validate',
         'bin/virt-ssh-helper', 'sbin/libvirtd', 'sbin/virtlogd',
         'include', 'lib', 'libexec/libvirt_iohelper',
         'libexec/virt-aa-helper', 'share/libvirt', 'etc/apparmor.d',
         'etc/libvirt/libvirt.conf', 'etc/libvirt/libvirt-admin.conf')
# As the distribution's, with every setting explained.
_SAMPLES = ('etc/libvirt/libvirtd.conf', 'etc/libvirt/qemu.conf',
            'etc/libvirt/virtlogd.conf')


class Libvirt(component.Component):

    name = 'libvirt'
    source = 'libvirt'
    description = 'libvirt with Open vStorage Edge volumes'
    build_packages = component.TOOLCHAIN + (
        'libacl1-dev', 'libapparmor-dev', 'libattr1-dev', 'libblkid-dev',
        'libcap-ng-dev', 'libglib2.0-dev', 'libgnutls28-dev', 'libnl-3-dev',
        'libnl-route-3-dev', 'libnuma-dev', 'libpciaccess-dev',
        'libreadline-dev', 'libselinux1-dev', 'libtirpc-dev', 'libudev-dev',
        'libxml2-dev', 'libxml2-utils', 'rpcsvc-proto', 'xsltproc')
    build_packages_of = {'9.0': ('libyajl-dev', ),
                         '11.3': ('libjson-c-dev', )}
    stands_for = ('libvirt0', )

    def identity(self, prefix, version):
        # libvirt has the names of its folders compiled in
        return {'options': _options(version), 'prefix': prefix, 'kept': _KEPT,
                'support': configuration.support_files(prefix)}

    def configure(self, work):
        state = os.path.join(work.prefix, 'var')
        folders = {'sysconfdir': os.path.join(work.prefix, 'etc'),
                   'localstatedir': state,
                   # clients look for the socket below localstatedir
                   'runstatedir': os.path.join(state, 'run'),
                   'libdir': 'lib', 'prefix': work.prefix}
        off = {'docs': 'disabled', 'tests': 'disabled', 'nls': 'disabled'}
        options = dict(_options(work.series), **folders, **off)
        work.run(['meson', 'setup', work.build, work.source]
                 + component.with_values(options))

    def compile(self, work, phase):
        work.ninja([path for path in work.outputs()
                    if not _is_unwanted(path)], phase)
        # libvirt-python's code is generated from it; it needs nothing else of
        # the documentation.
        documents = os.path.join(work.build, 'docs')
        os.makedirs(documents, exist_ok=True)
        work.run(['python3', os.path.join(work.source, 'scripts',
                                          'apibuild.py'),
                  os.path.join(work.source, 'docs'), documents])

    def stage(self, work, tree):
        work.install(tree, _KEPT + _SAMPLES)
        shutil.rmtree(os.path.join(tree, 'lib', 'libvirt', 'lock-driver'))
        # 11.3 has one: systemd would make the distribution's user
        shutil.rmtree(os.path.join(tree, 'lib', 'sysusers.d'),
                      ignore_errors=True)
        samples = os.path.join(tree, configuration.SAMPLES)
        os.makedirs(samples)
        for path in _SAMPLES:
            shutil.move(os.path.join(tree, path), samples)
        confinement.arrange(tree, work.prefix)
        interface = os.path.join(tree, 'share', 'libvirt', 'api')
        os.makedirs(interface)
        for path in glob.glob(os.path.join(work.build, 'docs', '*-api.xml')):
            shutil.copy2(path, interface)
        for path, text in configuration.support_files(work.prefix).items():
            target = os.path.join(tree, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, 'w') as file:
                file.write(text)
            if text.startswith('#!'):
                os.chmod(target, 0o755)


def _options(version):
    return dict(_OPTIONS, **{_JSON[version]: 'enabled'})


def _is_unwanted(path):
    name = os.path.basename(path)
    return name in _UNWANTED or name.endswith(('.mo', '.aug'))
