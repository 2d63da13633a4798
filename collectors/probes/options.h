// The section `probes` of upkeep.yml: which endpoints to ask, how, and what is expected of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collectors/http/transfers.h"
#include "collectors/probes/address.h"
#include "collectors/probes/allowed.h"
#include "collectors/probes/resolver.h"
#include "exporter/config.h"

namespace upkeep::probes {

using std::chrono::milliseconds;

enum class Kind : std::uint8_t { kHttp, kTcp, kDns };

// What makes an answer a good one. All of it has to hold.
struct Expectations {
  std::vector<std::pair<int, int>> status;  // of HTTP, from and to; empty: 200 to 299
  std::vector<Pattern> body, not_body;      // of TCP, what is heard; of DNS, each line of the answer
  struct Header {
    std::string name;
    Pattern pattern;
  };
  std::vector<Header> headers;
  std::vector<int> rcodes;  // of DNS; empty: NOERROR
};

struct TlsOptions {
  bool verifies = true;
  std::string authorities;                        // a file; empty: the system's
  std::string server_name;                        // to ask for and to expect; empty: the host of the URL
  milliseconds warn_before{}, critical_before{};  // of the end of a certificate; published, for the rules
};

struct Target {
  std::string name, module;  // labels
  std::string endpoint;      // for people: without user, password and query
  Kind kind = Kind::kHttp;

  http::Url url;     // of HTTP
  HostPort server;   // of TCP and DNS
  bool tls = false;  // of TCP
  TlsOptions tls_options;

  std::string method = "GET";
  std::vector<std::string> headers;
  std::string body;
  std::string username;
  std::optional<Secret> password, bearer_token;
  bool follows_redirects = true, decodes = false;
  int max_redirects = 0;
  std::size_t max_bytes = 0;
  std::string say;                // of TCP
  std::string query, query_type;  // of DNS
  Expectations expect;

  milliseconds interval{}, timeout{};
  milliseconds slow_after{};  // 0: never
  int retries = 0;
  Family family = Family::kAny;
  std::shared_ptr<const Allowed> allowed;  // of one whose place others name; null: everything is
};

struct Options {
  std::vector<Target> targets;
  std::vector<Target> modules;  // without names and places: how others may have endpoints asked, and which
  std::size_t concurrency = 0;
};

Options read_options(ConfigReader& config);

}  // namespace upkeep::probes
