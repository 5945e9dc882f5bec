# SPDX-License-Identifier: Apache-2.0

"""What is built: one module each, in the order in which they are built."""

from hypervisor.builder.components import edge
from hypervisor.builder.components import libvirt
from hypervisor.builder.components import qemu

ALL = {component.name: component for component in
       (edge.Edge(), qemu.Qemu(), libvirt.Libvirt())}
