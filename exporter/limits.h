// Every bound of the program, with its name and its default. Reaching one is an error that names it.
#pragma once

#include <chrono>
#include <cstddef>

namespace upkeep::limits {

using namespace std::chrono_literals;

// Reading.
inline constexpr std::size_t kFileBytes = std::size_t{8} << 20;  // one file of /proc, /sys or /etc
inline constexpr std::size_t kAttributeBytes = 4096;             // one value of /sys or /proc/sys
inline constexpr std::size_t kStreamBlockBytes = std::size_t{256} << 10;
inline constexpr std::size_t kConfigBytes = std::size_t{1} << 20;  // upkeep.yml
inline constexpr std::size_t kConfigNodes = 10'000;
inline constexpr std::size_t kConfigDepth = 32;
inline constexpr std::size_t kConfigMistakes = 100;                 // reported at once
inline constexpr std::size_t kSecretBytes = std::size_t{64} << 10;  // one password or key file
inline constexpr std::size_t kStateBytes = std::size_t{4} << 20;    // one file of the state directory
inline constexpr std::size_t kDirectoryEntries = 100'000;
inline constexpr std::size_t kThreadsLookedAt = 50'000;  // whose states are counted
inline constexpr std::size_t kOpenFiles = 4096;          // that the process may have, if the system allows as many
inline constexpr std::size_t kKeptOpenFiles = 2048;      // of them, that FileSystem keeps between reads
inline constexpr std::size_t kBackupFiles = 10'000;      // of one name
inline constexpr std::size_t kBackupDirectories = 1'000;
inline constexpr std::size_t kCertificateFileBytes = std::size_t{1} << 20;
inline constexpr std::size_t kCertificatesOfFile = 1'000;
inline constexpr std::size_t kCertificateFiles = 1'000;  // of one pattern
inline constexpr std::size_t kCertificateSources = 100;  // patterns

// Publishing.
inline constexpr std::size_t kSeriesPerCollector = 10'000;
inline constexpr std::size_t kSeriesByCpu = 200'000;          // of a collector with many series for each CPU
inline constexpr std::size_t kSeriesOfDatabases = 1'000'000;  // of one server, with `top:` at 0
inline constexpr std::size_t kSeriesOfContainers = 200'000;
inline constexpr std::size_t kSeriesOfCertificates = 100'000;
inline constexpr std::size_t kSeriesOfProbes = 100'000;
inline constexpr std::size_t kLabelValueBytes = 256;
inline constexpr std::size_t kHelpBytes = 1024;
inline constexpr std::size_t kRuntimeFamilies = 2'000;  // families a collector names at run time

// Asking endpoints.
inline constexpr std::size_t kProbeTargets = 2'000;
inline constexpr std::size_t kProbesAtOnce = 256;  // each has a socket
inline constexpr std::size_t kCertificateEndpoints = 1'000;
inline constexpr std::size_t kCertificateConnections = 128;           // at a time
inline constexpr std::size_t kHandshakeBytes = std::size_t{2} << 20;  // that a server may send in one
inline constexpr std::size_t kCertificatesServed = 20;                // of one server, that are looked at
inline constexpr std::size_t kResolverThreads = 8;  // that look up names, those left to name servers included

// Textfiles.
inline constexpr std::size_t kTextfiles = 200;
inline constexpr std::size_t kTextfileBytes = std::size_t{1} << 20;

// Serving.
inline constexpr int kHttpWorkers = 32;
inline constexpr int kHttpQueue = 16;              // accepted connections that wait for one of them
inline constexpr int kConnectionsPerAddress = 16;  // of IPv6: per /64 network
inline constexpr int kSpareHttpWorkers = 8;        // these only serve addresses with at most kFewConnections
inline constexpr int kFewConnections = 2;
inline constexpr int kRequestHeaders = 63;  // civetweb hands over 64 and says nothing of the rest
inline constexpr int kRequestBytes = 16'384;
inline constexpr auto kHttpHeaderDeadline = 2000ms;
inline constexpr auto kHttpKeepAlive = 5000ms;
inline constexpr auto kHttpResponseDeadline = 10'000ms;  // for a reader to take a response
inline constexpr int kConcurrentScrapes = 40;
inline constexpr int kConcurrentAnswers = 8;  // to what a collector is asked for, and may take long
inline constexpr std::size_t kKeptPageBytes = std::size_t{4} << 20;  // of larger pages the text is not kept
inline constexpr auto kScrapeTimeout = 10'000ms;                     // when Prometheus sends no timeout header
inline constexpr auto kScrapeTimeoutOffset = 500ms;
inline constexpr auto kMaxScrapeTimeout = 120'000ms;  // whatever the header says
inline constexpr auto kLeaderOverdue = 1000ms;        // after which another scrape goes round a stuck one

// Running.
inline constexpr auto kInterval = 15'000ms;
inline constexpr auto kMinInterval = 1000ms;
inline constexpr auto kCollectorTimeout = 10'000ms;
inline constexpr auto kShutdown = 1500ms;
inline constexpr std::size_t kHangingMounts = 256;  // threads that may be left to mounts that never answer
inline constexpr int kReservedDescriptors = kHttpWorkers + kHttpQueue + 16;  // all that clients can take, and some
inline constexpr std::size_t kLogQueue = 512;
inline constexpr std::size_t kLogFieldBytes = 2048;
inline constexpr auto kLogFarewell = 500ms;  // what the last lines get when stderr stalls

}  // namespace upkeep::limits
