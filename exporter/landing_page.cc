// One document without scripts, fonts or pictures from elsewhere. On a narrow screen each row of the table becomes a
// card; the words beside its values come from `data-label`.
#include "exporter/landing_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "exporter/utf8.h"

namespace upkeep {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #5c6775; --line: #e3e7ec;
  --ok: #17803d; --none: #66707d; --late: #a15c00; --bad: #c4262e; --link: #0b62c4; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1a2028; --ink: #e6eaf0; --soft: #9aa6b4;
  --line: #2b333e; --ok: #4cc377; --none: #939dab; --late: #e3a13f; --bad: #ff7b7f; --link: #7db7ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -.02em; }
h1 small { font-size: .9rem; font-weight: 400; letter-spacing: 0; color: var(--soft); margin-left: .4rem; }
p { margin: .35rem 0 1rem; color: var(--soft); max-width: 46rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
nav { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 1.25rem; }
nav a { padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 99px; background: var(--card); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .75rem; margin: 0 0 1.25rem; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .6rem .9rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
th, td { padding: .5rem .9rem; text-align: left; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-size: .85rem; font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: anywhere; unicode-bidi: isolate; }
tbody th small { display: block; font-weight: 400; color: var(--soft); }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.s { white-space: nowrap; font-weight: 500; } .s::before { content: "\25CF"; margin-right: .45em; }
.ok { color: var(--ok); } .none, .never { color: var(--none); }
.late { color: var(--late); } .bad { color: var(--bad); }
.e { color: var(--soft); font-size: .88rem; overflow-wrap: anywhere; unicode-bidi: isolate; max-width: 24rem; }
@media (max-width: 46rem) {
  main { padding: 1.25rem .9rem 2rem; }
  table, tbody, tr, th, td { display: block; } thead { display: none; }
  table { background: none; border: 0; border-radius: 0; overflow: visible; }
  tr { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .6rem .9rem;
    margin: 0 0 .6rem; display: grid; grid-template-columns: 1fr auto; gap: .1rem 1rem; }
  tr > * { border: 0; padding: 0; } .s { text-align: right; }
  .n { grid-column: 1 / -1; display: flex; justify-content: space-between; font-size: .92rem; }
  .n::before, .e::before { content: attr(data-label); color: var(--soft); }
  .e { grid-column: 1 / -1; max-width: none; } .e:empty { display: none; } .e::before { content: ""; }
}
)css";

std::string escaped(std::string_view text) {
  std::string valid, out;
  append_utf8(valid, text);
  for (char c : valid) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c >= 0 && c < ' ' ? ' ' : c;
    }
  }
  return out;
}

enum State : std::uint8_t { kOk, kNothing, kFailing, kLate, kNeverRun, kStates };

struct StateText {
  std::string_view css, words;
};
constexpr std::array<StateText, kStates> kStateTexts = {
    {{"ok", "ok"}, {"none", "nothing here"}, {"bad", "failing"}, {"late", "late"}, {"never", "never run"}}};

State state_of(const InstanceStatus& status) {
  if (status.overdue || status.stale) return kLate;
  switch (status.outcome) {
    case Outcome::kSuccess:
      return kOk;
    case Outcome::kNoData:
      return kNothing;
    case Outcome::kError:
      return kFailing;
    case Outcome::kNever:
      break;
  }
  return kNeverRun;
}

// "15 s", "1.5 s", "0.21 ms": three digits at most.
std::string duration_text(Clock::duration duration) {
  const double seconds = to_seconds(duration);
  if (seconds <= 0) return "0 s";
  if (seconds < 1) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.3g} s", seconds);
}

std::string age_text(const InstanceStatus& status, Clock::wall_time now) {
  if (!status.last_success) return "never";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *status.last_success).count();
  if (seconds < 1) return "just now";  // also after the clock was set back
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 2 * 3600) return fmt::format("{} min ago", seconds / 60);
  if (seconds < 2 * 86400) return fmt::format("{} h ago", seconds / 3600);
  return fmt::format("{} d ago", seconds / 86400);
}

std::string row_html(const CollectorRow& row, Clock::wall_time now) {
  const InstanceStatus& status = row.status;
  const StateText& state = kStateTexts[state_of(status)];
  std::string name = escaped(status.type->name);
  if (!status.name.empty()) name += fmt::format(" &middot; {}", escaped(status.name));
  std::string note = escaped(row.error);
  if (status.overdue && status.running) {
    note = fmt::format("running for {}{}{}", duration_text(*status.running), note.empty() ? "" : "; before: ", note);
  }
  return fmt::format(
      R"(<tr><th scope="row">{}<small>{}</small></th><td class="s {}">{}</td>)"
      R"(<td class="n" data-label="Last success">{}</td><td class="n" data-label="Took">{}</td>)"
      R"(<td class="n" data-label="Series">{}</td><td class="n" data-label="Runs">{}</td><td class="e">{}</td></tr>)"
      "\n",
      name, escaped(status.type->help), state.css, state.words, age_text(status, now), duration_text(status.duration),
      status.series, row.interval.count() == 0 ? "on scrape" : "every " + duration_text(row.interval), note);
}

}  // namespace

std::string render(const LandingPage& page) {
  // What needs looking at comes first.
  std::vector<const CollectorRow*> rows;
  std::array<std::size_t, kStates> counts{};
  for (const CollectorRow& row : page.collectors) {
    rows.push_back(&row);
    ++counts[state_of(row.status)];
  }
  std::ranges::stable_partition(rows, [](const CollectorRow* row) {
    const State state = state_of(row->status);
    return state == kFailing || state == kLate;
  });

  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Upkeep</title>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>{}</style>\n</head>\n"
      "<body>\n<main>\n<h1>Upkeep <small>{} ({})</small></h1>\n"
      "<p>Watches this machine and what runs on it, and publishes what it sees as Prometheus metrics.</p>\n"
      "<nav><a href=\"{}\">Metrics</a><a href=\"/-/healthy\">Health</a><a "
      "href=\"/-/ready\">Readiness</a></nav>\n<dl>\n",
      kStyle, escaped(page.version), escaped(page.revision), escaped(page.telemetry_path));
  for (std::size_t i = 0; i < kStates; ++i) {
    if (i == kNeverRun && counts[i] == 0) continue;  // only for a moment after the start
    out += fmt::format("<div><dt class=\"{}\">{}</dt><dd>{}</dd></div>\n", counts[i] == 0 ? "" : kStateTexts[i].css,
                       kStateTexts[i].words, counts[i]);
  }
  out +=
      "</dl>\n<table>\n<thead><tr><th>Collector</th><th>State</th><th class=\"n\">Last success</th>"
      "<th class=\"n\">Took</th><th class=\"n\">Series</th><th class=\"n\">Runs</th><th>Last error</th></tr></thead>\n"
      "<tbody>\n";
  for (const CollectorRow* row : rows) out += row_html(*row, page.now);
  out += "</tbody>\n</table>\n</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace upkeep
