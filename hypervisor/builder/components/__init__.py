# SPDX-License-Identifier: Apache-2.0

"""The components, a module each, in the order of the build."""

from hypervisor.builder.components import edge
from hypervisor.builder.components import libvirt
from hypervisor.builder.components import qemu

ALL = {component.name: component for component in
       (edge.Edge(), qemu.Qemu(), libvirt.Libvirt())}
