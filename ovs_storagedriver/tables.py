# SPDX-License-Identifier: Apache-2.0

"""Rows of values as a table for people, or in a format for programs.

For programs a value is what JSON has for it. For people, :class:`Shown` says
how it looks.
"""

import csv
import io
import json


class Shown:
    """A value, and the function that makes its text for people."""

    def __init__(self, value, text):
        self.value = value
        self._text = text

    def __str__(self):
        return self._text(self.value)


def to_table(titles, rows):
    """Draw a box; a text may have several lines."""
    cells = [[str(value).split('\n') for value in row]
             for row in [titles] + rows]
    widths = [max(len(line) for row in cells for line in row[column])
              for column in range(len(titles))]
    border = '+%s+' % '+'.join('-' * (width + 2) for width in widths)
    drawn = [_draw(row, widths) for row in cells]
    return '\n'.join([border, drawn[0], border] + drawn[1:] + [border])


def _draw(row, widths):
    height = max(len(lines) for lines in row)
    padded = [lines + [''] * (height - len(lines)) for lines in row]
    return '\n'.join(
        '| %s |' % ' | '.join(text.ljust(width)
                              for text, width in zip(line, widths))
        for line in zip(*padded))


def to_json(titles, rows):
    return json.dumps([dict(zip(titles, _plain(row))) for row in rows],
                      indent=2)


def to_yaml(titles, rows):
    """Write a mapping a row; its values are JSON, which YAML includes."""
    return '\n'.join(
        '- ' + '\n  '.join('%s: %s' % (title, json.dumps(value))
                           for title, value in zip(titles, _plain(row)))
        for row in rows) or '[]'


def to_csv(titles, rows):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC,
               lineterminator='\n').writerows([titles] + [_plain(row)
                                                          for row in rows])
    return text.getvalue().rstrip('\n')


def to_value(_titles, rows):
    """Write the values alone."""
    return '\n'.join(' '.join(str(value) for value in _plain(row))
                     for row in rows)


def _plain(row):
    return [value.value if isinstance(value, Shown) else value
            for value in row]


FORMATS = {'table': to_table, 'json': to_json, 'yaml': to_yaml,
           'csv': to_csv, 'value': to_value}
