# SPDX-License-Identifier: Apache-2.0

"""pip leaves the driver's module, and replaces the file that names it. An
upgrade of os-brick alone has broken attachments for others, too:
https://github.com/blueboxgroup/ursula/pull/1978."""

import glob
import os
import re
import shutil

from harness import files
from ovs_testbed.sabotage import fault

_CONNECTOR = os.path.join('os_brick', 'initiator', 'connector.py')
_RECORD = 'os_brick-*.dist-info'
_NEW_RECORD = 'os_brick-*.99.dist-info'
_ASIDE = '.aside'


class Fault(fault.Fault):
    """os-brick was upgraded after the drivers were installed."""

    cause = (r'^drivers in os_brick: os_brick \S+\.99 was installed over the '
             'drivers: ')
    hint = 'ovs_drivers.installer.main install'

    def put_in(self):
        """Change the testbed's own copy of the environment. Its files may be
        links to those of the cache: none of them is written into."""
        connector, = self._find(_CONNECTOR)
        os.rename(connector, connector + _ASIDE)
        shutil.copy(os.path.join(_packages(self.testbed.cache.environment),
                                 _CONNECTOR), connector)
        record, = self._find(_RECORD)
        os.rename(record, record + _ASIDE)
        _write_later_version(record)
        self._restart()

    def undo(self):
        for aside in self._find(_CONNECTOR + _ASIDE):
            connector = aside.removesuffix(_ASIDE)
            is_healed = _text(aside) == _text(connector)
            os.replace(aside, connector)
            if not is_healed:
                self._restart()
        for aside in self._find(_RECORD + _ASIDE):
            for record in self._find(_NEW_RECORD):
                files.remove_tree(record)
            os.rename(aside, aside.removesuffix(_ASIDE))

    def _find(self, pattern):
        """The files and folders of the testbed's own copy with a name."""
        return glob.glob(os.path.join(_packages(self.testbed.path(
            'python-' + self.testbed.release.name)), pattern))

    def _restart(self):
        for name in 'c-vol', 'n-cpu':
            self.supervisor.restart(name)


def _packages(environment):
    found, = glob.glob(os.path.join(environment, 'lib', 'python*',
                                    'site-packages'))
    return found


def _write_later_version(record):
    """Record a later version of the same release, as pip would."""
    later = re.sub(r'\.[^.]+\.dist-info\Z', '.99.dist-info', record)
    shutil.copytree(record + _ASIDE, later)
    version = re.search(r'os_brick-(.*)\.dist-info\Z', later)[1]
    metadata = os.path.join(later, 'METADATA')
    files.write(metadata, re.sub(r'(?m)^Version: .*', 'Version: ' + version,
                                 _text(metadata)), mode=0o644)


def _text(path):
    with open(path) as stream:
        return stream.read()
