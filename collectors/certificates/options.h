// The section `certificates` of upkeep.yml: which files and endpoints are watched, and what is expected of them.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collectors/certificates/starttls.h"
#include "exporter/config.h"

namespace upkeep::certificates {

using std::chrono::milliseconds;

// How long before its end a certificate is spoken of.
struct Notice {
  milliseconds warn{}, critical{};
};

// Files of one pattern.
struct Source {
  std::string pattern;      // absolute, with *, ? and [...]; a directory stands for what in it is called like one
  bool is_expected = true;  // that there is something; otherwise it is one of the usual places
  bool is_private = false;  // a place that Upkeep may well not look into
  Notice notice;
  std::shared_ptr<const Secret> password;  // null: none
  std::string key;                         // file of the private key; empty: the one that certbot puts beside it
};

struct Endpoint {
  std::string name;  // the label `endpoint`
  std::string host;
  int port = 0;
  Starttls starttls = Starttls::kNone;
  std::string server_name;
  std::string ca_file;  // empty: the authorities of the system
  std::string file;     // whose first certificate should be served; empty: none
  milliseconds timeout{}, reload_within{};
  bool verify = true;
  Notice notice;
};

struct CertbotOptions {
  bool enabled = true;
  std::string directory, log;
  milliseconds attempt_within{};
};

struct Options {
  std::vector<Source> sources;
  std::vector<Endpoint> endpoints;
  Notice notice;
  std::size_t connections = 0;  // at a time
  CertbotOptions certbot;
};

Options read_options(ConfigReader& config);

}  // namespace upkeep::certificates
