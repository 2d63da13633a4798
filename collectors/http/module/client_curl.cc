// A client of a server on a Unix socket. This folder is the only door to libcurl.
#include <curl/curl.h>

#include <optional>
#include <utility>

#include "collectors/http/client.h"
#include "collectors/http/module/library.h"
#include "collectors/http/module/problems.h"

namespace upkeep::http {
namespace {

constexpr int kNoLongerMs = 60'000;  // of one wait; the deadlines of transfers end it earlier

// A request and what came of it. `take` is called with every piece of the body; false: it is too much.
class Transfer {
 public:
  explicit Transfer(const std::string& socket_path) : easy_(::curl_easy_init()) {
    if (easy_ == nullptr) return;
    set(CURLOPT_UNIX_SOCKET_PATH, socket_path.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http");
    set(CURLOPT_PROXY, "");  // whatever the environment says
    set(CURLOPT_USERAGENT, "upkeep");
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  }
  virtual ~Transfer() { ::curl_easy_cleanup(easy_); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* handle() const { return easy_; }

  // `patience` of zero: for ever.
  void aim(const std::string& target, std::chrono::milliseconds patience) {
    set(CURLOPT_URL, ("http://localhost" + target).c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(patience.count()));
    error_[0] = '\0';
    too_large_ = false;
  }

  [[nodiscard]] int status() const {
    long status = 0;
    ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  [[nodiscard]] Problem problem(CURLcode code) const {
    if (too_large_) return {Failure::kTooLarge, "the answer is too large"};
    long number = 0;
    ::curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number);
    return problem_of(code, number, error_);
  }

 protected:
  virtual bool take(std::string_view piece) = 0;

 private:
  template <class T>
  void set(CURLoption option, T value) {
    ::curl_easy_setopt(easy_, option, value);
  }

  static std::size_t on_body(const char* data, std::size_t size, std::size_t count, void* self) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      transfer.too_large_ = !transfer.take({data, size * count});
    } catch (...) {  // no memory: nothing may be thrown through libcurl
      transfer.too_large_ = true;
    }
    return transfer.too_large_ ? 0 : size * count;
  }

  CURL* const easy_;
  char error_[CURL_ERROR_SIZE] = {};
  bool too_large_ = false;
};

// A body kept whole.
class Whole final : public Transfer {
 public:
  using Transfer::Transfer;
  std::string body;
  std::size_t max_bytes = 0;

 private:
  bool take(std::string_view piece) override {
    if (piece.size() > max_bytes - body.size()) return false;
    body.append(piece);
    return true;
  }
};

// A body cut into lines as they come.
class Streamed final : public Transfer {
 public:
  using Transfer::Transfer;
  [[nodiscard]] bool has_lines() const { return !lines_.empty(); }
  std::vector<std::string> take_lines() {
    pending_bytes_ = rest_.size();
    return std::exchange(lines_, {});
  }

 private:
  bool take(std::string_view piece) override {
    constexpr std::size_t kOverhead = sizeof(std::string);
    pending_bytes_ += piece.size();
    for (std::size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      rest_.append(piece.substr(0, end));
      piece.remove_prefix(end + 1);
      pending_bytes_ += kOverhead;
      if (pending_bytes_ > Client::kPendingBytes) return false;
      lines_.push_back(std::exchange(rest_, {}));
    }
    rest_.append(piece);
    return pending_bytes_ <= Client::kPendingBytes;
  }

  std::vector<std::string> lines_;
  std::string rest_;  // of a line that has not ended
  std::size_t pending_bytes_ = 0;
};

class CurlClient final : public Client {
 public:
  CurlClient(std::string socket_path, const std::stop_token& stop)
      : socket_path_(std::move(socket_path)),
        multi_(::curl_multi_init()),
        whole_(socket_path_),
        stop_(stop),
        wake_(stop, Wake{multi_.get()}) {}
  ~CurlClient() override { drop_stream(); }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  [[nodiscard]] bool is_sound() const { return multi_ != nullptr && whole_.handle() != nullptr; }

  Answered<Reply> get(const std::string& target, std::size_t max_bytes, std::chrono::milliseconds patience) override {
    whole_.aim(target, patience);
    whole_.max_bytes = max_bytes;
    whole_.body.clear();
    ended_.reset();
    ::curl_multi_add_handle(multi_.get(), whole_.handle());
    Answered<> moved = perform();
    while (moved && !ended_) {
      wait(kNoLongerMs);
      moved = perform();
    }
    const auto ended = ended_;
    ::curl_multi_remove_handle(multi_.get(), whole_.handle());
    if (!moved) return std::unexpected(moved.error());
    if (*ended != CURLE_OK) return std::unexpected(whole_.problem(*ended));
    return Reply{whole_.status(), std::exchange(whole_.body, {})};
  }

  Answered<> open_stream(const std::string& target) override {
    drop_stream();
    stream_.emplace(socket_path_);
    if (stream_->handle() == nullptr) return std::unexpected(Problem{Failure::kOther, "no memory"});
    stream_->aim(target, std::chrono::milliseconds(0));
    ::curl_multi_add_handle(multi_.get(), stream_->handle());
    return perform();
  }

  Answered<std::vector<std::string>> lines(std::chrono::milliseconds patience) override {
    if (!stream_) return std::unexpected(Problem{Failure::kOther, "no stream is open"});
    Answered<> moved = perform();
    if (moved && !stream_->has_lines() && !stream_end_) {
      wait(static_cast<int>(patience.count()));
      moved = perform();
    }
    if (!moved) return std::unexpected(moved.error());
    if (!stream_->has_lines() && stream_end_) return std::unexpected(*stream_end_);
    return stream_->take_lines();
  }

 private:
  struct Cleanup {
    void operator()(CURLM* multi) const { ::curl_multi_cleanup(multi); }
  };
  struct Wake {
    CURLM* multi;
    void operator()() const { ::curl_multi_wakeup(multi); }
  };

  void wait(int milliseconds) const { ::curl_multi_poll(multi_.get(), nullptr, 0, milliseconds, nullptr); }

  // Does what can be done without waiting.
  Answered<> perform() {
    if (stop_.stop_requested()) return std::unexpected(Problem{Failure::kStopped, "stopped"});
    int running = 0;
    const CURLMcode code = ::curl_multi_perform(multi_.get(), &running);
    if (code != CURLM_OK) return std::unexpected(Problem{Failure::kOther, ::curl_multi_strerror(code)});
    int left = 0;
    while (const CURLMsg* const message = ::curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      if (message->easy_handle == whole_.handle()) {
        ended_ = message->data.result;
      } else {
        end_stream(message->data.result);
      }
    }
    return {};
  }

  void end_stream(CURLcode code) {
    stream_end_ = code != CURLE_OK ? stream_->problem(code)
                  : stream_->status() != 200
                      ? Problem{Failure::kOther, "HTTP status " + std::to_string(stream_->status())}
                      : Problem{Failure::kLost, "the server ended the stream"};
  }

  void drop_stream() {
    if (stream_) ::curl_multi_remove_handle(multi_.get(), stream_->handle());
    stream_.reset();
    stream_end_.reset();
  }

  const std::string socket_path_;
  const std::unique_ptr<CURLM, Cleanup> multi_;
  Whole whole_;
  std::optional<CURLcode> ended_;  // how the present get() ended
  std::optional<Streamed> stream_;
  std::optional<Problem> stream_end_;
  const std::stop_token stop_;
  std::stop_callback<Wake> wake_;  // destroyed first: what it wakes is there as long as it is
};

Answered<std::unique_ptr<Client>> make(const std::string& socket_path, const std::stop_token& stop) {
  auto client = is_library_ready() ? std::make_unique<CurlClient>(socket_path, stop) : nullptr;
  if (!client || !client->is_sound()) return std::unexpected(Problem{Failure::kOther, "libcurl cannot begin"});
  return client;
}

}  // namespace
}  // namespace upkeep::http

upkeep::http::Answered<std::unique_ptr<upkeep::http::Client>>* upkeep_http_make_unix_client(
    const std::string& socket_path, const std::stop_token& stop) {
  using namespace upkeep::http;
  return new Answered<std::unique_ptr<Client>>(make(socket_path, stop));  // NOLINT(cppcoreguidelines-owning-memory)
}
