#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_functions.sh - the function library of the testbed does what DevStack
# does. OPENVSTORAGE_DEVSTACK_DIR names checkouts of DevStack, separated by
# colons: the same cases are then run with their functions.

# DevStack reads what is set here; "echo" ends the line that a fake leaves open
# shellcheck disable=SC1091,SC2034,SC2005

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"

# source_ours
function source_ours {
    source "$TOP/ovs_testbed/devstack/functions"
}

# source_devstack FOLDER
function source_devstack {
    TOP_DIR=$1
    DEST=$SANDBOX
    # shellcheck source=/dev/null
    source "$TOP_DIR/functions" >/dev/null 2>&1
    set +o xtrace
}

# openstack ARGUMENT... - say what was asked, as an id; there is none yet.
# Releases with system scope name their cloud first
function openstack {
    if [[ $1 == --os-cloud ]]; then
        shift 2
    fi
    [[ $2 != show ]] || return 1
    printf '<%s>' "$@"
}

# ini_cases FILE - what the plugin does with configuration files
function ini_cases {
    local file=$1
    iniset "$file" myvpool01 volume_driver cinder.volume.Driver
    iniset "$file" DEFAULT debug True
    iniset "$file" myvpool01 storage_ip 10.0.0.1,10.0.0.2
    iniset "$file" myvpool02 storage_ip 10.0.0.3
    iniset "$file" myvpool01 storage_ip 10.0.0.4
    iniset "$file" libvirt connection_uri "qemu+unix:///system?socket=/a/b"
    iniset "$file" volume vendor_name "Open vStorage"
    iniset "$file" openvstorage reports_capacity False
    iniadd_literal "$file" openvstorage vpool "backend=two edge_port=2"
    iniadd_literal "$file" openvstorage vpool "backend=one edge_port=1"
    iniadd_literal "$file" other vpool "no such section"
    iniset "$file" myvpool02 edge_port 26203
    inidelete "$file" myvpool02 storage_ip
    inidelete "$file" myvpool02 none
    cat "$file"
    echo "got '$(iniget "$file" myvpool01 storage_ip)'" \
        "'$(iniget "$file" myvpool02 storage_ip)'" \
        "'$(iniget "$file" volume vendor_name)'" \
        "'$(iniget "$file" none none)'"
}

# service_cases - what the plugin asks of services
function service_cases {
    local service
    ENABLED_SERVICES=key,c-vol,n-cpu
    enable_service ovs-sd c-vol
    echo "$ENABLED_SERVICES"
    for service in c-vol vol ovs-sd "none c-vol" none; do
        # the words are arguments
        # shellcheck disable=SC2086
        is_service_enabled $service && echo "$service: $?"
    done
    run_process none /bin/true && echo "not enabled: $?"
    stop_process none && echo "not enabled: $?"
}

# other_cases - the rest
function other_cases {
    echo "$(get_or_create_project service Default)"
    echo "$(get_or_create_user cinder secret Default)"
    OFFLINE=True install_package no-such-package && echo "offline: $?"
    is_ubuntu && echo "packages of Debian"
    echo_summary "Open vStorage:" "done"
    (
        false
        die 17 "the vPool" "is gone" 2>&1
    ) | sed 's/^.*\[/[/; s/ [^ ]*:17/ FILE:17/' | grep ERROR
    (
        die 17 text >/dev/null 2>&1
    )
    echo "died with $?"
}

# run_cases SOURCE FOLDER - run all cases in a shell of their own
function run_cases {
    local file
    file=$(mktemp -p "$SANDBOX")
    (
        "$1" "$2"
        # what sourcing DevStack says of this machine is of no interest
        ini_cases "$file"
        service_cases
        other_cases
    ) 2>&1
}

WANTED=$(cat <<'TXT'

[myvpool01]
storage_ip = 10.0.0.4
volume_driver = cinder.volume.Driver

[DEFAULT]
debug = True

[myvpool02]
edge_port = 26203

[libvirt]
connection_uri = qemu+unix:///system?socket=/a/b

[volume]
vendor_name = Open vStorage

[openvstorage]
vpool = backend=one edge_port=1
vpool = backend=two edge_port=2
reports_capacity = False
got '10.0.0.4' '' 'Open vStorage' ''
key,c-vol,n-cpu,ovs-sd
c-vol: 0
ovs-sd: 0
none c-vol: 0
not enabled: 0
not enabled: 0
<project><create><service><--domain=Default><--or-show><-f><value><-c><id>
<user><create><cinder><--password><secret><--domain=Default><--or-show><-f><value><-c><id>
offline: 0
packages of Debian
Open vStorage: done
[ERROR] FILE:17 the vPool is gone
died with 1
TXT
)

assert_equal "$WANTED" "$(run_cases source_ours '')" "the library of the testbed"
for folder in ${OPENVSTORAGE_DEVSTACK_DIR//:/ }; do
    assert_equal "$WANTED" "$(run_cases source_devstack "$folder")" \
        "DevStack in $folder"
done
report_results
