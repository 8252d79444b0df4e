// SPDX-License-Identifier: Apache-2.0
// Expected trees are worked out by hand from the HTML standard, section 13.2.6.
#include "gristmill/kernels/html_tree.h"

#include <doctest/doctest.h>

#include <string>

namespace gristmill::kernels {
namespace {

/// "div(p('a')p('b'))"; a text below a link is marked by '@'.
std::string show(const HtmlTree& tree, std::uint32_t index = 0) {
  const auto& node = tree.nodes()[index];
  if (node.tag == HtmlTag::text) {
    std::string text((node.flags & HtmlNode::in_link) != 0 ? "@'" : "'");
    return text.append(tree.source(node)).append("'");
  }
  std::string out = index == 0 ? "" : std::string(html_tag_name(node.tag));
  std::string children;
  for (auto child = index + 1; child < node.end; child = tree.nodes()[child].end) children += show(tree, child);
  if (index == 0) return children;
  return out.append("(").append(children).append(")");
}

std::string parsed(std::string_view html) {
  HtmlTree tree;
  REQUIRE(tree.parse(html));
  return show(tree);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  while (times-- > 0) out += text;
  return out;
}

/// Parses hostile input and checks that the work stayed linear and the nodes are well formed.
void check_linear(const std::string& html, std::size_t depth_max = 512) {
  HtmlTree tree;
  tree.parse(html, {.nodes_max = 20'000'000});
  CHECK(tree.steps() <= 4096 + 8 * html.size() + 512 + 16 * tree.nodes().size() + 16 * html.size());
  CHECK(tree.nodes()[0].end == tree.nodes().size());
  for (std::uint32_t i = 1; i < tree.nodes().size(); ++i) {
    const auto& node = tree.nodes()[i];
    const auto& parent = tree.nodes()[node.parent];
    const bool is_nested = node.parent < i && node.end > i && node.end <= parent.end && node.depth <= depth_max;
    if (!is_nested) CHECK_MESSAGE(is_nested, "node ", i);
  }
}

}  // namespace

TEST_CASE("implied ends of paragraphs, items and options") {
  CHECK(parsed("<p>a<p>b") == "p('a')p('b')");
  CHECK(parsed("<p>a<div>b</div>c") == "p('a')div('b')'c'");
  CHECK(parsed("<p><b>a<p>b") == "p(b('a'))p('b')");
  CHECK(parsed("<p>a<span><p>b") == "p('a'span())p('b')");
  CHECK(parsed("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>") == "ul(li('a')li('b'ul(li('c')))li('d'))");
  CHECK(parsed("<li><div>a<li>b") == "li(div('a'))li('b')");
  CHECK(parsed("<dl><dt>a<dd>b<dt>c</dl>") == "dl(dt('a')dd('b')dt('c'))");
  CHECK(parsed("<select><option>a<option>b<optgroup>c") == "select(option('a')option('b')optgroup('c'))");
  CHECK(parsed("<h1>a<h2>b") == "h1('a')h2('b')");
  CHECK(parsed("<h1>a</h3>b") == "h1('a')'b'");
  CHECK(parsed("a</p>b") == "'a'p()'b'");
  CHECK(parsed("<button>a<button>b") == "button('a')button('b')");
  CHECK(parsed("<p>a<button><p>b</p></button>c") == "p('a'button(p('b'))'c')");
}

TEST_CASE("void elements and end tags without a start") {
  CHECK(parsed("a<br>b</br>c") == "'a'br()'b'br()'c'");
  CHECK(parsed("<p><img src=x>a</img></p>b") == "p(img()'a')'b'");
  CHECK(parsed("<div/>a</div>b") == "div('a')'b'");
  CHECK(parsed("</div></span>a") == "'a'");
  CHECK(parsed("<div><b>a</div>b") == "div(b('a'))'b'");
  CHECK(parsed("<b><div>a</b>b</div>c") == "b(div('a''b')'c')");
}

TEST_CASE("tables") {
  CHECK(parsed("<table><tr><td>a<td>b<tr><td>c</table>d") == "table(tr(td('a')td('b'))tr(td('c')))'d'");
  CHECK(parsed("<table><td>a</table>") == "table(tr(td('a')))");
  CHECK(parsed("<table><thead><tr><th>a<tbody><tr><td>b</table>") == "table(thead(tr(th('a')))tbody(tr(td('b'))))");
  CHECK(parsed("<table><tr><td><table><tr><td>a</table>b</table>c") == "table(tr(td(table(tr(td('a')))'b')))'c'");
  CHECK(parsed("<table><tr><td><p>a</td></tr></table>b") == "table(tr(td(p('a'))))'b'");
  CHECK(parsed("<p>a<table><tr><td></p>b</table>") == "p('a')table(tr(td(p()'b')))");
  CHECK(parsed("<div><table><tr><td></div>a</table>b</div>") == "div(table(tr(td('a')))'b')");
}

TEST_CASE("what stands between cells moves in front of the table") {
  CHECK(parsed("<table>a<tr><td>b</table>c") == "'a'table(tr(td('b')))'c'");
  CHECK(parsed("<table><tr><td>a</td>b</tr>c</table>d") == "'b''c'table(tr(td('a')))'d'");
  CHECK(parsed("<table><tr><b>a</b><td>b</table>") == "b('a')table(tr(td('b')))");
  CHECK(parsed("<table><tr><td><table>a<tr><td>b</table></table>") == "table(tr(td('a'table(tr(td('b'))))))");
  CHECK(parsed("<table><p>a<table>b<tr><td>c</table></table>") == "p('a')table()'b'table(tr(td('c')))");
  CHECK(parsed("<table><tr> <td>a</td> </tr> </table>") == "table(tr(td('a')))");
  CHECK(parsed("<table><caption>a</caption>b<tr><td>c</table>") == "'b'table(caption('a')tr(td('c')))");
  CHECK(parsed("<table><script>a</script><input type=hidden><tr><td>b</table>") == "table(script()input()tr(td('b')))");
  CHECK(parsed("<div><table>a<script>s</script></table></div>") == "div('a'table(script()))");
}

TEST_CASE("raw start tags follow their moved elements") {
  HtmlTree tree;
  REQUIRE(tree.parse("<table><tr><td><script id=a>1</script></td><b><style id=b>2</style></b></table>"));
  CHECK(show(tree) == "b(style())table(tr(td(script())))");
  CHECK(tree.start_tag(2) == "<style id=b>");
  CHECK(tree.start_tag(6) == "<script id=a>");
}

TEST_CASE("forms and sections of tables") {
  CHECK(parsed("<table><form>a<tr><td>b</form>c</table>d") == "'a'table(form()tr(td('b''c')))'d'");
  CHECK(parsed("<table><td>a</tbody>b</table>") == "'b'table(tr(td('a')))");
}

TEST_CASE("templates keep what they hold") {
  CHECK(parsed("<template><body>a</template>b") == "template('a')'b'");
  CHECK(parsed("<template><table></template>a") == "template(table())'a'");
}

TEST_CASE("a frame set shows no text but that for browsers without frames") {
  CHECK(parsed("<frameset>a<frame><noframes>b</noframes></frameset>c<p>d") == "frameset(frame()noframes())");
  CHECK(parsed("a<frameset>b") == "'a'frameset('b')");
}

TEST_CASE("links and their texts") {
  CHECK(parsed("<a href=x>a</a>b") == "a(@'a')'b'");
  CHECK(parsed("<a name=x>a</a>b") == "a('a')'b'");
  CHECK(parsed("<a href=x>a<a href=y>b</a>c") == "a(@'a')a(@'b')'c'");
  // The link ends at </a> although its element cannot be closed there.
  CHECK(parsed("<a href=x><div>a</a>b</div>c") == "a(div(@'a''b')'c')");
  CHECK(parsed("<p><a href=x>a</p>b") == "p(a(@'a'))'b'");
}

TEST_CASE("head and body") {
  CHECK(parsed("<html><head><title>t</title><body><p>a") == "html(head(title())body(p('a')))");
  CHECK(parsed("<head><title>t</title><p>a") == "head(title())p('a')");
  CHECK(parsed("<html><head></head> <body>a</body></html>b") == "html(head()body('a''b'))");
  CHECK(parsed("<body><p>a<body><p>b") == "body(p('a')p('b'))");
  CHECK(parsed("<head><meta charset=x>a") == "head(meta())'a'");
}

TEST_CASE("foreign content") {
  CHECK(parsed("<svg><title>a</title><path/></svg>b") == "svg(title('a')#unknown())'b'");
  CHECK(parsed("<svg/>a") == "svg()'a'");
  CHECK(parsed("<svg><g><p>a") == "svg(#unknown())p('a')");
  CHECK(parsed("<svg><style>a<b></style></svg>c") == "svg(style('a'))b('c')");
  CHECK(parsed("<div><svg><g></div>a") == "div(svg(#unknown()))'a'");
  CHECK(parsed("<p><svg><g></p>a") == "p(svg(#unknown()))'a'");
  CHECK(parsed("<svg><foreignObject><p>a<p>b</p></foreignObject></svg>c") == "svg(#unknown(p('a')p('b')))'c'");
  // An open HTML element inside is not closed by the end tag of a foreign one.
  CHECK(parsed("<svg><foreignObject><p>a</foreignObject></svg>c") == "svg(#unknown(p('a''c')))");
  CHECK(parsed("<math><mi>a</mi><mtext><b>b</b></mtext></math>c") == "math(#unknown('a')#unknown(b('b')))'c'");
  CHECK(parsed("<math><annotation-xml encoding=text/html><p>a</p></annotation-xml></math>b") ==
        "math(#unknown(p('a')))'b'");
  CHECK(parsed("<math><annotation><p>a") == "math(annotation())p('a')");
  CHECK(parsed("<svg><desc><![CDATA[<a>]]></desc></svg>") == "svg(#unknown('<a>'))");
}

TEST_CASE("white space counts only inside a line") {
  CHECK(parsed("<div> <p> a</p> <b>b</b> <i>c</i></div>") == "div(p(' a')b('b')' 'i('c'))");
  CHECK(parsed("<pre>\n a</pre>") == "pre('\n a')");
}

TEST_CASE("hidden elements are marked") {
  HtmlTree tree;
  REQUIRE(
      tree.parse("<p hidden>a<p style='color:red; display: none'>b<p aria-hidden=true>c<p style='display:block'>d"));
  int hidden = 0;
  for (const auto& node : tree.nodes()) hidden += (node.flags & HtmlNode::hidden) != 0 ? 1 : 0;
  CHECK(hidden == 3);
}

TEST_CASE("start tags of elements with raw content") {
  HtmlTree tree;
  REQUIRE(tree.parse("<p id=a><script type=x>1</script><style>2</style><title lang=b></title>"));
  CHECK(tree.start_tag(1) == "<p id=a>");
  CHECK(tree.start_tag(2) == "<script type=x>");
  CHECK(tree.start_tag(3) == "<style>");
  CHECK(tree.start_tag(4) == "<title lang=b>");
}

TEST_CASE("attribute values are kept once, with their words") {
  HtmlTree tree;
  REQUIRE(
      tree.parse("<p class='main-Nav leftSide x2'>a<p class='main-Nav leftSide x2'>b<p id='main-Nav leftSide x2'>c"));
  CHECK(tree.values().size() == 2);
  const auto words = tree.value_words(1);
  REQUIRE(words.size() == 4);
  CHECK(words[0] == html_word_hash("main"));
  CHECK(words[1] == html_word_hash("nav"));
  CHECK(words[2] == html_word_hash("left"));
  CHECK(words[3] == html_word_hash("side"));
}

TEST_CASE("node budget") {
  HtmlTree tree;
  CHECK_FALSE(tree.parse(repeated("<b>x</b>", 1000), {.nodes_max = 100}));
  CHECK(tree.nodes().size() <= 100);
  CHECK(tree.parse("<b>x</b>", {.nodes_max = 100}));
}

TEST_CASE("hostile pages: work stays linear") {
  check_linear(repeated("<div>", 100'000));
  check_linear(repeated("<div>", 100'000) + "a" + repeated("</div>", 100'000));
  check_linear(repeated("<b>", 100'000) + repeated("</i>", 100'000));
  check_linear("<i>" + repeated("<b>", 600) + repeated("</u></i>", 100'000));
  check_linear("<p>" + repeated("<span>", 500) + repeated("<button></button></p><p>", 20'000));
  check_linear("<p><table><td>" + repeated("<span>", 500) + repeated("<div></div>", 50'000));
  check_linear(repeated("<table>", 50'000) + repeated("<td>", 50'000));
  check_linear(repeated("<table><tr><td>", 30'000));
  check_linear(repeated("<svg><p>", 50'000));
  check_linear(repeated("<svg><foreignObject>", 50'000) + repeated("</desc>", 50'000));
  check_linear(repeated("<math><mi>", 50'000) + repeated("<p></mi>", 50'000));
  check_linear(repeated("<frameset><meta>", 50'000));
  check_linear("<table>" + repeated("a<p>", 100'000));
  check_linear(repeated("<table>a<tr><td>", 30'000));
  check_linear(repeated("<template><tr>a", 50'000));
  check_linear(repeated("<a href=x>", 100'000));
  check_linear(repeated("<li><div>", 50'000));
  check_linear(repeated("<dd><address>", 50'000));
  check_linear(repeated("<option><select>", 50'000));
  check_linear(repeated("<!-", 100'000));
  check_linear("<!--" + repeated("--!", 100'000));
  check_linear(repeated("</", 100'000));
  check_linear(repeated("<a\"='", 100'000));
  check_linear("<p " + repeated("a=b ", 300'000) + ">x");
  check_linear("<p class='" + repeated("w ", 300'000) + "'>x");
  check_linear(repeated("<script></scrip", 50'000));
  check_linear(repeated("<title></titl", 50'000));
  check_linear(std::string(200'000, '\0'));
  check_linear(repeated("<\0>", 100'000));
  check_linear(repeated("&", 300'000));
}

TEST_CASE("a 50 MB page of distinct attributes") {
  std::string html;
  for (std::int64_t i = 0; html.size() < 50'000'000; ++i)
    html.append("<p class=c").append(std::to_string(i * 7919)).append("x id=abc>text ");
  HtmlTree tree;
  CHECK(!tree.parse(html));  // More nodes than the default limit.
  CHECK(tree.parse(html, {.nodes_max = 4'000'000}));
  CHECK(tree.steps() <= 24 * html.size());
  tree.shrink(1000);
  CHECK(tree.parse("<p>a"));
  CHECK(show(tree) == "p('a')");
}

}  // namespace gristmill::kernels
