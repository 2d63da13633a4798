// The whole program but for its command line and its server, on a recorded host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporter/config.h"
#include "exporter/instance.h"
#include "exporter/log.h"
#include "exporter/scheduler.h"
#include "tests/support/recorded_host.h"

namespace upkeep::testing {

class Program {
 public:
  // `config`: the text of an upkeep.yml. Every collector of the list is on that it does not switch off.
  explicit Program(RecordedHost& host, std::string config = {});

  // Runs every collector once and returns the page.
  std::string page();
  // The page of a scrape, in which the collectors with an interval do not run.
  std::shared_ptr<const Page> scrape();
  // What is wrong with the configuration.
  [[nodiscard]] const std::vector<std::string>& mistakes() const { return mistakes_; }
  [[nodiscard]] const std::vector<std::shared_ptr<Instance>>& instances() const { return scheduler_->instances(); }

 private:
  RecordedHost& host_;
  Log log_{LogLevel::kError, LogFormat::kLogfmt};
  ConfigDocument document_;
  std::vector<std::string> mistakes_;
  std::unique_ptr<Scheduler> scheduler_;
};

// Where two texts begin to differ, for people: line number, a few lines before, both lines. "" when they do not.
std::string first_difference(std::string_view expected, std::string_view actual);

}  // namespace upkeep::testing
