# SPDX-License-Identifier: Apache-2.0

"""Marked blocks in texts, friendly and hostile."""

import unittest

from hypothesis import assume
from hypothesis import given
from hypothesis import strategies

from ovs_drivers.installer import blocks
from ovs_drivers.installer import errors

BLOCK = blocks.render(["'a':", "    'b',"], 4)


class BlocksTest(unittest.TestCase):

    def test_render_indents_and_marks(self):
        lines = BLOCK.split(b'\n')
        self.assertEqual(b'    ' + blocks.BEGIN, lines[0])
        self.assertEqual([b"    'a':", b"        'b',"], lines[1:3])
        self.assertEqual(b'    ' + blocks.END, lines[3])

    def test_render_leaves_no_space_at_line_ends(self):
        self.assertIn(b'\n\n', blocks.render(['x', '', 'y'], 4))

    def test_lines_fit_a_terminal(self):
        for line in BLOCK.split(b'\n'):
            self.assertLess(len(line), 80)

    def test_insert_after_lines(self):
        changed = blocks.insert(b'1\n2\n3\n', [(1, b'x\n'), (3, b'y\n')])
        self.assertEqual(b'1\nx\n2\n3\ny\n', changed)

    def test_insert_takes_the_line_ends_of_the_file(self):
        changed = blocks.insert(b'1\r\n2\r\n', [(1, BLOCK)])
        self.assertEqual(changed.count(b'\n'), changed.count(b'\r\n'))
        self.assertEqual((b'1\r\n2\r\n', [BLOCK]),
                         blocks.split(changed, 'f'))

    def test_insert_refuses_a_line_without_end(self):
        self.assertRaises(ValueError, blocks.insert, b'1', [(1, BLOCK)])

    def test_insert_with_a_carriage_return_inside_a_line(self):
        self.assertEqual(b'a\rb\nx\n', blocks.insert(b'a\rb\n', [(1, b'x\n')]))

    def test_split_finds_nothing_in_nothing(self):
        self.assertEqual((b'', []), blocks.split(b'', 'f'))

    def test_split_keeps_a_missing_last_line_end(self):
        self.assertEqual((b'a\nb', [BLOCK]),
                         blocks.split(b'a\n' + BLOCK + b'b', 'f'))

    def test_split_refuses_marks_without_partner(self):
        begin, end = blocks.BEGIN + b'\n', blocks.END + b'\n'
        for content in (begin, end, begin + begin + end, end + begin,
                        begin + end + end):
            with self.assertRaises(errors.ForeignChange) as caught:
                blocks.split(b'x\n' + content, 'some/file.py')
            self.assertIn('some/file.py, line', str(caught.exception))

    @given(strategies.binary(), strategies.data())
    def test_what_was_inserted_comes_out_again(self, content, data):
        assume(b'ovs-drivers' not in content)
        whole_lines = content.count(b'\n')
        places = data.draw(strategies.lists(
            strategies.integers(1, whole_lines), unique=True, max_size=3)
            if whole_lines else strategies.just([]))
        changed = blocks.insert(content, [(line, BLOCK) for line in places])
        self.assertEqual((content, [BLOCK] * len(places)),
                         blocks.split(changed, 'f'))
