// The HTTP endpoints. The only door to civetweb.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exporter/clock.h"
#include "exporter/exposition.h"
#include "exporter/landing_page.h"
#include "exporter/limits.h"
#include "exporter/log.h"
#include "exporter/query.h"
#include "exporter/result.h"
#include "exporter/telemetry.h"

namespace upkeep {

struct WebSettings {
  std::vector<std::string> listen = {"127.0.0.1:10190"};  // "HOST:PORT", "[::1]:PORT", ":PORT" (every address)
  std::string telemetry_path = "/metrics";
  int max_requests = limits::kConcurrentScrapes;  // 0: no limit
  bool lifecycle = false;                         // POST /-/reload
  std::chrono::milliseconds timeout_offset = limits::kScrapeTimeoutOffset;
};

// What the endpoints need of the program. Called from many threads at once.
class WebBackend {
 public:
  virtual ~WebBackend() = default;
  // At most one of `collect` and `exclude` is not empty. kNotFound: a name that is no enabled collector (400).
  // kTimeout: no page in time (503).
  virtual Result<std::shared_ptr<const Page>> scrape(std::span<const std::string> collect,
                                                     std::span<const std::string> exclude,
                                                     Clock::time_point deadline) = 0;
  // What a collector answers to a path of its own. kNotFound: there is none that does (404). kParse: the question is
  // not a good one, or not allowed (400). kLimit, kTimeout: not now (503).
  virtual Result<std::shared_ptr<const Page>> answer(std::string_view path, const Query& query,
                                                     Clock::time_point deadline) = 0;
  [[nodiscard]] virtual bool answers(std::string_view path) = 0;
  virtual std::vector<CollectorRow> collectors() = 0;
  virtual bool ready() = 0;
  virtual Result<> reload() = 0;
};

class Web {
 public:
  // Listens, or says which address could not be had and why. Serves until it is destroyed; what is passed in outlives
  // that. The end waits for requests under way, at most limits::kShutdown: one that is stuck in the backend then is
  // left behind, and what it uses must stay until the process ends.
  static Result<std::unique_ptr<Web>> start(const WebSettings& settings, WebBackend& backend, const Clock& clock,
                                            Log& log, Telemetry& telemetry);
  virtual ~Web() = default;
  // "http://127.0.0.1:10190" and so on, with the ports really bound (a port of 0 asks for a free one).
  [[nodiscard]] virtual std::vector<std::string> urls() const = 0;
};

}  // namespace upkeep
