// Questions to a DNS server and its answers, as bytes (RFC 1035). glibc's libresolv does it, in the module of
// collectors/http.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/result.h"

namespace upkeep::probes {

// The number of "A", "AAAA", "MX", "SOA", ...
std::optional<int> dns_type(std::string_view name);
// The number of "NOERROR", "NXDOMAIN", ...
std::optional<int> dns_rcode(std::string_view name);

struct DnsReply {
  int rcode = 0;
  bool is_truncated = false;
  unsigned answers = 0, authority = 0, additional = 0;
  std::vector<std::string> records;     // of the answer, as a zone file has them; at most kDnsRecords
  std::optional<std::uint32_t> serial;  // of the first SOA record of the answer
};
inline constexpr std::size_t kDnsRecords = 100;

// The question, with recursion asked for.
Result<std::string> dns_question(std::uint16_t id, const std::string& name, int type);
// What came back to a question of this id. kNotFound: it is no reply to it.
Result<DnsReply> dns_reply(std::uint16_t id, std::string_view bytes);

}  // namespace upkeep::probes

// What the module exports.
extern "C" upkeep::Result<std::string>* upkeep_dns_question(std::uint16_t id, const std::string& name, int type);
extern "C" upkeep::Result<upkeep::probes::DnsReply>* upkeep_dns_reply(std::uint16_t id, std::string_view message);
