# SPDX-License-Identifier: Apache-2.0

"""Find what our code uses and an interpreter's packages lack."""

import collections
import json
import os
import subprocess

from upstream import signatures
from upstream import uses

#: kind: 'gone' or 'changed'; name: what it is about; text: how
Finding = collections.namedtuple('Finding', ['kind', 'name', 'text'])
PROBE = os.path.join(os.path.dirname(__file__), 'probe.py')


class ProbeFailed(Exception):
    """The interpreter gave no answer."""


class Packages(object):
    """The answer of an interpreter about the names and classes that are used.

    Each package is asked for in a process of its own: Cinder and Nova have
    options of the same name.
    """

    def __init__(self, python, used):
        self.python = python
        #: packages that are there, and that are not
        self.present = []
        self.missing = []
        #: module -> why it cannot be looked into
        self.untold = {}
        self._names = {}
        self._classes = {}
        for root, (names, classes) in sorted(_by_package(used).items()):
            answer = self._ask(root, sorted(names), sorted(classes))
            self._names.update(zip(sorted(names), answer['names']))
            self._classes.update(zip(sorted(classes), answer['classes']))
            is_gone = self._names[root].get('gone')
            (self.missing if is_gone else self.present).append(root)
            self.untold.update((each['untold'], each['reason'])
                               for each in answer['names']
                               if 'untold' in each)

    def has(self, dotted):
        """Say whether the package of a name is there at all."""
        return dotted.split('.')[0] in self.present

    def has_that_of(self, use):
        """Say whether the package of a use is there at all."""
        return any(map(self.has, use.names if isinstance(use, uses.Name)
                       else use.bases[0]))

    def name(self, dotted):
        """Return what the probe says of a name."""
        return self._names[dotted]

    def classes(self, bases):
        """Return what the probe says of a class with these bases."""
        return self._classes[bases]

    def _ask(self, root, names, classes):
        request = json.dumps({'names': names, 'classes': classes})
        with open(PROBE, encoding='ascii') as source:
            text = source.read()
        asked = subprocess.run(
            [self.python, '-E', '-W', 'ignore', '-c', text], input=request,
            capture_output=True, text=True, timeout=600, cwd='/')
        if asked.returncode:
            raise ProbeFailed('%s does not say what it has of %s: %s' % (
                self.python, root, asked.stderr.strip()[-2000:]))
        return json.loads(asked.stdout)


def _by_package(used):
    """Return package -> the names and the lists of bases to ask for."""
    asked = collections.defaultdict(lambda: (set(), set()))
    for use in used:
        if isinstance(use, uses.Name):
            for name in use.names:
                root = name.split('.')[0]
                asked[root][0].update((root, name))
        else:
            root = use.bases[0][0].split('.')[0]
            asked[root][0].add(root)
            asked[root][1].add(use.bases)
    return asked


def find(used, packages):
    """Return Finding -> where, for what does not fit the packages."""
    found = collections.defaultdict(list)
    judges = {uses.Name: _of_name, uses.Member: _of_member,
              uses.Override: _of_override}
    for use in used:
        finding = judges[type(use)](use, packages)
        if finding:
            found[finding].append(use.where)
    return found


def differences(used, before, now):
    """Return Finding -> where, for signatures that are not as before."""
    found = collections.defaultdict(list)
    for use in used:
        for name, old, new in _signatures(use, before, now):
            if old and new and old != new:
                found[Finding('differs', name, 'was %s, is %s' % (
                    signatures.text(old), signatures.text(new)))].append(
                        use.where)
    return found


def _signatures(use, before, now):
    if isinstance(use, uses.Name):
        for name in use.names if use.call else ():
            if before.has(name) and now.has(name):
                yield (name, before.name(name).get('signature'),
                       now.name(name).get('signature'))
    elif before.has(use.bases[0][0]) and now.has(use.bases[0][0]):
        yield (_of_class(use),
               before.classes(use.bases)['members'].get(use.name),
               now.classes(use.bases)['members'].get(use.name))


def _of_name(use, packages):
    """Judge the first of the names that our code would find."""
    for name in use.names:
        answer = packages.name(name)
        if answer.get('gone') in use.tried or not packages.has(name):
            continue
        if answer.get('gone') in use.asked or 'untold' in answer:
            return None
        if 'gone' in answer:
            return Finding('gone', answer['gone'], answer['reason'])
        problem = signatures.misfit(use.call, answer['signature'])
        return problem and Finding('changed', name, problem)
    return None


def _of_member(use, packages):
    if not packages.has(use.bases[0][0]):
        return None
    answer = packages.classes(use.bases)
    if use.name in answer['members']:
        problem = signatures.misfit(use.call, answer['members'][use.name])
        return problem and Finding('changed', _of_class(use), problem)
    return None if answer['open'] else Finding(
        'gone', _of_class(use), 'no base of the class has it')


def _of_override(use, packages):
    if not packages.has(use.bases[0][0]):
        return None
    theirs = packages.classes(use.bases)['members'].get(use.name)
    problem = signatures.misfit_of_override(use.signature, theirs)
    return problem and Finding('changed', _of_class(use), problem)


def _of_class(use):
    return '%s.%s' % (use.bases[0][0], use.name)
