# SPDX-License-Identifier: Apache-2.0

"""The qemu-img of the Open vStorage QEMU, which opens locations itself."""

import json

from cinder import exception
from oslo_concurrency import processutils
from oslo_utils import units

_CURE = ('hint: install the Open vStorage QEMU (hypervisor/build of '
         'devstack-plugin-openvstorage) and put its folder first on the PATH '
         'of cinder-volume.')


# QEMU up to 8.2 measures how long the key derivation takes in ticks of the
# kernel's CPU accounting, and gives up where a fast machine needs less than
# one. Half of the calls can fail like that.
_LUKS_TRIES = 20
_LUKS_OPTIONS = ('cipher-alg=%(cipher_alg)s,cipher-mode=%(cipher_mode)s,'
                 'ivgen-alg=%(ivgen_alg)s,key-secret=luks')
_LUKS_RETRY = 'Unable to get accurate CPU usage'
# Bounds of qemu-img when it reads a header that a user made, as Cinder's own
_INFO_LIMITS = processutils.ProcessLimits(cpu_time=30,
                                          address_space=1 * units.Gi)


class QemuImgError(exception.VolumeBackendAPIException):
    """qemu-img is missing, is not ours, or failed."""

    def __init__(self, text):
        super(QemuImgError, self).__init__(data=text)


class QemuImg(object):
    """qemu-img as a vPool needs it.

    It runs as the service's own user: a location is reached over the
    network, the files are Cinder's own.
    """

    def __init__(self, execute):
        self._execute = execute
        self._help = None

    def check(self):
        """Make sure that qemu-img is there and knows our protocol."""
        if 'openvstorage' not in self._abilities().split():
            raise QemuImgError('qemu-img does not know the protocol '
                               'openvstorage. ' + _CURE)

    def write_volume(self, path, path_format, location, blank=False,
                     disable_sparse=False):
        """Write what the file PATH holds into the volume at LOCATION.

        :param blank: the volume is known to read as zeros, so that zeros
                      need not be written
        """
        self._convert(path, path_format, ['-n', '-O', 'raw'], blank,
                      disable_sparse, [], str(location))

    def write_luks_volume(self, path, path_format, location, key_file):
        """The same into a volume that is LUKS-formatted already."""
        target = ['driver=luks', 'key-secret=luks'] + [
            'file.%s=%s' % (key, value.replace(',', ',,'))
            for key, value in location.image_opts()]
        self._convert(path, path_format, ['-n', '--target-image-opts'], False,
                      False, _secret(key_file), ','.join(target))

    def copy_volume(self, source, target):
        """Write what the volume SOURCE holds over the volume TARGET."""
        self._convert(str(source), 'raw', ['-n', '-O', 'raw'], False, False,
                      [], str(target))

    def read_volume(self, location, path, path_format, options=()):
        """Write what the volume at LOCATION holds into the file PATH."""
        self._convert(str(location), 'raw',
                      ['-O', path_format] + list(options), False, False, [],
                      path)

    def info(self, path, path_format):
        """Return qemu-img's description of the disk in a user's file."""
        return json.loads(self._run(
            'info', '-f', path_format, '--output=json', path,
            prlimit=_INFO_LIMITS))

    def create_luks(self, path, size, cipher, key_file):
        """Make a LUKS file with a payload of SIZE bytes."""
        for tries_left in reversed(range(_LUKS_TRIES)):
            try:
                self._run('create', '-f', 'luks', '-o', _LUKS_OPTIONS % cipher,
                          *(_secret(key_file) + [path, '%d' % size]))
                return
            except QemuImgError as error:
                if _LUKS_RETRY not in '%s' % error or not tries_left:
                    raise

    def _convert(self, source, source_format, output, blank, disable_sparse,
                 objects, target):
        # "-t writeback": qemu-img would otherwise never flush the target
        command = ['convert', '-t', 'writeback', '-f', source_format] + output
        if disable_sparse:
            command += ['-S', '0']
        elif blank and '--target-is-zero' in self._abilities():
            command.append('--target-is-zero')
        self._run(*(command + objects + [source, target]))

    def _abilities(self):
        if self._help is None:
            self._help = self._run('--help')
        return self._help

    def _run(self, *arguments, **limits):
        try:
            # LC_ALL: the texts of errors are for logs and tests
            out, _err = self._execute('env', 'LC_ALL=C', 'qemu-img',
                                      *arguments, **limits)
            return out
        except processutils.ProcessExecutionError as error:
            if error.exit_code == 127:
                raise QemuImgError('qemu-img is not installed. ' + _CURE)
            raise QemuImgError('qemu-img %s failed: %s'
                               % (arguments[0],
                                  (error.stderr or '%s' % error).strip()))


def _secret(key_file):
    return ['--object', 'secret,id=luks,format=raw,file=%s'
            % key_file.replace(',', ',,')]
