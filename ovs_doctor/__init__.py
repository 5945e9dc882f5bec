# SPDX-License-Identifier: Apache-2.0

"""Looks at the services of a cloud, and names the first cause of a fault.

It changes nothing. The patient is a testbed (``ovs_testbed.doctor``) or the
host that the command ``ovs-doctor`` runs on; it needs no package beside. An
area is a module with checks, which yield findings; ``areas`` has them in the
order of causes: an error makes those below it likely, so the first one is the
cause.

===============  ============================================================
area             asks
===============  ============================================================
``space``        is there room where data lies
``processes``    does what all else rests on run, move and answer; the rest
                 of the services comes after ``hypervisor``
``logins``       can each service log in, with its own configuration and in
                 its own Python, to its database, queue and Keystone
``drivers``      does the Python of Cinder and Nova find the drivers
``vpools``       does each vPool answer at both ports, and is it that one
``hypervisor``   are QEMU and libvirt ours, and do they answer
``cloud``        do the services report themselves; types, volumes
``orphans``      do Cinder and the vPools agree
``logs``         the newest errors of each log, if asked to be thorough
===============  ============================================================
"""
