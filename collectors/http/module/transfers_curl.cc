// Many transfers over one libcurl multi handle: no thread but the caller's.
#include <curl/curl.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "collectors/http/module/library.h"
#include "collectors/http/module/transfer.h"
#include "collectors/http/transfers.h"

namespace upkeep::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSpareHandles = 32;

class CurlTransfers final : public Transfers {
 public:
  explicit CurlTransfers(const Clock& clock) : clock_(clock), multi_(::curl_multi_init()) {}
  ~CurlTransfers() override {
    for (const auto& [id, active] : active_) ::curl_multi_remove_handle(multi_.get(), active->transfer.handle());
    active_.clear();
    for (CURL* const handle : spare_) ::curl_easy_cleanup(handle);
  }
  CurlTransfers(const CurlTransfers&) = delete;
  CurlTransfers& operator=(const CurlTransfers&) = delete;

  [[nodiscard]] bool is_sound() const { return multi_ != nullptr; }

  Id begin(Request request) override {
    const Id id = ++last_id_;
    CURL* handle = nullptr;
    if (!spare_.empty()) {
      handle = spare_.back();
      spare_.pop_back();
    }
    const auto deadline = clock_.now() + request.patience;
    auto active = std::make_unique<Active>(id, std::move(request), handle, deadline);
    if (!active->transfer.is_sound()) {
      Answer answer;
      answer.problem = Problem{Failure::kOther, "no memory"};
      done_.push_back({id, std::move(answer)});
      return id;
    }
    ::curl_multi_add_handle(multi_.get(), active->transfer.handle());
    active_.emplace(id, std::move(active));
    return id;
  }

  void give_up(Id id) override {
    if (const auto found = active_.find(id); found != active_.end()) end(*found->second);
    std::erase_if(done_, [&](const Done& done) { return done.id == id; });
  }

  std::vector<Done> wait(std::chrono::milliseconds patience, std::span<pollfd> others) override {
    for (pollfd& other : others) other.revents = 0;
    perform();
    if (done_.empty()) {
      poll(patience, others);
      perform();
    }
    return std::exchange(done_, {});
  }

  void wake() override { ::curl_multi_wakeup(multi_.get()); }

 private:
  struct Cleanup {
    void operator()(CURLM* multi) const { ::curl_multi_cleanup(multi); }
  };
  struct Active {
    Active(Id id, Request request, CURL* handle, Clock::time_point latest)
        : transfer(id, std::move(request), handle), deadline(latest) {}
    Transfer transfer;
    Clock::time_point deadline, talking_since{};
    bool is_talking = false;
    Answer so_far;  // of a conversation
  };

  void end(Active& active) {
    ::curl_multi_remove_handle(multi_.get(), active.transfer.handle());
    if (spare_.size() < kSpareHandles) spare_.push_back(active.transfer.give_handle());
    active_.erase(active.transfer.id());
  }

  void finish(Active& active, Answer answer) {
    done_.push_back({active.transfer.id(), std::move(answer)});
    end(active);
  }

  // The sockets of conversations are not libcurl's to watch.
  void poll(std::chrono::milliseconds patience, std::span<pollfd> others) {
    waited_.clear();
    for (const pollfd& other : others) waited_.push_back({other.fd, other.events, 0});
    for (const auto& [id, active] : active_) {
      if (!active->is_talking) continue;
      const short events = active->transfer.has_more_to_say() ? CURL_WAIT_POLLIN | CURL_WAIT_POLLOUT : CURL_WAIT_POLLIN;
      waited_.push_back({active->transfer.socket(), events, 0});
      patience = std::min(patience, std::chrono::ceil<std::chrono::milliseconds>(active->deadline - clock_.now()));
    }
    const auto timeout = static_cast<int>(std::clamp<std::int64_t>(patience.count(), 0, 60'000));
    ::curl_multi_poll(multi_.get(), waited_.data(), static_cast<unsigned>(waited_.size()), timeout, nullptr);
    for (std::size_t i = 0; i < others.size(); ++i) others[i].revents = waited_[i].revents;
  }

  void perform() {
    int running = 0, left = 0;
    ::curl_multi_perform(multi_.get(), &running);
    while (const CURLMsg* const message = ::curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      Active& active = *active_.at(transfer->id());
      Answer answer = transfer->answer(message->data.result);
      if (answer.problem || transfer->request().kind == Request::Kind::kHttp) {
        finish(active, std::move(answer));
      } else {
        active.so_far = std::move(answer);
        active.talking_since = clock_.now();
        active.is_talking = true;
      }
    }
    converse();
  }

  void converse() {
    over_.clear();
    for (const auto& [id, active] : active_) {
      if (!active->is_talking) continue;
      bool is_over = active->transfer.talk(active->so_far);
      if (!is_over && clock_.now() >= active->deadline) {
        active->so_far.problem = Problem{Failure::kTimeout, "no answer as expected in time"};
        is_over = true;
      }
      if (is_over) over_.push_back(active.get());
    }
    for (Active* const active : over_) {
      active->so_far.phases.processing = clock_.now() - active->talking_since;
      finish(*active, std::move(active->so_far));
    }
  }

  const Clock& clock_;
  const std::unique_ptr<CURLM, Cleanup> multi_;
  std::unordered_map<Id, std::unique_ptr<Active>> active_;
  std::vector<CURL*> spare_;
  std::vector<Done> done_;
  std::vector<curl_waitfd> waited_;
  std::vector<Active*> over_;
  Id last_id_ = 0;
};

Answered<std::unique_ptr<Transfers>> make(const Clock& clock) {
  auto transfers = is_library_ready() ? std::make_unique<CurlTransfers>(clock) : nullptr;
  if (!transfers || !transfers->is_sound()) return std::unexpected(Problem{Failure::kOther, "libcurl cannot begin"});
  return transfers;
}

}  // namespace
}  // namespace upkeep::http

upkeep::http::Answered<std::unique_ptr<upkeep::http::Transfers>>* upkeep_http_make_transfers(
    const upkeep::Clock& clock) {
  using namespace upkeep::http;
  return new Answered<std::unique_ptr<Transfers>>(make(clock));  // NOLINT(cppcoreguidelines-owning-memory)
}
