// The names that dashboards and alerts already ask for are ours too: tests/golden/contract_names.txt.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "collectors/all.h"
#include "exporter/scheduler.h"
#include "exporter/status_metrics.h"
#include "exporter/telemetry.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

struct Family {
  std::string type;
  std::vector<std::string> labels;  // sorted
  friend bool operator==(const Family&, const Family&) = default;
};

std::ostream& operator<<(std::ostream& out, const Family& family) {
  out << family.type << " {";
  for (const std::string& label : family.labels) out << label << ",";
  return out << "}";
}

std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(std::string(UPKEEP_SOURCE_DIR) + "/tests/golden/" + path, std::ios::binary).rdbuf();
  return text.str();
}

// Those with a fixed name.
std::map<std::string, Family> declared_families() {
  std::map<std::string, Family> declared;
  const auto add = [&](std::span<const MetricDesc* const> metrics) {
    for (const MetricDesc* desc : metrics) {
      Family& family = declared[std::string(desc->name)];
      family.type = to_string(desc->type);
      family.labels.assign(desc->label_names().begin(), desc->label_names().end());
      std::ranges::sort(family.labels);
    }
  };
  for (const CollectorType* type : all_collectors()) add(type->metrics);
  add(status_metrics());
  add(Scheduler::metrics());
  add(Telemetry::metrics());
  return declared;
}

// The names and types of a page.
std::map<std::string, std::string> types_on(std::string_view page) {
  std::map<std::string, std::string> types;
  for (std::string_view line : Lines(page)) {
    Words words(line);
    if (words.next() != "#" || words.next() != "TYPE") continue;
    const std::string name(words.next());
    types[name] = words.next();
  }
  return types;
}

bool is_named_at_run_time(std::string_view name) {
  return std::ranges::any_of(all_collectors(), [&](const CollectorType* type) {
    return std::ranges::any_of(type->open_prefixes,
                               [&](auto prefix) { return !prefix.empty() && name.starts_with(prefix); });
  });
}

TEST(Contract, EveryNameIsDeclared) {
  const auto declared = declared_families();
  // What is named at run time has to be seen to be believed.
  const auto on_page = types_on(slurp("server.prom"));
  const std::string contract = slurp("contract_names.txt");
  std::size_t checked = 0;
  for (std::string_view line : Lines(contract)) {
    if (line.starts_with('#') || line.starts_with("not ")) continue;
    Words words(line);
    const std::string name(words.next());
    Family wanted{std::string(words.next()), {}};
    std::istringstream labels{std::string(words.next())};
    for (std::string label; std::getline(labels, label, ',');) {
      if (label != "-") wanted.labels.push_back(label);
    }
    ++checked;
    if (const auto found = declared.find(name); found != declared.end()) {
      EXPECT_EQ(found->second, wanted) << name;
    } else {
      EXPECT_TRUE(is_named_at_run_time(name)) << name << " is declared by nobody";
      const auto seen = on_page.find(name);
      EXPECT_TRUE(seen != on_page.end() && seen->second == wanted.type)
          << name << " is not on tests/golden/server.prom";
    }
  }
  EXPECT_GT(checked, 200u);
}

TEST(Contract, WhatIsLeftOutHasAReasonAndIsNotDeclared) {
  const auto declared = declared_families();
  const std::string contract = slurp("contract_names.txt");
  for (std::string_view line : Lines(contract)) {
    if (!line.starts_with("not ")) continue;
    const std::size_t colon = line.find(": ");
    ASSERT_NE(colon, std::string_view::npos) << line;
    EXPECT_FALSE(declared.contains(std::string(line.substr(4, colon - 4)))) << line << " - but it is declared";
  }
}

}  // namespace
}  // namespace upkeep
