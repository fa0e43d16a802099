"""The style and the script of the HTML report: constant texts, allowed by their hashes."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1b1f24; --soft: #57606a;
  --line: #d5dae0; --panel: #f5f7f9; --block: #b42318; --warn: #8a5a00; --info: #2559a8;
  --pass: #1a7037; --mark: #ffe3a3; }
@media (prefers-color-scheme: dark) { :root { --bg: #14171b; --fg: #e4e8ec;
  --soft: #9aa4af; --line: #343b43; --panel: #1d2228; --block: #ff8a7d; --warn: #e8b339;
  --info: #82b1ff; --pass: #6fd08c; --mark: #6b4e00; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 3rem; background: var(--bg);
  color: var(--fg); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: .95rem; margin: 1.25rem 0 .4rem; }
code, pre { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: .5rem 0; padding: .5rem .75rem; background: var(--panel); overflow-x: auto;
  border-radius: 4px; overflow-wrap: normal; }
mark { background: var(--mark); color: inherit; border-radius: 2px; }
a { color: var(--info); }
p { margin: .35rem 0; }
.soft { color: var(--soft); }
.verdict { display: inline-block; padding: .05rem .6rem; border: 2px solid; border-radius: 4px;
  font-weight: 700; text-transform: uppercase; }
.fail, .block { color: var(--block); } .error, .warn { color: var(--warn); }
.pass { color: var(--pass); } .info { color: var(--info); }
.errors { border-left: 4px solid var(--warn); padding: .25rem .75rem; background: var(--panel); }
.errors h2 { margin: .25rem 0; } .errors ul { margin: .25rem 0; padding-left: 1.25rem; }
.charts { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
.chart { width: 100%; border-collapse: collapse; table-layout: fixed; }
.chart th { width: 45%; text-align: left; font-weight: 400; padding: .1rem .5rem .1rem 0;
  vertical-align: top; line-height: 1.35; }
.chart td:last-child { width: 3.5rem; text-align: right; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: .8rem; } .trend svg { height: 6rem; }
rect.b { fill: var(--block); } rect.w { fill: var(--warn); } rect.i { fill: var(--info); }
rect.n { fill: var(--line); }
.key span { margin-right: 1rem; white-space: nowrap; }
.key svg { display: inline-block; width: .8rem; margin-right: .3rem;
  vertical-align: -1px; }
.filters { display: none; } .js .filters { display: flex; flex-wrap: wrap; gap: .5rem;
  position: sticky; top: 0; padding: .6rem 0; background: var(--bg); z-index: 1;
  border-bottom: 1px solid var(--line); align-items: center; }
.filters input, .filters select { font: inherit; padding: .25rem .4rem; max-width: 100%;
  background: var(--bg); color: inherit; border: 1px solid var(--line); border-radius: 4px; }
.filters input { flex: 3 1 14rem; min-width: 0; } .filters select { flex: 1 1 13rem; min-width: 0; }
section.file { content-visibility: auto; contain-intrinsic-size: auto 12rem; }
article { border: 1px solid var(--line); border-left-width: 4px; border-radius: 4px;
  padding: .5rem .75rem; margin: .5rem 0; }
article[data-level=block] { border-left-color: var(--block); }
article[data-level=warn] { border-left-color: var(--warn); }
article[data-level=info] { border-left-color: var(--info); }
article:not([data-state=active]) { border-left-color: var(--line); }
.level { font-weight: 700; }
.scroll { overflow-x: auto; }
table.list { border-collapse: collapse; width: 100%; }
table.list th, table.list td { text-align: left; padding: .3rem .75rem .3rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: normal; }
table.list td.wide { overflow-wrap: anywhere; min-width: 12rem; }
[hidden] { display: none !important; }
@media (max-width: 40rem) { .js .filters { position: static; } }
@media print { .filters { display: none !important; } }
"""

SCRIPT = """
(function () {
  "use strict";
  var form = document.getElementById("filters");
  var shown = document.getElementById("shown");
  if (!form || !shown) { return; }
  document.documentElement.className = "js";
  var files = [];
  document.querySelectorAll("section.file").forEach(function (section) {
    var items = [];
    section.querySelectorAll("article").forEach(function (article) {
      items.push({ element: article, data: article.dataset, text: "" });
    });
    files.push({ element: section, items: items });
  });
  function apply() {
    var word = form.elements.word.value.toLowerCase();
    var level = form.elements.level.value;
    var state = form.elements.state.value;
    var rule = form.elements.rule.value;
    var count = 0;
    files.forEach(function (file) {
      var any = false;
      file.items.forEach(function (item) {
        var fits = (!level || item.data.level === level) &&
          (!state || item.data.state === state) &&
          (!rule || item.data.rule === rule || item.data.scanner === rule);
        if (fits && word) {
          item.text = item.text || (file.element.firstChild.textContent + " " +
            item.element.textContent).toLowerCase();
          fits = item.text.indexOf(word) >= 0;
        }
        item.element.hidden = !fits;
        any = any || fits;
        count += fits ? 1 : 0;
      });
      file.element.hidden = !any;
    });
    shown.textContent = count + " shown";
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(apply, 0); });
  apply();
}());
"""
