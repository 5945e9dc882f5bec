# SPDX-License-Identifier: Apache-2.0

"""Does an installed QEMU and libvirt work with Open vStorage Edge volumes?

``python3 -m hypervisor.selftest`` from the checkout, or "hypervisor/build
--check". Everything it needs it starts itself and ends again.
"""
