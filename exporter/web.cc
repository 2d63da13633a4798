// Every request ends in one callback, begin_request: civetweb's own handlers (files, CGI, WebSockets, forms) are never
// reached. What civetweb lacks is done around it: a cap per address, a deadline for slow readers, a prompt end.
//
// Of civetweb 1.15's source, on which this relies: one worker thread serves one connection from init_connection to
// connection_closed, which are always called in pairs; a request whose body was not read closes the connection.
#include "exporter/web.h"

#include <civetweb.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "exporter/build_info.h"
#include "exporter/connection_guard.h"
#include "exporter/http_headers.h"
#include "exporter/http_response.h"
#include "exporter/listen_address.h"
#include "exporter/own_sockets.h"

namespace upkeep {
namespace {

static_assert(limits::kRequestHeaders < MG_MAX_HEADERS, "civetweb drops what is beyond its own limit in silence");

constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kHtmlType = "text/html; charset=utf-8";
constexpr std::string_view kNoSniff = "X-Content-Type-Options: nosniff\r\n";
constexpr std::string_view kHtmlHeaders =
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n";

// One request while it is answered.
struct Request {
  mg_connection* connection;
  const mg_request_info* info;
  std::string_view method, path;
  bool close = false;     // the connection cannot go on after it
  bool answered = false;  // or at least begun

  [[nodiscard]] std::string_view header(std::string_view name) const {
    for (int i = 0; i < info->num_headers; ++i) {
      if (equal_tokens(info->http_headers[i].name, name)) return info->http_headers[i].value;
    }
    return {};
  }
  [[nodiscard]] bool is_read() const { return method == "GET" || method == "HEAD"; }
};

// A body whose length two fields give is how one request is smuggled past a proxy inside another.
bool has_doubtful_length(const Request& request) {
  int lengths = 0;
  for (int i = 0; i < request.info->num_headers; ++i) {
    const std::string_view name = request.info->http_headers[i].name;
    lengths += equal_tokens(name, "Content-Length") || equal_tokens(name, "Transfer-Encoding") ? 1 : 0;
  }
  return lengths > 1;
}

bool must_close(const Request& request) {
  // A body is not read, so nothing can follow it.
  for (int i = 0; i < request.info->num_headers; ++i) {
    const mg_header& field = request.info->http_headers[i];
    if (equal_tokens(field.name, "Transfer-Encoding")) return true;
    if (equal_tokens(field.name, "Content-Length") && std::string_view(field.value) != "0") return true;
  }
  const std::string_view wish = request.header("Connection");
  return std::string_view(request.info->http_version) != "1.1" || has_token(wish, "close") ||
         has_token(wish, "upgrade");
}

class Server {
 public:
  Server(const WebSettings& settings, WebBackend& backend, const Clock& clock, Log& log, Telemetry& telemetry)
      : settings_(settings), backend_(backend), clock_(clock), log_(log), telemetry_(telemetry) {}

  Result<> start();
  // Waits for the threads, but not for ever. `self` is this.
  static void stop(const std::shared_ptr<Server>& self);
  // A server that started by halves has threads that cannot be stopped: it stays.
  static void leave_behind(const std::shared_ptr<Server>& self) {
    if (self->context_ != nullptr) new std::shared_ptr(self);  // NOLINT(cppcoreguidelines-owning-memory)
  }
  [[nodiscard]] std::vector<std::string> urls() const;

 private:
  // civetweb's callbacks.
  static Server& of(const mg_connection* connection) {
    return *static_cast<Server*>(mg_get_user_data(mg_get_context(connection)));
  }
  static int on_request(mg_connection* connection) noexcept;
  static int on_error(mg_connection* connection, int code, const char* message) noexcept;
  static int on_log(const mg_connection* connection, const char* message) noexcept;
  static int on_connection(const mg_connection* connection, void**) noexcept;
  static void on_closed(const mg_connection* connection) noexcept;
  static void* on_thread(const mg_context* context, int type) noexcept;

  void turn_away(std::uint64_t number);
  Result<std::string> listening_ports();
  Result<> check_started();
  std::string take_messages();

  // The endpoints. Each returns the code it answered with.
  int route(Request& request);
  int landing(Request& request);
  int metrics(Request& request);
  int on_demand(Request& request);
  int answer_page(Request& request, std::string_view handler, const Result<std::shared_ptr<const Page>>& page);
  [[nodiscard]] Clock::time_point deadline_of(const Request& request) const;
  int reload(Request& request);
  int answer(Request& request, std::string_view handler, Response response);
  int answer_error(Request& request, std::string_view handler, int code, std::string_view text);
  void on_exception(Request& request) noexcept;
  int refuse_method(Request& request, std::string_view handler, std::string_view allowed);
  bool send(Request& request, const Response& response);

  class Permit;

  const WebSettings settings_;
  WebBackend& backend_;
  const Clock& clock_;
  Log& log_;
  Telemetry& telemetry_;

  std::vector<ListenAddress> addresses_;
  mg_context* context_ = nullptr;
  std::atomic<int> scrapes_ = 0, answers_ = 0;
  std::atomic<std::uint64_t> begun_ = 0, ended_ = 0;  // connections, counted when a thread takes and leaves them
  std::atomic<std::uint64_t> checked_ = 0;            // the first so many of begun_ have been looked at

  std::mutex guarding_;               // guards what follows
  std::vector<std::uint16_t> ports_;  // of addresses_, as bound
  ConnectionGuard guard_;
  std::vector<own_sockets::Connection> accepted_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool starting_ = true;
  std::string messages_;  // civetweb's, while it starts
  bool accepting_ = false;
  bool stopped_ = false;
};

// Counts who is at something.
class Presence {
 public:
  explicit Presence(std::atomic<int>& count) : count_(count), before_(count.fetch_add(1)) {}
  ~Presence() { --count_; }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  [[nodiscard]] int before() const { return before_; }

 private:
  std::atomic<int>& count_;
  const int before_;
};

// The right to scrape, while there are not too many at it.
class Server::Permit {
 public:
  explicit Permit(Server& server)
      : server_(server),
        presence_(server.scrapes_),
        granted_(server.settings_.max_requests == 0 || presence_.before() < server.settings_.max_requests) {
    if (granted_) server_.telemetry_.scrape_began();
  }
  ~Permit() {
    if (granted_) server_.telemetry_.scrape_ended();
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  [[nodiscard]] bool granted() const { return granted_; }

 private:
  Server& server_;
  const Presence presence_;
  const bool granted_;
};

// Head and body in as few writes as possible: together as far as one buffer goes, then the rest. False: the client did
// not take it in time, or is gone.
bool Server::send(Request& request, const Response& response) {
  std::array<char, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): as much as is used is written
  const std::string_view head = format_head(response, clock_.wall(), buffer);
  std::string_view body = request.method == "HEAD" ? std::string_view() : response.body;
  const std::size_t along = std::min(body.size(), buffer.size() - head.size());
  if (along > 0) std::memcpy(buffer.data() + head.size(), body.data(), along);
  body.remove_prefix(along);

  const auto write = [&](std::string_view text) {
    return mg_write(request.connection, text.data(), text.size()) == static_cast<int>(text.size());
  };
  // mg_write() gives up on a client that takes nothing, not on one that takes it byte by byte.
  const Clock::time_point deadline = clock_.now() + limits::kHttpResponseDeadline;
  constexpr std::size_t kChunk = std::size_t{64} << 10;
  bool sent = !head.empty() && write({buffer.data(), head.size() + along});
  while (sent && !body.empty()) {
    sent = clock_.now() < deadline && write(body.substr(0, kChunk));
    body.remove_prefix(std::min(body.size(), kChunk));
  }
  return sent;
}

int Server::answer(Request& request, std::string_view handler, Response response) {
  response.close = request.close;
  request.answered = true;
  telemetry_.count_response(handler, response.code);
  if (!send(request, response)) request.close = true;
  return response.code;
}

int Server::answer_error(Request& request, std::string_view handler, int code, std::string_view text) {
  std::string body(text);
  body += '\n';
  return answer(request, handler, {.code = code, .more_headers = kNoSniff, .body = body});
}

int Server::refuse_method(Request& request, std::string_view handler, std::string_view allowed) {
  const std::string headers = fmt::format("Allow: {}\r\n{}", allowed, kNoSniff);
  return answer(request, handler, {.code = 405, .more_headers = headers, .body = "Method not allowed.\n"});
}

int Server::landing(Request& request) {
  const std::vector<CollectorRow> rows = backend_.collectors();
  const std::string html = render({.version = build_info::kVersion,
                                   .revision = build_info::kRevision,
                                   .telemetry_path = settings_.telemetry_path,
                                   .now = clock_.wall(),
                                   .collectors = rows});
  return answer(request, "landing", {.content_type = kHtmlType, .more_headers = kHtmlHeaders, .body = html});
}

Clock::time_point Server::deadline_of(const Request& request) const {
  return clock_.now() + scrape_budget(request.header("X-Prometheus-Scrape-Timeout-Seconds"), settings_.timeout_offset);
}

int Server::answer_page(Request& request, std::string_view handler, const Result<std::shared_ptr<const Page>>& page) {
  if (!page) {
    const ErrorCode why = page.error().code;
    const bool is_question = why == ErrorCode::kNotFound || why == ErrorCode::kParse;
    const bool is_time = why == ErrorCode::kTimeout || why == ErrorCode::kLimit;
    return answer_error(request, handler, is_question ? 400 : is_time ? 503 : 500, page.error().message);
  }
  if (*page == nullptr) return answer_error(request, handler, 503, "No page could be made in time.");
  Response response{.content_type = kMetricsType, .more_headers = "Vary: Accept-Encoding\r\n"};
  if (choose_encoding(request.header("Accept-Encoding")) == Encoding::kGzip) {
    response.more_headers = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n";
    response.body = (*page)->gzip();
  } else {
    response.body = (*page)->text();
  }
  return answer(request, handler, response);
}

int Server::metrics(Request& request) {
  ScrapeQuery query;
  if (request.info->query_string != nullptr) {
    auto parsed = parse_scrape_query(request.info->query_string);
    if (!parsed) return answer_error(request, "metrics", 400, parsed.error().message);
    query = *std::move(parsed);
  }
  Result<std::shared_ptr<const Page>> page;
  {
    const Permit permit(*this);
    if (!permit.granted()) {
      return answer_error(
          request, "metrics", 503,
          fmt::format("Limit of concurrent requests reached ({}), try again later.", settings_.max_requests));
    }
    page = backend_.scrape(query.collect, query.exclude, deadline_of(request));
  }
  return answer_page(request, "metrics", page);
}

// Each of these keeps a thread for as long as a collector takes, so there are few of them: others want to scrape.
int Server::on_demand(Request& request) {
  const char* const text = request.info->query_string;
  const auto query = parse_query(text == nullptr ? "" : text);
  if (!query) return answer_error(request, "on_demand", 400, query.error().message);
  const Presence presence(answers_);
  if (presence.before() >= limits::kConcurrentAnswers) {
    return answer_error(
        request, "on_demand", 503,
        fmt::format("{} of these are being answered already, try again later.", limits::kConcurrentAnswers));
  }
  return answer_page(request, "on_demand", backend_.answer(request.path, *query, deadline_of(request)));
}

int Server::reload(Request& request) {
  if (request.method != "POST") return refuse_method(request, "reload", "POST");
  if (!settings_.lifecycle) {
    return answer_error(request, "reload", 403, "Reloading by HTTP is off; --web.enable-lifecycle allows it.");
  }
  const auto reloaded = backend_.reload();
  if (!reloaded) return answer_error(request, "reload", 500, reloaded.error().message);
  return answer(request, "reload", {.more_headers = kNoSniff, .body = "Configuration reloaded.\n"});
}

int Server::route(Request& request) {
  if (request.info->num_headers > limits::kRequestHeaders) {
    request.close = true;  // the rest of them was not even parsed
    return answer_error(request, "other", 431, fmt::format("More than {} header fields.", limits::kRequestHeaders));
  }
  if (has_doubtful_length(request)) return answer_error(request, "other", 400, "More than one length of the body.");
  if (request.path == "/-/reload") return reload(request);
  const bool is_metrics = request.path == settings_.telemetry_path;
  const std::string_view handler = is_metrics                       ? "metrics"
                                   : request.path == "/"            ? "landing"
                                   : request.path == "/-/healthy"   ? "healthy"
                                   : request.path == "/-/ready"     ? "ready"
                                   : backend_.answers(request.path) ? "on_demand"
                                                                    : "other";
  if (handler == "other") return answer_error(request, handler, 404, "Not found.");
  if (!request.is_read()) return refuse_method(request, handler, "GET, HEAD");
  if (is_metrics) return metrics(request);
  if (handler == "landing") return landing(request);
  if (handler == "on_demand") return on_demand(request);
  if (handler == "healthy") return answer(request, handler, {.more_headers = kNoSniff, .body = "Upkeep is healthy.\n"});
  if (!backend_.ready()) return answer_error(request, handler, 503, "Upkeep is not ready.");
  return answer(request, handler, {.more_headers = kNoSniff, .body = "Upkeep is ready.\n"});
}

int Server::on_request(mg_connection* connection) noexcept {
  constexpr int kHandled = -1;  // and civetweb need not read a body that nobody wants
  Server& server = of(connection);
  const mg_request_info* const info = mg_get_request_info(connection);
  Request request{.connection = connection, .info = info, .method = info->request_method, .path = info->local_uri};
  request.close = must_close(request);
  try {
    server.route(request);
  } catch (...) {
    server.on_exception(request);
  }
  if (request.close) mg_disable_connection_keep_alive(connection);
  return kHandled;
}

// Called while an exception is handled: out of memory, most likely.
void Server::on_exception(Request& request) noexcept {
  request.close = true;
  try {
    log_.error("Request failed", {{"path", request.path}});
    // What was sent cannot be taken back.
    if (!request.answered) answer_error(request, "other", 500, "Internal error.");
  } catch (...) {  // then there is no answer
  }
}

// civetweb has something to refuse before there is a request: malformed, too large, too slow.
int Server::on_error(mg_connection* connection, int code, const char* message) noexcept {
  constexpr int kDone = 0;
  Server& server = of(connection);
  try {
    Request request{.connection = connection, .info = mg_get_request_info(connection), .close = true};
    server.answer_error(request, "other", code, message);
  } catch (...) {  // then there is no answer
  }
  mg_disable_connection_keep_alive(connection);
  return kDone;
}

int Server::on_log(const mg_connection* connection, const char* message) noexcept {
  constexpr int kDone = 1;
  Server& server = of(connection);
  try {
    {
      const std::lock_guard lock(server.mutex_);
      if (server.starting_) {
        if (!server.messages_.empty()) server.messages_ += "; ";
        server.messages_ += message;
        return kDone;
      }
    }
    server.log_.debug("HTTP", {{"message", message}});
  } catch (...) {  // then it is not logged
  }
  return kDone;
}

int Server::on_connection(const mg_connection* connection, void**) noexcept {
  Server& server = of(connection);
  const std::uint64_t number = ++server.begun_;
  // As long as all of them together are no more than one address may have, there is nothing to look after.
  if (number - server.ended_ <= limits::kConnectionsPerAddress) return 0;
  try {
    server.turn_away(number);
  } catch (...) {  // no memory: then nobody is turned away
  }
  return 0;
}

void Server::on_closed(const mg_connection* connection) noexcept { ++of(connection).ended_; }

// Ends the connections of those who have too many. civetweb does not say yet which one it is that begins, so this looks
// at all of them, also at those that wait for a thread: they need no look when their turn comes.
void Server::turn_away(std::uint64_t number) {
  if (number <= checked_) return;
  const std::lock_guard lock(guarding_);
  if (number <= checked_) return;
  const std::uint64_t begun = begun_, held = begun - ended_;  // at least those that are still open
  own_sockets::find_accepted(ports_, accepted_);
  const std::uint64_t waiting = accepted_.size() > held ? accepted_.size() - held : 0;
  for (const own_sockets::Connection& connection : guard_.too_many(accepted_)) {
    own_sockets::shut_down(connection);  // its thread reads the end of it
    telemetry_.connection_refused();
  }
  checked_ = begun + waiting;
}

void* Server::on_thread(const mg_context* context, int type) noexcept {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are for the main thread
  constexpr int kAcceptor = 0;
  if (type == kAcceptor) {
    Server& server = *static_cast<Server*>(mg_get_user_data(context));
    const std::lock_guard lock(server.mutex_);
    server.accepting_ = true;
    server.changed_.notify_all();
  }
  return nullptr;
}

std::string Server::take_messages() {
  const std::lock_guard lock(mutex_);
  starting_ = false;
  return std::move(messages_);
}

// As civetweb wants them. Nothing it would take for TLS comes out of here: addresses are numeric, and nothing follows
// a port.
Result<std::string> Server::listening_ports() {
  const bool speaks_ipv6 = mg_check_feature(MG_FEATURES_IPV6) != 0;
  std::string ports;
  for (const std::string& text : settings_.listen) {
    UPKEEP_TRY(ListenAddress address, parse_listen_address(text));
    if (address.ipv6 && !speaks_ipv6) {
      return fail(ErrorCode::kSystem, fmt::format("{:?}: this system's civetweb was built without IPv6", text));
    }
    if (address.host.empty()) address.host = "0.0.0.0";
    ports += fmt::format("{}{}", ports.empty() ? "" : ",", to_string(address));
    addresses_.push_back(std::move(address));
  }
  if (ports.empty()) return fail(ErrorCode::kParse, "no address to listen on");
  return ports;
}

Result<> Server::start() {
  const std::string& path = settings_.telemetry_path;
  const bool odd = path.find_first_of("?#% \t\r\n") != std::string::npos;
  if (path.size() < 2 || path.front() != '/' || path.starts_with("/-/") || odd) {
    return fail(ErrorCode::kParse, fmt::format("{:?}: a path for the metrics looks like /metrics", path));
  }
  UPKEEP_TRY(const std::string ports, listening_ports());
  const std::string workers = std::to_string(limits::kHttpWorkers);
  const std::string queue = std::to_string(limits::kHttpQueue);
  const std::string request_bytes = std::to_string(limits::kRequestBytes);
  const std::string header_deadline = std::to_string(limits::kHttpHeaderDeadline.count());
  const std::string keep_alive = std::to_string(limits::kHttpKeepAlive.count());
  const char* options[] = {
      "listening_ports", ports.c_str(), "num_threads", workers.c_str(), "connection_queue", queue.c_str(),
      "max_request_size", request_bytes.c_str(), "request_timeout_ms", header_deadline.c_str(), "enable_keep_alive",
      "yes", "keep_alive_timeout_ms", keep_alive.c_str(), "tcp_nodelay", "1",
      // Those who come while many others do must not have to try again a second later.
      "listen_backlog", "1024", "enable_auth_domain_check", "no", "enable_directory_listing", "no", nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = on_request;
  callbacks.http_error = on_error;
  callbacks.log_message = on_log;
  callbacks.init_connection = on_connection;
  callbacks.connection_closed = on_closed;
  callbacks.init_thread = on_thread;
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = this;
  init.configuration_options = options;

  // Without TLS: it would look for OpenSSL 1.1's functions in OpenSSL 3. Once in the life of the process.
  static const unsigned features = mg_init_library(MG_FEATURES_DEFAULT);
  (void)features;
  context_ = mg_start2(&init, nullptr);
  return check_started();
}

Result<> Server::check_started() {
  const std::string messages = take_messages();
  if (context_ == nullptr) return fail(ErrorCode::kSystem, messages);
  if (!messages.empty()) log_.warn("HTTP server started with less than it asked for", {{"err", messages}});
  {
    // civetweb does not notice when this thread cannot be made, and then cannot be stopped either.
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(1), [this] { return accepting_; })) {
      return fail(ErrorCode::kSystem, "no thread to accept connections with");
    }
  }
  const std::lock_guard lock(guarding_);  // connections may be there already
  std::vector<mg_server_port> bound(addresses_.size());
  const int count = mg_get_server_ports(context_, static_cast<int>(bound.size()), bound.data());
  for (int i = 0; i < count; ++i) {
    addresses_[i].port = static_cast<std::uint16_t>(bound[i].port);
    ports_.push_back(addresses_[i].port);
  }
  return {};
}

void Server::stop(const std::shared_ptr<Server>& self) {
  try {
    std::thread([self] {
      mg_stop(self->context_);
      const std::lock_guard lock(self->mutex_);
      self->stopped_ = true;
      self->changed_.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    mg_stop(self->context_);
    return;
  }
  // mg_stop() waits for threads that look up every two seconds only. Waking them takes more than one call: a thread may
  // be on its way to sleep.
  const SystemClock clock;
  const Clock::time_point give_up = clock.now() + limits::kShutdown;
  std::unique_lock lock(self->mutex_);
  while (!self->stopped_ && clock.now() < give_up) {
    lock.unlock();
    own_sockets::shut_down_all(self->ports_);
    lock.lock();
    self->changed_.wait_for(lock, std::chrono::milliseconds(10), [&] { return self->stopped_; });
  }
}

std::vector<std::string> Server::urls() const {
  std::vector<std::string> urls;
  for (const ListenAddress& address : addresses_) urls.push_back("http://" + to_string(address));
  return urls;
}

class CivetWeb final : public Web {
 public:
  explicit CivetWeb(std::shared_ptr<Server> server) : server_(std::move(server)) {}
  ~CivetWeb() override { Server::stop(server_); }
  CivetWeb(const CivetWeb&) = delete;
  CivetWeb& operator=(const CivetWeb&) = delete;
  [[nodiscard]] std::vector<std::string> urls() const override { return server_->urls(); }

 private:
  std::shared_ptr<Server> server_;
};

}  // namespace

Result<std::unique_ptr<Web>> Web::start(const WebSettings& settings, WebBackend& backend, const Clock& clock, Log& log,
                                        Telemetry& telemetry) {
  auto server = std::make_shared<Server>(settings, backend, clock, log, telemetry);
  if (auto started = server->start(); !started) {
    Server::leave_behind(server);
    return std::unexpected(std::move(started).error());
  }
  return std::make_unique<CivetWeb>(std::move(server));
}

}  // namespace upkeep
