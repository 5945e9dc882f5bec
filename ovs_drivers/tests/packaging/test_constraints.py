# SPDX-License-Identifier: Apache-2.0

"""The pinned versions of constraints/: hashes, and what the project needs."""

import glob
import os
import re
import unittest

from packaging import requirements
from packaging import utils

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..',
                                   '..'))
_PIN = re.compile(r'^([\w.-]+)==(\S+)( \\)?$', re.MULTILINE)


def read(*path):
    with open(os.path.join(TOP, *path)) as source:
        return source.read()


def pins(name):
    """Return distribution -> version of an environment."""
    text = read('constraints', name + '.txt')
    if os.path.exists(os.path.join(TOP, 'constraints', name + '-source.txt')):
        text += read('constraints', name + '-source.txt')
    return {utils.canonicalize_name(found[0]): found[1]
            for found in _PIN.findall(text)}


def missing(environment, path):
    """Return the lines of a file of requirements that are not met."""
    python = '2.7' if 'py27' in environment else '3.11'
    found = pins(environment)
    unmet = []
    for line in read(path).splitlines():
        if line.startswith('#'):
            continue
        wanted = requirements.Requirement(line)
        if wanted.marker and not wanted.marker.evaluate(
                {'python_version': python}):
            continue
        version = found.get(utils.canonicalize_name(wanted.name))
        if version is None or version not in wanted.specifier:
            unmet.append(line)
    return unmet


class ConstraintsTestCase(unittest.TestCase):

    def test_every_version_has_hashes(self):
        for path in glob.glob(os.path.join(TOP, 'constraints', '*.txt')):
            if path.endswith('debian11.txt'):
                continue    # packages of Debian
            found = _PIN.findall(read(path))
            self.assertTrue(found, path)
            self.assertEqual([], [pin for pin in found if not pin[2]], path)

    def test_the_environments_have_what_the_project_requires(self):
        units = [os.path.basename(path)[:-len('.txt')] for path in
                 glob.glob(os.path.join(TOP, 'constraints', 'py[23]*.txt'))
                 if not path.endswith('-source.txt')]
        self.assertIn('py311', units)
        for environment in units + ['tempest', 'tempest-py27']:
            self.assertEqual([], missing(environment, 'requirements.txt'),
                             environment)
        for environment in units:
            self.assertEqual([], missing(environment, 'test-requirements.txt'),
                             environment)
