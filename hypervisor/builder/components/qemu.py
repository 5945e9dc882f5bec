# SPDX-License-Identifier: Apache-2.0

"""QEMU: the x86_64 system emulator and the tools for images."""

import os

from hypervisor.builder import series
from hypervisor.builder.components import component
from hypervisor.builder.components import edge

_PROGRAMS = ('qemu-system-x86_64', 'qemu-img', 'qemu-io', 'qemu-nbd')
# From bin, and from lib/qemu: where the modules find the library.
_RUN_PATH = r'$ORIGIN/../lib:$ORIGIN/..'
_FIRMWARE = ('/usr/share/qemu', '/usr/share/seabios', '/usr/lib/ipxe/qemu')
_OPTIONS = (
    '--without-default-features',
    '--target-list=x86_64-softmmu',
    '--enable-system', '--enable-tcg', '--enable-kvm', '--enable-tools',
    # as a module: a machine without the library has QEMU all the same
    '--enable-openvstorage', '--enable-modules',
    # disks
    '--enable-linux-aio', '--enable-linux-io-uring', '--enable-attr',
    '--enable-live-block-migration', '--enable-coroutine-pool',
    # formats of images that Glance may have
    '--enable-vdi', '--enable-parallels', '--enable-zstd',
    # LUKS, TLS of consoles and migration
    '--enable-gnutls',
    # what libvirt asks for on KVM: vhost for virtio-net, NUMA, sandbox
    '--enable-vhost-kernel', '--enable-vhost-net', '--enable-vhost-user',
    '--enable-numa', '--enable-seccomp', '--enable-cap-ng', '--enable-tpm',
    '--enable-membarrier', '--enable-malloc-trim',
    '--enable-vnc', '--enable-fdt=system',
    '--disable-docs', '--disable-install-blobs', '--disable-debug-info',
    '--disable-werror', '--with-git-submodules=ignore',
    '--firmwarepath=' + ':'.join(_FIRMWARE),
    '--libdir=lib',
)
# Later versions: formats of images that were always there, and a part of VNC,
# are left to choose.
_GONE = {'10.0': ('--enable-live-block-migration',
                  '--with-git-submodules=ignore')}
_NEW = {'10.0': ('--disable-download', '--enable-pixman', '--enable-vhdx',
                 '--enable-vmdk', '--enable-vpc')}


class Qemu(component.Component):

    name = 'qemu'
    source = 'qemu'
    description = 'QEMU with Open vStorage Edge volumes'
    build_packages = component.TOOLCHAIN + (
        'libaio-dev', 'libattr1-dev', 'libcap-ng-dev', 'libfdt-dev',
        'libglib2.0-dev', 'libgnutls28-dev', 'libnuma-dev',
        'libpixman-1-dev', 'libseccomp-dev', 'liburing-dev', 'libzstd-dev',
        'zlib1g-dev')
    build_packages_of = {'10.0': ('python3-venv', )}
    meson_of = {'10.0': '1.5'}
    # firmware and keyboard maps are the distribution's
    runtime_packages = ('ipxe-qemu', 'qemu-system-data', 'seabios')
    depends_on = ('edge',)

    def identity(self, prefix, version):
        # QEMU finds its own folders from where its program is: the prefix
        # makes no difference
        return {'options': _options(version), 'run path': _RUN_PATH,
                'header': series.file_hash(edge.header())}

    def configure(self, work):
        os.makedirs(work.build, exist_ok=True)
        python = ['--python=' + work.python] if work.python else []
        work.run([os.path.join(work.source, 'configure')]
                 + _options(work.series) + python
                 + ['--prefix=' + work.prefix,
                    '--extra-ldflags=-Wl,-rpath,' + _RUN_PATH],
                 cwd=work.build,
                 PKG_CONFIG_PATH=os.path.join(work.edge, 'lib', 'pkgconfig'))

    def compile(self, work, phase):
        work.ninja(list(_PROGRAMS) + work.outputs(('shared module', )),
                   phase)

    def stage(self, work, tree):
        work.install(tree, ['bin/' + program for program in _PROGRAMS]
                     + ['lib/qemu'])


def _options(version):
    gone = _GONE.get(version, ())
    return [option for option in _OPTIONS if option not in gone] + list(
        _NEW.get(version, ()))
