#include "collectors/probes/prober.h"

#include <algorithm>
#include <functional>
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

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

// The state of the thread.
class Prober::Work {
 public:
  Work(Prober& prober, http::Transfers& transfers)
      : prober_(prober),
        transfers_(transfers),
        resolver_([&transfers] { transfers.wake(); }, prober.clock_),
        schedule_(prober.options_.targets, prober.clock_.now(), random_seed()) {}

  void go_on() {
    begin_those_due();
    wait();
    for (auto at = active_.begin(); at != active_.end();) {
      at->probe.advance();
      const bool is_done = at->probe.is_done();
      if (is_done) conclude(*at);
      at = is_done ? active_.erase(at) : std::next(at);
    }
    tell();
  }

 private:
  struct Active {
    Active(const Target& target, const Tools& tools, Clock::time_point deadline, const Schedule::Turn& its_turn)
        : turn(its_turn), probe(target, tools, deadline, its_turn.attempt) {}
    Schedule::Turn turn;
    Probe probe;
  };

  [[nodiscard]] Clock::time_point now() const { return prober_.clock_.now(); }

  void begin_those_due() {
    while (active_.size() < prober_.options_.concurrency) {
      const auto turn = schedule_.take(now());
      if (!turn) return;
      const Target& target = prober_.options_.targets[turn->target];
      const Tools tools{transfers_, resolver_, prober_.clock_};
      active_.emplace_back(target, tools, now() + target.timeout, *turn);
    }
  }

  void wait() {
    Clock::time_point until = now() + kNothingToDo;
    // A free place and nothing that is due; or no free place, and then what is due has to wait anyhow.
    const bool has_place = active_.size() < prober_.options_.concurrency;
    if (const auto next = schedule_.next(); next && has_place) until = std::min(until, *next);
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

ProberView Prober::view() {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) {
    try {
      thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    } catch (const std::system_error&) {  // no more threads now: the next look tries again
      view_.error = "no thread to ask with";
    }
  }
  return view_;
}

void Prober::run(const std::stop_token& stop) {
  auto transfers = http::make_transfers(clock_);
  {
    const std::lock_guard lock(mutex_);
    view_.error = transfers ? "" : transfers.error().message;
  }
  if (!transfers) return;
  Work work(*this, **transfers);
  const std::stop_callback wake(stop, [&transfers] { (*transfers)->wake(); });
  while (!stop.stop_requested()) work.go_on();
}

}  // namespace upkeep::probes
