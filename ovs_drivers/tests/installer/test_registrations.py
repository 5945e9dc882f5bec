# SPDX-License-Identifier: Apache-2.0

"""Where the lines go, in texts of every shape."""

import subprocess
import sys
import unittest

from ovs_drivers.installer import errors
from ovs_drivers.installer import probe
from ovs_drivers.installer import interpreter
from ovs_drivers.installer import registrations
from ovs_drivers.tests.installer import fixtures

CONNECTOR = 'os_brick/initiator/connector.py'
DRIVER = 'nova/virt/libvirt/driver.py'
CONFIG = 'nova/virt/libvirt/config.py'


def insert(path, text):
    content = text.encode('utf-8')
    return registrations.insert(path, 'in/' + path, content,
                                probe.parse_one(content)).decode('utf-8')


def evaluate(text):
    """Run a sample; the names of os-brick in it stand for themselves."""
    class Names(object):
        AOE, FIBRE_CHANNEL = 'AOE', 'FIBRE_CHANNEL'
    lines = [line for line in text.split('\n')
             if not line.startswith('from os_brick')]
    names = {'initiator': Names}
    exec('\n'.join(lines), names)
    return names


class InsertTest(fixtures.TestCase):

    def test_connector_of_old_releases(self):
        names = evaluate(insert(CONNECTOR, fixtures.OLD_CONNECTOR))
        self.assertIn(registrations.CONNECTOR, names['connector_list'])
        for table in ('_connector_mapping_linux',
                      '_connector_mapping_linux_s390x'):
            self.assertEqual(registrations.CONNECTOR,
                             names[table]['OPENVSTORAGE_EDGE'])
            self.assertEqual(2, len(names[table]))

    def test_connector_of_new_releases(self):
        names = evaluate(insert(CONNECTOR, fixtures.NEW_CONNECTOR))
        self.assertIn(registrations.CONNECTOR, names['unix_connector_list'])
        self.assertNotIn(registrations.CONNECTOR,
                         names['windows_connector_list'])
        for table in ('_connector_mapping_linux',
                      '_connector_mapping_linux_s390x',
                      '_connector_mapping_linux_ppc64'):
            self.assertEqual(registrations.CONNECTOR,
                             names[table]['OPENVSTORAGE_EDGE'])

    def test_nova_registration_is_the_same_in_both_styles(self):
        old = evaluate(insert(DRIVER, fixtures.OLD_NOVA_DRIVER))
        new = evaluate(insert(DRIVER, fixtures.NEW_NOVA_DRIVER))
        expected = ('nova.virt.libvirt.volume.openvstorage_edge.'
                    'LibvirtOpenvStorageEdgeVolumeDriver')
        self.assertEqual(expected, new['VOLUME_DRIVERS']['openvstorage_edge'])
        self.assertEqual('openvstorage_edge=' + expected,
                         old['libvirt_volume_drivers'][0])

    def test_guest_disk_goes_right_after_the_class_of_nova(self):
        changed = insert(CONFIG, fixtures.NOVA_CONFIG)
        begin = changed.index('# BEGIN ovs-drivers')
        self.assertEqual('not the end of the class\n"""\n',
                         changed[:begin][-29:])
        end = changed.index('uninstall" removes these lines\n')
        self.assertEqual('\n\n# About the one that follows.\n@property\n',
                         changed[end:].split('\n', 1)[1][:42])

    def test_guest_disk_when_nothing_follows(self):
        text = 'class LibvirtConfigGuestDisk(object):\n    pass\n'
        changed = insert(CONFIG, text + '\n\n# the end\n')
        self.assertTrue(changed.startswith(text + '# BEGIN'))
        self.assertTrue(changed.endswith('lines\n\n\n# the end\n'))

    @unittest.skipIf(sys.version_info[0] == 2, 'syntax of Python 3')
    def test_annotated_names_and_comments_after_the_bracket(self):
        names = evaluate(insert(
            DRIVER, 'VOLUME_DRIVERS: dict = {  # kinds\n}\n'))
        self.assertIn('openvstorage_edge', names['VOLUME_DRIVERS'])

    def test_names_in_functions_strings_and_comments_are_no_anchors(self):
        text = ('"""\nVOLUME_DRIVERS = {\n}\n"""\n# VOLUME_DRIVERS = {\n'
                'def f():\n    VOLUME_DRIVERS = {\n    }\n')
        changed = insert(DRIVER, text + 'VOLUME_DRIVERS = {\n}\n')
        self.assertTrue(changed.startswith(text))
        self.assertRaises(errors.UnknownLayout, insert, DRIVER, text)

    def assert_unknown(self, path, text, *words):
        with self.assertRaises(errors.UnknownLayout) as caught:
            insert(path, text)
        for word in words + ('in/' + path,):
            self.assertIn(word, str(caught.exception))

    def test_unknown_layouts(self):
        self.assert_unknown(DRIVER, 'X = {}\n', 'VOLUME_DRIVERS',
                            'libvirt_volume_drivers')
        self.assert_unknown(DRIVER, 'VOLUME_DRIVERS = dict()\n')
        self.assert_unknown(DRIVER, 'VOLUME_DRIVERS = [\n]\n')
        self.assert_unknown(DRIVER, 'VOLUME_DRIVERS = {1: 2,\n3: 4}\n',
                            'the line of its bracket')
        self.assert_unknown(DRIVER, 'VOLUME_DRIVERS = {}\n')
        self.assert_unknown(
            DRIVER, 'VOLUME_DRIVERS = {\n}\n' * 2, 'there twice')
        self.assert_unknown(CONNECTOR, 'unix_connector_list = [\n]\n',
                            '_connector_mapping_linux')
        self.assert_unknown(CONNECTOR, '_connector_mapping_linux = {\n}\n',
                            'connector_list')
        self.assert_unknown(CONFIG, 'class Other(object):\n    pass\n',
                            'LibvirtConfigGuestDisk')
        self.assert_unknown(
            CONFIG, 'class LibvirtConfigGuestDisk(object):\n    pass',
            'no end')
        self.assert_unknown(DRIVER, '', 'VOLUME_DRIVERS')

    def test_sources_that_do_not_parse(self):
        self.assert_unknown(DRIVER, 'print "Python 2"\n)\n',
                            'cannot be parsed')
        self.assert_unknown(DRIVER, 'a = 1\0\n', 'cannot be parsed')

    def test_hand_made_registrations_are_refused(self):
        for path, text in (
                (CONNECTOR, fixtures.NEW_CONNECTOR.replace(
                    "'AOE'", "'OPENVSTORAGE_EDGE'")),
                (CONNECTOR, fixtures.OLD_CONNECTOR.replace(
                    'initiator.AOE', 'initiator.OPENVSTORAGE_EDGE')),
                (CONNECTOR, fixtures.OLD_CONNECTOR
                 + "connector_list += ['x.y.OpenvStorageEdgeConnector']\n"),
                (DRIVER, fixtures.OLD_NOVA_DRIVER.replace(
                    'iscsi=', 'openvstorage_edge=')),
                (CONFIG, fixtures.NOVA_CONFIG
                 + 'class LibvirtConfigOpenvStorageEdgeGuestDisk(object):\n'
                   '    pass\n')):
            with self.assertRaises(errors.ForeignChange) as caught:
                insert(path, text)
            self.assertIn('names Open vStorage already',
                          str(caught.exception))

    def test_a_comment_about_us_is_no_registration(self):
        insert(DRIVER, '# openvstorage_edge: see ovs-drivers\n'
               + fixtures.NEW_NOVA_DRIVER)

    def test_source_that_is_not_ascii(self):
        text = u'# -*- coding: utf-8 -*-\n# \u00e9\nX = u"\u20ac"\n'
        self.assertTrue(insert(DRIVER, text + fixtures.NEW_NOVA_DRIVER)
                        .startswith(text))


class ModulesTest(fixtures.TestCase):

    def test_each_says_where_it_comes_from(self):
        for modules in registrations.MODULES.values():
            for path, content in modules.items():
                text = content.decode('ascii')
                compile(text, path, 'exec')
                self.assertIn('Licensed under the Apache License', text)
                self.assertIn('``ovs-drivers uninstall`` removes it', text)
                self.assertLess(max(len(line) for line
                                    in text.split('\n')), 80)

    def test_both_names_of_the_original_guide_exist(self):
        self.assertEqual(
            ['cinder/volume/drivers/openvstorage.py',
             'cinder/volume/drivers/openvstorage_edge.py'],
            sorted(registrations.MODULES['cinder']))


class ProbeInOtherPythonsTest(fixtures.TestCase):
    """The same answers from every interpreter that is there."""

    def test_parse(self):
        texts = [fixtures.OLD_CONNECTOR, fixtures.NEW_CONNECTOR,
                 fixtures.NEW_NOVA_DRIVER, fixtures.NOVA_CONFIG,
                 '@decorator(\n    1)\nclass A(object):\n    pass\n', ' x\n']
        expected = [without_message(each) for each in probe.parse(texts)]
        for python in fixtures.pythons().values():
            answer = interpreter.ask(python, 'parse', texts)
            self.assertEqual(expected, [without_message(each)
                                        for each in answer], python)

    def test_python_2_syntax_is_parsed_by_python_2(self):
        for python in fixtures.pythons().values():
            answer = interpreter.ask(python, 'parse', ['print "x"\n'])[0]
            version = subprocess.check_output(
                [python, '-c', 'import sys; print(sys.version_info[0])'])
            self.assertEqual(version.strip() != b'2', 'error' in answer)


def without_message(answer):
    """Leave out the words of a compiler's complaint."""
    return 'error' if 'error' in answer else answer
