#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_drivers.sh - where the drivers are installed

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
load_plugin
set +o errexit

# make_python NAME - an interpreter that says how it was called
function make_python {
    mkdir -p "$SANDBOX/pythons"
    # expanded by the interpreter, not here
    # shellcheck disable=SC2016
    printf '#!/bin/bash\necho "%s <$PYTHONPATH> $*"\n' "$1" \
        >"$SANDBOX/pythons/$1"
    chmod +x "$SANDBOX/pythons/$1"
}

# sudo COMMAND...
function sudo {
    "$@"
}

function test_the_services_say_which_python {
    make_python python2.7
    make_python python3
    assert_equal "" "$(openstack_pythons)" "nothing is installed"
    assert_dies 'neither .*cinder-volume nor' "and that is an error" \
        install_openvstorage_drivers
    echo "#!$SANDBOX/pythons/python2.7" >"$SANDBOX/bin/cinder-volume"
    echo "#!$SANDBOX/pythons/python2.7 -s" >"$SANDBOX/bin/nova-compute"
    assert_equal "$SANDBOX/pythons/python2.7" "$(openstack_pythons)" \
        "one for both is one"
    echo "#!/usr/bin/env python3" >"$SANDBOX/bin/nova-compute"
    assert_equal "$SANDBOX/pythons/python2.7
$SANDBOX/pythons/python3" "$(PATH=$SANDBOX/pythons:$PATH openstack_pythons)" \
        "a virtualenv each"
}

function test_each_python_is_asked_to_register {
    echo "#!$SANDBOX/pythons/python2.7" >"$SANDBOX/bin/nova-compute"
    local call="python2.7 <$TOP> -m ovs_drivers.installer.main"
    local python="--python $SANDBOX/pythons/python2.7"
    assert_equal "$call install $python" "$(install_openvstorage_drivers)" \
        "registered from the checkout, which proves them"
    assert_equal "$call uninstall $python" \
        "$(uninstall_openvstorage_drivers)" "taken out again"
    printf '#!/bin/bash\nexit 6\n' >"$SANDBOX/pythons/python2.7"
    assert_false "a refusal ends stack.sh" bash -c "
        set -o errexit
        source '$TOP/devstack/lib/drivers'
        CINDER_BIN_DIR=$SANDBOX/bin NOVA_BIN_DIR=$SANDBOX/bin
        function sudo { \"\$@\"; }
        install_openvstorage_drivers"
}

test_the_services_say_which_python
test_each_python_is_asked_to_register
report_results
