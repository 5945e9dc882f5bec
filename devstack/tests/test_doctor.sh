#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_doctor.sh - the command ovs-doctor

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
OPENVSTORAGE_BIN_DIR=$SANDBOX/local/bin
load_plugin
set +o errexit

# sudo COMMAND...
function sudo {
    "$@"
}

function test_the_command_runs_from_the_checkout {
    install_openvstorage_doctor
    install_openvstorage_doctor
    assert_says 'usage: ovs-doctor' "$(cd / && env -i PATH=/usr/bin:/bin \
        "$OPENVSTORAGE_BIN_DIR/ovs-doctor" --help)" "with no package beside"
    assert_equal "" "$(find "$TOP/ovs_doctor" -name '__pycache__' -newer \
        "$OPENVSTORAGE_BIN_DIR/ovs-doctor")" "root writes nothing there"
    remove_openvstorage_doctor
    assert_equal "" "$(ls -A "$OPENVSTORAGE_BIN_DIR")" "it is taken out again"
}

function test_a_command_of_others_stays {
    echo "#!/bin/sh" >"$OPENVSTORAGE_BIN_DIR/ovs-doctor"
    remove_openvstorage_doctor
    assert_true "it is not ours" test -e "$OPENVSTORAGE_BIN_DIR/ovs-doctor"
    rm "$OPENVSTORAGE_BIN_DIR/ovs-doctor"
    assert_true "there is none" remove_openvstorage_doctor
}

function test_an_old_python {
    printf '#!/bin/sh\nexit 1\n' >"$SANDBOX/python"
    chmod +x "$SANDBOX/python"
    OPENVSTORAGE_STORAGEDRIVER_PYTHON=$SANDBOX/python
    assert_says 'needs Python 3.11' "$(install_openvstorage_doctor)" \
        "it is left out"
    assert_false "nothing is written" \
        test -e "$OPENVSTORAGE_BIN_DIR/ovs-doctor"
    unset OPENVSTORAGE_STORAGEDRIVER_PYTHON
}

function test_phases {
    local called
    called=$(
        for name in install_openvstorage_hypervisor configure_tls \
                install_openvstorage_drivers stop_openvstorage \
                uninstall_openvstorage_drivers remove_service_overrides \
                remove_openvstorage_repository; do
            eval "function $name { :; }"
        done
        # looked for by its name
        # shellcheck disable=SC2317,SC2329
        function are_vpools_served_here { false; }
        install_openvstorage
        ls "$OPENVSTORAGE_BIN_DIR"
        unstack_openvstorage
        ls "$OPENVSTORAGE_BIN_DIR"
    )
    assert_equal ovs-doctor "$called" \
        "stack.sh makes it, and unstack.sh removes it"
}

test_the_command_runs_from_the_checkout
test_a_command_of_others_stays
test_an_old_python
test_phases
report_results
