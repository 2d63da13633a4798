// Connections the firewall keeps track of. https://docs.kernel.org/networking/nf_conntrack-sysctl.html; of
// /proc/net/stat/nf_conntrack a line a CPU, hexadecimal, in the order of ct_cpu_seq_show().
//   entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error ...
//   00000024 00000000 00000000 00000000 00000005 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ...
#include <array>

#include "collectors/all.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

constexpr MetricDesc kEntries = gauge("node_nf_conntrack_entries", "Connections tracked now.");
constexpr MetricDesc kLimit = gauge("node_nf_conntrack_entries_limit", "Connections that can be tracked.");

struct Column {
  std::size_t number;  // from 0
  MetricDesc family;
};
// Counters all, but gauges in node_exporter.
constexpr Column kColumns[] = {
    {2, gauge("node_nf_conntrack_stat_found", "Look-ups that found a connection.")},
    {4, gauge("node_nf_conntrack_stat_invalid", "Packets that cannot be tracked.")},
    {5, gauge("node_nf_conntrack_stat_ignore", "Packets that had a connection already.")},
    {8, gauge("node_nf_conntrack_stat_insert", "Connections put into the table.")},
    {9, gauge("node_nf_conntrack_stat_insert_failed", "Connections that could not be put into the table.")},
    {10, gauge("node_nf_conntrack_stat_drop", "Packets dropped because tracking failed.")},
    {11, gauge("node_nf_conntrack_stat_early_drop", "Connections dropped to make room for new ones.")},
    {16, gauge("node_nf_conntrack_stat_search_restart", "Look-ups begun again while the table was resized.")},
};
constexpr std::size_t kMostColumns = 17;
constexpr std::size_t kLeastColumns = 16;  // before Linux 2.6.35
constexpr auto kMetrics = [] {
  std::array<const MetricDesc*, std::size(kColumns) + 2> all{&kEntries, &kLimit};
  for (std::size_t i = 0; i < std::size(kColumns); ++i) all[i + 2] = &kColumns[i].family;
  return all;
}();

// The sums over all CPUs.
struct Totals {
  std::array<std::uint64_t, kMostColumns> values{};
  std::size_t columns = kMostColumns;
};

Result<> add_row(std::string_view line, Totals& totals) {
  Words words(line);
  std::array<std::uint64_t, kMostColumns> row{};
  std::size_t columns = 0;
  for (; columns < row.size(); ++columns) {
    const std::string_view word = words.next();
    if (word.empty()) break;
    const auto number = to_u64(word, 16);
    if (!number) return fail(ErrorCode::kParse, "hexadecimal numbers expected");
    row[columns] = *number;
  }
  if (columns < kLeastColumns) return fail(ErrorCode::kParse, "16 columns expected");
  for (std::size_t i = 0; i < columns; ++i) totals.values[i] += row[i];
  totals.columns = std::min(totals.columns, columns);
  return {};
}

class Conntrack final : public Collector {
 public:
  explicit Conntrack(const Environment& environment)
      : entries_(environment.fs.open(kEntriesPath, FileKind::kAttribute)),
        limit_(environment.fs.open(kLimitPath, FileKind::kAttribute)),
        statistics_(environment.fs.open(kStatisticsPath, FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    if (Result<> added = add_number(kEntries, kEntriesPath, *entries_, out); !added) {
      if (added.error().code != ErrorCode::kNotFound) return added;
      return fail(ErrorCode::kNoData, "proc/sys/net/netfilter: connection tracking is not loaded");
    }
    UPKEEP_CHECK(add_number(kLimit, kLimitPath, *limit_, out));
    return add_statistics(out);
  }

 private:
  static constexpr std::string_view kEntriesPath = "proc/sys/net/netfilter/nf_conntrack_count";
  static constexpr std::string_view kLimitPath = "proc/sys/net/netfilter/nf_conntrack_max";
  static constexpr std::string_view kStatisticsPath = "proc/net/stat/nf_conntrack";

  static Result<> add_number(const MetricDesc& family, std::string_view path, File& file, SampleSink& out) {
    UPKEEP_TRY(const std::string_view text, file.read());
    const auto number = to_u64(trim(text));
    if (!number) return fail(ErrorCode::kParse, std::string(path) + ": a number expected");
    out.add(family, static_cast<double>(*number));
    return {};
  }

  // Kernels without CONFIG_NF_CONNTRACK_PROCFS have no such file. Half a sum would look like a counter falling: a line
  // that cannot be read leaves out all of them.
  Result<> add_statistics(SampleSink& out) {
    const auto text = statistics_->read();
    if (!text && text.error().code == ErrorCode::kNotFound) return {};
    if (!text) return std::unexpected(text.error());
    Totals totals;
    std::size_t lines = 0;
    UPKEEP_CHECK(each_line(kStatisticsPath, *text, [&](std::string_view line) -> Result<> {
      return lines++ == 0 ? Result<>() : add_row(line, totals);  // the first line names the columns
    }));
    if (lines < 2) return fail(ErrorCode::kParse, std::string(kStatisticsPath) + ": no CPU found");
    for (const Column& column : kColumns)
      if (column.number < totals.columns) out.add(column.family, static_cast<double>(totals.values[column.number]));
    return {};
  }

  std::unique_ptr<File> entries_, limit_, statistics_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Conntrack>(environment);
}

}  // namespace

const CollectorType conntrack_collector = {
    .name = "conntrack",
    .section = "host",
    .help = "Tracked connections, their limit, and what tracking dropped.",
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
