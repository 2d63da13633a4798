#include "exporter/commands.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "exporter/build_info.h"
#include "exporter/status_metrics.h"

namespace upkeep::commands {
namespace {

bool report(const std::vector<std::string>& mistakes, std::ostream& err) {
  for (const std::string& mistake : mistakes) err << mistake << '\n';
  if (!mistakes.empty()) fmt::print(err, "{} mistake{}\n", mistakes.size(), mistakes.size() == 1 ? "" : "s");
  return !mistakes.empty();
}

void list(std::span<const MetricDesc* const> metrics, std::string_view collector, std::ostream& out) {
  for (const MetricDesc* desc : metrics) {
    fmt::print(out, "{}\t{}\t{}\t{}\t{}\n", desc->name, to_string(desc->type), fmt::join(desc->label_names(), ","),
               collector, desc->help);
  }
}

}  // namespace

int check_config(App& app, const std::string& file, std::ostream& out, std::ostream& err) {
  const Loaded loaded = app.load();
  if (report(loaded.mistakes, err)) return 1;
  fmt::print(out, "{}: fine, {} collectors\n", file.empty() ? "(defaults)" : file, loaded.instances.size());
  return 0;
}

int collect(App& app, const std::vector<std::string>& names, std::ostream& out, std::ostream& err) {
  Loaded loaded = app.load();
  if (report(loaded.mistakes, err)) return 1;
  if (!names.empty()) {
    std::erase_if(loaded.instances, [&](const std::shared_ptr<Instance>& instance) {
      return std::ranges::find(names, instance->type().name) == names.end();
    });
  }
  app.log().set(LogLevel::kError, LogFormat::kLogfmt);
  Scheduler scheduler(std::move(loaded.instances), app.clock(), app.log(), {});
  scheduler.run_all();
  const auto page = scheduler.scrape_only(names);
  if (!page) {
    err << "upkeep: error: " << page.error().message << ", see `upkeep list-collectors`\n";
    return 1;
  }
  // Without names: everything that was built.
  out << (names.empty() ? scheduler.scrape(app.clock().now())->text() : (*page)->text());
  const auto failed = [](const auto& instance) { return instance->status().outcome == Outcome::kError; };
  return std::ranges::any_of(scheduler.instances(), failed) ? 1 : 0;
}

int list_collectors(std::span<const CollectorType* const> types, std::ostream& out) {
  for (const CollectorType* type : types) {
    fmt::print(out, "{:<18} {:<10} {}\n", type->name,
               type->cadence == Cadence::kOnScrape ? "on scrape" : fmt::format("{}s", type->interval.count() / 1000),
               type->help);
  }
  return 0;
}

int list_metrics(std::span<const CollectorType* const> types, std::ostream& out) {
  for (const CollectorType* type : types) {
    list(type->metrics, type->name, out);
    for (std::string_view prefix : type->open_prefixes) {
      if (prefix.empty()) continue;
      fmt::print(out, "{}*\tany\t\t{}\tFamilies named after what is found.\n", prefix, type->name);
    }
  }
  list(status_metrics(), "(each)", out);
  list(Scheduler::metrics(), "(program)", out);
  list(Telemetry::metrics(), "(program)", out);
  return 0;
}

int version(std::ostream& out) {
  fmt::print(out, "upkeep, version {} (branch: {}, revision: {})\n  compiler:         {}\n  build type:       {}\n",
             build_info::kVersion, build_info::kBranch, build_info::kRevision, build_info::kCompiler,
             build_info::kBuildType);
  fmt::print(out, "  platform:         linux/amd64\n");
  return 0;
}

}  // namespace upkeep::commands
