# SPDX-License-Identifier: Apache-2.0

"""The testbed that is looked at, and ways to look into it."""

import concurrent.futures
import os
import threading

from ovs_testbed import sandbox
from ovs_testbed import services
from ovs_testbed import testbeds
from ovs_testbed.doctor import configuration
from ovs_testbed.services import base


class Patient:
    """A testbed as it was when the doctor came.

    :param thorough: whether checks may take half a minute
    """

    def __init__(self, testbed, thorough=False):
        self.testbed = testbed
        self.thorough = thorough
        self.sandbox = sandbox.Sandbox(testbed)
        self.services = services.load(testbed)
        self._pid = self.sandbox.supervisor.pid()
        #: {program: what supervisord knows of it}
        self.programs = self.sandbox.supervisor.all() if self._pid else {}

    @property
    def is_up(self):
        return bool(self._pid)

    def path(self, path):
        """Where a file of the sandbox is found from here."""
        return '/proc/%d/root%s' % (self._pid, path)

    def openstack(self):
        """The services of OpenStack."""
        return [service for service in self.services.values()
                if isinstance(service, base.OpenStackService)]

    def configurations(self, service):
        """The configurations of a service, with the programs that read
        each: [(Configuration, names)]."""
        readers = {}
        for program in service.programs():
            paths = tuple(configuration.files_of(program))
            if paths:
                readers.setdefault(paths, []).append(program.name)
        return [(configuration.Configuration(paths), names)
                for paths, names in readers.items()]

    def command(self, *words):
        """A command of the testbed, for a hint."""
        options = []
        if self.testbed.name != 'main':
            options += ['--name', self.testbed.name]
        folder = os.path.dirname(self.testbed.folder)
        if folder != testbeds.FOLDER:
            options += ['--folder', folder]
        return '"bin/ovs-testbed %s"' % ' '.join(
            list(words[:1]) + options + list(words[1:]))

    def restart(self, names):
        return 'run ' + self.command('restart', *names)


def together(functions, seconds):
    """Call functions side by side; return {key: result} of those that have
    returned in time. The others are left to themselves.

    :param functions: {key: function}
    """
    futures = {key: concurrent.futures.Future() for key in functions}

    def call(key):
        try:
            futures[key].set_result(functions[key]())
        except Exception as error:
            futures[key].set_exception(error)
    for key in functions:
        threading.Thread(target=call, args=[key], daemon=True).start()
    done, _ = concurrent.futures.wait(futures.values(), seconds)
    return {key: future.result() for key, future in futures.items()
            if future in done}
