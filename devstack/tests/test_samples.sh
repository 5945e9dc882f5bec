#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_samples.sh - lines for local.conf, as the README, the manual and the
# samples print them

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
set +o errexit

# printed_lines - every enable_plugin line that a user may copy
function printed_lines {
    grep -rhE '^ *enable_plugin openvstorage ' \
        "$TOP/README.rst" "$TOP/doc/source" "$TOP/devstack/samples"
}

# branch_of LINE - the branch that DevStack would check out
function branch_of {
    local words
    read -r -a words <<<"${1/<URL of this repository>/URL}"
    echo "${words[3]:-master}"
}

function test_the_branch_exists {
    local line lines=0
    while read -r line; do
        lines=$((lines + 1))
        assert_equal main "$(branch_of "$line")" "the branch in: $line"
    done < <(printed_lines)
    assert_true "there are such lines" test "$lines" -ge 7
}

test_the_branch_exists
report_results
