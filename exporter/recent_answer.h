// One answer for those who ask the same at about the same time: two collectors of a scrape want the link table.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace upkeep {

// Thread-safe.
class RecentAnswer {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr auto kRecent = std::chrono::milliseconds(10);

  // The number of an answer; an asker keeps that of the one it had last, and is never given it again.
  using Number = std::uint64_t;

  // Copies what somebody else was answered to the same request a moment ago. False: there is no such thing.
  bool take(std::string_view request, time_point now, Number& had, std::string& out) {
    const std::lock_guard lock(mutex_);
    if (number_ == had || request != request_ || now - at_ >= kRecent) return false;
    out = answer_;
    had = number_;
    return true;
  }

  // Remembers an answer that was asked for at `now`.
  void put(std::string_view request, time_point now, Number& had, std::string_view answer) {
    const std::lock_guard lock(mutex_);
    request_ = request;
    answer_ = answer;
    at_ = now;
    had = ++number_;
  }

 private:
  std::mutex mutex_;
  std::string request_, answer_;
  time_point at_;
  Number number_ = 0;
};

}  // namespace upkeep
