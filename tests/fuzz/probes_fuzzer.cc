// Any bytes at all as what comes from endpoints: as the reply of a name server; as an answer of HTTP, head and body; as
// where a redirect leads; and as an address in a configuration.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "collectors/http/transfers.h"
#include "collectors/probes/address.h"
#include "collectors/probes/dns_message.h"
#include "collectors/probes/outcome.h"

namespace upkeep::probes {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_reply(std::string_view bytes) {
  const auto id =
      bytes.size() < 2 ? 0 : static_cast<std::uint8_t>(bytes[0]) * 256 + static_cast<std::uint8_t>(bytes[1]);
  const auto reply = dns_reply(static_cast<std::uint16_t>(id), bytes);
  if (!reply) return require(!reply.error().message.empty());
  require(reply->records.size() <= kDnsRecords && reply->records.size() <= reply->answers);
  require(reply->rcode >= 0 && reply->rcode < 16);
  for (const std::string& record : reply->records) require(record.find('\n') == std::string::npos);
}

void check_answer(const std::string& text) {
  static const Expectations kExpect{.body = {*Pattern::compile("ok")},
                                    .headers = {{"X-Version", *Pattern::compile("^2")}}};
  http::Answer answer;
  answer.status = 200;
  answer.headers = text;
  answer.body = text;
  const Verdict verdict = judge_http(kExpect, answer);
  if (verdict.reason == Reason::kNone) require(text.find("ok") != std::string::npos);
}

// Whatever it is, there is one host in it, and nobody's password.
void check_url(const std::string& text) {
  const auto url = http::split_url(text);
  if (!url) return require(url.error().message.find('@') == std::string::npos);
  require((url->scheme == "http" || url->scheme == "https") && !url->host.empty() && url->port != 0);
  const auto again = http::split_url(url->whole);
  require(again && again->host == url->host && again->port == url->port);
}

void check_address(std::string_view text) {
  if (const auto address = parse_address(text)) require(parse_address(to_string(*address)) == address);
  const auto server = parse_host_port(text);
  if (!server) return;
  require(server->port != 0 && server->host.find_first_of("/@ \n") == std::string::npos);
}

}  // namespace
}  // namespace upkeep::probes

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  upkeep::probes::check_reply(text);
  upkeep::probes::check_answer(text);
  upkeep::probes::check_url(text);
  upkeep::probes::check_address(text);
  return 0;
}
