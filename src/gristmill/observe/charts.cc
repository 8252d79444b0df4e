// SPDX-License-Identifier: Apache-2.0
#include "gristmill/observe/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "gristmill/observe/html.h"

namespace gristmill::observe {
namespace {

constexpr std::size_t buckets_max = 200;
constexpr std::size_t ranking_rows = 10;
constexpr double plot_width = 340;
constexpr double plot_height = 110;
constexpr double top = 18;

std::string edge_label(double edge, bool is_size) {
  if (is_size) return human_bytes(edge);
  if (std::abs(edge) < 1e15 && edge == std::floor(edge)) return with_commas(static_cast<std::int64_t>(edge));
  return fmt::format("{:.3g}", edge);
}

struct Bucket {
  double from = 0;
  double to = 0;
  std::int64_t count = 0;
};

/// The buckets to draw. Producers leave empty ones out: gaps are filled with buckets twice as wide each time, as
/// histograms of sizes have them, so that a gap stays visible.
std::vector<Bucket> drawn_buckets(const Json& buckets) {
  std::vector<Bucket> drawn;
  for (const auto& bucket : buckets.items()) {
    const Bucket here{bucket["from"].as_double(), bucket["to"].as_double(),
                      std::max<std::int64_t>(bucket["count"].as_int(), 0)};
    while (!drawn.empty() && drawn.back().to > 0 && drawn.back().to * 2 <= here.from && drawn.size() < buckets_max)
      drawn.push_back({drawn.back().to, drawn.back().to * 2, 0});
    if (drawn.size() >= buckets_max) break;
    drawn.push_back(here);
  }
  return drawn;
}

std::vector<const Json*> sorted_by_count(const Json& values) {
  std::vector<const Json*> sorted;
  for (const auto& value : values.items()) sorted.push_back(&value);
  std::ranges::stable_sort(sorted, [](const Json* left, const Json* right) {
    return (*left)["count"].as_int() > (*right)["count"].as_int();
  });
  return sorted;
}

void append_ranking_row(std::string& out, const std::string& name, std::int64_t count, std::int64_t most) {
  const double width = most > 0 ? 100.0 * static_cast<double>(count) / static_cast<double>(most) : 0;
  fmt::format_to(
      std::back_inserter(out),
      "<tr><th scope=\"row\"><bdi>{}</bdi></th><td class=\"num\">{}</td><td class=\"grow\"><div class=\"bar\">"
      "<i class=\"kept\" style=\"width:{:.1f}%\"></i></div></td></tr>\n",
      name, with_commas(count), width);
}

}  // namespace

std::string histogram_svg(std::string_view name, const Json& buckets) {
  const auto all = drawn_buckets(buckets);
  const std::size_t count = all.size();
  std::int64_t most = 0;
  for (const auto& bucket : all) most = std::max(most, bucket.count);
  if (most <= 0) return "";
  const bool is_size = name.find("bytes") != std::string_view::npos;
  const double step = plot_width / static_cast<double>(count);
  std::string out;
  fmt::format_to(std::back_inserter(out),
                 "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">\n"
                 "<text x=\"0\" y=\"11\">{}</text><line x1=\"0\" y1=\"{:.0f}\" x2=\"{:.0f}\" y2=\"{:.0f}\"/>\n",
                 plot_width, top + plot_height + 18, human_label(name), with_commas(most), top + plot_height,
                 plot_width, top + plot_height);
  for (std::size_t i = 0; i < count; ++i) {
    const auto here = all[i].count;
    if (here == 0) continue;
    // A bar that stands for something is never too low to be seen.
    const double height = std::max(1.0, plot_height * static_cast<double>(here) / static_cast<double>(most));
    fmt::format_to(
        std::back_inserter(out),
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{} to {}: {}</title></rect>\n",
        static_cast<double>(i) * step, top + plot_height - height, std::max(step - 1, 0.5), height,
        edge_label(all[i].from, is_size), edge_label(all[i].to, is_size), with_commas(here));
  }
  const std::size_t middle = count / 2;
  fmt::format_to(
      std::back_inserter(out),
      "<text x=\"0\" y=\"{0:.0f}\">{1}</text><text x=\"{2:.1f}\" y=\"{0:.0f}\" text-anchor=\"middle\">{3}</text>"
      "<text x=\"{4:.0f}\" y=\"{0:.0f}\" text-anchor=\"end\">{5}</text>\n</svg>\n",
      top + plot_height + 14, edge_label(all[0].from, is_size), static_cast<double>(middle) * step,
      edge_label(all[middle].from, is_size), plot_width, edge_label(all[count - 1].to, is_size));
  return out;
}

std::string ranking_html(const Json& values) {
  const auto sorted = sorted_by_count(values);
  if (sorted.empty()) return "";
  const std::int64_t most = (*sorted[0])["count"].as_int();
  std::string out = "<table class=\"ranking\">\n";
  for (std::size_t i = 0; i < std::min(sorted.size(), ranking_rows); ++i) {
    const auto& value = (*sorted[i])["value"];
    const auto text = value.is_string() ? value.as_string() : value.dump();
    append_ranking_row(out, text.empty() || value.is_null() ? "none" : excerpt_html(text, 40),
                       (*sorted[i])["count"].as_int(), most);
  }
  std::int64_t rest = 0;
  for (std::size_t i = ranking_rows; i < sorted.size(); ++i) rest += (*sorted[i])["count"].as_int();
  if (rest > 0) append_ranking_row(out, fmt::format("{} others", sorted.size() - ranking_rows), rest, most);
  return out + "</table>\n";
}

std::string segments_html(std::string_view label, const Json& segments, double whole) {
  std::string out = fmt::format("<div class=\"bar\" role=\"img\" aria-label=\"{}\">", escape_html(label));
  for (const auto& [name, count] : segments.members()) {
    const auto here = static_cast<double>(count.as_int());
    if (here <= 0 || whole <= 0) continue;
    fmt::format_to(std::back_inserter(out), "<i class=\"{}\" style=\"width:{:.2f}%\" title=\"{} {}\"></i>", name,
                   100 * here / whole, with_commas(count.as_int()), name);
  }
  return out + "</div>";
}

}  // namespace gristmill::observe
