# SPDX-License-Identifier: Apache-2.0
"""The layer check refuses what the rows do not allow."""

import check_layers
import pytest

ROWS = """
gristmill_layer(base)
gristmill_layer(data base)
gristmill_layer(ops  base data)
target_link_libraries(gristmill_base PRIVATE fmt::fmt)
target_link_libraries(gristmill_data PRIVATE fmt::fmt arrow_wheel::arrow)
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(check_layers, "ROOT", tmp_path)
    rows, links, faults = check_layers.read_rows(ROWS)
    assert not faults

    def check(layer, name, text, across=()):
        path = tmp_path / "src" / "gristmill" / layer / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return list(check_layers.check_file(path, layer, rows, links, across))

    check("base", "result.h", "#pragma once\n")
    check("ops", "operator.h", "#pragma once\n")
    return check


def test_a_row_that_lists_a_later_one_is_refused():
    assert check_layers.read_rows("gristmill_layer(a b)\ngristmill_layer(b)\n")[2]


def test_downward_is_allowed_and_upward_is_not(tree):
    assert tree("data", "x.cc", '#include "gristmill/base/result.h"\n') == []
    (fault,) = tree("data", "x.cc", '\n#include "gristmill/ops/operator.h"\n')
    assert "src/gristmill/data/x.cc:2" in fault and "may not include ops" in fault


def test_third_party_stays_in_the_layer_that_owns_it(tree):
    assert tree("data", "x.cc", "#include <arrow/api.h>\n#include <vector>\n#include <sys/stat.h>\n") == []
    header = "#include <arrow/api.h>\n"
    assert tree("data", "x.h", header) == []
    assert "other layers" in tree("data", "x.h", header, across=["gristmill/data/x.h"])[0]
    assert "does not own" in tree("base", "x.cc", "#include <arrow/api.h>\n")[0]
    assert "no known header" in tree("base", "x.cc", "#include <elsewhere/any.hpp>\n")[0]


def test_includes_are_written_from_the_root_and_exist(tree):
    assert "from the root" in tree("data", "x.cc", '#include "x.h"\n')[0]
    assert "does not exist" in tree("data", "x.cc", '#include "gristmill/base/absent.h"\n')[0]


def test_a_face_sees_the_layers_of_its_row_only(tree, tmp_path):
    rows, links, _ = check_layers.read_rows(ROWS)
    faces, faults = check_layers.read_faces("gristmill_face(cli apps/cli base)\n", rows)
    assert faces == {"cli": "apps/cli"} and rows["cli"] == {"base"} and not faults
    path = tmp_path / "apps" / "cli" / "main.cc"
    path.parent.mkdir(parents=True)
    path.with_name("session.h").write_text("#pragma once\n")

    def check(text):
        path.write_text(text)
        return list(check_layers.check_file(path, "cli", rows, links, is_face=True))

    assert check('#include "gristmill/base/result.h"\n#include "session.h"\n') == []
    assert "may not include ops" in check('#include "gristmill/ops/operator.h"\n')[0]
    assert "does not exist" in check('#include "absent.h"\n')[0]


def test_a_face_row_names_layers():
    rows = check_layers.read_rows("gristmill_layer(base)\n")[0]
    assert check_layers.read_faces("gristmill_face(cli apps/cli base other)\n", rows)[1]


def test_a_face_sees_earlier_faces_of_its_row(tree, tmp_path):
    rows, links, _ = check_layers.read_rows(ROWS)
    text = "gristmill_face(server apps/server base)\ngristmill_face(cli apps/cli base server)\n"
    faces, faults = check_layers.read_faces(text, rows)
    assert not faults
    for name, body in (("server/serve.h", ""), ("cli/main.cc", '#include "server/serve.h"\n#include "server/no.h"\n')):
        path = tmp_path / "apps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    found = list(check_layers.check_file(path, "cli", rows, links, is_face=True, faces=faces))
    assert len(found) == 1 and "server/no.h" in found[0]
