#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# unittest.sh - what the tests of the plugin's functions are written with, in
# the way of DevStack's tests/unittest.sh

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

PASSED=0
FAILED=0

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$TESTS/../.." && pwd)
SANDBOX=$(mktemp -d)
trap 'rm -rf "$SANDBOX"' EXIT

# passed WHAT
function passed {
    PASSED=$((PASSED + 1))
    echo "PASS: $1"
}

# failed WHAT LINE...
function failed {
    FAILED=$((FAILED + 1))
    echo "FAIL: ${FUNCNAME[2]}:${BASH_LINENO[1]} $1"
    printf '  %s\n' "${@:2}"
}

# assert_equal WANTED FOUND WHAT
function assert_equal {
    if [[ $1 == "$2" ]]; then
        passed "$3"
    else
        failed "$3" "wanted: $1" "found:  $2"
    fi
}

# assert_says PATTERN TEXT WHAT - TEXT matches a regular expression
function assert_says {
    if [[ $2 =~ $1 ]]; then
        passed "$3"
    else
        failed "$3" "wanted a match of: $1" "found: $2"
    fi
}

# assert_true WHAT COMMAND...
function assert_true {
    if "${@:2}"; then
        passed "$1"
    else
        failed "$1" "failed: ${*:2}"
    fi
}

# assert_false WHAT COMMAND...
function assert_false {
    if "${@:2}"; then
        failed "$1" "succeeded: ${*:2}"
    else
        passed "$1"
    fi
}

# assert_dies PATTERN WHAT COMMAND... - the command ends its shell with an
# error that matches, under errexit as in stack.sh
function assert_dies {
    local output status=0
    output=$(
        set -o errexit
        "${@:3}" 2>&1
    ) || status=$?
    if [[ $status -ne 0 && $output == *"[ERROR]"* && $output =~ $1 ]]; then
        passed "$2"
    else
        failed "$2" "wanted an error like: $1" "status $status: $output"
    fi
}

# load_plugin - source the function library and the plugin into this shell,
# with a DevStack in SANDBOX
function load_plugin {
    DEST=$SANDBOX
    DATA_DIR=$SANDBOX/data
    LOGDIR=$SANDBOX/logs
    SERVICE_DIR=$SANDBOX/status
    STACK_USER=$(id -un)
    SERVICE_HOST=127.0.0.1
    ENABLED_SERVICES=${ENABLED_SERVICES:-key,c-api,c-vol,n-cpu}
    CINDER_CONF=$SANDBOX/cinder.conf
    NOVA_CONF=$SANDBOX/nova.conf
    TEMPEST_CONFIG=$SANDBOX/tempest.conf
    CINDER_BIN_DIR=$SANDBOX/bin
    NOVA_BIN_DIR=$SANDBOX/bin
    CINDER_DIR=$SANDBOX/cinder
    VIRT_DRIVER=libvirt
    LIBVIRT_GROUP=$(id -gn)
    OPENVSTORAGE_HYPERVISOR_PREFIX=$SANDBOX/prefix
    mkdir -p "$LOGDIR" "$CINDER_BIN_DIR"
    source "$TOP/ovs_testbed/devstack/functions"
    begin_plugin "$TOP"
}

# report_results - print the sums; the exit code says whether all passed
function report_results {
    printf ' - Passed: %d\n - Failed: %d\n' "$PASSED" "$FAILED"
    [[ $FAILED -eq 0 && $PASSED -gt 0 ]]
}
