# SPDX-License-Identifier: Apache-2.0
"""Generated documents equal what the program says today."""

import json


def test_operator_docs_are_fresh(gristmill, source_root):
    made = gristmill("ops", "docs").stdout
    assert (source_root / "docs" / "operators.md").read_text() == made, "run: gristmill ops docs > docs/operators.md"


def test_pipeline_schema_is_fresh_and_names_every_operator(gristmill, source_root):
    text = gristmill("ops", "schema").stdout
    names = {step["const"] for step in json.loads(text)["properties"]["steps"]["items"]["oneOf"] if "const" in step}
    assert names == {item["name"] for item in json.loads(gristmill("ops", "list", "--json").stdout)}
    assert (source_root / "docs" / "pipeline.schema.json").read_text() == text, "run: gristmill ops schema > ..."


def test_recipe_docs_are_fresh(gristmill, source_root):
    made = gristmill("recipes", "docs").stdout
    assert (source_root / "docs" / "recipes.md").read_text() == made, "run: gristmill recipes docs > docs/recipes.md"
