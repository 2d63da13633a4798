// Memory errors that the memory controllers have corrected, and those they could not.
// https://docs.kernel.org/admin-guide/RAS/main.html ("EDAC")
//   /sys/devices/system/edac/mc/mc0/{ce_count,ue_count,ce_noinfo_count,ue_noinfo_count}: 1, 0, 0, 0
//   /sys/devices/system/edac/mc/mc0/csrow0/{ce_count,ue_count,ch0_ce_count,ch0_dimm_label}: 1, 0, 1, CPU_SrcID#0_DIMM#0
#include <fmt/format.h>

#include <optional>

#include "collectors/all.h"
#include "collectors/host/sysfs.h"
#include "exporter/filesystem.h"

namespace upkeep {
namespace {

constexpr MetricDesc kCorrected =
    counter("node_edac_correctable_errors_total", "Memory errors that were corrected.", {"controller"});
constexpr MetricDesc kRowCorrected = counter("node_edac_csrow_correctable_errors_total",
                                             "Memory errors of a row that were corrected.", {"controller", "csrow"});
constexpr MetricDesc kUncorrected =
    counter("node_edac_uncorrectable_errors_total", "Memory errors that could not be corrected.", {"controller"});
constexpr MetricDesc kRowUncorrected =
    counter("node_edac_csrow_uncorrectable_errors_total", "Memory errors of a row that could not be corrected.",
            {"controller", "csrow"});
constexpr MetricDesc kChannelCorrected =
    counter("node_edac_channel_correctable_errors_total", "Memory errors of a row's channel that were corrected.",
            {"controller", "csrow", "channel", "dimm_label"});
constexpr MetricDesc kChannelUncorrected = counter("node_edac_channel_uncorrectable_errors_total",
                                                   "Memory errors of a row's channel that could not be corrected.",
                                                   {"controller", "csrow", "channel", "dimm_label"});
constexpr const MetricDesc* kMetrics[] = {&kCorrected,      &kRowCorrected,     &kUncorrected,
                                          &kRowUncorrected, &kChannelCorrected, &kChannelUncorrected};

constexpr std::string_view kAll = "sys/devices/system/edac/mc";
constexpr const char* kNothing = "no memory controllers that count errors";

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

// As node_exporter spells it: "mc#0csrow#1channel#0" is "mc0_csrow1_channel0".
std::string dimm_label(std::string label) {
  replace_all(label, "#", "");
  replace_all(label, "csrow", "_csrow");
  replace_all(label, "channel", "_channel");
  return label;
}

class Edac final : public Collector {
 public:
  explicit Edac(const Environment& environment) : fs_(environment.fs) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const auto entries, sysfs::list(fs_, kAll, kNothing));
    Result<> result;
    bool any = false;
    for (const DirectoryEntry& entry : entries) {
      const std::string_view controller = sysfs::number_after(entry.name, "mc");
      if (controller.empty()) continue;
      any = true;
      const auto added = add_controller(out, fmt::format("{}/{}", kAll, entry.name), controller);
      if (!added) result = added;
    }
    if (!any) return fail(ErrorCode::kNoData, kNothing);
    return result;
  }

 private:
  Result<> add_controller(SampleSink& out, const std::string& directory, std::string_view controller) {
    UPKEEP_CHECK(add_count(out, kCorrected, directory, "ce_count", {controller}));
    UPKEEP_CHECK(add_count(out, kRowCorrected, directory, "ce_noinfo_count", {controller, "unknown"}));
    UPKEEP_CHECK(add_count(out, kUncorrected, directory, "ue_count", {controller}));
    UPKEEP_CHECK(add_count(out, kRowUncorrected, directory, "ue_noinfo_count", {controller, "unknown"}));
    UPKEEP_TRY(const auto entries, fs_.list(directory));
    for (const DirectoryEntry& entry : entries) {
      const std::string_view row = sysfs::number_after(entry.name, "csrow");
      if (!row.empty()) UPKEEP_CHECK(add_row(out, fmt::format("{}/{}", directory, entry.name), controller, row));
    }
    return {};
  }

  Result<> add_row(SampleSink& out, const std::string& directory, std::string_view controller, std::string_view row) {
    UPKEEP_CHECK(add_count(out, kRowCorrected, directory, "ce_count", {controller, row}));
    UPKEEP_CHECK(add_count(out, kRowUncorrected, directory, "ue_count", {controller, row}));
    UPKEEP_TRY(const auto entries, fs_.list(directory));
    for (const DirectoryEntry& entry : entries) {
      std::string_view name = entry.name;
      if (!name.ends_with("_ce_count")) continue;
      name.remove_suffix(std::string_view("_ce_count").size());
      const std::string_view channel = sysfs::number_after(name, "ch");
      if (channel.empty()) continue;
      const std::string label =
          dimm_label(sysfs::text(fs_, directory, fmt::format("ch{}_dimm_label", channel)).value_or("unknown"));
      UPKEEP_CHECK(add_count(out, kChannelCorrected, directory, entry.name, {controller, row, channel, label}));
      UPKEEP_CHECK(add_count(out, kChannelUncorrected, directory, fmt::format("ch{}_ue_count", channel),
                             {controller, row, channel, label}));
    }
    return {};
  }

  Result<> add_count(SampleSink& out, const MetricDesc& desc, std::string_view directory, std::string_view file,
                     std::initializer_list<std::string_view> labels) {
    const auto count = sysfs::integer(fs_, directory, file);
    if (count) {
      out.add(desc, static_cast<double>(*count), labels);
    } else if (count.error().code != ErrorCode::kNotFound) {  // not every driver has every count
      return std::unexpected(count.error());
    }
    return {};
  }

  FileSystem& fs_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Edac>(environment);
}

}  // namespace

const CollectorType edac_collector = {
    .name = "edac",
    .section = "host",
    .help = "Memory errors that ECC corrected or found.",
    .cadence = Cadence::kInterval,
    .metrics = kMetrics,
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
