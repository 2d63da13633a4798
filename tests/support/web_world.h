// A server on a free port before a backend that does as it is told.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "exporter/log.h"
#include "exporter/telemetry.h"
#include "exporter/web.h"
#include "tests/support/fakes.h"
#include "tests/support/http.h"

namespace upkeep::testing {

class FakeBackend final : public WebBackend {
 public:
  void set_text(std::string text);
  // Set before a request comes.
  std::optional<Error> failure;  // of scrapes and reloads
  bool throws = false, no_page = false;
  std::atomic<bool> is_ready = true;
  std::atomic<int> reloads = 0;

  // Scrapes wait from now on until release().
  void hold();
  void release();
  void wait_for_scrapes(int under_way);
  void wait_for_pages(int made);

  struct Call {
    std::vector<std::string> collect, exclude;
    Clock::time_point deadline;
  };
  Call last();

  Result<std::shared_ptr<const Page>> scrape(std::span<const std::string> collect, std::span<const std::string> exclude,
                                             Clock::time_point deadline) override;
  // The path /probe is answered with the question; scrapes hold this up, too.
  bool answers(std::string_view path) override { return path == "/probe"; }
  Result<std::shared_ptr<const Page>> answer(std::string_view path, const Query& query,
                                             Clock::time_point deadline) override;
  std::vector<CollectorRow> collectors() override;
  bool ready() override { return is_ready; }
  Result<> reload() override;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int under_way_ = 0, pages_ = 0;
  std::string text_ = "node_load1 1";
  Call last_;

  Result<std::shared_ptr<const Page>> page_of(std::string_view text);
};

class WebWorld {
 public:
  // Listens on a free port of 127.0.0.1, unless the settings say otherwise.
  explicit WebWorld(WebSettings settings = {});
  ~WebWorld();
  WebWorld(const WebWorld&) = delete;
  WebWorld& operator=(const WebWorld&) = delete;
  [[nodiscard]] std::uint16_t port(std::size_t address = 0) const;
  // How many the server holds.
  [[nodiscard]] std::size_t connections() const;
  // What Telemetry publishes.
  std::string own_metrics();

  FakeFileSystem fs;
  FakeClock clock;
  FakeBackend backend;

 private:
  // Where the log goes: closed after its last line.
  struct Null {
    const int fd;
    ~Null();
  } null_;

 public:
  Log log;
  Telemetry telemetry;
  std::unique_ptr<Web> web;
};

}  // namespace upkeep::testing
