#include "tests/support/web_world.h"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "collectors/all.h"
#include "exporter/own_sockets.h"
#include "exporter/text.h"

namespace upkeep::testing {

void FakeBackend::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}
void FakeBackend::release() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  changed_.notify_all();
}
void FakeBackend::wait_for_scrapes(int wanted) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(20), [&] { return under_way_ >= wanted; });
}
void FakeBackend::wait_for_pages(int made) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(20), [&] { return pages_ >= made; });
}
void FakeBackend::set_text(std::string text) {
  const std::lock_guard lock(mutex_);
  text_ = std::move(text);
}
FakeBackend::Call FakeBackend::last() {
  const std::lock_guard lock(mutex_);
  return last_;
}

Result<std::shared_ptr<const Page>> FakeBackend::scrape(std::span<const std::string> collect,
                                                        std::span<const std::string> exclude,
                                                        Clock::time_point deadline) {
  {
    std::unique_lock lock(mutex_);
    last_ = {{collect.begin(), collect.end()}, {exclude.begin(), exclude.end()}, deadline};
    ++under_way_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    --under_way_;
  }
  if (throws) throw std::runtime_error("thrown");
  if (failure) return std::unexpected(*failure);
  if (no_page) return nullptr;
  for (const std::string& name : collect) {
    if (name == "unknown") return fail(ErrorCode::kNotFound, "\"unknown\" is no enabled collector");
  }
  const std::lock_guard lock(mutex_);
  return page_of(text_);
}

Result<std::shared_ptr<const Page>> FakeBackend::page_of(std::string_view text) {
  auto page = std::make_shared<Page>(std::make_shared<Gzip>());
  page->finish(text);
  ++pages_;
  changed_.notify_all();
  return page;
}

Result<std::shared_ptr<const Page>> FakeBackend::answer(std::string_view path, const Query& query,
                                                        Clock::time_point deadline) {
  UPKEEP_TRY(const auto page, scrape({}, {}, deadline));
  std::string text(path);
  for (const auto& [key, value] : query.pairs) text += " " + key + "=" + value;
  const std::lock_guard lock(mutex_);
  return page_of(text);
}

std::vector<CollectorRow> FakeBackend::collectors() {
  CollectorRow row;
  row.status.type = &loadavg_collector;
  row.status.outcome = Outcome::kSuccess;
  return {row};
}

Result<> FakeBackend::reload() {
  ++reloads;
  if (failure) return std::unexpected(*failure);
  return {};
}

WebWorld::WebWorld(WebSettings settings)
    : null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)},
      log(LogLevel::kDebug, LogFormat::kLogfmt, null_.fd),
      telemetry(fs, clock, log) {
  if (settings.listen == WebSettings{}.listen) settings.listen = {"127.0.0.1:0"};
  auto started = Web::start(settings, backend, clock, log, telemetry);
  if (started) web = *std::move(started);
}

WebWorld::~WebWorld() { web.reset(); }

WebWorld::Null::~Null() { ::close(fd); }

std::uint16_t WebWorld::port(std::size_t address) const {
  const std::string url = web->urls().at(address);
  return static_cast<std::uint16_t>(to_u64(url.substr(url.rfind(':') + 1)).value());
}

std::size_t WebWorld::connections() const {
  const std::uint16_t ports[] = {port()};
  std::vector<own_sockets::Connection> found;
  own_sockets::find_accepted(ports, found);
  return found.size();
}

std::string WebWorld::own_metrics() {
  SampleSink sink(1000);
  sink.begin();
  telemetry.collect(sink);
  Samples samples;
  sink.publish(samples);
  return text_of(samples);
}

}  // namespace upkeep::testing
