// The page people see at "/": what runs here and how it fares. A pure function; everything in it is escaped.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "exporter/clock.h"
#include "exporter/instance.h"

namespace upkeep {

// One line of the table.
struct CollectorRow {
  InstanceStatus status;
  std::string error;
  std::shared_ptr<const Instance> instance;  // keeps what status points at
  std::chrono::milliseconds interval{};      // 0: runs when it is scraped
};

struct LandingPage {
  std::string_view version, revision;
  std::string_view telemetry_path;
  Clock::wall_time now;
  std::span<const CollectorRow> collectors;
};

std::string render(const LandingPage& page);

}  // namespace upkeep
