#include "exporter/app.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <ostream>
#include <thread>

#include "exporter/build_info.h"
#include "exporter/descriptor_limit.h"
#include "exporter/descriptor_reserve.h"
#include "exporter/heap.h"
#include "exporter/limits.h"
#include "exporter/service_manager.h"

namespace upkeep {
namespace {

using namespace std::chrono_literals;

// The command line wins over the file.
void override_settings(Settings& settings, const Options& options) {
  if (!options.listen.empty()) settings.web.listen = options.listen;
  if (options.telemetry_path) settings.web.telemetry_path = *options.telemetry_path;
  if (options.max_requests) settings.web.max_requests = *options.max_requests;
  if (options.timeout_offset_seconds) {
    settings.web.timeout_offset =
        std::chrono::milliseconds(static_cast<std::int64_t>(*options.timeout_offset_seconds * 1000));
  }
  settings.web.lifecycle = settings.web.lifecycle || options.lifecycle;
  if (options.log_level) settings.log_level = *options.log_level;
  if (options.log_format) settings.log_format = *options.log_format;
}

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

App::App(Options options, std::span<const CollectorType* const> types)
    : options_(std::move(options)),
      types_(types),
      fs_(make_filesystem(options_.roots, raise_descriptor_limit())),
      kernel_(make_kernel(options_.roots.rootfs)),
      log_(LogLevel::kInfo, LogFormat::kLogfmt),
      telemetry_(*fs_, clock_, log_) {}

Loaded App::load() {
  Loaded loaded;
  auto text = config_text();
  if (!text) {
    loaded.mistakes.push_back(text.error().message);
    return loaded;
  }
  ConfigDocument document(options_.config_file.empty() ? "(defaults)" : options_.config_file, *std::move(text));
  ConfigReader root = document.root();
  loaded.settings = read_settings(root);
  override_settings(loaded.settings, options_);
  loaded.instances =
      build_instances(root.section("collectors"), types_, environment(loaded.settings), options_.selection);
  loaded.mistakes = document.mistakes();
  return loaded;
}

Result<std::string> App::config_text() const {
  return options_.config_file.empty() ? "" : read_config_file(options_.config_file);
}

int App::run_command(const CollectorType& type, std::span<const std::string> words, std::ostream& out,
                     std::ostream& err) {
  const Loaded loaded = load();
  for (const std::string& mistake : loaded.mistakes) err << mistake << '\n';
  auto text = config_text();
  if (!loaded.mistakes.empty() || !text) return 2;
  ConfigDocument document(options_.config_file, *std::move(text));
  std::vector<std::string> names;
  for (ConfigReader& item : document.root().section("collectors").sections(type.section)) {
    names.push_back(item.text("name", ""));
    if (names.back() != words.front()) continue;
    return type.command->run(item, words.subspan(1), environment(loaded.settings), out, err);
  }
  err << fmt::format("upkeep: error: no '{}' in the section `{}` of the configuration, but {}\n", words.front(),
                     type.section, names.empty() ? "nothing at all" : fmt::format("{}", fmt::join(names, ", ")));
  return 2;
}

Environment App::environment(const Settings& settings) {
  return {.fs = *fs_, .kernel = *kernel_, .clock = clock_, .log = log_, .state = settings.state};
}

std::shared_ptr<Scheduler> App::scheduler() {
  const std::lock_guard lock(current_);
  return scheduler_;
}

std::shared_ptr<Scheduler> App::start(std::vector<std::shared_ptr<Instance>> instances) {
  Scheduler::OwnMetrics own;
  if (!options_.disable_exporter_metrics) own = [this](SampleSink& out) { telemetry_.collect(out); };
  auto scheduler = std::make_shared<Scheduler>(std::move(instances), clock_, log_, std::move(own));
  scheduler->start();
  scheduler->scrape(clock_.now() + 1s);  // so that the landing page knows of every collector from the first look on
  return scheduler;
}

Result<> App::reload() {
  const std::lock_guard one_at_a_time(reloading_);
  service_manager::reloading();
  Loaded loaded = load();
  if (!loaded.mistakes.empty()) {
    for (const std::string& mistake : loaded.mistakes) log_.error("Configuration mistake", {{"err", mistake}});
    log_.error("Configuration not reloaded, the old one stays in force",
               {{"file", options_.config_file}, {"mistakes", std::to_string(loaded.mistakes.size())}});
    telemetry_.reloaded(false);
    service_manager::ready();
    return fail(ErrorCode::kParse, fmt::format("{}", fmt::join(loaded.mistakes, "\n")));
  }
  log_.set(loaded.settings.log_level, loaded.settings.log_format);
  std::shared_ptr<Scheduler> fresh = start(std::move(loaded.instances));
  fresh->wait_for_first_runs(1s);  // so that no scrape misses what only an interval brings
  {
    const std::lock_guard lock(current_);
    std::swap(scheduler_, fresh);
  }
  telemetry_.reloaded(true);
  service_manager::ready();
  log_.info("Configuration reloaded", {{"file", options_.config_file}});
  fresh->stop(250ms);  // a SIGTERM may wait behind this reload
  return {};
}

Result<std::shared_ptr<const Page>> App::scrape(std::span<const std::string> collect,
                                                std::span<const std::string> exclude, Clock::time_point deadline) {
  const std::shared_ptr<Scheduler> current = scheduler();
  if (!collect.empty()) return current->scrape_only(collect);
  if (!exclude.empty()) return current->scrape_without(exclude);
  return current->scrape(deadline);
}

bool App::answers(std::string_view path) { return scheduler()->answers(path); }

Result<std::shared_ptr<const Page>> App::answer(std::string_view path, const Query& query, Clock::time_point deadline) {
  return scheduler()->answer(path, query, deadline);
}

std::vector<CollectorRow> App::collectors() {
  std::vector<CollectorRow> rows;
  const std::shared_ptr<Scheduler> current = scheduler();
  for (const auto& instance : current->instances()) {
    rows.push_back({instance->status(), instance->error(), instance,
                    instance->on_scrape() ? std::chrono::milliseconds(0) : instance->interval()});
  }
  return rows;
}

bool App::ready() { return scheduler() != nullptr; }

// Feeds systemd's watchdog, but only after a page was really made. On a thread of its own: if the scrape is stuck, so
// is this, and systemd starts the program anew.
void App::watch_over() {
  const auto interval = service_manager::watchdog_interval();
  if (!interval) return;
  std::thread([this, pause = *interval / 2] {
    for (;;) {
      const auto page = scheduler()->scrape(clock_.now() + pause / 2);
      if (page && !page->is_empty()) service_manager::feed();
      timespec rest{.tv_sec = pause.count() / 1'000'000, .tv_nsec = pause.count() % 1'000'000 * 1000};
      while (::nanosleep(&rest, &rest) != 0 && errno == EINTR) {
      }
    }
  }).detach();
}

void App::wait_for_signals() {
  const sigset_t signals = handled_signals();
  sigset_t ends = signals;
  sigdelset(&ends, SIGHUP);
  DescriptorReserve reserve;
  Heap heap;
  for (;;) {
    heap.tend(clock_.now());  // at once, too: of what reading the configuration left
    // Seldom, for each one costs as much as a few files; but without descriptors a thread spins until the reserve is
    // given back.
    const timespec at_once{}, tick{.tv_sec = 2, .tv_nsec = 0};
    // Of several that wait, the kernel hands out SIGHUP first: the end must not wait for one more reload.
    int signal = ::sigtimedwait(&ends, nullptr, &at_once);
    if (signal < 0) signal = ::sigtimedwait(&signals, nullptr, &tick);
    if (signal == SIGHUP) {
      (void)reload();  // it logged what went wrong
    } else if (signal > 0) {
      log_.info("Stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
      return;
    }
    scheduler()->tend();
    switch (reserve.tend()) {
      case DescriptorReserve::Change::kGivenBack:
        log_.warn("Out of file descriptors, gave the reserve back", {});
        break;
      case DescriptorReserve::Change::kTakenAgain:
        log_.info("File descriptors are to be had again", {});
        break;
      case DescriptorReserve::Change::kNone:
        break;
    }
  }
}

int App::serve() {
  const sigset_t signals = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // every thread made from here on inherits it
  Loaded loaded = load();
  log_.set(loaded.settings.log_level, loaded.settings.log_format);
  log_.info("Starting upkeep", {{"version", build_info::kVersion}, {"revision", build_info::kRevision}});
  for (const std::string& mistake : loaded.mistakes) log_.error("Configuration mistake", {{"err", mistake}});
  if (!loaded.mistakes.empty()) return 1;
  if (options_.config_file.empty()) log_.info("No --config.file given: watching what is found on this machine");
  if (::geteuid() == 0) log_.warn("Running as root; an account of its own with read access is enough");

  {
    auto first = start(std::move(loaded.instances));
    const std::lock_guard lock(current_);
    scheduler_ = std::move(first);
  }
  auto web = Web::start(loaded.settings.web, *this, clock_, log_, telemetry_);
  if (!web) {
    log_.error("Cannot listen", {{"err", web.error().message}});
    return 1;
  }
  web_ = *std::move(web);
  telemetry_.reloaded(true);
  for (const std::string& url : web_->urls()) log_.info("Listening on", {{"address", url}});
  service_manager::ready();
  watch_over();
  wait_for_signals();

  // Nothing is torn down: a stuck collector or client could hold that up for ever, and the kernel does it all at once.
  service_manager::stopping();
  log_.flush(500ms);
  ::_exit(0);
}

}  // namespace upkeep
