# SPDX-License-Identifier: Apache-2.0

"""The patient: all that a check asks of a testbed or of a host.

A testbed knows what is right: addresses, vPools, endpoints. A host does not;
there a check tells only what does not answer, or what contradicts.
"""

import concurrent.futures
import contextlib
import threading

from ovs_doctor import configuration
from ovs_doctor import rest


class Program:
    """A program that runs, or that should.

    :param name: what people call it
    :param kind: the name of its command, as "cinder-volume"
    :param service: the service that it belongs to, as "cinder"
    :param pids: its processes; those that these have started need not be
                 among them
    :param log: how its log is read, in the words of a hint
    :param python: the interpreter that it runs in
    :param path: the PATH that it runs with
    """

    def __init__(self, name, kind, service, pids=(), is_running=False,
                 log='', python=None, path=None):
        self.name = name
        self.kind = kind
        self.service = service
        self.pids = list(pids)
        self.is_running = is_running
        self.log = log
        self.python = python
        self.path = path

    def files(self):
        """The files of options that it reads."""
        return []


class Group:
    """The programs of a service, which are judged together.

    :param is_foundation: whether the services of OpenStack rest on it
    :param is_ready: a function that asks whether it answers, if there is one
    """

    def __init__(self, name, programs, is_foundation, is_ready=None):
        self.name = name
        self.programs = programs
        self.is_foundation = is_foundation
        self.is_ready = is_ready


class Patient:
    """A testbed or a host: the common part.

    :param thorough: whether checks may take half a minute
    """

    #: the roles that the user of each service needs
    roles = ()
    #: the role of the users that send service tokens
    token_role = 'service'

    def __init__(self, thorough=False):
        self.thorough = thorough

    # what there is

    @property
    def programs(self):
        """{name: Program}"""
        raise NotImplementedError

    def find(self, *kinds):
        """The programs of some kinds, in the order of the kinds."""
        return [program for kind in kinds
                for program in self.programs.values() if program.kind == kind]

    def groups(self):
        """The Groups, in the order in which they are told."""
        raise NotImplementedError

    def openstack(self):
        """The names of the services of OpenStack that are here."""
        raise NotImplementedError

    def configurations(self, service):
        """The configurations of a service, with the programs that read
        each: [(Configuration, programs)]."""
        readers = {}
        for program in self.programs.values():
            paths = tuple(program.files()) if program.service == service \
                else ()
            if paths:
                readers.setdefault(paths, []).append(program)
        return [(configuration.Configuration(paths), programs)
                for paths, programs in readers.items()]

    def configuration_of(self, program):
        """That of one program."""
        return configuration.Configuration(program.files())

    def folders(self):
        """Where data lies: {use: folder}."""
        raise NotImplementedError

    def checks(self):
        """Findings that fit this kind of patient only."""
        return []

    # how it is looked into

    def inside(self, command):
        """A command, as it is run where the programs run."""
        return command

    def network(self):
        """Be in the network of the programs, this thread alone."""
        return contextlib.nullcontext()

    def path(self, path):
        """Where a file that the programs see is found from here."""
        return path

    def log_lines(self, program):
        """The newest lines of a program's log."""
        raise NotImplementedError

    def login(self):
        """The administrator's login, as keystoneauth names its options."""
        raise NotImplementedError

    def api(self, seconds):
        """Log in to the APIs; use it where the network is entered."""
        return rest.Api(self.login(), seconds)

    # what is right, as far as it is known

    def address(self, _to):
        """The host and port of the database, queue or Keystone."""
        return None

    def endpoints(self):
        """The entries of the catalog: [(name, type, URL)]."""
        return None

    def vpools(self):
        """The names of the vPools."""
        return None

    def vpool_address(self, _name):
        """The options of the address of a vPool."""
        return None

    def libvirt_prefix(self):
        """The folder of our libvirt; None if the distribution's is used."""
        raise NotImplementedError

    def is_here(self, _host):
        """Tell whether a host is this patient, as services name it."""
        raise NotImplementedError

    # the words of hints

    def restart(self, programs):
        """How programs are restarted."""
        raise NotImplementedError

    def start(self, programs):
        """How programs that do not run are started."""
        raise NotImplementedError

    def password_place(self):
        """Where the right passwords are."""
        raise NotImplementedError

    def cure_of_catalog(self, kind):
        """Return the cure of a catalog that lacks a type."""
        raise NotImplementedError

    def guid_place(self):
        """Where the guid of a vPool is shown."""
        raise NotImplementedError

    def cure_of_drivers(self, python):
        """How the drivers are installed for a Python."""
        raise NotImplementedError

    def story(self, _request):
        """How the story of a request is told."""
        return ''


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
