# SPDX-License-Identifier: Apache-2.0
"""Rows that change in a bucket."""

from row_changes import change_rows


def test_rows_change_in_a_bucket(workspace, store, tmp_path):
    change_rows(workspace, tmp_path)
    assert not store.uploads
    # Nothing of it lies on a disk.
    assert not list(workspace.folder.rglob("*.parquet"))
