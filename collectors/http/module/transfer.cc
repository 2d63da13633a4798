#include "collectors/http/module/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "collectors/http/module/problems.h"

namespace upkeep::http {
namespace {

constexpr std::size_t kHeaderBytes = std::size_t{256} << 10;  // of one answer
constexpr long kNotFor = -1;

std::chrono::nanoseconds time_of(CURL* easy, CURLINFO what) {
  curl_off_t microseconds = 0;
  ::curl_easy_getinfo(easy, what, &microseconds);
  return std::chrono::microseconds(microseconds);
}

// Zero where the later one was not reached.
std::chrono::nanoseconds between(std::chrono::nanoseconds begin, std::chrono::nanoseconds end) {
  return std::max(end - begin, std::chrono::nanoseconds(0));
}

class UrlParts {
 public:
  explicit UrlParts(const std::string& url) { ::curl_url_set(parts_.get(), CURLUPART_URL, url.c_str(), 0); }
  [[nodiscard]] std::string get(CURLUPart part) const {
    char* text = nullptr;
    if (::curl_url_get(parts_.get(), part, &text, 0) != CURLUE_OK || text == nullptr) return {};
    std::string copy(text);
    ::curl_free(text);
    return copy;
  }
  void set(CURLUPart part, const std::string& value) { ::curl_url_set(parts_.get(), part, value.c_str(), 0); }

 private:
  struct Cleanup {
    void operator()(CURLU* parts) const { ::curl_url_cleanup(parts); }
  };
  std::unique_ptr<CURLU, Cleanup> parts_{::curl_url()};
};

}  // namespace

Transfer::Transfer(Transfers::Id id, Request request, CURL* handle)
    : id_(id), request_(std::move(request)), easy_(handle != nullptr ? handle : ::curl_easy_init()) {
  if (easy_ == nullptr) return;
  set_up();
  if (request_.kind == Request::Kind::kHttp) {
    set_up_http();
  } else {
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_SSL_ENABLE_ALPN, 0L);
  }
  if (request_.url.starts_with("https:")) set_up_tls();
  if (headers_) set(CURLOPT_HTTPHEADER, headers_.get());
}

Transfer::~Transfer() {
  if (easy_ != nullptr) ::curl_easy_cleanup(easy_);
}

void Transfer::append(List& list, const std::string& text) {
  if (curl_slist* const longer = ::curl_slist_append(list.get(), text.c_str())) {
    (void)list.release();
    list.reset(longer);
  }
}

void Transfer::set_up() {
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");  // whatever the environment says
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  set(CURLOPT_TIMEOUT_MS, std::max<long>(static_cast<long>(request_.patience.count()), 1));
  set(CURLOPT_CONNECTTIMEOUT_MS, std::max<long>(static_cast<long>(request_.patience.count()), 1));
  append(connect_to_, "::" + request_.address);
  set(CURLOPT_CONNECT_TO, connect_to_.get());
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
}

void Transfer::set_up_http() {
  set(CURLOPT_FORBID_REUSE, 1L);  // the connection of a conversation ends with its handle
  const std::string& method = request_.method;
  if (method == "HEAD") set(CURLOPT_NOBODY, 1L);
  const bool has_body = !request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (has_body) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    append(headers_, "Expect:");
    append(headers_, "Content-Type:");  // none unless one is given
  }
  if (method != "GET" || has_body) set(CURLOPT_CUSTOMREQUEST, method.c_str());
  for (const std::string& header : request_.headers) append(headers_, header);
  if (!request_.username.empty() || !request_.password.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(CURLOPT_USERNAME, request_.username.c_str());
    set(CURLOPT_PASSWORD, request_.password.c_str());
  } else if (!request_.bearer_token.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    set(CURLOPT_XOAUTH2_BEARER, request_.bearer_token.c_str());
  }
  set(CURLOPT_USERAGENT, "upkeep");
  set(CURLOPT_FILETIME, 1L);
  if (request_.decodes) set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  if (!request_.keeps_headers) return;
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
}

// The verification is ours, of the certificate and of the name, and so is the choice of whom to trust.
void Transfer::set_up_tls() {
  UrlParts url(request_.url);
  tls_.host = url.get(CURLUPART_HOST);
  if (!request_.server_name.empty()) {
    // libcurl asks for the host of the URL, so that has to be it; the server is told the real one all the same.
    const std::string port = url.get(CURLUPART_PORT);
    if (request_.kind == Request::Kind::kHttp)
      append(headers_, "Host: " + tls_.host + (port.empty() ? "" : ":" + port));
    tls_.host = request_.server_name;
    url.set(CURLUPART_HOST, tls_.host);
    set(CURLOPT_URL, url.get(CURLUPART_URL).c_str());
  }
  if (tls_.host.starts_with('[')) tls_.host = tls_.host.substr(1, tls_.host.size() - 2);
  tls_.verifies = request_.verifies;
  set(CURLOPT_SSL_VERIFYHOST, 0L);
  set(CURLOPT_SSL_VERIFYPEER, request_.verifies ? 1L : 0L);
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // so that what is read is kept from transfer to transfer
  if (!request_.verifies) {
    set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
  } else if (!request_.authorities.empty()) {
    set(CURLOPT_CAINFO, request_.authorities.c_str());
  }
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(CURLOPT_SSL_CTX_DATA, this);
  set(CURLOPT_SSL_CTX_FUNCTION, &Transfer::on_tls);
}

CURLcode Transfer::on_tls(CURL*, void* ssl_context, void* self) noexcept {
  watch_tls(ssl_context, static_cast<Transfer*>(self)->tls_);
  return CURLE_OK;
}

// No other address than the one that was asked for, whoever says so.
curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> host{};
  std::array<char, INET6_ADDRSTRLEN + 10> text{};
  if (address->family == AF_INET) {
    const auto* const in = reinterpret_cast<const sockaddr_in*>(&address->addr);
    ::inet_ntop(AF_INET, &in->sin_addr, host.data(), host.size());
    (void)std::snprintf(text.data(), text.size(), "%s:%u", host.data(), ::ntohs(in->sin_port));
  } else if (address->family == AF_INET6) {
    const auto* const in = reinterpret_cast<const sockaddr_in6*>(&address->addr);
    ::inet_ntop(AF_INET6, &in->sin6_addr, host.data(), host.size());
    (void)std::snprintf(text.data(), text.size(), "[%s]:%u", host.data(), ::ntohs(in->sin6_port));
  }
  if (static_cast<Transfer*>(self)->request_.address != text.data()) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::on_body(const char* data, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    return static_cast<Transfer*>(self)->take_body({data, size * count}) ? size * count : 0;
  } catch (...) {  // no memory: nothing may be thrown through libcurl
    return 0;
  }
}

std::size_t Transfer::on_header(const char* data, std::size_t size, std::size_t count, void* self) noexcept {
  try {
    return static_cast<Transfer*>(self)->take_header({data, size * count}) ? size * count : 0;
  } catch (...) {  // as above
    return 0;
  }
}

bool Transfer::take_body(std::string_view piece) {
  answer_.body_bytes += piece.size();
  is_too_large_ = answer_.body_bytes > request_.max_bytes;
  if (is_too_large_) return false;
  if (request_.keeps_body) answer_.body.append(piece);
  return true;
}

bool Transfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    answer_.headers.clear();  // of an answer that announced another one
    return true;
  }
  is_too_large_ = answer_.headers.size() + line.size() > kHeaderBytes;
  if (is_too_large_) return false;
  answer_.headers.append(line);
  return true;
}

void Transfer::measure(Answer& answer) const {
  const auto named = time_of(easy_, CURLINFO_NAMELOOKUP_TIME_T), connected = time_of(easy_, CURLINFO_CONNECT_TIME_T);
  const auto secured = std::max(time_of(easy_, CURLINFO_APPCONNECT_TIME_T), connected);
  const auto first = time_of(easy_, CURLINFO_STARTTRANSFER_TIME_T), last = time_of(easy_, CURLINFO_TOTAL_TIME_T);
  answer.phases = {.connect = between(named, connected),
                   .tls = between(connected, secured),
                   .processing = between(secured, first),
                   .transfer = first.count() > 0 ? between(first, last) : std::chrono::nanoseconds(0)};
}

Answer Transfer::answer(CURLcode code) {
  Answer answer = std::move(answer_);
  long number = 0;
  ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &number);
  answer.status = static_cast<int>(number);
  ::curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &number);
  answer.version = number == CURL_HTTP_VERSION_1_0   ? 1
                   : number == CURL_HTTP_VERSION_1_1 ? 1.1
                   : number == CURL_HTTP_VERSION_2_0 ? 2
                                                     : 0;
  curl_off_t length = -1, modified = -1;
  ::curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  answer.content_length = length;
  ::curl_easy_getinfo(easy_, CURLINFO_FILETIME_T, &modified);
  if (modified != kNotFor) answer.last_modified = static_cast<double>(modified);
  char* redirect = nullptr;
  ::curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &redirect);
  if (redirect != nullptr) answer.redirect = redirect;
  measure(answer);
  if (tls_.has_seen) answer.tls = tls_.facts;
  if (code == CURLE_OK) return answer;
  ::curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number);
  answer.problem =
      is_too_large_ ? Problem{Failure::kTooLarge, "the answer is too large"} : problem_of(code, number, error_);
  if (!answer.tls && answer.problem->why == Failure::kTls) answer.tls = TlsFacts{.fault = TlsFault::kOther};
  return answer;
}

curl_socket_t Transfer::socket() const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  ::curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &socket);
  return socket;
}

bool Transfer::talk(Answer& answer) {
  while (has_more_to_say()) {
    std::size_t sent = 0;
    const CURLcode code = ::curl_easy_send(easy_, request_.say.data() + said_, request_.say.size() - said_, &sent);
    if (code == CURLE_AGAIN) return false;
    said_ += sent;
    if (code != CURLE_OK) answer.problem = problem_of(code, 0, "the connection was lost while speaking");
    if (code != CURLE_OK) return true;
  }
  if (!request_.is_over) return true;
  std::array<char, 16384> heard;  // NOLINT(cppcoreguidelines-pro-type-member-init): as much as came is read
  while (true) {
    std::size_t count = 0;
    const CURLcode code = ::curl_easy_recv(easy_, heard.data(), heard.size(), &count);
    if (code == CURLE_AGAIN) return false;
    if (code != CURLE_OK || count == 0) {
      answer.problem = Problem{Failure::kLost, "the connection ended before the answer that is expected"};
      return true;
    }
    answer.body_bytes += count;
    answer.body.append(heard.data(), count);
    if (request_.is_over(answer.body)) return true;
    if (answer.body.size() <= request_.max_bytes) continue;
    answer.problem = Problem{Failure::kTooLarge, "the answer is too large"};
    return true;
  }
}

}  // namespace upkeep::http
