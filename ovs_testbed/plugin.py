# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.
"""interim"""
from ovs_testbed import supervisor


class Plugin:
    def __init__(self, testbed, room):
        self.testbed = testbed
        self.room = room

    def build(self):
        pass

    def is_built(self):
        return True

    def mounts(self):
        return {path: self.testbed.data('libvirt' + path.replace('/', '-'))
                for path in ('/etc/libvirt', '/var/lib/libvirt', '/run/libvirt', '/var/cache/libvirt')}

    def install(self):
        pass

    def post_config(self):
        from ovs_testbed import files
        p = self.mounts()['/etc/libvirt']
        files.write(p + '/qemu.conf', 'user="root"\ngroup="root"\ndynamic_ownership=0\nremember_owner=0\nsecurity_driver="none"\nnamespaces=[]\ncgroup_controllers=[]\nstdio_handler="file"\nseccomp_sandbox=0\n')
        files.write(p + '/libvirtd.conf', 'unix_sock_dir="/run/libvirt"\nauth_unix_rw="none"\n')
        self.room.supervisor.start(supervisor.Program('libvirtd', ['/usr/sbin/libvirtd', '-f', '/etc/libvirt/libvirtd.conf']))

    def extra(self):
        pass

    def test_config(self):
        pass
