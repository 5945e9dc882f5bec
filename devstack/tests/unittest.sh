#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# unittest.sh - what the tests of the plugin's functions are written with, in
# the way of DevStack's tests/unittest.sh

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

PASSED=0
FAILED=0
# for the JUnit XML
SCRIPT=$(basename "$0" .sh)
CASES=

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$TESTS/../.." && pwd)
SANDBOX=$(mktemp -d)
trap 'rm -rf "$SANDBOX"' EXIT

# passed WHAT
function passed {
    PASSED=$((PASSED + 1))
    echo "PASS: $1"
    add_case "$1"
}

# failed WHAT LINE...
function failed {
    FAILED=$((FAILED + 1))
    echo "FAIL: ${FUNCNAME[2]}:${BASH_LINENO[1]} $1"
    printf '  %s\n' "${@:2}"
    add_case "$@"
}

# add_case WHAT [LINE...] - add to the JUnit XML what an assertion has found;
# the lines tell its failure
function add_case {
    local what
    what=$(as_xml "$1")
    CASES+="<testcase classname=\"$SCRIPT.${FUNCNAME[3]}\" name=\"$what\">"
    if [[ $# -gt 1 ]]; then
        CASES+="<failure>$(as_xml "$(printf '%s\n' "${@:2}")")</failure>"
    fi
    CASES+=$'</testcase>\n'
}

# as_xml TEXT - print a text as XML can hold it
function as_xml {
    local LC_ALL=C text=${1//[$'\1'-$'\10\13\14\16'-$'\37']/}
    text=${text//&/'&amp;'}
    text=${text//</'&lt;'}
    text=${text//>/'&gt;'}
    printf '%s\n' "${text//\"/'&quot;'}"
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

# report_results - print the sums, write JUnit XML into OVS_TEST_RESULTS; the
# exit code says whether all passed
function report_results {
    printf ' - Passed: %d\n - Failed: %d\n' "$PASSED" "$FAILED"
    if [[ -n ${OVS_TEST_RESULTS:-} ]]; then
        printf '<testsuite name="%s">\n%s</testsuite>\n' "$SCRIPT" "$CASES" \
            >"$OVS_TEST_RESULTS/$SCRIPT.xml"
    fi
    [[ $FAILED -eq 0 && $PASSED -gt 0 ]]
}
