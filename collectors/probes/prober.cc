#include "collectors/probes/prober.h"

#include <algorithm>
#include <functional>
#include <future>
#include <list>
#include <optional>
#include <random>
#include <stop_token>
#include <system_error>
#include <unordered_map>

#include "collectors/probes/probe.h"
#include "collectors/probes/resolver.h"
#include "collectors/probes/schedule.h"

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kNothingToDo = 60s;
constexpr auto kGrace = 250ms;  // for the thread to say what came of it

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

// One endpoint that somebody waits for.
struct Prober::Errand {
  Target target;
  Clock::time_point deadline;
  std::promise<std::shared_ptr<const Outcome>> promise;
};

// The state of the thread.
class Prober::Work {
 public:
  Work(Prober& prober, http::Transfers& transfers)
      : prober_(prober),
        transfers_(transfers),
        resolver_([&transfers] { transfers.wake(); }, prober.clock_),
        schedule_(prober.options_.targets, prober.clock_.now(), random_seed()) {}

  void go_on() {
    begin_errands();
    begin_those_due();
    wait();
    for (auto at = active_.begin(); at != active_.end();) {
      at->probe.advance();
      const bool is_done = at->probe.is_done();
      if (is_done && at->errand) {
        at->errand->promise.set_value(std::make_shared<const Outcome>(at->probe.take_outcome()));
      } else if (is_done) {
        conclude(*at);
      }
      at = is_done ? active_.erase(at) : std::next(at);
    }
    tell();
  }

 private:
  struct Active {
    Active(const Target& target, const Tools& tools, Clock::time_point deadline, const Schedule::Turn& its_turn)
        : turn(its_turn), probe(target, tools, deadline, its_turn.attempt) {}
    Active(std::shared_ptr<Errand> its_errand, const Tools& tools)
        : errand(std::move(its_errand)), probe(errand->target, tools, errand->deadline) {}
    std::shared_ptr<Errand> errand;  // null: it is one of the options' targets,
    Schedule::Turn turn{};           // and this its turn
    Probe probe;
  };

  [[nodiscard]] Clock::time_point now() const { return prober_.clock_.now(); }

  [[nodiscard]] Tools tools() { return {transfers_, resolver_, prober_.clock_}; }
  [[nodiscard]] bool has_place() const {
    const auto is_scheduled = [](const Active& active) { return active.errand == nullptr; };
    return static_cast<std::size_t>(std::ranges::count_if(active_, is_scheduled)) < prober_.options_.concurrency;
  }

  void begin_errands() {
    std::vector<std::shared_ptr<Errand>> errands;
    {
      const std::lock_guard lock(prober_.mutex_);
      errands.swap(prober_.errands_);
    }
    for (auto& errand : errands) active_.emplace_back(std::move(errand), tools());
  }

  void begin_those_due() {
    while (has_place()) {
      const auto turn = schedule_.take(now());
      if (!turn) return;
      const Target& target = prober_.options_.targets[turn->target];
      active_.emplace_back(target, tools(), now() + target.timeout, *turn);
    }
  }

  void wait() {
    Clock::time_point until = now() + kNothingToDo;
    // A free place and nothing that is due; or no free place, and then what is due has to wait anyhow.
    if (const auto next = schedule_.next(); next && has_place()) until = std::min(until, *next);
    sockets_.clear();
    for (const Active& active : active_) {
      if (active.probe.is_done()) until = now();
      until = std::min(until, active.probe.deadline());
      if (const pollfd socket = active.probe.socket(); socket.fd >= 0) sockets_.push_back(socket);
    }
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(std::max(until - now(), Clock::duration(0)));
    for (http::Transfers::Done& done : transfers_.wait(patience, sockets_)) {
      const auto whose = [&](const Active& active) { return active.probe.transfer() == done.id; };
      const auto found = std::ranges::find_if(active_, whose);
      if (found != active_.end()) found->probe.take(std::move(done.answer));
    }
  }

  void conclude(Active& active) {
    auto outcome = std::make_shared<const Outcome>(active.probe.take_outcome());
    const std::size_t index = active.turn.target;
    const Target& target = prober_.options_.targets[index];
    const bool tries_again = !outcome->good() && active.turn.attempt < static_cast<unsigned>(target.retries);
    if (tries_again) {
      schedule_.retry(active.turn, now());
    } else {
      schedule_.done(index, now());
    }
    const std::lock_guard lock(prober_.mutex_);
    Record& record = prober_.view_.records[index];
    if (tries_again) {
      ++record.retries;
      return;
    }
    ++record.runs;
    log_change(target, record, *outcome);
    record.failures_in_a_row = outcome->good() ? 0 : record.failures_in_a_row + 1;
    if (!outcome->good()) ++record.failures;
    if (outcome->good()) record.last_success = unix_seconds(outcome->finished);
    record.last = std::move(outcome);
  }

  void log_change(const Target& target, const Record& before, const Outcome& outcome) {
    const bool was_good = before.last == nullptr || before.last->good();
    if (outcome.good() && !was_good) {
      prober_.log_.info("Probe succeeds again", {{"target", target.name}, {"endpoint", target.endpoint}});
    } else if (!outcome.good() && (was_good || before.last->reason != outcome.reason)) {
      prober_.log_.warn("Probe failed", {{"target", target.name},
                                         {"endpoint", target.endpoint},
                                         {"reason", to_string(outcome.reason)},
                                         {"err", outcome.message}});
    }
  }

  void tell() {
    const double behind = to_seconds(schedule_.behind(now()));
    const std::size_t names = resolver_.threads_waiting();
    const std::lock_guard lock(prober_.mutex_);
    prober_.view_.under_way = active_.size();
    prober_.view_.names_under_way = names;
    prober_.view_.behind_seconds = behind;
  }

  Prober& prober_;
  http::Transfers& transfers_;
  Resolver resolver_;
  Schedule schedule_;
  std::list<Active> active_;  // destroyed first: they use what is above
  std::vector<pollfd> sockets_;
};

Prober::Prober(const Options& options, const Clock& clock, Log& log) : options_(options), clock_(clock), log_(log) {
  view_.records.resize(options.targets.size());
}

Prober::~Prober() {
  std::jthread thread;
  {
    const std::lock_guard lock(mutex_);
    thread = std::move(thread_);
  }
  // Stopped and waited for by its own destructor.
}

void Prober::begin() {
  if (thread_.joinable()) return;
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  } catch (const std::system_error&) {  // no more threads now: the next look tries again
    view_.error = "no thread to ask with";
  }
}

ProberView Prober::view() {
  const std::lock_guard lock(mutex_);
  begin();
  return view_;
}

Result<std::shared_ptr<const Outcome>> Prober::ask(Target target, Clock::time_point deadline) {
  const auto errand = std::make_shared<Errand>(std::move(target), deadline);
  auto outcome = errand->promise.get_future();
  {
    const std::lock_guard lock(mutex_);
    begin();
    if (!view_.error.empty()) return fail(ErrorCode::kSystem, view_.error);
    errands_.push_back(errand);
    if (transfers_ != nullptr) transfers_->wake();
  }
  if (outcome.wait_until(deadline + kGrace) != std::future_status::ready)
    return fail(ErrorCode::kTimeout, "nothing came of it in time");
  return outcome.get();
}

void Prober::run(const std::stop_token& stop) {
  auto transfers = http::make_transfers(clock_);
  {
    const std::lock_guard lock(mutex_);
    view_.error = transfers ? "" : transfers.error().message;
    transfers_ = transfers ? transfers->get() : nullptr;
  }
  if (!transfers) return;
  Work work(*this, **transfers);
  const std::stop_callback wake(stop, [&transfers] { (*transfers)->wake(); });
  while (!stop.stop_requested()) work.go_on();
  const std::lock_guard lock(mutex_);
  transfers_ = nullptr;
}

}  // namespace upkeep::probes
