#include "exporter/landing_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace upkeep {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr CollectorType kCpu = {.name = "cpu", .section = "host", .help = "CPU seconds by mode."};
constexpr CollectorType kNasty = {.name = "na<sty", .section = "host", .help = "\"quoted\" & <b>bold</b>"};
constexpr Clock::wall_time kNow(1'700'000'000s);

std::string page(const std::vector<CollectorRow>& rows) {
  return render({.version = "1.2.3", .revision = "abc", .telemetry_path = "/metrics", .now = kNow, .collectors = rows});
}

CollectorRow row(Outcome outcome) {
  CollectorRow made;
  made.status.type = &kCpu;
  made.status.outcome = outcome;
  return made;
}

TEST(LandingPage, SaysWhatItIsAndWhereToGo) {
  const std::string html = page({});
  EXPECT_THAT(html, HasSubstr("<h1>Upkeep <small>1.2.3 (abc)</small></h1>"));
  EXPECT_THAT(html, HasSubstr(R"(<a href="/metrics">)"));
  EXPECT_THAT(html, HasSubstr(R"(<a href="/-/healthy">)"));
  EXPECT_THAT(html, HasSubstr(R"(<a href="/-/ready">)"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("http:")));  // nothing from elsewhere
}

TEST(LandingPage, OneRow) {
  CollectorRow good = row(Outcome::kSuccess);
  good.status.last_success = kNow - 3s;
  good.status.duration = 210us;
  good.status.series = 42;
  good.interval = 15s;
  const std::string html = page({good});
  EXPECT_THAT(html, HasSubstr(R"(<tr><th scope="row">cpu<small>CPU seconds by mode.</small></th>)"
                              R"(<td class="s ok">ok</td><td class="n" data-label="Last success">3 s ago</td>)"
                              R"(<td class="n" data-label="Took">0.21 ms</td><td class="n" data-label="Series">42</td>)"
                              R"(<td class="n" data-label="Runs">every 15 s</td><td class="e"></td></tr>)"));
  good.status.name = "disk";
  good.interval = 0s;
  EXPECT_THAT(page({good}), HasSubstr(R"(<th scope="row">cpu &middot; disk<small>)"));
  EXPECT_THAT(page({good}), HasSubstr("on scrape"));
}

TEST(LandingPage, States) {
  const auto f = [](CollectorRow shown, std::string_view cell) { EXPECT_THAT(page({shown}), HasSubstr(cell)); };
  f(row(Outcome::kSuccess), R"(<td class="s ok">ok</td>)");
  f(row(Outcome::kNoData), R"(<td class="s none">nothing here</td>)");
  f(row(Outcome::kError), R"(<td class="s bad">failing</td>)");
  f(row(Outcome::kNever), R"(<td class="s never">never run</td>)");
  CollectorRow late = row(Outcome::kSuccess);
  late.status.overdue = true;
  late.status.running = 95s;
  f(late, R"(<td class="s late">late</td>)");
  f(late, R"(<td class="e">running for 95 s</td>)");
  late.error = "it broke";
  f(late, R"(<td class="e">running for 95 s; before: it broke</td>)");
  CollectorRow stale = row(Outcome::kError);
  stale.status.stale = true;
  f(stale, R"(<td class="s late">late</td>)");
}

TEST(LandingPage, CountsAndTroubleFirst) {
  CollectorRow failing = row(Outcome::kError);
  failing.error = "broken";
  const std::string html =
      page({row(Outcome::kSuccess), row(Outcome::kSuccess), row(Outcome::kNoData), failing, row(Outcome::kNever)});
  EXPECT_THAT(html, HasSubstr(R"(<dt class="ok">ok</dt><dd>2</dd>)"));
  EXPECT_THAT(html, HasSubstr(R"(<dt class="none">nothing here</dt><dd>1</dd>)"));
  EXPECT_THAT(html, HasSubstr(R"(<dt class="bad">failing</dt><dd>1</dd>)"));
  EXPECT_THAT(html, HasSubstr(R"(<dt class="">late</dt><dd>0</dd>)"));
  EXPECT_THAT(html, HasSubstr(R"(<dt class="never">never run</dt><dd>1</dd>)"));
  EXPECT_LT(html.find("<td class=\"s bad\">"), html.find("<td class=\"s ok\">"));
}

TEST(LandingPage, Ages) {
  const auto f = [](Clock::duration ago, std::string_view text) {
    CollectorRow shown = row(Outcome::kSuccess);
    shown.status.last_success = kNow - std::chrono::duration_cast<Clock::wall_time::duration>(ago);
    EXPECT_THAT(page({shown}), HasSubstr("data-label=\"Last success\">" + std::string(text) + "<"));
  };
  f(0s, "just now");
  f(-1h, "just now");  // the clock was set back
  f(119s, "119 s ago");
  f(120s, "2 min ago");
  f(2h, "2 h ago");
  f(72h, "3 d ago");
  EXPECT_THAT(page({row(Outcome::kSuccess)}), HasSubstr("data-label=\"Last success\">never<"));
}

TEST(LandingPage, Durations) {
  const auto f = [](Clock::duration took, std::string_view text) {
    CollectorRow shown = row(Outcome::kSuccess);
    shown.status.duration = took;
    EXPECT_THAT(page({shown}), HasSubstr("data-label=\"Took\">" + std::string(text) + "<"));
  };
  f(0s, "0 s");
  f(1us, "0.001 ms");
  f(12345us, "12.3 ms");
  f(1500ms, "1.5 s");
  f(90s, "90 s");
}

TEST(LandingPage, EscapesEverything) {
  CollectorRow bad = row(Outcome::kError);
  bad.status.type = &kNasty;
  bad.status.name = "<script>alert(1)</script>";
  bad.error = "</td><img src=x onerror='alert(1)'>\xff\x01";
  const std::string html = render(
      {.version = "<v>", .revision = "&r", .telemetry_path = "/\"><x>", .now = kNow, .collectors = std::span(&bad, 1)});
  EXPECT_THAT(html, HasSubstr("na&lt;sty &middot; &lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(html, HasSubstr("<small>&quot;quoted&quot; &amp; &lt;b&gt;bold&lt;/b&gt;</small>"));
  EXPECT_THAT(html, HasSubstr("&lt;/td&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;\xef\xbf\xbd <"));
  EXPECT_THAT(html, HasSubstr("<small>&lt;v&gt; (&amp;r)</small>"));
  EXPECT_THAT(html, HasSubstr(R"(<a href="/&quot;&gt;&lt;x&gt;">)"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
}

}  // namespace
}  // namespace upkeep
