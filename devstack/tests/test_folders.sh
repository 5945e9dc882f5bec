#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test_folders.sh - the plugin removes only folders that are its own

# DevStack and the plugin read what is set here
# shellcheck disable=SC1091,SC2034

source "$(dirname "${BASH_SOURCE[0]}")/unittest.sh"
load_plugin
set +o errexit

function test_settings_that_hold_something_else {
    local folder
    mkdir -p "$DATA_DIR" "$SANDBOX/mine"
    for folder in / "$HOME" "$DATA_DIR" "$SANDBOX" "$DATA_DIR/." \
            "$SANDBOX/data/x/../../data" /proc "$TOP"; do
        assert_dies "OPENVSTORAGE_STATE_DIR is '$folder', which holds .*hint:" \
            "$folder" check_own_folder OPENVSTORAGE_STATE_DIR "$folder"
    done
    assert_dies 'absolute path' "an empty one" \
        check_own_folder OPENVSTORAGE_STATE_DIR ""
    assert_dies 'absolute path' "a relative one" \
        check_own_folder OPENVSTORAGE_STATE_DIR mine
    ln -s "$DATA_DIR" "$SANDBOX/link"
    assert_dies 'which holds' "a link to one of them" \
        check_own_folder OPENVSTORAGE_STATE_DIR "$SANDBOX/link"
    touch "$SANDBOX/mine/file"
    assert_dies "no file $OPENVSTORAGE_FOLDER_MARK; hint:" "one with a file" \
        check_own_folder OPENVSTORAGE_STATE_DIR "$SANDBOX/mine"
    rm "$SANDBOX/mine/file"
    assert_true "an empty folder" check_own_folder OPENVSTORAGE_STATE_DIR \
        "$SANDBOX/mine"
    assert_true "one that is not there" check_own_folder OPENVSTORAGE_STATE_DIR \
        "$SANDBOX/data/openvstorage"
    assert_dies 'OPENVSTORAGE_STATE_DIR is' "stack.sh looks before it does anything" \
        eval "OPENVSTORAGE_STATE_DIR=$DATA_DIR; check_openvstorage"
}

function test_removing {
    local folder=$SANDBOX/data/openvstorage
    mkdir -p "$folder/vpools/one"
    assert_equal "$folder stays: it has no file $OPENVSTORAGE_FOLDER_MARK" \
        "$(remove_own_folder "$folder")" "one that another tool has made"
    assert_true "it is there" test -d "$folder/vpools/one"
    rm -r "$folder"
    make_own_folder "$folder"
    mkdir -p "$folder/vpools/one" "$folder/vpools/two"
    assert_true "our own passes" check_own_folder OPENVSTORAGE_STATE_DIR "$folder"
    remove_own_folder "$folder" vpools/one
    assert_equal "$folder/vpools/two" "$(find "$folder/vpools" -mindepth 1)" \
        "a part of it is removed"
    remove_own_folder "$folder"
    assert_false "and all of it" test -e "$folder"
    assert_equal "" "$(remove_own_folder "$folder")" "twice is no error"
}

test_settings_that_hold_something_else
test_removing
report_results
