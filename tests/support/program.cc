#include "tests/support/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "collectors/all.h"
#include "exporter/build.h"
#include "exporter/text.h"

namespace upkeep::testing {

Program::Program(RecordedHost& host, std::string config) : host_(host), document_("upkeep.yml", std::move(config)) {
  auto instances = build_instances(document_.root().section("collectors"), all_collectors(), host.environment, {});
  mistakes_ = document_.mistakes();
  scheduler_ = std::make_unique<Scheduler>(std::move(instances), host.clock, log_, nullptr);
}

std::string Program::page() {
  for (const auto& instance : instances()) {
    if (!instance->on_scrape()) instance->run({});
  }
  return std::string(scrape()->text());
}

std::shared_ptr<const Page> Program::scrape() { return scheduler_->scrape(host_.clock.now() + limits::kScrapeTimeout); }

std::string first_difference(std::string_view expected, std::string_view actual) {
  if (expected == actual) return {};
  const auto lines = [](std::string_view text) {
    std::vector<std::string_view> all;
    for (std::string_view line : Lines(text)) all.push_back(line);
    all.push_back("(the end)");
    return all;
  };
  const auto before = lines(expected), after = lines(actual);
  const auto shorter = std::min(before.size(), after.size());
  std::size_t at = 0;
  while (at + 1 < shorter && before[at] == after[at]) ++at;
  std::string out = fmt::format("line {}:\n", at + 1);
  constexpr std::size_t kContext = 3, kShown = 5;
  for (std::size_t i = at < kContext ? 0 : at - kContext; i < at; ++i) out += fmt::format("  {}\n", before[i]);
  for (std::size_t i = at; i < std::min(before.size(), at + kShown); ++i) out += fmt::format("- {}\n", before[i]);
  for (std::size_t i = at; i < std::min(after.size(), at + kShown); ++i) out += fmt::format("+ {}\n", after[i]);
  return out;
}

}  // namespace upkeep::testing
