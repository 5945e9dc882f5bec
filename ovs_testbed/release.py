# SPDX-License-Identifier: Apache-2.0

"""The parts of a release of OpenStack: ``releases/NAME.toml``."""

import os
import tomllib

from harness import errors
from ovs_testbed import cache

DEFAULT = '2026.2'
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'releases')
_INTERPRETER = '/usr/bin/python%s'
_CHECKOUT = os.path.dirname(os.path.dirname(_FOLDER))


class Release:
    """The contents of the file, and the versions that it is pinned to."""

    def __init__(self, name, facts):
        self.name = name
        #: the versions of Python that it runs on
        self.pythons = facts['pythons']
        #: the one that this machine has
        self.python = _of_this_machine(self.pythons)
        #: None: it is found or made
        self.interpreter = (None if self.python == '2.7'
                            else _INTERPRETER % self.python)
        self.distributions = facts['distributions']
        #: {service: version and commit} of those that no registry has
        self.checkouts = facts.get('checkouts', {})
        #: what the commits are known as
        self.tag = facts.get('tag')
        self.services = facts['services']
        #: the releases that "upgrade" brings to it
        self.upgrades_from = facts.get('upgrades_from', [])
        #: those that a testbed has only if it is asked for them
        self.optional_services = facts.get('optional_services', [])
        #: all that a testbed can be asked for: these, and cinder's own
        self.extras = ['backup'] + self.optional_services
        #: variables for its services; empty if it has green threads only
        self.native_threads = facts.get('native_threads', {})
        #: Debian packages that it needs beside those of all releases
        self.packages = facts.get('packages', [])
        #: the release whose environment has the Tempest that tests it
        self.tested_by = facts.get('tested_by', name)
        #: {distribution: files of its source that its wheel leaves out}
        self.etc = facts.get('etc', {})
        #: {program: WSGI script}, where there is no module for it
        self.wsgi_scripts = facts.get('wsgi_scripts', {})
        #: programs that uwsgi serves by processes with one thread each
        self.single_threaded = facts.get('single_threaded', [])
        #: options of tempest.conf, by their sections
        self.tempest = facts.get('tempest', {})
        #: regular expressions: tests of Tempest that cannot hold on it
        self.skip = facts.get('skip', [])
        #: the microversions that its clients ask for
        self.microversions = facts['microversions']
        #: the version of Cinder's API that the openstack client asks for
        self.volume_version = facts.get('volume_version', '3')
        #: all that is installed, from wheels and from sources, with hashes
        self.wheels = _constraints('testbed-%s' % name)
        self.sources = _constraints('testbed-%s-source' % name)
        #: the tools that build the sources
        self.build_tools = _constraints(facts.get('build_tools', 'build'))

    @property
    def key(self):
        """Changes when anything does that is installed."""
        texts = []
        for path in self.wheels, self.sources, self.build_tools:
            with open(path) as stream:
                texts.append(stream.read())
        return cache.key_of(self.python, *texts, *(
            checkout['commit'] for checkout in self.checkouts.values()))


def _of_this_machine(pythons):
    there = [version for version in pythons
             if os.path.exists(_INTERPRETER % version)]
    return (there or pythons)[0]


def _constraints(name):
    return os.path.join(_CHECKOUT, 'constraints', name + '.txt')


def names():
    return sorted(name[:-len('.toml')] for name in os.listdir(_FOLDER)
                  if name.endswith('.toml'))


def load(name):
    path = os.path.join(_FOLDER, name + '.toml')
    if name not in names():
        raise errors.Error('there is no release "%s" here' % name,
                           hint='known: %s' % ', '.join(names()))
    with open(path, 'rb') as stream:
        return Release(name, tomllib.load(stream))
