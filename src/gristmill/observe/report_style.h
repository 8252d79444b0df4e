// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace gristmill::observe {

/// The look of a report: two widths, light and dark by the reader's setting, and paper.
inline constexpr std::string_view report_style = R"css(
:root { color-scheme: light dark; --ground: #fbfaf7; --panel: #ffffff; --ink: #1c2530; --soft: #5d6875; --line: #dcd9d1;
  --kept: #2a7f78; --dropped: #cc8a2e; --merged: #6d68b0; --quarantined: #b5403a; --good: #22703f; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181d; --panel: #1b2128; --ink: #e4e7ea; --soft: #9aa5b1; --line: #323b45;
    --kept: #4fb0a7; --dropped: #dda453; --merged: #9a95dd; --quarantined: #e0736c; --good: #6cc28b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 28px 60px; }
h1 { font-size: 27px; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 40px 0 10px; padding-bottom: 5px; border-bottom: 1px solid var(--line); }
h3 { font-size: 15px; margin: 0; }
p { margin: 6px 0; }
.soft, figcaption small { color: var(--soft); }
.mono { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 13px;
  overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: baseline; }
.status { padding: 1px 11px; border-radius: 11px; border: 1px solid currentColor; font-size: 13px; font-weight: 600; }
.status.good { color: var(--good); } .status.bad { color: var(--quarantined); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(145px, 1fr)); gap: 12px; margin: 22px 0 0;
  padding: 0; }
.figures div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.figures dt { color: var(--soft); font-size: 13px; }
.figures dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.figures small { display: block; font-size: 12.5px; font-weight: 400; color: var(--soft); }
.sum { background: var(--panel); border: 1px solid var(--line); border-left: 4px solid var(--good); border-radius: 4px;
  padding: 8px 14px; font-variant-numeric: tabular-nums; }
.sum.bad { border-left-color: var(--quarantined); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-size: 13px; font-weight: 500; white-space: nowrap; }
tbody th, table.ranking th { font-weight: 500; }
td.num, th.num { text-align: right; white-space: nowrap; }
td.grow { width: 45%; } td.text { min-width: 260px; overflow-wrap: anywhere; } td.code { min-width: 190px; }
.wide + .wide { margin-top: 16px; }
.bar { display: flex; height: 13px; border-radius: 3px; overflow: hidden; margin: 4px 0;
  background: color-mix(in srgb, var(--line) 55%, transparent); }
.bar i { display: block; min-width: 1.5px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.kept { background: var(--kept); } .dropped { background: var(--dropped); } .merged { background: var(--merged); }
.quarantined { background: var(--quarantined); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; color: var(--soft); }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 6px;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.step { padding: 12px 0 10px; border-bottom: 1px solid var(--line); }
.step > .line { display: flex; flex-wrap: wrap; gap: 0 14px; justify-content: space-between; align-items: baseline; }
.reason { margin: 8px 0 0; padding-left: 14px; border-left: 3px solid var(--dropped); }
.reason.quarantined { background: none; border-left-color: var(--quarantined); }
.example { margin: 4px 0 0; font-size: 13.5px; overflow-wrap: anywhere; unicode-bidi: isolate; }
.example .place { display: block; color: var(--soft); font-size: 12px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 18px; }
figure { margin: 0; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
figcaption { font-weight: 600; margin-bottom: 6px; }
svg { display: block; width: 100%; height: auto; } svg rect { fill: var(--kept); } svg line { stroke: var(--soft); }
svg text { fill: var(--soft); font-size: 11px; }
table.ranking td, table.ranking th { border: 0; padding: 1px 10px 1px 0; font-size: 14px; }
footer { margin-top: 44px; color: var(--soft); font-size: 13px; }
@media (max-width: 640px) { main { padding: 18px 14px 40px; } h1 { font-size: 22px; }
  .figures { grid-template-columns: 1fr 1fr; } td.grow { width: 30%; } }
@media print {
  :root { color-scheme: light; --ground: #fff; --panel: #fff; --ink: #000; --soft: #444; --line: #bbb;
    --kept: #2a7f78; --dropped: #cc8a2e; --merged: #6d68b0; --quarantined: #b5403a; --good: #22703f; }
  @page { margin: 16mm 14mm; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  h2 { break-after: avoid; margin-top: 22pt; } .step > .line, .bar { break-after: avoid; }
  svg rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .charts { display: block; } figure { display: inline-block; width: 48%; margin: 0 1% 10pt 0; vertical-align: top; }
  tr, figure, .figures div, .reason, .sum { break-inside: avoid; } .wide { overflow: visible; }
  td.text { min-width: 0; } td.code { min-width: 140px; }
  thead { display: table-header-group; }
}
)css";

}  // namespace gristmill::observe
