// Linux software RAID. https://raid.wiki.kernel.org/index.php/Mdstat
//   Personalities : [raid1] [raid6] [raid5] [raid4]
//   md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]
//         195310144 blocks [2/1] [U_]
//         [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "collectors/all.h"
#include "collectors/host/sysfs.h"
#include "exporter/filesystem.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

constexpr MetricDesc kRequired = gauge("node_md_disks_required", "Disks that an array wants.", {"device"});
constexpr MetricDesc kDisks = gauge("node_md_disks", "Disks of an array by state.", {"device", "state"});
constexpr MetricDesc kState = gauge("node_md_state", "Whether an array is in a state.", {"device", "state"});
constexpr MetricDesc kBlocks = gauge("node_md_blocks", "Blocks of an array.", {"device"});
constexpr MetricDesc kSynced = gauge("node_md_blocks_synced", "Blocks of an array that are in sync.", {"device"});
constexpr MetricDesc kRaidDisks = gauge("node_md_raid_disks", "Disks of a whole array.", {"device"});
constexpr MetricDesc kDegraded = gauge("node_md_degraded", "Disks that an array lacks.", {"device"});
constexpr const MetricDesc* kMetrics[] = {&kRequired, &kDisks, &kState, &kBlocks, &kSynced, &kRaidDisks, &kDegraded};

constexpr std::array<std::string_view, 5> kStates = {"active", "inactive", "recovering", "resync", "check"};

struct Array {
  std::string_view name;
  std::string_view state;  // one of kStates, or another that has no sample
  std::uint64_t listed = 0, failed = 0, spare = 0;
  std::optional<std::uint64_t> active, required, blocks, synced;
};

std::uint64_t count(std::string_view text, std::string_view what) {
  std::uint64_t times = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++times;
  return times;
}

// The two numbers of "(16775552/195310144)" or "[2/1]", found by their brackets.
std::optional<std::pair<std::uint64_t, std::uint64_t>> ratio(std::string_view text, char open, char close) {
  for (std::size_t at = text.find(open); at != std::string_view::npos; at = text.find(open, at + 1)) {
    const std::string_view inside = text.substr(at + 1, text.find(close, at) - at - 1);
    const std::size_t slash = inside.find('/');
    if (slash == std::string_view::npos) continue;
    const auto first = to_u64(inside.substr(0, slash)), second = to_u64(inside.substr(slash + 1));
    if (first && second) return std::pair(*first, *second);
  }
  return std::nullopt;
}

// "md6 : active (auto-read-only) raid1 sdb2[2](F) sdc[1](S) sda2[0]"
Result<Array> parse_head(std::string_view line) {
  Words words(line);
  Array array{.name = words.next()};
  const bool colon = words.next() == ":";
  array.state = words.next();
  if (!colon || array.state.empty()) return fail(ErrorCode::kParse, fmt::format("{}: state expected", array.name));
  array.listed = count(words.rest(), "[");
  array.failed = count(words.rest(), "(F)");
  array.spare = count(words.rest(), "(S)");
  return array;
}

// "523968 blocks super 1.2 [4/4] [UUUU]": wanted, then active disks. raid0 and linear have no such figures: they are
// whole or gone. Nor does what is inactive count for anything.
void parse_size(Array& array, std::string_view line, std::uint64_t blocks) {
  array.blocks = array.synced = blocks;
  const auto disks = ratio(line, '[', ']');
  if (array.state == "inactive") {
    array.required = array.active = 0;
  } else if (disks) {
    array.required = disks->first;
    array.active = disks->second;
  } else {
    array.required = array.active = array.listed;
  }
}

// "[=>...]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec" or "resync=DELAYED"
void parse_progress(Array& array, std::string_view line) {
  const auto says = [&](std::string_view word) { return line.find(word) != std::string_view::npos; };
  if (says("recovery")) {
    array.state = "recovering";
  } else if (says("check")) {
    array.state = "check";
  } else if (says("resync")) {
    array.state = "resync";
  } else if (!says("reshape")) {
    return;
  }
  array.synced.reset();
  if (says("DELAYED") || says("PENDING")) array.synced = 0;
  if (const auto blocks = ratio(line, '(', ')')) array.synced = blocks->first;
}

Result<std::vector<Array>> parse(std::string_view text) {
  std::vector<Array> arrays;
  for (std::string_view line : Lines(text)) {
    if (trim(line).empty() || line.starts_with("Personalities") || line.starts_with("unused")) continue;
    if (!is_blank(line.front())) {
      UPKEEP_TRY(arrays.emplace_back(), parse_head(line));
      continue;
    }
    if (arrays.empty()) return fail(ErrorCode::kParse, "name of an array expected");
    Words words(line);
    const auto blocks = to_u64(words.next());
    if (blocks && words.next() == "blocks") {
      parse_size(arrays.back(), line, *blocks);
    } else {
      parse_progress(arrays.back(), line);
    }
  }
  return arrays;
}

class Mdadm final : public Collector {
 public:
  explicit Mdadm(const Environment& environment)
      : fs_(environment.fs), file_(environment.fs.open("proc/mdstat", FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    const auto text = file_->read();
    if (!text && text.error().code == ErrorCode::kNotFound) return fail(ErrorCode::kNoData, "no software RAID");
    if (!text) return std::unexpected(text.error());
    const auto arrays = parse(*text);
    if (!arrays) return fail(ErrorCode::kParse, fmt::format("proc/mdstat: {}", arrays.error().message));
    if (arrays->empty()) return fail(ErrorCode::kNoData, "no software RAID");
    for (const Array& array : *arrays) add(out, array);
    return {};
  }

 private:
  void add(SampleSink& out, const Array& array) {
    const auto add_number = [&](const MetricDesc& desc, const std::optional<std::uint64_t>& value) {
      if (value) out.add(desc, static_cast<double>(*value), {array.name});
    };
    add_number(kRequired, array.required);
    if (array.active) out.add(kDisks, static_cast<double>(*array.active), {array.name, "active"});
    out.add(kDisks, static_cast<double>(array.failed), {array.name, "failed"});
    out.add(kDisks, static_cast<double>(array.spare), {array.name, "spare"});
    for (std::string_view state : kStates) out.add(kState, array.state == state ? 1 : 0, {array.name, state});
    add_number(kBlocks, array.blocks);
    add_number(kSynced, array.synced);
    const std::string directory = fmt::format("sys/block/{}/md", array.name);
    // While it is reshaped: "11 (10)".
    const std::string disks = sysfs::text(fs_, directory, "raid_disks").value_or("");
    add_number(kRaidDisks, to_u64(Words(disks).next()));
    add_number(kDegraded, to_u64(sysfs::text(fs_, directory, "degraded").value_or("")));
  }

  FileSystem& fs_;
  std::unique_ptr<File> file_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Mdadm>(environment);
}

}  // namespace

const CollectorType mdadm_collector = {
    .name = "mdadm",
    .section = "host",
    .help = "Arrays of Linux software RAID.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
