#include "collectors/probes/probe.h"

#include <algorithm>
#include <random>
#include <utility>

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Verdict verdict_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kPermission:
      return {Reason::kRefused, error.message};
    case ErrorCode::kParse:
      return {Reason::kMalformed, error.message};
    default:
      return {Reason::kUnreachable, error.message};
  }
}

// Nobody who does not see the question shall be able to answer it.
std::uint16_t random_id() {
  static std::random_device device;
  return static_cast<std::uint16_t>(device());
}

}  // namespace

Probe::Probe(const Target& target, const Tools& tools, Clock::time_point deadline, unsigned attempt)
    : target_(target),
      tools_(tools),
      began_(tools.clock.now()),
      deadline_(deadline),
      attempt_(attempt),
      url_(target.url),
      method_(target.method) {
  if (target_.kind == Kind::kHttp) {
    look_up(url_.host, url_.port);
  } else {
    look_up(target_.server.host, target_.server.port);
  }
  advance();
}

Probe::~Probe() {
  if (transfer_) tools_.transfers.give_up(*transfer_);
}

std::chrono::milliseconds Probe::left() const {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline_ - tools_.clock.now()), 1ms);
}

pollfd Probe::socket() const { return {.fd = datagram_ ? datagram_->fd() : -1, .events = POLLIN, .revents = 0}; }

void Probe::look_up(const std::string& host, std::uint16_t port) {
  peer_ = {.host = host, .port = port};
  looked_up_ = tools_.clock.now();
  lookup_ = tools_.resolver.look_up(host, target_.family);
}

void Probe::advance() {
  if (is_done_) return;
  if (lookup_ && lookup_->is_done) resolved();
  if (!is_done_ && datagram_) listen();
  if (is_done_ || tools_.clock.now() < deadline_) return;
  if (lookup_) {
    outcome_.resolve += tools_.clock.now() - looked_up_;
    return finish({Reason::kDns, peer_.host + ": no answer from the name server in time"});
  }
  // A transfer keeps the time itself.
  if (datagram_) finish({Reason::kTimeout, "no reply in time"});
}

void Probe::resolved() {
  const std::shared_ptr<const Lookup> lookup = std::exchange(lookup_, nullptr);
  outcome_.resolve += tools_.clock.now() - looked_up_;
  if (lookup->addresses.empty()) return finish({Reason::kDns, peer_.host + ": " + lookup->message});
  const Address& address = lookup->addresses[attempt_ % lookup->addresses.size()];
  // This address is connected to, whatever the name means a moment later.
  if (target_.allowed && !target_.allowed->allows(address))
    return finish({outcome_.redirects == 0 ? Reason::kNotAllowed : Reason::kRedirects,
                   peer_.host + " is " + to_string(address) + ", which is not allowed"});
  outcome_.address = address;
  connect(address);
}

void Probe::connect(const Address& address) {
  if (target_.kind == Kind::kDns) return ask(address);
  transfer_ = tools_.transfers.begin(target_.kind == Kind::kHttp ? http_request(address) : tcp_request(address));
}

http::Request Probe::http_request(const Address& address) const {
  http::Request request{.url = url_.whole, .address = with_port(address, peer_.port), .patience = left()};
  request.method = method_;
  // What is configured may be secret, and is for one host.
  if (is_trusted_) {
    request.headers = target_.headers;
    request.username = target_.username;
    if (target_.password) request.password = target_.password->reveal();
    if (target_.bearer_token) request.bearer_token = target_.bearer_token->reveal();
    if (method_ == target_.method) request.body = target_.body;
    request.server_name = target_.tls_options.server_name;
  }
  request.keeps_body = !target_.expect.body.empty() || !target_.expect.not_body.empty();
  request.keeps_headers = !target_.expect.headers.empty();
  request.decodes = target_.decodes;
  request.max_bytes = target_.max_bytes;
  request.verifies = target_.tls_options.verifies;
  request.authorities = target_.tls_options.authorities;
  return request;
}

http::Request Probe::tcp_request(const Address& address) const {
  const std::string host =
      target_.server.host.find(':') == std::string::npos ? target_.server.host : "[" + target_.server.host + "]";
  http::Request request{.kind = http::Request::Kind::kConversation,
                        .url = (target_.tls ? "https://" : "http://") + host + ":" + std::to_string(peer_.port),
                        .address = with_port(address, peer_.port),
                        .patience = left()};
  request.max_bytes = target_.max_bytes;
  request.say = target_.say;
  request.verifies = target_.tls_options.verifies;
  request.authorities = target_.tls_options.authorities;
  request.server_name = target_.tls_options.server_name;
  if (target_.expect.body.empty()) return request;
  request.is_over = [patterns = target_.expect.body](std::string_view heard) {
    return std::ranges::all_of(patterns, [&](const Pattern& pattern) { return pattern.matches(heard); });
  };
  return request;
}

void Probe::ask(const Address& address) {
  asked_ = tools_.clock.now();
  question_ = random_id();
  const auto question = dns_question(question_, target_.query, dns_type(target_.query_type).value_or(1));
  if (!question) return finish({Reason::kOther, question.error().message});
  auto datagram = Datagram::open(address, peer_.port);
  if (!datagram) return finish(verdict_of(datagram.error()));
  datagram_.emplace(*std::move(datagram));
  if (const auto sent = datagram_->send(*question); !sent) finish(verdict_of(sent.error()));
}

void Probe::listen() {
  while (true) {
    const auto message = datagram_->receive();
    if (!message && message.error().code == ErrorCode::kNotFound) return;
    outcome_.phases.processing = tools_.clock.now() - asked_;
    if (!message) return finish(verdict_of(message.error()));
    auto reply = dns_reply(question_, *message);
    if (!reply && reply.error().code == ErrorCode::kNotFound) continue;
    if (!reply) return finish(verdict_of(reply.error()));
    outcome_.reply = *std::move(reply);
    return finish(judge_dns(target_.expect, *outcome_.reply));
  }
}

void Probe::add_phases(const http::Phases& phases) {
  outcome_.phases.connect += phases.connect;
  outcome_.phases.tls += phases.tls;
  outcome_.phases.processing += phases.processing;
  outcome_.phases.transfer += phases.transfer;
}

void Probe::take(http::Answer answer) {
  transfer_.reset();
  add_phases(answer.phases);
  if (answer.tls) outcome_.tls = answer.tls;
  outcome_.is_tls = answer.tls.has_value();
  const bool goes_on =
      !answer.problem && target_.follows_redirects && is_redirect(answer.status) && !answer.redirect.empty();
  if (goes_on) return follow(std::move(answer));
  if (is_redirect(answer.status) && !target_.follows_redirects) ++outcome_.redirects;  // as others count it
  Verdict verdict = judge_failure(answer);
  if (verdict.reason == Reason::kNone && target_.kind == Kind::kHttp) verdict = judge_http(target_.expect, answer);
  const bool is_unexpected = target_.kind == Kind::kTcp && !answer.body.empty() &&
                             (verdict.reason == Reason::kLost || verdict.reason == Reason::kTimeout);
  if (is_unexpected) verdict = {Reason::kBody, "what was heard is not what is expected"};
  answer.body.clear();
  answer.headers.clear();
  outcome_.answer = std::move(answer);
  finish(std::move(verdict));
}

void Probe::follow(http::Answer answer) {
  auto next = http::split_url(answer.redirect);
  outcome_.answer = std::move(answer);
  outcome_.answer.body.clear();
  outcome_.answer.headers.clear();
  if (outcome_.redirects >= target_.max_redirects)
    return finish({Reason::kRedirects, "more than " + std::to_string(target_.max_redirects) + " redirects"});
  if (!next) return finish({Reason::kRedirects, "a redirect that cannot be followed: " + next.error().message});
  if (target_.allowed && !target_.allowed->allows(next->host))
    return finish({Reason::kRedirects, "a redirect to " + next->host + ", which is not allowed"});
  ++outcome_.redirects;
  const int status = outcome_.answer.status;
  const bool keeps_method = status == 307 || status == 308 || method_ == "HEAD";
  if (!keeps_method) method_ = "GET";
  is_trusted_ = is_trusted_ && next->scheme == url_.scheme && next->host == url_.host && next->port == url_.port;
  url_ = *std::move(next);
  look_up(url_.host, url_.port);
  advance();
}

// Of an answer, what the endpoint took, without what it took to ask: for one that is near that is as much again.
Clock::duration Probe::duration() const {
  const http::Phases& phases = outcome_.phases;
  if (outcome_.answer.status == 0) return tools_.clock.now() - began_;
  return outcome_.resolve + phases.connect + phases.tls + phases.processing + phases.transfer;
}

void Probe::finish(Verdict verdict) {
  outcome_.reason = verdict.reason;
  outcome_.message = std::move(verdict.message);
  outcome_.duration = duration();
  outcome_.finished = tools_.clock.wall();
  datagram_.reset();
  is_done_ = true;
}

}  // namespace upkeep::probes
