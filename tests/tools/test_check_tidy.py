# SPDX-License-Identifier: Apache-2.0
"""The style check finds what it promises to find, and nothing else."""

import check_tidy

LONG_BODY = "  call();\n" * 80


def faults(name, text):
    return list(check_tidy.check_text(name, text, {}))


def test_a_function_is_measured_with_its_head_and_closing_brace():
    code = "namespace a {\nint f(\n    int x) {\n  if (x) {\n    return 1;\n  }\n  return 0;\n}\n}  // namespace a\n"
    assert list(check_tidy.functions(code)) == [("f", 2, 7)]


def test_braces_in_strings_comments_and_macros_do_not_count():
    code = (
        '#define OPEN {\nvoid f() {\n  g("{", \'{\', R"x({{)x");  // {\n  /* { */\n}\n'
        "class A {\n public:\n  void h() {}\n};\n"
    )
    assert list(check_tidy.functions(code)) == [("f", 2, 4), ("h", 8, 1)]


def test_tables_and_initializers_are_no_functions():
    code = "constexpr std::array options{\n    Option{.name = f(1)},\n};\nint table[] = {1, 2};\n"
    assert list(check_tidy.functions(code)) == []


def test_a_long_function_is_a_fault_until_the_ratchet_knows_it():
    code = f"// {check_tidy.SPDX}\nvoid f() {{\n{LONG_BODY}}}\n"
    assert faults("src/a.cc", code) == ["src/a.cc:2: f has 82 lines, 70 allowed"]
    assert list(check_tidy.check_text("src/a.cc", code, {("src/a.cc", "f"): 82})) == []
    assert list(check_tidy.check_text("src/a.cc", code, {("src/a.cc", "f"): 81})) != []


def test_words_licence_and_lines():
    spdx = f"// {check_tidy.SPDX}\n"
    assert "licence line" in faults("src/a.cc", "int x;\n")[0]
    assert "iostream" in faults("src/a.cc", spdx + "std::cout << 1;\n")[0]
    assert "unfinished" in faults("src/a.cc", spdx + "// TODO: later\n")[0]
    assert "one machine" in faults("src/a.cc", spdx + 'open("/home/me/x");\n')[0]
    assert "130 columns" in faults("src/a.cc", spdx + "x" * 130 + "\n")[0]
    assert "using namespace" in faults("src/a.h", spdx + "#pragma once\nusing namespace std;\n")[0]
    assert faults("src/a.cc", spdx + "int x = 1'000'000;\n") == []


def test_header_and_source_are_one_file_and_a_header_needs_a_reader():
    texts = {"src/gristmill/a/b.h": "\n" * 500, "src/gristmill/a/b.cc": "\n" * 301}
    assert len(list(check_tidy.check_sizes(texts))) == 1
    assert len(list(check_tidy.check_dead_headers(texts))) == 1
    texts["src/gristmill/a/b.cc"] = '#include "gristmill/a/b.h"\n'
    assert list(check_tidy.check_dead_headers(texts)) == []
