# SPDX-License-Identifier: Apache-2.0

"""The manual is true: what it names exists, and its reference is current."""

import os
import re
import subprocess
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
#: HACKING.rst says what to write instead
WORDS = re.compile(r'\b(?:somebody|nobody|anybody|everybody|whoever|anew'
                   r'|likewise)\b', re.IGNORECASE)
#: the same in code, where "nobody" is also a user's name
WORDS_OF_CODE = re.compile(r'\b(?:somebody|anybody|everybody|whoever|anew'
                           r'|likewise|nobody(?![-@:\']))\b', re.IGNORECASE)
#: a subject that is a clause; a heading that is one
CLAUSES = re.compile(r'(?:^[ *-]*|[.:;] )(?:What|Who|Whether) .*',
                     re.MULTILINE)
#: a file of this project; not one with a name that the reader fills in
PATH = re.compile(
    r'``((?:bin|constraints|devstack|doc|edge|hypervisor|ovs_\w+|playbooks'
    r'|roles|tests|tools|zuul\.d)/[\w./-]+)``')
# folders that builds make, so that they may be there or not
MADE = ('build/', 'doc/build/')
FILLED_IN = re.compile(r'[A-Z]{4}|2027')
#: a test between the marks of emphasis, as "guarantees" gives them
PROOF = re.compile(r'\*((?:devstack|edge|hypervisor|ovs_)[^*]+)\*')


def files_of(*patterns):
    """Return the files that git knows, or would add."""
    return subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '--',
         *patterns], cwd=TOP, text=True, check=True,
        stdout=subprocess.PIPE).stdout.split()


def read(name):
    with open(os.path.join(TOP, name), encoding='utf-8') as stream:
        return stream.read()


def prose(text):
    """Return a page without what stands between the marks of code."""
    return re.sub(r'``[^`]*``', '', text)


class ManualTest(unittest.TestCase):

    def pages(self):
        found = [name for name in files_of(
            '*.rst', 'releasenotes/notes/*.yaml')
            if not name.startswith(('doc/source/reference/', 'HACKING'))]
        self.assertGreater(len(found), 30)
        return [(name, read(name)) for name in found]

    def test_plain_words(self):
        found = ['%s: %s' % (name, words) for name, text in self.pages()
                 for pattern in (WORDS, CLAUSES)
                 for words in pattern.findall(prose(text))]
        self.assertEqual([], found)

    def test_plain_words_in_code(self):
        found = [
            '%s:%d: %s' % (name, number, line.strip())
            for name in files_of('*.py', '*.sh', '*.[ch]', '*.md', 'bin',
                                 'devstack/lib', 'ovs_testbed/devstack',
                                 'tools')
            for number, line in enumerate(read(name).splitlines(), 1)
            if WORDS_OF_CODE.search(line)
            and name != 'tests/manual/test_manual.py']
        self.assertEqual([], found)

    def test_named_files_exist(self):
        found = ['%s: %s' % (name, path) for name, text in self.pages()
                 for path in PATH.findall(text)
                 if not os.path.exists(os.path.join(TOP, path))
                 and not path.startswith(MADE)
                 and not FILLED_IN.search(path)]
        self.assertEqual([], found)

    def test_proofs_exist(self):
        proofs = PROOF.findall(read('doc/source/operators/guarantees.rst'))
        self.assertGreater(len(proofs), 40)
        known = {name: read(name) for name in files_of(
            'devstack/tests', 'edge/tests', 'hypervisor/tests', 'ovs_*')
            if name.endswith(('.py', '.c', '.sh'))}
        for proof in proofs:
            folder = ''
            for word in re.split(r'[,:;\s]+', proof):
                if '/' in word:
                    folder = word
                    self.assertTrue(
                        os.path.exists(os.path.join(TOP, folder)), folder)
                elif word:
                    self.assertTrue(any(
                        word in text for name, text in known.items()
                        if name.startswith(folder)), '%s: %s' % (folder, word))

    def test_the_reference_is_current(self):
        done = subprocess.run(
            [sys.executable, os.path.join(TOP, 'tools', 'write-reference'),
             '--check'], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.assertEqual(0, done.returncode, done.stdout)
